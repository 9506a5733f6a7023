/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define M (1 << 20)
#define G (UINT64_C(1) << 30)

static void four_facts_tell_the_reservation(void **state)
{
	static const struct {
		struct reserve_facts f;
		enum reboot_state want;
	} rows[] = {
		/* nothing is wanted */
		{ { NULL, NULL, "ro", 0, 4 * G, 0, false }, RESERVE_NOT_CONFIGURED },
		{ { NULL, NULL, "ro crashkernel=256M", 256 * M, 4 * G, 0, false }, RESERVE_PENDING },
		{ { NULL, NULL, "ro crashkernel=256M", 0, 4 * G, 0, false }, RESERVE_NOT_CONFIGURED },
		{ { NULL, "512M", "ro crashkernel=512M", 512 * M, 4 * G, 0, false }, RESERVE_NOT_CONFIGURED },
		{ { NULL, NULL, NULL, -1, 0, 0, false }, RESERVE_NOT_CONFIGURED },
		/* the boot loader does not hold it */
		{ { "256M", NULL, "ro", 0, 4 * G, 0, false }, RESERVE_NOT_CONFIGURED },
		{ { "256M", NULL, "ro crashkernel=256M", 256 * M, 4 * G, 0, false }, RESERVE_NOT_CONFIGURED },
		/* the kernel obeys the plain value where there are both */
		{ { "256M", "256M", "crashkernel=256M crashkernel=512M,high", 256 * M, 4 * G, 0, false }, RESERVE_OK },
		{ { "1G,high", "1G,high crashkernel=128M,low", "crashkernel=512M,high crashkernel=128M,low", 512 * M,
		    4 * G, 0, false }, RESERVE_PENDING },
		{ { "512M,high", "512M,high crashkernel=128M,low", "crashkernel=512M,high crashkernel=128M,low",
		    512 * M, 4 * G, 0, false }, RESERVE_OK },
		/* no kernel runs there */
		{ { "256M", "256M", NULL, -1, 0, 0, false }, RESERVE_UNKNOWN },
		{ { "256M", "256M", "ro crashkernel=256M", -1, 4 * G, 0, false }, RESERVE_UNKNOWN },
		/* booted without it, or with another size: larger or smaller */
		{ { "256M", "256M", "ro", 0, 4 * G, 0, false }, RESERVE_PENDING },
		{ { "256M", "256M", "ro crashkernel=128M", 128 * M, 4 * G, 0, false }, RESERVE_PENDING },
		{ { "128M", "128M", "ro crashkernel=256M", 256 * M, 4 * G, 0, false }, RESERVE_PENDING },
		{ { "256M,high", "256M,high", "ro crashkernel=256M", 256 * M, 4 * G, 0, false },
		  RESERVE_PENDING },
		/* another word for the same size needs no reboot, on a machine whose memory is known */
		{ { "1G-:256M", "1G-:256M", "ro crashkernel=256M", 256 * M, 4 * G, 0, false }, RESERVE_OK },
		{ { "262144K", "262144K", "ro crashkernel=256M", 256 * M, 4 * G, 0, false }, RESERVE_OK },
		{ { "1G-:256M", "1G-:256M", "ro crashkernel=256M", 256 * M, 0, 0, false }, RESERVE_PENDING },
		/* the last word counts, and what stands behind "--" does not */
		{ { "256M", "256M", "crashkernel=1G crashkernel=256M", 256 * M, 4 * G, 0, false },
		  RESERVE_OK },
		{ { "256M", "256M", "ro -- crashkernel=256M", 0, 4 * G, 0, false }, RESERVE_PENDING },
		/* asked for, and got nothing, or gave it back */
		{ { "256M", "256M", "ro crashkernel=256M", 0, 4 * G, 0, false }, RESERVE_FAILED },
		{ { "256M", "256M", "ro crashkernel=256M", 64 * M, 4 * G, 0, false }, RESERVE_SHRUNK },
		{ { "256M", "256M", "ro crashkernel=256M", 0, 4 * G, 0, true }, RESERVE_SHRUNK },
		/* and what is left is enough, or is not */
		{ { "256M", "256M", "ro crashkernel=256M", 128 * M, 4 * G, 118 * M, true }, RESERVE_OK },
		{ { "256M", "256M", "ro crashkernel=256M", 64 * M, 4 * G, 118 * M, true }, RESERVE_SHRUNK },
		/* which range the kernel took depends on memory that it counts in its own way */
		{ { "1G-4G:192M,4G-:256M", "1G-4G:192M,4G-:256M", "crashkernel=1G-4G:192M,4G-:256M",
		    192 * M, 4 * G, 0, false },
		  RESERVE_OK },
		{ { "1G-4G:192M,4G-:256M", "1G-4G:192M,4G-:256M", "crashkernel=1G-4G:192M,4G-:256M",
		    191 * M, 4 * G, 0, false },
		  RESERVE_SHRUNK },
		{ { "512M,high", "512M,high", "crashkernel=512M,high", 512 * M, 4 * G, 0, false },
		  RESERVE_OK },
		{ { "512M,high", "512M,high", "crashkernel=512M,high", 768 * M, 4 * G, 0, false },
		  RESERVE_OK },
		/* a value of another hand stays, and is too small for a capture */
		{ { "256M", "64M", "ro crashkernel=64M", 64 * M, 4 * G, 118 * M, false }, RESERVE_UNDERSIZED },
		{ { "256M", "128M", "ro crashkernel=128M", 128 * M, 4 * G, 118 * M, false }, RESERVE_OK },
		/* values that nobody can read are equal when they are the same text */
		{ { "256M", "banana", "ro crashkernel=banana", 256 * M, 4 * G, 0, false }, RESERVE_OK },
		{ { "256M", "banana", "ro crashkernel=apple", 256 * M, 4 * G, 0, false }, RESERVE_PENDING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum reboot_state got = reserve_state(&rows[i].f);

		if (got != rows[i].want)
			fail_msg("row %zu: %s, not %s", i, reboot_state_name(got),
				 reboot_state_name(rows[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_facts_tell_the_reservation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
