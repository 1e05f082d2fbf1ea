/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.h - keeps the inventory in force: reads its sources at start, then in
 * a thread of its own follows them.
 *
 * Sources are named by `-t`: "PATH" or "file:PATH" (read again when it changes
 * and by keeper_reload()), "kafka:BROKER,.../TOPIC", "socket" or "socket:PATH".
 * A file that can't be read again leaves the inventory as it was. What went
 * wrong is counted, and is no reason to end.
 */
#ifndef NINETAP_INVENTORY_KEEPER_H
#define NINETAP_INVENTORY_KEEPER_H

#include "inventory/board.h"

#define KEEPER_KEEP_NS (300LL * 1000000000LL)	/* what ended is remembered for so long */
#define KEEPER_CATCH_UP_MS 10000

struct keeper;

struct keeper_settings {
	char *const *sources;		/* NULL-terminated; outlives the keeper */
	char *const *kafka;		/* librdkafka properties: name, value, ..., NULL; or NULL */
	bool live;			/* run: what ended long ago is forgotten; replay: nothing is, and no socket is opened */
};

struct keeper_stats {
	struct inventory_stats inventory;
	uint64_t revision;
	uint64_t events;		/* messages of topics and requests on the socket */
	uint64_t ignored;		/* notifications about nothing of ours */
	uint64_t reloads, reloads_failed;
	uint64_t problems[PROBLEM_MAX];
};

/*
 * Reads each source: files and topics to their ends (a topic for at most
 * KEEPER_CATCH_UP_MS: then the rest comes later). 0, or a sysexits(3) code
 * after the reason was logged: EX_USAGE (no such kind of source), EX_NOINPUT
 * (a file can't be read), EX_UNAVAILABLE (topic), EX_CANTCREAT (socket), EX_OSERR.
 */
int keeper_open(struct keeper **out, const struct keeper_settings *s) __attribute__((warn_unused_result));

/* Begins to follow the sources. 0 or -errno after the reason was logged. Signals must be blocked. */
int keeper_start(struct keeper *k) __attribute__((warn_unused_result));

/* Any thread: files are to be read again. */
void keeper_reload(struct keeper *k);

struct board *keeper_board(struct keeper *k);	/* lives as long as the keeper */

void keeper_get_stats(struct keeper *k, struct keeper_stats *out);	/* any thread */

/* One line, "tags: revision=... tenants=... ...", at the end of a run. */
void keeper_log(struct keeper *k);

void keeper_close(struct keeper *k);	/* ends the thread; NULL is fine */

#endif
