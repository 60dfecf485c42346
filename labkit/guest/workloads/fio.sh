# title: fio
# unit:
# ops-per-unit: 1
# packages: fio
# report: fio
# memory: 512
# rw=read|write|randread|randwrite
# bs=4k|16k|64k|1m
# direct=0|1
# cache=cold|warm
# size=8m|16m|32m
# Reads or writes of one file, one at a time (psync), in the scratch folder: a folder of the host, a
# volume, a virtual disk with ext2. direct=1 goes past the page cache of the kernel where fio runs;
# below a virtual disk there is the host's own cache, which only its backend can go past.
# cache=cold: that kernel drops the file's pages before (posix_fadvise(2)), and fills its cache while
# it reads; warm: the file is read once before. Buffered writes count as done when they are in it.

rw=randread
bs=4k
direct=1
cache=cold
size=32m

prepare() {
    mount_scratch || return 1
    case $("$BUSYBOX" stat -f -c %T "$LAB_SCRATCH") in
        tmpfs | ramfs)
            trouble="the scratch folder is in memory (tmpfs): there is no cache to go past, or to drop"
            return 1 ;;
    esac
    use_fio --create_only=1 >/dev/null
}

# Its file is named from its folder: of a longer path fio cuts off what follows a semicolon.
use_fio() {
    local libraries=ceph # of a library that Debian's fio is linked with
    (cd "$LAB_SCRATCH" && run_program fio --name=lab --filename=data "--size=$size" "--rw=$rw" \
        "--bs=$bs" "--direct=$direct" --ioengine=psync --thread --output-format=json "$@")
}

report() {
    invalidate=1
    [ "$cache" = warm ] && invalidate=0
    use_fio --time_based "--runtime=${milliseconds}ms" "--invalidate=$invalidate" \
        "--pre_read=$((1 - invalidate))"
}

conclude() {
    "$BUSYBOX" rm -f "$LAB_SCRATCH/data"
}
