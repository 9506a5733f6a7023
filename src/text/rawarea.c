/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rawarea.h"

#include "hash.h"
#include "record.h"

#include <errno.h>
#include <string.h>

#define MARK "crashcfg raw area 1\nsha256 "
#define MARK_LEN (sizeof(MARK) - 1)
#define SUM_LEN (HASH_TEXT_MAX - 1)
#define TEXT_AT (MARK_LEN + SUM_LEN + 1)
/* struct swap_header's signature lies in the last ten bytes of a page: there are NULs. */
#define TEXT_END (RAWAREA_PAGE - 16)
#define ID_MAX 64

static const char *const states[] = { "saving", "final", NULL };
static const char *const names[] = {
	"old", "dmesg.txt", "vmcoreinfo.txt", "registers.txt", "vmcore.flat", "crash.json",
};

static const struct record_field fields[] = {
	RECORD_ENUM(struct rawarea, state, states), RECORD(struct rawarea, sequence, U64),
	RECORD(struct rawarea, id, TEXT),	    RECORD(struct rawarea, size, U64),
	RECORD(struct rawarea, url, TEXT),	    RECORD(struct rawarea, fstype, TEXT),
	RECORD(struct rawarea, uuid, TEXT),	    RECORD(struct rawarea, label, TEXT),
	RECORD(struct rawarea, partuuid, TEXT),
};

static const struct record_field part_fields[] = {
	RECORD(struct rawarea_part, at, U64),
	RECORD(struct rawarea_part, len, U64),
	RECORD(struct rawarea_part, sha256, TEXT),
	RECORD(struct rawarea_part, whole, BOOL),
};

void rawarea_free(struct rawarea *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < RAWAREA_NAMES; i++)
		record_done(part_fields, ARRAY_SIZE(part_fields), &a->parts[i]);
	record_done(fields, ARRAY_SIZE(fields), a);
	free(a);
}

const char *rawarea_part_name(enum rawarea_name n)
{
	return names[n];
}

int rawarea_encode(const struct rawarea *a, char page[static RAWAREA_PAGE], struct err *e)
{
	auto_json struct json *j = js_object();
	auto_buf struct buf text = { 0 };
	char sum[HASH_TEXT_MAX];

	record_encode(fields, ARRAY_SIZE(fields), a, j);
	for (size_t i = 0; i < RAWAREA_NAMES; i++)
		if (a->parts[i].at)
			record_encode(part_fields, ARRAY_SIZE(part_fields), &a->parts[i],
				      js_set(j, names[i], js_object()));
	js_write(j, &text);
	if (TEXT_AT + text.len > TEXT_END)
		return err_set(e, E2BIG, "the area's header has %zu bytes, its page room for %zu",
			       text.len, (size_t)(TEXT_END - TEXT_AT));
	memset(page, 0, RAWAREA_PAGE);
	memcpy(page, MARK, MARK_LEN);
	memcpy(page + MARK_LEN, hash_bytes(text.data, text.len, sum), SUM_LEN);
	page[MARK_LEN + SUM_LEN] = '\n';
	memcpy(page + TEXT_AT, text.data, text.len);
	return 0;
}

/* No part lies outside the device, in the header's pages or on another part. */
static int check_parts(const struct rawarea *a, struct err *e)
{
	for (size_t i = 0; i < RAWAREA_NAMES; i++) {
		const struct rawarea_part *p = &a->parts[i];

		if (!p->at)
			continue;
		if (p->at < RAWAREA_LEAD || p->at > a->size || p->len > a->size - p->at)
			return err_set(e, EINVAL,
				       "'%s' lies outside the area: %llu bytes at %llu of %llu",
				       names[i], (unsigned long long)p->len, (unsigned long long)p->at,
				       (unsigned long long)a->size);
		for (size_t k = 0; k < i; k++) {
			const struct rawarea_part *q = &a->parts[k];

			if (q->at && p->at < q->at + q->len && q->at < p->at + p->len)
				return err_set(e, EINVAL, "'%s' and '%s' lie on each other", names[k],
					       names[i]);
		}
	}
	return 0;
}

static int check_values(const struct rawarea *a, struct err *e)
{
	size_t len = strlen(a->id);

	if (!len || len > ID_MAX || strspn(a->id, "0123456789abcdef") != len)
		return err_set(e, EINVAL, "'id' is '%.80s', not hex digits", a->id);
	if (a->parts[RAWAREA_OLD_LEAD].at && a->parts[RAWAREA_OLD_LEAD].len != RAWAREA_LEAD)
		return err_set(e, EINVAL, "'old' has not %u bytes", RAWAREA_LEAD);
	if (a->parts[RAWAREA_MANIFEST].len > RAWAREA_RECORD_MAX)
		return err_set(e, EINVAL, "'crash.json' is larger than its slot");
	return check_parts(a, e);
}

static int decode(const char *text, size_t len, struct rawarea *a, struct err *e)
{
	auto_json struct json *j = NULL;
	int r = js_parse(text, len, &j, e);

	if (r == 0)
		r = record_decode(fields, ARRAY_SIZE(fields), j, true, a, e);
	for (size_t i = 0; i < RAWAREA_NAMES && r == 0; i++) {
		const struct json *part = js_get(j, names[i]);

		r = record_decode(part_fields, ARRAY_SIZE(part_fields), part, part != NULL,
				  &a->parts[i], e);
		if (r < 0)
			return err_wrap(e, "'%s'", names[i]);
	}
	return r < 0 ? r : check_values(a, e);
}

int rawarea_decode(const char page[static RAWAREA_PAGE], struct rawarea **ret, struct err *e)
{
	auto_rawarea struct rawarea *a = NULL;
	char sum[HASH_TEXT_MAX];
	size_t len;
	int r;

	if (memcmp(page, MARK, MARK_LEN) != 0)
		return err_set(e, ENOENT, "no header of a crashcfg raw area");
	len = strnlen(page + TEXT_AT, RAWAREA_PAGE - TEXT_AT);
	hash_bytes(page + TEXT_AT, len, sum);
	if (memcmp(page + MARK_LEN, sum, SUM_LEN) != 0 || page[MARK_LEN + SUM_LEN] != '\n')
		return err_set(e, EINVAL, "the area's header is damaged: its sha256 is another");
	a = xcalloc(1, sizeof(*a));
	r = decode(page + TEXT_AT, len, a, e);
	if (r < 0)
		return err_wrap(e, "the area's header");
	*ret = take_ptr(a);
	return 0;
}

int rawarea_choose(const char pages[static 2 * RAWAREA_PAGE], struct rawarea **ret, struct err *e)
{
	auto_rawarea struct rawarea *first = NULL, *second = NULL;
	struct err why = { 0 };

	rawarea_decode(pages, &first, &why);
	rawarea_decode(pages + RAWAREA_PAGE, &second, NULL);
	if (!first && !second)
		return err_set(e, why.code ? why.code : EINVAL, "%s", why.text);
	if (!first || (second && second->sequence > first->sequence))
		*ret = take_ptr(second);
	else
		*ret = take_ptr(first);
	return 0;
}
