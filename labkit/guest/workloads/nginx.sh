# title: nginx under load
# unit:
# ops-per-unit: 1
# packages: nginx, apache2-utils
# report: ab
# client: ab
# network: yes
# connections=1|4|16
# keepalive=0|1
# Serves one small static page by one process at LAB_HTTP ([address:]port). Who asks is ab of the
# same image, on the host: `connections` at once, each of one request, or kept for more (keepalive).

connections=4
keepalive=0

prepare() {
    [ -n "$LAB_HTTP" ] || return 1 # this instance has no port; all addresses are no default
    find_program nginx || return 1
    root=$LAB_SCRATCH/nginx
    "$BUSYBOX" mkdir -p "$root/www" && "$BUSYBOX" mkfifo "$root/end" || return 1
    echo "<!doctype html><title>lab</title><p>This page comes from nginx." >"$root/www/index.html"
    # A request for /end.sh is written into a pipe, which the agent reads: then it is over.
    cat_configuration >"$root/nginx.conf"
}

cat_configuration() {
    # One process, as who it is: a container's root may not give files away. No path is in it: a
    # folder may be called as it likes.
    echo "daemon off; master_process off; user root; pid pid; error_log stderr;"
    echo "events { worker_connections 256; }"
    echo "http { access_log off;"
    for kind in client_body proxy fastcgi uwsgi scgi; do
        echo "${kind}_temp_path $kind;"
    done
    echo "server { listen $LAB_HTTP backlog=511; root www;"
    echo "location = /end.sh { access_log end; return 200 bye; } } }"
}

hold() {
    exec 9<>"$root/end"
    (cd "$root" && exec_program nginx -e stderr -p . -c nginx.conf) >"$root/log" 2>&1 9<&- &
    server=$!
    local left=${1%.*}
    while [ "$left" -gt 0 ] && is_alive "$server"; do
        read -t 1 -r _ <&9 && return
        left=$((left - 1))
    done
    trouble="nginx: $(last_words "$root/log")"
    return 1
}

conclude() {
    # In a guest and a container alike: whoever asked has its answer by now.
    [ -n "$server" ] && { "$BUSYBOX" sleep 0.05; kill "$server"; wait "$server"; } 2>/dev/null
    "$BUSYBOX" rm -rf "$LAB_SCRATCH/nginx"
}
