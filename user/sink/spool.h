/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.h - messages that wait for Kafka, on disk: a queue of segment files.
 *
 * What spool_append() took outlives this process, and the machine's crash
 * once it was synced. Messages come out in their order, each at least once
 * over restarts. Figures are in records: in = out + lost + held, always.
 * One thread calls everything; stats may be read by any thread. A thread of
 * the spool's own syncs, so that no call but spool_close() waits for that.
 * The format of the files is written down in spool_record.c.
 */
#ifndef NINETAP_SINK_SPOOL_H
#define NINETAP_SINK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sink/sink.h"

#define SPOOL_TEXT_MAX 255		/* bytes of box and of schema */
#define SPOOL_MSG_MAX (64U << 20)	/* bytes of a payload; nor beyond bytes_max */

struct spool_settings {
	const char *dir;		/* made (0700) if missing, not the folders above it */
	uint64_t bytes_max;		/* of all segment files */
	uint64_t age_ns;		/* by the time of spool_append(), kept to a sixteenth; 0: no bound */
	uint64_t sync_ns;		/* a power cut loses what was appended so long before, and while a sync ran */
	sink_spool_lost *lost;		/* called within append, next and poll, and calls none of them; may be NULL */
	void *arg;
};

/* One Kafka message, with what its headers need. */
struct spool_msg {
	enum stream stream;
	uint32_t cpu;
	uint32_t count;			/* records in it, at least 1 */
	uint64_t epoch;
	uint64_t seq;			/* of its first record */
	uint64_t lost;			/* header "lost" */
	const char *box, *schema;
	const void *payload;
	size_t bytes;
};

struct spool_stats {
	uint64_t in;			/* records found at the start, and appended */
	uint64_t out;			/* of them acked */
	uint64_t held;			/* neither acked nor lost */
	uint64_t held_bytes;		/* of the segment files, with what is acked in them */
	uint64_t lost_full, lost_age, lost_damaged;
	uint64_t errors;		/* failed writes, reads, deletions and syncs */
	uint64_t segments;		/* files */
};

struct spool;

/*
 * Opens the folder and finds what an earlier run left: all of it is unread.
 * Other files in the folder are left alone. 0 or -errno, logged; -EBUSY:
 * another process has it.
 */
int spool_open(struct spool **out, const struct spool_settings *set) __attribute__((warn_unused_result));

/*
 * Takes a copy of *m; it will survive kill -9. Makes room by dropping the
 * oldest segment (lost, "full") when bytes_max would be passed, and once when
 * the disk is full. 0; -EINVAL, -EMSGSIZE (never: texts, count or payload out
 * of bounds); another -errno: not now. Not 0: nothing of *m is kept; logged
 * once until it works again.
 */
int spool_append(struct spool *s, const struct spool_msg *m) __attribute__((warn_unused_result));

/*
 * The same for n of them in few system calls, in their order. *taken is how
 * many, the first ones, were taken; not 0: of the one behind these.
 */
int spool_append_all(struct spool *s, const struct spool_msg *m, uint32_t n, uint32_t *taken)
	__attribute__((warn_unused_result));

/*
 * The first message not read since the start or spool_rewind(), and its id.
 * *out points into the spool until the next spool_next() or spool_close().
 * What is damaged is skipped, and lost.
 * 0; -ENOENT: there is none; -ENOMEM or another -errno (logged once): try later.
 */
int spool_next(struct spool *s, struct spool_msg *out, uint64_t *id) __attribute__((warn_unused_result));

/*
 * The message need not be kept any longer. In any order, also after
 * spool_rewind(); ids of dropped messages and repeated ones are ignored. Files
 * are deleted from the oldest on, each when all in it is acked or lost.
 */
void spool_acked(struct spool *s, uint64_t id);

/* All that is not acked is unread again: for a new producer. */
void spool_rewind(struct spool *s);

/* Drops what is too old, asks for a sync when it is due, and waits for none; call it a few times a sync_ns. */
void spool_poll(struct spool *s);

bool spool_unread(const struct spool *s);	/* is there anything for spool_next()? It may prove damaged */
bool spool_empty(const struct spool *s);	/* nothing is held */
void spool_get_stats(const struct spool *s, struct spool_stats *out);

/* Syncs, waits for that, and frees s; what is held stays on disk. NULL is fine. */
void spool_close(struct spool *s);

#endif
