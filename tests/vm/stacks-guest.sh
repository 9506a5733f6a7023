#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# /job/run of stacks.sh, which tells two rows on a small disk ("-" none): looks at the dump of the first and takes its
# stack down; then makes that of the second, arms, and crashes.  With job.wait on the command line the words come later.
set -u
mnt=/mnt/dump key=/etc/dump.key
say() { echo "guest: $*"; }
try() { "$@" || { say "failed: $*"; exit 1; }; }

# disk MIB: its node, by its size; one on a bus of its own takes a while.
disk() {
	local i size
	for ((i = 0; i < 40; i++)); do
		for size in /sys/block/*/size; do
			[ "$(cat "$size")" != $(($1 * 2048)) ] || { size=${size%/size}; echo "/dev/${size##*/}"; return; }
		done
		sleep 0.5
	done
	echo "/dev/missing-$1"
}

# make_NAME prints nothing and sets dev; up_NAME does the same for what is there.  Stacks on stacks call each other.
make_disk() { dev=${disks[0]}; }
up_disk() { dev=${disks[0]}; }
make_bind() { make_disk; }
up_bind() { up_disk; }
make_partition() {
	echo ',,L' | try sfdisk -q --label gpt "${disks[0]}"
	udevadm settle
	up_partition
}
up_partition() {
	dev=${disks[0]}1
	[ -b "$dev" ] || dev=${disks[0]}p1
}

# --force: else the last member of a RAID5 begins as a spare.
array() {	# LEVEL METADATA DISKS...
	local level=$1 metadata=$2 options=(--bitmap=none --assume-clean)
	shift 2
	[ "$level" != 0 ] || options=(--chunk=64)	# there is nothing to be in step
	try mdadm --create /dev/md0 --quiet --run --force --level="$level" --raid-devices=$# --metadata="$metadata" "${options[@]}" "$@"
	dev=/dev/md0
}
up_array() {
	# One that was dirty when it lost a member starts by --force alone.
	mdadm --assemble --scan --run --quiet || { mdadm --stop --scan --quiet; mdadm --assemble --scan --run --force --quiet; }
	udevadm settle
	for dev in /dev/md0 /dev/md127; do [ -b "$dev" ] && return; done
}
# Disks of several sizes: which of the layouts it is stands in 1.x alone.
make_raid0() { array 0 1.2 "${disks[@]:0:2}"; }
make_raid1() { array 1 1.2 "${disks[@]:0:2}"; }
make_raid5() { array 5 1.2 "${disks[@]:0:3}"; }
make_raid10() { array 10 0.90 "${disks[@]}"; }
make_raid1_degraded() { array 1 1.0 "${disks[@]:0:2}"; }
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
	make_pool
}
make_pool() {
	try lvcreate -q -y --type thin-pool -l 80%FREE -n pool vg-a >/dev/null
	try lvcreate -q -y --type thin -V 1500M --thinpool pool -n the-dumps vg-a >/dev/null
	dev=/dev/vg-a/the-dumps
}
# A group that belongs to one host.
own_groups() {
	printf '\nglobal/system_id_source="lvmlocal"\n' >>/etc/lvm/lvm.conf
	printf 'local {\n\tsystem_id="guest.1"\n}\n' >/etc/lvm/lvmlocal.conf
}
make_lvm_owned() {
	own_groups
	make_lvm
	[ "$(vgs --noheadings -o systemid vg-a | tr -d ' ')" = guest.1 ] || { say "failed: no system ID"; exit 1; }
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
up_lvm_owned() { own_groups; up_lvm; }

make_luks() { encrypt "${disks[0]}"; }
make_luks_argon2() { encrypt "${disks[0]}" --pbkdf argon2id --pbkdf-memory 32768 --pbkdf-force-iterations 4; }
# More than the capture has; a second target takes the dump.
make_luks_large() {
	encrypt "${disks[0]}" --pbkdf argon2id --pbkdf-memory 262144 --pbkdf-force-iterations 4
	try mkfs.ext4 -q -F -L spare "${disks[1]}"
	more=' fs:LABEL=spare:/'
}
up_luks_large() { dev=${disks[1]}; }
make_luks1() { encrypt "${disks[0]}" --type luks1 --pbkdf-force-iterations 1000; }
# The guest that looks at the dump is not the one that crashed.
put_key() { (umask 077; echo "of no use elsewhere" >$key); }
encrypt() {	# DEVICE OPTIONS...
	local below=$1
	shift
	[ $# -gt 0 ] || set -- --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000
	put_key
	try cryptsetup -q luksFormat "$@" "$below" $key
	try cryptsetup open --key-file $key "$below" crypt-dump
	dev=/dev/mapper/crypt-dump
}
up_luks() {
	put_key
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
make_thin_raid5() {
	make_raid5
	group "$dev"
	make_pool
}
up_thin_raid5() { up_array; up_lvm; }
make_multipath() {
	printf 'defaults {\n\tuser_friendly_names yes\n\tfind_multipaths no\n}\nblacklist {\n\twwid ".*"\n}\n' >/etc/multipath.conf
	# Of all disks the one with two paths.
	printf 'blacklist_exceptions {\n\twwid "35000c50015ea71ac"\n}\n' >>/etc/multipath.conf
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
	case $name-$stack in
	*-bind)
		try mount -t "$fs" "$dev" /mnt/whole
		mkdir -p /mnt/whole/a/b
		try mount --bind /mnt/whole/a/b $mnt ;;
	subvol-*)
		try mount -t "$fs" "$dev" /mnt/whole
		[ -d /mnt/whole/@dumps ] || try btrfs -q subvolume create /mnt/whole/@dumps
		try btrfs subvolume set-default /mnt/whole/@dumps
		try mount -t "$fs" -o subvol=@dumps "$dev" $mnt ;;
	*)
		try mount -t "$fs" "$dev" $mnt ;;
	esac
}

# What can be told before a crash is: by `check`.
mistakes() {
	printf 'DUMP_TARGETS="fs:UUID=11111111-2222-4333-8444-555555555555:/"\nCAPTURE_MODULES="nosuchmod"\n' >/etc/sysconfig/crashcfg
	crashcfg check >/tmp/check 2>&1 && { say "failed: check passes mistakes"; exit 1; }
	for words in "no file system with the UUID '11111111-" "module 'nosuchmod' is neither in"; do
		grep -q "$words" /tmp/check || { say "failed: check does not say: $words"; cat /tmp/check; exit 1; }
	done
}

arm() {
	more=
	"make_${stack//-/_}"
	udevadm settle
	try "mkfs_$fs" "$dev"
	udevadm settle
	mount_it
	mkdir -p /etc/sysconfig
	[ "$stack" != disk ] || mistakes
	printf 'DUMP_TARGETS="file://%s%s"\nCRASHKERNEL="%s"\n' $mnt "$more" "$(sed -n 's/.*crashkernel=\([^ ]*\).*/\1/p' /proc/cmdline)" \
		>/etc/sysconfig/crashcfg
	[ ! -e $key ] || echo "LUKS_KEY_FILE=\"$key\"" >>/etc/sysconfig/crashcfg
	made=$SECONDS
	crashcfg check | tee /tmp/check
	case $stack in luks-large) grep -q 'more than' /tmp/check || { say "failed: check does not tell of the memory"; exit 1; } ;; esac
	crashcfg apply || say "apply: status $?"
	[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || try crashcfg load
	stat -c 'guest: image %s bytes' /var/lib/crashcfg/*/capture.img
	case $stack in *_degraded | *-degraded) lose ;; esac
	sync
	say "crashing ($made s until it was made, $((SECONDS - made)) s until it was armed)"
	[[ $row != *@late* ]] || sleep 5
	echo c >/proc/sysrq-trigger
}

collect() {
	local dump want have words
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
	words=
	case $stack in
	*-degraded) words='runs without 1 of its' ;;
	luks-large) words='the key slot takes [0-9]* MB of which' ;;
	esac
	grep -q "$words" "$dump/crash.json" || { say "failed: the manifest lacks '$words'"; cat "$dump/crash.json"; return 1; }
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
	rm -f $key /etc/multipath.conf /etc/lvm/lvmlocal.conf
	sed -i '/^global.system_id_source/d' /etc/lvm/lvm.conf
	udevadm settle
	for disk in "${disks[@]}" "$(disk 1028)"; do
		[ -b "$disk" ] || continue
		wipefs -q -a "$disk"
		dd if=/dev/zero of="$disk" bs=1M count=20 status=none
	done
	udevadm settle
}

# FS-STACK@...
set_row() {
	local row=${1%%@*}
	name=${row%%-*} stack=${row#*-} fs=$name
	[ "$name" != subvol ] || fs=btrfs
	case $1@ in
	*@scsi@*) disks=("$(disk 1030)" "$(disk 1031)") ;;
	*@ahci@*) disks=("$(disk 1032)" "$(disk 1033)") ;;
	*@usb@*) disks=("$(disk 1034)" "$(disk 1035)") ;;
	*) disks=("$(disk 1024)" "$(disk 1025)" "$(disk 1026)" "$(disk 1027)") ;;
	esac
}

# Nothing of the disks may be known from before.
look_again() {
	for device in /sys/block/{vd,sd,nvme}*; do
		[ ! -e "$device/partition" ] && blockdev --rereadpt "/dev/${device##*/}" 2>/dev/null
	done
	udevadm trigger --subsystem-match=block --action=change
	udevadm settle
}

# shellcheck disable=SC2154  # the kernel's command line, by guest-init
wait_for_words() {
	local node
	node=$(disk 1)
	if [ -n "${job_wait:-}" ]; then
		modprobe -q -a dm-mod dm-crypt dm-thin-pool dm-multipath raid0 raid1 raid456 raid10 ext4 xfs btrfs vfat f2fs
		sync
		for device in /sys/block/{vd,sd}*; do blockdev --flushbufs "/dev/${device##*/}"; done
		say "ready"
	fi
	until read -r last row <<<"$(dd if="$node" bs=512 count=1 iflag=direct status=none | tr -d '\0')" && [ -n "$row" ]; do
		sleep 0.3
	done
	[ -z "${job_wait:-}" ] || look_again
	SECONDS=0
}

wait_for_words
if [ "$last" != - ]; then
	set_row "$last"
	(collect)
	take_down
fi
if [ "$row" != - ]; then
	set_row "$row"
	arm
fi
