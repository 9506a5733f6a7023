#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh BUILD [matrix | log-only | hosts | faults | lab | raw | shrink | CASE ...] - the main job: kernels that crash in QEMU
#
# matrix: each of Debian's kernels 5.10, 6.1 and 6.12 with a dump to ext4, xfs and btrfs; a CASE is
# one of them, "6.1-xfs", or one of the faults.  log-only: DUMP_LEVEL="log".  hosts, faults, lab, raw, shrink: see hosts.sh and so on.
# Without a word, each kernel and each file system once, and a few of the others.  A case is one run of `crashcfg test`, as an admin would type it; its log
# stays in BUILD/vm when it fails.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$1
shift
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

want=("${@:-all}")
series=(5.10 6.1 6.12)
types=(ext4 xfs btrfs)
once=" 5.10-ext4 6.1-xfs 6.12-btrfs "	# of the matrix, what runs without a word; hosts has three others

wanted() {
	local w
	for w in "${want[@]}"; do
		[ "$w" = all ] || [ "$w" = "$1" ] || [ "$w" = "$2" ] && return 0
	done
	return 1
}

sh tests/vm/kernels.sh "${series[@]}" || exit 1
for s in "${series[@]}"; do
	for fs in "${types[@]}"; do
		[ "${want[*]}" != all ] || [[ $once = *" $s-$fs "* ]] || continue
		wanted matrix "$s-$fs" || continue
		vm_test "$s-$fs" --kernels "$(kernel_root "$s")" --fs "$fs"
		if [ "$status" = 0 ] && [ "$(top pass)" = true ]; then
			good "$(verdict)"
		else
			bad "$(verdict)"
		fi
	done
done
if wanted log-only log-only; then
	root=$(make_root log-only)
	echo 'DUMP_LEVEL="log"' >"$root/etc/sysconfig/crashcfg"
	vm_test log-only --root "$root" --kernels "$(kernel_root 6.1)" --fs ext4
	if [ "$status" = 0 ] && [ "$(manifest state)" = log-only ] && has_file dmesg.txt && ! has_file vmcore; then
		good "$(verdict)"
	else
		bad "$(verdict)"
	fi
fi
if wanted hosts hosts; then
	# shellcheck source=tests/vm/hosts.sh
	. tests/vm/hosts.sh
fi
# shellcheck source=tests/vm/faults.sh
. tests/vm/faults.sh
# shellcheck source=tests/vm/lab.sh
. tests/vm/lab.sh
# What wants mmdebstrap and a mirror, and takes a quarter of an hour: by its name only.
case " ${want[*]} " in
*" raw "*)
	# shellcheck source=tests/vm/raw.sh
	. tests/vm/raw.sh
	;;
esac
case " ${want[*]} " in
*" shrink "*)
	# shellcheck source=tests/vm/shrink.sh
	. tests/vm/shrink.sh
	;;
esac
sums
