#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD - every test that `make check` promises, in order of cost; says what it does, closes with the sums.
set -u
B=$1
passed=0 failed=0 bad=() skipped=()
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-check.XXXXXX")
beside=
trap '[ -z "$beside" ] || kill -- -$beside 2>/dev/null; rm -rf "$work"' EXIT

# one NAME COMMAND...: a test program; its last "N passed, N failed" is added, else its exit code counts as one.
one() {
	local name=$1 start=$SECONDS sums
	shift
	echo "== $name"
	"$@" 2>&1 | tee "$work/log"
	local status=${PIPESTATUS[0]}
	mapfile -t -O "${#skipped[@]}" skipped < <(grep -a '^skipped: ' "$work/log")
	sums=$(grep -aoE '[0-9]+ passed, [0-9]+ failed' "$work/log" | tail -1)
	if [ -n "$sums" ]; then
		passed=$((passed + ${sums%% *}))
		sums=${sums#*, }
		failed=$((failed + ${sums%% *}))
		[ "${sums%% *}" = 0 ] || bad+=("$name")
		if [ "$status" != 0 ] && [ "${sums%% *}" = 0 ]; then
			failed=$((failed + 1))
			bad+=("$name (status $status)")
		fi
	elif [ "$status" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		bad+=("$name (status $status)")
	fi
	echo "   $((SECONDS - start)) s"
}

# The unit test of the images builds them for the kernels that the VMs crash.
one kernels sh tests/vm/kernels.sh

for test in "$B"/tests/unit/*/*; do
	[ -x "$test" ] && [ -f "$test" ] && case $test in *.d) ;; *) one "${test#"$B"/tests/}" bash tests/unit.sh "$test" ;; esac
done
for suite in cli roots init; do
	one tests/$suite bash tests/$suite/run.sh "$B"
done
one tests/live sh tests/with-sshd.sh bash tests/live/run.sh "$B"

# A guest takes one processor: what crashes in guests of its own runs beside what `crashcfg test` crashes.
set -m	# a process group of its own, to be ended with us
{
	bash tests/vm/net.sh "$B" few >"$work/net" 2>&1
	echo $? >"$work/net.status"
	bash tests/vm/stacks.sh "$B" few >"$work/stacks" 2>&1
	echo $? >"$work/stacks.status"
} &
beside=$!
set +m
# told NAME: what a suite in the background said, once it has ended
told() {
	until [ -e "$work/$1.status" ]; do sleep 0.3; done
	cat "$work/$1"
	return "$(cat "$work/$1.status")"
}
one tests/vm sh tests/with-sshd.sh bash tests/vm/run.sh "$B"
one tests/vm/net told net
one tests/vm/stacks told stacks
beside=

[ ${#skipped[@]} = 0 ] || printf '%s\n' "${skipped[@]}"
[ ${#bad[@]} = 0 ] || printf 'failed: %s\n' "${bad[@]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
