#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD - `crashcfg check --live` against real servers and real file systems, without a VM.
#
# All runs in namespaces made for it (mounts, network, processes): a host that has a kernel of build/kernels, a disk
# that is a loop device under another name, and a network card that is its own loopback, since both
# are refused under their own names.  An sshd answers on 198.51.100.1, which is local for TCP and a host on
# the card's network for whoever asks for the route.  NFS needs a kernel that has it: tests/vm/net.sh.
#
# The encrypted device is a real one and its key is tried by the real cryptsetup.  Its open mapping is a loop device
# that sysfs tells to be one, for kernels without dm-crypt: of what the proof does only the mount sees it.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
passed=0 failed=0

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
	exit
}

skip() { echo "skipped: check --live: $*"; finish; }

if [ -z "${CRASHCFG_LIVE_WORK:-}" ]; then
	B=$(cd "$1" && pwd)
	kernel=$(find -H "$top/build/kernels" -mindepth 1 -maxdepth 1 -type d -name '6.1.*' 2>/dev/null | sort -V | tail -1)
	[ "$(id -u)" = 0 ] || skip "it takes root"
	[ -n "$kernel" ] || skip "no kernel below build/kernels; tests/vm/kernels.sh unpacks some"
	[ -x /usr/sbin/sshd ] || skip "there is no sshd; install openssh-server"
	[ -e /dev/fuse ] || skip "there is no /dev/fuse"
	for program in ip python3 pgrep mkfs.xfs mkfs.btrfs; do
		command -v "$program" >/dev/null || skip "there is no $program; conf/packages names what brings it"
	done
	work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-live.XXXXXX")
	chmod 755 "$work"
	trap 'rm -rf "$work"' EXIT
	for fs in ext4 xfs btrfs swap open locked; do
		truncate -s 32G "$work/$fs.img"
		case $fs in
		locked) ;;
		swap) mkswap "$work/swap.img" >/dev/null ;;
		ext4 | open) mkfs.ext4 -q -E lazy_itable_init=1,lazy_journal_init=1 "$work/$fs.img" ;;
		*) "mkfs.$fs" -q "$work/$fs.img" ;;
		esac
		losetup --show -f "$work/$fs.img" >"$work/$fs.loop" || skip "there are no loop devices"
	done
	CRASHCFG_LIVE_WORK=$work CRASHCFG_LIVE_KERNEL=$kernel unshare --mount --net --pid --fork --kill-child bash "$0" "$B"
	status=$?
	for fs in ext4 xfs btrfs swap open locked; do
		losetup -d "$(cat "$work/$fs.loop")"
	done
	exit $status
fi

B=$1 work=$CRASHCFG_LIVE_WORK kernel=$CRASHCFG_LIVE_KERNEL
crashcfg=$B/crashcfg server=198.51.100.1 port=2222
disks=(ext4 xfs btrfs)

# --- the host --------------------------------------------------------------------------------------------

over() {	# over DIR LOWER...: what is written there stays in the work folder
	local dir=$1 name=${1//\//_}
	shift
	mkdir -p "$work/up$name" "$work/wk$name"
	mount -t overlay none -o "lowerdir=$(IFS=:; echo "$*"),upperdir=$work/up$name,workdir=$work/wk$name" "$dir"
}

make_disk() {	# make_disk NAME LOOP: /dev/NAME and what sysfs would tell of a virtio disk
	local name=$1 numbers major minor dev
	numbers=$(stat -c '%t:%T' "$2")
	major=$((16#${numbers%:*})) minor=$((16#${numbers#*:}))
	dev=devices/pci0000:00/0000:00:01.0/virtio1/block/$name
	mkdir -p "/sys/$dev/holders" "/sys/$dev/slaves"
	echo "$major:$minor" >"/sys/$dev/dev"
	echo $((32 << 21)) >"/sys/$dev/size"
	ln -s "../../$dev" "/sys/dev/block/$major:$minor"
	ln -s "../../$dev" "/sys/class/block/$name"
	mknod -m 600 "/dev/$name" b "$major" "$minor"
}

make_host() {
	local virtio=/sys/devices/pci0000:00/0000:00:01.0/virtio1 fs n=0
	mount --make-rprivate /
	over /etc /etc
	over /var/lib /var/lib
	over /usr/lib "$kernel/lib" /usr/lib
	mount --bind "$kernel/boot" /boot
	mount -t tmpfs -o mode=755 none /run
	mkdir -p /run/sshd /etc/sysconfig
	grep -q ^sshd: /etc/passwd || echo 'sshd:x:74:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd
	for fs in "${disks[@]}" swap open locked; do
		cp -a "$(cat "$work/$fs.loop")" "$work/node_$fs"
	done
	mount -t proc proc /proc
	mount -t tmpfs -o mode=755 none /sys
	mount -t tmpfs -o mode=755 none /dev
	mknod -m 666 /dev/null c 1 3
	mknod -m 666 /dev/zero c 1 5
	mknod -m 666 /dev/random c 1 8
	mknod -m 666 /dev/urandom c 1 9
	mknod -m 600 /dev/fuse c 10 229
	mkdir -p $virtio /sys/kernel /sys/class/block /sys/class/net/lo /sys/dev/block /sys/module/virtio_{blk,net} \
		/sys/bus/virtio/drivers/virtio_{blk,net} /sys/devices/pci0000:00/0000:00:02.0/virtio2
	echo 'virtio:d00000002v00001AF4' >$virtio/modalias
	echo live | tee /sys/module/virtio_blk/initstate >/sys/module/virtio_net/initstate
	ln -s ../../../../module/virtio_blk /sys/bus/virtio/drivers/virtio_blk/module
	ln -s ../../../../module/virtio_net /sys/bus/virtio/drivers/virtio_net/module
	ln -s ../../../../bus/virtio/drivers/virtio_blk $virtio/driver
	ln -s ../../../../bus/virtio/drivers/virtio_net /sys/devices/pci0000:00/0000:00:02.0/virtio2/driver
	echo 'virtio:d00000001v00001AF4' >/sys/devices/pci0000:00/0000:00:02.0/virtio2/modalias
	ln -s ../../../devices/pci0000:00/0000:00:02.0/virtio2 /sys/class/net/lo/device
	for fs in "${disks[@]}"; do
		n=$((n + 1))
		make_disk "vdx$n" "$work/node_$fs"
		mkdir -p "$work/$fs"
		mount -t "$fs" "/dev/vdx$n" "$work/$fs" || return 1
	done
	make_disk vdx9 "$work/node_swap"
	make_disk vdx5 "$work/node_locked"
}

make_locked() {	# an encrypted vdx5, and dm-0, which is taken for its open mapping
	local uuid numbers dm=/sys/devices/virtual/block/dm-0
	printf 'the right key' >"$work/luks.key"
	printf 'another key' >"$work/luks.other"
	chmod 600 "$work"/luks.*
	cryptsetup -q luksFormat --type luks2 --pbkdf argon2id --pbkdf-memory 32768 --pbkdf-force-iterations 4 \
		--pbkdf-parallel 4 /dev/vdx5 "$work/luks.key" || return 1
	uuid=$(cryptsetup luksUUID /dev/vdx5)
	numbers=$(stat -c '%t:%T' "$work/node_open")
	numbers=$((16#${numbers%:*})):$((16#${numbers#*:}))
	mkdir -p $dm/dm $dm/slaves "$work/open"
	echo "$numbers" >$dm/dev
	echo $((32 << 21)) >$dm/size
	echo "CRYPT-LUKS2-${uuid//-/}-crypt-dump" >$dm/dm/uuid
	echo crypt-dump >$dm/dm/name
	ln -s ../../../../pci0000:00/0000:00:01.0/virtio1/block/vdx5 $dm/slaves/vdx5
	ln -s ../../devices/virtual/block/dm-0 "/sys/dev/block/$numbers"
	ln -s ../../devices/virtual/block/dm-0 /sys/class/block/dm-0
	mknod -m 600 /dev/dm-0 b "${numbers%:*}" "${numbers#*:}"
	mount -t ext4 /dev/dm-0 "$work/open"
}

make_network() {
	ip link set lo up
	ip address add 198.51.100.2/24 dev lo noprefixroute
	ip route add $server dev lo src 198.51.100.2
	ip rule add pref 5 ipproto tcp lookup local
	ip rule add pref 15 to $server lookup main
	ip rule add pref 20 lookup local
	ip rule del pref 0
	ip route add local $server dev lo src 198.51.100.2 table local
}

# --- the server -------------------------------------------------------------------------------------------

start_sshd() {
	/usr/sbin/sshd -D -e -f "$work/sshd_config" -p $port 2>>"$work/sshd.log" &
	sshd=$!
	for _ in $(seq 40); do
		timeout 1 bash -c "exec 3<>/dev/tcp/$server/$port" 2>/dev/null && return
		sleep 0.05
	done
	echo "sshd does not answer:"
	cat "$work/sshd.log"
}

stop_sshd() {
	kill "$sshd"
	wait "$sshd" 2>/dev/null
}

host_key() {
	rm -f "$work/host_key" "$work/host_key.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
}

make_server() {
	host_key
	ssh-keygen -q -t ed25519 -N '' -f "$work/key"
	cp "$work/key.pub" "$work/authorized"
	chmod 644 "$work/authorized"
	echo "[$server]:$port $(cat "$work/host_key.pub")" >"$work/known"
	cat >"$work/sshd_config" <<-END
		HostKey $work/host_key
		PidFile none
		UsePAM no
		StrictModes no
		AuthorizedKeysFile $work/authorized
		PermitRootLogin no
		PasswordAuthentication no
		Subsystem sftp internal-sftp
		ForceCommand internal-sftp
	END
	mkdir -p "$work/far/good" "$work/far/closed" "$work/far/small"
	chown nobody "$work/far/good"
	mount -t tmpfs -o size=600k,uid=65534 none "$work/far/small"
	start_sshd
}

# --- the tests --------------------------------------------------------------------------------------------

settings() {	# settings TARGETS [LUKS_KEY_FILE]
	cat >/etc/sysconfig/crashcfg <<-END
		DUMP_TARGETS="$1"
		SSH_KEY="$work/key"
		SSH_KNOWN_HOSTS="$work/known"
		${2:+LUKS_KEY_FILE="$2"}
	END
}

good() { passed=$((passed + 1)); }
bad() {
	failed=$((failed + 1))
	echo "FAILED: $*"
	cat "$work/out"
}

# field PYTHON-EXPRESSION: of the object in the answer, called j, with t its first target
field() {
	python3 -c "import json,sys
j=json.load(open('$work/json')); l=j.get('live',{}); t=(l.get('targets') or [{}])[0]
print($1)" 2>&1
}

live() {	# live NAME EXIT FAILED-STEP WORDS [OPTION...]: what check --live answers; WORDS stand in the error
	local name=$1 code=$2 step=$3 words=$4 status start
	shift 4
	start=$SECONDS
	timeout -k 1 60 "$crashcfg" check --live --json "$@" >"$work/json" 2>"$work/out"
	status=$?
	cat "$work/json" >>"$work/out"
	if [ $status != "$code" ]; then
		bad "$name: exit $status, wanted $code"
	elif [ "$(field "t.get('failed')")" != "$step" ]; then
		bad "$name: '$(field "t.get('failed')")' failed, wanted '$step'"
	elif [[ "$(field "t.get('error')")" != *"$words"* ]]; then
		bad "$name: '$(field "t.get('error')")', wanted '$words'"
	elif [ $((SECONDS - start)) -gt 15 ]; then
		bad "$name: it took $((SECONDS - start)) s"
	else
		good
	fi
}

check() {	# check NAME EXIT REGEX: what check answers without a proof
	local status
	"$crashcfg" check >"$work/out" 2>&1
	status=$?
	if [ $status != "$2" ]; then
		bad "$1: exit $status, wanted $2"
	elif ! grep -q "$3" "$work/out"; then
		bad "$1: no line matches '$3'"
	else
		good
	fi
}

is() {		# is NAME WANT GOT
	if [ "$2" = "$3" ]; then good; else bad "$1: wanted '$2', got '$3'"; fi
}

nothing_left() {	# nothing_left NAME DIR: no test folder is there
	is "$1: nothing is left" "" "$(find "$2" -name '.crashcfg-live*')"
}

steps() { field "' '.join(s['name'] for s in t['steps'])"; }

header() { head -c 16M /dev/vdx5 | sha256sum; }

# An encrypted device: the host has it open, so only its key tells whether the capture will have.
locked() {
	local sum
	make_locked || { bad "an encrypted device cannot be made"; return; }
	sum=$(header)
	settings "file://$work/open/crash" "$work/luks.key"
	live "a key that opens the encrypted device" 0 None None
	is "the steps of an encrypted disk" "prepare unlock mount folder space write rename read delete" "$(steps)"
	is "what was opened is told" "the key opens 'crypt-dump'" "$(field "t['steps'][1]['note']")"
	is "check tells which key opens what" True "$(field "['$work/luks.key' in n and 'crypt-dump' in n and '$(cryptsetup luksUUID /dev/vdx5)' in n for n in j['notes']] == [True]")"
	settings "file://$work/open/crash" "$work/luks.other"
	live "a key that does not open it" 6 unlock "LUKS_KEY_FILE names does not open 'crypt-dump' on '/dev/vdx5'"
	is "the disk itself is proven all the same" "False True" "$(field "t['steps'][1]['ok'], t['steps'][5]['ok']")"
	is "status tells of the key" 2 "$("$crashcfg" status 2>/dev/null | grep -c "last check --live, just now.*: unlock: ")"
	is "the key is nowhere" "" "$(grep -rlE 'the right key|another key' "$work/json" "$work/out" /var/lib/crashcfg /run)"
	settings "file://$work/xfs/crash file://$work/open/crash" "$work/luks.key"
	live "a disk that is not encrypted beside one that is" 0 None None
	is "the first has no such step" "prepare mount folder space write rename read delete" "$(steps)"
	is "nothing was written to the encrypted device" "$sum" "$(header)"
	nothing_left "an encrypted disk" "$work/open"
	locked_faults
}

patch_header() {	# patch_header PYTHON: on h, the first header's bytes
	python3 -c "import re
f=open('/dev/vdx5','r+b'); h=f.read(16384)
$1
f.seek(0); f.write(h[:16384])"
}

locked_faults() {
	local sum
	settings "file://$work/open/crash" "$work/luks.key"
	head -c 16K /dev/vdx5 >"$work/header"
	patch_header "h=h.replace(b'\"memory\":32768',b'\"memory\":3999999999')"
	live "a key slot for which there is no memory" 6 unlock "the key was not tried: a key slot of 'crypt-dump' takes 3.7 TB"
	echo $((128 << 20)) >/sys/kernel/kexec_crash_size
	check "a slot that is too large, another way that is none" 0 "a key slot of pbkdf2 takes none)\$"
	mkdir -p /sys/kernel/config/crash_dm_crypt_keys
	check "a slot that is too large, a kernel that hands keys over" 0 "takes none); this kernel could hand .*CRASH_DM_CRYPT"
	rm /sys/kernel/kexec_crash_size
	settings "file://$work/open/crash"
	check "no key, a kernel that hands keys over" 3 "(write LUKS_KEY_FILE); this kernel could hand .*CRASH_DM_CRYPT"
	rmdir /sys/kernel/config/crash_dm_crypt_keys
	check "no key" 3 "(write LUKS_KEY_FILE)\$"
	settings "file://$work/open/crash" "$work/luks.key"
	dd if="$work/header" of=/dev/vdx5 conv=notrunc status=none
	patch_header "h=h[:24]+b'damaged'+h[31:]"
	sum=$(header)
	live "a first header that is damaged" 0 None None
	is "it is not mended by a check" "$sum" "$(header)"
	dd if="$work/header" of=/dev/vdx5 conv=notrunc status=none
	cryptsetup -q luksAddKey --key-file "$work/luks.key" --pbkdf pbkdf2 --pbkdf-force-iterations 10000000 \
		/dev/vdx5 "$work/luks.other"
	settings "file://$work/open/crash" "$work/luks.other"
	live "a key slot that takes long" 6 unlock "no answer within 1 s" --timeout 1s
}

make_host || skip "this machine cannot play the host"
make_network || skip "this machine has no policy routing"
make_server
ssh=ssh://nobody@$server:$port$work/far

for fs in "${disks[@]}"; do
	settings "file://$work/$fs/crash"
	live "a folder on $fs" 0 None None
	nothing_left "$fs" "$work/$fs"
done
is "the steps of a disk" "prepare mount folder space write rename read delete" "$(steps)"
is "its file system was mounted before" False "$(field "t['mounted']")"
is "the mount is told as before" "/dev/vdx3" "$(findmnt -no SOURCE "$work/btrfs")"
is "the result is for root alone" 600 "$(stat -c %a /var/lib/crashcfg/live.json)"

settings "file://$work/ext4/crash"
mkdir -p "$work/ext4/crash/$(uname -n)/.crashcfg-live-00ab"
echo left >"$work/ext4/crash/$(uname -n)/.crashcfg-live-00ab/probe.incomplete"
live "the leftovers of a killed run" 0 None None
nothing_left "leftovers" "$work/ext4"
chattr +i "$work/ext4/crash/$(uname -n)"
live "a folder that cannot be written" 6 folder "cannot make a folder"
chattr -i "$work/ext4/crash/$(uname -n)"
umount "$work/ext4"
settings "fs:UUID=$(blkid -s UUID -o value /dev/vdx1):/crash"
live "a file system that is not mounted" 0 None None
is "it was mounted for the check" True "$(field "t['mounted']")"
is "and is not any more" "" "$(findmnt -no TARGET /dev/vdx1)"
mount -o ro /dev/vdx1 "$work/ext4"
live "a file system that is mounted read-only" 6 mount "read-only"
umount "$work/ext4"

uuid=$(blkid -s UUID -o value /dev/vdx9)
mkdir -p /dev/disk/by-uuid
ln -s ../../vdx9 "/dev/disk/by-uuid/$uuid"
settings "raw:/dev/disk/by-uuid/$uuid"
sum=$(head -c 1M /dev/vdx9 | sha256sum)
live "a swap as a raw target" 0 None None
is "the steps of a raw target" "prepare device content space" "$(steps)"
is "nothing was written to it" "$sum" "$(head -c 1M /dev/vdx9 | sha256sum)"

if command -v cryptsetup >/dev/null; then
	locked
else
	echo "skipped: check --live of an encrypted disk: there is no cryptsetup"
fi

settings "$ssh/good"
live "ssh" 0 None None
is "the steps of ssh" "prepare resolve reach authenticate folder space write rename read delete" "$(steps)"
nothing_left ssh "$work/far"
"$crashcfg" check --live >"$work/out" 2>&1
is "in words" 0 $?
is "in words: a step and the sum" 2 "$(grep -cE '^    authenticate  *[0-9.]+ s|^A dump could be saved to each target now' "$work/out")"
settings "$ssh/closed"
live "a folder of the server that is closed to the account" 6 folder "ermission denied"
settings "$ssh/small"
live "a server without room" 6 space "and a dump now would have about"
is "and writing fails too" True "$(field "[s['ok'] for s in t['steps'] if s['name']=='write'] == [False]")"
nothing_left "a full server" "$work/far"
settings "$ssh/good"
: >"$work/authorized"
live "a key that is refused" 6 authenticate "Permission denied"
is "status tells it" 2 "$("$crashcfg" status 2>/dev/null | grep -c "last check --live, just now.*: authenticate: ")"
cp "$work/key.pub" "$work/authorized"
kill -STOP "$sshd"
live "a server that hangs" 6 authenticate "no answer within 4 s" --timeout 4s
kill -CONT "$sshd"
stop_sshd
live "a port that is closed" 6 reach "refused"
host_key
start_sshd
live "a host key that changed" 6 authenticate "ost key"
settings "$ssh/good file://$work/xfs/crash"
live "one target that fails does not keep the next one" 6 authenticate "ost key"
is "the second target" True "$(field "l['targets'][1]['ok']")"
stop_sshd
live "a time that is none" 2 None None --timeout never
is "nothing of it runs any more" "" "$(pgrep -x "init|ssh")"

finish
