#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# collectors.sh BUILD [ROW ...] - makedumpfile's versions: threads where they are sound, and kernels that are newer than it.
# Each row is one crash by `crashcfg test`, which reads every page of the dump.  Debian 12's makedumpfile is this
# machine's; the newer one comes from Debian's sid.
set -u
# shellcheck disable=SC2034
B=$1
shift
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

rows=(threads threads-few-cpus threads-refused old-6.12 old-7.2 new-7.2)
[ $# = 0 ] || rows=("$@")
sh tests/vm/kernels.sh 6.1 6.12 || exit 1

# A root with sid's makedumpfile.
new_root() {
	local root=$work/$1
	sh tests/vm/makedumpfile.sh sid >&2 || exit 1
	cp -a build/makedumpfile/sid "$root"
	mkdir -p "$root/etc/sysconfig" "$root/usr/sbin"
	cp "$(PATH=$PATH:/usr/sbin:/sbin command -v vmcore-dmesg)" "$root/usr/sbin/"
	echo vm-test >"$root/etc/hostname"
	echo "$root"
}

# check_says ROOT KERNEL: what `check` warns of where that kernel is installed.
check_says() {
	local check_root=$work/check
	rm -rf "$check_root"
	cp -a "$1" "$check_root"
	mkdir -p "$check_root/boot"
	touch "$check_root/boot/vmlinuz-$(basename "$2")"
	"$B/crashcfg" check --root "$check_root" 2>&1
}

# judge WORDS-THAT-CHECK-SAYS|"" WORDS-ON-THE-CONSOLE|"" LEVEL WORDS-THAT-ARE-NOT-THERE|""
judge() {
	local problems=() console=$dir/out/console.log
	[ "$status" = 0 ] && [ "$(top pass)" = true ] || problems+=("$(verdict)")
	[ -z "$1" ] || grep -q "$1" <<<"$said" || problems+=("check did not say '$1'")
	[ -n "$1" ] || [[ $said != *warning* ]] || problems+=("check said '$said'")
	[ -z "$2" ] || grep -aq "$2" "$console" || problems+=("'$2' was not said")
	[ -z "$4" ] || ! grep -aq "$4" "$console" || problems+=("'$4' was said")
	[ "$(manifest dump_level)" = "$3" ] || problems+=("the level is $(manifest dump_level), not $3")
	if [ ${#problems[@]} = 0 ]; then good "$(verdict)"; else bad "$(printf '%s; ' "${problems[@]}")"; fi
}

for row in "${rows[@]}"; do
	case $row in
	*7.2)
		# Apart from the others, of which some suites take the newest.
		mkdir -p build/kernels-new
		sh tests/vm/kernels.sh -d build/kernels-new 7.2 || exit 1
		kernel=$(echo build/kernels-new/7.2.*)
		;;
	*6.12) kernel=$(kernel_root 6.12) ;;
	*) kernel=$(kernel_root 6.1) ;;
	esac
	case $row in
	threads | threads-few* | new-*) root=$(new_root "$row") || exit 1 ;;
	*) root=$(make_root "$row") ;;
	esac
	threads=auto cpus=2
	case $row in
	threads) threads=2 cpus=4 ;;
	threads-few*) threads=2 ;;
	threads-refused) threads=4 cpus=4 ;;
	esac
	echo "DUMP_THREADS=\"$threads\"" >"$root/etc/sysconfig/crashcfg"
	# shellcheck disable=SC2086
	said=$(check_says "$root" $kernel)
	# shellcheck disable=SC2086
	vm_test "$row" --root "$root" --kernels $kernel --fs ext4 --qemu "-smp $cpus" ${memory:+--crashkernel $memory}
	case $row in
	threads) judge "" "makedumpfile works with 2 threads" 31 "failed: " ;;
	threads-few*) judge "" "" 31 "makedumpfile works with" ;;
	threads-refused) judge "DUMP_THREADS.*so one is used" "" 31 "makedumpfile works with" ;;
	old-*) judge "DUMP_LEVEL.*knows kernels up to .* dumps have level 23" "" 23 "failed: " ;;
	new-*)
		# What sid has today; 1.7.9 does not know 7.1 either.
		case $(sh tests/vm/makedumpfile.sh sid) in
		*1.7.[89]) judge "dumps have level 23" "" 23 "failed: " ;;
		*) judge "" "" 31 "failed: " ;;
		esac
		;;
	esac
	rm -rf "$root"
done
sums
