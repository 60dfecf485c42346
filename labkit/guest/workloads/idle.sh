# title: nothing
# unit:
# ops-per-unit: 1
# Waits; what the boundary costs while the program does nothing.

hold() {
    "$BUSYBOX" sleep "$1"
}
