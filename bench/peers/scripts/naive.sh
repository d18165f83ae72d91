#!/bin/sh
# The naive script: what one writes first, with every tool's own defaults.
#
#   naive.sh cold      mmdebstrap, mksquashfs, grub-mkrescue
#   naive.sh changed   a changed file in the tree that is there, compressed again
#
# Runs in /bench of the peers' root. SOURCES, PACKAGES, FILE, TEXT: as floor.sh has them.
set -eu

write_iso() {
  mkdir -p "tree$(dirname "$FILE")"
  printf %s "$TEXT" >"tree$FILE"
  rm -f iso/live/filesystem.squashfs
  mkdir -p iso/live iso/boot/grub
  mksquashfs tree iso/live/filesystem.squashfs -no-progress
  cp tree/boot/vmlinuz-* iso/live/vmlinuz
  cp tree/boot/initrd.img-* iso/live/initrd.img
  cat >iso/boot/grub/grub.cfg <<'END'
menuentry live {
  linux /live/vmlinuz boot=live
  initrd /live/initrd.img
}
END
  grub-mkrescue -o image.iso iso
}

case "$1" in
cold)
  rm -rf tree iso
  printf '%s\n' "$SOURCES" | mmdebstrap --variant=minbase --include="$PACKAGES" bookworm tree -
  write_iso
  ;;
changed) write_iso ;;
*) exit 64 ;;
esac
