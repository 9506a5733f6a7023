#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernels.sh [-d DIR] [SERIES ...] - distribution kernels to crash, unpacked and never installed.
#
# SERIES is 5.10, 6.1 or 6.12 (Debian 11, 12 and 13), or 7.2 (sid) on a Debian system; without one, the first three.
# On Fedora and its kin it is not asked for: the kernel that dnf offers is taken.
# Each kernel becomes a small root of its own, which `crashcfg test --kernels DIR/RELEASE` takes:
#
#	DIR/RELEASE/boot/vmlinuz-RELEASE	DIR/RELEASE/boot/config-RELEASE
#	DIR/RELEASE/lib/modules/RELEASE/	(with modules.dep)
#
# DIR is build/kernels beside this checkout's Makefile.  What is there already is left as it is,
# so a second run needs no network.  The last word of the last line is a release.
# apt works on state folders of its own below DIR: neither the machine's package lists nor its
# packages change.  The mirror is the one that the machine's apt uses.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
dir=$here/build/kernels

say() { echo "kernels: $*"; }
die() { echo "kernels: $*" >&2; exit 1; }

if [ "${1:-}" = -d ]; then
	[ $# -ge 2 ] || die "-d wants a folder"
	mkdir -p "$2" && dir=$(cd "$2" && pwd)
	shift 2
fi

PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=tests/vm/debian.sh
. "$here/tests/vm/debian.sh"
tmp=
cleanup() { [ -z "$tmp" ] || rm -rf "$tmp"; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Is a whole kernel of series $1 there?  Folders get their name last, so a name means whole.
have() {
	for k in "$dir/$1".*/boot/vmlinuz-*; do
		[ -f "$k" ] && { say "$1: here is ${k##*/vmlinuz-}"; return 0; }
	done
	return 1
}

suite_of() {
	case $1 in
	5.10) echo bullseye ;;
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.2) echo sid ;;
	*) die "'$1' is none of 5.10, 6.1, 6.12 and 7.2" ;;
	esac
}

# The package that the newest kernel of suite $1 lies in, by what linux-image-amd64 depends on.
package() {
	own_apt apt-cache "$1" depends --important linux-image-amd64 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }'
}

# What its package is split into, from sid on.
parts() {
	own_apt apt-cache "$1" depends --important "$2" 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-(binary|modules|base)-[0-9]/ { print $2 }'
}

# Make the tree $1 with kernel $2 in it one layout, check it, and give it its name.
settle() {
	if [ -d "$1/usr/lib/modules" ] && [ ! -d "$1/lib/modules" ]; then
		mkdir -p "$1/lib"
		mv "$1/usr/lib/modules" "$1/lib/modules"
	fi
	mkdir -p "$1/boot"
	[ -f "$1/boot/vmlinuz-$2" ] || cp "$1/lib/modules/$2/vmlinuz" "$1/boot/vmlinuz-$2"
	[ -f "$1/boot/config-$2" ] || cp "$1/lib/modules/$2/config" "$1/boot/config-$2"
	rm -rf "${1:?}/usr" "${1:?}/etc"
	rm -f "$1/lib/modules/$2/build" "$1/lib/modules/$2/source"
	[ -s "$1/lib/modules/$2/modules.dep" ] || depmod -b "$1" "$2"
	grep -q '^CONFIG_KEXEC_FILE=y' "$1/boot/config-$2" || die "$2 was built without kexec_file_load"
	chmod -R u+rwX,go+rX "$1"
	rm -rf "${dir:?}/$2"
	mv "$1" "$dir/$2"
	say "unpacked $(du -sh "$dir/$2" | cut -f1) to $dir/$2"
	say "${3:+$3: }here is $2"
}

get_debian() {
	suite=$(suite_of "$1")
	say "$1: reading the package lists of Debian's '$suite' from $main"
	lists "$suite" linux-image-amd64
	pkg=$(package "$suite")
	[ -n "$pkg" ] || die "Debian's '$suite' has no kernel"
	say "$1: fetching $pkg"
	mkdir "$tmp/tree.$1" "$tmp/debs.$1"
	# shellcheck disable=SC2046
	(cd "$tmp/debs.$1" && own_apt apt-get "$suite" download "$pkg" $(parts "$suite" "$pkg")) || die "cannot fetch '$pkg'"
	for deb in "$tmp/debs.$1"/*.deb; do dpkg-deb -x "$deb" "$tmp/tree.$1"; done
	rm -rf "$tmp/debs.$1"
	settle "$tmp/tree.$1" "${pkg#linux-image-}" "$1"
}

get_fedora() {
	say "fetching kernel-core and kernel-modules-core"
	mkdir "$tmp/rpms" "$tmp/tree"
	dnf -q download --destdir "$tmp/rpms" --arch "$(uname -m)" kernel-core kernel-modules-core ||
		die "cannot fetch the kernel (dnf download needs the package dnf-plugins-core)"
	for rpm in "$tmp"/rpms/*.rpm; do
		(cd "$tmp/tree" && rpm2cpio "$rpm" | cpio -idm --quiet)
	done
	mkdir -p "$tmp/tree/boot"
	release=$(ls "$tmp/tree/lib/modules")
	settle "$tmp/tree" "$release"
}

mkdir -p "$dir"
command -v depmod >/dev/null || die "no depmod (install the package kmod)"
exec 9>"$dir/.lock"
flock 9
rm -rf "$dir"/.tmp.*	# of a run that was killed; the lock says that none is at work
tmp=$(mktemp -d "$dir/.tmp.XXXXXX")

if command -v apt-get >/dev/null; then
	main='' security=''
	[ $# -gt 0 ] || set -- 5.10 6.1 6.12
	for series; do
		suite_of "$series" >/dev/null
		have "$series" && continue
		[ -n "$main" ] || mirrors
		get_debian "$series"
	done
elif command -v dnf >/dev/null; then
	for k in "$dir"/*/boot/vmlinuz-*; do
		[ -f "$k" ] && { say "here is ${k##*/vmlinuz-}"; exit 0; }
	done
	get_fedora
else
	die "neither apt-get nor dnf is here: put a kernel into '$dir' by hand, see the head of this script"
fi
