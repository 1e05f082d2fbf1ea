/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_priv.h - between capture.c (bytes, sentences) and the two formats,
 * capture_pcap.c and capture_pcapng.c. For nobody else.
 *
 * Functions that return int give 0 or a sysexits(3) code after logging, but for
 * those that read on: 1 (there is one), 0 (the file ended before it), or a code.
 */
#ifndef NINETAP_CAPTURE_PRIV_H
#define NINETAP_CAPTURE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include "collect/capture.h"

#define CAPTURE_ETHERNET 1		/* LINKTYPE_ETHERNET, of both formats */
#define CAPTURE_NAME_BYTES 64

struct capture_iface {			/* of pcapng's section in hand */
	uint16_t link_type;
	uint8_t tsresol;		/* top bit: of 2, else of 10; the rest: negative exponent */
	uint32_t snaplen;		/* 0: no limit */
	int64_t tsoffset;		/* s, to be added */
	char name[CAPTURE_NAME_BYTES];	/* empty if it has none or a longer one */
};

struct capture {
	gzFile file;
	const char *path;		/* the caller's, or "standard input" */
	uint64_t offset;		/* bytes read, after decompression */
	uint64_t at;			/* where the record in hand begins: for sentences */
	bool big_endian;
	int (*next)(struct capture *c, struct capture_frame *f);

	uint8_t *data;			/* the frame in hand */
	size_t room;

	struct capture_frame first;	/* read by capture_open(), if has_first */
	bool opening, has_first;

	uint32_t pcap_ns;		/* ns a unit of the time's second word */
	uint32_t pcap_header_bytes;	/* of a packet */
	bool pcap_old;			/* before 2.4: the lengths may be the other way round */

	struct capture_iface *ifaces;
	uint32_t iface_count, iface_room;
};

uint16_t capture_u16(const struct capture *c, const uint8_t *p);
uint32_t capture_u32(const struct capture *c, const uint8_t *p);
uint64_t capture_u64(const struct capture *c, const uint8_t *p);

/* The next n bytes, of a record that has begun at c->at: fewer is an error. */
int capture_take(struct capture *c, void *buf, size_t n) __attribute__((warn_unused_result));
/* The same at the beginning of a record, which the file may end before; sets c->at. */
int capture_take_first(struct capture *c, void *buf, size_t n) __attribute__((warn_unused_result));
int capture_skip(struct capture *c, size_t n) __attribute__((warn_unused_result));
/* A frame's n bytes into c->data, and f but for its time. */
int capture_take_frame(struct capture *c, struct capture_frame *f, uint32_t n, uint32_t wire_bytes)
	__attribute__((warn_unused_result));

/* Log that the record at c->at is damaged, and how. EX_DATAERR. */
int capture_damaged(const struct capture *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* iface: what has the link type, in words. 0, or EX_DATAERR and one sentence. */
int capture_check_link(const struct capture *c, const char *iface, uint32_t link_type)
	__attribute__((warn_unused_result));

/* The file's head, whose first four bytes are magic. */
bool pcap_magic_known(const uint8_t magic[4]);
int pcap_open_file(struct capture *c, const uint8_t magic[4]) __attribute__((warn_unused_result));
bool pcapng_magic_known(const uint8_t magic[4]);
int pcapng_open_file(struct capture *c, const uint8_t magic[4]) __attribute__((warn_unused_result));

#endif
