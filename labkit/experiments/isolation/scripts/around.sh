# What is around this program: files, devices, network, processors, memory, clock.
tell() { echo "$1 $2"; }
count=0
while read -r source target type options _; do
    count=$((count + 1))
    [ "$target" = / ] && root="$type" from="$source" how="${options%%,*}"
done </proc/mounts
tell mounts $count
tell root_type "$root"
tell root_source "$from"
tell root_mode "$how"
tell root_id "$(stat -c %d:%i /)"
tell dev_id "$(stat -c %d:%i /dev)"
set -- /*
tell root_entries $#
tell devices "$(find /dev ! -type d ! -type l | wc -l)"
tell block_devices "$(find /dev -type b | wc -l)"
disks= list=/proc/partitions
[ -e "$list" ] || list=/dev/null # gVisor names none
while read -r _ _ _ name; do
    case $name in '' | name) ;; *) disks="$disks $name" ;; esac
done <"$list"
tell disks "${disks# }"
names=
while read -r name _; do
    case $name in *:*) names="$names ${name%%:*}" ;; esac
done </proc/net/dev
tell interfaces "${names# }"
count=0 model=
while IFS=: read -r key value; do
    case $key in
        processor*) count=$((count + 1)) ;;
        'model name'*) model=${value# } ;;
    esac
done </proc/cpuinfo
tell cpus_listed $count
tell cpus_usable "$(nproc)"
tell cpu_model "$model"
while read -r key value _; do
    [ "$key" = MemTotal: ] && tell memory_kib "$value" && break
done </proc/meminfo
read -r uptime _ </proc/uptime
tell uptime_s "$uptime"
tell booted_at_s "$(grep btime /proc/stat | cut -d ' ' -f 2)"
tell clock_s "$(date +%s)"
