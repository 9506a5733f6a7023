#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD [UPDATE=1] - transcripts: each tests/cli/NAME.txt holds commands as a person would type them
# ("$ crashcfg ..."), what they print (stdout and stderr as they come) and, when it is not 0, "[exit N]".
#
# A line "# file PATH" starts a file below the case's own root (up to "# end"); ROOT stands for that root.
set -u
cd "$(dirname "$0")" || exit 1
B=$(cd ../.. && cd "$1" && pwd)
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT

play() {	# play CASE ROOT: run its commands, print the transcript as it really is
	local line file='' root=$2 status
	local -a words
	while IFS= read -r line; do
		case $line in
		'# file '*)
			file=$root${line#\# file }
			mkdir -p "$(dirname "$file")"
			: >"$file"
			echo "$line" ;;
		'# end') file=; echo "$line" ;;
		'#'*) [ -z "$file" ] || printf '%s\n' "$line" >>"$file"; echo "$line" ;;
		'$ crashcfg'*)
			echo "$line"
			# The words are this repository's own; eval gives them a shell's quoting.
			eval "words=(${line#\$ crashcfg})"
			(cd "$root" && "$B/crashcfg" "${words[@]//ROOT/$root}" </dev/null 2>&1)
			status=$?
			[ $status = 0 ] || echo "[exit $status]" ;;
		*)
			[ -z "$file" ] || { printf '%s\n' "$line" >>"$file"; echo "$line"; } ;;
		esac
	done <"$1" | sed "s,$root,ROOT,g"
}

for case in *.txt; do
	root=$work/${case%.txt}
	mkdir -p "$root"
	play "$case" "$root" >"$work/got"
	if [ -n "${UPDATE:-}" ]; then
		cp "$work/got" "$case"
	elif diff -u "$case" "$work/got" >"$work/diff"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "cli: $case differs"
		cat "$work/diff"
	fi
done
echo "cli: $passed passed, $failed failed"
[ $failed = 0 ]
