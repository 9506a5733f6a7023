#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# floor.sh BUILD [KERNELS] - the smallest crashkernel= at which the capture of a 1 GiB guest succeeds, in steps of 4 MB.
# Halving finds it; the value found must pass twice.  One below it that passes only sometimes does not count.
set -eu
B=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
kernels=${2:-$(echo build/kernels/6.1.*)}

step=4			# MB; low and high count in steps
try() {
	local mb=$(($1 * step))
	if "$B/crashcfg" test --quiet --accel tcg --fs ext4 --memory 1G --kernels "$kernels" --crashkernel "${mb}M" \
		--timeout 3m >/dev/null 2>&1; then
		echo "floor: $mb MB: the dump arrived"
	else
		echo "floor: $mb MB: no dump"
		return 1
	fi
}
low=16 high=32		# low fails (kexec itself refuses), high works
while ((high - low > 1)); do
	middle=$(((low + high) / 2))
	if try $middle; then high=$middle; else low=$middle; fi
done
try $high || { echo "floor: $((high * step)) MB does not hold" >&2; exit 1; }
if try $low; then echo "floor: $((low * step)) MB holds sometimes only"; fi
echo "floor: smallest crashkernel for ${kernels##*/}, ext4, 1 GiB guest: $((high * step)) MB"
