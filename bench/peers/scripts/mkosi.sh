#!/bin/sh
# mkosi, a disk image with ext4.
#
#   mkosi.sh cold
#   mkosi.sh prepare   the caches of its incremental mode: the tree with all packages and the initial RAM file system
#   mkosi.sh changed   a changed file, from these caches
#
# Runs in /bench of the peers' root. MIRROR, SECURITY: the archives; PACKAGES, FILE, TEXT: as floor.sh has them;
# BOOTABLE: yes where the kernel can mount the EFI partition. Where not, mkosi makes neither that nor a boot loader; the
# initial RAM file system is then made by the distribution's own tool in a prepare script, whose work its cache keeps.
set -eu

mkdir -p "mkosi/extra$(dirname "$FILE")" mkosi/early/etc/apt/sources.list.d mkosi/out mkosi/work
cd mkosi
printf %s "$TEXT" >"extra$FILE"
# mkosi names a security archive of its own choice: this file takes its place.
echo "deb $SECURITY bookworm-security main" >early/etc/apt/sources.list.d/bookworm-security.list

here=/bench/mkosi
if [ "$BOOTABLE" = yes ]; then
  boot=--bootable
else
  printf '#!/bin/sh\nexec update-initramfs -c -k all\n' >prepare
  chmod +x prepare
  boot="--prepare-script $here/prepare"
fi
make() {
  # shellcheck disable=SC2046,SC2086 # one word an option
  mkosi --distribution debian --release bookworm --mirror "$MIRROR" --format gpt_ext4 $boot --root-size 2G \
    --skeleton-tree $here/early --extra-tree $here/extra --nspawn-keep-unit --output-dir $here/out --workspace-dir $here/work \
    --output image.raw --without-tests $(echo "$PACKAGES" | tr , '\n' | sed 's/^/--package=/') "$@" build
}

case "$1" in
cold) make -f ;;
prepare) make -ff --incremental --cache-initrd ;;
changed) make -f --incremental --cache-initrd ;;
*) exit 64 ;;
esac
ls out/*/image.raw
