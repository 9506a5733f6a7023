#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD [NAME...] - whole systems: for each tests/roots/NAME
#	root/		the system, without its settings
#	more/		(may be missing) what is laid over root, which may be a link to another system's
#	settings	/etc/sysconfig/crashcfg
#	options		(may be missing) options for diff and apply, such as --force
#	want.plan	what 'crashcfg diff' prints
#	want.root	what apply makes of the tree: mode, hash and path of each file that is new or changed
# Applying twice is applying once, and remove gives the original tree, byte for byte.
# UPDATE=1 writes want.plan and want.root anew; look at their diff before you commit them.
set -u
cd "$(dirname "$0")" || exit 1
B=$(cd ../.. && cd "$1" && pwd)
shift
[ -x "$B/crashcfg" ] || { echo "run.sh: '$B/crashcfg' is missing; 'make' builds it" >&2; exit 1; }
passed=0 failed=0
work=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/crashcfg-roots.XXXXXX")
trap 'rm -rf "$work"' EXIT

# tree DIR: type, mode, hash or target, and path of everything in it.
tree() {
	(cd "$1" && find . -mindepth 1 \( -type f -printf '%y %m ' -exec sh -c 'sha256sum <"$1" | cut -c1-16 | tr "\n" " "' - {} \; -printf '%P\n' \) \
		-o -printf '%y %m %l %P\n' | LC_ALL=C sort -k4)
}

# stamp DIR: what any write would change.
stamp() {
	(cd "$1" && find . -printf '%p %i %m %s %C@ %T@\n' | LC_ALL=C sort)
}

ok() {	# ok NAME WHAT A B: are two files equal?
	if cmp -s "$3" "$4"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1: $2"
		diff -u "$3" "$4" | head -40
	fi
}

case_of() {
	local name=$1 root=$work/$1 out=$work/out.$1
	local -a options=()
	[ ! -e "$name/options" ] || read -ra options <"$name/options"
	mkdir -p "$root" "$out"
	cp -a "$name/root/." "$root/"
	[ ! -d "$name/more" ] || cp -a "$name/more/." "$root/"
	mkdir -p "$root/etc/sysconfig"
	cp "$name/settings" "$root/etc/sysconfig/crashcfg"
	find "$root" -name .gitkeep -delete
	chmod -R u=rwX,go=rX "$root"	# whatever the umask of the checkout
	tree "$root" >"$out/before"

	stamp "$root" >"$out/stamp.before"
	"$B/crashcfg" diff --root "$root" "${options[@]}" >"$out/plan" 2>"$out/plan.err"
	local status=$?
	[ $status = 0 ] || echo "[exit $status]" >>"$out/plan"
	# Why the image cannot be built here is not this test's matter.
	grep -v '^crashcfg: the image waits' "$out/plan.err" | sed "s,$root,ROOT,g; s/^/! /" >>"$out/plan"
	stamp "$root" >"$out/stamp"
	ok "$name" "diff writes nothing" "$out/stamp.before" "$out/stamp"
	[ "${UPDATE:-0}" = 0 ] || cp "$out/plan" "$name/want.plan"
	ok "$name" "the plan" "$name/want.plan" "$out/plan"

	"$B/crashcfg" apply --root "$root" "${options[@]}" --json >"$out/first" 2>"$out/first.err"
	tree "$root" >"$out/after"
	diff "$out/before" "$out/after" | sed -n 's/^[<>]/&/p' | sed 's/^</-/; s/^>/+/' >"$out/root"
	[ "${UPDATE:-0}" = 0 ] || cp "$out/root" "$name/want.root"
	ok "$name" "the tree after apply" "$name/want.root" "$out/root"

	stamp "$root" >"$out/stamp.before"
	"$B/crashcfg" apply --root "$root" "${options[@]}" --json 2>&1 >"$out/second" | sed "s,^,$name: ," >"$out/second.err"
	stamp "$root" >"$out/stamp"
	ok "$name" "the second apply writes nothing" "$out/stamp.before" "$out/stamp"
	if [ $status = 0 ]; then
		grep -q '"changed": false' "$out/second" && echo yes >"$out/said"
		echo yes >"$out/yes"
		ok "$name" "the second apply says so" "$out/yes" "$out/said"
	fi

	"$B/crashcfg" remove --root "$root" >"$out/remove" 2>&1 || sed "s,^,$name: remove: ," "$out/remove"
	tree "$root" >"$out/removed"
	ok "$name" "remove gives the original tree" "$out/before" "$out/removed"
	stamp "$root" >"$out/stamp.before"
	"$B/crashcfg" remove --root "$root" >"$out/remove" 2>&1
	stamp "$root" >"$out/stamp"
	ok "$name" "the second remove writes nothing" "$out/stamp.before" "$out/stamp"
	rm -rf "$root"
}

if [ $# = 0 ]; then
	set -- */settings
	set -- "${@%/settings}"
fi
for name; do
	[ -d "$name/root" ] && case_of "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
