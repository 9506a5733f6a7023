/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_STREAM_H
#define CRASHCFG_LAB_STREAM_H

#include "lab.h"

/*
 * Unpack the stream that the second guest wrote to PATH into the folder DIR
 * (see guest/guest.h for its form).  Names that would leave DIR, and files that
 * claim more than the stream holds, are refused.  -EINVAL: text says where.
 */
int stream_unpack(const char *path, const char *dir, struct lab_file **ret, size_t *ret_n, struct err *e);
void lab_files_free(struct lab_file *v, size_t n);

#endif
