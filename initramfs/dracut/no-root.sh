#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The last hook of dracut's command line stage: there is no root file system to be found.
# shellcheck disable=SC2034  # dracut's init reads them
root=crashcfg
# shellcheck disable=SC2034
rootok=1
