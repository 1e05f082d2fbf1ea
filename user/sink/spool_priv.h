/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_priv.h - what the spool's files share: the queue of segments, what
 * became of each message in them, and the position of the reader.
 *
 * segments[0] is the oldest. Segments go only from the front, so that their
 * numbers stay a chain. An id is serial << 32 | index: the segment's ordinal
 * in this process, and the message's place in it.
 */
#ifndef NINETAP_SINK_SPOOL_PRIV_H
#define NINETAP_SINK_SPOOL_PRIV_H

#include <stdatomic.h>
#include "sink/spool.h"
#include "sink/spool_read.h"
#include "sink/spool_record.h"
#include "sink/spool_sync.h"

#define SPOOL_NAME 32			/* room for "segment-0123456789abcdef" */

struct segment {
	uint64_t number, end;		/* of its first record; behind its last */
	uint64_t bytes;			/* of what is good in its file; of the file, of an earlier run's */
	uint64_t last_ns;		/* when its last message was written; 0: not looked up yet */
	uint64_t settled;		/* records acked or lost */
	uint32_t *counts;		/* records of the messages read so far, by index; 0: settled */
	uint32_t known, cap;		/* messages in counts */
	uint64_t known_end;		/* number behind the records of those */
};

enum spool_reason { SPOOL_FULL, SPOOL_AGE, SPOOL_DAMAGED, SPOOL_REASON_MAX };

struct spool_counters {			/* one writer, many readers */
	_Atomic uint64_t in, out, held, bytes, errors, segments, lost[SPOOL_REASON_MAX];
};

struct spool {
	struct spool_settings set;
	char *dir;
	int dir_fd;			/* holds the lock */
	struct segment *segments;
	size_t n, cap;
	uint64_t first;			/* serial of segments[0] */
	uint64_t next_number;		/* of the next record */
	uint64_t segment_bytes;
	int write_fd;			/* of the last segment; < 0: the next message begins a new one */
	uint32_t write_index;
	uint64_t begun_ns;		/* UTC of its first message */
	struct spool_reader reader;
	uint64_t read_serial;		/* where the reader is, or will be when it has opened a file: */
	uint32_t read_index;		/* of the next message */
	uint64_t read_number;		/* of its first record; set when a file is opened */
	uint64_t unread;		/* records */
	struct spool_dirty dirty;
	uint64_t sync_due_ns;		/* CLOCK_MONOTONIC */
	struct spool_sync *sync;
	bool write_failing, read_failing, unlink_failing, full;	/* and that was logged */
	struct spool_counters c;
};

/* "segment-..." of that number. Returns name. */
const char *spool_name(uint64_t number, char name[SPOOL_NAME]);

static inline void spool_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline uint64_t spool_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Logs a failure once, and that it is over. *failing is the state. */
void spool_tell(struct spool *s, bool *failing, const char *verb, int err);

/* --- spool_dir.c: the folder --- */
int spool_take_dir(struct spool *s) __attribute__((warn_unused_result));
int spool_recover(struct spool *s) __attribute__((warn_unused_result));

/* --- spool_queue.c: the segments --- */
/* Adds an empty segment to the list, no file. NULL: no memory. */
struct segment *spool_push(struct spool *s, uint64_t number);
/* The one being written, or NULL. */
struct segment *spool_written(struct spool *s);
/* No more is written to it; if it is empty it goes. */
void spool_end_segment(struct spool *s);
/* Deletes its file. 0 (also: it was gone) or -errno, counted and logged. */
int spool_delete(struct spool *s, const struct segment *seg);
/* The oldest leaves the list; what of it isn't settled is not counted here. */
void spool_pop(struct spool *s);
/* Deletes and pops all that are settled, from the oldest on. */
void spool_pop_settled(struct spool *s);
/* Makes room for one more message in counts. 0 or -ENOMEM. */
int segment_reserve(struct segment *seg, uint32_t messages) __attribute__((warn_unused_result));
/* Settles that message; returns its records, 0 if it was settled. serial: of seg. */
uint32_t spool_settle(struct spool *s, struct segment *seg, uint32_t index);
/* Settles messages from..to-1, whose end is that number, as unreadable; returns the records lost. to UINT32_MAX: all. */
uint64_t spool_settle_gap(struct spool *s, struct segment *seg, uint32_t from, uint32_t to, uint64_t number);

/* --- spool_drop.c: losses --- */
/* Counts and reports records of m; NULL: it is not known whose they are. */
void spool_lose(struct spool *s, enum spool_reason why, const struct spool_msg *m, uint64_t records);
/* The oldest. 0, or -errno: it can't be deleted, and stays. */
int spool_drop(struct spool *s, enum spool_reason why) __attribute__((warn_unused_result));
void spool_drop_old(struct spool *s);

#endif
