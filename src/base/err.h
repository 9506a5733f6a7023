/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_ERR_H
#define CRASHCFG_ERR_H

/*
 * How functions fail: they return a negative errno value and put one sentence
 * into *e, if e is not NULL.  On success they return 0 or more and leave *e
 * untouched.  Outputs ("ret_...") are written on success only.
 * The deep place says what, each caller adds where.
 */
struct err {
	int code;		/* positive errno value, 0: nothing happened */
	char text[480];
};

/* Set code and text; too long a text ends in "...".  Returns -code. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "WHERE: " before the text that is there.  Returns -e->code (-EIO when e is NULL). */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
