#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net.sh BUILD [KIND-NETWORK ...] - dumps by the network: a guest crashes, another one takes its dump and looks at it.
#
# The two are joined by a socket and reach nothing else.  Each row is a target's kind and a network: the guest that
# crashes has set that network up by ip(8), and crashcfg finds the way out.  guest_root: see guest-root.sh.
set -u
B=$1
shift
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib.sh
. tests/vm/guest.sh
guest_root=${guest_root:-build/guest}
all="nfs4-static ssh-static nfs3-static nfs4-dhcp ssh-dhcp nfs4-ipv6 ssh-ipv6 nfs4-vlan ssh-vlan nfs4-bond ssh-bond
nfs4-bridge ssh-bridge nfs4-router ssh-router nfs3-dhcp nfs3-ipv6 nfs3-vlan nfs3-bond nfs3-bridge nfs3-router sftp-static"
bash tests/vm/guest-root.sh "$guest_root" nfs-kernel-server openssh-server openssh-client dhcpcd-base || exit 1

wire=$work/wire
ssh-keygen -q -t ed25519 -N '' -C test -f "$work/key"
ssh-keygen -q -t ed25519 -N '' -C test -f "$work/hostkey"

guest_new server
guest_job tests/vm/net/server "$work/key.pub" "$work/hostkey"
server_log=$vm_dir/server
(guest_memory=1G guest_boot "$server_log" 7200 "" \
	-netdev "stream,id=wire,server=on,addr.type=unix,addr.path=$wire" -device virtio-net-pci,netdev=wire,mac=52:54:00:00:00:01 \
	-pidfile "$work/server.pid") &
trap 'kill "$(cat "$work/server.pid")"; rm -rf "$work"' EXIT
wait_for() {	# LOG WORDS SECONDS
	local i
	for ((i = 0; i < $3; i++)); do
		grep -aq "$2" "$1" 2>/dev/null && return
		sleep 1
	done
	return 1
}
if ! wait_for "$server_log" "server: ready" 300; then
	tail -20 "$server_log"
	echo "FAIL  server: it did not come up"
	exit 1
fi

guest_new client
guest_job tests/vm/net/client "$work/key" "$work/hostkey.pub"
cp "$guest/initrd" "$work/client.initrd"

for name in ${*:-$all}; do
	start=$SECONDS
	dir=$vm_dir/$name
	mkdir -p "$dir"
	guest_new client
	cp "$work/client.initrd" "$guest/initrd"
	nics=(-netdev "stream,id=wire,server=off,addr.type=unix,addr.path=$wire")
	case $name in
	*-bond)
		nics+=(-netdev hubport,id=h0,hubid=0,netdev=wire -netdev hubport,id=h1,hubid=0 -netdev hubport,id=h2,hubid=0
			-device virtio-net-pci,netdev=h1,mac=52:54:00:00:00:11 -device virtio-net-pci,netdev=h2,mac=52:54:00:00:00:12)
		;;
	*) nics+=(-device "virtio-net-pci,netdev=wire,mac=52:54:00:00:00:10") ;;
	esac
	guest_boot "$dir/console" 600 "crashkernel=${crashkernel:-192M} job.kind=$name" "${nics[@]}"
	status=$?
	took=$((SECONDS - start))
	said=
	[ "$status" = 0 ] && wait_for "$server_log" "server: dump of client-$name: " 30
	said=$(grep -a "server: dump of client-$name: " "$server_log" | tail -1 | tr -d '\r')
	case $said in
	*": whole "*) good "${said##*: }" ;;
	*) bad "${said:-no dump came}; $(grep -aE 'FAILED|failed' "$dir/console" | tail -1 | tr -d '\r')" ;;
	esac
done
sums
