#!/bin/sh
exec qemu-system-x86_64 \
    -machine q35 -accel "$1" -smp 1 -m 256M \
    -nodefaults -display none -no-reboot \
    -kernel vmlinuz -initrd machine.cpio \
    -append "quiet panic=-1" \
    -netdev "user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:$2-:8080" \
    -device virtio-net-pci,netdev=network,romfile=
