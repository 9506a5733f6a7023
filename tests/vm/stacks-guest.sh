#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# /job/run of stacks.sh: first looks at the dump of the row job.last, when there is one, and takes its stack down; then makes
# that of job.row, arms, and crashes.
set -u
mnt=/mnt/dump key=/etc/dump.key
say() { echo "guest: $*"; }
try() { "$@" || { say "failed: $*"; exit 1; }; }
disks=(/dev/vdb /dev/vdc /dev/vdd /dev/vde)

# make_NAME prints nothing and sets dev; up_NAME does the same for what is there.  Stacks on stacks call each other.
make_disk() { dev=${disks[0]}; }
up_disk() { dev=${disks[0]}; }
make_bind() { make_disk; }
up_bind() { up_disk; }
make_subvolume() { make_disk; }
up_subvolume() { up_disk; }
make_partition() {
	echo ',,L' | try sfdisk -q --label gpt "${disks[0]}"
	udevadm settle
	dev=${disks[0]}1
}
up_partition() { dev=${disks[0]}1; }

array() {	# LEVEL DISKS...
	local level=$1
	shift
	try mdadm --create /dev/md0 --quiet --run --level="$level" --raid-devices=$# --metadata=1.2 --bitmap=none --assume-clean "$@"
	dev=/dev/md0
}
up_array() {
	# One that was dirty when it lost a member starts by --force alone.
	mdadm --assemble --scan --run --quiet || { mdadm --stop --scan --quiet; mdadm --assemble --scan --run --force --quiet; }
	udevadm settle
	for dev in /dev/md0 /dev/md127; do [ -b "$dev" ] && return; done
}
make_raid0() { array 0 "${disks[@]:0:2}"; }
make_raid1() { array 1 "${disks[@]:0:2}"; }
make_raid5() { array 5 "${disks[@]:0:3}"; }
make_raid10() { array 10 "${disks[@]}"; }
make_raid1_degraded() { make_raid1; }
make_raid5_degraded() { make_raid5; }
lose() {	# a member goes after the host was armed
	try mdadm --quiet /dev/md0 --fail "${disks[1]}"
	try mdadm --quiet /dev/md0 --remove "${disks[1]}"
	try mdadm --quiet --zero-superblock "${disks[1]}"
}
up_raid0() { up_array; }
up_raid1() { up_array; }
up_raid5() { up_array; }
up_raid10() { up_array; }
up_raid1_degraded() { up_array; }
up_raid5_degraded() { up_array; }

group() { try vgcreate -q -y vg-a "$@" >/dev/null; }
make_lvm() {
	group "${disks[@]:0:2}"
	try lvcreate -q -y -l 90%FREE -n the-dumps vg-a >/dev/null
	dev=/dev/vg-a/the-dumps
}
make_thin() {
	group "${disks[@]:0:2}"
	try lvcreate -q -y --type thin-pool -l 80%FREE -n pool vg-a >/dev/null
	try lvcreate -q -y --type thin -V 1500M --thinpool pool -n the-dumps vg-a >/dev/null
	dev=/dev/vg-a/the-dumps
}
make_mirror() {
	group "${disks[@]:0:2}"
	try lvcreate -q -y --type raid1 -m 1 -L 900M --nosync -n the-dumps vg-a >/dev/null
	dev=/dev/vg-a/the-dumps
}
up_lvm() {
	vgchange -q -ay >/dev/null
	udevadm settle
	dev=/dev/vg-a/the-dumps
}
up_thin() { up_lvm; }
up_mirror() { up_lvm; }

make_luks() { encrypt "${disks[0]}"; }
make_luks_argon2() { encrypt "${disks[0]}" --pbkdf argon2id --pbkdf-memory 32768 --pbkdf-force-iterations 4; }
make_luks1() { encrypt "${disks[0]}" --type luks1 --pbkdf-force-iterations 1000; }
encrypt() {	# DEVICE OPTIONS...
	local below=$1
	shift
	[ $# -gt 0 ] || set -- --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000
	(umask 077; head -c 32 /dev/urandom >$key)
	try cryptsetup -q luksFormat "$@" "$below" $key
	try cryptsetup open --key-file $key "$below" crypt-dump
	dev=/dev/mapper/crypt-dump
}
up_luks() {
	try cryptsetup open --key-file $key "${1:-${disks[0]}}" crypt-dump
	dev=/dev/mapper/crypt-dump
}
up_luks_argon2() { up_luks; }
up_luks1() { up_luks; }
make_luks_raid1() { make_raid1; encrypt "$dev"; }
up_luks_raid1() { up_array; up_luks "$dev"; }
make_lvm_luks() {
	make_luks
	group "$dev"
	try lvcreate -q -y -l 90%FREE -n the-dumps vg-a >/dev/null
	dev=/dev/vg-a/the-dumps
}
up_lvm_luks() { up_luks; up_lvm; }
make_lvm_raid1() {
	make_raid1
	group "$dev"
	try lvcreate -q -y -l 90%FREE -n the-dumps vg-a >/dev/null
	dev=/dev/vg-a/the-dumps
}
up_lvm_raid1() { up_array; up_lvm; }
make_multipath() {
	printf 'defaults {\n\tuser_friendly_names yes\n\tfind_multipaths no\n}\nblacklist {\n\tdevnode "^vd"\n}\n' >/etc/multipath.conf
	modprobe dm-multipath
	multipath -v1
	udevadm settle
	dev=$(ls /dev/mapper/mpath? 2>/dev/null)
	[ -b "$dev" ] || { say "failed: no multipath device"; multipath -v3 | tail -20; exit 1; }
}
up_multipath() { make_multipath; }

mkfs_ext4() { mkfs.ext4 -q -F -L dumps "$1"; }
mkfs_xfs() { mkfs.xfs -q -f -L dumps "$1"; }
mkfs_btrfs() { mkfs.btrfs -q -f -L dumps "$1"; }
mkfs_vfat() { mkfs.vfat -F 32 -n DUMPS "$1" >/dev/null; }
mkfs_f2fs() { mkfs.f2fs -q -f -l dumps "$1" >/dev/null; }

mount_it() {
	mkdir -p $mnt /mnt/whole
	case $stack in
	bind)
		try mount -t "$fs" "$dev" /mnt/whole
		mkdir -p /mnt/whole/a/b
		try mount --bind /mnt/whole/a/b $mnt ;;
	subvolume)
		try mount -t "$fs" "$dev" /mnt/whole
		[ -d /mnt/whole/@dumps ] || try btrfs -q subvolume create /mnt/whole/@dumps
		try btrfs subvolume set-default /mnt/whole/@dumps
		try mount -t "$fs" -o subvol=@dumps "$dev" $mnt ;;
	*)
		try mount -t "$fs" "$dev" $mnt ;;
	esac
}

arm() {
	modprobe -q -a dm-mod dm-crypt dm-thin-pool "$fs" 2>/dev/null
	"make_${stack//-/_}"
	udevadm settle
	try "mkfs_$fs" "$dev"
	udevadm settle
	mount_it
	mkdir -p /etc/sysconfig
	printf 'DUMP_TARGETS="file://%s"\nCRASHKERNEL="%s"\n' $mnt "$(sed -n 's/.*crashkernel=\([^ ]*\).*/\1/p' /proc/cmdline)" \
		>/etc/sysconfig/crashcfg
	[ ! -e $key ] || echo "LUKS_KEY_FILE=\"$key\"" >>/etc/sysconfig/crashcfg
	crashcfg check
	crashcfg apply || say "apply: status $?"
	[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || try crashcfg load
	stat -c 'guest: image %s bytes' /var/lib/crashcfg/*/capture.img
	case $stack in *_degraded | *-degraded) lose ;; esac
	sync
	say "crashing"
	echo c >/proc/sysrq-trigger
}

collect() {
	local dump want have
	"up_${stack//-/_}"
	mount_it
	for dump in "$mnt"/guest/*; do :; done
	[ -f "$dump/crash.json" ] || { say "failed: no dump below $mnt"; find $mnt | head; return 1; }
	ls -l "$dump"
	want=$(sed -n 's/.*"sha256": "\([0-9a-f]*\)".*/\1/p' "$dump/crash.json" | head -1)
	have=$(sha256sum "$dump/vmcore" | cut -d' ' -f1)
	if [ "${want:-none}" != "$have" ]; then
		say "failed: sha256 '$have', the manifest has '$want'"
		cat "$dump/crash.json"
		return 1
	fi
	grep -q 'sysrq triggered crash' "$dump/dmesg.txt" || { say "failed: dmesg.txt lacks the panic"; return 1; }
	rm -f /tmp/log
	makedumpfile --dump-dmesg "$dump/vmcore" /tmp/log >/dev/null 2>&1
	grep -q 'sysrq triggered crash' /tmp/log || { say "failed: the vmcore's log lacks the panic"; return 1; }
	say "whole: $(stat -c %s "$dump/vmcore") bytes $have"
}

take_down() {
	umount -q $mnt
	umount -q /mnt/whole
	vgchange -q -an >/dev/null 2>&1
	cryptsetup close crypt-dump 2>/dev/null
	multipath -F 2>/dev/null
	mdadm --stop --scan --quiet 2>/dev/null
	vgchange -q -an >/dev/null 2>&1
	udevadm settle
	for disk in "${disks[@]}" /dev/sda; do
		[ ! -b "$disk" ] || { wipefs -q -a "$disk"?* "$disk"; dd if=/dev/zero of="$disk" bs=1M count=20 status=none; } 2>/dev/null
	done
	udevadm settle
}

# shellcheck disable=SC2154  # the kernel's command line, by guest-init
if [ -n "${job_last:-}" ]; then
	fs=${job_last%%-*} stack=${job_last#*-}
	(collect)
	take_down
fi
if [ -n "${job_row:-}" ]; then
	fs=${job_row%%-*} stack=${job_row#*-}
	rm -f $key
	arm
fi
