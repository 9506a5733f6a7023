/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knownhosts.h"

#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* As `ssh-keygen -H` wrote it of "web.example.org". */
#define HASHED "|1|jROYUcaAE1DyPcfLeuykgZ57UuM=|RSqGXb9qe87ZjmMtNJGQQ5EQyGQ="

static void names_are_found_as_ssh_finds_them(void **state)
{
	static const struct {
		const char *text, *name;
		bool has;
	} rows[] = {
		{ "web ssh-ed25519 AAAA\n", "web", true },
		{ "web ssh-ed25519 AAAA\n", "we", false },
		{ "WEB ssh-ed25519 AAAA\n", "web", true },
		{ "# web ssh-ed25519 AAAA\n\n", "web", false },
		{ "a,web,b ssh-ed25519 AAAA comment", "web", true },
		{ "[web]:2222 ssh-ed25519 AAAA", "[web]:2222", true },
		{ "[web]:2222 ssh-ed25519 AAAA", "web", false },
		{ "*.example.org,!old.example.org ssh-rsa A", "web.example.org", true },
		{ "*.example.org,!old.example.org ssh-rsa A", "old.example.org", false },
		{ "192.0.2.? ssh-rsa A", "192.0.2.7", true },
		{ "@cert-authority *.example.org ssh-rsa A", "web.example.org", true },
		{ "@revoked web ssh-rsa A", "web", false },
		{ "web ssh-rsa", "web", false },
		{ "web", "web", false },
		{ HASHED " ssh-ed25519 AAAA", "web.example.org", true },
		{ HASHED " ssh-ed25519 AAAA", "web.example.com", false },
		{ "|1|x|y ssh-ed25519 AAAA", "web", false },
		{ "|1| ssh-ed25519 AAAA", "web", false },
		{ "", "web", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (known_hosts_has(rows[i].text, rows[i].name) != rows[i].has)
			fail_msg("'%s' in '%s'", rows[i].name, rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_as_ssh_finds_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
