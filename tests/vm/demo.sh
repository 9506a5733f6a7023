#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh BUILD - the main job: find a kernel that can kexec, crash it in a VM, open its dump.
set -eu
cd "$(dirname "$0")/../.."
B=$1
kernels=
fs=ext4

# The installed kernel will do if it has modules, can be read, and knows kexec_file_load(2).
for config in /boot/config-*; do
	release=${config#/boot/config-}
	if [ -r "/boot/vmlinuz-$release" ] && [ -e "/lib/modules/$release/modules.dep" ] &&
		grep -qx 'CONFIG_KEXEC_FILE=y' "$config" && grep -qx 'CONFIG_CRASH_DUMP=y' "$config"; then
		kernels=/
		kernel=$release
	fi
done
if [ -z "$kernels" ]; then
	echo "demo: no kernel that can kexec is installed; the distribution's own is used, unpacked below build/kernels"
	kernel=$(bash tests/vm/kernels.sh 6.1 | tee >(cat >&2) | tail -1)
	kernel=${kernel##* }
	kernels=build/kernels/$kernel
fi
echo "demo: crashcfg test --kernels $kernels --kernel $kernel --fs $fs"
exec "$B/crashcfg" test --kernels "$kernels" --kernel "$kernel" --fs "$fs"
