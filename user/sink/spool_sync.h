/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_sync.h - the thread that brings segments to the disk, so that nobody
 * else waits for it. It opens them by their names anew: it shares no
 * descriptor with who writes, and holds no lock while it syncs. For the spool
 * alone.
 */
#ifndef NINETAP_SINK_SPOOL_SYNC_H
#define NINETAP_SINK_SPOOL_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#define SPOOL_DIRTY 64

/* Segments written since they were last handed over. The writer's own. */
struct spool_dirty {
	uint64_t numbers[SPOOL_DIRTY];
	unsigned int n;
	bool all;			/* there were more: the whole file system is synced */
};

struct spool_sync;

/* dir_fd and name (of the folder, for messages) outlive it. 0 or -errno. */
int spool_sync_start(struct spool_sync **out, int dir_fd, const char *name) __attribute__((warn_unused_result));

void spool_sync_mark(struct spool_dirty *d, uint64_t number);

/* Hands *d over and empties it, unless the thread is still busy with the last. Doesn't wait. */
void spool_sync_ask(struct spool_sync *sync, struct spool_dirty *d);

/* Syncs that failed; any thread. */
uint64_t spool_sync_errors(const struct spool_sync *sync);

/* Ends the thread, syncs *d, too, and frees sync. Waits for the disk. NULL is fine. */
void spool_sync_stop(struct spool_sync *sync, struct spool_dirty *d);

#endif
