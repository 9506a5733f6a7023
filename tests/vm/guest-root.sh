#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest-root.sh DIR - a small Debian 12 for guests that run this project on themselves:
#
#	DIR/disk	ext4, label guest; never written to: guests get an overlay of their own
#	DIR/vmlinuz	Debian's 6.1, whose modules are on the disk
#	DIR/initrd	finds that disk, puts what lies in its /job over it, goes on with its /usr/sbin/guest-init
#
# One root for all suites: what is there stays, unless it was made by another version of this script.  See guest.sh
# for how to boot it.  Needs root, mmdebstrap and a mirror.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$(realpath -m "$1")
# What the project needs on a host; storage; networks and servers; storage by networks; a guest that boots as a host does.
packages="busybox-static e2fsprogs iproute2 kexec-tools kmod libblkid1 libconfuse2 libjansson4 libkdumpfile10 libkmod2 libmount1
libnettle8 makedumpfile procps udev zstd
btrfs-progs cryptsetup-bin dosfstools f2fs-tools fdisk lvm2 mdadm multipath-tools thin-provisioning-tools xfsprogs
dhcpcd-base dnsmasq-base netbase nfs-ganesha nfs-ganesha-vfs openssh-client openssh-server rpcbind
dracut dracut-network iputils-arping isc-dhcp-client open-iscsi tgt
systemd systemd-sysv"

mkdir -p "$dir"
exec 9>"$dir/.lock"
flock 9
if [ -e "$dir/disk" ]; then
	! sha256sum --status -c "$dir/made-by" || exit 0
fi

sh "$here/kernels.sh" 6.1
kernels=("$here"/../../build/kernels/6.1.*)
kernel=${kernels[0]}
release=$(basename "$kernel")
# shellcheck disable=SC2016  # the words are apt-get's own
site=$(apt-get indextargets --no-release-info --format '$(SITE)' | grep -m1 '/debian$')
work=$dir/.tmp

# A root that was cut off in the making may have this machine's /proc and /dev mounted in it.
clear_work() {
	awk -v top="$work/" 'index($2, top) == 1 { print $2 }' /proc/mounts | sort -r | while read -r at; do
		umount "$at" || umount -l "$at"
	done
	! grep -q " $work/" /proc/mounts || { echo "guest-root: something is still mounted below $work" >&2; exit 1; }
	rm -rf --one-file-system "$work"
}
trap clear_work EXIT
clear_work
mkdir -p "$work"

echo "guest-root: making a Debian 12 with $(echo "$packages" | wc -w) packages (a minute or two)"
mmdebstrap --quiet --variant=minbase --mode=root --skip=check/empty --include="$(printf %s "$packages" | tr -s ' \n' ,)" \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$work/root" "deb $site bookworm main"

# Drivers of hardware that no such guest has would be three quarters of the disk.
mkdir -p "$work/root/boot" "$work/root/lib/modules"
cp -a "$kernel/boot/." "$work/root/boot/"
tar -C "$kernel/lib/modules" -cf - --exclude='sound/*' --exclude='drivers/gpu/*' --exclude='drivers/media/*' \
	--exclude='drivers/net/wireless/*' --exclude='drivers/infiniband/*' --exclude='drivers/staging/*' \
	--exclude='drivers/iio/*' "$release" | tar -C "$work/root/lib/modules" -xf -
depmod -b "$work/root" "$release"
echo guest >"$work/root/etc/hostname"
echo 0123456789abcdef0123456789abcdef >"$work/root/etc/machine-id"
echo "LABEL=guest / ext4 errors=remount-ro 0 1" >"$work/root/etc/fstab"
mkdir -p "$work/root/job" "$work/root/mnt/dump"
rm -rf "$work"/root/var/cache/apt/* "$work"/root/var/lib/apt/lists/*

# The initrd: the guest's own busybox and the way to its disk.
mkdir -p "$work"/initrd/{bin,dev,lib/modules,proc,sys,root,job}
cp "$work/root/bin/busybox" "$work/initrd/bin/"
ln -s busybox "$work/initrd/bin/sh"
modprobe -d "$work/root" -S "$release" --show-depends -a virtio_pci virtio_blk ext4 2>/dev/null |
	awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/order"
n=10
while read -r module; do
	cp "$module" "$work/initrd/lib/modules/$n-$(basename "$module")"
	n=$((n + 1))
done <"$work/order"
cat >"$work/initrd/init" <<'INIT'
#!/bin/sh
for m in /lib/modules/*; do busybox insmod "$m"; done
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
disk=
while [ -z "$disk" ]; do
	disk=$(busybox findfs LABEL=guest 2>/dev/null) || busybox usleep 50000
done
busybox mount -t ext4 -o rw,noatime "$disk" /root || exec busybox sh
busybox cp -a /job/. /root/
busybox umount /proc
busybox mount -o move /dev /root/dev
exec busybox switch_root /root /usr/sbin/guest-init
INIT
chmod 755 "$work/initrd/init"
(cd "$work/initrd" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -1) >"$work/initrd.gz"

truncate -s 3G "$work/disk"
mkfs.ext4 -q -F -L guest -d "$work/root" "$work/disk"
mv "$work/initrd.gz" "$dir/initrd"
cp "$kernel/boot/vmlinuz-$release" "$dir/vmlinuz"
sha256sum "$(realpath "$0")" >"$dir/made-by"
mv "$work/disk" "$dir/disk"
echo "guest-root: $dir/disk is ready ($(du -h "$dir/disk" | cut -f1))"
