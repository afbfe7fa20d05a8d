#!/bin/sh
# Makes the disk image $2 of 1 GiB from the Debian in the archive $1: a partition table, an ext4 and a boot loader in it,
# as on a machine that was installed. Its free blocks hold text of a file that was deleted. Run it in a mount namespace
# of its own.
set -eu
archive=$1 image=$2
offset=$((2048 * 512)) kib=$((1024 * 1024 - 1024))
truncate -s 1G "$image"
printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk --quiet "$image"
mkfs.ext4 -q -E "offset=$offset" "$image" "${kib}k"
root=$(mktemp -d)
trap 'umount --recursive "$root" 2>/dev/null || true; rmdir "$root"' EXIT
mount -o "loop,offset=$offset" "$image" "$root"
tar -xf "$archive" -C "$root"

yes 'deleted by its owner' | head -c 100M >"$root/secret"
sync -f "$root"
rm "$root/secret"

uuid=$(blkid --probe --offset "$offset" --match-tag UUID --output value "$image")
echo "UUID=$uuid / ext4 errors=remount-ro 0 1" >"$root/etc/fstab"
echo imaged >"$root/etc/hostname"
mkdir "$root/boot/extlinux"
cat >"$root/boot/extlinux/extlinux.conf" <<CONF
default debian
label debian
  linux /vmlinuz
  initrd /initrd.img
  append root=UUID=$uuid ro console=ttyS0 mitigations=off
CONF
mount -t devtmpfs dev "$root/dev"
mount -t proc proc "$root/proc"
chroot "$root" extlinux --install /boot/extlinux 2>/dev/null
umount "$root/dev" "$root/proc"
dd if="$root/usr/lib/syslinux/mbr/mbr.bin" of="$image" bs=440 count=1 conv=notrunc status=none
umount "$root"
e2fsck -fn "$image?offset=$offset" >/dev/null
