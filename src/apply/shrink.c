/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include "file.h"
#include "iomem.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define CRASH_SIZE "/sys/kernel/kexec_crash_size"
#define CRASH_LOADED "/sys/kernel/kexec_crash_loaded"
#define IOMEM "/proc/iomem"

int64_t crash_size_get(const struct root *root)
{
	auto_free char *size = root_read_line(root, CRASH_SIZE);
	uint64_t bytes;

	return size && num_parse(size, INT64_MAX, &bytes) == 0 ? (int64_t)bytes : -1;
}

int crash_size_set(const struct root *root, uint64_t bytes, struct err *e)
{
	auto_close int fd = root_openat(root, CRASH_SIZE, O_WRONLY, 0), dir = -1;
	auto_free char *text = xasprintf("%" PRIu64, bytes);
	const char *name;
	int r = fd < 0 ? fd : fd_write_all(fd, text, strlen(text));

	if (r < 0)
		return err_set(e, -r, "'%s': cannot give reserved memory back: %s", CRASH_SIZE,
			       strerror(-r));
	/* Without this note the kernel would seem to have failed to reserve any: a worse text, no more. */
	dir = root_open_parent(root, RELEASED_PATH, &name);
	if (dir >= 0)
		file_replace_at(dir, name, "", 0, 0644);
	return 0;
}

static bool is_loaded(const struct root *root)
{
	auto_free char *line = root_read_line(root, CRASH_LOADED);

	return line && *line == '1';
}

/* Bytes of the map of memory that are reserved; 0: it cannot be seen. */
static uint64_t mapped(const struct root *root)
{
	auto_buf struct buf text = { 0 };

	return root_read_proc(root, IOMEM, &text, NULL) < 0 ? 0 : iomem_crash(buf_text(&text));
}

/* Both of the kernel's own accounts must tell of what was given back. */
static int give_back(const struct root *root, uint64_t bytes, struct shrink *s, struct err *e)
{
	uint64_t map_before = mapped(root), map_after;
	int r = crash_size_set(root, bytes, e);

	s->after = crash_size_get(root);
	if (r < 0)
		return r;
	map_after = mapped(root);
	if (s->after < (int64_t)bytes || s->after >= s->before)
		return err_set(e, EIO, "'%s' says %lld bytes after %" PRIu64 " were written to it",
			       CRASH_SIZE, (long long)s->after, bytes);
	if (map_before && map_before - map_after != (uint64_t)(s->before - s->after))
		return err_set(e, EIO,
			       "'%s' shows %" PRIu64 " bytes reserved after %" PRIu64
			       ", '%s' says %lld after %lld",
			       IOMEM, map_after, map_before, CRASH_SIZE, (long long)s->after,
			       (long long)s->before);
	return 0;
}

/* The sentence that says in what state the host is left. */
static int left(int code, const struct shrink *s, const char *why, const char *again, struct err *e)
{
	char size[SIZE_TEXT_MAX] = "an unknown size";

	if (s->after >= 0)
		size_human((uint64_t)s->after, size);
	return err_set(e, code, "%s%s%s; now %s are reserved%s", why, *again ? "; " : "", again, size,
		       s->loaded       ? " and the capture kernel is loaded"
		       : s->was_loaded ? " and NO capture kernel is loaded: a panic is not captured "
					 "until 'crashcfg load' "
					 "succeeds, or a reboot"
				       : ", no capture kernel is loaded, as before");
}

int capture_shrink(const struct root *root, uint64_t bytes, const struct buf *secrets,
		   struct shrink *ret, struct err *e)
{
	auto_loaded struct loaded former = { 0 };
	struct err why = { 0 }, again = { 0 };
	int r, back = 0;

	*ret = (struct shrink){ .before = crash_size_get(root) };
	ret->after = ret->before;
	ret->was_loaded = ret->loaded = is_loaded(root);
	if (ret->was_loaded)
		loaded_read(root, &former);
	if (ret->was_loaded && !former.kernel)
		return err_set(e, EBUSY,
			       "the capture kernel that is loaded is not ours, so it could not be "
			       "loaded again; "
			       "unload it ('crashcfg unload'), or load ours ('crashcfg load')");
	if (ret->was_loaded) {
		r = capture_unload(root, e);
		if (r < 0)
			return r;
	}
	ret->loaded = false;
	r = give_back(root, bytes, ret, &why);
	if (ret->was_loaded) {
		struct load_request q = { .kernel = former.kernel,
					  .image = former.image,
					  .cmdline = former.cmdline,
					  .secrets = secrets };

		back = capture_load(root, &q, &again);
		ret->loaded = back == 0;
	}
	if (r < 0 || back < 0)
		return left(r < 0 ? why.code : again.code, ret, r < 0 ? why.text : again.text,
			    r < 0 ? again.text : "", e);
	return 0;
}
