#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# estimate.sh BUILD [ROW ...] - the estimate beside the smallest crashkernel= that works, for guests of several kinds.
#
# The estimate must be at most 48 MB above that, and never below.  With BOUNDS=1 the smallest size itself is not looked
# for: it is enough that the estimate works and that 52 MB less do not, which takes two crashes instead of six or seven.
# ROW: KERNEL-TARGET[-CPUScpu][-MEMORY], "6.1-ext4-4cpu"; TARGET: a file system, nfs or ssh.  Without one, all.
set -u
B=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.." || exit 1
rows=("$@")
[ $# != 0 ] || rows=(6.1-ext4 6.1-xfs 6.1-btrfs 6.1-nfs 6.1-ssh 5.10-ext4 6.12-ext4 6.1-ext4-4cpu 6.1-ext4-4G)
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-estimate.XXXXXX")
trap 'rm -rf "$work"' EXIT
sh tests/vm/kernels.sh 5.10 6.1 6.12 || exit 1

member() { sed -n "s/^  \"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$2"; }
bad=0
printf '%-18s %12s %14s %10s\n' guest estimate 'needs' above
for row in "${rows[@]}"; do
	IFS=- read -ra words <<<"$row"
	memory=1G cpus=1
	for word in "${words[@]:2}"; do
		case $word in *cpu) cpus=${word%cpu} ;; *) memory=$word ;; esac
	done
	case ${words[1]} in nfs | ssh) option=--target ;; *) option=--fs ;; esac
	options=(--accel "${ACCEL:-tcg}" --kernels "$(echo build/kernels/"${words[0]}".*)" "$option" "${words[1]}" --memory "$memory"
		--qemu "-smp $cpus" --json --quiet)
	if [ -n "${BOUNDS:-}" ]; then
		"$B/crashcfg" test "${options[@]}" --crashkernel auto >"$work/json" 2>"$work/words"
		works=$?
		estimate=$(member crashkernel "$work/json") estimate=${estimate%M}
		"$B/crashcfg" test "${options[@]}" --timeout 4m --crashkernel $((estimate - 52))M >"$work/less" 2>"$work/words"
		less=$?
		needs="> $((estimate - 52)) MB" above="<= 48 MB"
		if [ $works != 0 ] || [ $less != 6 ]; then bad=1 above="works $works, 52 MB less $less: WRONG"; fi
	else
		"$B/crashcfg" estimate --measure "${options[@]}" >"$work/json" 2>"$work/words"
		estimate=$(($(member estimate "$work/json") >> 20)) least=$(($(member bytes "$work/json") >> 20))
		needs="$least MB" above="$((estimate - least)) MB"
		if [ "$least" = 0 ] || [ "$estimate" -lt "$least" ] || [ $((estimate - least)) -gt 48 ]; then
			bad=1 above="$above: WRONG"
		fi
	fi
	printf '%-18s %9s MB %14s %10s\n' "$row" "$estimate" "$needs" "$above"
done
exit $bad
