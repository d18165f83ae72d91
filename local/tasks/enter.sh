#!/bin/sh
# Makes a builder task's own world and becomes its init. Started by task-process.ts inside new mount, process, IPC and
# host-name namespaces, as their process 1: when it is killed, all of them go, mounts and tmpfs included.
#
#   enter.sh ROOT TASK AGENT LAUNCHER MODE WORK CACHE OUTPUTS
#
#   ROOT    the builder root; shown read-only
#   TASK    the task's folder: root/ (mount point), inputs/ (shown read-only), work/, outputs/
#   AGENT   the agent as one file; shown read-only, as is
#   LAUNCHER  confine.pl
#   MODE    contained | privileged
#   WORK    `disk`, or the size of a tmpfs in bytes
#   CACHE   folder of packages, or `-`: then there is none
#   OUTPUTS `yes`: outputs/ is shown, from which the object store takes files over; or `-`
#
# The manifest's address is the second line of standard input: the agent reads it when there is a stage to run, so that
# the world and the agent can be ready before. It is in no environment. Exit code 125: the world could not be made.
set -eu
trap 'code=$?; [ "$code" -eq 0 ] || exit 125' EXIT
root=$1 task=$2 agent=$3 launcher=$4 mode=$5 work=$6 cache=$7 outputs=$8

# The engine says go once this process is bound to die with it. Where the engine has ended before, this reads the end.
read -r go
[ "$go" = go ]

# unshare has made all mounts private. `--bind -o ro` is two calls of the kernel in one process.
mount --bind -o ro "$root" "$task/root"
cd "$task/root"
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=1777 tmp var/tmp
mount -t tmpfs -o mode=700 home root
mount -t tmpfs -o mode=755 run run
mkdir -p run/lock run/lbuild
: >run/lbuild/agent.mjs
: >run/lbuild/confine.pl
# The device nodes are the builder root's own, those of a container: no disk of the machine is among them.
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777,size=64m shm dev/shm
# Boot tests try whether it works.
if [ -c /dev/kvm ] && [ -f dev/kvm ]; then mount --bind /dev/kvm dev/kvm; fi
mount -t proc -o nosuid,nodev,noexec proc proc

mount --bind -o ro "$task/inputs" inputs
mount --bind -o ro "$agent" run/lbuild/agent.mjs
mount --bind -o ro "$launcher" run/lbuild/confine.pl
if [ "$work" = disk ]; then
  mount --bind "$task/work" work
else
  mount -t tmpfs -o "mode=755,size=$work" work work
fi
packages=
if [ "$cache" != - ]; then
  mount --bind "$cache" packages
  packages=/packages
fi
handed=
if [ "$outputs" = yes ]; then
  mkdir run/lbuild/outputs
  mount --bind "$task/outputs" run/lbuild/outputs
  handed=/run/lbuild/outputs
fi
for file in resolv.conf hosts; do
  if [ -e "/etc/$file" ] && [ -f "etc/$file" ] && [ ! -L "etc/$file" ]; then mount --bind -o ro "/etc/$file" "etc/$file"; fi
done

# The machine's own tree leaves this namespace: what gets out of a chroot gets to the builder root.
pivot_root . .
umount -l .
cd /

# From here on the task's folder may be renamed: no path of it is used any more.
echo ready
trap - EXIT
if [ "$mode" = contained ]; then
  set -- /usr/bin/perl /run/lbuild/confine.pl --mode contained -- /usr/bin/tini --
else
  set -- /usr/bin/tini --
fi
exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root \
  LBUILD_MANIFEST_URL=- LBUILD_MODE="$mode" LBUILD_PACKAGE_CACHE="$packages" LBUILD_OUTPUT_FOLDER="$handed" \
  "$@" /opt/lbuild/node /run/lbuild/agent.mjs
