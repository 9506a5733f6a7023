# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# Sourced by run.sh: targets that `crashcfg test` makes by itself, layers of scratch disks and scratch servers.
# Each row: what it is called, and the options for it.  Without a word the first alone runs.

lab_rows=(
	"test-ssh --target ssh"
	"test-nfs --target nfs"
	"test-nfs-name --target nfs://files.example.org/srv/a/b"
	"test-ssh-port --target ssh://root@[2001:db8::5]:2222/srv/a/b"
	"test-nfs3 --target nfs"
	"test-nfs3-ipv6 --target nfs://[2001:db8::5]:2050/srv/a"
	"test-nfs-dhcp --target nfs --network dhcp"
	"test-nfs-ra --target nfs://[2001:db8::5]/srv/a --network ra"
	"test-ssh-dhcp6 --target ssh://crash@[2001:db8::5]/srv/a --network vlan,dhcp"
	"test-ssh-router --target ssh --network bond,router"
	"test-nfs-bridge --target nfs --network bond,vlan,bridge"
	"test-lvm --stack lvm"
	"test-thin --stack thin --fs xfs"
	"test-raid1 --stack raid1"
	"test-raid5 --stack raid5 --fs btrfs"
	"test-luks --stack luks"
	"test-all --stack raid1,thin,luks"
)

# lab_row WORD...: the image arrived unchanged, and what was played instead of the host is told.
lab_row() {
	local lacks root
	case $1 in
	*nfs3*)
		root=$(make_root "$1")
		echo 'NFS_OPTIONS="vers=3"' >"$root/etc/sysconfig/crashcfg"
		set -- "$@" --root "$root"
		;;
	esac
	vm_test "$1" --kernels "$(kernel_root 6.1)" "${@:2}"
	lacks=$(grep -oE "no '[^']*' on this machine.*|install the package .*" "$dir/words")
	if [ "$status" = 1 ] && [ -n "$lacks" ]; then
		echo "skipped: tests/vm/$1: $lacks"
	elif [ "$status" = 0 ] && [ "$(top pass)" = true ] && grep -q '^Differs from the host: ' "$dir/words"; then
		good "$(verdict)"
	else
		bad "$(verdict)"
	fi
}

for row in "${lab_rows[@]}"; do
	read -ra words <<<"$row"
	[ "${want[*]}" != all ] || [ "${words[0]}" = test-ssh ] || continue
	wanted lab "${words[0]}" && lab_row "${words[@]}"
done
