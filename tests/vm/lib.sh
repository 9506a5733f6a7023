# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034
# What the VM suites share.  Wants B, the build folder, and vm_dir where the logs do not belong in B/vm.

: "${vm_dir:=$B/vm}"
rm -rf "$vm_dir"
mkdir -p "$vm_dir"
work=$(mktemp -d "${TMPDIR:-/tmp}/crashcfg-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
accel=auto	# what the first case found out holds for the others

# make_root NAME: a root whose programs are this machine's; the rest is for the caller to put in.
make_root() {
	local root=$work/$1 program lib
	mkdir -p "$root/etc/sysconfig"
	echo vm-test >"$root/etc/hostname"
	for program in makedumpfile vmcore-dmesg; do
		program=$(PATH=$PATH:/usr/sbin:/sbin command -v "$program") || continue
		program=$(realpath "$program")
		for lib in "$program" $(ldd "$program" | grep -o '/[^ ]*'); do
			mkdir -p "$root$(dirname "$lib")"
			cp -L "$lib" "$root$lib"
		done
	done
	echo "$root"
}

kernel_root() { echo build/kernels/"$1".*; }

# vm_test NAME OPTION... : one crash.  Sets name, dir, status, took; the answers are in $dir/json.
vm_test() {
	name=$1 dir=$vm_dir/$1
	shift
	mkdir -p "$dir"
	local start=$SECONDS
	"$B/crashcfg" test --json --accel "$accel" --output "$dir/out" "$@" >"$dir/json" 2>"$dir/words"
	status=$?
	took=$((SECONDS - start))
	[ "$accel" != auto ] || [ -z "$(top accel)" ] || accel=$(top accel)
}

# A member of the answer, and one of the manifest in it: text or number, "" when it is null or absent.
top() { member '  ' "$1"; }
manifest() { sed -n '/^  "manifest": {/,/^  }/p' "$dir/json" | member '    ' "$1" /dev/stdin; }
member() {
	sed -n "s/^$1\"$2\": \(.*[^,]\),\{0,1\}\$/\1/p" "${3:-$dir/json}" | sed 's/^"\(.*\)"$/\1/; s/^null$//'
}
has_file() { grep -q "\"name\": \"[^\"]*/$1\"" "$dir/json"; }
verdict() {
	local line
	line=$(grep -E '^(PASS|FAIL)' "$dir/words" | tail -1)
	echo "${line:-$(tail -1 "$dir/words")}"
}

good() {
	passed=$((passed + 1))
	echo "ok    $name: $1 [$took s]"
	rm -rf "$dir"
}
bad() {
	failed=$((failed + 1))
	echo "FAIL  $name: $1 [$took s]"
	echo "      logs: $dir"
}
sums() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
