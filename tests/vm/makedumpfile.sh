#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# makedumpfile.sh SUITE - the makedumpfile of a suite of Debian and the libraries that it runs on, unpacked and never
# installed, as a root: build/makedumpfile/SUITE.  The last word of the last line is its version.  What is there stays.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
suite=$1 dir=$here/build/makedumpfile
say() { echo "makedumpfile: $*"; }
die() { echo "makedumpfile: $*" >&2; exit 1; }
version() { strings -n 12 "$dir/$suite/usr/bin/makedumpfile" | sed -n 's/^makedumpfile: version \([0-9.]*\) .*/\1/p' | head -1; }
# shellcheck source=tests/vm/debian.sh
. "$here/tests/vm/debian.sh"

mkdir -p "$dir"
exec 9>"$dir/.lock"
flock 9
if [ -d "$dir/$suite" ]; then
	say "$suite: here is $(version)"
	exit 0
fi
tmp=$(mktemp -d "$dir/.tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
main='' security=''
mirrors
lists "$suite" makedumpfile
mkdir "$tmp/debs" "$tmp/root"
# libgcc-s1 is opened by the C library when a thread ends; nothing depends on it.
# shellcheck disable=SC2046
(cd "$tmp/debs" && own_apt apt-get "$suite" download makedumpfile libc6 libgcc-s1 \
	$(own_apt apt-cache "$suite" depends --recurse --important makedumpfile | grep -oE '^(lib(dw1|elf1|lzo2|zstd1|bz2|lzma5)|zlib1g)[^ :]*$' | sort -u)) ||
	die "cannot fetch the makedumpfile of '$suite'"
for deb in "$tmp"/debs/*.deb; do dpkg-deb -x "$deb" "$tmp/root"; done
rm -rf "$tmp/root/usr/share" "$tmp"/root/usr/lib/*/gconv
# As on a system: the packages of an older suite bring the folders themselves.
for name in lib lib64; do
	[ -e "$tmp/root/$name" ] || ln -s "usr/$name" "$tmp/root/$name"
done
mv "$tmp/root" "$dir/$suite"
say "$suite: here is $(version)"
