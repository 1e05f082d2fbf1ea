/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - the packets of a pcap or pcapng file, one after the other; the
 * file may be compressed by gzip, and "-" is standard input.
 *
 * Read front to back, never sought in, so that a pipe will do. A frame check
 * sequence that a capture has kept stays part of its frames.
 */
#ifndef NINETAP_CAPTURE_H
#define NINETAP_CAPTURE_H

#include <stdint.h>

#define CAPTURE_FRAME_MAX 262144	/* bytes; a file that says more is damaged */

struct capture;

struct capture_frame {
	const void *data;		/* never NULL, valid until the next capture_next() */
	uint32_t bytes;			/* captured, at most CAPTURE_FRAME_MAX */
	uint32_t wire_bytes;		/* on the wire, at least bytes */
	int64_t ts_ns;			/* UTC since 1970; 0 where the file has no time (Simple Packet Block) */
};

/*
 * Reads up to the first packet. Ethernet only: a file whose first interface is
 * another is refused here. 0, or a sysexits(3) code after the reason was logged.
 * The path is used until capture_close().
 */
int capture_open(struct capture **out, const char *path) __attribute__((warn_unused_result));
void capture_close(struct capture *c);

/*
 * 1: *f is the next frame; 0: the end; a sysexits code, logged: the file is
 * damaged or cut there, or the packet isn't Ethernet. No more calls after 0 or an error.
 */
int capture_next(struct capture *c, struct capture_frame *f) __attribute__((warn_unused_result));

#endif
