# title: an HTTP server
# unit:
# ops-per-unit: 1
# network: yes
# Serves one small page at LAB_HTTP ([address:]port), a new process for each connection, until
# /end.sh is asked for, or its time is over. Who asks is the host: see labkit/web.

prepare() {
    [ -n "$LAB_HTTP" ] || return 1 # this instance has no port; all addresses are no default
    root=$LAB_SCRATCH/www
    "$BUSYBOX" mkdir -p "$root"
    echo "*.sh:${BUSYBOX%/*}/sh" >"$LAB_SCRATCH/httpd.conf"
    echo "<!doctype html><title>lab</title><p>This page comes from a small server." \
        >"$root/index.html"
}

# The exit status is that of a server that was told to end (128 + SIGTERM), by either side. The
# shell's own word about that would be a line on a guest's console.
hold() {
    "$BUSYBOX" timeout "$1" "$BUSYBOX" httpd -f -p "$LAB_HTTP" -h "$root" \
        -c "$LAB_SCRATCH/httpd.conf" &
    printf 'printf "Content-Type: text/plain\\n\\n"; kill %s\n' $! >"$root/end.sh"
    wait $! 2>/dev/null
    [ $? = 143 ]
}

conclude() {
    "$BUSYBOX" rm -rf "$LAB_SCRATCH/www" "$LAB_SCRATCH/httpd.conf"
}
