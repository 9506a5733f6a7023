#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Build the sources twice, in folders of different names, and compare every program.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
work=$top/build/repro
rm -rf "$work"
for side in first the-second-folder; do
	mkdir -p "$work/$side"
	(cd "$top" && tar -cf - cmd initramfs conf bootloader src tests Makefile) | tar -xf - -C "$work/$side"
	make -s -j"$(nproc)" -C "$work/$side" all >/dev/null
done
status=0
for f in crashcfg capture-init lab-init docs/crashcfg.8 docs/crashcfg.5 docs/crashcfg.bash docs/crashcfg.sysconfig; do
	if cmp "$work/first/build/out/$f" "$work/the-second-folder/build/out/$f"; then
		echo "repro: $f: same bytes"
	else
		status=1
	fi
done
rm -rf "$work"
exit $status
