#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# peers.sh BUILD [RUNS] - this project beside kdump-tools and dracut, on one Debian 12 guest with one kernel.
#
# Image build time and sizes are taken inside the guest; panic to reset is the time from the panic's line on the
# serial console to the guest's reset, RUNS times (5) for each peer in turn: A B C D A B C D ...  Medians and ratios.
# A run that leaves no whole dump at the target has failed and has no time.  In the environment:
#	PEERS="reset crashcfg"	a part of them; dracut wants KDUMP_UTILS=DIR when the disk is made
#	TARGET=nfs | ssh	a server in place of the guest's own disk: Ganesha or sshd in namespaces of their own,
#				the guest on a tap there, as tests/vm/net.sh does it; no other network is reached
#	CRASHKERNEL=128M	in place of 256M
#	SMALLEST=1		no times, but the smallest crashkernel= with which each peer works, in steps of 16 MB
# All under TCG: seconds are this machine's, ratios travel.  Needs root (mmdebstrap).
set -eu
B=$(cd "$1" && pwd) runs=${2:-5}
cd "$(dirname "$0")/../.."
target=${TARGET:-local}
top=build/bench/peers
out=$top/$target
disk=$out/disk.img
all="crashcfg kdump-tools dracut"
# With too little memory the kernel of an init that only resets panics, which is a reset too.
[ -n "${SMALLEST:-}" ] || all="reset $all"
read -ra peers <<<"${PEERS:-$all}"
kernelargs='root=LABEL=bench rw console=ttyS0,115200 net.ifnames=0 systemd.show_status=0 panic=10'
mkdir -p "$out"

if [ -z "${BENCH_WORLD:-}" ]; then
	[ -e "$top/disk.img" ] || bash tests/bench/peers/disk.sh "$B" "$top/disk.img"
	export BENCH_WORLD=1
	[ "$target" != local ] || exec bash "tests/bench/${0##*/}" "$B" "$runs"
	bash tests/vm/guest-root.sh build/guest	# whose servers they are
	${CC:-cc} -O1 -o "$top/wire" tests/vm/net/wire.c
	exec unshare -m -n -p -f --mount-proc --kill-child bash "tests/bench/${0##*/}" "$B" "$runs"
fi
case $target in
local)
	nics=(-nic none)
	place=$PWD/$out/crash
	;;
nfs | ssh)
	# shellcheck disable=SC2034	# world.sh wants them
	work=$top guest_root=build/guest dir=$PWD/$out/world
	rm -rf "$dir"
	mkdir "$dir"
	# shellcheck source=tests/vm/net/world.sh disable=SC1091
	. tests/vm/net/world.sh
	world static 3G
	place=/srv/dump/nfs
	[ "$target" != ssh ] || place=/srv/dump/home
	;;
esac

# boot MODE CRASHKERNEL SECONDS [QEMU OPTION]: until the guest ends; prints seconds from the panic to the reset
boot() {
	local panic='' line log=$out/$1.log
	: >"$log"
	while IFS= read -r line; do
		printf '%s %s\n' "$EPOCHREALTIME" "${line%$'\r'}" >>"$log"
		case $line in *'Kernel panic - not syncing: sysrq'*) panic=${panic:-$EPOCHREALTIME} ;; esac
	done < <(exec timeout "$3" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M q35 -m 1G -smp 1 -nodefaults \
		-display none -serial stdio -monitor none -no-reboot "${nics[@]}" -action panic=none \
		-drive if=none,id=d,file="${4:-$disk}",format=raw,cache=unsafe -device virtio-blk-pci,drive=d \
		-kernel "$top/disk.img.vmlinuz" -initrd "$top/disk.img.initrd" \
		-append "$kernelargs crashkernel=$2 bench=$1 benchto=$target" </dev/null 2>&1)
	wait $! || return 0	# it hung
	[ -z "$panic" ] || awk -v a="$panic" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", b - a }'
}

# Whether one whole dump lies at the target: under its last name, and read to its end.
arrived() {
	local core
	if [ "$target" = local ]; then
		mkdir -p "$place"
		e2fsck -fy "$out/run.img" >/dev/null 2>&1 || true
		debugfs -R "rdump /var/crash $place" "$out/run.img" >/dev/null 2>&1
	fi
	core=$(find "$place" -name vmcore -o -name vmcore.flat -o -name 'dump.2*')
	[ -f "$core" ] || return 1
	if [ "$(head -c 12 "$core")" = makedumpfile ]; then	# flattened for a pipe
		makedumpfile -R "$out/whole" <"$core" >/dev/null 2>&1 || return 1
		core=$out/whole
	fi
	makedumpfile --dump-dmesg "$core" "$out/dmesg" >/dev/null 2>&1 && grep -q 'sysrq triggered crash' "$out/dmesg" &&
		makedumpfile -l -d 31 "$core" "$out/again" >/dev/null 2>&1
}

# run PEER CRASHKERNEL SECONDS: crash once; prints the seconds, or nothing when no whole dump came or no reset
run() {
	local took
	rm -rf "${place:?}"/*
	cp --sparse=always "$disk" "$out/run.img"
	took=$(boot "$1" "$2" "$3" "$out/run.img")
	[ "$1" = reset ] || arrived || took=
	rm -f "$out"/{run.img,whole,dmesg,again}
	echo "$took"
}

if [ ! -e "$out/prepared" ]; then
	echo "bench: first boot builds every image inside the guest (minutes)"
	cp --sparse=always "$top/disk.img" "$disk"
	boot prepare 256M 3600 >/dev/null
	grep -q 'bench: done' "$out/prepare.log" || { tail -20 "$out/prepare.log"; echo "bench: the guest did not get ready" >&2; exit 1; }
	grep -o 'bench: .*' "$out/prepare.log" >"$out/prepared"
fi
cat "$out/prepared"

if [ -n "${SMALLEST:-}" ]; then
	for p in "${peers[@]}"; do
		dead=0 works=256 try=256 limit=1800
		while start=$SECONDS; do
			s=$(run "$p" "${try}M" $limit)
			echo "$p with $try MB: ${s:-failed}"
			# What takes three times as long as the first has hung.
			[ $try != 256 ] || limit=$(((SECONDS - start) * 3))
			if [ -n "$s" ]; then works=$try; else dead=$try; fi
			[ $((works - dead)) -gt 16 ] || break
			try=$(((works + dead) / 2))
		done
		if [ $dead = 256 ]; then echo "$p: does not work with 256 MB"; else echo "$p: smallest crashkernel= $works MB"; fi
	done
	exit
fi

rm -f "$out"/*.times
for ((i = 1; i <= runs; i++)); do
	for p in "${peers[@]}"; do
		s=$(run "$p" "${CRASHKERNEL:-256M}" 1800)
		echo "run $i $p: panic to reset ${s:-failed} s"
		[ -z "$s" ] || echo "$s" >>"$out/$p.times"
	done
done
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
for p in "${peers[@]}"; do
	if [ ! -e "$out/$p.times" ]; then
		echo "$p: every run failed, see $out/$p.log"
		continue
	fi
	ours=0
	[ ! -e "$out/crashcfg.times" ] || ours=$(median "$out/crashcfg.times")
	awk -v p="$p" -v m="$(median "$out/$p.times")" -v o="$ours" -v n="$(wc -l <"$out/$p.times")" \
		'BEGIN { printf "%-12s panic to reset: median %.2f s of %d runs; crashcfg/%s = %.2f\n", p, m, n, p, o / m }'
done
