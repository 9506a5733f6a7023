/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp SOCKET COMMAND ... - give QEMU commands: one of its human monitor ("drive_del scratch" takes a disk away), or
 * one of QMP itself ("{...}").
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Send TEXT, then read until a line that answers it ("return" or "error"); greeting and events pass. */
static int ask(FILE *f, const char *text)
{
	char line[4096];

	fprintf(f, "%s\n", text);
	fflush(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "{\"return\"", 9) == 0)
			return 0;
		if (strncmp(line, "{\"error\"", 8) == 0) {
			fputs(line, stderr);
			return 1;
		}
	}
	return 1;
}

int main(int argc, char *argv[])
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), failed;
	char command[1024];
	FILE *f;

	if (argc < 3 || fd < 0 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	strcpy(addr.sun_path, argv[1]);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || !(f = fdopen(fd, "r+"))) {
		perror(argv[1]);
		return 1;
	}
	failed = ask(f, "{\"execute\":\"qmp_capabilities\"}");
	for (int i = 2; i < argc; i++) {
		char *to = command + sprintf(command, "{\"execute\":\"human-monitor-command\",\"arguments\":"
						      "{\"command-line\":\"");

		for (const char *p = argv[i]; *p && to < command + sizeof(command) - 8; p++) {
			if (*p == '"' || *p == '\\')
				*to++ = '\\';
			*to++ = *p;
		}
		strcpy(to, "\"}}");
		failed |= ask(f, argv[i][0] == '{' ? argv[i] : command);
	}
	return failed;
}
