#!/bin/sh
# vmdb2, a disk image with ext4 and without a boot loader.
#
#   vmdb2.sh cold      everything; the tree is kept as its --rootfs-tarball on the way, not compressed
#   vmdb2.sh changed   a changed file, from that tarball
#
# Runs in /bench of the peers' root. MIRROR: the archive (vmdb2 takes one); PACKAGES, FILE, TEXT: as floor.sh has them.
# The image is written through a loop device, so that partitions need no device mapper.
set -eu

mkdir -p vmdb2
cd vmdb2
case "$1" in
cold) rm -f rootfs.tar ;;
changed) [ -e rootfs.tar ] ;;
*) exit 64 ;;
esac
printf %s "$TEXT" >changed-file
cat >spec.yaml <<END
steps:
  - mklabel: gpt
    device: "{{ output }}"
  - mkpart: primary
    device: "{{ output }}"
    start: 1M
    end: 100%
    tag: root
  - mkfs: ext4
    partition: root
  - mount: root
    zerofree: false
  - unpack-rootfs: root
  - debootstrap: bookworm
    mirror: $MIRROR
    keyring: /usr/share/keyrings/debian-archive-keyring.gpg
    target: root
    variant: minbase
    require_empty_target: false
    unless: rootfs_unpacked
  - virtual-filesystems: root
  - apt: install
    packages: [$PACKAGES]
    recommends: false
    tag: root
    unless: rootfs_unpacked
  - cache-rootfs: root
    unless: rootfs_unpacked
  - create-dir: $(dirname "$FILE")
  - copy-file: $FILE
    src: changed-file
  - fstab: root
END
rm -f image.img
truncate -s 2G image.img
device=$(losetup --find --show image.img)
trap 'partx --delete "$device" || true; losetup --detach "$device"' EXIT
vmdb2 --output "$device" --rootfs-tarball rootfs.tar --log vmdb2.log spec.yaml || {
  tail -n 5 vmdb2.log
  exit 1
}
ls rootfs.tar
