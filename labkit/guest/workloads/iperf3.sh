# title: iperf3
# unit:
# ops-per-unit: 1
# packages: iperf3
# report: iperf3
# client: iperf3
# network: yes
# reverse=0|1
# One TCP stream through the instance's port, by iperf3 of the same image on both sides: from the
# host into the instance, or out of it (reverse).

reverse=0

prepare() {
    [ -n "$LAB_HTTP" ] || return 1 # this instance has no port
    find_program iperf3
}

# One test, then it ends by itself.
hold() {
    local address=0.0.0.0
    case $LAB_HTTP in *:*) address=${LAB_HTTP%:*} ;; esac
    within=$1
    (exec_program iperf3 -s -1 -B "$address" -p "${LAB_HTTP##*:}") \
        >"$LAB_SCRATCH/iperf3.log" 2>&1 &
    server=$!
    wait "$server" && return
    trouble="iperf3: $(last_words "$LAB_SCRATCH/iperf3.log")"
    return 1
}

conclude() {
    [ -n "$server" ] && kill "$server" 2>/dev/null
    "$BUSYBOX" rm -f "$LAB_SCRATCH/iperf3.log"
}
