#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# peers.sh BUILD [RUNS] - this project beside kdump-tools and dracut, on one Debian 12 guest with one kernel.
#
# Image build time and sizes are taken inside the guest; panic to reset is the time from the panic's line on the
# serial console to the guest's reset, RUNS times (5) for each peer in turn: A B C D A B C D ...  Medians and ratios.
# PEERS="reset crashcfg" takes part of them; dracut wants KDUMP_UTILS=DIR when the disk is made.
# All under TCG: seconds are this machine's, ratios travel.  Needs root (mmdebstrap).
set -eu
B=$(cd "$1" && pwd) runs=${2:-5}
cd "$(dirname "$0")/../.."
dir=build/bench/peers
disk=$dir/disk.img
kernelargs='root=LABEL=bench rw console=ttyS0,115200 net.ifnames=0 systemd.show_status=0 crashkernel=256M panic=10'
mkdir -p "$dir"
[ -e "$disk" ] || bash tests/bench/peers/disk.sh "$B" "$disk"

# guest MODE LOG: boot and wait for the end; prints seconds from the panic to the reset
guest() {
	local panic='' line
	local -a snapshot=(-snapshot)
	[ "$1" != prepare ] || snapshot=()
	: >"$2"
	while IFS= read -r line; do
		printf '%s %s\n' "$EPOCHREALTIME" "${line%$'\r'}" >>"$2"
		case $line in *'Kernel panic - not syncing: sysrq'*) panic=${panic:-$EPOCHREALTIME} ;; esac
	done < <(timeout 900 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M q35 -m 1G -smp 1 -nodefaults \
		-display none -serial stdio -monitor none -no-reboot -nic none -action panic=none \
		-drive if=none,id=d,file="$disk",format=raw,cache=unsafe -device virtio-blk-pci,drive=d "${snapshot[@]}" \
		-kernel "$disk.vmlinuz" -initrd "$disk.initrd" -append "$kernelargs bench=$1" </dev/null 2>&1)
	[ -z "$panic" ] || awk -v a="$panic" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", b - a }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

if [ ! -e "$dir/prepared" ]; then
	echo "bench: first boot builds every image inside the guest (minutes)"
	guest prepare "$dir/prepare.log" >/dev/null
	grep -q 'bench: done' "$dir/prepare.log" || { tail -20 "$dir/prepare.log"; echo "bench: the guest did not get ready" >&2; exit 1; }
	grep -o 'bench: .*' "$dir/prepare.log" >"$dir/prepared"
fi
cat "$dir/prepared"

read -ra peers <<<"${PEERS:-reset crashcfg kdump-tools dracut}"
rm -f "$dir"/*.times
for ((i = 1; i <= runs; i++)); do
	for p in "${peers[@]}"; do
		s=$(guest "$p" "$dir/$p.log")
		echo "run $i $p: panic to reset ${s:-failed} s"
		[ -z "$s" ] || echo "$s" >>"$dir/$p.times"
	done
done
ours=$(median <"$dir/crashcfg.times")
for p in "${peers[@]}"; do
	m=$(median <"$dir/$p.times")
	awk -v p="$p" -v m="$m" -v o="$ours" -v n="$(wc -l <"$dir/$p.times")" \
		'BEGIN { printf "%-12s panic to reset: median %.2f s of %d runs; crashcfg/%s = %.2f\n", p, m, n, p, o / m }'
done
