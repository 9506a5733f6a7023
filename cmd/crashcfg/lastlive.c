/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lastlive.h"

#include "json.h"

#include <string.h>
#include <time.h>

const struct live_target *last_live_of(const struct live_result *last, const char *url)
{
	for (size_t i = 0; i < last->n_targets; i++)
		if (strcmp(last->targets[i].url, url) == 0)
			return &last->targets[i];
	return NULL;
}

char *last_live_text(const struct live_result *last, const struct live_target *t, const char *current)
{
	const struct live_step *failed = live_failed_step(t);
	auto_free char *age = live_age(last->time, (int64_t)time(NULL));
	bool other = current && strcmp(current, last->image) != 0;

	return xasprintf("last check --live, %s%s: %s%s%s", age, other ? ", with another image" : "",
			 t->ok ? "good" : failed ? failed->name : "failed", failed ? ": " : "",
			 failed ? failed->error : "");
}

struct json *last_live_json(const struct live_result *last, const struct live_target *t)
{
	const struct live_step *failed = t ? live_failed_step(t) : NULL;
	struct json *j;

	if (!t)
		return js_null();
	j = js_object();
	js_set_int(j, "time", last->time);
	js_set_bool(j, "ok", t->ok);
	js_set_text(j, "failed", failed ? failed->name : NULL);
	js_set_text(j, "error", failed ? failed->error : NULL);
	return j;
}
