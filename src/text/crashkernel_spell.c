/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How each architecture takes crashkernel= (arch/.../setup.c, mm/init.c, kexec/core.c of their trees, and
 * Documentation/admin-guide/kdump/kdump.rst).
 */
#include "crashkernel.h"

#include "num.h"
#include "own.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

struct arch {
	const char *machine;
	uint64_t align;		/* the kernel rounds to it, or refuses another */
	uint64_t plain_max;	/* the most that finds a place below 4 GiB; 0: there is no ,high */
	bool cma;		/* takes ,cma, since 6.17 */
};

static const struct arch archs[] = {
	/*
	 * A plain size is looked for below 4 GiB first, where device memory leaves holes of some hundred
	 * megabytes at worst.  ",high" brings 256 MB of low memory with it (bounce buffers need 64 and 8 more),
	 * so it is not for small sizes.
	 */
	{ "x86_64", 1 * MIB, 512 * MIB, true },
	{ "i686", 1 * MIB, 0, false },
	/* Likewise; 128 MB of low memory come with ",high"; before 5.20 there was none. */
	{ "aarch64", 2 * MIB, 512 * MIB, false },
	{ "riscv64", 2 * MIB, 512 * MIB, false },
	{ "loongarch64", 2 * MIB, 512 * MIB, false },
	/* Below the real mode area's end, at 32 MB or where the kernel wants it; pages of 64 KiB. */
	{ "ppc64le", 16 * MIB, 0, false },
	{ "ppc64", 16 * MIB, 0, false },
	/* Sizes are cut to whole megabytes; a capture kernel runs at absolute 0 of what it was given. */
	{ "s390x", 1 * MIB, 0, false },
};

static const struct arch *find_arch(const char *machine)
{
	for (size_t i = 0; machine && i < ARRAY_SIZE(archs); i++)
		if (strcmp(machine, archs[i].machine) == 0)
			return &archs[i];
	return NULL;
}

char *crashkernel_spell(const char *machine, uint64_t bytes, uint64_t mem_total)
{
	const struct arch *a = find_arch(machine);
	uint64_t align = a ? a->align : 1 * MIB;
	char text[SIZE_TEXT_MAX];
	bool high;

	bytes = (bytes + align - 1) / align * align;
	high = a && a->plain_max && bytes > a->plain_max && mem_total > 4 * GIB;
	return xasprintf("%s%s", size_format(bytes, text), high ? ",high" : "");
}

int crashkernel_check(const struct crashkernel *c, const char *machine, struct err *e)
{
	const struct arch *a = find_arch(machine);

	if (!a)
		return 0;
	if ((c->high || c->low || c->low_size) && !a->plain_max)
		return err_set(e, EINVAL,
			       "kernels of %s know no ',high' and reserve nothing then (write the size alone)",
			       machine);
	if ((c->cma || c->cma_size) && !a->cma)
		return err_set(e, EINVAL, "kernels of %s know no ',cma' (leave it out)", machine);
	return 0;
}
