# title: Redis
# unit:
# ops-per-unit: 1
# packages: redis-server, redis-tools
# report: redis
# clients=1|10|50
# A server that keeps nothing on disk, asked to SET and then to GET by redis-benchmark in the same
# instance, over a Unix socket: no network is in the figures. So many requests as the time allows.

clients=10

prepare() {
    # By a relative path: a socket's must be short, unix(7), and a folder's may be long.
    socket=redis.sock
    find_program redis-server && find_program redis-benchmark || return 1
    (cd "$LAB_SCRATCH" && exec_program redis-server --save '' --appendonly no --port 0 \
        --unixsocket "$socket" --daemonize no >"$LAB_SCRATCH/redis.log" 2>&1) &
    server=$!
    local tries=0
    until [ -S "$LAB_SCRATCH/$socket" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] && is_alive "$server" ||
            { trouble="redis-server: $(last_words "$LAB_SCRATCH/redis.log")"; return 1; }
        "$BUSYBOX" sleep 0.1
    done
    # A first try, to learn how many requests the time holds; half of it for each command.
    rate=$(ask set 500 | "$BUSYBOX" awk -F '","' '/^"SET/ { print int($2) }')
    requests=$((${rate:-0} * milliseconds / 2000))
    [ "$requests" -ge 500 ] || requests=500
}

ask() {
    (cd "$LAB_SCRATCH" && run_program redis-benchmark -s "$socket" -t "$1" -n "$2" -c "$clients" --csv)
}

report() { ask set,get "$requests"; }

conclude() {
    [ -n "$server" ] && {
        (cd "$LAB_SCRATCH" && run_program redis-cli -s "$socket" shutdown nosave)
        wait "$server"
    } >/dev/null 2>&1
    "$BUSYBOX" rm -f "$LAB_SCRATCH/$socket" "$LAB_SCRATCH/redis.log"
}
