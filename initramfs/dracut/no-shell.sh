#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The first hook that dracut's init sources.  Whatever would end in a shell, in a halt or in a wait for somebody ends
# the bringing up of disks, with a word why; capture-init, whose child this is, goes on from there.

crashcfg_end() {
	trap - 0
	printf '%s\n' "$2" > /run/crashcfg.bring-up
	exit "$1"
}

emergency_shell() {
	# A stop that the command line asks for.
	[ "$1" = "-n" ] && return 0
	crashcfg_end 1 "$*"
}

die() {
	crashcfg_end 1 "$*"
}
