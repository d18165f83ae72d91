#!/bin/sh
# debos without its virtual machine, a disk image with ext4 and without a boot loader.
#
#   debos.sh cold      everything; the tree is packed, not compressed, on the way
#   debos.sh changed   a changed file, from the packed tree
#
# Runs in /bench of the peers' root. MIRROR: the archive (debos takes one); PACKAGES, FILE, TEXT: as floor.sh has them.
set -eu

mkdir -p "debos/overlay$(dirname "$FILE")"
cd debos
printf %s "$TEXT" >"overlay$FILE"
cat >disk.part <<'END'
  - action: overlay
    source: overlay
  - action: image-partition
    imagename: image.img
    imagesize: 2GB
    partitiontype: gpt
    mountpoints:
      - mountpoint: /
        partition: root
    partitions:
      - name: root
        fs: ext4
        start: 1MiB
        end: 100%
  - action: filesystem-deploy
    setup-fstab: true
    setup-kernel-cmdline: true
END

case "$1" in
cold)
  rm -f base.tar
  {
    cat <<END
architecture: amd64
actions:
  - action: debootstrap
    suite: bookworm
    components: [main]
    mirror: $MIRROR
    variant: minbase
    keyring-package: debian-archive-keyring
    keyring-file: /usr/share/keyrings/debian-archive-keyring.gpg
  - action: apt
    recommends: false
    packages: [$PACKAGES]
  - action: pack
    file: base.tar
    compression: none
END
    cat disk.part
  } >recipe.yaml
  ;;
changed)
  {
    cat <<END
architecture: amd64
actions:
  - action: unpack
    file: base.tar
END
    cat disk.part
  } >recipe.yaml
  ;;
*) exit 64 ;;
esac
rm -f image.img
debos --disable-fakemachine --artifactdir /bench/debos recipe.yaml
ls image.img base.tar
