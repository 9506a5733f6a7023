# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# shellcheck disable=SC2154
# Sourced by run.sh.  Captures that are hit from outside: by programs that are others, by disks that are too small, slow,
# broken or gone, by a second panic, by a PID 1 that spins.  Each must end in a reboot within the
# deadline and 30 seconds, with the log saved where anything could take it, no file called vmcore that is not
# whole, and a manifest that names the fault.

kernel=$(kernel_root 6.1)
deadline=45
cut_short=			# the reset comes before the capture's own end, and that is right
slow=${FAULTS_SLOW:-2}		# a quiet machine does with 1, one that is busy with other things wants 3

# Without a word only a few of them run: those that go through most of the ways.
few="worker-killed worker-hangs collector-lies pre-hangs loop-brake disk-full disk-removed"
wanted_fault() {
	local w
	for w in "${want[@]}"; do
		case $w in
		all) case " $few " in *" $1 "*) return 0 ;; esac ;;
		faults | "$1") return 0 ;;
		esac
	done
	return 1
}

# Did the capture keep what it promises?  $1: states that are true to what happened; none: nothing could be
# saved.  $2: words that the record must have for the fault.  A dump that calls itself complete is opened and
# counted by the test itself.
judge() {
	local state reset want=6 problems=()
	state=$(manifest state)
	reset=$(top capture_to_reset)	# the deadline runs from the capture's start
	case $reset in '' | 0 | 0.0) problems+=("no reset") ;; esac
	reset=${reset%.*}
	[ "$state" != complete ] || [ -n "$cut_short" ] || want=0
	[ "$status" = "$want" ] || problems+=("exit code $status, not $want")
	[ "${reset:-0}" -le $((deadline * slow + 30)) ] || problems+=("the reset came after $reset s")
	[ "$1" = none ] || has_file dmesg.txt || problems+=("no dmesg.txt")
	[ "$state" = complete ] || ! has_file vmcore || problems+=("a file called vmcore")
	case " $1 " in *" ${state:-none} "*) ;; *) problems+=("state '$state', not one of: $1") ;; esac
	[ -z "${2:-}" ] || grep -q '"\(error\|check\)": "[^"]*'"$2" "$dir/json" || problems+=("the record has no '$2'")
	[ -z "${3:-}" ] || grep -q "$3" "$dir/out/console.log" || problems+=("the console has no '$3'")
	# shellcheck disable=SC2016
	if [ ${#problems[@]} = 0 ]; then
		good "reset $reset s after the capture's start, state '${state:-none}'${2:+, '$2'}"
	else
		bad "$(printf '%s; ' "${problems[@]}")$(verdict)"
	fi
}

# make_root NAME SETTINGS..., with little time for the capture.
hurried_root() {
	local root
	root=$(make_root "$1")
	shift
	printf '%s\n' "DUMP_TIMEOUT=\"$((deadline * slow))s\"" "$@" >"$root/etc/sysconfig/crashcfg"
	echo "$root"
}

fault() {	# NAME ROOT OPTION...: one crash, if it is wanted
	local case=$1 root=$2
	shift 2
	vm_test "$case" --root "$root" --kernels "$kernel" --memory 512M --crashkernel 128M --fs ext4 "$@"
}

# --- other programs in the image -------------------------------------------------------------------------------

other_program() {	# NAME PROGRAM FAULT SETTINGS...: such a root, whose PROGRAM is another one
	local root name=$1 program=$2 fault=$3
	shift 3
	root=$(hurried_root "$name" "$@")
	rm -f "$root"/usr/*bin/"$program"
	mkdir -p "$root/usr/bin"
	${CC:-cc} -O1 -static -DFAULT="$fault" -o "$root/usr/bin/$program" tests/vm/faults/collector.c || exit 1
	echo "$root"
}

program_fault() {	# NAME PROGRAM FAULT STATES WORDS
	wanted_fault "$1" || return
	fault "$1" "$(other_program "$1" "$2" "$3")"
	judge "$4" "${5:-}"
}

# Where the collector is to blame, a plain copy of memory takes its place.
deadline=90
program_fault worker-hangs makedumpfile HANG_WORKER complete "no progress for"
program_fault worker-killed makedumpfile KILL_WORKER complete "killed by signal 9"
program_fault collector-killed makedumpfile KILL_COLLECTOR complete "killed by signal 9"
program_fault collector-fails makedumpfile FAIL complete "ended with code 1"
program_fault collector-lies makedumpfile LIE complete "is not whole"
program_fault collector-eats-memory makedumpfile EAT complete "killed by signal"
program_fault collector-hangs makedumpfile HANG complete "no progress for"
deadline=45
program_fault log-reader-crashes vmcore-dmesg SEGV complete
program_fault log-reader-hangs vmcore-dmesg HANG complete
program_fault log-reader-kills-worker vmcore-dmesg KILL_WORKER complete

# --- programs of the settings ----------------------------------------------------------------------------------

hook_root() {	# NAME KEY ACT SETTINGS...
	local root name=$1 key=$2 act=$3
	shift 3
	root=$(hurried_root "$name" "$key=\"/opt/hook\"" "$@")
	mkdir -p "$root/opt"
	${CC:-cc} -O1 -static -D_GNU_SOURCE -DACT="$act" -o "$root/opt/hook" tests/vm/faults/hook.c || exit 1
	echo "$root"
}

hook_fault() {	# NAME KEY ACT STATES WORDS OPTION...
	wanted_fault "$1" || return
	fault "$1" "$(hook_root "$1" "$2" "$3")" "${@:6}"
	judge "$4" "${5:-}"
}

deadline=60
hook_fault pre-hangs DUMP_PRE HANG complete "'/opt/hook' did not end within"
hook_fault pre-fails DUMP_PRE FAIL complete "'/opt/hook' ended with code 3"
hook_fault post-hangs DUMP_POST HANG complete "'/opt/hook' did not end within"
hook_fault post-kills-worker DUMP_POST KILL_WORKER complete "killed by signal 9"
hook_fault pre-kills-worker DUMP_PRE KILL_WORKER complete "killed by signal 9"
deadline=45
hook_fault disk-filled DUMP_PRE FILL_DISK "incomplete log-only" "No space left" --disk 256M
cut_short=1
hook_fault second-panic DUMP_PRE PANIC saving
cut_short=
hook_fault reboot-hangs DUMP_PRE HANG_REBOOT complete

if wanted_fault init-spins; then
	fault init-spins "$(hook_root init-spins DUMP_PRE SPIN_INIT 'CAPTURE_WATCHDOG="i6300esb"')" \
		--qemu "-device i6300esb -action watchdog=reset"
	cut_short=1
	if grep -q "Attempted to kill init" "$dir/out/console.log"; then
		bad "PID 1 died where it was to spin"
	else
		judge "complete saving"
	fi
	cut_short=
fi
if wanted_fault loop-brake; then
	fault loop-brake "$(hurried_root loop-brake 'DUMP_LOOP="1/1h"')"
	judge "log-only" "DUMP_LOOP"
fi

# makedumpfile writes a dump and cannot read its log: where a plain copy would not fit either, the dump stays.
if wanted_fault log-unreadable; then
	root=$(other_program log-unreadable makedumpfile NO_LOG 'DUMP_PRE="/opt/makedumpfile"')
	mkdir -p "$root/opt"
	cp "$(command -v makedumpfile || echo /usr/sbin/makedumpfile)" "$root/opt/makedumpfile"
	fault log-unreadable "$root" --disk 96M
	judge incomplete "it is kept, since there is no room for a plain copy"
fi
# Three crashes of one host, whose disk lives on, and whose clock goes back each time.
if wanted_fault third-crash; then
	root=$(hurried_root third-crash)
	options=(--keep --qemu "-rtc base=2026-11-21T12:03:00")
	for crash in 1 2 3; do
		fault third-crash-$crash "$root" "${options[@]}"
		[ $crash != 1 ] || mv "$dir/out/scratch0.img" "$work/third-crash.img"
		options=(--qemu "-rtc base=2026-11-21T12:0$((3 - crash)):00 -set drive.scratch0.file=$work/third-crash.img")
	done
	name=third-crash states=
	for folder in $(debugfs -R "ls -p /var/crash/vm-test" "$work/third-crash.img" 2>/dev/null | grep -o '/20[^/]*/' | sort -r); do
		debugfs -R "cat /var/crash/vm-test${folder}crash.json" "$work/third-crash.img" >"$dir/json" 2>/dev/null
		states+=" $(member '  ' state)"
	done
	if [ "$states" = " complete complete log-only" ] && grep -q '"check": "crash 3 within .*(DUMP_LOOP)"' "$dir/json"; then
		good "states$states"
	else
		bad "states$states"
	fi
	rm -f "$work/third-crash.img"
fi
if wanted_fault recipe-corrupt; then
	root=$(hurried_root recipe-corrupt 'DUMP_PRE="/opt/real-init"')
	mkdir -p "$root/opt" "$work/spoiled"
	cp "$B/capture-init" "$root/opt/real-init"
	cp "$B/crashcfg" "$B/lab-init" "$work/spoiled/"
	${CC:-cc} -O1 -static -o "$work/spoiled/capture-init" tests/vm/faults/spoiler.c || exit 1
	B=$work/spoiled fault recipe-corrupt "$root"
	judge none "" "recipe.json'"
fi

# --- disks -----------------------------------------------------------------------------------------------------

if wanted_fault disk-full; then
	fault disk-full "$(hurried_root disk-full)" --disk 16M
	judge "incomplete log-only" "No space left"
fi
if wanted_fault filter-too-low; then
	fault filter-too-low "$(hurried_root filter-too-low 'DUMP_LEVEL="0"' 'DUMP_COMPRESS="none"')" --disk 96M
	judge "complete" "a dump of level 0 would take more than there is room for: "
fi

# Commands of QEMU's monitor at the moment when WORD stands in the timetable.
sabotage() {	# NAME WORD COMMAND...
	local where=$vm_dir/$1 word=$2
	shift 2
	[ -e "$work/qmp" ] || ${CC:-cc} -O1 -o "$work/qmp" tests/vm/faults/qmp.c || exit 1
	mkdir -p "$where"
	: >"$where/words"
	(
		until grep -q " s  $word " "$where/words"; do
			sleep 0.1
			[ -d "$where" ] || exit
		done
		"$work/qmp" "$work/qmp.sock" "$@" || echo "qmp failed" >>"$where/words"
	) &
	saboteur=$!
}
qmp_socket="-qmp unix:$work/qmp.sock,server=on,wait=off"
end_sabotage() {
	kill "$saboteur" 2>/dev/null
	wait "$saboteur" 2>/dev/null
}

disk_fault() {	# NAME FAULT WORD COMMAND STATES [WORDS [CONSOLE]]: FAULT of the collector, "" none
	wanted_fault "$1" || return
	local root
	if [ -n "$2" ]; then root=$(other_program "$1" makedumpfile "$2"); else root=$(hurried_root "$1"); fi
	sabotage "$1" "$3" "$4"
	fault "$1" "$root" --qemu "$qmp_socket"
	end_sabotage
	judge "$5" "${6:-}" "${7:-}"
}

# From WORD on all that the guest reads, or writes, ends in an I/O error of QEMU's blkdebug.
sick_disk() {	# NAME FAULT WORD read|write STATES [WORDS [CONSOLE]]
	wanted_fault "$1" || return
	local root
	if [ -n "$2" ]; then root=$(other_program "$1" makedumpfile "$2"); else root=$(hurried_root "$1"); fi
	sabotage "$1" "$3" '{"execute":"blockdev-add","arguments":{"driver":"blkdebug","node-name":"sick","image":"bottom",
"inject-error":[{"event":"none","iotype":"'"$4"'","errno":5,"once":false,"immediately":false}]}}' \
		'{"execute":"blockdev-reopen","arguments":{"options":[{"driver":"raw","node-name":"top","file":"sick",
"cache":{"no-flush":true}}]}}'
	fault "$1" "$root" --qemu "$qmp_socket -set drive.scratch0.node-name=top -set drive.scratch0.file.node-name=bottom"
	end_sabotage
	judge "$5" "${6:-}" "${7:-}"
}

# Between the panic and the capture the disk goes, or stays, and another one comes.
new_disk() {	# NAME "COMMAND OF THE MONITOR" DRIVE'S OPTIONS
	local root
	root=$(hurried_root "$1")
	sabotage "$1" panic "$2" "drive_add 0 if=none,id=new,format=raw,$3" "device_add virtio-blk-pci,drive=new,bus=hotport"
	fault "$1" "$root" --qemu "$qmp_socket -device pcie-root-port,id=hotport"
	end_sabotage
}

# QEMU takes the backend away, so every access fails from then on.
disk_fault disk-removed CRAWL vmcore "drive_del scratch0" \
	"saving incomplete log-only"
disk_fault disk-gone-before "" panic "drive_del scratch0" none "" "no target took the log"
# What lay behind the new end is lost, and nobody mounts the rest: that the log was safe before is on the console.
disk_fault disk-shrinks CRAWL vmcore "block_resize scratch0 8M" none "" "dmesg: saved"
disk_fault superblock-lost "" panic 'qemu-io scratch0 "write -P 0 0 1M"' none "" \
	"no target took the log"
disk_fault file-system-corrupt "" panic 'qemu-io scratch0 "write -P 0xa5 4k 8M"' none "" "no target took the log"
sick_disk write-errors CRAWL vmcore write "saving incomplete log-only" "" "Input/output error"
sick_disk write-errors-from-the-start "" panic write none "" "no target took the log"
sick_disk read-errors "" vmcore read "incomplete log-only" "is not whole"
if wanted_fault disk-read-only; then
	new_disk disk-read-only "drive_del scratch0" "readonly=on,file=$vm_dir/disk-read-only/out/scratch0.img"
	judge none "" "no target took the log"
fi
deadline=90
faults_within() {	# the programs, with a capture-init that has faults of its own
	[ -x "$B/vm-faults/capture-init" ] || make -s B="$B" "$B/vm-faults/capture-init" || exit 1
	mkdir -p "$work/tools"
	cp "$B/crashcfg" "$B/lab-init" "$B/vm-faults/capture-init" "$work/tools/"
}
for act in SEGV HANG; do
	wanted_fault "prober-$act" || continue
	faults_within
	{ printf %s $act; head -c 1M /dev/zero; } >"$work/poison"
	B=$work/tools new_disk "prober-$act" "info version" "file=$work/poison"
	judge complete "" "the worker was killed by signal 11\|no progress for"
done
for act in hash rename; do
	wanted_fault "killed-at-$act" || continue
	faults_within
	root=$(hurried_root "killed-at-$act" "DUMP_PRE=\"/opt/die-at-$act\"")
	mkdir -p "$root/opt"
	printf 'int main(void) { return 0; }\n' | ${CC:-cc} -static -x c -o "$root/opt/die-at-$act" - || exit 1
	B=$work/tools fault "killed-at-$act" "$root"
	cut_short=$([ $act = rename ] || echo 1)	# without a hash it is no whole dump to the test itself
	judge complete "killed by signal 9"
	cut_short=
done
deadline=45
disk_fault disk-slow "" panic "block_set_io_throttle scratch0 0 0 100000 0 0 0" \
	"incomplete log-only saving" "deadline of"

# --- a machine with UEFI, whose disk is gone: the log is in its variables --------------------------------------

if wanted_fault efi-variables && [ ! -e /usr/share/OVMF/OVMF_CODE_4M.fd ]; then
	echo "skip  efi-variables: no UEFI for guests is installed (package ovmf)"
elif wanted_fault efi-variables; then
	root=$(hurried_root efi-variables)
	mkdir -p "$root/sys/firmware/efi/efivars"
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars.fd"
	sabotage efi-variables panic "drive_del scratch0"
	fault efi-variables "$root" --qemu "$qmp_socket -drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd -drive if=pflash,unit=1,format=raw,file=$work/vars.fd"
	end_sabotage
	# Names are UTF-16 in the store, texts as they are.
	if grep -qa "crashcfg-log 1 0 " "$work/vars.fd" && grep -qa "Kernel panic - not syncing" "$work/vars.fd"; then
		judge none "" "no target took the log: its end is in EFI variables"
	else
		bad "the store holds no log; $(verdict)"
	fi
fi
