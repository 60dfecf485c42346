# title: new processes
# unit: process
# ops-per-unit: 1
# One operation is fork(2), execve(2) of a static program and waitpid(2).

step() {
    left=$1
    while [ "$left" -gt 0 ]; do
        "$BUSYBOX" true || return 1
        left=$((left - 1))
    done
}
