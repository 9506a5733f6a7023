#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install the packages of the list beside this script that are missing, and say which.
# Works offline, and asks for no privilege, when none is missing.
set -eu
list=$(dirname "$0")/packages

if command -v apt-get >/dev/null 2>&1; then
	column=2
	has() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
elif command -v dnf >/dev/null 2>&1; then
	column=3
	has() { rpm -q "$1" >/dev/null 2>&1; }
else
	echo "packages: neither apt-get nor dnf is here; install by hand what $list names" >&2
	exit 1
fi

missing=
# shellcheck disable=SC2013  # names of packages are words
for package in $(awk -v c=$column '!/^#/ && NF { print $c }' "$list" | sort -u); do
	has "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
	echo "packages: all are installed"
	exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
	as_root=sudo
	command -v sudo >/dev/null 2>&1 || { echo "packages: as root, install:$missing" >&2; exit 1; }
fi
echo "packages: installing$missing"
if [ $column = 2 ]; then
	# The lists of packages may be absent (a fresh root) or old (a package's version is gone).
	install() {
		# shellcheck disable=SC2086  # words are wanted
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
	}
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	if ! install >"$log" 2>&1; then
		$as_root apt-get update -q >>"$log" 2>&1 || true
		install >>"$log" 2>&1 || { cat "$log" >&2; echo "packages: apt-get failed" >&2; exit 1; }
	fi
else
	# shellcheck disable=SC2086
	$as_root dnf install -y -q $missing
fi
echo "packages: done"
