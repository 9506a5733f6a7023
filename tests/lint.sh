#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lint.sh FLAGS FOLDER:INCLUDES... - clang-tidy, cppcheck, gcc -fanalyzer and shellcheck over the sources.
# A tool that is not installed is named and skipped; a complaint of one that is fails.
set -u
flags=$1
shift
status=0
have() {
	command -v "$1" >/dev/null 2>&1 && return 0
	echo "lint: no $1 here, skipped"
	return 1
}
have clang-tidy && tidy=1 || tidy=
have cppcheck && cpp=1 || cpp=
eval "flags=($flags)"		# the Makefile's own words, quoted for a shell
for floor in "$@"; do
	folder=${floor%%:*}
	read -ra includes <<<"${floor#*:}"
	ls "$folder"/*.c >/dev/null 2>&1 || continue
	echo "lint: $folder"
	for c in "$folder"/*.c; do
		# Cleanup attributes look like leaks to both analyzers: ASan finds the real ones.
		gcc "${flags[@]}" "${includes[@]}" -O1 -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-fd-leak \
			-Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-possible-null-dereference \
			-MF /dev/null -c "$c" -o /dev/null || status=1
	done
	if [ -n "$tidy" ]; then
		clang-tidy --quiet "$folder"/*.c -- "${flags[@]}" "${includes[@]}" 2>/dev/null || status=1
	fi
	if [ -n "$cpp" ]; then
		# internalAstError: it cannot parse the cleanup attributes in every place
		cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
			--suppress=missingIncludeSystem --suppress=internalAstError "${includes[@]}" "$folder"/*.c || status=1
	fi
done
if have shellcheck; then
	mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
	shellcheck "${scripts[@]}" || status=1
fi
exit $status
