#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# floor.sh BUILD [KERNELS] - the smallest crashkernel= at which the capture of a 1 GiB guest succeeds, in steps of 4 MB.
# Halving finds it; the value found must pass twice.  One below it that passes only sometimes does not count.
set -eu
B=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
kernels=${2:-$(echo build/kernels/6.1.*)}

try() {
	if "$B/crashcfg" test --quiet --accel tcg --fs ext4 --memory 1G --kernels "$kernels" --crashkernel "$1M" \
		--timeout 3m >/dev/null 2>&1; then
		echo "floor: $1 MB: the dump arrived"
	else
		echo "floor: $1 MB: no dump"
		return 1
	fi
}
low=64 high=128		# low fails (kexec itself refuses), high works
while ((high - low > 4)); do
	middle=$((low + (high - low) / 4 / 2 * 4))
	if try $middle; then high=$middle; else low=$middle; fi
done
try $high || { echo "floor: $high MB does not hold" >&2; exit 1; }
if try $low; then echo "floor: $low MB holds sometimes only"; fi
echo "floor: smallest crashkernel for ${kernels##*/}, ext4, 1 GiB guest: $high MB"
