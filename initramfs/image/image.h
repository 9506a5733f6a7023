/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_IMAGE_H
#define CRASHCFG_IMAGE_H

#include "json.h"
#include "probe.h"

/*
 * The capture image: two cpio archives one behind the other, which the kernel
 * unpacks into one tree.  The first, not compressed, holds only
 * /etc/crashcfg/inputs.json, so that `apply` and `status` can read what an image
 * was made of without unpacking it; the second, compressed, holds everything else.
 *
 * The same inputs give the same bytes.  Whether an image is current is told by
 * the content of its inputs, never by times; hashes may be cached by
 * (device, inode, ctime, size).
 */
#define IMAGE_DIR "/var/lib/crashcfg"
#define IMAGE_NAME "capture.img"
#define IMAGE_INPUTS "/etc/crashcfg/inputs.json"

struct image_spec {
	const struct root *root;	/* programs, libraries, modules, keys come from here */
	const struct settings *settings;
	const struct facts *facts;
	const struct kernel_fact *kernel;
	const struct root *kernel_root;	/* where kernel->modules lies; NULL: root */
	/* NULL: found out from the settings' targets; `test` hands in its scratch disk */
	const struct storage *storage;
	size_t n_storage;
	/* With storage of network targets: the ways to them.  What it holds is taken by the plan. */
	struct network *network;
	/* SSH_KEY and SSH_KNOWN_HOSTS of the settings lie on this system, whatever the root. */
	bool keys_here;
	const char *tool_dir;		/* folder of capture-init on THIS system ("/usr/lib/crashcfg") */
	bool cache;			/* keep hashes in IMAGE_DIR/hashes below the root */
	bool cache_readonly;		/* look into that cache, and leave it as it is: status, diff */
};

/* An input and what it was: "/usr/bin/makedumpfile" and its sha256; "recipe", ... for what is no file. */
struct image_input {
	char *name;
	char *hash;
};

struct image_plan {
	struct recipe *recipe;
	struct image_input *inputs;
	size_t n_inputs;
	char *id;			/* sha256 over all inputs: the image's identity */
	struct strv notes;		/* for people: firmware that is not installed, ... */
	void *files;			/* the builder's own list */
	struct dracut_job *dracut;	/* the builder's own; NULL: made without dracut */
	/* bytes of all files in it, nearly: a .ko.xz that is to be unpacked counts fourfold */
	uint64_t unpacked;
	char *standing;			/* id of the image that stands for this kernel, whole; NULL: none, or damaged */
	char *packing;			/* "zstd", "gzip", "xz", "none": the best that the kernel unpacks */
};
void image_plan_free(struct image_plan *p);
static inline void own_image_plan(struct image_plan **p)
{
	image_plan_free(*p);
}
#define auto_image_plan AUTO(own_image_plan)

/*
 * Who makes the image for one target?  *ret_dracut: dracut, and NOTES say why.  -ENOTSUP: the settings want the
 * native builder, and it will not do; -ENOENT: dracut or a part of it is missing, the text names the package.
 */
int image_builder(const struct root *root, const struct settings *s, const struct storage *storage, bool *ret_dracut,
		  struct strv *notes, struct err *e);

/* Find out all inputs and hash them; makes no image.  Cheap with a warm cache (a few ms). */
int image_plan_make(const struct image_spec *spec, struct image_plan **ret, struct err *e);
/*
 * Make the image's bytes.  ROOT and KERNEL_ROOT of SPEC are those that the plan was made
 * with.  -ESTALE: an input changed since, plan anew.
 */
int image_build(const struct image_spec *spec, const struct image_plan *plan, struct buf *ret, struct err *e);
struct image_sizes {
	size_t packed, unpacked;	/* bytes: the whole image; what the kernel unpacks it to */
	size_t modules;
};
/* As above, and tell the sizes. */
int image_build_sizes(const struct image_spec *spec, const struct image_plan *plan, struct buf *ret,
		      struct image_sizes *ret_sizes, struct err *e);
/* What an image tells of itself in its first archive, which ends within so many bytes. */
#define IMAGE_HEAD_MAX ((size_t)256 << 10)
struct image_head {
	char *id;		/* the hash of all inputs */
	char *kernel;		/* the release that it was built for; NULL: not told */
	unsigned threads;	/* that makedumpfile shall use */
	uint64_t bytes;		/* the whole image's, or those given to image_head_parse() */
	struct json *taken;	/* files of the system in it that were no input: dracut's choice; NULL: none */
};
void image_head_done(struct image_head *h);
#define auto_image_head AUTO(image_head_done)
/* -EINVAL: not ours, or of another version. */
int image_head_parse(const char *data, size_t len, struct image_head *ret, struct err *e);
/* As above, of the file at PATH, of which no more is read than the head. */
int image_head_read(const struct root *root, const char *path, struct image_head *ret, struct err *e);
/* The second archive, unpacked.  -EINVAL: cut off, damaged, or not ours. */
int image_payload(const char *data, size_t len, struct buf *ret, struct err *e);
/*
 * Put the files, folders and links of a cpio archive below TO; devices are passed over, and so is what begins with
 * one of WITHOUT ("/lib/modules/", ends with NULL; NULL: nothing).  Nothing leaves TO, whatever the names.
 */
int image_extract(const struct root *to, const char *archive, size_t len, const char *const *without, struct err *e);
/*
 * The program PATH of ROOT and all that the loader wants for it, EXTRA too (what it opens by itself): the
 * n-th path is where a tree of their own has the n-th source.
 */
int image_program(const struct root *root, const char *path, const struct strv *extra, struct strv *ret_paths,
		  struct strv *ret_sources, struct err *e);
/* Is the whole image what was built?  -EINVAL: cut off or damaged. */
int image_check(const char *data, size_t len, struct err *e);

#endif
