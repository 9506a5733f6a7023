/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_IMAGEPARTS_H
#define CRASHCFG_IMAGEPARTS_H

/* The builder's own parts; nobody else includes this. */

#include "hash.h"
#include "image.h"
#include "json.h"

#include <sys/stat.h>

/* No file of an image is larger; hostile sizes end here. */
#define IMAGE_FILE_MAX (512u << 20)
#define INPUTS_SCHEMA 1		/* of IMAGE_INPUTS */

/* --- hashes.c: content hashes, remembered -------------------------------------------------- */

/*
 * The cache IMAGE_DIR/hashes: hashes of files by (device, inode, ctime, size), and
 * notes of what was found in content of a certain hash.  Losing it costs time and
 * nothing else; a damaged one is as good as none.
 */
struct hashes;

/* ROOT NULL: nothing is read and nothing kept. */
struct hashes *hashes_load(const struct root *root);
void hashes_free(struct hashes *h);		/* accepts NULL */
static inline void own_hashes(struct hashes **h)
{
	hashes_free(*h);
}
#define auto_hashes AUTO(own_hashes)
/* Write it, when it has changed.  That it cannot be written is nobody's fault and not told. */
void hashes_save(struct hashes *h);
/* Forget all, on disk too: it told something that is not so. */
void hashes_forget(const struct root *root);

/* What tells one state of a file from another; a restored mtime changes ctime. */
struct file_stamp {
	uint64_t dev, ino, size;
	int64_t sec, nsec;		/* ctime */
	bool sure;			/* old enough that no later write can bear the same ctime */
};
struct file_stamp file_stamp(const struct stat *st);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

/* SHA-256 of the regular file FD, from its start.  0 or -errno. */
int hashes_file(struct hashes *h, int fd, char text[static HASH_TEXT_MAX], struct file_stamp *ret_stamp);
/* One state of a file in a word without blanks; caller frees. */
char *file_stamp_text(const struct file_stamp *s);
/* A note under KIND and KEY, words without blanks; NULL: none.  The caller frees it. */
struct json *hashes_note(struct hashes *h, const char *kind, const char *key);
void hashes_keep(struct hashes *h, const char *kind, const char *key, const struct json *value);

/* --- build.c --------------------------------------------------------------------------------- */

/*
 * The id of the image that stands below ROOT for kernel RELEASE; NULL: there is none, it is not ours, or
 * its bytes are not those that were built.  They are read once for each state of the file: H remembers.
 */
char *image_standing(const struct root *root, const char *release, struct hashes *h);

/* --- head.c ------------------------------------------------------------------------------------ */

/* What the first archive tells; *ret_end: where the second begins.  -EINVAL: not ours. */
int image_head_json(const char *data, size_t len, struct json **ret, size_t *ret_end, struct err *e);

/* --- files.c: what goes into the image ------------------------------------------------------ */

enum file_place {
	FROM_NOWHERE,		/* a folder, a link, a device: content in .text */
	FROM_ROOT,
	FROM_KERNEL,		/* the kernel's root */
	FROM_HERE,		/* this system, whatever the root: the tool itself */
};

enum file_treat {
	TREAT_NOT,		/* stored as it stands */
	TREAT_UNPACK,		/* .ko.xz stored as .ko */
	TREAT_TRIM,		/* a program without its debug information */
};

struct image_file {
	char *path;		/* in the image, absolute */
	uint32_t mode;		/* with the type's bits */
	uint32_t rmajor, rminor;
	char *text;		/* FROM_NOWHERE: where a link leads */
	enum file_place place;
	char *source;		/* path at that place */
	enum file_treat treat;
	char hash[HASH_TEXT_MAX];
	struct file_stamp stamp;
};

struct image_files {
	const struct root *root, *kernel_root;
	struct root here;
	struct hashes *hashes;
	struct image_file *v;
	size_t n;
};

int image_files_open(struct image_files *f, const struct root *root, const struct root *kernel_root,
		     struct err *e);
void image_files_done(struct image_files *f);
/* Open a file's source; -EINVAL when it is not a regular file. */
int image_files_open_source(const struct image_files *f, enum file_place place, const char *source,
			    struct err *e);

struct image_file *image_files_find(const struct image_files *f, const char *path);
/* Add, with missing parent folders (0755).  A path that is there already stays as it is. */
void image_files_folder(struct image_files *f, const char *path, uint32_t mode);
void image_files_link(struct image_files *f, const char *path, const char *to);
void image_files_node(struct image_files *f, const char *path, uint32_t mode, uint32_t rmajor,
		      uint32_t rminor);
/* A small file whose content is the builder's own. */
void image_files_text(struct image_files *f, const char *path, uint32_t mode, const char *text);
int image_files_add(struct image_files *f, const char *path, uint32_t mode, enum file_place place,
		    const char *source, enum file_treat treat, struct err *e);
void image_files_sort(struct image_files *f);

/* --- kernel.c: what a kernel was built to take ----------------------------------------------- */

struct kernel_abilities {
	const char *packing;		/* of the initramfs, best first: "zstd", "gzip", "xz", "none" */
	bool module_xz, module_zstd, module_gzip;	/* it unpacks such modules itself */
	bool firmware_xz, firmware_zstd;
	bool guessed;			/* its configuration is nowhere to be found */
};
void kernel_abilities(const struct image_spec *spec, struct kernel_abilities *ret);

/* --- libs.c: what programs need --------------------------------------------------------------- */

/*
 * Add the program PATH of the root, its loader and all libraries, found as ld.so(8)
 * finds them.  EXTRA, if not NULL: libraries that it opens by itself (dlopen(3)).
 */
int image_files_program(struct image_files *f, const char *path, const struct strv *extra, struct err *e);

/* --- hooks.c: programs that the settings name ------------------------------------------------- */

/*
 * Add the programs of DUMP_PRE and DUMP_POST: an ELF program as above; a script, and its interpreter
 * as above.  What a script calls is its author's to name; NOTES says so.  The
 * shell of DUMP_ON_FAILURE too, where it is asked for.
 */
int image_files_hooks(struct image_files *f, const struct settings *s, struct strv *notes, struct err *e);

/* --- modset.c: modules and firmware ------------------------------------------------------------ */

/* As modules_resolve() in the kernel's root, remembered. */
int image_modules(struct image_files *f, const struct kernel_fact *kernel, const struct strv *modaliases,
		  const struct strv *names, struct module_set *ret, struct err *e);
/* Add their files; paths in SET become those in the image. */
int image_files_modules(struct image_files *f, struct module_set *set, const struct kernel_abilities *can,
			struct err *e);
/* Add their firmware; what is missing is named in NOTES. */
int image_files_firmware(struct image_files *f, const struct kernel_fact *kernel, const struct strv *names,
			 const struct kernel_abilities *can, struct strv *notes, struct err *e);

/* --- remote.c: programs of network targets ------------------------------------------------------ */

/* The DHCP client, where a network of NET needs one. */
int image_files_dhcp(struct image_files *f, const struct network *net, struct err *e);
/*
 * OpenSSH's client with the keys of the hosts that it may speak to, NAMES as known_hosts has them; HASH: of the
 * private key.  PLACE: where the keys lie that the settings name.
 */
int image_files_ssh(struct image_files *f, const struct settings *s, enum file_place place,
		    const struct strv *names, char hash[static HASH_TEXT_MAX], struct err *e);

/* --- dracut.c, dracut_run.c: images by dracut ---------------------------------------------------------- */

struct dracut_job {
	bool remote[REMOTE_DISKS];	/* the kinds of disks that have to be brought up */
	char *program, *release;
	struct strv devices;		/* whose way it finds out itself */
	struct strv drivers;		/* of the recipe */
};
void dracut_job_free(struct dracut_job *job);	/* accepts NULL */
static inline void own_dracut_job(struct dracut_job **job)
{
	dracut_job_free(*job);
}
/*
 * *ret NULL: an image of our own will do for S and its STORAGE.  What is said of it goes to NOTES.
 * -ENOTSUP: S wants that, and it will not do.
 */
int dracut_choose(const struct settings *s, const struct storage *storage, size_t n, struct dracut_job **ret,
		  struct strv *notes, struct err *e);
/* -ENOENT: a part is missing, the text names its package.  Sets JOB's program. */
int dracut_need(const struct root *root, struct dracut_job *job, struct err *e);
/* Words for dracut's init in the image: what it shall bring up. */
void dracut_words(const struct storage *storage, size_t n, struct buf *to);
/* Its command line; FOLDER, its own, holds "conf" and "conf.d", both empty, and gets "archive". */
void dracut_argv(const struct dracut_job *job, const char *folder, struct strv *argv);
/* KIND is wanted, and what ends so must be in the archive. */
bool dracut_sign(const struct dracut_job *job, enum remote_disk kind, const char **ret);
/* All inputs that are known before it runs, and the files of ours; the recipe must be there. */
int dracut_plan(struct image_files *f, const struct image_spec *spec, const struct storage *storage, size_t n,
		struct dracut_job *job, struct image_plan *plan, struct err *e);
int dracut_inputs(struct image_files *f, const struct dracut_job *job, struct image_plan *plan, struct err *e);
/* *ret: its archive, not packed. */
int dracut_run(const struct dracut_job *job, struct buf *ret, struct err *e);

struct dracut_member {
	char *name;			/* without leading "/" */
	uint32_t mode;
	const char *data;		/* within the archive */
	size_t len;
};
struct dracut_members {
	struct dracut_member *v;	/* by name */
	size_t n;
};
void dracut_members_done(struct dracut_members *m);
/* -EINVAL: no archive; -ENOENT: dracut left out what JOB asked for; -ENOTSUP: a secret is in it. */
int dracut_members_read(const struct dracut_job *job, const struct buf *archive, struct dracut_members *ret,
			struct err *e);
const struct dracut_member *dracut_member_find(const struct dracut_members *m, const char *name);
/* PATH as it has to be called in an archive that is laid over M.  Caller frees. */
char *dracut_member_path(const struct dracut_members *m, const char *path);
/* What M has at PATH does for a file of that MODE and DATA. */
bool dracut_member_serves(const struct dracut_members *m, const char *path, uint32_t mode, const struct buf *data);
/*
 * The files that it took from the system as they are, [{"name", "hash"}], for the image's head; and are
 * they still the same?  An empty list or NULL: yes.
 */
struct json *dracut_taken(const struct root *root, const struct dracut_members *m, struct hashes *h);
bool dracut_taken_stands(const struct root *root, const struct json *list, struct hashes *h);

/* --- plan.c ----------------------------------------------------------------------------------------- */

void image_plan_input(struct image_plan *p, const char *name, const char *hash);
void image_plan_text_input(struct image_plan *p, const char *name, const char *data, size_t len);

/* --- capture.c: the recipe --------------------------------------------------------------------- */

/* Takes SET's modules, and NET's links and networks. */
int image_recipe(const struct image_spec *spec, const struct collector *c, const struct storage *storage,
		 size_t n_storage, const char *watchdog, struct module_set *set, struct network *net,
		 struct recipe **ret, struct err *e);
/* The module of the watchdog that the settings or the running system name; "" none.  Caller frees. */
char *image_watchdog(const struct root *root, const struct settings *s);

#endif
