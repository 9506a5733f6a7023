/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "kv.h"
#include "schema.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX_BYTES (8u << 20)
#define DROP_INS_MAX 1024

/*
 * libconfuse behind its door.  It ends at the first error and expands ${X}, so it
 * gets only lines that kv_split() found clean, and all values of one key at once:
 *
 *	DUMP_LEVEL = {"31",
 *	"zero+free"}
 *
 * (a call for each line costs three times as much).  Where it objects, the lines
 * are halved until each fault has its own.
 */
struct known_line {
	const struct kv_line *line;
	enum setting_key key;
	bool agrees;		/* libconfuse reads the same value */
};

static void be_silent(cfg_t *cfg, const char *fmt, va_list ap)
{
	(void)cfg;
	(void)fmt;
	(void)ap;
}

/* A word without quotes gets some: libconfuse takes "//", "#" and "{" in it for its own. */
static void add_value(const struct kv_line *line, struct buf *to)
{
	if (*line->raw == '"' || *line->raw == '\'')
		buf_adds(to, line->raw);
	else
		buf_addf(to, "\"%s\"", line->value);
}

/* The lines as a text for libconfuse, each key's values together; COUNT tells how many each has. */
static void write_for_confuse(const struct known_line *lines, size_t n, size_t count[static SETTING_COUNT],
			      struct buf *to)
{
	struct buf lists[SETTING_COUNT] = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct buf *list = &lists[lines[i].key];

		if (count[lines[i].key]++)
			buf_adds(list, ",\n");
		add_value(lines[i].line, list);
	}
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		if (count[k]) {
			buf_addf(to, "%s = {", schema_rows[k].name);
			buf_add(to, lists[k].data, lists[k].len);
			buf_adds(to, "}\n");
		}
		buf_done(&lists[k]);
	}
}

/* One run of libconfuse.  False: it objects, or lost a value. */
static bool confuse_run(struct known_line *lines, size_t n)
{
	size_t count[SETTING_COUNT] = { 0 }, taken[SETTING_COUNT] = { 0 };
	cfg_opt_t opts[SETTING_COUNT + 1] = { 0 }, *opt[SETTING_COUNT] = { 0 };
	auto_buf struct buf text = { 0 };
	unsigned n_opts = 0;
	bool good;
	cfg_t *cfg;

	write_for_confuse(lines, n, count, &text);
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		if (count[k])
			opts[n_opts++] = (cfg_opt_t)CFG_STR_LIST(schema_rows[k].name, NULL, CFGF_NONE);
	opts[n_opts] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg)
		return false;
	cfg_set_error_function(cfg, be_silent);
	good = cfg_parse_buf(cfg, buf_text(&text)) == CFG_SUCCESS;
	for (unsigned k = 0; good && k < SETTING_COUNT; k++) {
		opt[k] = count[k] ? cfg_getopt(cfg, schema_rows[k].name) : NULL;
		good = !count[k] || (opt[k] && cfg_opt_size(opt[k]) == count[k]);
	}
	for (size_t i = 0; good && i < n; i++) {
		enum setting_key k = lines[i].key;
		const char *value = cfg_opt_getnstr(opt[k], (unsigned)taken[k]++);

		lines[i].agrees = value && strcmp(value, lines[i].line->value) == 0;
	}
	cfg_free(cfg);
	return good;
}

static void confuse_values(struct known_line *lines, size_t n)
{
	if (!n || confuse_run(lines, n) || n == 1)
		return;
	confuse_values(lines, n / 2);
	confuse_values(lines + n / 2, n - n / 2);
}

/* --- one file -------------------------------------------------------------------------------- */

static void unknown_key(const char *file, const struct kv_line *l, struct fault_list *faults)
{
	const char *nearest = faults->n < FAULTS_MAX ? schema_nearest(l->key) : NULL;

	if (nearest)
		fault_add(faults, FAULT_ERROR, file, l->line, l->key, l->value,
			  "unknown key (did you mean %s?)", nearest);
	else
		fault_add(faults, FAULT_ERROR, file, l->line, l->key, l->value,
			  "unknown key (remove it; crashcfg(5) lists all keys)");
}

static void known_key(const char *file, const struct known_line *known, struct settings *s,
		      struct fault_list *faults)
{
	const struct kv_line *l = known->line;

	if (!known->agrees)
		fault_add(faults, FAULT_ERROR, file, l->line, l->key, l->value,
			  "libconfuse cannot read it (write KEY=\"value\")");
	else
		settings_set(s, known->key, l->value, file, l->line, faults);
}

/* At the first of several lines of one key: which of them counts. */
static void set_again(const char *file, const struct kv_line *l, size_t times, unsigned last,
		      struct fault_list *faults)
{
	fault_add(faults, FAULT_WARNING, file, l->line, l->key, l->value,
		  "set %zu times in this file, and line %u wins (keep one of them)", times, last);
}

static void add_splitter_fault(const char *file, const struct kv_fault *f, struct fault_list *faults)
{
	fault_add(faults, FAULT_ERROR, file, f->line, f->key, f->value, "%s", f->text);
}

void settings_read_text(const char *file, const char *data, size_t len, struct settings *s,
			struct fault_list *faults)
{
	auto_kv struct kv_file split = { 0 };
	auto_free struct known_line *known = NULL;
	size_t times[SETTING_COUNT] = { 0 }, n = 0, next_fault = 0, next_known = 0;
	unsigned last[SETTING_COUNT] = { 0 };

	kv_split(data, len, &split);
	known = xcalloc(split.n_lines, sizeof(*known));
	for (size_t i = 0; i < split.n_lines; i++) {
		const struct kv_line *l = &split.lines[i];
		enum setting_key k = schema_find(l->key, strlen(l->key));

		if (k == SETTING_COUNT)
			continue;
		known[n++] = (struct known_line){ .line = l, .key = k };
		times[k]++;
		last[k] = l->line;
	}
	confuse_values(known, n);

	/* In the order of the lines, whoever found the fault. */
	for (size_t i = 0; i < split.n_lines; i++) {
		const struct kv_line *l = &split.lines[i];
		struct known_line *k =
			next_known < n && known[next_known].line == l ? &known[next_known++] : NULL;

		while (next_fault < split.n_faults && split.faults[next_fault].line < l->line)
			add_splitter_fault(file, &split.faults[next_fault++], faults);
		if (!k) {
			unknown_key(file, l, faults);
			continue;
		}
		if (times[k->key] > 1)
			set_again(file, l, times[k->key], last[k->key], faults);
		times[k->key] = 0;
		known_key(file, k, s, faults);
	}
	while (next_fault < split.n_faults)
		add_splitter_fault(file, &split.faults[next_fault++], faults);
}

/* --- all files ------------------------------------------------------------------------------- */

static void read_fault(const struct root *root, const char *path, int r, struct fault_list *faults)
{
	struct stat st;

	if (r == -ENOENT)
		fault_add(faults, FAULT_ERROR, path, 0, "", "",
			  "a symbolic link to a file that is not there (remove it, or mend it)");
	else if (r == -EISDIR)
		fault_add(faults, FAULT_ERROR, path, 0, "", "",
			  "a directory where the settings file should be (move it away)");
	else if (root_stat(root, path, &st) == 0 && !S_ISREG(st.st_mode))
		fault_add(faults, FAULT_ERROR, path, 0, "", "",
			  "a %s where a settings file should be (move it away)",
			  S_ISFIFO(st.st_mode) ? "fifo" : S_ISSOCK(st.st_mode) ? "socket" : "device");
	else if (r == -EFBIG)
		fault_add(faults, FAULT_ERROR, path, 0, "", "",
			  "larger than the %u MB that a settings file may have (is it one?)",
			  FILE_MAX_BYTES >> 20);
	else
		fault_add(faults, FAULT_ERROR, path, 0, "", "", "cannot be read: %s", strerror(-r));
}

/* True where PATH is not there at all: no link either. */
static bool is_absent(const struct root *root, const char *path)
{
	struct stat st;
	int r = root_lstat(root, path, &st);

	return r == -ENOENT || r == -ENOTDIR;
}

static void read_one(const struct root *root, const char *path, struct settings *s, struct fault_list *faults)
{
	auto_buf struct buf text = { 0 };
	struct stat st;
	int r = root_read(root, path, FILE_MAX_BYTES, &text, NULL);

	if (r < 0) {
		read_fault(root, path, r, faults);
		return;
	}
	if (root_stat(root, path, &st) == 0 && (st.st_mode & S_IWOTH))
		fault_add(faults, FAULT_WARNING, path, 0, "", "",
			  "anybody may write to this file (run: chmod o-w %s)", path);
	settings_read_text(path, buf_text(&text), text.len, s, faults);
}

/* "x.conf" and no other: no backup (x.conf~), no packager's copy (x.conf.rpmsave), no hidden file. */
static bool is_drop_in(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > strlen(".conf") && strcmp(name + len - strlen(".conf"), ".conf") == 0;
}

static void read_drop_ins(const struct root *root, struct settings *s, struct fault_list *faults)
{
	auto_strv struct strv names = { 0 };
	size_t n = 0;
	int r;

	if (is_absent(root, SETTINGS_DIR))
		return;
	r = root_list(root, SETTINGS_DIR, &names);
	if (r < 0) {
		if (r == -ENOTDIR)
			fault_add(faults, FAULT_ERROR, SETTINGS_DIR, 0, "", "",
				  "not a directory, so no drop-in can be read (move it away)");
		else
			read_fault(root, SETTINGS_DIR, r, faults);
		return;
	}
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = NULL;

		if (!is_drop_in(names.v[i]))
			continue;
		path = xasprintf("%s/%s", SETTINGS_DIR, names.v[i]);
		if (++n > DROP_INS_MAX) {
			fault_add(faults, FAULT_ERROR, path, 0, "", "",
				  "more than %u drop-ins (put them together)", DROP_INS_MAX);
			return;
		}
		read_one(root, path, s, faults);
	}
}

int settings_read(const struct root *root, struct settings **ret, struct fault_list *faults, struct err *e)
{
	auto_settings struct settings *s = settings_new();

	(void)e;
	if (!is_absent(root, SETTINGS_PATH))
		read_one(root, SETTINGS_PATH, s, faults);
	read_drop_ins(root, s, faults);
	settings_check(s, faults);
	*ret = take_ptr(s);
	return 0;
}
