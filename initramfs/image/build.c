/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel takes several archives one behind the other, packed or not, with zeros
 * between them (Documentation/driver-api/early-userspace/buffer-format.rst); one that
 * is not packed must begin at a multiple of four bytes (init/initramfs.c).
 */
#include "imageparts.h"

#include "codec.h"
#include "cpio.h"
#include "elffile.h"
#include "file.h"

#include <errno.h>
#include <string.h>

static int stale(const struct image_file *file, struct err *e)
{
	return err_set(e, ESTALE, "'%s' changed while the image was being built: run this again",
		       file->source);
}

/* A file's content, which is that of the plan or an error. */
static int read_source(const struct image_files *f, const struct image_file *file, struct buf *ret,
		       struct err *e)
{
	auto_close int fd = image_files_open_source(f, file->place, file->source, e);
	char hash[HASH_TEXT_MAX];
	struct file_stamp now;
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	buf_room(ret, file->stamp.size + 1);
	r = fd_read_all(fd, IMAGE_FILE_MAX, ret);
	if (r < 0)
		return err_set(e, -r, "'%s': %s", file->source, strerror(-r));
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "'%s': %s", file->source, strerror(errno));
	now = file_stamp(&st);
	/* One stamp, old enough: it is what was hashed.  Otherwise the hash must tell. */
	if (file_stamp_equal(&now, &file->stamp) && file->stamp.sure)
		return ret->len == file->stamp.size ? 0 : stale(file, e);
	return strcmp(hash_bytes(buf_text(ret), ret->len, hash), file->hash) == 0 ? 0 : stale(file, e);
}

static int treat(const struct image_file *file, struct buf *data, struct err *e)
{
	int r = 0;

	if (file->treat == TREAT_UNPACK)
		r = codec_unpack(codec_of(file->source), buf_text(data), data->len, IMAGE_FILE_MAX, data, e);
	else if (file->treat == TREAT_TRIM)
		r = elf_trim(buf_text(data), data->len, data, e);
	return r < 0 ? err_wrap(e, "'%s'", file->source) : 0;
}

/* OVER: what dracut made, over which the archive will lie; NULL: it stands alone. */
static int add_file(const struct image_files *f, const struct image_file *file, const struct dracut_members *over,
		    unsigned *inode, struct buf *to, struct err *e)
{
	auto_free char *path = over ? dracut_member_path(over, file->path + 1) : xstrdup(file->path + 1);
	auto_buf struct buf data = { 0 };
	int r = 0;

	if (file->place == FROM_NOWHERE)
		buf_adds(&data, file->text ? file->text : "");
	else
		r = read_source(f, file, &data, e);
	if (r == 0 && file->place != FROM_NOWHERE)
		r = treat(file, &data, e);
	if (r == 0 && !(over && dracut_member_serves(over, path, file->mode, &data)))
		cpio_add(to, inode, path, file->mode, data.data, data.len, file->rmajor, file->rminor);
	return r;
}

static int make_payload(const struct image_plan *plan, const struct dracut_members *over, struct buf *to,
			struct err *e)
{
	const struct image_files *f = plan->files;
	auto_buf struct buf recipe = { 0 };
	unsigned inode = 0;

	if (!over)
		buf_room(to, plan->unpacked + plan->unpacked / 8);
	for (size_t i = 0; i < f->n; i++) {
		int r = add_file(f, &f->v[i], over, &inode, to, e);

		if (r < 0)
			return r;
	}
	recipe_encode(plan->recipe, &recipe);
	cpio_add(to, &inode, &RECIPE_PATH[1], S_IFREG | 0600, recipe.data, recipe.len, 0, 0);
	cpio_end(to);
	return 0;
}

/* Two archives, dracut's and ours over it; *ret_taken: see dracut_taken(). */
static int make_by_dracut(const struct image_plan *plan, struct buf *to, struct json **ret_taken, struct err *e)
{
	const struct image_files *f = plan->files;
	AUTO(dracut_members_done) struct dracut_members under = { 0 };
	auto_buf struct buf archive = { 0 }, ours = { 0 };
	int r = dracut_run(plan->dracut, &archive, e);

	if (r == 0)
		r = dracut_members_read(plan->dracut, &archive, &under, e);
	if (r == 0)
		r = make_payload(plan, &under, &ours, e);
	if (r < 0)
		return r;
	*ret_taken = dracut_taken(f->root, &under, f->hashes);
	buf_add(to, archive.data, archive.len);
	buf_zero(to, -to->len & 3);
	buf_add(to, ours.data, ours.len);
	return 0;
}

/* Takes TAKEN, which may be NULL. */
static void make_head(const struct image_plan *plan, const struct buf *payload, size_t unpacked,
		      struct json *taken, struct buf *to)
{
	auto_json struct json *j = js_object();
	auto_buf struct buf text = { 0 };
	char hash[HASH_TEXT_MAX];
	unsigned inode = 0;
	struct json *inputs;

	js_set_int(j, "schema", INPUTS_SCHEMA);
	js_set_text(j, "id", plan->id);
	js_set_text(j, "builder", "crashcfg " CRASHCFG_VERSION);
	js_set_text(j, "kernel", plan->recipe->kernel);
	js_set_text(j, "packing", plan->packing);
	js_set_int(j, "modules", (int64_t)plan->recipe->n_modules);
	js_set_int(j, "threads", plan->recipe->threads);
	js_set_int(j, "unpacked", (int64_t)unpacked);
	js_set_int(j, "payload_bytes", (int64_t)payload->len);
	js_set_text(j, "payload_sha256", hash_bytes(payload->data, payload->len, hash));
	inputs = js_set(j, "inputs", js_array());
	for (size_t i = 0; i < plan->n_inputs; i++) {
		struct json *in = js_add(inputs, js_object());

		js_set_text(in, "name", plan->inputs[i].name);
		js_set_text(in, "hash", plan->inputs[i].hash);
	}
	if (taken)
		js_set(j, "taken", taken);
	js_write(j, &text);
	cpio_add(to, &inode, "etc", S_IFDIR | 0755, "", 0, 0, 0);
	cpio_add(to, &inode, "etc/crashcfg", S_IFDIR | 0755, "", 0, 0, 0);
	cpio_add(to, &inode, &IMAGE_INPUTS[1], S_IFREG | 0600, text.data, text.len, 0, 0);
	cpio_end(to);
}

int image_build_sizes(const struct image_spec *spec, const struct image_plan *plan, struct buf *ret,
		      struct image_sizes *ret_sizes, struct err *e)
{
	auto_buf struct buf plain = { 0 }, packed = { 0 };
	struct buf image = { 0 };
	const struct buf *payload = &plain;
	auto_json struct json *taken = NULL;
	int r = plan->dracut ? make_by_dracut(plan, &plain, &taken, e) : make_payload(plan, NULL, &plain, e);

	/* The cache is what promised another content. */
	if (r == -ESTALE && spec->cache)
		hashes_forget(spec->root);
	if (r == 0 && strcmp(plan->packing, "none") != 0) {
		r = codec_pack(plan->packing, plain.data, plain.len, &packed, e);
		payload = &packed;
	}
	if (r < 0)
		return r;
	make_head(plan, payload, plain.len, take_ptr(taken), &image);
	buf_add(&image, payload->data, payload->len);
	/* So that `load` can put another archive behind it. */
	buf_zero(&image, -image.len & 3);
	if (ret_sizes)
		*ret_sizes = (struct image_sizes){
			.packed = image.len, .unpacked = plain.len, .modules = plan->recipe->n_modules,
		};
	buf_done(ret);
	*ret = image;
	return 0;
}

int image_build(const struct image_spec *spec, const struct image_plan *plan, struct buf *ret, struct err *e)
{
	return image_build_sizes(spec, plan, ret, NULL, e);
}

/* The ID of the image at PATH, or what is none when files that dracut TOOK into it are other ones by now. */
static char *standing(const struct root *root, const char *path, const char *id, bool took, struct hashes *h)
{
	auto_image_head struct image_head head = { 0 };

	if (took && (image_head_read(root, path, &head, NULL) < 0 || !dracut_taken_stands(root, head.taken, h)))
		return xstrdup("changed");
	return xstrdup(id);
}

char *image_standing(const struct root *root, const char *release, struct hashes *h)
{
	auto_free char *path = xasprintf(IMAGE_DIR "/%s/" IMAGE_NAME, release), *state = NULL;
	auto_image_head struct image_head head = { 0 };
	auto_json struct json *known = NULL, *note = js_object();
	auto_buf struct buf bytes = { 0 };
	struct file_stamp stamp;
	struct stat st;

	if (root_lstat(root, path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	/*
	 * Images are replaced, never written in place, so even a new file's state is one that is not seen
	 * twice: another image is another inode.
	 */
	stamp = file_stamp(&st);
	state = file_stamp_text(&stamp);
	known = hashes_note(h, "image", state);
	if (known && js_get_text(known, "id"))
		return standing(root, path, js_get_text(known, "id"), js_get_bool(known, "taken", false), h);
	if (root_read(root, path, IMAGE_FILE_MAX, &bytes, NULL) < 0 ||
	    image_check(buf_text(&bytes), bytes.len, NULL) < 0 ||
	    image_head_parse(buf_text(&bytes), bytes.len, &head, NULL) < 0)
		return NULL;
	js_set_text(note, "id", head.id);
	js_set_bool(note, "taken", head.taken != NULL);
	hashes_keep(h, "image", state, note);
	return standing(root, path, head.id, head.taken != NULL, h);
}
