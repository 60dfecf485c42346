# title: a ballast of memory, held
# unit: MiB
# ops-per-unit: 1
# Holds `mib` MiB of anonymous memory, every page touched, for the whole duration: dd fills a
# buffer of that size, then waits to write it into a pipe that nobody reads.

mib=64

# The broken pipe at the end (128 + SIGPIPE) is how a dd ends that held its buffer until then.
hold() {
    set -o pipefail
    "$BUSYBOX" dd if=/dev/zero bs="${mib}M" count=1 status=none | "$BUSYBOX" sleep "$1"
    [ $? = 141 ]
}
