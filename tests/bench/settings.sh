#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# settings.sh BUILD [RUNS] - how long `crashcfg check` takes on settings files of 1 MB; medians of RUNS (11) whole
# processes, by the clock and in CPU time.  The bound is 100 ms for each kind of file, by the clock on a quiet
# machine; the CPU time is what this script judges, since it holds on a busy one.
#
#	values		assignments of known keys, 50,000 lines, each of them right
#	unknown		misspelt keys, so that each line needs its nearest known one
#	comments	what a person would write at length
#	garbage		half a million lines that are no assignments
#	line		one line of 1 MB
set -eu
export LC_ALL=C
crashcfg=$(cd "$1" && pwd)/crashcfg runs=${2:-11}
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

make_file() {	# make_file KIND: 1 MB of it on stdout
	awk -v kind="$1" 'BEGIN {
		split("DUMP_KEEP=\"%d\" DUMP_LEVEL=\"%d\" CRASHKERNEL=\"2%02dM\" NET_WAIT=\"%ds\" " \
		      "DUMP_TARGETS=\"file:///crash/%d\" DUMP_MIN_FREE=\"%dG\"", form, " ")
		form[0] = form[6]
		while (size < 1048576) {
			n++
			if (kind == "values") {
				line = sprintf(form[n % 6], 1 + n % 30)
			} else if (kind == "unknown") {
				line = "DUMP_LEVL" n % 1000 "=\"31\""
			} else if (kind == "comments") {
				line = "# line " n ": why this host keeps its dumps where it keeps them"
			} else if (kind == "garbage") {
				line = "x"
			} else {
				line = "DUMP_PRE=\""
				while (length(line) < 1048576)
					line = line "/usr/bin/program "
				line = line "\""
			}
			print line
			size += length(line) + 1
		}
	}'
}

median() { sort -n | sed -n "$(((runs + 1) / 2))p"; }

TIMEFORMAT='%R %U %S'
slow=0
for kind in values unknown comments garbage line; do
	mkdir -p "$work/$kind/etc/sysconfig"
	make_file "$kind" >"$work/$kind/etc/sysconfig/crashcfg"
	for ((i = 0; i < runs; i++)); do
		{ time "$crashcfg" --root "$work/$kind" check >/dev/null 2>&1; } 2>&1 || true
	done >"$work/times"
	clock=$(awk '{ print $1 * 1000 }' "$work/times" | median)
	cpu=$(awk '{ print ($2 + $3) * 1000 }' "$work/times" | median)
	printf 'check, 1 MB of %-9s %7d lines: median %4d ms, of CPU time %3d ms\n' "$kind" \
		"$(wc -l <"$work/$kind/etc/sysconfig/crashcfg")" "$clock" "$cpu"
	[ "$cpu" -lt 100 ] || slow=1
done
[ $slow = 0 ] || { echo "check: slower than 100 ms" >&2; exit 1; }
