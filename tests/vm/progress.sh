#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# progress.sh BUILD - who hears of a capture: a guest crashes and dumps to its disk, another one hears its progress
# by syslog and by netconsole.  The two are joined by a socket and reach nothing else.
set -u
B=$1
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/vm/guest.sh
. tests/vm/guest.sh
# shellcheck disable=SC2034
guest_root=${guest_root:-build/guest}
guest_root_have

wire=$work/wire
guest_new server
guest_job tests/vm/progress/server || exit 1
guest_memory=512M guest_boot "$vm_dir/server" 600 "" -pidfile "$work/server.pid" -device virtio-net-pci,netdev=wire,mac=52:54:00:00:00:01 \
	-netdev "stream,id=wire,server=on,addr.type=unix,addr.path=$wire" &
trap 'kill "$(cat "$work/server.pid")"; rm -rf "$work"' EXIT
for ((i = 0; i < 200; i++)); do
	grep -aq 'server: ready' "$vm_dir/server" && break
	sleep 1
done
name=progress dir=$vm_dir/progress
mkdir -p "$dir"
start=$SECONDS
guest_new client
guest_job tests/vm/progress/client || exit 1
guest_boot "$dir/console" 400 "crashkernel=192M no_timer_check" -device virtio-net-pci,netdev=wire,mac=52:54:00:00:00:10 \
	-netdev "stream,id=wire,server=off,addr.type=unix,addr.path=$wire"
took=$((SECONDS - start))
missing=()
for words in 'syslog: <29>1 20[0-9-]*T[0-9:.]*Z client crashcfg - log - kernel [0-9].* crashed: .*sysrq triggered crash' \
	'syslog: <30>1 .* client crashcfg - vmcore - ' 'syslog: <29>1 .* crashcfg - saved - ' 'syslog: <29>1 .* crashcfg - end - reboot' \
	'netconsole: .*crashcfg: \[.*\] vmcore: ' 'netconsole: .*crashcfg: \[.*\] end: reboot'; do
	grep -aq "$words" "$vm_dir/server" || missing+=("$words")
done
cp "$vm_dir/server" "$dir/server"
grep -aq 'crashcfg: \[.*\] saved: ' "$dir/console" || missing+=("a dump")
if [ ${#missing[@]} = 0 ]; then
	good "syslog heard $(grep -ac 'syslog: <' "$vm_dir/server") lines, netconsole $(grep -ac 'netconsole: .*crashcfg: \[' "$vm_dir/server")"
else
	bad "not heard: $(printf '%s; ' "${missing[@]}")"
fi
sums
