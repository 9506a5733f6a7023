/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images for real kernels: those that tests/vm/kernels.sh has unpacked into build/kernels
 * (KERNELS=DIR: another folder), for a virtio disk, with this machine's makedumpfile in
 * a root made for it.  Without kernels or makedumpfile the tests are skipped, which tests/unit.sh does
 * not let pass.
 * With BENCH=1 sizes and times are printed, with KEEP=DIR the images stay there.
 */
#include "image.h"

#include "cpio.h"
#include "file.h"
#include "proc.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define MB (1024 * 1024)

static char dir[] = "/tmp/crashcfg-kernels-XXXXXX";
static struct root root = { .fd = -1 };
static char tool_dir[PATH_MAX];
static struct strv kernels;	/* folders */
static struct settings *settings;

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static bool have(const char *program)
{
	auto_free char *command = xasprintf("command -v %s >/dev/null", program);

	return system(command) == 0;
}

/* Where this test was built there should be capture-init; without it another program will do. */
static void find_tool(void)
{
	ssize_t n = readlink("/proc/self/exe", tool_dir, sizeof(tool_dir) - 32);
	auto_free char *command = NULL;

	assert_true(n > 0);
	tool_dir[n] = '\0';
	for (int i = 0; i < 4; i++)
		*strrchr(tool_dir, '/') = '\0';
	strcat(tool_dir, "/capture-init");
	if (access(tool_dir, R_OK) == 0) {
		*strrchr(tool_dir, '/') = '\0';
		return;
	}
	/* Not /proc/self of cp. */
	command = xasprintf("cp /proc/%d/exe %s/capture-init", (int)getpid(), dir);
	snprintf(tool_dir, sizeof(tool_dir), "%s", dir);
	run(command);
}

static int make_root(void **state)
{
	const char *from = getenv("KERNELS") ? getenv("KERNELS") : "build/kernels";
	auto_root struct root top = { .fd = -1 };
	auto_strv struct strv names = { 0 };
	auto_free char *command = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	if (!have("makedumpfile") || !have("vmcore-dmesg") || root_open(&top, from, NULL) < 0)
		return 0;
	root_list(&top, "/", &names);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *boot = xasprintf("/%s/boot", names.v[i]);

		if (root_exists(&top, boot))
			strv_addf(&kernels, "%s/%s", from, names.v[i]);
	}
	/* A merged /usr, as distributions have it. */
	command = xasprintf("set -e; cd %s; mkdir -p usr/bin usr/sbin usr/lib usr/lib64; "
			    "ln -s usr/lib usr/lib64 usr/bin usr/sbin .; "
			    "set -- $(command -v makedumpfile) $(command -v vmcore-dmesg) $(command -v ssh); "
			    "cp -L --parents $* $(ldd $* | grep -o '/[^ ]*' | grep -v : | sort -u) .; "
			    "cp -a /etc/ld.so.conf* --parents .; "
			    "mkdir -p root/.ssh; echo key >root/.ssh/key; echo 'bench ssh-ed25519 AAAA' >root/.ssh/known_hosts",
			    dir);
	run(command);
	assert_int_equal(root_open(&root, dir, NULL), 0);
	settings = settings_new();
	settings->ssh_key = xstrdup("/root/.ssh/key");
	find_tool();
	/* The cache does not trust what changed within the last seconds. */
	if (getenv("BENCH"))
		sleep(4);
	return 0;
}

static int remove_root(void **state)
{
	auto_free char *command = xasprintf("rm -rf -- %s", dir);

	(void)state;
	strv_done(&kernels);
	settings_free(settings);
	if (root.fd >= 0)
		root_done(&root);
	return system(command);
}

/* --- a build ---------------------------------------------------------------------------------- */

struct job {
	struct root kernel_root;
	struct kernel_fact kernel;
	struct facts facts;
	struct storage storage;
	struct image_spec spec;
};

static char *text(const char *s)
{
	return xstrdup(s);
}

/* By what probe finds out for a server behind a virtio network adapter with an IPv4 address. */
static void storage_remote(struct storage *to, const char *kind)
{
	static const char *const nfs[] = { "nfs", "nfsv4", "nfsv3" };
	bool is_ssh = strcmp(kind, "ssh") == 0;

	to->target = (struct recipe_target){
		.kind = is_ssh ? TARGET_SSH : TARGET_NFS, .url = text("remote"), .fstype = text(""), .uuid = text(""),
		.label = text(""), .device = text(""), .options = text(""), .dir = text("/dump"), .known = text("bench"),
	};
	strv_add(&to->modaliases, "pci:v00001AF4d00001041sv00001AF4sd00001100bc02sc00i00");
	strv_add(&to->modaliases, "virtio:d00000001v00001AF4");
	strv_add(&to->modaliases, "net-pf-17");
	for (size_t i = 0; !is_ssh && i < ARRAY_SIZE(nfs); i++)
		strv_add(&to->drivers, nfs[i]);
	if (is_ssh)
		strv_add(&to->drivers, "fuse");
}

static void storage_disk(struct storage *to, const char *fs)
{
	to->target = (struct recipe_target){
		.kind = TARGET_FS, .url = text("fs:UUID=1:/var/crash"), .fstype = text(fs), .uuid = text("1"),
		.label = text(""), .device = text("/dev/vda"), .size = 1 << 30, .options = text(""),
		.dir = text("/var/crash"),
	};
	strv_add(&to->modaliases, "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00");
	strv_add(&to->modaliases, "virtio:d00000002v00001AF4");
	strv_add(&to->drivers, fs);
}

static bool is_remote(const char *fs)
{
	return strcmp(fs, "nfs") == 0 || strcmp(fs, "ssh") == 0;
}

static void job_open(struct job *j, const char *folder, const char *fs)
{
	const char *release = strrchr(folder, '/') + 1;

	*j = (struct job){ .kernel_root.fd = -1 };
	assert_int_equal(root_open(&j->kernel_root, folder, NULL), 0);
	j->kernel = (struct kernel_fact){
		.release = text(release), .image = xasprintf("/boot/vmlinuz-%s", release),
		.modules = xasprintf("/lib/modules/%s", release),
	};
	j->facts = (struct facts){ .host = text("host"), .machine_id = text("0123") };
	if (is_remote(fs))
		storage_remote(&j->storage, fs);
	else
		storage_disk(&j->storage, fs);
	j->spec = (struct image_spec){
		.root = &root, .settings = settings, .facts = &j->facts, .kernel = &j->kernel,
		.kernel_root = &j->kernel_root, .storage = &j->storage, .n_storage = 1,
		.tool_dir = tool_dir, .cache = true,
	};
}

static void job_done(struct job *j)
{
	free(j->kernel.release);
	free(j->kernel.image);
	free(j->kernel.modules);
	free(j->facts.host);
	free(j->facts.machine_id);
	storage_done(&j->storage);
	root_done(&j->kernel_root);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Milliseconds of all threads: on a busy machine this is what can be compared. */
static double cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void check_order(const struct recipe *r)
{
	for (size_t i = 0; i < r->n_modules; i++)
		for (size_t k = 0; k < r->modules[i].needs.n; k++) {
			bool before = false;

			for (size_t b = 0; b < i; b++)
				before |= strcmp(r->modules[b].name, r->modules[i].needs.v[k]) == 0;
			assert_true(before);
		}
}

static bool has_module(const struct recipe *r, const char *name)
{
	for (size_t i = 0; i < r->n_modules; i++)
		if (strcmp(r->modules[i].name, name) == 0)
			return true;
	return false;
}

/* What the distribution's own programs make of it. */
static void check_unpacks(const struct buf *image, const struct image_plan *plan)
{
	auto_free char *head = NULL, *command = NULL;
	auto_close int fd = -1;
	size_t end = 0;

	assert_int_equal(cpio_each(image->data, image->len, NULL, NULL, &end, NULL), 0);
	if (strcmp(plan->packing, "zstd") != 0 || !have("zstd") || !have("cpio"))
		return;
	head = xasprintf("%s/payload", dir);
	fd = open(head, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, image->data + end, image->len - end), 0);
	/* zstd(1) refuses the padding behind the frame, but writes all that is before. */
	command = xasprintf("cd %s && rm -rf tree && mkdir tree && cd tree && "
			    "{ zstd -qdc ../payload 2>/dev/null || :; } | cpio -idm --quiet 2>/dev/null; "
			    "test -x init && test \"$(readlink sbin/modprobe)\" = /init && "
			    "test -s etc/crashcfg/recipe.json && test -c dev/console -o $(id -u) -ne 0 && "
			    "cmp usr/bin/makedumpfile ../usr/bin/makedumpfile", dir);
	run(command);
}

static void keep(const struct buf *image, const char *release, const char *fs)
{
	auto_free char *name = xasprintf("%s-%s.img", release, fs);
	auto_close int to = getenv("KEEP") ? open(getenv("KEEP"), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (to >= 0)
		assert_int_equal(file_replace_at(to, name, image->data, image->len, 0600), 0);
}

static void build(const char *folder, const char *fs, size_t packed_max, size_t unpacked_max)
{
	auto_image_plan struct image_plan *cold = NULL, *warm = NULL;
	auto_buf struct buf first = { 0 }, second = { 0 };
	struct image_sizes sizes;
	struct err e = { 0 };
	struct job j;
	double t0, t1, t2, t3, t4, used;

	job_open(&j, folder, fs);
	t0 = now();
	if (image_plan_make(&j.spec, &cold, &e) < 0)
		fail_msg("%s %s: %s", folder, fs, e.text);
	t1 = now();
	if (image_build_sizes(&j.spec, cold, &first, &sizes, &e) < 0)
		fail_msg("%s %s: %s", folder, fs, e.text);
	t2 = now();
	assert_int_equal(image_plan_make(&j.spec, &warm, &e), 0);
	t3 = now();
	used = cpu();
	assert_int_equal(image_build(&j.spec, warm, &second, &e), 0);
	t4 = now();
	used = cpu() - used;
	if (getenv("BENCH"))
		printf("BENCH %s %s packed_bytes %zu unpacked_bytes %zu modules %zu plan_cold_ms %.1f "
		       "plan_warm_ms %.2f build_ms %.1f build_cpu_ms %.1f\n", j.kernel.release, fs,
		       sizes.packed, sizes.unpacked, sizes.modules, t1 - t0, t3 - t2, t4 - t3, used);
	assert_string_equal(cold->id, warm->id);
	assert_true(buf_equal(&first, &second));
	assert_int_equal(image_check(first.data, first.len, &e), 0);
	assert_true(sizes.packed <= packed_max);
	assert_true(sizes.unpacked <= unpacked_max);
	assert_true(has_module(cold->recipe, is_remote(fs) ? "virtio_net" : "virtio_blk"));
	/* fuse is built into newer kernels. */
	assert_true(strcmp(fs, "ssh") == 0 || has_module(cold->recipe, fs));
	check_order(cold->recipe);
	check_unpacks(&first, cold);
	keep(&first, j.kernel.release, fs);
	job_done(&j);
}

static void test_an_image_for_ext4_on_virtio_is_small(void **state)
{
	(void)state;
	if (!kernels.n)
		skip();
	for (size_t i = 0; i < kernels.n; i++)
		build(kernels.v[i], "ext4", (size_t)(3.5 * MB), 10 * MB);
}

static void test_images_for_xfs_and_btrfs_are_small(void **state)
{
	(void)state;
	if (!kernels.n)
		skip();
	for (size_t i = 0; i < kernels.n; i++) {
		build(kernels.v[i], "xfs", 5 * MB, 16 * MB);
		build(kernels.v[i], "btrfs", 5 * MB, 16 * MB);
	}
}

static void test_images_for_servers_are_small(void **state)
{
	(void)state;
	if (!kernels.n || !have("ssh"))
		skip();
	for (size_t i = 0; i < kernels.n; i++) {
		build(kernels.v[i], "nfs", 6 * MB, 20 * MB);
		build(kernels.v[i], "ssh", 7 * MB, 24 * MB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_image_for_ext4_on_virtio_is_small),
		cmocka_unit_test(test_images_for_xfs_and_btrfs_are_small),
		cmocka_unit_test(test_images_for_servers_are_small),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
