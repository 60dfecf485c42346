# title: sysbench
# unit:
# ops-per-unit: 1
# packages: sysbench
# report: sysbench
# test=cpu|memory|threads|mutex
# threads=1|2|4
# cpu: primes up to 10000 by division; memory: writes of 1 KiB blocks; threads: the scheduler under
# locks; mutex: 50000 locks of 4096, once, however long that takes. sysbench's own options otherwise.

test=cpu
threads=1

report() {
    run_program sysbench "$test" "--time=$(whole_seconds "$1")" "--threads=$threads" run
}
