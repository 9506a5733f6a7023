#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD - capture-init as PID 1 of a namespace of its own: whatever it finds, it ends in the chosen action.
#
# It runs as nobody in a user, PID and mount namespace below a folder in which /proc, /sys and /dev
# cannot be mounted upon (they are files), so nothing of this machine is in its reach.  reboot(2) in
# a PID namespace ends that namespace: its init dies of SIGHUP for a restart, of SIGINT for halt and poweroff.
set -u
B=$1
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-init.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

apart() {	# as nobody, if we are root; PID 1 of nothing but itself
	local who=()
	[ "$(id -u)" != 0 ] || who=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	"${who[@]}" unshare --user --map-root-user --mount --pid --fork "$@"
}

tree() {	# TREE: an image's root
	mkdir -p "$1/etc/crashcfg" "$1/sbin" "$1/dev"
	: >"$1/proc"
	: >"$1/sys"
	: >"$1/dev/console"
	: >"$1/dev/null"
	cp "$B/capture-init" "$1/init"
	ln -s /init "$1/sbin/modprobe"
	chmod -R a+rwX "$1"
}

recipe() {	# ON_FAILURE
	cat <<EOF
{ "schema": 1, "host": "web1", "machine_id": "01", "kernel": "6.1.0", "dump_level": 31, "level_most": 31, "compress": "-l",
  "threads": 1, "deadline": 20, "stall": 5, "grace": 5, "on_success": "reboot", "on_failure": "$1",
  "shell_timeout": 1, "hash_max": 0, "watchdog": "", "loop_count": 3, "loop_span": 3600, "pre": [], "post": [],
  "targets": [], "modules": [] }
EOF
}

is() {		# NAME WANT GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: wanted '$2', got '$3'"
	fi
}

boot() {	# NAME WANT-STATUS WANT-WORD: PID 1 in the tree ends so, in less than ten seconds, and says that
	local start=$SECONDS status
	: >"$work/t/dev/console"
	timeout -k 1 30 bash -c "$(declare -f apart); apart chroot '$work/t' /init" >"$work/out" 2>&1
	status=$?
	is "$1" "$2" "$status"
	[ $((SECONDS - start)) -lt 10 ] || is "$1: its time" "less than 10 s" "$((SECONDS - start)) s"
	grep -q "$3" "$work/t/dev/console" || is "$1: its words" "$3" "$(cat "$work/t/dev/console" "$work/out")"
}

# What dracut's modules put into the image, and ours takes out again.
install_module() {
	bash -c 'initdir=$1 moddir=$2; inst_hook() { :; }; . "$2/module-setup.sh"; install' - \
		"$1" "$(dirname "$0")/../../initramfs/dracut"
}

strip() {
	local at=$work/dracut keep='node.session.timeo.login_timeout = 15'
	local secret='node.session.auth.password = open sesame'
	mkdir -p "$at/etc/iscsi/nodes/iqn.x" "$at/etc/iscsi/old nodes" "$at/etc/iscsi.d"
	: >"$at/init"
	printf '%s\n%s\n' "$secret" "$keep" >"$at/etc/iscsi/iscsid.conf.bak"
	printf '%s\n  %s\n#%s\n' "$keep" "$secret" "$secret" >"$at/etc/iscsi.d/real"
	printf 'discovery.sendtargets.auth.password_in = open sesame\n%s\n' "$keep" >"$at/etc/iscsi/old nodes/iqn"
	ln -s ../iscsi.d/real "$at/etc/iscsi/iscsid.conf"
	echo "$secret" >"$at/etc/iscsi/nodes/iqn.x/default"
	install_module "$at" >"$work/out" 2>&1
	is "dracut's module ends well" 0 $?
	is "no secret of iSCSI is in dracut's image" "" "$(grep -rl sesame "$at")"
	is "what is no secret stays" 3 "$(grep -rhc "$keep" "$at/etc" | awk '{ n += $1 } END { print n }')"
	is "dracut's init is the bringer" 1 "$(find "$at/usr/lib/crashcfg/bring-up" "$at/init" 2>/dev/null | wc -l)"
	install_module "$at/none" >"$work/out" 2>&1
	is "an image without settings is none to strip" "" "$(grep -v "^mv: " "$work/out")"
}
strip

tree "$work/t"
if ! apart true 2>"$work/out"; then
	echo "skipped: capture-init as PID 1: no user namespaces here: $(cat "$work/out")"
	echo "0 passed, 0 failed"
	exit 0
fi

recipe reboot >"$work/t/etc/crashcfg/recipe.json"
boot "without a crashed kernel it says so and reboots" 129 "no crashed kernel is behind this one"
boot "its last line is the action" 129 "end: reboot"
recipe poweroff >"$work/t/etc/crashcfg/recipe.json"
boot "it powers off where the recipe says so" 130 "end: poweroff"
recipe halt >"$work/t/etc/crashcfg/recipe.json"
boot "it halts where the recipe says so" 130 "end: halt"
recipe shell >"$work/t/etc/crashcfg/recipe.json"
boot "a shell that the image lacks is a reboot" 129 "end: reboot"
recipe reboot | head -c 100 >"$work/t/etc/crashcfg/recipe.json"
boot "a recipe that cannot be read ends in a reboot" 129 "recipe.json': not JSON"
rm "$work/t/etc/crashcfg/recipe.json"
boot "an image without recipe ends in a reboot" 129 "recipe.json': No such file"

"$B/capture-init" 2>/dev/null
is "on a running system it does nothing" 2 $?
chroot=(chroot "$work/t")
[ "$(id -u)" = 0 ] || chroot=(unshare --user --map-root-user chroot "$work/t")
recipe reboot >"$work/t/etc/crashcfg/recipe.json"
"${chroot[@]}" /sbin/modprobe -q -- fs-nothing
is "as modprobe it tells that it has no such module" 1 $?

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
