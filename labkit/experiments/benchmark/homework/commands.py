"""What the workloads' programs do, and their command lines as a reader of a report would type them:
with the options that nobody chose, too. What a path or a port is in a trial is of no interest."""

from __future__ import annotations

from labkit.guest.workload import Task
from labkit.measure.clients import MOST_REQUESTS

# Workload → with its settings. A test holds them against the workloads.
COMMANDS = {
    "sysbench": "sysbench {test} --time={whole} --threads={threads} run",
    "fio": "fio --name=lab --filename=FILE --size={size} --rw={rw} --bs={bs} --direct={direct} "
    "--ioengine=psync --thread --output-format=json --time_based --runtime={ms}ms "
    "--invalidate={invalidate} --pre_read={pre_read}",
    "nginx": "ab -q -r -t {seconds} -n {most} -c {connections} -e FILE{keep} URL; "
    "nginx -e stderr -p . -c nginx.conf",
    "iperf3": "iperf3 -J -c ADDRESS -p PORT -t {seconds}{back}; iperf3 -s -1 -B ADDRESS -p PORT",
    "redis": "redis-benchmark -s SOCKET -t set,get -n AS_MANY_AS_THE_TIME_HOLDS -c {clients} --csv",
    "compile": "tcc -c FILE -o FILE",
    "python": "python3 -c pass; python3 -X importtime -c 'import asyncio'",
}
# What sysbench does by its setting `test`.
TESTS = {
    "cpu": "primes up to 10000, by division",
    "memory": "writes of 1 KiB blocks to memory",
    "threads": "threads that wait for each other's locks",
    "mutex": "50000 locks of 4096, once",
}


def described(task: Task) -> str:
    """In a few words, with what its settings make of it; else the workload's title."""
    chosen = task.chosen
    match task.workload.name:
        case "sysbench":
            return TESTS[chosen["test"]]
        case "fio":
            order = "random" if chosen["rw"].startswith("rand") else "sequential"
            kind = "writes" if chosen["rw"].endswith("write") else "reads"
            return f"{order} {kind} of one file, one at a time"
        case "nginx":
            return "one small page, asked for by ab on the host"
        case "iperf3":
            way = "out of" if chosen["reverse"] == "1" else "into"
            return f"one TCP stream {way} the instance"
    return task.workload.title


def command(task: Task, seconds: float) -> str:
    """Of a task that lasts so long; "–" for a workload of one's own, whose file says it."""
    template = COMMANDS.get(task.workload.name, "–")
    chosen = task.chosen
    warm = chosen.get("cache") == "warm"
    return template.format(
        **chosen,
        whole=max(1, int(seconds)),
        seconds=max(1, round(seconds)),
        ms=round(seconds * 1000),
        most=MOST_REQUESTS,
        invalidate=int(not warm),
        pre_read=int(warm),
        keep=" -k" if chosen.get("keepalive") == "1" else "",
        back=" -R" if chosen.get("reverse") == "1" else "",
    )
