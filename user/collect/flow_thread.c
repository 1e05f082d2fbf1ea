// SPDX-License-Identifier: Apache-2.0
/*
 * flow_thread.c - see flow_thread.h.
 */
#include "collect/flow_thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"

#define TICK_MS 1000
#define BUSY_MS 20		/* while parcels are awaited */

enum wish { GO_ON, FINISH, KEEP, END };

struct flow_thread {
	pthread_t thread;
	bool started;
	struct flow_writer writer;
	const struct loader *loader;
	struct iface_table *ifaces;
	struct iface_reader *reader;
	struct clock_offset clock;
	_Atomic int wish;
	atomic_bool done;
	int wake_fd;
};

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	struct flow_thread *f = arg;

	t->ts_utc_ns = (int64_t)rec->ts_ns + f->clock.offset_ns;
	iface_table_find(f->reader, rec->ifindex, &t->iface, &t->plane);
}

/* Where windows begin and end for the programs. */
static void set_clock(struct flow_thread *t)
{
	clock_refresh(&t->clock, clock_monotonic_ns());
	__atomic_store_n(&t->loader->control->utc_offset_ns, t->clock.offset_ns, __ATOMIC_RELAXED);
}

/* True: parcels or slots were missing, or it failed, so that it is worth coming back soon. */
static bool turn(struct flow_thread *t, bool collect)
{
	bool more = collect && flows_collect(t->writer.flows, clock_monotonic_ns());	/* what an error left, too */

	if (collect && !more)
		flow_writer_hand_over(&t->writer, clock_monotonic_ns() + t->clock.offset_ns, false);
	flow_writer_settle(&t->writer);
	more |= flow_writer_send(&t->writer, clock_monotonic_ns());
	iface_reader_quiescent(t->reader);
	return more;
}

static enum wish wait_for(struct flow_thread *t, int ms)
{
	struct pollfd p = { .fd = t->wake_fd, .events = POLLIN };
	uint64_t n;

	if (poll(&p, 1, ms) > 0 && read(t->wake_fd, &n, sizeof(n)) != sizeof(n))
		log_error("wake the thread of flows: %s", strerror(errno));
	return atomic_load(&t->wish);
}

/* Both sets of tables, then all slots. What is kept stays in them for the next process. */
static void finish(struct flow_thread *t, bool keep)
{
	bool more = true;

	if (!keep)
		flows_shutdown(t->writer.flows);
	for (int i = 0; i < 2 && !keep; i++)
		turn(t, true);
	while (atomic_load(&t->wish) != END) {
		more = turn(t, more && !keep);
		if (!more && !flows_slots_used(t->writer.flows))
			break;
		if (keep && !t->writer.out)
			break;
		wait_for(t, BUSY_MS);
	}
	atomic_store(&t->done, true);
}

static void *thread(void *arg)
{
	struct flow_thread *t = arg;
	int64_t next = clock_monotonic_ns();
	enum wish wish = GO_ON;
	bool more = false;

	while (wish == GO_ON) {
		bool due = clock_monotonic_ns() >= next;

		if (due) {
			next += TICK_MS * 1000000LL;
			set_clock(t);
		}
		more = turn(t, due);
		wish = wait_for(t, more ? BUSY_MS : TICK_MS);
	}
	if (wish != END)
		finish(t, wish == KEEP);
	return NULL;
}

static void tell(struct flow_thread *t, enum wish wish)
{
	uint64_t one = 1;

	atomic_store(&t->wish, wish);
	if (write(t->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_error("wake the thread of flows: %s", strerror(errno));
}

int flow_thread_open(struct flow_thread **out, const struct flow_thread_settings *s)
{
	struct flow_thread *t = calloc(1, sizeof(*t));
	int code;

	*out = t;
	if (!t) {
		log_error("make the thread of flows: out of memory");
		return EX_OSERR;
	}
	t->loader = s->loader;
	t->ifaces = s->ifaces;
	clock_measure(&t->clock);
	set_clock(t);
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->wake_fd < 0 || iface_reader_open(t->ifaces, &t->reader)) {
		log_error("make the thread of flows: %s", strerror(errno));
		return EX_OSERR;
	}
	code = flow_writer_open(&t->writer, s->options, s->loader, s->board, s->origin);
	t->writer.label = label;
	t->writer.label_arg = t;
	return code;
}

int flow_thread_start(struct flow_thread *t)
{
	int err = -pthread_create(&t->thread, NULL, thread, t);

	t->started = !err;
	if (err)
		log_error("start the thread of flows: %s", strerror(-err));
	return err;
}

struct outbox *flow_thread_outbox(const struct flow_thread *t)
{
	return t->writer.outbox;
}

const struct buf *flow_thread_head(const struct flow_thread *t)
{
	return encoder_head(t->writer.encoder);
}

void flow_thread_outcome(const struct flow_thread *t, uint32_t cpu, struct flow_outcome *out)
{
	*out = (struct flow_outcome){ 0 };
	if (t && cpu < t->writer.cpus)
		*out = t->writer.outcomes[cpu];
}

void flow_thread_finish(struct flow_thread *t, bool keep)
{
	if (!t || !t->started)
		return;
	atomic_store(&t->writer.keep, keep);
	tell(t, keep ? KEEP : FINISH);
}

bool flow_thread_done(const struct flow_thread *t)
{
	return !t || !t->started || atomic_load(&t->done);
}

void flow_thread_stop(struct flow_thread *t)
{
	if (!t)
		return;
	if (t->started) {
		tell(t, END);
		pthread_join(t->thread, NULL);
		t->started = false;
	}
	if (t->writer.outbox)
		flow_writer_settle(&t->writer);
}

void flow_thread_close(struct flow_thread *t)
{
	if (!t)
		return;
	flow_writer_close(&t->writer);
	iface_reader_close(t->reader);
	if (t->wake_fd >= 0)
		close(t->wake_fd);
	free(t);
}
