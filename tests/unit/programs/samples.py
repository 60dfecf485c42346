"""What the programs really printed (Debian 12), cut to what matters."""

SYSBENCH = """sysbench 1.0.20 (using system LuaJIT 2.1.0-beta3)

CPU speed:
    events per second:  3907.57

General statistics:
    total time:                          1.0003s
    total number of events:              3911

Latency (ms):
         min:                                    0.22
         avg:                                    0.26
         max:                                    4.36
         95th percentile:                        0.26
         sum:                                  998.55
"""
SYSBENCH_MEMORY = """sysbench 1.0.20 (using system LuaJIT 2.1.0-beta3)

Total operations: 6187230 (6182842.97 per second)

6042.22 MiB transferred (6037.93 MiB/sec)

General statistics:
    total time:                          1.0001s
    total number of events:              6187230

Latency (ms):
         avg:                                    0.00
         95th percentile:                        0.00
"""
SYSBENCH_MUTEX = """sysbench 1.0.20 (using system LuaJIT 2.1.0-beta3)

General statistics:
    total time:                          0.1931s
    total number of events:              1

Latency (ms):
         avg:                                  192.86
         95th percentile:                      193.38
"""
FIO = """{
  "fio version" : "fio-3.33",
  "jobs" : [
    {
      "jobname" : "lab",
      "error" : 0,
      "read" : {
        "bw_bytes" : 59394045,
        "iops" : 14500.499500,
        "clat_ns" : {
          "mean" : 68443.360455,
          "percentile" : {
            "50.000000" : 40704, "95.000000" : 89600, "99.000000" : 864256
          }
        }
      },
      "write" : { "bw_bytes" : 0, "iops" : 0.000000, "clat_ns" : { "mean" : 0.000000 } }
    }
  ]
}"""
REDIS = """"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms",\
"p99_latency_ms","max_latency_ms"
"SET","48780.49","0.150","0.024","0.087","0.191","3.055","7.111"
"GET","74349.45","0.091","0.032","0.079","0.127","0.215","9.055"
"""
AB = """This is ApacheBench, Version 2.3 <$Revision: 1934973 $>
Server Software:        nginx/1.22.1
Complete requests:      8970
Failed requests:        3
Non-2xx responses:      2
Requests per second:    8968.80 [#/sec] (mean)

Percentage served,Time in ms
0,0.043
50,0.386
95,1.204
99,2.004
100,7.120
"""
IPERF3 = """{
  "start": { "version": "iperf 3.12", "test_start": { "reverse": 0 } },
  "end": {
    "streams": [{ "sender": { "mean_rtt": 93 } }],
    "sum_sent": { "seconds": 1.0001, "retransmits": 2 },
    "sum_received": { "seconds": 2.5, "bytes": 2080505856 }
  }
}"""
LINES = "start us 24390\nimport us 205028\n"

SYSTEMD = """systemd 252 (252.39-1~deb12u2)
system is running
Startup finished in 5.761s (kernel) + 17.037s (userspace) = 22.799s\x20
graphical.target reached after 16.825s in userspace.

graphical.target @16.825s
"""
SYSTEMD_CONTAINER = """systemd 252 (252.39-1~deb12u2)
system is running
Startup finished in 547ms (userspace)\x20
graphical.target reached after 506ms in userspace.
"""
SYSTEMD_TOO_EARLY = """Bootup is not yet finished \
(org.freedesktop.systemd1.Manager.FinishTimestampMonotonic=0).
Please try again later.
"""
CONSOLE = "Linux version 6.1.0-32-amd64\nWelcome to Debian GNU/Linux 12 (bookworm)\n"
SAMPLES = {
    "ab": AB,
    "console": CONSOLE,
    "fio": FIO,
    "iperf3": IPERF3,
    "lines": LINES,
    "redis": REDIS,
    "sysbench": SYSBENCH,
    "systemd-analyze": SYSTEMD,
}
