#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# threads.sh BUILD [ROUNDS] - what DUMP_THREADS saves: seconds that the dump took to be written, with one thread and with one
# less than there are processors (2 at least: on two, the capture has to refuse them), in turn, ROUNDS times (5).
#
# By the makedumpfile of Debian's sid, whose threads are sound.  The guest has as many processors as this machine: more
# would share them, and tell nothing.  On fewer than four the figure for four is not measured.  All of memory is
# saved (level 0), so that there is something to share.
set -eu
B=$(cd "$1" && pwd) rounds=${2:-5}
cd "$(dirname "$0")/../.."
cpus=$(nproc)
[ "$cpus" -le 4 ] || cpus=4
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-threads.XXXXXX")
trap 'rm -rf "$work"' EXIT
sh tests/vm/makedumpfile.sh sid >/dev/null
kernel=$(echo build/kernels/6.1.*)
many=$((cpus > 3 ? cpus - 1 : 2))
for threads in 1 $many; do
	root=$work/$threads
	cp -a build/makedumpfile/sid "$root"
	mkdir -p "$root/etc/sysconfig" "$root/usr/sbin"
	cp "$(PATH=$PATH:/usr/sbin:/sbin command -v vmcore-dmesg)" "$root/usr/sbin/"
	echo vm-test >"$root/etc/hostname"
	printf 'DUMP_THREADS="%s"\nDUMP_LEVEL="0"\n' "$threads" >"$root/etc/sysconfig/crashcfg"
done
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
for ((i = 0; i < rounds; i++)); do
	for threads in 1 $many; do
		"$B/crashcfg" test --root "$work/$threads" --kernels "$kernel" --fs ext4 --accel tcg --qemu "-smp $cpus" --memory 1G \
			--crashkernel 192M --json --quiet --output "$work/out" >"$work/json" 2>"$work/words" || { tail -3 "$work/words"; exit 1; }
		sed -n '/"name": "vmcore"/,/seconds/s/.*"seconds": \([0-9.]*\).*/\1/p' "$work/json" | tail -1 >>"$work/$threads.times"
		grep -ao 'makedumpfile works with [0-9]* threads' "$work/out/console.log" | tail -1 >"$work/$threads.said" || true
		rm -rf "$work/out"
	done
done
one=$(median "$work/1.times") more=$(median "$work/$many.times")
said=$(cat "$work/$many.said")
echo "one thread: $one s ($(paste -sd' ' "$work/1.times"))"
echo "$many asked for: $more s ($(paste -sd' ' "$work/$many.times")); ${said:-one was used}"
awk -v a="$more" -v b="$one" -v c="$cpus" -v m="$many" 'BEGIN { r = a / b; printf "%d / one = %.2f on %d processors\n", m, r, c
	if (c < 4) print "four processors: not measured, this machine has fewer"
	exit r > (c < 4 ? 1.05 : 0.65) }'
