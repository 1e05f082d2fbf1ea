// SPDX-License-Identifier: Apache-2.0
/*
 * relay.c - see relay.h. Two rings of fixed size between two threads; what one
 * thread writes lies in cache lines of its own.
 */
#include "collect/relay.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"

#define LINE 64

struct entry {
	struct batch batch;
	uint64_t ticket;
};

/* Numbers go round; what differs by no more than a ring's size tells apart. */
struct relay {
	int sink_fd, sender_fd;
	struct entry batches[RELAY_BATCHES];
	_Alignas(LINE) _Atomic uint32_t sent;		/* the sender's */
	uint32_t returned;				/* likewise: reports that it has */
	_Alignas(LINE) _Atomic uint32_t taken;		/* the sink's */
	_Atomic uint32_t reported;			/* likewise */
	_Alignas(LINE) struct sink_report reports[RELAY_REPORTS];
};

int relay_open(struct relay **out, int sink_fd, int sender_fd)
{
	struct relay *r = aligned_alloc(LINE, sizeof(*r));

	*out = r;
	if (!r)
		return -ENOMEM;
	memset(r, 0, offsetof(struct relay, reports));	/* pages of reports are touched when they are used */
	r->sink_fd = sink_fd;
	r->sender_fd = sender_fd;
	return 0;
}

void relay_close(struct relay *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < RELAY_BATCHES; i++)
		batch_free(&r->batches[i].batch);
	free(r);
}

static void wake(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		log_error("wake a worker: %s", strerror(errno));
}

bool relay_has_room(const struct relay *r)
{
	uint32_t sent = atomic_load_explicit(&r->sent, memory_order_relaxed);

	return sent - r->returned < RELAY_REPORTS &&
	       sent - atomic_load_explicit(&r->taken, memory_order_acquire) < RELAY_BATCHES;
}

/* Half full is worth a wake-up: for less the other's timer is soon enough. If it was just at work, the timer, too. */
void relay_send(struct relay *r, struct batch *b, uint64_t ticket)
{
	uint32_t n = atomic_load_explicit(&r->sent, memory_order_relaxed);
	struct entry *e = &r->batches[n % RELAY_BATCHES];
	struct batch used = e->batch;

	*e = (struct entry){ *b, ticket };
	*b = used;
	atomic_store(&r->sent, n + 1);
	if (n + 1 - atomic_load(&r->taken) == RELAY_BATCHES / 2)
		wake(r->sink_fd);
}

bool relay_reported(struct relay *r, struct sink_report *out)
{
	if (r->returned == atomic_load_explicit(&r->reported, memory_order_acquire))
		return false;
	*out = r->reports[r->returned++ % RELAY_REPORTS];
	return true;
}

struct batch *relay_next(struct relay *r, uint64_t *ticket)
{
	uint32_t n = atomic_load_explicit(&r->taken, memory_order_relaxed);
	struct entry *e = &r->batches[n % RELAY_BATCHES];

	if (n == atomic_load_explicit(&r->sent, memory_order_acquire))
		return NULL;
	*ticket = e->ticket;
	return &e->batch;
}

/* A sender that found no room is asleep. */
void relay_taken(struct relay *r)
{
	uint32_t n = atomic_load_explicit(&r->taken, memory_order_relaxed);

	atomic_store(&r->taken, n + 1);
	if (atomic_load(&r->sent) - n == RELAY_BATCHES)
		wake(r->sender_fd);
}

/* There is room: the sender keeps to RELAY_REPORTS. */
void relay_report(struct relay *r, const struct sink_report *report)
{
	uint32_t n = atomic_load_explicit(&r->reported, memory_order_relaxed);

	r->reports[n % RELAY_REPORTS] = *report;
	atomic_store_explicit(&r->reported, n + 1, memory_order_release);
}
