#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# servers.sh BUILD [RUNS] - images for NFS and SSH beside dracut's: size, and what making them takes, RUNS times (3).
#
# Nothing is booted: all of it runs in a private mount of the Debian 12 root that peers.sh has made with
# KDUMP_UTILS=DIR, with this machine's route to a documentation address as the way out; nothing is sent there.
# kdump-tools has one image for every target, since it captures from the real root: peers.sh has its size.
# Needs root.
set -eu
B=$(realpath "$1") runs=${2:-3}
cd "$(dirname "$0")/../.."
root=$(realpath build/bench/peers)/root
[ -e "$root/usr/lib/dracut/modules.d/99kdumpbase" ] || { echo "servers.sh: run peers.sh with KDUMP_UTILS=DIR first" >&2; exit 1; }
make -s install B="$B" DESTDIR="$root" >/dev/null
cat >"$root/root/servers" <<'END'
kernel=$(ls /lib/modules | head -1)
timed() {	# NAME FILE COMMAND...
	local name=$1 file=$2 start=$EPOCHREALTIME
	shift 2
	"$@" >/tmp/log 2>&1 || { echo "$name failed:"; tail -5 /tmp/log; return; }
	awk -v n="$name" -v a="$start" -v b="$EPOCHREALTIME" -v s="$(stat -c %s $file)" \
		'BEGIN { printf "%-14s %8.2f MB packed, %7.2f s\n", n, s / 1048576, b - a }'
}
export IN_KDUMP=1	# else dracut leaves kdump-utils' module out
for ((i = 0; i < $1; i++)); do
	printf 'DUMP_TARGETS="nfs://192.0.2.1/srv"\nCAPTURE_MODULES="virtio_net"\n' >/etc/sysconfig/crashcfg
	rm -rf /var/lib/crashcfg
	timed crashcfg-nfs "/var/lib/crashcfg/$kernel/capture.img" crashcfg build --kernel "$kernel"
	printf 'DUMP_TARGETS="ssh://kdump@192.0.2.1/srv"\nCAPTURE_MODULES="virtio_net"\nSSH_KEY="/root/.ssh/kdump"\n' \
		>/etc/sysconfig/crashcfg
	rm -rf /var/lib/crashcfg
	timed crashcfg-ssh "/var/lib/crashcfg/$kernel/capture.img" crashcfg build --kernel "$kernel"
	for kind in nfs ssh-client; do
		timed "dracut-${kind%-*}" /tmp/d.img dracut -f --kver "$kernel" --add "kdumpbase network-legacy $kind" \
			--add-drivers virtio_net --hostonly --hostonly-mode strict -o "plymouth resume ifcfg earlykdump" /tmp/d.img
	done
done
rm -rf /tmp/d.img /var/lib/crashcfg /root/servers
END
# shellcheck disable=SC2016  # the inner shell's own words
root=$root runs=$runs unshare -m bash -euc '
	mount --bind /dev "$root/dev"; mount -t proc proc "$root/proc"; mount -t sysfs sys "$root/sys"; mount -t tmpfs tmp "$root/run"
	chroot "$root" bash /root/servers "$runs"'
