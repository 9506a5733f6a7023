#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net.sh BUILD [few | faults | NAME ...] - dumps by the network: a guest crashes, and real servers in
# namespaces of this machine (Ganesha, sshd, dnsmasq) take its dump.
#
# A NAME is a target's kind and a network, which the guest has set up by ip(8) and dhcpcd, and from which
# crashcfg finds the way out; or it is a fault.  Nothing reaches any other network.  Needs root.
# guest_root: see guest-root.sh.
set -u
B=$1
shift
cd "$(dirname "$0")/../.." || exit 1
vm_dir=$B/vm-net
# shellcheck source=tests/vm/lib.sh disable=SC1091
. tests/vm/lib.sh
# shellcheck source=tests/vm/guest.sh disable=SC1091
. tests/vm/guest.sh
export B work dir guest_root=${guest_root:-build/guest}
networks="static dhcp ipv6 ra vlan bond bridge router"
all="sftp-static nfs-static ssh-name nfs4-name ssh-dhcp6 ssh-bond-vlan-dhcp nfs4-bond-router-ipv6"
for network in $networks; do all="$all nfs4-$network ssh-$network nfs3-$network"; done
faults="nfs-down nfs-hung nfs-hung-behind-gone-disk nfs-slow nfs-read-only nfs-dies-writing nfs-hangs-writing nfs-full nfs-down-alone
ssh-closed ssh-key-refused ssh-host-key-changed ssh-cut ssh-cut-alone ssh-hangs-writing ssh-full ssh-worker-killed
nfs-worker-killed dhcp-silent dns-dead link-down"
names=${*:-$all}
[ "$names" != faults ] || names=$faults
[ "$names" != few ] || names="ssh-bond-vlan-dhcp nfs4-bond-router-ipv6"

if [ ! -c /dev/net/tun ] || [ ! -c /dev/loop-control ] || ! unshare -m -n -p -f --mount-proc true 2>/dev/null; then
	echo "skipped: tests/vm/net: namespaces of its own, /dev/net/tun and loop devices are not to be had here"
	exit 0
fi
guest_root_have
for what in key hostkey; do ssh-keygen -q -t ed25519 -N '' -C test -f "$work/$what"; done
for program in tests/vm/net/wire.c tests/vm/faults/qmp.c; do
	${CC:-cc} -O1 -o "$work/$(basename "$program" .c)" "$program" || exit 1
done
# What kills the worker in place of writing a dump.
${CC:-cc} -O1 -static -DFAULT=KILL_WORKER -o "$work/collector" tests/vm/faults/collector.c || exit 1
guest_new client
guest_job tests/vm/net/client "$work/key" "$work/hostkey.pub" "$work/collector" || exit 1

for name in $names; do
	start=$SECONDS
	dir=$PWD/$vm_dir/$name
	mkdir -p "$dir"
	how=row
	[[ " ${faults//$'\n'/ } " != *" $name "* ]] || how=fault
	unshare -m -n -p -f --mount-proc --kill-child bash tests/vm/net/$how "$name" >"$dir/said" 2>"$dir/words"
	# shellcheck disable=SC2034  # good and bad tell it
	took=$((SECONDS - start))
	case $(tail -1 "$dir/said") in
	whole:*) good "$(tail -1 "$dir/said")" ;;
	*) bad "$(tail -qn1 "$dir/said" "$dir/words" | paste -sd' ')" ;;
	esac
done
sums
