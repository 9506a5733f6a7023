# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2054,SC2119,SC2120,SC2154
#
# Sourced by row and fault, which run in namespaces of their own (mount, network, PID): what is made here,
# programs too, is gone when they end.  Wants work (keys, wire, qmp, the guest's initrd), guest_root and dir
# (the row's logs).  The servers are those of the guests' Debian: nothing is installed or started on this machine.
#
#	world NETWORK [SIZE]	the far end: a file system of SIZE at /srv/dump, NFS, SSH, DHCP and DNS, and a
#				cable from it (through a router where NETWORK is that) to the guest; sets $peer
#				and the QEMU options $nics
#	crash_boot [WORD ...]	boot the guest in the background; it stops when it is armed
#	wait_armed		until it is; 1: it never will be
#	go_on			let it crash
#	wait_end SECONDS	until it has reset; 1: it did not, and was ended
#
# The guest's addresses are 192.0.2.7 and 2001:db8:7::7, the far end's end in 1 and, behind the router,
# 198.51.100.9; its name is dump.test.

. tests/vm/guest.sh
guest=$dir
export PATH=$PATH:/usr/sbin:/sbin

root=/run/root
inside() { chroot $root "$@"; }

world_disk() {	# FILE SIZE
	truncate -s "$2" "$1"
	mkfs.ext4 -q -F -m 0 -L "$(basename "$1")" "$1"
}

# The guests' disk, with what is written laid over it; dir is its /job.
world_root() {
	mkdir -p $root /run/lower /run/upper /run/work
	mount -o loop,ro,noload "$guest_root/disk" /run/lower
	mount -t overlay -o lowerdir=/run/lower,upperdir=/run/upper,workdir=/run/work none $root
	ln -sf ../proc/self/mounts $root/etc/mtab
	mount --rbind /dev $root/dev
	mount -t proc proc $root/proc
	mount --bind "$dir" $root/job
	mkdir -p $root/run/sshd $root/run/ganesha $root/var/lib/nfs/ganesha $root/srv/dump
}

world_users() {
	local user
	cp "$work/key.pub" "$dir/"
	echo 'kdump:x:7001:7001::/srv/dump/home:/bin/sh' >>$root/etc/passwd
	echo 'only:x:7002:7002::/srv/dump/only:/usr/sbin/nologin' >>$root/etc/passwd
	printf '%s:*:19000:0:99999:7:::\n' kdump only >>$root/etc/shadow
	printf '%s:\n' kdump:x:7001 only:x:7002 >>$root/etc/group
	for user in kdump:/srv/dump/home only:/srv/dump/only; do
		inside install -d -m 700 -o "${user%:*}" "${user#*:}" "${user#*:}/.ssh"
		inside install -m 600 -o "${user%:*}" /job/key.pub "${user#*:}/.ssh/authorized_keys"
	done
}

serve_ssh() {
	cp "${1:-$work/hostkey}" "$dir/hostkey"
	chmod 600 "$dir/hostkey"
	cat >"$dir/sshd.conf" <<-SSHD
		HostKey /job/hostkey
		Port 22
		Port 2222
		UsePAM no
		PidFile /job/sshd.pid
		Subsystem sftp internal-sftp
		Match User only
			ForceCommand internal-sftp
	SSHD
	inside /usr/sbin/sshd -f /job/sshd.conf -E /job/sshd.log
}

# serve_nfs [RO]: versions 3 and 4 by Ganesha.
serve_nfs() {
	mkdir -p /srv/dump/nfs
	chmod 777 /srv/dump/nfs
	[ -e $root/run/rpcbind.sock ] || inside rpcbind
	cat >"$dir/ganesha.conf" <<-NFS
		NFS_CORE_PARAM { Protocols = 3, 4; Enable_NLM = false; Enable_RQUOTA = false; MNT_Port = 20048; }
		NFSV4 { Graceless = true; Lease_Lifetime = 10; }
		EXPORT { Export_Id = 1; Path = /srv/dump/nfs; Pseudo = /srv/dump/nfs; Access_Type = ${1:-RW};
			Squash = Root_Squash; SecType = sys; FSAL { Name = VFS; } }
	NFS
	inside ganesha.nfsd -f /job/ganesha.conf -L /job/ganesha.log -p /job/ganesha.pid
}

# serve_names ADDRESS [DNSMASQ OPTION ...]: the name's address.
serve_names() {
	local address=$1
	shift
	[ ! -e "$dir/dnsmasq.pid" ] || kill "$(cat "$dir/dnsmasq.pid")"
	while [ -e "$dir/dnsmasq.pid" ] && kill -0 "$(cat "$dir/dnsmasq.pid")" 2>/dev/null; do sleep 0.1; done
	inside dnsmasq -C /dev/null --no-resolv --no-hosts --user=root --pid-file=/job/dnsmasq.pid --interface=lan \
		--log-facility=/job/dnsmasq.log --log-dhcp --dhcp-leasefile=/job/leases --dhcp-authoritative \
		--host-record="dump.test,$address" "$@"
}

# The cable's other end, in namespace "router" where there is one.
plug() {	# [VLAN]
	local under=
	[ ! -e /run/netns/router ] || under="ip netns exec router"
	rm -f "$work/cable"
	# shellcheck disable=SC2086
	$under "$work/wire" "$work/cable" lan "$@" &
	wire=$!
	while [ ! -S "$work/cable" ]; do sleep 0.1; done
	# shellcheck disable=SC2086
	$under ip link set lan up
}

world_lan() {	# [VLAN]
	plug "$@"
	ip addr add 192.0.2.1/24 dev lan
	ip addr add 192.0.2.53/24 dev lan
	ip addr add 2001:db8:7::1/64 dev lan nodad
	peer=192.0.2.1
}

# A third machine, and no other way.
world_router() {
	ip netns add router
	ip link add far type veth peer name near netns router
	plug
	ip -n router link set lo up
	ip -n router addr add 192.0.2.254/24 dev lan
	ip -n router addr add 2001:db8:7::fe/64 dev lan nodad
	ip -n router addr add 198.51.100.1/24 dev near
	ip -n router addr add 2001:db8:8::1/64 dev near nodad
	ip -n router link set near up
	ip netns exec router sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip addr add 198.51.100.9/24 dev far
	ip addr add 2001:db8:8::9/64 dev far nodad
	ip link set far up
	ip route add default via 198.51.100.1
	ip -6 route add default via 2001:db8:8::1
	peer=198.51.100.9
}

world() {
	local port
	mount --make-rprivate /
	mount -t tmpfs run /run
	mkdir -p /run/netns
	ip link set lo up
	world_root
	world_disk "$dir/far" "${2:-600M}"
	mount -o loop "$dir/far" $root/srv/dump
	mount --rbind $root/srv /srv
	world_users
	case $1 in
	*router*) world_router ;;
	*vlan*) world_lan 7 ;;
	*) world_lan ;;
	esac
	case $1 in
	*dhcp6) serve_names 2001:db8:7::1 --enable-ra --dhcp-range=2001:db8:7::100,2001:db8:7::1ff,64,10m ;;
	*-ra) serve_names 2001:db8:7::1 --enable-ra --dhcp-range=2001:db8:7::,ra-only,64,10m ;;
	*router*) ;;
	*) serve_names 192.0.2.1 --dhcp-range=192.0.2.100,192.0.2.110,255.255.255.0,10m ;;
	esac
	serve_ssh
	serve_nfs
	nics=(-netdev "stream,id=wire,server=off,addr.type=unix,addr.path=$work/cable")
	case $1 in
	*bond*)
		nics+=(-netdev hubport,id=h0,hubid=0,netdev=wire)
		for port in 1 2; do
			nics+=(-netdev "hubport,id=h$port,hubid=0"
				-device "virtio-net-pci,netdev=h$port,mac=52:54:00:00:00:1$port")
		done
		;;
	*) nics+=(-device "virtio-net-pci,id=nic,netdev=wire,mac=52:54:00:00:00:10") ;;
	esac
}

crash_boot() {
	mkfifo "$dir/go.in" "$dir/go.out"
	exec {go}<>"$dir/go.in" {gone}<>"$dir/go.out"
	qemu-img create -q -f qcow2 -F raw -b "$(realpath "$guest_root/disk")" "$guest/disk.qcow2"
	cp "$work/client/initrd" "$guest/initrd"
	guest_memory=${guest_memory:-768M} guest_boot "$dir/console" "${2:-900}" \
		"crashkernel=${crashkernel:-192M} job.to=$peer $1" "${nics[@]}" -pidfile "$dir/qemu.pid" \
		-qmp "unix:$work/monitor,server=on,wait=off" -chardev "pipe,id=go,path=$dir/go" \
		-serial chardev:go "${more[@]}" &
	qemu=$!
}

said() { grep -aq "$1" "$dir/console" 2>/dev/null; }

wait_armed() {
	while kill -0 "$qemu" 2>/dev/null; do
		said 'client: armed' && return 0
		said 'client: FAILED' && break
		sleep 0.3
	done
	kill "$qemu" 2>/dev/null
	echo "failed: $(grep -a 'client: FAILED' "$dir/console" | tail -1 | tr -d '\r')"
	return 1
}

go_on() { echo go >&"$go"; }

wait_end() {
	local end=$((SECONDS + $1))
	while kill -0 "$qemu" 2>/dev/null; do
		if [ $SECONDS -ge $end ]; then
			kill "$(cat "$dir/qemu.pid")"
			wait "$qemu"
			return 1
		fi
		sleep 0.3
	done
	wait "$qemu"
	return 0
}

member() { sed -n "s/^  \"$1\": \"\{0,1\}\([^\"]*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" "$2"; }

# look TOP: the one dump below it, in a line: "whole 123 bytes", or what is wrong.
look() {
	local record folder want sum
	record=$(find "$1" -name crash.json 2>/dev/null | head -1)
	[ -n "$record" ] || { echo "no dump came"; return; }
	folder=${record%/crash.json}
	[ -e "$folder/vmcore" ] || { echo "state $(member state "$record"): $(cd "$folder" && echo *)"; return; }
	want=$(member sha256 "$record")
	sum=$(sha256sum <"$folder/vmcore")
	[ "$want" = "${sum%% *}" ] || { echo "the sha256 is not that of the record"; return; }
	[ "$(member state "$record")" = complete ] || { echo "state $(member state "$record") beside a vmcore"; return; }
	rm -f "$dir/log"
	makedumpfile --message-level 4 --dump-dmesg "$folder/vmcore" "$dir/log" >/dev/null 2>&1
	grep -q 'sysrq triggered crash' "$dir/log" || { echo "its log cannot be read"; return; }
	grep -q 'sysrq triggered crash' "$folder/dmesg.txt" || { echo "dmesg.txt lacks the panic"; return; }
	[ "$(stat -c %a "$folder/vmcore")" = 600 ] || { echo "its mode is $(stat -c %a "$folder/vmcore")"; return; }
	echo "whole $(stat -c %s "$folder/vmcore") bytes, $(($(member mem_low "$record") >> 20)) of \
$(($(member mem_total "$record") >> 20)) MB were free at least"
}
