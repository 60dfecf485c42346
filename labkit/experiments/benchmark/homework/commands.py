"""The command lines of the workloads' programs, as a reader of a report would type them: with the
options that nobody chose, too. What a path or a port is in a trial is of no interest."""

from __future__ import annotations

from labkit.guest.workload import Task
from labkit.measure.clients import MOST_REQUESTS

# Workload → with its settings. A test holds them against the workloads.
COMMANDS = {
    "sysbench": "sysbench {test} --time={whole} --threads={threads} run",
    "fio": "fio --name=lab --filename=FILE --size={size} --rw={rw} --bs={bs} --direct={direct} "
    "--ioengine=psync --thread --output-format=json --time_based --runtime={ms}ms "
    "--invalidate={invalidate} --pre_read={pre_read}",
    "nginx": "ab -q -r -t {seconds} -n {most} -c {connections} -e FILE{keep} URL",
    "iperf3": "iperf3 -J -c ADDRESS -p PORT -t {seconds}{back}; iperf3 -s -1 -B ADDRESS -p PORT",
    "redis": "redis-benchmark -s SOCKET -t set,get -n AS_MANY_AS_THE_TIME_HOLDS -c {clients} --csv",
    "compile": "tcc -c FILE -o FILE",
    "python": "python3 -c pass; python3 -X importtime -c 'import asyncio'",
}


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
