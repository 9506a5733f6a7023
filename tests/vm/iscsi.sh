#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# iscsi.sh BUILD [ROW ...] - targets on disks that a session with another guest's tgtd brings; the image by dracut.
#
#	open	no secret is wanted		chap	the session proves who it is
#	second	tgtd dies before the crash: a local disk takes the dump, and its record tells why
#	dead	tgtd dies, and there is no other target: a reboot within the deadline
#
# Each row's guest runs `check` and `apply` on itself and crashes; at its next boot the dump must be whole.
set -u
# shellcheck disable=SC2034  # both that are sourced read it
B=$1
shift
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/vm/lib.sh disable=SC1091
. tests/vm/lib.sh
# shellcheck source=tests/vm/guest.sh disable=SC1091
. tests/vm/guest.sh
[ $# -gt 0 ] || set -- open chap second dead
guest_root=${guest_root:-build/guest}
guest_root_have
# shellcheck disable=SC2154  # lib.sh sets it
wire=$work/wire
deadline=120

guest_new server
guest_job tests/vm/iscsi/server || exit 1
# shellcheck disable=SC2154  # lib.sh sets it
server_log=$vm_dir/server
guest_memory=1536M guest_boot "$server_log" 7200 "" \
	-netdev "stream,id=wire,server=on,addr.type=unix,addr.path=$wire" -device virtio-net-pci,netdev=wire,mac=52:54:00:00:00:01 \
	-pidfile "$work/server.pid" &
trap 'kill "$(cat "$work/server.pid")"; rm -rf "$work"' EXIT
for ((i = 0; i < 300; i++)); do
	grep -aq 'server: ready' "$server_log" 2>/dev/null && break
	sleep 1
done
grep -aq 'server: ready' "$server_log" || { tail -20 "$server_log"; echo "FAIL  server: it did not come up"; exit 1; }

client() {	# LOG SECONDS WORDS
	# shellcheck disable=SC2154  # guest_new sets guest
	guest_boot "$1" "$2" "crashkernel=${crashkernel:-320M} job.kind=$name $3" \
		-netdev "stream,id=wire,server=off,addr.type=unix,addr.path=$wire" \
		-device "virtio-net-pci,netdev=wire,mac=52:54:00:00:00:10" \
		-drive "file=$guest/local.img,if=virtio,format=raw,cache=unsafe"
}

judge() {	# what the row showed
	local said
	said=$(grep -a 'guest: failed' "$dir/console" | tail -1 | tr -d '\r')
	if [ "$status" != 0 ] || [ -n "$said" ]; then
		bad "${said:-status $status}"
		return
	fi
	if [ "$name" = dead ]; then
		said=$(grep -aoE '\[ *[0-9.]+\] end: reboot' "$dir/console" | tail -1 | tr -d '[] a-z:')
		if ! grep -aq 'could not be brought up' "$dir/console"; then
			bad "the console does not say that the disk could not be brought up"
		elif [ "${said%.*}" -gt $((deadline + 30)) ]; then
			bad "the reboot came after $said s"
		else
			good "the reboot came after $said s; $size"
		fi
		return
	fi
	client "$dir/console.look" 300 "job.phase=look"
	said=$(grep -aoE 'guest: (whole|failed): .*' "$dir/console.look" | tail -1 | tr -d '\r')
	case $said in
	*whole:*) good "${said#guest: }; $size" ;;
	*) bad "${said:-the next boot said nothing}" ;;
	esac
}

for name; do
	start=$SECONDS
	dir=$vm_dir/$name
	mkdir -p "$dir"
	guest_new "$name"
	guest_job tests/vm/iscsi/client || exit 1
	truncate -s 1G "$guest/local.img"
	client "$dir/console" 900 "job.phase=arm job.timeout=$deadline"
	status=$?
	# shellcheck disable=SC2034  # good and bad tell it
	took=$((SECONDS - start))
	size=$(grep -aoE 'guest: (image|unpacked) [0-9]* bytes' "$dir/console" | cut -d' ' -f2,3 | tr '\n' ' ')
	judge
	# The capture of these stopped the server; the next row wants it again.
	case $name in dead | second) client "$dir/console.start" 120 "job.phase=start" ;; esac
done
sums
