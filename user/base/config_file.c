/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_file.c - brings a configuration file into memory. What is in it is
 * config.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/config.h"
#include "base/log.h"

static int refuse(const char *path, const char *why, int code)
{
	log_error("read %s: %s", path, why);
	return code;
}

static int check_file(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st))
		return refuse(path, strerror(errno), EX_NOINPUT);
	if (S_ISDIR(st.st_mode))
		return refuse(path, "is a directory", EX_NOINPUT);
	if (!S_ISREG(st.st_mode))
		return refuse(path, "is not a regular file", EX_NOINPUT);
	return 0;
}

/* A file that grows while it is read is bounded, too: one byte beyond the limit is asked for. */
static int read_all(int fd, const char *path, struct buf *b)
{
	for (;;) {
		ssize_t n;

		if (buf_reserve(b, 65536))
			return refuse(path, "out of memory", EX_OSERR);
		n = read(fd, b->data + b->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(path, strerror(errno), EX_NOINPUT);
		if (n == 0)
			return 0;
		b->len += (size_t)n;
		if (b->len > CONFIG_BYTES_MAX)
			return refuse(path, "is larger than 16 MiB", EX_CONFIG);
	}
}

int config_read(struct options *o, const char *path)
{
	struct buf b = { 0 };
	int code, fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);	/* a FIFO must not hang */
	if (fd < 0)
		return refuse(path, strerror(errno), EX_NOINPUT);
	code = check_file(fd, path);
	if (!code)
		code = read_all(fd, path, &b);
	if (!code)
		code = config_read_mem(o, path, (const char *)b.data, b.len);
	buf_free(&b);
	close(fd);
	return code;
}
