# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2119
#
# Sourced by run.sh.  A guest gives reserved memory back to its running system by `estimate --shrink`, down to what
# the estimate says, crashes, and its dump must arrive in what was left.
# shellcheck source=tests/vm/guest.sh disable=SC1091
. tests/vm/guest.sh

guest_root=${guest_root:-build/guest}
guest_root_have

name=shrink dir=$vm_dir/shrink start=$SECONDS problems=()
mkdir -p "$dir"
guest_new shrink
guest_job tests/vm/shrink/job || exit 1
for phase in arm after; do
	guest_boot "$dir/$phase" 400 "crashkernel=256M quiet loglevel=4 job.phase=$phase"
done

said() { grep -aqE "^job: $1" "$dir/$2" || problems+=("'$1' was not said"); }
after=$(sed -n 's/^job: again \([0-9]*\) .*/\1/p' "$dir/arm" | tr -d '\r')
said "booted 268435456 268435456 1" arm
said "larger exit 1: .*gives nothing back" arm
said "unasked exit 2: " arm
said "tiny exit 1: .*to start" arm
said "refused 268435456 268435456 1" arm
said "foreign exit 1: .*not ours" arm
said "foreign 268435456 268435456 1" arm
said "good exit 0: " arm
said "shrunk 167772160 167772160 1" arm
said "auto exit 0: " arm
said "again ${after:-none} ${after:-none} 1" arm
said "status 0" arm
said 'record state "complete"' after
[ "${after:-999999999}" -lt 167772160 ] || problems+=("auto gave nothing back")
took=$((SECONDS - start))
if [ ${#problems[@]} = 0 ]; then
	good "256 MB, 160 MB, then $((after >> 20)) MB are reserved by both accounts, and the dump arrived in them"
else
	bad "$(printf '%s; ' "${problems[@]}")"
fi
