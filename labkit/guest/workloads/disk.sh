# title: writes that reach the disk
# unit: write
# ops-per-unit: 1
# One operation is a new process that writes 4 KiB and waits for fsync(2). The scratch folder is
# a folder of the host (host), a volume (docker), or a virtual disk that is formatted here (guests).

prepare() {
    [ -z "$LAB_SCRATCH_DEVICE" ] && return
    "$BUSYBOX" grep -q "^$LAB_SCRATCH_DEVICE " /proc/mounts && return
    "$BUSYBOX" mke2fs "$LAB_SCRATCH_DEVICE" >/dev/null &&
        "$BUSYBOX" mount -t ext2 "$LAB_SCRATCH_DEVICE" "$LAB_SCRATCH"
}

step() {
    left=$1
    while [ "$left" -gt 0 ]; do
        "$BUSYBOX" dd if=/dev/zero of="$LAB_SCRATCH/data" bs=4k count=1 conv=fsync,notrunc \
            status=none || return 1
        left=$((left - 1))
    done
}

conclude() {
    "$BUSYBOX" rm -f "$LAB_SCRATCH/data"
}
