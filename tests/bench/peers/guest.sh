#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the bench guest, started by bench.service.  What to do stands on the kernel's command line:
# bench=prepare (build every image, tell times and sizes, power off), or the peer to arm and crash:
# bench=kdump-tools | dracut | crashcfg | reset.  benchto=local | nfs | ssh is the target of all of them.
mode=$(sed -n 's/.*bench=\([a-z-]*\).*/\1/p' /proc/cmdline)
target=$(sed -n 's/.*benchto=\([a-z]*\).*/\1/p' /proc/cmdline)
kernel=$(uname -r)
say() { echo "bench: $*" >/dev/console; }
# timed NAME COMMAND...: seconds of wall time inside the guest
timed() {
	local name=$1 start=$EPOCHREALTIME status
	shift
	"$@" >/run/bench.log 2>&1
	status=$?
	say "$name status $status seconds $(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')"
	[ $status = 0 ] || sed 's/^/bench-log: /' /run/bench.log | tail -20 >/dev/console
}
unpacked() {	# bytes of an image's content, whatever its packing
	rm -rf /run/unpack && mkdir /run/unpack
	(cd /run/unpack && /usr/bin/unmkinitramfs "$1" . 2>/dev/null)
	du -s --apparent-size -B1 /run/unpack | cut -f1
	rm -rf /run/unpack
}
sizes() {
	say "$1 packed $(stat -Lc %s "$2") unpacked $(unpacked "$2")"
}
# Each peer's own words for the target; the rest are its defaults.
settings() {
	local collector='makedumpfile -l --message-level 7 -d 31'
	case $target in
	local)
		echo 'DUMP_TARGETS="file:///var/crash"' >/etc/sysconfig/crashcfg
		printf '%s\n' 'path /var/crash' "core_collector $collector" >/etc/kdump.conf
		return ;;
	nfs)
		echo 'DUMP_TARGETS="nfs://192.0.2.1/srv/dump/nfs"' >/etc/sysconfig/crashcfg
		echo 'NFS="192.0.2.1:/srv/dump/nfs"' >>/etc/default/kdump-tools
		printf '%s\n' 'nfs 192.0.2.1:/srv/dump/nfs' 'path /' "core_collector $collector" >/etc/kdump.conf ;;
	ssh)
		printf '%s\n' 'DUMP_TARGETS="ssh://kdump@192.0.2.1/srv/dump/home/crashcfg"' 'SSH_KEY="/root/.ssh/kdump"' \
			>/etc/sysconfig/crashcfg
		printf '%s\n' 'SSH="kdump@192.0.2.1"' 'SSH_KEY=/root/.ssh/kdump' 'KDUMP_COREDIR=/srv/dump/home/kdump-tools' \
			>>/etc/default/kdump-tools
		printf '%s\n' 'ssh kdump@192.0.2.1' 'sshkey /root/.ssh/kdump' 'path /srv/dump/home/dracut' \
			"core_collector $collector -F" >/etc/kdump.conf ;;
	esac
	# kdump-utils has NetworkManager in mind; here dracut is given a lighter way.
	echo 'dracut_args --add network-legacy' >>/etc/kdump.conf
	printf '[Match]\nName=eth0\n[Network]\nAddress=192.0.2.7/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' \
		>/etc/systemd/network/eth0.network
	systemctl -q enable --now systemd-networkd.service
	/lib/systemd/systemd-networkd-wait-online -q -i eth0
}
case $target in
local) ip= ;;
*) ip=ip=192.0.2.7:::255.255.255.0::eth0:none ;;
esac

case $mode in
prepare)
	settings
	rm -f /var/lib/kdump/initrd.img-"$kernel"
	timed kdump-tools-build /usr/sbin/kdump-config load
	sizes kdump-tools /var/lib/kdump/initrd.img-"$kernel"
	/usr/sbin/kdump-config unload >/dev/null 2>&1
	if [ -x /usr/sbin/mkdumprd ]; then
		timed dracut-build /usr/sbin/mkdumprd /boot/dracut-kdump.img "$kernel"
		sizes dracut /boot/dracut-kdump.img
	fi
	/usr/sbin/crashcfg build --json >/dev/null 2>&1	# warms the caches, as both peers' files are warm by now
	timed crashcfg-build /usr/sbin/crashcfg build
	sizes crashcfg /var/lib/crashcfg/"$kernel"/capture.img
	sync
	say "done"
	systemctl poweroff --force
	exit 0 ;;
kdump-tools)
	timed load /usr/sbin/kdump-config load ;;
dracut)
	timed load kexec -s -p /boot/vmlinuz-"$kernel" --initrd=/boot/dracut-kdump.img --command-line="$(
		sed -E 's/(bench|benchto|crashkernel|initrd|BOOT_IMAGE)=[^ ]*//g' /proc/cmdline) $ip irqpoll nr_cpus=1 reset_devices cgroup_disable=memory mce=off numa=off udev.children-max=2 panic=10 acpi_no_memhotplug transparent_hugepage=never nokaslr hest_disable novmcoredd cma=0 hugetlb_cma=0" ;;
crashcfg)
	timed load /usr/sbin/crashcfg load ;;
reset)
	timed load kexec -s -p /boot/vmlinuz-"$kernel" --initrd=/boot/reset.img --command-line="console=ttyS0,115200 irqpoll nr_cpus=1 reset_devices cgroup_disable=memory mce=off numa=off panic=10 nokaslr" ;;
*)
	exit 0 ;;
esac
sync
[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || { say "not armed"; systemctl poweroff --force; exit; }
echo c >/proc/sysrq-trigger
