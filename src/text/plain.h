/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PLAIN_H
#define CRASHCFG_PLAIN_H

/*
 * What others wrote, to be shown to people: '?' in the place of every byte by which a terminal could be
 * steered (C0 and C1 of ISO 6429, the latter in UTF-8 too; no newline stays).  In place; returns TEXT.
 */
char *text_plain(char *text);

#endif
