#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# status.sh BUILD [RUNS] - how long `crashcfg status` and an `apply` with nothing to do take; medians of RUNS (31)
# whole processes, by the clock and in CPU time.  The bounds are 10 and 20 ms by the clock on a quiet machine; the CPU
# time is what this script judges, since it holds on a busy one.
#
# The system is tests/roots/debian12-grub with a real kernel of build/kernels (tests/vm/kernels.sh unpacks them), this
# machine's makedumpfile and the sysfs of a virtio disk: the image is planned, built and hashed as on a host.
# A part that changes while its modification time and size stay must be noticed.
set -eu
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
B=$(cd "$1" && pwd) runs=${2:-31}
crashcfg=$B/crashcfg
kernel=$(find "$top/build/kernels" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort -V | tail -1)
[ -n "$kernel" ] || { echo "status.sh: no kernel below build/kernels; tests/vm/kernels.sh unpacks some" >&2; exit 1; }
release=${kernel##*/}
mkdir -p "$B/bench"
root=$(mktemp -d "$B/bench/status.XXXXXX")
trap 'rm -rf "$root"' EXIT

# --- the system --------------------------------------------------------------------------------------------------
cp -a "$top/tests/roots/debian12-grub/root/." "$root/"
rm -rf "$root"/boot/vmlinuz* "$root"/boot/initrd* "$root"/lib/modules
mkdir -p "$root/lib/modules" "$root/etc/sysconfig"
# Links, not copies: some hundred megabytes of modules.
cp -al "$kernel/boot/." "$root/boot/"
cp -al "$kernel/lib/modules/." "$root/lib/modules/"
echo "$release" >"$root/proc/sys/kernel/osrelease"
echo 'CRASHKERNEL="256M"' >"$root/etc/sysconfig/crashcfg"

for program in makedumpfile vmcore-dmesg; do
	path=$(PATH=$PATH:/usr/sbin:/sbin command -v $program) || { echo "status.sh: needs $program" >&2; exit 1; }
	{ echo "$path"; ldd "$path" | grep -o '/[^ ]*'; } | while read -r file; do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
done

disk=devices/pci0000:00/0000:00:01.0/virtio1/block/vda
mkdir -p "$root/sys/$disk/vda1" "$root/sys/class/block" "$root/sys/dev/block" "$root/sys/module/virtio_blk" \
	"$root/sys/bus/virtio/drivers/virtio_blk" "$root/run/udev/data"
echo 254:0 >"$root/sys/$disk/dev"
echo 254:1 >"$root/sys/$disk/vda1/dev"
echo 1 >"$root/sys/$disk/vda1/partition"
echo 2097152 | tee "$root/sys/$disk/size" >"$root/sys/$disk/vda1/size"
echo 'virtio:d00000002v00001AF4' >"$root/sys/${disk%/block/vda}/modalias"
echo live >"$root/sys/module/virtio_blk/initstate"
ln -s ../../../../module/virtio_blk "$root/sys/bus/virtio/drivers/virtio_blk/module"
ln -s ../../../../bus/virtio/drivers/virtio_blk "$root/sys/${disk%/block/vda}/driver"
ln -s ../../$disk "$root/sys/class/block/vda"
ln -s ../../$disk/vda1 "$root/sys/class/block/vda1"
ln -s ../../$disk "$root/sys/dev/block/254:0"
ln -s ../../$disk/vda1 "$root/sys/dev/block/254:1"
uuid=$(sed -n 's,^UUID=\([^ ]*\) */ .*,\1,p' "$root/etc/fstab")
printf 'S:disk/by-uuid/%s\nE:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=ext4\nE:ID_FS_UUID_ENC=%s\n' "$uuid" "$uuid" \
	>"$root/run/udev/data/b254:1"

# --- what is measured --------------------------------------------------------------------------------------------
apply() { "$crashcfg" apply --root "$root" --detailed-exitcode "$@"; }
status=0
apply || status=$?
[ -e "$root/var/lib/crashcfg/$release/capture.img" ] || { echo "status.sh: no image was built" >&2; exit 1; }
sleep 3		# hashes of files that changed just now are not kept
apply --quiet || status=$?

median() { sort -n | sed -n "$(((runs + 1) / 2))p"; }

TIMEFORMAT='%R %U %S'
slow=0
measure() {	# measure BOUND NAME COMMAND...
	local bound=$1 name=$2 clock cpu i
	shift 2
	for ((i = 0; i < runs; i++)); do
		{ time "$@" >/dev/null 2>&1; } 2>&1 || true
	done >"$root/times"
	clock=$(awk '{ print $1 * 1000 }' "$root/times" | median)
	cpu=$(awk '{ print ($2 + $3) * 1000 }' "$root/times" | median)
	printf '%-28s median %3d ms, of CPU time %3d ms (bound %d ms)\n' "$name" "$clock" "$cpu" "$bound"
	[ "$cpu" -lt "$bound" ] || slow=1
}
measure 10 'status' "$crashcfg" status --root "$root"
measure 20 'apply with nothing to do' "$crashcfg" apply --root "$root"

# --- what must be noticed ----------------------------------------------------------------------------------------
program=$root$(PATH=$PATH:/usr/sbin:/sbin command -v makedumpfile)
touch -r "$program" "$root/stamp"
printf 'X' | dd of="$program" bs=1 seek=$(($(stat -c %s "$program") - 1)) conv=notrunc status=none
touch -r "$root/stamp" "$program"
status=0
apply --check >"$root/said" 2>&1 || status=$?
if [ $status = 10 ] && grep -q 'capture.img: an input of the image changed' "$root/said"; then
	echo "a changed part with its old modification time and size: noticed"
else
	echo "status.sh: a changed part was not noticed (exit $status)" >&2
	cat "$root/said" >&2
	exit 1
fi
[ $slow = 0 ] || { echo "status.sh: slower than the bound" >&2; exit 1; }
