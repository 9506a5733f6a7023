/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laws of target URLs: a folder is absolute and never climbs, a URL is one place, a refusal says why. */
#include "target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void good_path(const char *path)
{
	must(*path == '/' && !strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./"));
	must(strcmp(path, "/") == 0 || path[strlen(path) - 1] != '/');
	must(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
	must(strlen(path) < 2 || strcmp(path + strlen(path) - 2, "/.") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *url = xstrndup((const char *)data, size);
	struct target t = { 0 }, again = { 0 };
	struct err e = { 0 };

	if (target_parse(url, &t, &e) < 0) {
		must(e.code && *e.text && !t.url);
		return 0;
	}
	must(strcmp(t.url, url) == 0);
	must(!t.dir == (t.kind == TARGET_RAW || t.kind == TARGET_HUB));
	must(!t.host == (t.kind != TARGET_NFS && t.kind != TARGET_SSH));
	must(!t.user == (t.kind != TARGET_SSH));
	must(t.port <= 65535 && (!t.host || (*t.host && *t.host != '-')) &&
	     (!t.user || (*t.user && *t.user != '-')));
	must(!!t.uuid + !!t.label + !!t.device == (t.kind == TARGET_FS || t.kind == TARGET_RAW));
	if (t.dir)
		good_path(t.dir);
	if (t.device && strcmp(t.device, "swap") != 0) {
		good_path(t.device);
		must(strncmp(t.device, "/dev/", 5) == 0);
	}
	must(target_parse(url, &again, &e) == 0 && target_equal(&t, &again));
	target_done(&t);
	target_done(&again);
	return 0;
}
