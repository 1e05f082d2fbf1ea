/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_read.h - goes through one segment file, message by message, in a
 * window of memory that is as large as the largest message. For the spool
 * alone; one thread at a time.
 */
#ifndef NINETAP_SINK_SPOOL_READ_H
#define NINETAP_SINK_SPOOL_READ_H

#include "base/buf.h"
#include "sink/spool_record.h"

#define SPOOL_END 1000			/* beside enum spool_found */

struct spool_reader {
	int fd;				/* < 0: closed */
	uint64_t at;			/* offset in the file of what comes next */
	uint64_t end;			/* nothing is read from there on; the caller's, may grow */
	size_t used;			/* bytes of the last record, passed by the next call */
	size_t pos;			/* of `at` in buf */
	struct buf buf;			/* kept until spool_reader_free() */
	int err;			/* -errno of the last read that failed, or 0 */
};

#define SPOOL_READER { .fd = -1 }

/* Opens that segment, for bytes up to end. 0 or -errno. */
int spool_reader_open(struct spool_reader *r, int dir_fd, uint64_t number, uint64_t end)
	__attribute__((warn_unused_result));

/*
 * An enum spool_found (never SPOOL_MORE), SPOOL_END or -ENOMEM (call again).
 * A file that is shorter than `end`, or can't be read, ends there. *rec
 * points into the window until the next call.
 */
int spool_reader_next(struct spool_reader *r, bool skim, struct spool_record *rec) __attribute__((warn_unused_result));

/* The next call gives the same record again. */
void spool_reader_again(struct spool_reader *r);

/* Goes on at that offset. */
void spool_reader_seek(struct spool_reader *r, uint64_t at);

void spool_reader_close(struct spool_reader *r);	/* what was read last stays valid */
void spool_reader_free(struct spool_reader *r);

#endif
