/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a file transfer server says: nothing beyond it is read, and what a packet tells lies within it. */
#include "sftp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct sftp_packet p;
	struct sftp_name n;
	struct sftp_space space;

	if (sftp_parse(bytes, size, &p) < 0)
		return 0;
	if (p.len && (p.data < bytes || p.data + p.len > bytes + size))
		abort();
	sftp_has_extension(&p, "posix-rename@openssh.com");
	sftp_read_space(&p, &space);
	while (p.type == SFTP_NAME && sftp_next_name(&p, &n))
		if (n.name < bytes || n.name + n.len > bytes + size)
			abort();
	return 0;
}
