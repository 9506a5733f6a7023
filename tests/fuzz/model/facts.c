/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of the kernel and of os-release, of any content: nothing is read past its
 * end, and the order of versions is an order (three lines of the input are compared).
 */
#include "facts.h"
#include "iomem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check_order(const char *a, const char *b, const char *c)
{
	int ab = sign(version_compare(a, b)), bc = sign(version_compare(b, c)),
	    ac = sign(version_compare(a, c));

	expect(version_compare(a, a) == 0);
	expect(sign(version_compare(b, a)) == -ab);
	expect((ab == 0) == (strcmp(a, b) == 0));
	if (ab <= 0 && bc <= 0)
		expect(ac <= 0);
	if (ab >= 0 && bc >= 0)
		expect(ac >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	auto_free char *text = xstrndup((const char *)data, len);
	struct kernel_fact k = { 0 };
	uint64_t ram = meminfo_ram(text, 0);
	char *a = text, *b, *c;

	free(os_release_get(text, "ID"));
	free(lockdown_parse(text));
	iomem_ram(text);
	iomem_crash(text);
	expect(ram % (256 << 20) == 0);
	expect(cpu_list_count(text) <= 1 << 20);
	expect(cpuinfo_boot_apicid(text) >= -1);
	kernel_head_read(data, len, &k);

	b = strchrnul(a, '\n');
	if (*b)
		*b++ = '\0';
	c = strchrnul(b, '\n');
	if (*c)
		*c++ = '\0';
	c[strcspn(c, "\n")] = '\0';
	check_order(a, b, c);
	return 0;
}
