/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out.h - whole batches to a file descriptor: what stdout and files share.
 *
 * A regular file never keeps part of a batch: what a failed write left is cut
 * off again. A pipe's reader may have taken part of one; the records that
 * went out whole then count as delivered, and nothing follows them.
 * The descriptor belongs to the caller. One thread at a time.
 */
#ifndef NINETAP_SINK_OUT_H
#define NINETAP_SINK_OUT_H

#include <stdbool.h>
#include "sink/impl.h"

struct out {
	const char *name;		/* for log lines */
	const struct buf *head;
	int fd;
	int stop_fd;			/* as in sink.h; poll(2) leaves out what is < 0 */
	int64_t stop_ms;		/* CLOCK_MONOTONIC: when the stop was seen; 0: not yet */
	int broken;			/* -errno that ended it for good, or 0 */
	bool lines;			/* a record is a line */
	bool regular;
	bool blocking;
	bool headed;			/* head is written */
	bool failing;			/* the last write failed, and that was logged */
	uint64_t bytes;			/* written to this fd, head included */
};

/* Everything but fd: from the settings of that stream. */
void out_init(struct out *o, const char *name, const struct sink_settings *s, enum stream stream);

/* Goes on with another file, without a head yet. 0 or -errno of fstat(2). */
int out_use(struct out *o, int fd) __attribute__((warn_unused_result));

/* Writes b, behind the head if that is still due, counts its records in s and reports it. As sink_put(). */
int out_put(struct out *o, struct sink *s, const struct batch *b, uint64_t ticket) __attribute__((warn_unused_result));

/* The same of a batch for which there is nothing to write to, because of err. */
int out_lose(struct out *o, struct sink *s, const struct batch *b, uint64_t ticket, int err)
	__attribute__((warn_unused_result));

/* Writes the head if no batch did, so that even an empty file is a valid one. */
void out_end(struct out *o);

#endif
