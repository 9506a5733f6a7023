#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# floor.sh BUILD [KERNELS] - what the capture needs above the kernel's own floor, in a 1 GiB guest, in steps of 4 MB.
#
# The floor is the smallest crashkernel= at which an init that says one word and resets comes to life, with the command
# line that the peers give the capture kernel.  Ours may lie 4 MB above it for a disk, and 20 MB for NFS and SSH.  With
# BOUNDS=1 it is enough that a dump arrives at that size, which takes one crash in place of six or seven.
set -eu
B=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
kernels=${2:-$(echo build/kernels/6.1.*)}
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-floor.XXXXXX")
trap 'rm -rf "$work"' EXIT

pack() { (cd "$1" && find . | cpio --quiet -o -H newc -R 0:0 | gzip); }
mkdir -p "$work/capture/dev" "$work/host/dev"
${CC:-cc} -static -Os -o "$work/capture/init" tests/bench/floor.c
for side in capture host; do mknod "$work/$side/dev/console" c 5 1; done
cp "$work/capture/init" "$work/host/init"
cp "$(echo "$kernels"/boot/vmlinuz-*)" "$work/host/kernel"
pack "$work/capture" >"$work/host/initrd"
echo "console=ttyS0,115200 irqpoll nr_cpus=1 reset_devices cgroup_disable=memory mce=off numa=off udev.children-max=2 panic=10 \
acpi_no_memhotplug transparent_hugepage=never nokaslr hest_disable novmcoredd cma=0 hugetlb_cma=0" >"$work/host/cmdline"
pack "$work/host" >"$work/initrd"

lives() {	# MB
	timeout 120 qemu-system-x86_64 -accel tcg -cpu max -m 1G -nodefaults -display none -no-reboot -nic none \
		-serial "file:$work/log" -kernel "$work/host/kernel" -initrd "$work/initrd" \
		-append "console=ttyS0,115200 panic=5 crashkernel=$1M" </dev/null >/dev/null 2>&1 || true
	grep -aq 'floor: alive' "$work/log"
}
dead=48 floor=128
lives $floor || { tail -5 "$work/log"; echo "floor.sh: no init lives at $floor MB" >&2; exit 1; }
while [ $((floor - dead)) -gt 4 ]; do
	try=$(((dead + floor) / 2 & ~3))
	if lives $try; then floor=$try; else dead=$try; fi
done
echo "an init that resets at once lives at $floor MB, and not at $dead MB"

bad=0
for row in "ext4 4 --fs ext4" "nfs 20 --target nfs" "ssh 20 --target ssh"; do
	read -r name above options <<<"$row"
	read -ra options <<<"$options --accel tcg --memory 1G --kernels $kernels --json --quiet"
	if [ -n "${BOUNDS:-}" ]; then
		if "$B/crashcfg" test --crashkernel $((floor + above))M "${options[@]}" >"$work/json" 2>"$work/words"; then
			echo "$name: a dump arrives at $((floor + above)) MB, $above MB above"
		else
			bad=1
			echo "$name: no dump at $((floor + above)) MB: WRONG ($(tail -1 "$work/words"))"
		fi
	else
		"$B/crashcfg" estimate --measure "${options[@]}" >"$work/json" 2>"$work/words" || true
		least=$(($(sed -n 's/^  "bytes": \([0-9]*\).*/\1/p' "$work/json") >> 20))
		said="$least MB, $((least - floor)) above"
		if [ $least = 0 ] || [ $((least - floor)) -gt "$above" ]; then bad=1 said="$said: WRONG"; fi
		echo "$name: $said"
	fi
done
exit $bad
