#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# image.sh BUILD [RUNS] - sizes of the capture images for a virtio disk, and what making them takes.
#
# For every kernel below build/kernels (tests/vm/kernels.sh unpacks them) and ext4, xfs, btrfs, nfs and ssh:
# the median of RUNS (5) for each time.  "plan" finds out and hashes all inputs: cold without a cache of
# hashes, warm with one, as in `crashcfg status` and an `apply` that has nothing to do.  "build" packs the
# image with the files in the page cache; its CPU time is that of all threads.
# The limits: ext4 3.5 MB packed, 10 MB unpacked; xfs and btrfs 5 MB; nfs 6 MB, ssh 7 MB; plan warm and build 0.2 s together.

set -eu
B=$(realpath --relative-to="$(dirname "$0")/../.." "$1") runs=${2:-5}
cd "$(dirname "$0")/../.."

make -s B="$B" "$B/capture-init" "$B/tests/unit/image/kernels"
for ((i = 0; i < runs; i++)); do
	BENCH=1 "$B/tests/unit/image/kernels" 2>/dev/null
done | awk '
	function median(what, k,	i, j, v, t) {
		for (i = 1; i <= runs[k]; i++) {
			v[i] = what[k, i]
			for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
		}
		return v[int((runs[k] + 1) / 2)]
	}
	$1 == "BENCH" {
		key = sprintf("%-24s %-6s", $2, $3)
		if (!(key in packed))
			order[n++] = key
		packed[key] = $5; unpacked[key] = $7; modules[key] = $9
		r = ++runs[key]
		cold[key, r] = $11; warm[key, r] = $13; build[key, r] = $15; cpu[key, r] = $17
	}
	END {
		if (!n) {
			print "image.sh: no kernel below build/kernels, or no makedumpfile, or no vmcore-dmesg"
			exit 1
		}
		printf "%-24s %-6s %9s %9s %8s %10s %10s %9s %9s\n", "kernel", "fs", "packed MB", "unpacked",
		       "modules", "plan cold", "plan warm", "build ms", "cpu ms"
		for (i = 0; i < n; i++) {
			k = order[i]
			printf "%s %9.2f %9.2f %8d %10.1f %10.2f %9.1f %9.1f\n", k, packed[k] / 1048576,
			       unpacked[k] / 1048576, modules[k], median(cold, k), median(warm, k), median(build, k), median(cpu, k)
		}
	}'
