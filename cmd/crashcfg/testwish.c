/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "testwish.h"
#include "cli.h"

#include "num.h"

#include <errno.h>
#include <string.h>

#define MEMORY_MIN (256ULL << 20)

static void split_words(const char *text, struct strv *to)
{
	auto_free char *copy = xstrdup(text);
	char *save = NULL;

	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		strv_add(to, word);
}

static bool is_one_of(const char *word, const char *const *choices)
{
	for (; *choices; choices++)
		if (strcmp(word, *choices) == 0)
			return true;
	return false;
}

/* --fs and --stack make a disk, --target a server. */
static int read_target(const struct test_options *o, struct test_wish *ret, struct err *e)
{
	static const char *const types[] = { "ext4", "xfs", "btrfs", NULL };
	bool file = o->target && strcmp(o->target, "file") == 0;

	if (o->fs && !is_one_of(o->fs, types))
		return err_set(e, ERR_USAGE, "--fs '%s': not ext4, xfs or btrfs", o->fs);
	if (o->target && !file && (o->fs || o->stack))
		return err_set(e, ERR_USAGE, "--%s makes a disk, --target '%s' a server: give one of them",
			       o->fs ? "fs" : "stack", o->target);
	if (o->network && (!o->target || file))
		return err_set(e, ERR_USAGE, "--network is the way to the server that --target makes; give --target too");
	ret->network = o->network ? o->network : "";
	ret->own = o->fs || o->stack || o->target;
	ret->stack = o->stack;
	ret->target = file ? NULL : o->target;
	ret->fs = ret->own && !ret->target ? o->fs ? o->fs : "ext4" : NULL;
	return 0;
}

int test_wish_read(const struct test_options *o, struct test_wish *ret, struct err *e)
{
	static const char *const accels[] = { "auto", "kvm", "tcg", NULL };
	int r;

	ret->accel = o->accel ? o->accel : "auto";
	if (!is_one_of(ret->accel, accels))
		return err_set(e, ERR_USAGE, "--accel '%s': not auto, kvm or tcg", o->accel);
	if (size_parse(o->memory ? o->memory : DEFAULT_MEMORY, &ret->memory) < 0 || ret->memory < MEMORY_MIN)
		return err_set(e, ERR_USAGE, "--memory '%s': not a size of at least 256M, such as 1G",
			       o->memory);
	r = read_target(o, ret, e);
	if (r < 0)
		return r;
	if (o->disk && !ret->fs)
		return err_set(e, ERR_USAGE, "--disk is the size of the disk that --fs makes; give --fs too");
	if (o->disk && (size_parse(o->disk, &ret->disk) < 0 || ret->disk < 16 << 20))
		return err_set(e, ERR_USAGE, "--disk '%s': not a size of at least 16M, such as 2G", o->disk);
	if (span_parse(o->timeout ? o->timeout : DEFAULT_TIMEOUT, &ret->timeout) < 0 || ret->timeout == 0 ||
	    ret->timeout > 86400)
		return err_set(e, ERR_USAGE, "--timeout '%s': not a time of up to 1d, such as 10m",
			       o->timeout);
	if (o->qemu)
		split_words(o->qemu, &ret->qemu_args);
	return 0;
}

void test_wish_done(struct test_wish *w)
{
	strv_done(&w->qemu_args);
}

static void replace(char **to, char *text)
{
	free(*to);
	*to = text;
}

int test_wish_target(const struct test_wish *w, struct settings *s, const char *work, struct storage *ret,
		     struct network *ret_net, struct err *e)
{
	struct err why = { 0 };
	int r;

	if (w->fs) {
		r = lab_storage(w->fs, s->targets[0].dir ? s->targets[0].dir : "/var/crash", w->disk, ret, e);
		if (r < 0 || !w->stack)
			return r;
		r = lab_stack(w->stack, ret, &why);
		return r < 0 ? err_set(e, ERR_USAGE, "--stack '%s': %s", w->stack, why.text) : 0;
	}
	r = lab_remote(w->target, w->network, s->nfs_options, work, ret, ret_net, &why);
	if (r < 0)
		return err_set(e, r == -EINVAL ? ERR_USAGE : why.code, "--target '%s'%s%s: %s", w->target,
			       *w->network ? " --network " : "", w->network, why.text);
	if (ret->target.kind == TARGET_SSH) {
		replace(&s->ssh_key, xasprintf("%s/" LAB_SSH_KEY, work));
		replace(&s->ssh_known_hosts, xasprintf("%s/" LAB_SSH_KNOWN, work));
	}
	return 0;
}
