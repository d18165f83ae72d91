#!/bin/sh
# Runs a command in a root folder of its own: enter-root.sh ROOT WORK COMMAND [ARGUMENT…]
#
# Started inside new mount and process namespaces, as their process 1: whatever the command mounts or leaves running is
# gone when it ends. The root is shown under a throwaway layer that lies where WORK lies, WORK as /bench; the network is
# the machine's.
set -eu
root=$1 work=$2
shift 2
rm -rf "$work/.enter"
mkdir -p "$work/.enter/upper" "$work/.enter/own" "$work/.enter/root"
mount -t overlay -o "lowerdir=$root,upperdir=$work/.enter/upper,workdir=$work/.enter/own" overlay "$work/.enter/root"
cd "$work/.enter/root"
mkdir -p bench .machine
mount --bind "$work" bench
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
mount -t tmpfs -o mode=755 run run
mkdir -p run/lock
: >etc/resolv.conf
# Containers of systemd ask for the id of the machine that they are on.
echo 6c62756c000040008000000000000001 >etc/machine-id
pivot_root . .machine
cd /bench
umount -l /.machine
exec "$@"
