#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD - every figure, one after the other: they must not disturb each other.
set -eu
cd "$(dirname "$0")"
for bench in settings status image floor estimate threads peers; do
	echo "== $bench"
	bash ./$bench.sh "$(cd ../.. && cd "$1" && pwd)"
done
