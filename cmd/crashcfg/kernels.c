/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernels.h"

#include "facts.h"

#include <errno.h>
#include <string.h>

int kernels_open(const char *dir, const char *release, struct root *ret, struct err *e)
{
	auto_root struct root top = { .fd = -1 };
	auto_strv struct strv names = { 0 };
	auto_free char *path = NULL;
	const char *best = NULL;
	int r = root_open(&top, dir, e);

	if (r < 0)
		return err_wrap(e, "--kernels");
	if (!root_exists(&top, "/boot")) {
		root_list(&top, "/", &names);
		for (size_t i = 0; i < names.n; i++) {
			auto_free char *boot = xasprintf("/%s/boot", names.v[i]);

			if (root_exists(&top, boot) && (!release || strcmp(release, names.v[i]) == 0) &&
			    (!best || version_compare(names.v[i], best) > 0))
				best = names.v[i];
		}
		if (!best)
			return err_set(e, ENOENT, "--kernels '%s': holds neither 'boot' nor '%s/boot'", dir,
				       release ? release : "VER");
	}
	path = xasprintf("%s%s%s", dir, best ? "/" : "", best ? best : "");
	return root_open(ret, path, e);
}
