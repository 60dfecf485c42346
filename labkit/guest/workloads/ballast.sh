# title: a ballast of memory, held
# unit: MiB
# ops-per-unit: 1
# Holds `mib` MiB of anonymous memory, every page touched, from before the beginning until after
# the end: dd fills a buffer of that size, then waits to write it into a pipe that nobody reads.

mib=64
pipe=$LAB_SCRATCH/ballast

# This shell alone holds the pipe's other end: should it be killed, so is dd, by SIGPIPE.
prepare() {
    case $mib in '' | *[!0-9]* | ??????* | 0*) trouble="mib is no number of MiB"; return 1 ;; esac
    "$BUSYBOX" rm -f "$pipe"
    "$BUSYBOX" mkfifo "$pipe" && exec 9<>"$pipe" || return 1
    "$BUSYBOX" dd if=/dev/zero of="$pipe" bs="${mib}M" count=1 iflag=fullblock status=none \
        2>/dev/null 9<&- &
    holder=$!
    while read_status; do
        [ "$state" = S ] && [ "$resident" -ge $(((mib - 1) * 1024)) ] && return
        "$BUSYBOX" sleep 0.05 9<&-
    done
    trouble="$mib MiB cannot be had"
    return 1
}

# Sets $state (S: it waits, so all is filled) and $resident (KiB), which the kernel counts in
# batches: a few pages may be missing. False when the holder has ended: it has no memory then.
read_status() {
    local key value
    state='' resident=''
    while read -r key value _; do
        case $key in
            State:) state=$value ;;
            VmRSS:) resident=$value; break ;;
        esac
    done 2>/dev/null <"/proc/$holder/status"
    [ -n "$resident" ]
}

hold() {
    "$BUSYBOX" sleep "$1" 9<&-
    read_status || { trouble="the memory was lost before the end"; return 1; }
}

# The host reads its meters when it has heard of the end: only then the memory may go.
conclude() {
    [ "$state" = S ] && "$BUSYBOX" sleep 0.5 9<&-
    [ -n "$holder" ] && { kill "$holder"; wait "$holder"; } 2>/dev/null
    "$BUSYBOX" rm -f "$pipe"
}
