/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The laws of apply, over systems put together at random from what real ones and
 * their owners' hands hold: applying twice is applying once, remove gives back the
 * tree as it was, and the way over other settings leads to the same place.
 */
#include "apply.h"
#include "tree.h"

#define SYSTEMS 400
#define IN_USE "1G-4G:192M,4G-64G:256M,64G-:512M"

/* --- chance: the same systems in every run ------------------------------------------------------ */

static uint32_t chance_state;

static uint32_t chance(uint32_t n)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 17;
	chance_state ^= chance_state << 5;
	return chance_state % n;
}

#define PICK(list) ((list)[chance(ARRAY_SIZE(list))])

/* --- systems ------------------------------------------------------------------------------------ */

static const char *const cmdlines[] = {
	"quiet",
	"",
	"ro quiet splash",
	"root=UUID=ab ro console=ttyS0,115200",
	"crashkernel=512M",
	"quiet crashkernel=128M ro",
	"crashkernel=" IN_USE " rd.lvm.lv=a/b",
	"ro crashkernel=64M crashkernel=1G,high",
	"quiet -- single",
};

static void put_grub_defaults(const struct tree *t)
{
	static const char *const forms[] = {
		"%s=\"%s\"\n",  "%s='%s'\n",          "  %s=\"%s\"\n", "%s=\"%s\" # by hand\n",
		"#%s=\"%s\"\n", "export %s=\"%s\"\n", "%s=\"%s\"",
	};
	static const char *const heads[] = { "GRUB_DEFAULT=0\n", "# it's mine\n", "",
					     "GRUB_DEFAULT=saved\r\n", "\n\n" };
	auto_buf struct buf text = { 0 };

	buf_adds(&text, PICK(heads));
	for (int i = 0; i < 2; i++) {
		size_t form = chance(ARRAY_SIZE(forms) - (i == 0));
		auto_free char *line = NULL;

		/* Each form takes a name and a value. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		line = xasprintf(forms[form], i ? "GRUB_CMDLINE_LINUX" : "GRUB_CMDLINE_LINUX_DEFAULT",
				 PICK(cmdlines));
#pragma GCC diagnostic pop
		buf_adds(&text, line);
	}
	tree_put(t, "/etc/default/grub", buf_text(&text));
}

static void put_debian(const struct tree *t)
{
	static const char *const dropins[] = {
		"GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=384M-:128M\"\n",
		"GRUB_TIMEOUT=1\n",
		"GRUB_CMDLINE_LINUX=\"console=ttyS0\"\n",
		"",
		"GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n",
	};
	static const char *const names[] = { "kdump-tools", "50-cloudimg", "zzz", "a" };

	tree_put(t, "/usr/sbin/grub-mkconfig", "#!/bin/sh\n. /etc/default/grub.d/*.cfg\n");
	tree_put(t, "/usr/sbin/update-grub", "#!/bin/sh\n");
	put_grub_defaults(t);
	for (uint32_t n = chance(3); n--;) {
		auto_free char *path = xasprintf("/etc/default/grub.d/%s.cfg", PICK(names));

		tree_put(t, path, PICK(dropins));
	}
	tree_put(t, "/boot/vmlinuz-6.1.0-50-amd64", "kernel");
}

static void put_fedora(const struct tree *t)
{
	static const char *const tails[] = { "\n", "\ngrub_class fedora\n", "", "\r\n",
					     "\n\n# note\n" };
	static const char *const starts[] = { "options ", "options\t", "  options   " };

	tree_put(t, "/boot/grub2/grub.cfg", "insmod blscfg\nblscfg\n");
	tree_put(t, "/boot/vmlinuz-6.9.7-200.fc40.x86_64", "kernel");
	tree_put(t, "/etc/machine-id", "7d0e6a9c4b5f4c21b3a8e0f19d2c5b68\n");
	for (uint32_t n = 1 + chance(4); n--;) {
		auto_free char *path =
			xasprintf("/boot/loader/entries/7d0e6a9c4b5f4c21b3a8e0f19d2c5b68-%s.conf",
				  n == 3   ? "0-rescue"
				  : n == 2 ? "6.8.5"
				  : n == 1 ? "6.9.7"
					   : "6.10.1");
		auto_free char *text = xasprintf(
			"title Fedora\nversion 6.%u\nlinux /vmlinuz-6.9.7-200.fc40.x86_64\n%s%s%s", n,
			PICK(starts), PICK(cmdlines), PICK(tails));

		tree_put(t, path, text);
	}
	if (chance(2)) {
		auto_free char *text = xasprintf("root=/dev/vda1 %s%s", PICK(cmdlines), PICK(tails));

		tree_put(t, "/etc/kernel/cmdline", text);
	}
	if (chance(2))
		put_grub_defaults(t);
	if (chance(3) == 0) {
		char block[1025];
		int n = snprintf(
			block, sizeof(block),
			"# GRUB Environment Block\nsaved_entry=%s\nkernelopts=root=/dev/vda1 %s\n",
			chance(2) ? "0" : "7d0e6a9c4b5f4c21b3a8e0f19d2c5b68-6.9.7", PICK(cmdlines));

		memset(block + n, '#', sizeof(block) - 1 - (size_t)n);
		tree_bytes(t, "/boot/grub2/grubenv", block, sizeof(block) - 1);
	}
}

static bool put_peer(const struct tree *t)
{
	static const char wants[] = "/etc/systemd/system/multi-user.target.wants/";
	const char *unit = chance(2) ? "kdump.service" : "kdump-tools.service";
	auto_free char *path = xasprintf("/usr/lib/systemd/system/%s", unit),
		       *link = xasprintf("%s%s", wants, unit);

	if (chance(3))
		return false;
	tree_put(t, path, "[Unit]\n");
	tree_put(t, "/etc/default/kdump-tools", chance(2) ? "USE_KDUMP=1\n" : "USE_KDUMP=0\n");
	tree_link(t, link, path);
	return true;
}

static void put_system(const struct tree *t)
{
	if (chance(2))
		put_debian(t);
	else
		put_fedora(t);
	put_peer(t);
	if (chance(2))
		tree_put(t, "/usr/lib/systemd/system/" LOAD_UNIT,
			 chance(2) ? "[Install]\nWantedBy=multi-user.target\n"
				   : "[Unit]\n[Install]\nWantedBy=basic.target multi-user.target\n");
	if (chance(4) == 0)
		tree_put(t, "/var/lib/misc/file", "of somebody else");
}

/* --- what is compared --------------------------------------------------------------------------- */

static void list(const struct root *root, const char *path, struct buf *to)
{
	auto_strv struct strv names = { 0 };

	assert_int_equal(root_list(root, path, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *below = xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path,
						  names.v[i]),
			       *target = NULL;
		auto_buf struct buf text = { 0 };
		struct stat st;

		assert_int_equal(root_lstat(root, below, &st), 0);
		buf_addf(to, "%s %o ", below, st.st_mode);
		if (S_ISDIR(st.st_mode)) {
			buf_addc(to, '\n');
			list(root, below, to);
		} else if (S_ISLNK(st.st_mode)) {
			assert_int_equal(root_readlink(root, below, &target), 0);
			buf_addf(to, "-> %s\n", target);
		} else {
			assert_int_equal(root_read(root, below, 1 << 20, &text, NULL), 0);
			buf_addf(to, "ctime %lld.%09ld '%s'\n", (long long)st.st_ctim.tv_sec,
				 st.st_ctim.tv_nsec, buf_text(&text));
		}
	}
}

/* TIMES: any write shows, not only one that changes something. */
static void look(const struct tree *t, bool times, struct buf *ret)
{
	auto_buf struct buf all = { 0 };

	list(&t->root, "/", &all);
	buf_clear(ret);
	for (const char *p = buf_text(&all); *p;) {
		const char *at = times ? NULL : strstr(p, "ctime "),
			   *end = at ? strchr(at, '\'') : NULL;

		if (!end) {
			buf_adds(ret, p);
			break;
		}
		buf_add(ret, p, (size_t)(at - p));
		p = end;
	}
}

static void assert_same(uint32_t seed, const char *law, const struct buf *a, const struct buf *b)
{
	if (buf_equal(a, b))
		return;
	fprintf(stderr, "system %u: %s\n--- before\n%s--- after\n%s", seed, law, buf_text(a),
		buf_text(b));
	fail();
}

/* --- acting ------------------------------------------------------------------------------------- */

struct wish {
	const char *crashkernel, *active;
	struct plan_options o;
};

/* Steps that were done; or the failure.  The plan made afterwards must be empty. */
static int act(uint32_t seed, const struct tree *t, const struct wish *w, struct err *e)
{
	for (int again = 0; again < 2; again++) {
		auto_settings struct settings *want = settings_new();
		auto_faults struct fault_list faults = { 0 };
		auto_world struct world *have = NULL;
		auto_plan struct plan *p = NULL;
		auto_report struct apply_report report = { 0 };
		struct world_options o = { .tool_dir = "/nowhere", .cache = true };
		int r;

		settings_set(want, SET_CRASHKERNEL, w->crashkernel, "test", 1, &faults);
		settings_set(want, SET_DUMP_ACTIVE, w->active, "test", 2, &faults);
		assert_int_equal(faults.errors, 0);
		r = world_read(&t->root, want, &o, &have, e);
		if (r == 0)
			r = plan_compute(want, have, &w->o, &p, e);
		if (r == 0 && again && plan_todo(p)) {
			auto_buf struct buf text = { 0 };

			plan_text(p, &text);
			print_error("system %u: still to do:\n%s", seed, buf_text(&text));
			fail();
		}
		if (r == 0)
			r = plan_apply(&t->root, p, NULL, NULL, &report, e);
		if (r < 0) {
			assert_false(again);
			return r;
		}
	}
	return 0;
}

static void begin(struct tree *t)
{
	snprintf(t->path, sizeof(t->path), "%s/crashcfg-laws-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(t->path));
	assert_int_equal(root_open(&t->root, t->path, NULL), 0);
}

static struct wish make_wish(void)
{
	static const char *const values[] = { "auto", "256M", "128M", IN_USE, "512M,high", "64M@16M" };

	return (struct wish){
		.crashkernel = PICK(values), .active = chance(8) ? "yes" : "no",
		.o = { .foreign = true, .force = chance(2), .take_over = chance(3) },
	};
}

static void the_laws_hold_on_any_system(void **state)
{
	unsigned applied = 0, refused = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= SYSTEMS; seed++) {
		auto_buf struct buf start = { 0 }, one = { 0 }, two = { 0 };
		struct wish first, second,
			off = { .crashkernel = "auto",
				.active = "yes",
				.o = { .foreign = true, .remove = true } };
		struct err e = { 0 };
		struct tree t;

		chance_state = seed * 2654435761u;
		begin(&t);
		put_system(&t);
		first = make_wish();
		second = make_wish();
		look(&t, true, &start);
		if (act(seed, &t, &first, &e) < 0) {
			/* A refusal has its reason, and nothing is half done. */
			look(&t, true, &two);
			assert_true(*e.text);
			assert_same(seed, "a refused apply changes nothing", &start, &two);
			refused++;
		}
		applied += !e.code;
		look(&t, true, &one);
		e = (struct err){ 0 };
		act(seed, &t, &first, &e);
		look(&t, true, &two);
		assert_same(seed, "applying twice is applying once", &one, &two);
		act(seed, &t, &second, &e);
		look(&t, false, &start);
		if (act(seed, &t, &off, &e) < 0) {
			print_error("system %u: remove fails: %s\n%s", seed, e.text, buf_text(&start));
			fail();
		}

		look(&t, false, &two);
		tree_end(&t);
		chance_state = seed * 2654435761u;
		begin(&t);
		put_system(&t);
		look(&t, false, &start);
		assert_same(seed, "remove gives back the tree as it was", &start, &two);
		tree_end(&t);
	}
	/* The systems are worth something: most can be edited, some cannot. */
	assert_in_range(applied, SYSTEMS / 2, SYSTEMS - 1);
	assert_in_range(refused, 1, SYSTEMS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_laws_hold_on_any_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
