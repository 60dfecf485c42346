# title: memory writes
# unit: MiB
# ops-per-unit: 1
# One operation fills 1 MiB. The buffer of 8 MiB is larger than most second-level caches; each
# step is a new process, which touches its pages for the first time.

step() {
    "$BUSYBOX" dd if=/dev/zero of=/dev/null bs=8M count="$(($1 * 1048576))" \
        iflag=count_bytes,fullblock status=none
}
