/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page.h"

#include "iomem.h"
#include "proc.h"
#include "say.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct page *page_new(void)
{
	struct page *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p->winner = p->target = -1;
	return p;
}

void page_copy(char *to, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(to, text, len);
	to[len] = '\0';
}

void page_phase_begin(struct page *p, const char *name, int target)
{
	struct page_phase *ph;

	if (p->n_phases == PHASES_MAX)
		return;
	ph = &p->phases[p->n_phases++];
	page_text(ph->name, name);
	ph->target = target;
	ph->ms = now_ms();
	ph->open = true;
	page_beat(p);
}

void page_phase_end(struct page *p, int exit_code, const char *error)
{
	struct page_phase *ph = p->n_phases ? &p->phases[p->n_phases - 1] : NULL;

	page_beat(p);
	page_sample_memory(p);
	if (!ph || !ph->open)
		return;
	ph->ms = now_ms() - ph->ms;
	ph->exit_code = exit_code;
	if (exit_code || *error)
		page_text(ph->error, error);
	ph->open = false;
}

void page_remark(struct page *p, const char *fmt, ...)
{
	struct page_phase *ph = p->n_phases ? &p->phases[p->n_phases - 1] : NULL;
	size_t had;
	va_list ap;

	if (!ph || !ph->open)
		return;
	had = strlen(ph->error);
	if (had && had + 3 < sizeof(ph->error)) {
		strcpy(ph->error + had, "; ");
		had += 2;
	}
	va_start(ap, fmt);
	vsnprintf(ph->error + had, sizeof(ph->error) - had, fmt, ap);
	va_end(ap);
	say(CONSOLE_DEVICE, "%s", ph->error + had);
}

void page_note_death(struct page *p, const char *text)
{
	bool other = p->probing[0] && p->n_skips < SKIPS_MAX;

	page_phase_end(p, 1, text);
	/* A device hung while it was being asked: it is passed over, and the target has its turn again. */
	if (other && p->stage == STAGE_TARGETS && p->next_target > 0) {
		p->next_target--;
	} else if (p->target >= 0) {
		struct page_attempt *a = &p->attempts[p->target];

		if (!a->saved && !a->error[0])
			page_text(a->error, text);
	}
	if (other)
		memcpy(p->skip[p->n_skips++], p->probing, sizeof(p->probing));
	p->probing[0] = '\0';
	p->target = -1;
}

/* "MemAvailable:   12345 kB" in bytes, 0: not there. */
static uint64_t member(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	unsigned long long kb = 0;

	if (!p || sscanf(p + strlen(key), " %llu", &kb) != 1)
		return 0;
	return kb * 1024;
}

/* All that the crashed kernel had reserved, as this one was told of it. */
static void read_reserved(struct page *p)
{
	char text[8192];
	int fd = open("/proc/iomem", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && len < sizeof(text) - 1 && n > 0) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	p->mem_reserved = iomem_ram(text);
}

void page_sample_memory(struct page *p)
{
	char text[512];
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t low;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	low = member(text, "MemAvailable:");
	p->mem_total = member(text, "MemTotal:");
	if (low && (!p->mem_low || low < p->mem_low))
		p->mem_low = low;
	if (!p->mem_reserved)
		read_reserved(p);
}
