#!/bin/sh
# live-build with its own defaults where nothing else is asked, in a hybrid ISO without installer.
#
#   live-build.sh cold
#   live-build.sh changed   a changed file, with all that its caches keep: bootstrap, packages, and the live system's
#                           tree, whose stage is told again to copy the files; only the binary stage is done anew
#
# Runs in /bench of the peers' root. MIRROR, SECURITY: the archives; PACKAGES, FILE, TEXT: as floor.sh has them.
set -eu

write_file() {
  mkdir -p "config/includes.chroot$(dirname "$FILE")"
  printf %s "$TEXT" >"config/includes.chroot$FILE"
}

case "$1" in
cold)
  rm -rf lb
  mkdir lb
  cd lb
  lb config noauto --mode debian --distribution bookworm --architectures amd64 --archive-areas main \
    --mirror-bootstrap "$MIRROR" --mirror-chroot "$MIRROR" --mirror-chroot-security "$SECURITY" \
    --mirror-binary "$MIRROR" --mirror-binary-security "$SECURITY" \
    --parent-mirror-bootstrap "$MIRROR" --parent-mirror-chroot "$MIRROR" --parent-mirror-chroot-security "$SECURITY" \
    --parent-mirror-binary "$MIRROR" --parent-mirror-binary-security "$SECURITY" \
    --debootstrap-options --variant=minbase --apt-recommends false --apt-indices false --apt-source-archives false \
    --cache true --cache-packages true --cache-stages bootstrap \
    --debian-installer none --memtest none --firmware-chroot false --firmware-binary false \
    --binary-images iso-hybrid --bootloaders grub-pc,grub-efi --checksums sha256 --zsync false --source false
  echo "$PACKAGES" | tr , '\n' >config/package-lists/reference.list.chroot
  write_file
  lb build
  ;;
changed)
  cd lb
  write_file
  lb clean --binary
  # The binary stage leaves the live system's tree inside the bootstrap's where it was cut short.
  if [ -d chroot/chroot ]; then
    mv chroot/chroot chroot.kept
    rm -rf chroot
    mv chroot.kept chroot
  fi
  rm -f .build/chroot_includes_after_packages
  lb chroot_includes_after_packages
  lb binary
  ;;
*) exit 64 ;;
esac
# It goes on after failures of its parts.
ls -- *.iso
