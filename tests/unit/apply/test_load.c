/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"
#include "tree.h"

#define M (1 << 20)

static void every_refusal_says_what_it_means_and_what_to_do(void **state)
{
	static const struct {
		int code;
		struct kexec_seen seen;
		const char *means, *todo;
	} rows[] = {
		{ EADDRNOTAVAIL,
		  { .reserved = 0, .privileged = true },
		  "no memory is reserved",
		  "'crashcfg apply' and reboot" },
		{ EADDRNOTAVAIL,
		  { .reserved = 0, .asked = "9G", .privileged = true },
		  "booted with crashkernel=9G and reserved nothing",
		  "smaller CRASHKERNEL" },
		{ EADDRNOTAVAIL,
		  { .reserved = 64 * M, .need = 70 * M, .privileged = true },
		  "the 64.0 MB that are reserved do not hold kernel and image, which take 70.0 MB",
		  "larger CRASHKERNEL" },
		{ EADDRNOTAVAIL,
		  { .reserved = 64 * M, .privileged = true },
		  "does not hold kernel and image",
		  "larger CRASHKERNEL" },
		{ EADDRNOTAVAIL,
		  { .reserved = -1, .need = 1, .privileged = true },
		  "does not hold",
		  "reboot" },
		{ ENOMEM,
		  { .reserved = 0, .privileged = true },
		  "no memory is reserved",
		  "'crashcfg apply'" },
		{ ENOMEM, { .reserved = 64 * M, .privileged = true }, "not enough free memory", "try again" },
		{ EPERM, { .reserved = 64 * M }, "only root", "run this as root" },
		{ EPERM,
		  { .reserved = 64 * M, .privileged = true, .disabled = YES },
		  "kernel.kexec_load_disabled is 1",
		  "next boot" },
		{ EPERM,
		  { .reserved = 64 * M, .privileged = true, .lockdown = "integrity", .kernel = "/boot/k" },
		  "locked down (integrity)",
		  "signed kernel as '/boot/k'" },
		{ EPERM,
		  { .reserved = 64 * M, .privileged = true, .lockdown = "none" },
		  "does not permit",
		  "container" },
		{ EACCES, { .reserved = 64 * M, .privileged = true }, "does not permit", "security module" },
		{ EKEYREJECTED,
		  { .reserved = 64 * M, .kernel = "/boot/k" },
		  "'/boot/k' is signed with a key that is not trusted",
		  "mokutil" },
		{ ENOKEY,
		  { .reserved = 64 * M, .kernel = "/boot/k" },
		  "not trusted",
		  "distribution's signed kernel" },
		{ ENODATA,
		  { .reserved = 64 * M, .kernel = "/boot/k" },
		  "'/boot/k' is not signed",
		  "distribution's signed kernel" },
		{ EBADMSG,
		  { .reserved = 64 * M, .kernel = "/boot/k" },
		  "signed, but damaged",
		  "distribution's signed kernel" },
		{ EBUSY, { .reserved = 64 * M }, "another program", "try again" },
		{ ENOEXEC, { .reserved = 64 * M, .kernel = "/x" }, "'/x' is not a kernel", "/boot/vmlinuz-" },
		{ ENOSYS, { .reserved = -1 }, "built without kexec", "CONFIG_KEXEC_FILE" },
		{ EINVAL, { .reserved = 0 }, "no memory is reserved", "reboot" },
		{ EINVAL, { .reserved = 64 * M, .kernel = "/x" }, "refuses '/x' or its command line", "" },
		{ EIO, { .reserved = 64 * M }, "Input/output error", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf text = { 0 };

		kexec_explain(rows[i].code, &rows[i].seen, &text);
		if (!strstr(text.data, rows[i].means) || !strstr(text.data, rows[i].todo))
			fail_msg("row %zu: '%s' lacks '%s' or '%s'", i, text.data, rows[i].means,
				 rows[i].todo);
	}
}

static void a_foreign_root_is_never_loaded_for(void **state)
{
	struct load_request q = { .kernel = "/k", .image = "/i", .cmdline = "" };
	struct err e = { 0 };
	struct tree t;

	(void)state;
	tree_begin(&t);
	assert_int_equal(capture_load(&t.root, &q, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, t.path));
	assert_int_equal(capture_unload(&t.root, &e), -ENOTSUP);
	tree_end(&t);
}

static void what_is_no_kernel_or_image_is_refused_before_the_kernel_is_asked(void **state)
{
	static const struct {
		const char *kernel, *image;
		int code;
		const char *words;
	} rows[] = {
		{ "/nowhere/vmlinuz", "/proc/self/exe", ENOENT, "kernel '/nowhere/vmlinuz'" },
		{ "/etc", "/etc/passwd", EINVAL, "kernel '/etc' is not a regular file" },
		{ "/dev/null", "/etc/passwd", EINVAL, "kernel '/dev/null' is not a regular file" },
		{ "/etc/passwd", "/nowhere/capture.img", ENOENT, "capture image '/nowhere/capture.img'" },
	};
	auto_root struct root slash = { .fd = -1 };

	(void)state;
	assert_int_equal(root_open(&slash, "/", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct load_request q = { .kernel = rows[i].kernel, .image = rows[i].image, .cmdline = "" };
		struct err e = { 0 };

		assert_int_equal(capture_load(&slash, &q, &e), -rows[i].code);
		assert_non_null(strstr(e.text, rows[i].words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_refusal_says_what_it_means_and_what_to_do),
		cmocka_unit_test(a_foreign_root_is_never_loaded_for),
		cmocka_unit_test(what_is_no_kernel_or_image_is_refused_before_the_kernel_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
