/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "types.h"

#include "num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

static bool is_address(const char *text)
{
	unsigned char any[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, any) == 1 || inet_pton(AF_INET6, text, any) == 1;
}

/* dev_valid_name() of net/core/dev.c, for the names that people give. */
static bool is_ifname(const char *text)
{
	size_t len = strlen(text);

	return len && len < IFNAMSIZ && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       strcspn(text, "/: \t\\\"'") == len;
}

static int parse_ifname(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	if (strcmp(text, "auto") == 0)
		return put_text(row, s, NULL);
	if (!is_ifname(text))
		return err_set(e, EINVAL,
			       "not a network interface's name (write auto, or a name that 'ip link' "
			       "prints)");
	return put_text(row, s, text);
}
const struct setting_type type_IFNAME = { .parse = parse_ifname, .done = done_text };

static int parse_address(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	const char *slash = strchr(text, '/');
	auto_free char *address = xstrndup(text, (size_t)(strchrnul(text, '/') - text));
	uint64_t prefix;

	if (strcmp(text, "auto") == 0)
		return put_text(row, s, NULL);
	if (strcmp(text, "dhcp") == 0)
		return put_text(row, s, text);
	if (is_address(address) && !slash)
		return err_set(e, EINVAL, "an address without the length of its network (write %s/%s)", text,
			       strchr(text, ':') ? "64" : "24");
	if (!slash || !is_address(address) ||
	    num_parse(slash + 1, strchr(address, ':') ? 128 : 32, &prefix) < 0)
		return err_set(e, EINVAL,
			       "not an address (write auto, dhcp, or ADDRESS/PREFIX such as 192.0.2.7/24)");
	return put_text(row, s, text);
}
const struct setting_type type_ADDRESS = { .parse = parse_address, .done = done_text };

static int parse_gateway(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	if (strcmp(text, "auto") == 0)
		return put_text(row, s, NULL);
	if (strcmp(text, "no") != 0 && !is_address(text))
		return err_set(e, EINVAL, "not a gateway (write auto, no, or an address such as 192.0.2.1)");
	return put_text(row, s, text);
}
const struct setting_type type_GATEWAY = { .parse = parse_gateway, .done = done_text };

static int parse_mount_options(const struct schema_row *row, const char *text, struct settings *s,
			       struct err *e)
{
	if (strlen(text) > 1024)
		return err_set(e, EINVAL, "%zu bytes of options (at most 1024)", strlen(text));
	if (strpbrk(text, " \t\""))
		return err_set(e, EINVAL,
			       "blanks or quotes in mount options (separate them by commas alone)");
	if (*text == ',' || strstr(text, ",,") || (*text && text[strlen(text) - 1] == ','))
		return err_set(e, EINVAL, "an empty option (separate options by one comma)");
	return put_text(row, s, text);
}
const struct setting_type type_MOUNT_OPTIONS = { .parse = parse_mount_options, .done = done_text };

static bool is_mac(const char *text)
{
	for (unsigned i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !text[i] || !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	return text[17] == '\0';
}

/* Cut off the part of *text before the first of SEP; NULL: there is none. */
static char *cut(char **text, char sep)
{
	char *part = *text, *at = strchr(part, sep);

	if (!at)
		return NULL;
	*at = '\0';
	*text = at + 1;
	return part;
}

static bool port_good(const char *text)
{
	uint64_t port;

	return !*text || (num_parse(text, 65535, &port) == 0 && port);
}

/* [+][r][src-port]@[src-ip]/[dev],[tgt-port]@tgt-ip/[tgt-mac]: Documentation/networking/netconsole.rst. */
static bool netconsole_good(const char *text)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy, *part;

	rest += *rest == '+';
	rest += *rest == 'r';
	part = cut(&rest, '@');
	if (!part || !port_good(part))
		return false;
	part = cut(&rest, '/');
	if (!part || (*part && !is_address(part)))
		return false;
	part = cut(&rest, ',');
	if (!part || (*part && !is_ifname(part) && !is_mac(part)))
		return false;
	part = cut(&rest, '@');
	if (!part || !port_good(part))
		return false;
	part = cut(&rest, '/');
	return part && is_address(part) && (!*rest || is_mac(rest));
}

static int parse_netconsole(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	if (*text && !netconsole_good(text))
		return err_set(e, EINVAL,
			       "not a netconsole (write [SRC-PORT]@[SRC-IP]/[DEV],[PORT]@IP/[MAC], such as "
			       "@/eth0,6666@192.0.2.7/)");
	return put_text(row, s, *text ? text : NULL);
}
const struct setting_type type_NETCONSOLE = { .parse = parse_netconsole, .done = done_text };

/* One "@" between something and a host; what a mail server makes of it is its own affair. */
static bool mail_good(const char *text)
{
	const char *at = strrchr(text, '@');
	auto_free char *host = NULL;
	unsigned port;

	if (!at || at == text || *text == '-' || strlen(text) > 254 || strpbrk(text, "<>,;\"\\"))
		return false;
	return hostport_parse(at + 1, strlen(at + 1), &host, &port, NULL) == 0 && port == 0;
}

static int parse_mails(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	auto_strv struct strv words = { 0 };

	split_words(text, &words);
	for (size_t i = 0; i < words.n; i++)
		if (!mail_good(words.v[i]))
			return err_set(e, EINVAL,
				       "'%.80s' is not a mail address (write user@host, several separated by "
				       "blanks)",
				       words.v[i]);
	put_words(member(row, s), &words);
	return 0;
}
const struct setting_type type_MAILS = { .parse = parse_mails, .done = done_words };

/* hostport_parse() with the form that the key wants in its message. */
static int read_hostport(const char *text, size_t len, const char *form, char **ret_host, unsigned *ret_port,
			 struct err *e)
{
	struct err wrong = { 0 };

	if (hostport_parse(text, len, ret_host, ret_port, &wrong) == 0)
		return 0;
	return err_set(e, EINVAL, "%s (write %s)", wrong.text, form);
}

static void put_hostport(struct hostport *to, char *host, unsigned port)
{
	free(to->host);
	*to = (struct hostport){ .host = host, .port = port };
}

static int parse_hostport(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	char *host = NULL;
	unsigned port = 0;

	if (*text && read_hostport(text, strlen(text), "HOST or HOST:PORT", &host, &port, e) < 0)
		return -EINVAL;
	put_hostport(member(row, s), host, port);
	return 0;
}
const struct setting_type type_HOSTPORT = { .parse = parse_hostport, .done = done_hostport };

static int parse_hub_url(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	char *host = NULL;
	unsigned port = 0;

	if (*text && strncmp(text, "https://", 8) != 0)
		return err_set(e, EINVAL, "not a hub's address (write https://HOST or https://HOST:PORT)");
	if (*text) {
		size_t len = strcspn(text + 8, "/");

		if (text[8 + len] && text[8 + len + 1])
			return err_set(e, EINVAL,
				       "a path behind the hub's host (write https://HOST or "
				       "https://HOST:PORT)");
		if (read_hostport(text + 8, len, "https://HOST or https://HOST:PORT", &host, &port, e) < 0)
			return -EINVAL;
		port = port ? port : HUB_PORT;
	}
	put_hostport(member(row, s), host, port);
	return 0;
}
const struct setting_type type_HUB_URL = { .parse = parse_hub_url, .done = done_hostport };

static int parse_webhook(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;
	auto_free char *host = NULL;
	unsigned port;

	if (!*text)
		return put_text(row, s, NULL);
	if (!scheme || strpbrk(text, " \t\"<>\\"))
		return err_set(e, EINVAL, "not a URL that can be posted to (write https://HOST/PATH)");
	if (memchr(text + scheme, '@', strcspn(text + scheme, "/?")))
		return err_set(e, EINVAL,
			       "a user or password in a URL is never used (write https://HOST/PATH)");
	if (read_hostport(text + scheme, strcspn(text + scheme, "/?"), "https://HOST/PATH", &host, &port, e) <
	    0)
		return -EINVAL;
	return put_text(row, s, text);
}
const struct setting_type type_WEBHOOK = { .parse = parse_webhook, .done = done_text };

static void done_progress(const struct schema_row *row, struct settings *s)
{
	struct progress_to *p = member(row, s);

	free(p->syslog.host);
	*p = (struct progress_to){ 0 };
}

static int parse_progress(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	auto_strv struct strv words = { 0 };
	auto_free char *host = NULL;
	struct progress_to to = { 0 };

	split_words(text, &words);
	if (words.n == 1 && strcmp(words.v[0], "no") == 0)
		words.v[0][0] = '\0';
	for (size_t i = 0; i < words.n; i++) {
		const char *word = words.v[i];

		if (strcmp(word, "console") == 0) {
			to.console = true;
		} else if (strcmp(word, "netconsole") == 0) {
			to.netconsole = true;
		} else if (strncmp(word, "syslog://", 9) == 0 && !host) {
			if (read_hostport(word + 9, strlen(word + 9), "syslog://HOST or syslog://HOST:PORT",
					  &host, &to.syslog.port, e) < 0)
				return -EINVAL;
		} else if (*word) {
			return err_set(e, EINVAL,
				       "'%.60s' is no place for progress (write console, netconsole, one "
				       "syslog://HOST, or no)",
				       word);
		}
	}
	done_progress(row, s);
	to.syslog.host = take_ptr(host);
	*(struct progress_to *)member(row, s) = to;
	return 0;
}
const struct setting_type type_PROGRESS = { .parse = parse_progress, .done = done_progress };
