// SPDX-License-Identifier: Apache-2.0
/*
 * capture.c - see capture.h: the file, its bytes and what is said about them.
 * The formats are in capture_pcap.c and capture_pcapng.c.
 *
 * zlib's gzread() buffers, and hands on what isn't compressed as it is.
 */
#include "collect/capture_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/log.h"

#define GZ_BUFFER_BYTES 65536
#define ROOM_FIRST 2048			/* most captures need no more */

uint16_t capture_u16(const struct capture *c, const uint8_t *p)
{
	return c->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
}

uint32_t capture_u32(const struct capture *c, const uint8_t *p)
{
	uint32_t a = capture_u16(c, p), b = capture_u16(c, p + 2);

	return c->big_endian ? a << 16 | b : b << 16 | a;
}

uint64_t capture_u64(const struct capture *c, const uint8_t *p)
{
	uint64_t a = capture_u32(c, p), b = capture_u32(c, p + 4);

	return c->big_endian ? a << 32 | b : b << 32 | a;
}

int capture_damaged(const struct capture *c, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	log_error("read capture %s: damaged at byte %" PRIu64 ": %s", c->path, c->at, why);
	return EX_DATAERR;
}

/* What link types a capture is most often of instead; the numbers are the registry's. */
static const char *link_name(uint32_t type)
{
	switch (type) {
	case 0: return "BSD loopback";
	case 9: return "PPP";
	case 12: case 14: case 101: return "raw IP";
	case 105: return "IEEE 802.11";
	case 113: return "Linux cooked";
	case 127: return "IEEE 802.11 radiotap";
	case 228: return "raw IPv4";
	case 229: return "raw IPv6";
	case 276: return "Linux cooked v2";
	default: return "another";
	}
}

int capture_check_link(const struct capture *c, const char *iface, uint32_t link_type)
{
	if (link_type == CAPTURE_ETHERNET)
		return 0;
	log_error("replay %s: the link type of %s is %s (%" PRIu32 "), and only Ethernet (%d) can be replayed",
		  c->path, iface, link_name(link_type), link_type, CAPTURE_ETHERNET);
	return EX_DATAERR;
}

/*
 * How many bytes there were, up to n, in *got. A gzip stream that breaks off
 * gives its bytes and no error of gzread()'s: ask, or a cut file looks whole.
 */
static int read_bytes(struct capture *c, void *buf, size_t n, size_t *got)
{
	int bytes = gzread(c->file, buf, (unsigned int)n), err = Z_OK;
	const char *why = "";

	*got = bytes > 0 ? bytes : 0;
	c->offset += *got;
	if (*got == n)
		return 0;
	why = gzerror(c->file, &err);
	if (err == Z_OK)
		return 0;
	if (err == Z_BUF_ERROR)
		log_error("read capture %s: the gzip data breaks off after byte %" PRIu64, c->path, c->offset);
	else
		log_error("read capture %s: after byte %" PRIu64 ": %s", c->path, c->offset,
			  err == Z_ERRNO ? strerror(errno) : why);
	return err == Z_ERRNO ? EX_IOERR : EX_DATAERR;
}

static int cut_short(const struct capture *c)
{
	log_error("read capture %s: cut short: it ends at byte %" PRIu64 " within what begins at byte %" PRIu64,
		  c->path, c->offset, c->at);
	return EX_DATAERR;
}

int capture_take(struct capture *c, void *buf, size_t n)
{
	size_t got;
	int code = read_bytes(c, buf, n, &got);

	return code || got == n ? code : cut_short(c);
}

int capture_take_first(struct capture *c, void *buf, size_t n)
{
	size_t got;
	int code;

	c->at = c->offset;
	code = read_bytes(c, buf, n, &got);
	if (code || !got)
		return code;
	return got == n ? 1 : cut_short(c);
}

int capture_skip(struct capture *c, size_t n)
{
	uint8_t scratch[4096];
	int code = 0;

	while (n && !code) {
		size_t part = n < sizeof(scratch) ? n : sizeof(scratch);

		code = capture_take(c, scratch, part);
		n -= part;
	}
	return code;
}

static int make_room(struct capture *c, size_t n)
{
	size_t room = c->room ? c->room : ROOM_FIRST;
	uint8_t *data;

	while (room < n)
		room *= 2;
	if (room == c->room)
		return 0;
	data = realloc(c->data, room);
	if (!data) {
		log_error("read capture %s: %s", c->path, strerror(ENOMEM));
		return EX_OSERR;
	}
	c->data = data;
	c->room = room;
	return 0;
}

int capture_take_frame(struct capture *c, struct capture_frame *f, uint32_t n, uint32_t wire_bytes)
{
	int code;

	if (n > CAPTURE_FRAME_MAX)
		return capture_damaged(c, "a packet of %" PRIu32 " bytes, more than %d", n, CAPTURE_FRAME_MAX);
	code = make_room(c, n);
	if (code)
		return code;
	f->data = c->data;
	f->bytes = n;
	f->wire_bytes = wire_bytes < n ? n : wire_bytes;
	return capture_take(c, c->data, n);
}

/* An open descriptor in *fd. */
static int open_path(const char *path, int *fd)
{
	struct stat st;

	*fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (*fd < 0 || fstat(*fd, &st)) {
		log_error("open capture %s: %s", path, strerror(errno));
		return EX_NOINPUT;
	}
	if (S_ISDIR(st.st_mode)) {
		log_error("open capture %s: it is a directory", path);
		return EX_NOINPUT;
	}
	return 0;
}

/* On success the file owns fd. */
static int open_stream(struct capture *c, int fd)
{
	c->file = gzdopen(fd, "r");
	if (!c->file) {
		log_error("open capture %s: %s", c->path, strerror(errno ? errno : ENOMEM));
		return EX_OSERR;
	}
	gzbuffer(c->file, GZ_BUFFER_BYTES);
	return 0;
}

static int read_head(struct capture *c)
{
	uint8_t magic[4];
	int got = capture_take_first(c, magic, sizeof(magic));

	if (got == 1 && pcap_magic_known(magic))
		return pcap_open_file(c, magic);
	if (got == 1 && pcapng_magic_known(magic))
		return pcapng_open_file(c, magic);
	if (got > 1)
		return got;
	log_error("read capture %s: %s", c->path, got ? "neither pcap nor pcapng, plain or by gzip" : "it is empty");
	return EX_DATAERR;
}

static int read_first(struct capture *c)
{
	int code = read_head(c);

	if (code)
		return code;
	c->opening = true;
	code = c->next(c, &c->first);
	c->opening = false;
	c->has_first = code == 1;
	return code == 1 ? 0 : code;
}

int capture_open(struct capture **out, const char *path)
{
	struct capture *c = calloc(1, sizeof(*c));
	int fd = -1, code = EX_OSERR;

	*out = NULL;
	if (!c) {
		log_error("open capture %s: %s", path, strerror(ENOMEM));
		return code;
	}
	c->path = strcmp(path, "-") ? path : "standard input";
	code = open_path(path, &fd);
	if (!code)
		code = open_stream(c, fd);
	if (!code)
		code = read_first(c);
	if (!code) {
		*out = c;
		return 0;
	}
	if (!c->file && fd >= 0)
		close(fd);
	capture_close(c);
	return code;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->file)
		gzclose(c->file);
	free(c->ifaces);
	free(c->data);
	free(c);
}

int capture_next(struct capture *c, struct capture_frame *f)
{
	if (!c->has_first)
		return c->next(c, f);
	*f = c->first;
	c->has_first = false;
	return 1;
}
