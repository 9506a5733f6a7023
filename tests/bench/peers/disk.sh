#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# disk.sh BUILD OUT - a Debian 12 disk (ext4, no partition, booted by -kernel) that holds kdump-tools, this project and,
# with KDUMP_UTILS=DIR (a checkout of kdump-utils), dracut with its modules.  Beside it lie the keys of the SSH client
# and server.  Needs root and mmdebstrap.
set -eu
B=$(cd "$1" && pwd) out=$(realpath -m "$2") here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$out")
work=$top/root
mkdir -p "$top"
# shellcheck disable=SC2016  # the words are apt-get's own
site=$(apt-get indextargets --no-release-info --format '$(SITE)' | grep -m1 /debian)

if [ ! -e "$work/etc/bench" ]; then
	# kdump-tools comes last: its hook wants /sys when a kernel is installed after it.
	echo "bench: making a Debian 12 root (minutes)"
	! grep -q " $work/" /proc/mounts || { echo "bench: something is mounted below $work" >&2; exit 1; }
	rm -rf --one-file-system "$work"
	preseed="kexec-tools kexec-tools/load_kexec boolean false
kdump-tools kdump-tools/use_kdump boolean true"
	# shellcheck disable=SC2016  # $1 is the hook's
	mmdebstrap --quiet --variant=minbase --mode=root --skip=check/empty \
		--include=linux-image-amd64,systemd-sysv,udev,kmod,dbus,zstd,initramfs-tools,makedumpfile,kexec-tools,dracut-core,lz4,cpio,file,iproute2,e2fsprogs,procps,libconfuse2,libjansson4,libkdumpfile10,libnettle8,libmount1,libblkid1,libkmod2,dracut-network,ethtool,iputils-arping,isc-dhcp-client,nfs-common,openssh-client \
		--essential-hook="printf '%s\n' '$preseed' | chroot \"\$1\" debconf-set-selections" \
		--customize-hook='chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends kdump-tools >/dev/null' \
		bookworm "$work" "deb $site bookworm main"
	touch "$work/etc/bench"	# all of it is there
fi
make -s -C "$here/../../.." install B="$B" DESTDIR="$work" >/dev/null
if [ -n "${KDUMP_UTILS:-}" ]; then
	copy=$(mktemp -d)
	cp -r "$KDUMP_UTILS/." "$copy"
	make -s -C "$copy" install DESTDIR="$work" prefix=/usr sbindir=/usr/sbin bindir=/usr/bin sysconfdir=/etc >/dev/null
	rm -rf "$copy"
	ln -sf ../bin/makedumpfile "$work/usr/sbin/"	# where its module looks; without it the image has none
fi
for key in key hostkey; do
	[ -e "$top/$key" ] || ssh-keygen -q -t ed25519 -N '' -C bench -f "$top/$key"
done
install -D -m 600 "$top/key" "$work/root/.ssh/kdump"
echo "192.0.2.1 $(cut -d' ' -f1-2 "$top/hostkey.pub")" >"$work/root/.ssh/known_hosts"
install -m 755 "$here/guest.sh" "$work/usr/local/sbin/bench-guest"
cat >"$work/etc/systemd/system/bench.service" <<'UNIT'
[Unit]
Wants=network-online.target
After=local-fs.target systemd-udev-settle.service network-online.target
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/bench-guest
[Install]
WantedBy=multi-user.target
UNIT
ln -sf ../bench.service "$work/etc/systemd/system/multi-user.target.wants/bench.service"
# NFS version 4 wants no daemons, and kdump-tools would start them in the capture.
rm -f "$work"/etc/systemd/system/*.wants/{kdump-tools.service,kdump.service,rpcbind.*,nfs-client.target}
sed -i 's/^#\?USE_KDUMP=.*/USE_KDUMP=1/' "$work/etc/default/kdump-tools"
echo "LABEL=bench / ext4 errors=remount-ro 0 1" >"$work/etc/fstab"
echo bench >"$work/etc/hostname"
mkdir -p "$work/etc/sysconfig"
passwd=$work/etc/passwd
sed -i 's/^root:[^:]*:/root::/' "$passwd"
gcc -static -Os -o "$top/init" "$here/reset.c"
(cd "$top" && echo init | cpio --quiet -o -H newc -R 0:0 | gzip >"$work/boot/reset.img")
cp "$work"/boot/vmlinuz-* "$out.vmlinuz"
cp "$work"/boot/initrd.img-* "$out.initrd"
rm -f "$out"
truncate -s 6G "$out"
mkfs.ext4 -q -F -L bench -d "$work" "$out"
echo "bench: $out is ready"
