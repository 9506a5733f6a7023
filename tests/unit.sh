#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit.sh PROGRAM - run one cmocka program: quiet when all is well, its whole output when not, and the sums.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$1" >"$log" 2>&1
status=$?
ok=$(grep -acE '^\[ +OK \]' "$log")
bad=$(grep -acE '^\[ +FAILED \] [^0-9]' "$log")
if [ "$status" != 0 ]; then
	cat "$log"
	[ "$bad" != 0 ] || bad=1
fi
[ "$((ok + bad))" != 0 ] || { cat "$log"; echo "no test ran"; bad=1; }
echo "$ok passed, $bad failed"
[ "$bad" = 0 ]
