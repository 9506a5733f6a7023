#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh TARGET SECONDS - run one fuzz target on its seeds and its kept corpus; a finding is a failure.
set -eu
target=$1 seconds=$2
name=${target#build/fuzz/}
corpus=build/corpus/$name
seeds=tests/fuzz/$name.corpus
log=build/corpus/$name.log
mkdir -p "$corpus"
[ -d "$seeds" ] || seeds=
# shellcheck disable=SC2086  # no seeds, no word
if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	-artifact_prefix="$corpus.found-" "$corpus" $seeds >"$log" 2>&1; then
	awk -v n="$name" '/number_of_executed_units/ { print "fuzz " n ": " $2 " inputs, clean" }' "$log"
else
	tail -40 "$log" >&2
	echo "fuzz $name: FOUND something, see $log" >&2
	exit 1
fi
