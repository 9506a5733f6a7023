# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2154
#
# Sourced by scripts that take packages from another suite of Debian without installing them.  apt works on state
# folders below $tmp: neither the machine's package lists nor its packages change.  The mirror is the one that the
# machine's apt uses (mirrors, which sets $main and $security).  The caller has die().

# "site release component" of every source that apt knows, deb822 and one-line files alike.
targets() {
	# shellcheck disable=SC2016
	apt-get indextargets --no-release-info \
		--format '$(SITE) $(RELEASE) $(COMPONENT) $(IDENTIFIER)' 2>/dev/null |
		awk '$3 == "main" && $4 == "Packages" { print $1, $2 }' | sort -u
}

# Of all sources Debian's own is the one that also has a suite SUITE-updates.
mirrors() {
	main=$(targets | awk '$2 ~ /^[a-z]+-updates$/ { print $1; exit }')
	[ -n "$main" ] || main=$(targets | awk '$1 ~ /\/debian$/ { print $1; exit }')
	[ -n "$main" ] || main=http://deb.debian.org/debian
	security=$(targets | awk '$2 ~ /-security$/ { print $1; exit }')
	[ -n "$security" ] || security=$(echo "$main" | sed 's,/debian$,/debian-security,')
}

own_apt() {	# TOOL SUITE ARGS...
	tool=$1 state=$tmp/$2; shift 2
	"$tool" -q -q -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
		-o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
		-o Acquire::Retries=3 "$@"
}

# lists SUITE PACKAGE: its package lists, with and without what its archive has lost since (an old suite moves away in
# parts), until PACKAGE is in them.
lists() {
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -f $key ] || die "no '$key' (install the package debian-archive-keyring)"
	mkdir -p "$tmp/$1/lists/partial" "$tmp/$1/cache/archives/partial"
	: > "$tmp/$1/status"
	main_line="deb [arch=amd64 signed-by=$key] $main $1 main"
	security_line="deb [arch=amd64 signed-by=$key] $security $1-security main"
	archive=http://archive.debian.org/debian
	archive_line="deb [arch=amd64 signed-by=$key check-valid-until=no] $archive $1 main"
	for lines in "$main_line
$security_line" "$main_line" "$security_line" "$archive_line"; do
		echo "$lines" > "$tmp/$1/sources.list"
		own_apt apt-get "$1" update >"$tmp/$1/log" 2>&1 && ! grep -q '^[WE]: ' "$tmp/$1/log" &&
			[ -n "$(own_apt apt-cache "$1" show "$2" 2>/dev/null)" ] && return 0
	done
	sed 's/^/kernels: /' "$tmp/$1/log" >&2
	die "cannot read the package lists of Debian's '$1' from '$main' (is the network up?)"
}
