#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# stacks.sh BUILD [FS-STACK ...] - what a target may lie on.  For each row a guest makes the stack on its disks, runs
# `check` and `apply` on itself, crashes, and at its next boot, which belongs to the next row, finds the dump whole:
# manifest, sha256, log.  Without a row, all.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$1
shift
rows=(ext4-disk ext4-partition ext4-bind btrfs-subvolume vfat-disk f2fs-disk
	ext4-lvm xfs-lvm btrfs-lvm ext4-thin xfs-thin ext4-mirror
	ext4-raid0 ext4-raid1 xfs-raid5 btrfs-raid1 ext4-raid10 ext4-raid1-degraded ext4-raid5-degraded
	ext4-luks xfs-luks ext4-luks1 ext4-luks-argon2 ext4-lvm-luks ext4-luks-raid1 xfs-lvm-raid1 ext4-multipath)
[ $# = 0 ] || rows=("$@")
guest_root=build/guest
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-stacks.XXXXXX")
trap 'rm -rf "$work"' EXIT
logs=$B/vm/stacks
mkdir -p "$logs"
# shellcheck source=tests/vm/guest.sh disable=SC1091
. tests/vm/guest.sh
bash tests/vm/guest-root.sh $guest_root lvm2 thin-provisioning-tools mdadm cryptsetup-bin multipath-tools dosfstools \
	f2fs-tools btrfs-progs xfsprogs fdisk || exit 1

passed=0 failed=0
# verdict ROW LOG: what the boot after ROW said of its dump.
verdict() {
	local words size
	words=$(grep -aoE 'guest: (whole|failed): .*' "$2" 2>/dev/null | head -1 | sed 's/^.*guest: //')
	size=$(grep -ao 'guest: image [0-9]*' "$logs/$1.log" | tail -1)
	if [[ $words = whole:* ]]; then
		passed=$((passed + 1))
		words=${words#whole: }
		echo "ok    $1: dump of ${words%% bytes*} bytes, ${size#guest: }"
	else
		failed=$((failed + 1))
		echo "FAIL  $1: ${words:-its boot said nothing}; logs: $logs/$1.log $2"
	fi
}

guest_new stacks	# sets guest
guest_job tests/vm/stacks-guest.sh || exit 1
# shellcheck disable=SC2154
for disk in a b c d e; do
	truncate -s 1G "$guest/$disk.img"
done
disks=()
for disk in b c d e; do
	disks+=(-drive "file=$guest/$disk.img,if=virtio,format=raw,cache=unsafe")
done
# One disk by two paths.
disks+=(-device "virtio-scsi-pci,id=hba0" -device "virtio-scsi-pci,id=hba1")
for path in 0 1; do
	disks+=(-drive "file=$guest/a.img,if=none,id=path$path,format=raw,cache=unsafe,file.locking=off"
		-device "scsi-hd,bus=hba$path.0,drive=path$path,serial=one,wwn=0x5000c50015ea71ac,share-rw=on")
done
last=
for row in "${rows[@]}" ''; do
	log=$logs/${row:-end}.log
	guest_boot "$log" "${SECONDS_EACH:-600}" "crashkernel=256M quiet loglevel=4 job.last=$last job.row=$row" "${disks[@]}"
	[ -z "$last" ] || verdict "$last" "$log"
	last=$row
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
