/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "codec.h"

#include <string.h>

#define CONFIG_MAX (8u << 20)

/* Is "CONFIG_NAME=y" a line of TEXT? */
static bool is_set(const struct buf *text, const char *name)
{
	auto_free char *line = xasprintf("\nCONFIG_%s=y\n", name);

	return text->len && memmem(text->data, text->len, line, strlen(line));
}

/*
 * Where distributions keep the configuration of a kernel that they installed;
 * the running one may tell its own (CONFIG_IKCONFIG_PROC).
 */
static bool read_config(const struct image_spec *spec, struct buf *ret)
{
	const char *release = spec->kernel->release;
	const struct root *root = spec->kernel_root ? spec->kernel_root : spec->root;
	auto_free char *boot = xasprintf("/boot/config-%s", release);
	auto_free char *modules = xasprintf("/lib/modules/%s/config", release);
	const char *const paths[] = { boot, modules };
	auto_buf struct buf packed = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (root_read(root, paths[i], CONFIG_MAX, ret, NULL) == 0)
			return true;
	return root->host && spec->facts->running && strcmp(spec->facts->running, release) == 0 &&
	       root_read_proc(root, "/proc/config.gz", &packed, NULL) == 0 &&
	       codec_unpack("gzip", buf_text(&packed), packed.len, CONFIG_MAX, ret, NULL) == 0;
}

/*
 * zstd unpacks fastest and packs well even with a small window.  gzip comes before
 * xz: it unpacks several times as fast, and the 0.7 MB by which an image is larger
 * is what xz wants for its dictionary.
 *
 * Without a configuration gzip is taken: no distribution builds without it.
 */
void kernel_abilities(const struct image_spec *spec, struct kernel_abilities *ret)
{
	auto_buf struct buf config = { 0 };

	*ret = (struct kernel_abilities){ .packing = "gzip" };
	if (!read_config(spec, &config)) {
		ret->guessed = true;
		return;
	}
	ret->packing = is_set(&config, "RD_ZSTD") ? "zstd" : is_set(&config, "RD_GZIP") ? "gzip" :
		       is_set(&config, "RD_XZ") ? "xz" : "none";
	if (is_set(&config, "MODULE_DECOMPRESS")) {
		ret->module_xz = is_set(&config, "MODULE_COMPRESS_XZ");
		ret->module_zstd = is_set(&config, "MODULE_COMPRESS_ZSTD");
		ret->module_gzip = is_set(&config, "MODULE_COMPRESS_GZIP");
	}
	if (is_set(&config, "FW_LOADER_COMPRESS")) {
		ret->firmware_zstd = is_set(&config, "FW_LOADER_COMPRESS_ZSTD");
		/* Before 5.19 xz was the only packing and had no option of its own. */
		ret->firmware_xz = is_set(&config, "FW_LOADER_COMPRESS_XZ") || !ret->firmware_zstd;
	}
}
