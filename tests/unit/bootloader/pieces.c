/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the editors are made of: shell values, GRUB's environment block, files behind links; and none. */
#include "helper.h"

#include "bootfile.h"
#include "grubenv.h"
#include "proc.h"
#include "shvar.h"

/* What a real shell makes of NAME=RAW with X=1. */
static char *shell_value(const char *raw)
{
	auto_free char *script = xasprintf("X=1; V=%s\nprintf %%s \"$V\"", raw);
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	auto_proc struct proc p = { .argv = argv, .deadline_ms = 10000 };

	assert_int_equal(proc_check(&p, NULL), 0);
	return xstrdup(buf_text(&p.out));
}

static void shell_values_are_changed_within_their_quotes(void **state)
{
	static const struct {
		const char *raw, *from, *to;	/* decoded before, decoded after */
		const char *want;		/* NULL: refused */
	} rows[] = {
		{ "\"a b\"", "a b", "a b c", "\"a b c\"" },
		{ "'a b'", "a b", "a b c", "'a b c'" },
		{ "'a b'", "a b", "a b c'd", "\"a b c'd\"" },
		{ "a", "a", "a c", "\"a c\"" },
		{ "a", "a", "ac=d", "ac=d" },
		{ "", "", "a b", "\"a b\"" },
		{ "\"\"", "", "a b", "\"a b\"" },
		{ "\"a b\"", "a b", "a", "\"a\"" },
		{ "\"a b\"", "a b", "", "\"\"" },
		{ "\"a\"' b'", "a b", "a b c", "\"a\"' b c'" },
		{ "\"a x=\\\"1 2\\\" b\"", "a x=\"1 2\" b", "a x=\"1 2\" b c",
		  "\"a x=\\\"1 2\\\" b c\"" },
		{ "\"a\"", "a", "a $b`c\\\"", "\"a \\$b\\`c\\\\\\\"\"" },
		{ "\"$X a\"", "$X a", "$X a b", "\"$X a b\"" },
		{ "\"${X} a\"", "${X} a", "${X}", "\"${X}\"" },
		{ "\"$X\"", "$X", "$X b", "\"$X b\"" },
		{ "\"$X\"", "$X", "$Xb", NULL }, /* would be another variable */
		{ "\"$X b\"", "$X b", " b", "\" b\"" },
		{ "\"${XY} b\"", "${XY} b", "${X} b", NULL },
		{ "\"$X\"' 'y", "$X y", "$X z", "\"$X\"' 'z" },
		{ "a\\ b", "a b", "a b c", "\"a b c\"" },
		{ "\"a \\\n b\"", "a  b", "a  b c", "\"a \\\n b c\"" },
		{ "\"a$\"", "a$", "a$ b", "\"a$ b\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = NULL, *raw = NULL, *same = NULL, *shell = NULL, *again = NULL;

		assert_int_equal(shvar_decode(rows[i].raw, &text), 0);
		assert_string_equal(text, rows[i].from);
		assert_int_equal(shvar_encode(rows[i].raw, rows[i].from, &same), 0);
		assert_string_equal(same, rows[i].raw);
		if (!rows[i].want) {
			assert_int_equal(shvar_encode(rows[i].raw, rows[i].to, &raw), -ENOTSUP);
			continue;
		}
		assert_int_equal(shvar_encode(rows[i].raw, rows[i].to, &raw), 0);
		assert_string_equal(raw, rows[i].want);
		if (strchr(rows[i].raw, '$'))
			continue;
		/* A shell agrees about both. */
		shell = shell_value(rows[i].raw);
		assert_string_equal(shell, rows[i].from);
		again = shell_value(raw);
		assert_string_equal(again, rows[i].to);
	}
}

static void what_runs_something_is_not_plain(void **state)
{
	static const char *const raws[] = {
		"$(id)", "`id`", "\"$(id)\"", "\"`id`\"", "${X:-a}", "\"${X#a}\"", "$1",
		"$$",	 "\"a",	 "'a",	      "a b",	  "a;b",     "$'a'",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(raws); i++) {
		auto_free char *text = NULL;

		assert_int_equal(shvar_decode(raws[i], &text), -EINVAL);
	}
}

static void assignments_that_are_sure_to_happen_are_plain(void **state)
{
	static const struct {
		const char *text, *want;	/* "NAME=RAW@LINE" of the plain ones */
	} rows[] = {
		{ "A=1\nB='2 3' # x\n#C=4\n", "A=1@1 B='2 3'@2 " },
		{ "A=1;B=2; export C=3 D=4\n", "A=1@1 B=2@1 C=3@1 D=4@1 " },
		{ "A=1 B=2 ls\nC=3", "C=3@2 " },
		{ "if [ -e x ]; then\nA=1\nelse A=2; fi\nB=3\n", "B=3@4 " },
		{ "case $x in\na) A=1 ;;\nesac\nB=2\n", "B=2@4 " },
		{ "f() {\nA=1\n}\nB=2\n", "B=2@4 " },
		{ "( A=1 )\n{ A=2; }\nB=3\n", "B=3@3 " },
		{ "x || A=1\nx &&\nA=2\nB=3\n", "B=3@4 " },
		{ "A=1 | x\nA=2 & x\nB=3\n", "B=3@3 " },
		{ "A=1\n[ -e x ] || exit 0\nB=2\n", "A=1@1 " },
		{ "cat <<X\nA=1\nX\nB=2\n", "" },
		{ "A=\"1\nB=2\n", "" },
		{ "A=$(echo ')' \"x)\")\nB=2\n", "B=2@2 " },
		{ "A=(1 2)\nB=2\n", "B=2@2 " },
		{ "A=\\\n1 \\\n\nB=2\n", "A=\\\n1@1 B=2@4 " },
		{ "1A=1\nA-B=2\n=3\necho A=4\n", "" },
		{ "A=1\r\nB=2\r\n", "A=1\r@1 B=2\r@2 " },	/* no blank to a shell */
		{ "A+=\" x\"\n", "A+=\" x\"@1 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_shvars struct shvar_list vars = { 0 };
		auto_buf struct buf text = { 0 }, got = { 0 };

		buf_adds(&text, rows[i].text);
		shvar_scan(&text, &vars);
		for (size_t k = 0; k < vars.n; k++)
			if (vars.v[k].plain)
				buf_addf(&got, "%s%s=%.*s@%u ", vars.v[k].name,
					 vars.v[k].append ? "+" : "",
					 (int)(vars.v[k].end - vars.v[k].start),
					 text.data + vars.v[k].start, vars.v[k].line);
		assert_string_equal(buf_text(&got), rows[i].want);
	}
}

static void the_environment_block_keeps_its_size(void **state)
{
	static const char head[] = GRUBENV_SIGNATURE "# a=9\na=x\\\\y\\\nz\nab=1\nkernelopts=ro\n";
	auto_buf struct buf block = { 0 }, other = { 0 };
	auto_free char *a = NULL, *ab = NULL, *opts = NULL;
	unsigned line = 0;

	(void)state;
	buf_adds(&block, head);
	while (block.len < 128)
		buf_addc(&block, '#');
	a = grubenv_get(&block, "a", &line);
	assert_string_equal(a, "x\\y\nz");
	assert_int_equal(line, 3);
	assert_null(grubenv_get(&block, "b", NULL));
	assert_int_equal(grubenv_set(&block, "b", "1"), -ENOENT);
	assert_int_equal(grubenv_set(&block, "kernelopts", "ro \\ quiet\n"), 0);
	assert_int_equal(block.len, 128);
	opts = grubenv_get(&block, "kernelopts", NULL);
	assert_string_equal(opts, "ro \\ quiet\n");
	ab = grubenv_get(&block, "ab", NULL);
	assert_string_equal(ab, "1");
	assert_int_equal(grubenv_set(&block, "kernelopts", "ro"), 0);
	assert_memory_equal(block.data, head, sizeof(head) - 1);
	assert_int_equal(grubenv_set(&block, "a",
				     "123456789012345678901234567890123456789012345678901234567890"
				     "123456789012345678901234567890"),
			 -ENOSPC);
	buf_adds(&other, "not a block\na=1\n");
	assert_null(grubenv_get(&other, "a", NULL));
	assert_int_equal(grubenv_set(&other, "a", "2"), -EINVAL);
}

static void links_are_followed_within_the_root(void **state)
{
	static const struct {
		const char *path, *want;	/* NULL: -ELOOP */
	} rows[] = {
		{ "/etc/plain", "/etc/plain" },
		{ "/etc/absolute", "/srv/real/file" },
		{ "/etc/relative", "/srv/real/file" },
		{ "/etc/out", "/outside" },
		{ "/dir/file", "/srv/real/file" },
		{ "/dir/none/x", "/srv/real/none/x" },
		{ "//etc/./../etc//plain", "/etc/plain" },
		{ "/etc/chain", "/srv/real/file" },
		{ "/etc/dangling", "/nowhere/at/all" },
		{ "/etc/loop", NULL },
		{ "/", "/" },
	};
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, "/etc/plain", "");
	tree_put(&t, "/srv/real/file", "");
	tree_link(&t, "/etc/absolute", "/srv/real/file");
	tree_link(&t, "/etc/relative", "../srv/real/./file");
	tree_link(&t, "/etc/out", "../../../../outside");
	tree_link(&t, "/dir", "srv/real/");
	tree_link(&t, "/etc/chain", "absolute");
	tree_link(&t, "/etc/dangling", "/nowhere/at/all");
	tree_link(&t, "/etc/loop", "loop");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = NULL;
		int r = boot_path_resolve(&t.root, rows[i].path, &got);

		assert_int_equal(r, rows[i].want ? 0 : -ELOOP);
		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
	}
	tree_end(&t);
}

static void a_loader_that_cannot_be_edited_is_named(void **state)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "/boot/loader/loader.conf", "systemd-boot" },
		{ "/boot/efi/loader/entries/x.conf", "systemd-boot" },
		{ "/ostree/repo/config", "rpm-ostree kargs --append=crashkernel=256M" },
		{ "/boot/grub2/grub.cfg", "grub2-mkconfig" },
		{ "/boot/grub/grub.cfg", "/etc/default/grub" },
		{ "/boot/extlinux/extlinux.conf", "extlinux" },
		{ "/etc/zipl.conf", "zipl" },
		{ "/etc/passwd", "'crashkernel=256M'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct boot_editor *editor;
		struct err e = { 0 };
		struct boot_state *s;
		struct tree t;

		tree_begin(&t);
		tree_put(&t, rows[i].path, "");
		editor = boot_detect(&t.root);
		assert_ptr_equal(editor, &boot_none);
		s = load(editor, &t);
		assert_int_equal(editor->set_arg(s, KEY, "256M", true, &e), -ENOTSUP);
		assert_non_null(strstr(e.text, rows[i].want));
		assert_non_null(strstr(e.text, "crashkernel=256M"));
		assert_int_equal(editor->set_arg(s, KEY, NULL, false, &e), 0);
		editor->free(s);
		tree_end(&t);
	}
}

static void the_loader_is_told_by_what_starts_the_system(void **state)
{
	static const char info[] = "\6\0\0\0s\0y\0s\0t\0e\0m\0d\0-\0b\0o\0o\0t\0 \0002\0005\0002\0";
	struct tree t;

	(void)state;
	/* GRUB's files stayed behind when systemd-boot took over. */
	tree_from(&t, "debian12-grub");
	assert_ptr_equal(boot_detect(&t.root), &boot_grub);
	tree_bytes(&t, "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", info,
		   sizeof(info));
	assert_ptr_equal(boot_detect(&t.root), &boot_none);
	tree_end(&t);
	/* A generator that reads no drop-ins is not Debian's. */
	tree_from(&t, "debian12-grub");
	tree_put(&t, "/usr/sbin/grub-mkconfig", "#!/bin/sh\n. /etc/default/grub\n");
	assert_ptr_equal(boot_detect(&t.root), &boot_none);
	tree_end(&t);
	/* Entries lie about, but GRUB was told not to read them. */
	tree_from(&t, "fedora40-bls");
	tree_put(&t, "/etc/default/grub", "GRUB_ENABLE_BLSCFG=true\nGRUB_ENABLE_BLSCFG=false\n");
	assert_ptr_equal(boot_detect(&t.root), &boot_none);
	/* Nothing said: grub.cfg does. */
	tree_put(&t, "/etc/default/grub", "GRUB_TIMEOUT=1\n");
	assert_ptr_equal(boot_detect(&t.root), &boot_bls);
	tree_put(&t, "/ostree/repo/config", "");
	assert_ptr_equal(boot_detect(&t.root), &boot_none);
	tree_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shell_values_are_changed_within_their_quotes),
		cmocka_unit_test(what_runs_something_is_not_plain),
		cmocka_unit_test(assignments_that_are_sure_to_happen_are_plain),
		cmocka_unit_test(the_environment_block_keeps_its_size),
		cmocka_unit_test(links_are_followed_within_the_root),
		cmocka_unit_test(a_loader_that_cannot_be_edited_is_named),
		cmocka_unit_test(the_loader_is_told_by_what_starts_the_system),
	};

	return cmocka_run_group_tests_name("boot loader pieces", tests, NULL, NULL);
}
