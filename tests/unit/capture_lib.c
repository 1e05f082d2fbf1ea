// SPDX-License-Identifier: Apache-2.0
/*
 * capture_lib.c - see capture_lib.h. Writes the formats from their drafts
 * alone, and shares no line with the reader.
 */
#include "capture_lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include "collect/capture.h"

struct image *image_new(bool big_endian)
{
	struct image *im = calloc(1, sizeof(*im));

	if (!im)
		abort();
	im->big_endian = big_endian;
	return im;
}

void put_bytes(struct image *im, const void *p, size_t n)
{
	if (n > IMAGE_BYTES - im->n)
		abort();
	memcpy(im->bytes + im->n, p, n);
	im->n += n;
}

static void put_number(struct image *im, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)(v >> 8 * (im->big_endian ? bytes - 1 - i : i));

		put_bytes(im, &byte, 1);
	}
}

void put16(struct image *im, uint16_t v)
{
	put_number(im, v, 2);
}

void put32(struct image *im, uint32_t v)
{
	put_number(im, v, 4);
}

void put64(struct image *im, uint64_t v)
{
	put_number(im, v, 8);
}

static uint8_t data_byte(uint8_t seed, uint32_t i)
{
	return (uint8_t)(seed * 37 + i * 11 + 1);
}

void put_data(struct image *im, uint8_t seed, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t byte = data_byte(seed, i);

		put_bytes(im, &byte, 1);
	}
}

void put_pcap_head(struct image *im, uint32_t magic, uint32_t link_type)
{
	put32(im, magic);
	put16(im, 2);
	put16(im, 4);
	put64(im, 0);
	put32(im, 65535);
	put32(im, link_type);
}

void put_pcap_packet(struct image *im, uint32_t s, uint32_t fraction, uint8_t seed, uint32_t bytes, uint32_t wire)
{
	put32(im, s);
	put32(im, fraction);
	put32(im, bytes);
	put32(im, wire);
	put_data(im, seed, bytes);
}

void begin_block(struct image *im, uint32_t type)
{
	im->block = im->n;
	put32(im, type);
	put32(im, 0);
}

static void pad(struct image *im)
{
	while (im->n % 4)
		put_number(im, 0, 1);
}

void end_block(struct image *im)
{
	size_t end;

	pad(im);
	end = im->n;
	im->n = im->block + 4;
	put32(im, (uint32_t)(end + 4 - im->block));
	im->n = end;
	put32(im, (uint32_t)(end + 4 - im->block));
}

void put_section(struct image *im)
{
	begin_block(im, 0x0a0d0d0a);
	put32(im, 0x1a2b3c4d);
	put16(im, 1);
	put16(im, 0);
	put64(im, UINT64_MAX);
	end_block(im);
}

void put_option(struct image *im, uint16_t code, const void *value, uint16_t n)
{
	put16(im, code);
	put16(im, n);
	put_bytes(im, value, n);
	pad(im);
}

void begin_iface(struct image *im, uint16_t link_type, uint32_t snaplen)
{
	begin_block(im, 1);
	put16(im, link_type);
	put16(im, 0);
	put32(im, snaplen);
}

void put_iface(struct image *im, uint16_t link_type, uint32_t snaplen)
{
	begin_iface(im, link_type, snaplen);
	end_block(im);
}

void put_packet(struct image *im, uint32_t iface, uint64_t ticks, uint8_t seed, uint32_t bytes, uint32_t wire)
{
	begin_block(im, 6);
	put32(im, iface);
	put32(im, (uint32_t)(ticks >> 32));
	put32(im, (uint32_t)ticks);
	put32(im, bytes);
	put32(im, wire);
	put_data(im, seed, bytes);
	end_block(im);
}

void put_simple(struct image *im, uint8_t seed, uint32_t bytes, uint32_t wire)
{
	begin_block(im, 3);
	put32(im, wire);
	put_data(im, seed, bytes);
	end_block(im);
}

static void compress_to(int fd, const struct image *im)
{
	gzFile f = gzdopen(dup(fd), "w");

	if (!f || (im->n && gzwrite(f, im->bytes, (unsigned int)im->n) != (int)im->n) || gzclose(f) != Z_OK)
		abort();
}

int image_fd(const struct image *im, bool gz)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	if (gz)
		compress_to(fd, im);
	else if (write(fd, im->bytes, im->n) != (ssize_t)im->n)
		abort();
	return fd;
}

static void keep_frame(struct seen *s, const struct capture_frame *f)
{
	const uint8_t *data = f->data;
	struct seen_frame *k;

	if (s->frames == SEEN_FRAMES)
		abort();
	k = &s->frame[s->frames];
	*k = (struct seen_frame){ f->bytes, f->wire_bytes, f->ts_ns, data != NULL };
	for (uint32_t i = 0; i < f->bytes; i++)
		k->right &= data[i] == data_byte((uint8_t)s->frames, i);
	s->frames++;
}

static void read_frames(const char *path, struct seen *s)
{
	struct capture_frame f;
	struct capture *c;

	s->code = capture_open(&c, path);
	s->opened = !s->code;
	if (!s->opened)
		return;
	while ((s->code = capture_next(c, &f)) == 1)
		keep_frame(s, &f);
	capture_close(c);
}

/* What is logged goes to stderr: into a file in memory meanwhile. */
void read_path(const char *path, struct seen *s)
{
	int kept = dup(STDERR_FILENO), log = memfd_create("said", MFD_CLOEXEC);
	ssize_t n;

	memset(s, 0, sizeof(*s));
	if (kept < 0 || log < 0 || dup2(log, STDERR_FILENO) < 0)
		abort();
	read_frames(path, s);
	dup2(kept, STDERR_FILENO);
	n = pread(log, s->said, sizeof(s->said) - 1, 0);
	s->said[n > 0 ? n : 0] = '\0';
	close(log);
	close(kept);
}

void read_image(const struct image *im, bool gz, struct seen *s)
{
	int fd = image_fd(im, gz);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_path(path, s);
	close(fd);
}

void read_and_free(struct image *im, struct seen *s)
{
	read_image(im, false, s);
	free(im);
}
