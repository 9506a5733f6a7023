#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The module by which dracut makes an image for crashcfg: all that dracut knows of bringing up a disk, and no way
# to a shell.  PID 1 of that image is crashcfg's capture-init, which is put over it together with its recipe;
# dracut's own init becomes a program that capture-init runs, under a deadline, when it wants the disk:
#
#	/usr/lib/crashcfg/bring-up	0: the disk should be there; else what failed is in /run/crashcfg.bring-up
#
# Installed behind dracut's own modules (99), since it takes away from what they put in.  Asked for by name alone.

# shellcheck disable=SC2154  # initdir and moddir are dracut's

# called by dracut
check() {
	return 255
}

# called by dracut
depends() {
	echo base rootfs-block
}

# called by dracut
install() {
	local hooks=$initdir/lib/dracut/hooks

	mkdir -p "$initdir/usr/lib/crashcfg"
	mv "$initdir/init" "$initdir/usr/lib/crashcfg/bring-up"
	inst_hook cmdline 00 "$moddir/no-shell.sh"
	inst_hook cmdline 99 "$moddir/no-root.sh"
	inst_hook pre-mount 00 "$moddir/brought.sh"

	# The network is up before: what dracut would do on its own account, DHCP on every interface, is not wanted.
	rm -f "$hooks"/pre-udev/60-net-genrules.sh "$initdir"/usr/sbin/dhclient "$initdir"/usr/sbin/dhclient-script
	# Nobody reads the system's journal, nor logs in.
	rm -f "$initdir"/etc/shadow

	# The image holds no secret; those that are wanted come behind it when it is loaded.
	rm -rf "$initdir"/etc/iscsi/{nodes,send_targets,isns,slp,static,ifaces}
	# dracut takes all files that are there, copies that an administrator or a package kept too; whoever is a link
	# has its file elsewhere.
	local proof='^[[:space:]#]*[a-z.]*\.auth\.'
	[[ ! -d $initdir/etc ]] || grep -rlZE "$proof" "$initdir/etc" | xargs -0r sed -i -E "/$proof/d"
}
