/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_lib.h - captures made byte by byte, and what the reader makes of them.
 */
#ifndef NINETAP_CAPTURE_LIB_H
#define NINETAP_CAPTURE_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_BYTES (3 << 19)	/* room for 65,537 interfaces */
#define SEEN_FRAMES 64

struct image {
	size_t n;
	bool big_endian;		/* how the next fields are written */
	size_t block;			/* where pcapng's block in hand begins */
	uint8_t bytes[IMAGE_BYTES];
};

struct seen {
	bool opened;
	int code;			/* of capture_open(), or the last of capture_next() */
	int frames;
	char said[1024];		/* all that was logged */
	struct seen_frame {
		uint32_t bytes, wire_bytes;
		int64_t ts_ns;
		bool right;		/* the data are put_data(seed = the frame's number from 0) */
	} frame[SEEN_FRAMES];
};

struct image *image_new(bool big_endian);	/* for free() */
void put16(struct image *im, uint16_t v);
void put32(struct image *im, uint32_t v);
void put64(struct image *im, uint64_t v);
void put_bytes(struct image *im, const void *p, size_t n);
void put_data(struct image *im, uint8_t seed, uint32_t n);

void put_pcap_head(struct image *im, uint32_t magic, uint32_t link_type);
void put_pcap_packet(struct image *im, uint32_t s, uint32_t fraction, uint8_t seed, uint32_t bytes, uint32_t wire);

void begin_block(struct image *im, uint32_t type);
void end_block(struct image *im);	/* pads, and writes the length at both ends */
void put_section(struct image *im);
void put_option(struct image *im, uint16_t code, const void *value, uint16_t n);
void begin_iface(struct image *im, uint16_t link_type, uint32_t snaplen);
void put_iface(struct image *im, uint16_t link_type, uint32_t snaplen);
void put_packet(struct image *im, uint32_t iface, uint64_t ticks, uint8_t seed, uint32_t bytes, uint32_t wire);
void put_simple(struct image *im, uint8_t seed, uint32_t bytes, uint32_t wire);

/* The image as a file in memory; gz: compressed. Reads it to its end. */
int image_fd(const struct image *im, bool gz);
void read_image(const struct image *im, bool gz, struct seen *s);
void read_path(const char *path, struct seen *s);
/* An image as read_image(), then freed: the usual end of a test. */
void read_and_free(struct image *im, struct seen *s);

#endif
