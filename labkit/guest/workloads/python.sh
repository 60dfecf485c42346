# title: Python's start and import
# unit:
# ops-per-unit: 1
# packages: python3
# report: lines
# start: from nothing to the end of an empty program, the mean of as many as half of the time holds.
# import: how long `import asyncio` takes by Python's own clock (-X importtime), the median of the
# other half. Byte code lies in the image or is made by each start alike: none is written.

prepare() {
    export PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1 PYTHONHOME=$LAB_ROOT/usr
    run_program python3 -c pass
}

report() {
    local half=$((duration / 2)) starts=0 begin
    read_clock
    begin=$ticks
    while [ $((ticks - begin)) -lt "$half" ]; do
        run_program python3 -c pass || return 1
        starts=$((starts + 1))
        read_clock
    done
    echo "start us $(((ticks - begin) * 10000 / starts))"
    begin=$ticks
    while [ $((ticks - begin)) -lt "$half" ]; do
        run_program python3 -X importtime -c 'import asyncio' 2>&1 || return 1
        read_clock
    done | "$BUSYBOX" awk -F '|' '$3 ~ /^ asyncio$/ { print int($2) }' | "$BUSYBOX" sort -n |
        "$BUSYBOX" awk '{ all[NR] = $1 } END { print "import us " all[int((NR + 1) / 2)] }'
}
