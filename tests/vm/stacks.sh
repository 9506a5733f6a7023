#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# stacks.sh BUILD [few | FS-STACK[@DISKS][@4cpus][@late] ...] - what a target may lie on.
#
# For each row a guest makes the stack on its disks, runs `check` and `apply` on itself and crashes; after that the guest
# of the next row finds the dump whole: manifest, sha256, log.  DISKS: virtio, nvme, ahci, scsi or usb.
# "late": the disk is away when the capture begins, and comes seconds later, under another name.  "few": every file
# system and every layer at least once.  Without a word, all.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$1
shift
few=(xfs-lvm-raid1 subvol-luks ext4-thin-raid5 btrfs-partition@nvme@4cpus vfat-partition@usb f2fs-multipath)
rows=()
for stack in partition lvm thin raid1 raid5 luks; do
	for fs in ext4 xfs btrfs subvol; do rows+=("$fs-$stack"); done
done
rows+=(ext4-disk ext4-bind vfat-disk f2fs-disk ext4-raid0 ext4-raid10 ext4-raid1-degraded ext4-raid5-degraded
	ext4-mirror ext4-lvm-owned ext4-luks1 ext4-luks-argon2 ext4-luks-argon2@4cpus ext4-luks-large ext4-lvm-luks ext4-luks-raid1 ext4-multipath
	ext4-partition@ahci xfs-lvm@scsi ext4-partition@usb ext4-raid1@nvme ext4-lvm@4cpus ext4-partition@scsi@late "${few[@]}")
case ${1:-} in
'') ;;
few) rows=("${few[@]}") ;;
*) rows=("$@") ;;
esac
guest_root=build/guest
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-stacks.XXXXXX")
helper=
trap '[ -z "$helper" ] || kill $helper 2>/dev/null; rm -rf "$work"' EXIT
logs=$B/vm-stacks
mkdir -p "$logs"
# shellcheck source=tests/vm/guest.sh disable=SC1091
. tests/vm/guest.sh
guest_root_have

passed=0 failed=0
# verdict ROW LOG: what the boot after ROW said of its dump.
verdict() {
	local words size
	words=$(grep -aoE 'guest: (whole|failed): .*' "$2" 2>/dev/null | head -1 | sed 's/^.*guest: //')
	size=$(grep -ao 'guest: image [0-9]*' "$logs/$1.log" | tail -1)
	if [[ $words = whole:* ]]; then
		passed=$((passed + 1))
		words=${words#whole: }
		echo "ok    $1: dump of ${words%% bytes*} bytes, ${size#guest: } [$took s]"
	else
		failed=$((failed + 1))
		echo "FAIL  $1: ${words:-its boot said nothing}; logs: $logs/$1.log $2"
	fi
}

# put_disks KIND: sets disks.  The guest tells them apart by their sizes, whatever their names.
put_disks() {
	local disk n
	disks=(-device "virtio-scsi-pci,id=hba" -device "virtio-scsi-pci,id=path0" -device "virtio-scsi-pci,id=path1"
		-device "ahci,id=ahci" -device "qemu-xhci,id=usb")
	for disk in $images; do
		disks+=(-blockdev "driver=raw,node-name=$disk,file.driver=file,file.filename=$guest/$disk.img,cache.no-flush=on")
	done
	for disk in b c d e; do
		if [ "$1" = nvme ]; then
			disks+=(-device "nvme,drive=$disk,serial=$disk")
		else
			disks+=(-device "virtio-blk-pci,drive=$disk")
		fi
	done
	# One disk by two paths.
	for n in 0 1; do
		disks+=(-device "scsi-hd,bus=path$n.0,drive=a,serial=one,wwn=0x5000c50015ea71ac,share-rw=on"
			-device "scsi-hd,bus=hba.0,drive=scsi$n,id=scsi$n" -device "ide-hd,bus=ahci.$n,drive=ahci$n"
			-device "usb-storage,bus=usb.0,drive=usb$n,id=usb$n")
	done
	disks+=(-device "virtio-blk-pci,drive=words" -monitor "pipe:$guest/monitor")
}

# wait_for LOG WORDS
wait_for() {
	until grep -aq "$2" "$1" 2>/dev/null; do sleep 0.5; done
}

# come_late LOG: takes the disk away at the crash; when the capture is up, another one takes its name before it comes back.
come_late() {
	wait_for "$1" 'guest: crashing'
	echo "device_del scsi0" >"$guest/monitor.in"
	wait_for "$1" 'crashcfg: .* up: '
	sleep 5
	echo "device_add scsi-hd,bus=hba.0,drive=decoy,id=decoy" >"$guest/monitor.in"
	sleep 1
	echo "device_add scsi-hd,bus=hba.0,drive=scsi0,id=scsi0" >"$guest/monitor.in"
}

# keep_state LOG: when the guest has come up, all of it goes to a file, and it ends.  It stands still meanwhile: of one that
# runs on, QEMU without KVM may lose a page.
keep_state() {
	wait_for "$1" 'guest: ready'
	printf '%s\n' stop "migrate_set_parameter max-bandwidth 10G" "migrate \"exec:cat >$guest/state\"" quit >"$guest/monitor.in"
}

# Booting takes most of a row's time where nothing is accelerated: all rows but those with hardware of their own go on
# from one guest that came up and waits for its words.
begin() {
	local log=$logs/begin.log
	rm -f "$log"
	put_disks virtio
	keep_state "$log" &
	helper=$!
	# That it stood still is not kept, so it goes on wherever it is taken up.
	guest_boot "$log" 900 "$words job.wait=1" "${disks[@]}" -global migration.store-global-state=off
	kill $helper 2>/dev/null
	helper=
	mv "$guest/disk.qcow2" "$guest/begun.qcow2"
	[ -s "$guest/state" ] || { tail -20 "$log" "$log.qemu"; echo "FAIL  the guest did not come up; log: $log"; exit 1; }
}

# boot ROW LOG: with the disks that ROW wants.
boot() {
	local kind=virtio more=(-incoming "exec:cat $guest/state")
	guest_cpus=1
	[[ $1 != *@4cpus* ]] || guest_cpus=4 more=()
	[[ $1 != *@nvme* ]] || kind=nvme more=()
	put_disks $kind
	[[ $1 != *@late* ]] || { come_late "$2" & helper=$!; }
	qemu-img create -q -f qcow2 -F qcow2 -b "$guest/begun.qcow2" "$guest/disk.qcow2"
	truncate -s 0 "$guest/words.img"
	echo "${last:--} ${1:--}" >"$guest/words.img"
	truncate -s 1M "$guest/words.img"
	guest_boot "$2" "${SECONDS_EACH:-600}" "$words" "${disks[@]}" "${more[@]}"
	[ -z "$helper" ] || kill "$helper" 2>/dev/null
	helper=
}

guest_new stacks	# sets guest
guest_job tests/vm/stacks-guest.sh || exit 1
# shellcheck disable=SC2154
mkfifo "$guest/monitor.in" "$guest/monitor.out"
words="crashkernel=256M quiet loglevel=4"
images="b c d e a decoy scsi0 scsi1 ahci0 ahci1 usb0 usb1 words"
size=1024
for disk in $images; do
	truncate -s ${size}M "$guest/$disk.img"
	size=$((size + 1))
done
truncate -s 1M "$guest/words.img"
begin
last='' took=0
for row in "${rows[@]}" ''; do
	log=$logs/${row:-end}.log
	rm -f "$log"
	start=$SECONDS
	boot "$row" "$log"
	[ -z "$last" ] || verdict "$last" "$log"
	took=$((SECONDS - start)) last=$row
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
