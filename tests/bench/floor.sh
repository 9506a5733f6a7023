#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# floor.sh BUILD [KERNELS] - the smallest crashkernel= at which the capture of a 1 GiB guest succeeds, in steps of 4 MB.
set -eu
B=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
kernels=${2:-$(echo build/kernels/6.1.*)}
"$B/crashcfg" estimate --measure --accel tcg --fs ext4 --memory 1G --kernels "$kernels"
