/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include "cli.h"
#include "hung.h"
#include "probe.h"
#include "proc.h"

#include <stdint.h>

/* A dump folder on a server that died: no command may die with it. */

#define AT_MOST_MS 9000

static struct tree t;
static struct hung server;

/* The dead folder is the same one; its name is not. */
static void settings_name(bool host)
{
	auto_free char *text = xasprintf("DUMP_TARGETS=\"file://%s/dead/crash\"\n", host ? t.path : "");

	tree_put(&t, "/etc/sysconfig/crashcfg", text);
}

static int begin(void **state)
{
	auto_free char *where = NULL, *etc = NULL;

	(void)state;
	tree_begin(&t);
	settings_name(false);
	tree_put(&t, "/dead/here", "");
	tree_put(&t, "/proc/meminfo", "MemTotal: 1000000 kB\n");
	where = xasprintf("%s/dead", t.path);
	etc = xasprintf("%s/etc", t.path);
	if (!hung_begin(&server, where) || mount(etc, "/etc", NULL, MS_BIND, NULL) < 0)
		server.server = 0;
	return 0;
}

static int end(void **state)
{
	auto_free char *where = xasprintf("%s/dead", t.path);

	(void)state;
	if (server.server)
		hung_end(&server, where);
	tree_end(&t);
	return 0;
}

/* Run it in a child, so that one which hangs is no more than a failure.  *ret_said: its words. */
static int run(char *argv[], struct buf *ret_said)
{
	long long until = now_ms() + AT_MOST_MS;
	int pipes[2], status = 0, argc = 0;
	pid_t pid;

	while (argv[argc])
		argc++;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		exit(cli_main(argc, argv));
	}
	close(pipes[1]);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() > until) {
			kill(pid, SIGKILL);
			fail_msg("'%s' hangs", argv[1]);
		}
		usleep(10000);
	}
	/* Whoever reads the words to their end does not hang either: no child holds the pipe. */
	assert_int_equal(fd_read_all(pipes[0], 1 << 20, ret_said), 0);
	close(pipes[0]);
	return WEXITSTATUS(status);
}

static void no_command_hangs_on_it(void **state)
{
	static const struct {
		const char *words[3];
		bool host;	/* the system that runs, else the tree */
		bool told;	/* that it does not answer */
	} rows[] = {
		{ { "status" }, true, true },
		{ { "status" }, false, false },
		{ { "check" }, true, true },
		{ { "apply", "--check" }, false, false },
		{ { "diff" }, false, false },
		{ { "list" }, true, true },
		{ { "list" }, false, true },
		{ { "save" }, false, true },
		{ { "estimate" }, false, false },
	};

	(void)state;
	if (!server.server)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static char root[] = "/";
		char *argv[8] = { (char *)(uintptr_t)"crashcfg", (char *)(uintptr_t)rows[i].words[0],
				  (char *)(uintptr_t)"--root", rows[i].host ? root : t.path,
				  (char *)(uintptr_t)rows[i].words[1], NULL };
		auto_buf struct buf said = { 0 };

		settings_name(rows[i].host);
		run(argv, &said);
		if (rows[i].told && !strstr(buf_text(&said), "does not answer"))
			fail_msg("row %zu, '%s' says: %s", i, rows[i].words[0], buf_text(&said));
	}
}

static void a_folder_that_answers_is_not_waited_for(void **state)
{
	long long start = now_ms();

	(void)state;
	assert_int_equal(path_answers(&t.root, "/etc/sysconfig", NULL), 0);
	assert_int_equal(path_answers(&t.root, "/not/there", NULL), 0);
	assert_true(now_ms() - start < 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_that_answers_is_not_waited_for),
		cmocka_unit_test(no_command_hangs_on_it),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
