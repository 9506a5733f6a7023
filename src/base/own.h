/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_OWN_H
#define CRASHCFG_OWN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <dirent.h>

/*
 * Ownership stands on the declaration: an auto_ variable is released when its
 * scope ends, unless take_ptr() or take_fd() moved its value out.
 *
 *	auto_free char *name = xstrdup(text);
 *	auto_close int fd = -1;
 */
#define AUTO(func) __attribute__((cleanup(func)))

static inline void own_free(void *p)
{
	free(*(void **)p);
}

/* Keeps errno, so that "return -errno" after a failed call still tells of that call. */
void own_close(int *fd);

static inline void own_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void own_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define auto_free AUTO(own_free)
#define auto_close AUTO(own_close)
#define auto_fclose AUTO(own_fclose)
#define auto_closedir AUTO(own_closedir)

#define take_ptr(p) __extension__({ __typeof__(p) take_old_ = (p); (p) = NULL; take_old_; })
#define take_fd(fd) __extension__({ int take_old_ = (fd); (fd) = -1; take_old_; })

/*
 * Allocation of bookkeeping memory.  These never return NULL: what drives their
 * sizes is capped where it is read, and a process that cannot get a few bytes
 * has nothing useful left to do, so it says "out of memory" and aborts.
 * Whoever must survive that is another process (PID 1; the next apply).
 */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t max) __attribute__((malloc, returns_nonnull));
void *xmemdup(const void *p, size_t size) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/*
 * Append one zeroed element to a growing array and return its address:
 *	struct target *t = vec_push(&v->items, &v->n);
 * The array doubles in capacity; the capacity is derived from n, not stored.
 */
void *vec_push_bytes(void *array_ptr, size_t *n, size_t size) __attribute__((returns_nonnull));
#define vec_push(array_ptr, n_ptr) \
	((__typeof__(*(array_ptr)))vec_push_bytes((array_ptr), (n_ptr), sizeof(**(array_ptr))))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
