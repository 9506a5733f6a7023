/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_FAULTS_H
#define CRASHCFG_FAULTS_H

#include "facts.h"
#include "json.h"
#include "probe.h"

#include <stdio.h>

/* How every command tells faults of the settings: one line each, or the member "faults". */
void faults_print(FILE *to, const struct fault_list *faults);
void faults_json(struct json *to, const struct fault_list *faults);
/*
 * What only this host can tell: its memory and kernels, its makedumpfile, the files that are named.  NOTES: worth
 * knowing, no faults; may be NULL.
 */
int faults_check_host(const struct root *root, const struct settings *s, struct fault_list *faults,
		      struct strv *notes, struct err *e);

/* About how large a dump of this host would be now; 0: not known. */
uint64_t faults_dump_bytes(const struct root *root, const struct settings *s);

/* The parts of it that are told by the storage and by the modules of the capture's kernel. */
void faults_check_storage(const struct root *root, const struct settings *s, const struct facts *facts,
			  struct strv *notes, struct fault_list *faults);
void faults_check_modules(const struct root *root, const struct settings *s, const struct facts *facts,
			  struct fault_list *faults);

#endif
