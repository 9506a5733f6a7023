/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifest.h"

#include "record.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* More phases or attempts than any capture makes; what has more is not a manifest. */
#define LIST_MAX 4096

static const char *const states[] = { "saving", "complete", "incomplete", "log-only", "failed", NULL };

static const struct record_field fields[] = {
	RECORD_ENUM(struct manifest, state, states),
	RECORD(struct manifest, host, TEXT),
	RECORD(struct manifest, machine_id, TEXT),
	RECORD(struct manifest, boot_id, TEXT),
	RECORD(struct manifest, kernel, TEXT),
	RECORD(struct manifest, build_id, TEXT),
	RECORD(struct manifest, crash_time, I64),
	RECORD(struct manifest, panic, TEXT),
	RECORD(struct manifest, target, TEXT),
	RECORD(struct manifest, bytes, U64),
	RECORD(struct manifest, sha256, TEXT),
	RECORD(struct manifest, pages, U64),
	RECORD(struct manifest, checked, BOOL),
	RECORD(struct manifest, check, TEXT),
	RECORD(struct manifest, mem_total, U64),
	RECORD(struct manifest, mem_low, U64),
	RECORD(struct manifest, mem_reserved, U64),
	RECORD(struct manifest, dump_level, UINT),
	RECORD(struct manifest, compress, TEXT),
	RECORD(struct manifest, area, TEXT),
	RECORD(struct manifest, collector, TEXT),
};

static const struct record_field phase_fields[] = {
	RECORD(struct manifest_phase, name, TEXT),
	RECORD(struct manifest_phase, target, TEXT),
	RECORD(struct manifest_phase, seconds, REAL),
	RECORD(struct manifest_phase, exit_code, INT),
	RECORD(struct manifest_phase, error, TEXT),
};

static const struct record_field attempt_fields[] = {
	RECORD(struct manifest_attempt, target, TEXT),
	RECORD(struct manifest_attempt, result, TEXT),
	RECORD(struct manifest_attempt, error, TEXT),
};

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_phases; i++)
		record_done(phase_fields, ARRAY_SIZE(phase_fields), &m->phases[i]);
	for (size_t i = 0; i < m->n_attempts; i++)
		record_done(attempt_fields, ARRAY_SIZE(attempt_fields), &m->attempts[i]);
	free(m->phases);
	free(m->attempts);
	record_done(fields, ARRAY_SIZE(fields), m);
	free(m);
}

void manifest_encode(const struct manifest *m, struct buf *to)
{
	auto_json struct json *j = js_object();
	struct json *list;

	js_set_int(j, "schema", MANIFEST_SCHEMA);
	record_encode(fields, ARRAY_SIZE(fields), m, j);
	list = js_set(j, "phases", js_array());
	for (size_t i = 0; i < m->n_phases; i++)
		record_encode(phase_fields, ARRAY_SIZE(phase_fields), &m->phases[i],
			      js_add(list, js_object()));
	list = js_set(j, "attempts", js_array());
	for (size_t i = 0; i < m->n_attempts; i++)
		record_encode(attempt_fields, ARRAY_SIZE(attempt_fields), &m->attempts[i],
			      js_add(list, js_object()));
	js_write(j, to);
}

/* The list's members, or none where it is absent. */
static int list_len(const struct json *j, const char *key, size_t *ret, struct err *e)
{
	const struct json *list = js_get(j, key);

	if (list && (!js_is_array(list) || js_len(list) > LIST_MAX))
		return err_set(e, EINVAL, "'%s' is not a list of at most %d", key, LIST_MAX);
	*ret = list ? js_len(list) : 0;
	return 0;
}

static int decode_phases(const struct json *j, struct manifest *m, struct err *e)
{
	size_t n = 0;
	int r = list_len(j, "phases", &n, e);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct manifest_phase *to = vec_push(&m->phases, &m->n_phases);

		r = record_decode(phase_fields, ARRAY_SIZE(phase_fields), js_at(js_get(j, "phases"), i),
				  false, to, e);
		if (r < 0)
			return err_wrap(e, "phases[%zu]", i);
	}
	return r;
}

static int decode_attempts(const struct json *j, struct manifest *m, struct err *e)
{
	size_t n = 0;
	int r = list_len(j, "attempts", &n, e);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct manifest_attempt *to = vec_push(&m->attempts, &m->n_attempts);

		r = record_decode(attempt_fields, ARRAY_SIZE(attempt_fields),
				  js_at(js_get(j, "attempts"), i), false, to, e);
		if (r < 0)
			return err_wrap(e, "attempts[%zu]", i);
	}
	return r;
}

int manifest_decode(const char *text, size_t len, struct manifest **ret, struct err *e)
{
	auto_manifest struct manifest *m = xcalloc(1, sizeof(*m));
	auto_json struct json *j = NULL;
	int r = js_parse(text, len, &j, e);

	if (r < 0)
		return r;
	if (js_get_int(j, "schema", 0) != MANIFEST_SCHEMA || !js_get(j, "state"))
		return err_set(e, EINVAL, "not a manifest: wanted 'schema' %d and 'state'", MANIFEST_SCHEMA);
	r = record_decode(fields, ARRAY_SIZE(fields), j, false, m, e);
	if (r == 0)
		r = decode_phases(j, m, e);
	if (r == 0)
		r = decode_attempts(j, m, e);
	if (r < 0)
		return r;
	*ret = take_ptr(m);
	return 0;
}

const char *manifest_state_name(enum manifest_state s)
{
	return states[s];
}

char *manifest_folder(int64_t crash_time, const char *boot_id)
{
	time_t t = (time_t)crash_time;
	char stamp[64], id[9] = "00000000";
	struct tm tm;
	size_t n = 0;

	if (!gmtime_r(&t, &tm) || strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H-%M-%SZ", &tm) == 0)
		return manifest_folder(0, boot_id);
	while (n < 8 && isxdigit((unsigned char)boot_id[n]))
		n++;
	for (size_t i = 0; n == 8 && i < n; i++)
		id[i] = (char)tolower((unsigned char)boot_id[i]);
	return xasprintf("%s-%s", stamp, id);
}

int64_t manifest_folder_time(const char *name)
{
	size_t len = strlen(name);
	struct tm tm = { 0 };
	const char *rest;

	if (len < MANIFEST_FOLDER_LEN || strspn(name, "0123456789-TZ") < MANIFEST_FOLDER_LEN - 8)
		return -1;
	rest = strptime(name, "%Y-%m-%dT%H-%M-%SZ-", &tm);
	if (!rest || rest != name + MANIFEST_FOLDER_LEN - 8)
		return -1;
	for (int i = 0; i < 8; i++)
		if (!isxdigit((unsigned char)*rest++))
			return -1;
	if (*rest == '.' && rest[1])
		rest += 1 + strspn(rest + 1, "0123456789");
	return *rest ? -1 : (int64_t)timegm(&tm);
}
