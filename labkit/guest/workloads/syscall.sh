# title: one-byte reads and writes
# unit: read+write
# ops-per-unit: 1
# Each operation enters the kernel twice: read(2) from /dev/zero and write(2) to /dev/null.

step() {
    "$BUSYBOX" dd if=/dev/zero of=/dev/null bs=1 count="$1" status=none
}
