# The kernel, and what it tells this program about itself. Prints "key value" lines. $outside and
# $began: pid and start time (proc(5), stat, field 22) of a process on the host.
tell() { echo "$1 $2"; }
tell kernel_release "$(uname -r)"
tell kernel_version "$(uname -v)"
tell boot_id "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
tell hostname "$(hostname)"
tell pid $$
set -- /proc/[0-9]*
tell processes $#
met=no
stat=$(cat "/proc/$outside/stat" 2>/dev/null) && {
    set -- ${stat##*)}
    [ "${20}" = "$began" ] && met=yes
}
tell host_process_seen $met
tell uid "$(id -u)"
read -r inner outer count </proc/self/uid_map && tell uid_map "$inner $outer $count"
effective= privileges= filter= # gVisor leaves some out
while read -r key value; do
    case $key in
        CapEff:) effective=$value ;;
        NoNewPrivs:) privileges=$value ;;
        Seccomp:) filter=$value ;;
    esac
done </proc/self/status
tell capabilities "$effective"
tell no_new_privs "$privileges"
tell seccomp "$filter"
tell last_capability "$(cat /proc/sys/kernel/cap_last_cap 2>/dev/null)"
for name in cgroup ipc mnt net pid time user uts; do
    tell ns_$name "$(readlink /proc/self/ns/$name)"
done
place=
while IFS=: read -r _ controllers path; do
    case ",$controllers," in *,memory,*) place=$path ;; ,,) : "${place:=$path}" ;; esac
done </proc/self/cgroup
case $place in '' | /) ;; *) place=below ;; esac # the path itself may name other things
tell cgroup_place "$place"
