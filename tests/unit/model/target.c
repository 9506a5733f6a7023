/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void same_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void a_good_url_is_taken_apart(void **state)
{
	static const struct { const char *url; struct target want; } rows[] = {
#define ROW(text, ...) { text, { .url = NULL, __VA_ARGS__ } }
#define S(text) (char *)(uintptr_t)(text)
		ROW("file:///var/crash",	.kind = TARGET_FILE, .dir = S("/var/crash")),
		ROW("file:///",			.kind = TARGET_FILE, .dir = S("/")),
		ROW("file:///a//b/",		.kind = TARGET_FILE, .dir = S("/a/b")),
		ROW("file:///my%20dumps",	.kind = TARGET_FILE, .dir = S("/my dumps")),
		ROW("file:///100%25",		.kind = TARGET_FILE, .dir = S("/100%")),
		ROW("file:///a.b/..c/...",	.kind = TARGET_FILE, .dir = S("/a.b/..c/...")),
		ROW("fs:UUID=0F3C1A2B-1111-2222-3333-444455556666:/d", .kind = TARGET_FS,
		    .uuid = S("0f3c1a2b-1111-2222-3333-444455556666"), .dir = S("/d")),
		ROW("fs:UUID=ABCD-1234:/",	.kind = TARGET_FS, .uuid = S("ABCD-1234"), .dir = S("/")),
		ROW("fs:LABEL=dumps:/a/b",	.kind = TARGET_FS, .label = S("dumps"), .dir = S("/a/b")),
		ROW("fs:LABEL=my%20disk:/a",	.kind = TARGET_FS, .label = S("my disk"), .dir = S("/a")),
		ROW("fs:LABEL=a:b:/c",		.kind = TARGET_FS, .label = S("a:b"), .dir = S("/c")),
		ROW("fs:/dev/vdb1:/crash",	.kind = TARGET_FS, .device = S("/dev/vdb1"), .dir = S("/crash")),
		ROW("fs:/dev/disk/by-path/pci-0000:00:1f.2-ata-1:/c", .kind = TARGET_FS,
		    .device = S("/dev/disk/by-path/pci-0000:00:1f.2-ata-1"), .dir = S("/c")),
		ROW("raw:/dev/disk/by-id/x",	.kind = TARGET_RAW, .device = S("/dev/disk/by-id/x")),
		ROW("raw:swap",			.kind = TARGET_RAW, .device = S("swap")),
		ROW("nfs://host/export/dir",	.kind = TARGET_NFS, .host = S("host"), .dir = S("/export/dir")),
		ROW("nfs://[2001:db8::1]:2049/e", .kind = TARGET_NFS, .host = S("2001:db8::1"), .port = 2049, .dir = S("/e")),
		ROW("ssh://me@host.example/d",	.kind = TARGET_SSH, .user = S("me"), .host = S("host.example"), .dir = S("/d")),
		ROW("ssh://me@192.0.2.7:2222/d", .kind = TARGET_SSH, .user = S("me"), .host = S("192.0.2.7"), .port = 2222,
		    .dir = S("/d")),
		ROW("hub:",			.kind = TARGET_HUB),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct target *want = &rows[i].want;
		struct target got = { 0 };
		struct err e;

		if (target_parse(rows[i].url, &got, &e) < 0)
			fail_msg("%s: %s", rows[i].url, e.text);
		assert_int_equal(got.kind, want->kind);
		assert_string_equal(got.url, rows[i].url);
		same_text(got.uuid, want->uuid);
		same_text(got.label, want->label);
		same_text(got.device, want->device);
		same_text(got.user, want->user);
		same_text(got.host, want->host);
		assert_int_equal(got.port, want->port);
		same_text(got.dir, want->dir);
		target_done(&got);
	}
}

static void a_wrong_url_is_told_what_to_write(void **state)
{
	static const struct { const char *url, *want; } rows[] = {
		{ "",				"is not a target (write file:///dir" },
		{ "/var/crash",			"write file:///var/crash" },
		{ "var/crash",			"is not a target" },
		{ "file",			"is not a target" },
		{ "File:///x",			"is not a target" },
		{ "ftp://host/x",		"is not a target" },
		{ "smb://host/x",		"is not a target" },
		{ "file:/var/crash",		"three slashes" },
		{ "file://var/crash",		"three slashes" },
		{ "file://",			"three slashes" },
		{ "file:///a/../b",		"'..' within a path" },
		{ "file:///a/.",		"'.' within a path" },
		{ "file:///a/%2e%2e/b",		"'..' within a path" },
		{ "file:///a%2fb",		"'%2f' is written so for no reason" },
		{ "file:///a%00",		"'%00' is written so" },
		{ "file:///a%ff",		"'%ff' is written so" },
		{ "file:///a%",			"write %25" },
		{ "file:///a%4",		"write %25" },
		{ "file:///a%zz",		"write %25" },
		{ "file:///a?b",		"write %3F" },
		{ "file:///a#b",		"write %23" },
		{ "fs:UUID=1234",		"names no folder" },
		{ "fs:UUID=:/d",		"is not a UUID" },
		{ "fs:UUID=xyz:/d",		"is not a UUID" },
		{ "fs:LABEL=:/d",		"an empty label" },
		{ "fs:PARTUUID=1-2:/d",		"names no file system" },
		{ "fs:sda1:/d",			"names no file system" },
		{ "fs:/mnt/x:/d",		"is not a device" },
		{ "fs:/dev/../etc/x:/d",	"'..' within a path" },
		{ "raw:",			"is not an absolute path" },
		{ "raw:sda1",			"is not an absolute path" },
		{ "raw:/etc/passwd",		"is not a device" },
		{ "nfs:host:/export",		"lacks '//'" },
		{ "nfs://host",			"names no folder" },
		{ "nfs:///export",		"'' is not a host name" },
		{ "nfs://me@host/export",	"NFS knows not" },
		{ "nfs://host:0/export",	"'0' is not a port" },
		{ "nfs://host:x/export",	"'x' is not a port" },
		{ "nfs://host:65536/export",	"'65536' is not a port" },
		{ "nfs://2001:db8::1/e",	"write [2001:db8::1]" },
		{ "nfs://[2001:db8::1/e",	"lacks its ']'" },
		{ "nfs://[host]/e",		"is not an IPv6 address" },
		{ "nfs://-host/e",		"is not a host name" },
		{ "nfs://ho st/e",		"is not a host name" },
		{ "nfs://a..b/e",		"is not a host name" },
		{ "nfs://h\xc3\xb6st/e",	"is not a host name" },
		{ "ssh://host/d",		"names no user" },
		{ "ssh://me:pw@host/d",		"a password in a URL is never used" },
		{ "ssh://@host/d",		"is not a user's name" },
		{ "ssh://-oProxyCommand=x@host/d", "is not a user's name" },
		{ "ssh://me@-host/d",		"is not a host name" },
		{ "ssh://me@host",		"names no folder" },
		{ "hub://host",			"write hub: alone" },
		{ "hub",			"is not a target" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target got = { 0 };
		struct err e = { 0 };

		if (target_parse(rows[i].url, &got, &e) != -EINVAL)
			fail_msg("'%s' was taken", rows[i].url);
		assert_null(got.url);
		if (!strstr(e.text, rows[i].want))
			fail_msg("'%s': %s", rows[i].url, e.text);
	}
}

static void the_same_place_is_known_however_it_is_written(void **state)
{
	static const struct { const char *a, *b; bool same; } rows[] = {
		{ "file:///a",		"file:///a/",		true },
		{ "file:///a%20b",	"file:///%61%20b",	true },
		{ "file:///a",		"file:///b",		false },
		{ "fs:LABEL=a:/d",	"fs:/dev/a:/d",		false },
		{ "hub:",		"hub:",			true },
		{ "nfs://h/a",		"nfs://h:2049/a",	false },
		{ "raw:swap",		"raw:/dev/swap",	false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target a = { 0 }, b = { 0 };

		assert_int_equal(target_parse(rows[i].a, &a, NULL), 0);
		assert_int_equal(target_parse(rows[i].b, &b, NULL), 0);
		assert_int_equal(target_equal(&a, &b), rows[i].same);
		target_done(&a);
		target_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_url_is_taken_apart),
		cmocka_unit_test(a_wrong_url_is_told_what_to_write),
		cmocka_unit_test(the_same_place_is_known_however_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
