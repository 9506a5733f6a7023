# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# Sourced by run.sh.  Dumps to a swap and to a spare partition, collected by the next boot before systemd takes the
# swap: a guest of Debian 12 with systemd, armed by `crashcfg apply` inside it, crashes; then it boots again.
# shellcheck source=tests/vm/guest.sh
. tests/vm/guest.sh

guest_root=${guest_root:-build/guest}
guest_root_have

raw_guest() {	# NAME
	guest_new "$1"
	guest_job tests/vm/raw/job tests/vm/guest-init || exit 1
	mkdir -p "$guest/more/job/usr/sbin" "$guest/more/job/etc/systemd/system/basic.target.wants"
	install -m 755 tests/vm/raw/init "$guest/more/job/usr/sbin/guest-init"
	install -m 644 tests/vm/raw/job.service "$guest/more/job/etc/systemd/system/"
	ln -s ../job.service "$guest/more/job/etc/systemd/system/basic.target.wants/"
	(cd "$guest/more" && find job | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -1) >>"$guest/initrd"
	truncate -s 1G "$guest/raw"
}

raw_boot() {	# PHASE
	guest_boot "$dir/$1" 400 "crashkernel=192M no_timer_check job.phase=$1 job.case=$name systemd.unit=basic.target" \
		-drive "file=$guest/raw,format=raw,if=virtio,cache=unsafe"
}

# A part of it is cut off while the dump is written: QEMU is ended, as the mains would end a machine.
raw_cut() {
	raw_boot arm &
	until grep -aq '] vmcore:' "$dir/arm" 2>/dev/null; do
		kill -0 $! 2>/dev/null || return
		sleep 0.2
	done
	kill "$(pgrep -P $! -x timeout)"
	wait $!
}

said() { grep -aq "^job: $1" "$dir/after"; }

raw_judge() {	# WORDS that the guest must have said, and those that hold for all
	local word problems=()
	for word in "$@" "end" "swap 11111111-2222-4333-8444-555555555555 the swap" \
		"swaps /dev/vdb1 11111111-2222-4333-8444-555555555555 .* 256M" "save success 0" "log [1-9]" \
		"cycles 0" "order Finished crashcfg-save,Adding 262140k swap" \
		"failed *.\$"; do
		said "$word" || problems+=("'$word' was not said")
	done
	grep -aq '^problem' "$dir/after" && grep -a '^problem' "$dir/after" | grep -q 'not yet collected' &&
		problems+=("status still tells of a dump")
	if [ ${#problems[@]} = 0 ]; then
		good "collected before the swap was taken, $(sed -n 's/^job: check //p' "$dir/after" | tr -d '\r')"
	else
		bad "$(printf '%s; ' "${problems[@]}")"
	fi
}

raw_case() {	# NAME
	name=raw-$1 dir=$vm_dir/raw-$1
	mkdir -p "$dir"
	local start=$SECONDS
	name=$1
	raw_guest "$1"
	case $1 in interrupted) raw_cut ;; *) raw_boot arm ;; esac
	# The first header page is destroyed: GPT, so the first partition begins at 1 MiB.
	[ "$1" != damaged ] || dd if=/dev/urandom of="$guest/raw" bs=4096 seek=256 count=1 conv=notrunc status=none
	raw_boot after
	# shellcheck disable=SC2034  # good and bad tell it
	took=$((SECONDS - start))
	name=raw-$1
	case $1 in
	interrupted) raw_judge "state log-only" "check .*the capture was cut off" ;;
	*) raw_judge "state complete" "sha256 good" "vmcore good" ;;
	esac
	rm -rf "$guest"
}

for case in ${raw_cases:-swap swap-path spare damaged interrupted}; do
	raw_case "$case"
done
