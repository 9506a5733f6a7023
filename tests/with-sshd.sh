#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# with-sshd.sh COMMAND [ARG ...] - run COMMAND where there is an sshd.
#
# Installing Debian's openssh-server opens a port of this machine.  So where it is not installed it is unpacked to
# build/sshd and laid over /usr for COMMAND alone, in a mount namespace.  Where that cannot be, COMMAND runs without;
# it says itself what it skips then.
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$here/build/sshd
libs=/usr/lib/x86_64-linux-gnu

get() (
	set -e
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	cd "$dir.new"
	apt-get -q download openssh-server libwrap0 >log 2>&1
	for deb in *.deb; do dpkg-deb -x "$deb" .; done
	mkdir -p ".$libs"
	! [ -d lib/x86_64-linux-gnu ] || cp -a lib/x86_64-linux-gnu/. ".$libs"
	rm -rf ./*.deb log "$dir"
	mv "$dir.new" "$dir"
)

if [ ! -x /usr/sbin/sshd ] && [ "$(id -u)" = 0 ] && [ -d $libs ] && { [ -x "$dir/usr/sbin/sshd" ] || get; }; then
	over() { mount -t overlay -o "lowerdir=$dir$1:$1" none "$1"; }
	if [ -n "${WITH_SSHD:-}" ]; then
		over /usr/sbin && over $libs || echo "with-sshd.sh: not here" >&2
	elif unshare -m true 2>/dev/null; then
		# What another part of /usr is laid over hides the library.
		WITH_SSHD=1 LD_LIBRARY_PATH=$dir$libs exec unshare -m sh "$0" "$@"
	fi
fi
exec "$@"
