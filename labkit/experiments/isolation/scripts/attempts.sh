# What this program may do: each attempt with its exit status and the last line of its complaint.
# None changes anything for longer than itself; those that $skip names are not made.
attempt() {
    name=$1
    shift
    case " $skip " in *" $name "*) echo "try_$name skipped"; return ;; esac
    text=$("$@" 2>&1 >/dev/null)
    status=$?
    echo "try_$name $status ${text##*
}"
}
mount_and_unmount() { mount -t tmpfs none folder && umount folder; }
same_tick() { adjtimex -q -t "$(adjtimex | sed -n 's/^-t *tick: *\([0-9]*\).*/\1/p')"; }
# A whole read at once: a second read of such a file finds its end.
same_setting() { value=$(cat "$1") && echo "$value" >"$1"; }
make_and_remove() { touch "$1" && rm "$1"; }
mkdir -p folder
echo 'this is no module' >module
attempt mount mount_and_unmount
attempt hostname hostname "$(hostname)"
attempt write_root make_and_remove /labkit-probe
attempt chroot chroot / "$BUSYBOX" true
attempt user_namespace unshare -U "$BUSYBOX" true
attempt namespace unshare -u "$BUSYBOX" true
attempt signal_host kill -0 "$outside"
attempt device mknod device b 7 0
attempt kernel_setting same_setting /proc/sys/vm/swappiness
attempt kernel_log dmesg
attempt clock same_tick
attempt module insmod module
rm -rf folder module device
