# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# shellcheck disable=SC2154
# Sourced by run.sh.  Captures that are hit from outside: by a collector that is another program,
# by a disk that is too small, by a disk that goes away.  Each must end in a reboot within the
# deadline and 30 seconds, with the log saved and a manifest that does not lie.

deadline=45
kernel=$(kernel_root 6.1)

# Did the capture keep what it promises?  $1: states that are true to what happened.  $2: words that the
# record must have for the fault.  A dump that calls itself complete is opened and counted by the test itself.
judge() {
	local state reset want=6 problems=()
	state=$(manifest state)
	reset=$(top capture_to_reset)	# the deadline runs from the capture's start
	case $reset in '' | 0 | 0.0) problems+=("no reset") ;; esac
	reset=${reset%.*}
	[ "$state" != complete ] || want=0
	[ "$status" = "$want" ] || problems+=("exit code $status, not $want")
	[ "${reset:-0}" -le $((deadline + 30)) ] || problems+=("the reset came after $reset s")
	has_file dmesg.txt || problems+=("no dmesg.txt")
	[ "$state" = complete ] || ! has_file vmcore || problems+=("a file called vmcore")
	case " $1 " in *" $state "*) ;; *) problems+=("state '$state', not one of: $1") ;; esac
	[ -z "${2:-}" ] || grep -q '"error": "[^"]*'"$2" "$dir/json" || problems+=("the record has no '$2'")
	if [ ${#problems[@]} = 0 ]; then
		good "reset $reset s after the capture's start, log saved, state '$state'"
	else
		bad "$(printf '%s; ' "${problems[@]}")$(verdict)"
	fi
}

# make_root NAME, with little time for the capture.
hurried_root() {
	local root
	root=$(make_root "$1")
	printf 'DUMP_TIMEOUT="%ss"\n' "$deadline" >"$root/etc/sysconfig/crashcfg"
	echo "$root"
}

# other_collector NAME FAULT: such a root, whose makedumpfile is another program.
other_collector() {
	local root
	root=$(hurried_root "$1")
	rm -f "$root"/usr/*bin/makedumpfile
	mkdir -p "$root/usr/bin"
	${CC:-cc} -O1 -static -DFAULT="$2" -o "$root/usr/bin/makedumpfile" tests/vm/faults/collector.c || exit 1
	echo "$root"
}

collector_fault() {	# NAME FAULT STATES WORDS
	vm_test "$1" --root "$(other_collector "$1" "$2")" --kernels "$kernel" --fs ext4
	judge "$3" "${4:-}"
}

# Where the collector is to blame, a plain copy of memory takes its place.
collector_fault worker-killed KILL_WORKER complete "killed by signal 9"
collector_fault worker-hangs HANG_WORKER "incomplete log-only" "deadline of $deadline s"
collector_fault collector-killed KILL_COLLECTOR complete "killed by signal 9"
collector_fault collector-fails FAIL complete "ended with code 1"
collector_fault collector-lies LIE complete "is not whole"

vm_test disk-full --root "$(hurried_root disk-full)" --kernels "$kernel" --fs ext4 --disk 16M
judge "incomplete log-only" "No space left"

# The disk goes while the dump is written: QEMU takes its backend away, so every access fails from then on.
${CC:-cc} -O1 -o "$work/qmp" tests/vm/faults/qmp.c || exit 1
mkdir -p "$vm_dir/disk-removed"
: >"$vm_dir/disk-removed/words"
(
	until grep -q ' s  vmcore ' "$vm_dir/disk-removed/words"; do
		sleep 0.1
		[ -d "$vm_dir/disk-removed" ] || exit
	done
	"$work/qmp" "$work/qmp.sock" "drive_del scratch" || echo "qmp failed" >>"$vm_dir/disk-removed/words"
) &
vm_test disk-removed --root "$(other_collector disk-removed CRAWL)" --kernels "$kernel" --fs ext4 \
	--qemu "-qmp unix:$work/qmp.sock,server=on,wait=off"
kill $! 2>/dev/null
wait $! 2>/dev/null
judge "saving incomplete log-only"
