# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# Sourced by suites whose guests run this project on themselves (guest-root.sh makes their disk).
# Wants B (the build folder), guest_root (guest-root.sh's folder) and work (a folder that is removed at the end).
#
#	guest_root_have			makes $guest_root; ends the suite where that cannot be, as skipped where no
#					such root can be made on this machine
#	guest_new NAME			an overlay of the disk, and the folder $guest for its files
#	guest_job FILE ...		what the guest gets: FILE becomes /job/run, the others lie beside it, and
#					crashcfg as `make install` puts it
#	guest_boot LOG SECONDS "WORDS" [QEMU OPTION ...]
#					boot it to its end; WORDS go to the kernel's command line ("crashkernel=192M
#					job.phase=arm").  0: it ended by itself; 124: it was still there
#
# A guest has no network but what the options give it.  It ends by powering off, or by the reset after the capture.

guest_root_lacks() {	# what making one wants and this machine has not
	if [ "$(id -u)" != 0 ]; then
		echo "making a root for its guests takes root"
	elif ! command -v mmdebstrap >/dev/null; then
		echo "there is no mmdebstrap, which makes a root for its guests"
	elif ! apt-get indextargets 2>/dev/null | grep -q '/debian$'; then
		echo "apt-get knows no mirror of Debian, which its guests run"
	fi
}

guest_root_have() {
	local lacks=
	[ -e "$guest_root/disk" ] || lacks=$(guest_root_lacks)
	if [ -n "$lacks" ]; then
		echo "skipped: ${0#"$PWD/"}: $lacks"
	else
		bash "$(dirname "${BASH_SOURCE[0]}")/guest-root.sh" "$guest_root" && return
		failed=$((${failed:-0} + 1))
	fi
	echo "${passed:-0} passed, ${failed:-0} failed"
	[ "${failed:-0}" = 0 ]
	exit
}

guest_new() {
	guest=$work/$1
	rm -rf "$guest"
	mkdir -p "$guest"
	qemu-img create -q -f qcow2 -F raw -b "$(realpath "$guest_root/disk")" "$guest/disk.qcow2"
}

guest_job() {
	local tree=$guest/tree file run=$1
	rm -rf "$tree"
	mkdir -p "$tree/job/job"
	make -s install B="$B" DESTDIR="$tree/job" >/dev/null || return
	# The installed defaults are for a host; a job writes its own.
	rm -f "$tree/job/etc/sysconfig/crashcfg"
	install -D -m 755 "$(dirname "${BASH_SOURCE[0]}")/guest-init" "$tree/job/usr/sbin/guest-init"
	for file; do cp "$file" "$tree/job/job/"; done
	mv "$tree/job/job/$(basename "$run")" "$tree/job/job/run"
	chmod 755 "$tree/job/job/run"
	{
		cat "$guest_root/initrd"
		(cd "$tree" && find job | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -1)
	} >"$guest/initrd"
	rm -rf "$tree"
}

guest_boot() {
	local log=$1 seconds=$2 words=$3
	shift 3
	timeout --foreground -k 5 "$seconds" qemu-system-x86_64 -accel "${guest_accel:-tcg}" -cpu max -m "${guest_memory:-1G}" \
		-smp "${guest_cpus:-1}" -display none -no-user-config -nodefaults -no-reboot -serial "file:$log" \
		-device virtio-rng-pci -drive "file=$guest/disk.qcow2,if=virtio,cache=unsafe" \
		-kernel "$guest_root/vmlinuz" -initrd "$guest/initrd" \
		-append "console=ttyS0,115200 panic=10 net.ifnames=0 $words" "$@" </dev/null >"$log.qemu" 2>&1
}
