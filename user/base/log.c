/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - lines on stderr.
 *
 * A line is formatted, escaped and handed to one write(2), so that lines of
 * threads and of other processes on the same terminal don't mix. There is no
 * rotation and no syslog: the service manager keeps stderr.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/utf8.h"

static atomic_bool verbose;

void log_verbose(bool on)
{
	atomic_store(&verbose, on);
}

/* C0, DEL, and C1 as UTF-8 writes it: each can drive a terminal. */
static bool is_control(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];

	if (len == 2)
		return c == 0xc2 && (unsigned char)s[1] < 0xa0;
	return len == 1 && (c < 0x20 || c == 0x7f);
}

static size_t escape(char *out, const char *s, size_t n)
{
	char *p = out;

	while (n) {
		size_t len = utf8_char(s, n);

		if (len && !is_control(s, len)) {
			memcpy(p, s, len);
			p += len;
		} else {
			len = 1;
			p += sprintf(p, "\\x%02x", (unsigned char)*s);
		}
		s += len;
		n -= len;
	}
	return (size_t)(p - out);
}

static void write_line(const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(STDERR_FILENO, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;		/* nobody is left to be told */
		s += done;
		n -= (size_t)done;
	}
}

__attribute__((format(printf, 2, 0)))
static void line(const char *level, const char *fmt, va_list ap)
{
	static const char no_memory[] = "ninetap: error: write log line: out of memory\n";
	int saved = errno;
	char *text = NULL, *out = NULL;
	size_t n;
	int len = vasprintf(&text, fmt, ap);

	if (len < 0)
		text = NULL;
	else
		out = malloc(64 + 4 * (size_t)len);	/* "\x0a" is the worst */
	if (!out) {
		write_line(no_memory, sizeof(no_memory) - 1);
		goto out;
	}
	n = (size_t)sprintf(out, "ninetap: %s", level);
	n += escape(out + n, text, (size_t)len);
	out[n++] = '\n';
	write_line(out, n);
out:
	free(out);
	free(text);
	errno = saved;
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("error: ", fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("warning: ", fmt, ap);
	va_end(ap);
}

void log_notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("", fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	if (!atomic_load(&verbose))
		return;
	va_start(ap, fmt);
	line("", fmt, ap);
	va_end(ap);
}
