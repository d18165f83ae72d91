#!/bin/sh
# The floor: the reference image by the fastest calls of the same tools that are known, by hand, without an engine.
#
#   floor.sh prepare        packages into an archives folder of apt's, so that none is downloaded while time is taken
#   floor.sh cold iso|raw   everything from nothing, with the checksum of the image
#   floor.sh changed iso    a changed file: a small module on the one that is there, and the ISO written whole
#
# Runs in /bench of the builder root; for raw, in that of the peers' root, which has sfdisk. SOURCES: lines of sources.list; PACKAGES: names with commas; FILE and TEXT: the
# file to write.
set -eu
tree=/bench/tree
epoch=1700000000
export SOURCE_DATE_EPOCH=$epoch TZ=UTC LC_ALL=C.UTF-8

prepare() {
  mkdir -p apt/etc apt/state/lists/partial apt/archives/partial
  printf '%s\n' "$SOURCES" >apt/etc/sources.list
  set -- -qq -o Dir::Etc::SourceList=/bench/apt/etc/sources.list -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State=/bench/apt/state -o Dir::State::Status=/dev/null -o Dir::Cache::Archives=/bench/apt/archives \
    -o Acquire::Languages=none -o APT::Sandbox::User=root
  apt-get "$@" update
  # shellcheck disable=SC2046 # one word a package
  apt-get "$@" --yes --no-install-recommends --download-only install '?essential' '?priority(required)' apt \
    $(echo "$PACKAGES" | tr , ' ')
}

# One mmdebstrap for all packages, no initial RAM file system made by it; then that, once, at zstd's fastest level.
make_tree() {
  rm -rf "$tree"
  INITRD=No DEBIAN_FRONTEND=noninteractive TMPDIR=/bench mmdebstrap --quiet --mode=root --variant=minbase \
    --format=directory --include="$PACKAGES" --skip=check/empty,download/empty,essential/unlink,cleanup/apt \
    --aptopt='Acquire::Languages "none"' --aptopt='APT::Sandbox::User "root"' \
    --dpkgopt=force-unsafe-io --dpkgopt=force-confold \
    --setup-hook='mkdir -p "$1/var/cache/apt/archives/partial" && cp -al /bench/apt/archives/*.deb "$1/var/cache/apt/archives/"' \
    --setup-hook='mkdir -p "$1/etc/initramfs-tools" && echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"' \
    bookworm "$tree" - <<END
$SOURCES
END
  rm -f "$tree"/var/cache/apt/archives/*.deb "$tree"/var/cache/apt/*.bin
  rm -rf "$tree"/var/lib/apt/lists/*
  version=$(basename "$tree"/boot/vmlinuz-* | sed s/^vmlinuz-//)
  chroot "$tree" mkinitramfs -c zstd -l 1 -o "/boot/initrd.img-$version" "$version"
  mkdir -p "$tree$(dirname "$FILE")"
  printf %s "$TEXT" >"$tree$FILE"
}

modules='part_gpt part_msdos fat search search_fs_file search_fs_uuid configfile normal linux serial terminal echo test all_video gzio'

efi_image() { # efi_image IMAGE MTOOLS_OPTION…: a FAT file system with the loader
  image=$1
  shift
  # shellcheck disable=SC2086 # one word a module
  grub-mkimage -O x86_64-efi -o loader.efi -p /boot/grub -c early.cfg efi_gop iso9660 ext2 $modules
  MTOOLS_SKIP_CHECK=1 mformat "$@" -i "$image" ::
  MTOOLS_SKIP_CHECK=1 mmd -i "$image" ::/EFI ::/EFI/BOOT
  MTOOLS_SKIP_CHECK=1 mcopy -i "$image" loader.efi ::/EFI/BOOT/BOOTX64.EFI
}

boot_files() {
  rm -rf iso
  mkdir -p iso/live iso/boot/grub iso/.disk
  ln "$tree"/boot/vmlinuz-* iso/live/vmlinuz
  ln "$tree"/boot/initrd.img-* iso/live/initrd.img
  : >iso/.disk/floor
  printf 'search --no-floppy --set=root --file /.disk/floor\nset prefix=($root)/boot/grub\nconfigfile ($root)/boot/grub/grub.cfg\n' >early.cfg
  printf 'set timeout=1\nmenuentry live {\n  linux /live/vmlinuz boot=live\n  initrd /live/initrd.img\n}\n' >iso/boot/grub/grub.cfg
  # shellcheck disable=SC2086
  grub-mkimage -O i386-pc-eltorito -o iso/boot/grub/eltorito.img -p /boot/grub -c early.cfg biosdisk iso9660 $modules
  rm -f efi.img
  efi_image efi.img -C -T 8192 -h 64 -s 32
  cp efi.img iso/boot/grub/efi.img
}

write_iso() {
  rm -f image.iso
  xorriso -pacifier interval=0.1 -stdio_sync off -as mkisofs -quiet -o image.iso -V FLOOR -iso-level 3 -r -J -joliet-long -uid 0 -gid 0 \
    -b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
    --grub2-mbr /usr/lib/grub/i386-pc/boot_hybrid.img -eltorito-alt-boot -e boot/grub/efi.img -no-emul-boot \
    -append_partition 2 0xef efi.img -appended_part_as_gpt iso
  openssl dgst -sha256 -r image.iso >image.iso.sha256
}

make_iso() {
  make_tree
  boot_files
  rm -f base.squashfs
  mksquashfs "$tree" base.squashfs -noappend -no-progress -quiet -comp zstd -Xcompression-level 3 -b 256K
  ln base.squashfs iso/live/01-base.squashfs
  echo 01-base.squashfs >iso/live/filesystem.module
  write_iso
}

change_iso() {
  rm -rf small small.squashfs
  mkdir -p "small$(dirname "$FILE")"
  printf %s "$TEXT" >"small$FILE"
  mksquashfs small small.squashfs -noappend -no-progress -quiet -comp zstd -Xcompression-level 3 -b 256K
  rm -f iso/live/02-small.squashfs
  ln small.squashfs iso/live/02-small.squashfs
  printf '%s\n' 01-base.squashfs 02-small.squashfs >iso/live/filesystem.module
  write_iso
}

# Sectors of 512 bytes: a partition for GRUB's core image, the EFI partition, the root file system of 1.5 GiB.
make_raw() {
  make_tree
  rm -f disk.img
  truncate -s 1700M disk.img
  sfdisk --quiet disk.img <<END
label: gpt
start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649
start=4096, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
start=135168, size=3145728, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
END
  uuid=6c62756c-0000-4000-8000-000000000001
  mkdir -p "$tree/boot/grub" "$tree/boot/efi"
  printf 'UUID=%s / ext4 errors=remount-ro 0 1\n' "$uuid" >"$tree/etc/fstab"
  kernel=$(basename "$tree"/boot/vmlinuz-*)
  initrd=$(basename "$tree"/boot/initrd.img-*)
  printf 'set timeout=1\nmenuentry disk {\n  linux /boot/%s root=UUID=%s ro\n  initrd /boot/%s\n}\n' "$kernel" "$uuid" "$initrd" >"$tree/boot/grub/grub.cfg"
  printf 'search --no-floppy --set=root --fs-uuid %s\nset prefix=($root)/boot/grub\nconfigfile ($root)/boot/grub/grub.cfg\n' "$uuid" >early.cfg
  mke2fs -q -F -t ext4 -b 4096 -U "$uuid" -d "$tree" \
    -E "offset=$((135168 * 512)),nodiscard,assume_storage_prezeroed=1,root_owner=0:0" disk.img $((3145728 / 8))
  # shellcheck disable=SC2086
  grub-mkimage -O i386-pc -o core.img -p /boot/grub -c early.cfg biosdisk ext2 $modules
  cp /usr/lib/grub/i386-pc/boot.img boot.img
  printf '\000\010\000\000\000\000\000\000' | dd of=boot.img bs=1 seek=92 conv=notrunc status=none
  printf '\220\220' | dd of=boot.img bs=1 seek=102 conv=notrunc status=none
  printf '\001\010\000\000\000\000\000\000' | dd of=core.img bs=1 seek=500 conv=notrunc status=none
  dd if=boot.img of=disk.img bs=440 count=1 conv=notrunc status=none
  dd if=core.img of=disk.img bs=512 seek=2048 conv=notrunc status=none
  efi_image "disk.img@@$((4096 * 512))" -F -c 1 -T 131072 -h 64 -s 32 -H 4096
  openssl dgst -sha256 -r disk.img >disk.img.sha256
}

cd /bench
case "$*" in
prepare) prepare ;;
'cold iso') make_iso ;;
'cold raw') make_raw ;;
'changed iso') change_iso ;;
*) exit 64 ;;
esac
