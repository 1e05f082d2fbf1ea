// SPDX-License-Identifier: Apache-2.0
/*
 * worker.c - see worker.h. Rings are drained by a timer, and when one of them
 * fills.
 */
#include "collect/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/log.h"

#define RING_SHARE 8			/* of its ring a batch holds one part at most: the rest takes bursts */
#define RING_PART 16			/* a ring is read when one part of it is full, about */
#define CPUS_CHECK_NS 1000000000LL
#define DRAIN_WAIT_MS 1

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	struct worker *w = arg;

	t->ts_utc_ns = (int64_t)rec->ts_ns + w->clock.offset_ns;
	iface_table_find(w->reader, rec->ifindex, &t->iface, &t->plane);
}

struct lane *worker_lane(struct worker *w, uint32_t cpu)
{
	return &w->lanes[cpu / w->of];
}

static int watch(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static int open_lane(struct worker *w, uint32_t i, int ring_fd)
{
	uint32_t cpu = w->number + i * w->of;
	struct lane_settings s = {
		.cpu = cpu, .ring_fd = ring_fd, .ring_bytes = w->loader->ring_bytes, .share = RING_SHARE,
		.outcomes = &w->loader->outcomes[cpu],
	};
	int err = lane_open(&w->lanes[i], w->out, &s);

	if (err)
		lane_close(&w->lanes[i]);
	atomic_store(&w->open[i], !err);
	return err;
}

/* CPUs get their rings when they come online, at the start or later. */
static int open_lanes(struct worker *w)
{
	int err = 0;

	for (uint32_t i = 0; i < w->lanes_n && !err; i++) {
		int fd = __atomic_load_n(&w->loader->ring_fds[w->number + i * w->of], __ATOMIC_ACQUIRE);

		if (fd >= 0 && !w->open[i])
			err = open_lane(w, i, fd);
	}
	return err;
}

static bool done(const struct worker *w)
{
	return w->out->error || outlet_done(w->out);
}

/* At most a turn of records; how many it were. */
static uint32_t drain(struct worker *w, struct lane *l, int64_t now)
{
	const struct nt_record *rec;
	uint32_t bytes, n = 0;

	for (; n < WORKER_TURN_RECORDS && !w->out->error && lane_has_room(l, w->out) &&
	       (rec = ring_next(&l->ring, &bytes)); n++)
		lane_take(l, w->out, rec, bytes, now);
	return n;
}

/* The first: what the others relay goes into the sink. How many batches it were. */
static uint32_t carry(struct worker *w)
{
	uint32_t n = 0;

	for (struct worker *o = w->others; o; o = o->next)
		n += outlet_carry(w->out, o->relay);
	return n;
}

/* A turn of each ring; the most records that one of them gave. */
static uint32_t drain_all(struct worker *w)
{
	int64_t now = clock_monotonic_ns();
	uint32_t most = 0, n;

	clock_refresh(&w->clock, now);
	atomic_store_explicit(&w->clock_error_ns, w->clock.error_ns, memory_order_relaxed);
	atomic_store_explicit(&w->turn_ns, now, memory_order_relaxed);
	for (uint32_t i = 0; i < w->lanes_n; i++) {
		if (!w->open[i])
			continue;
		n = drain(w, &w->lanes[i], now);
		if (n > most)
			most = n;
		if (carry(w) && !most)	/* between rings: a relay has room for few batches */
			most = 1;
	}
	iface_reader_quiescent(w->reader);
	if (now - w->cpus_checked_ns >= CPUS_CHECK_NS) {
		w->cpus_checked_ns = now;
		(void)open_lanes(w);	/* logged; again in a second */
	}
	return most;
}

/* Batches that are due, or all. */
static void cut(struct worker *w, bool all)
{
	int64_t now = clock_monotonic_ns();

	for (uint32_t i = 0; i < w->lanes_n; i++) {
		struct lane *l = &w->lanes[i];

		if (w->open[i] && (all || lane_is_due(l, w->out, now, w->linger_ns)))
			lane_cut(l, w->out);
	}
}

static uint32_t serve_sink(struct worker *w)
{
	uint32_t n = carry(w);

	sink_poll(w->out->sink);
	for (uint32_t i = 0; i < WORKER_OUTBOXES; i++)
		if (w->outboxes[i])
			outlet_post(w->out, w->outboxes[i]);
	atomic_store_explicit(&w->full, !sink_has_room(w->out->sink), memory_order_relaxed);
	return n;
}

static uint32_t take_reports(struct worker *w)
{
	struct sink_report r;
	uint32_t n = 0;

	for (; relay_reported(w->relay, &r); n++)
		lane_report(worker_lane(w, r.cpu), &r);
	w->out->error = w->out->first->error;
	return n;
}

/* What there is to do beside rings; most: the records that one of them gave, or 1 where else something came. */
static uint32_t serve(struct worker *w, uint32_t most)
{
	uint32_t n = w->relay ? take_reports(w) : serve_sink(w);

	return n && !most ? 1 : most;
}

static void tell_when_done(struct worker *w)
{
	uint64_t one = 1;

	if (w->told || !done(w))
		return;
	w->told = true;
	if (write(w->done_fd, &one, sizeof(one)) != sizeof(one))
		log_error("tell the main thread to end: %s", strerror(errno));
}

/* Waits for a ring that fills, the sink, a change of mind, or the timer. */
static void wait_for_work(struct worker *w, int timeout_ms)
{
	struct epoll_event events[16];
	int n = epoll_wait(w->epoll_fd, events, 16, timeout_ms);
	uint64_t count;

	for (int i = 0; i < n; i++)
		if (events[i].data.fd == w->bell.fd)
			bell_hush(&w->bell);
		else if (read(events[i].data.fd, &count, sizeof(count)) < 0)
			log_error("read the worker's wake-up: %s", strerror(errno));
}

static void work(struct worker *w)
{
	const uint32_t part = w->loader->ring_bytes / RING_PART / sizeof(struct nt_record);
	uint32_t most, quiet = 0;
	int timeout = 0;

	while (atomic_load(&w->wish) == WORKER_RUN) {
		wait_for_work(w, timeout);
		most = drain_all(w);
		cut(w, outlet_done(w->out));
		most = serve(w, most);
		quiet = most ? 0 : quiet + 1;
		timeout = worker_wait_ms(most, timeout, part, quiet);
		tell_when_done(w);
	}
}

static bool all_reported(const struct worker *w)
{
	for (uint32_t i = 0; i < w->lanes_n; i++)
		if (w->open[i] && !lane_idle(&w->lanes[i]))
			return false;
	return !w->out->parcels;
}

/*
 * The programs are detached: what is in the rings is all there is. Or they go
 * on, and what is in the rings is for the next process. Parcels still come.
 */
static void finish(struct worker *w)
{
	int wish;

	while ((wish = atomic_load(&w->wish)) != WORKER_END) {
		uint32_t most = wish == WORKER_DRAIN ? drain_all(w) : 0;

		cut(w, true);
		most = serve(w, most);
		tell_when_done(w);
		atomic_store(&w->turn_ns, clock_monotonic_ns());
		atomic_store(&w->idle, w->out->error || (!most && all_reported(w)));
		if (!most)
			wait_for_work(w, DRAIN_WAIT_MS);
	}
	carry(w);	/* the others' last */
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;

	work(w);
	finish(w);
	return NULL;
}

void worker_tell(struct worker *w, enum worker_wish wish)
{
	uint64_t one = 1;

	atomic_store(&w->idle, false);
	atomic_store(&w->wish, wish);
	if (write(w->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_error("wake the worker: %s", strerror(errno));
}

static int open_descriptors(struct worker *w)
{
	int err;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->wake_fd < 0)
		return -errno;
	err = watch(w->epoll_fd, w->wake_fd, EPOLLIN);
	if (!err)
		err = bell_open(&w->bell, w->loader->bell_fd);
	/* Edge-triggered: it is hushed once a turn, not once a ring. */
	return err ? err : watch(w->epoll_fd, w->bell.fd, EPOLLIN | EPOLLET);
}

/* Where its batches go: the first one owns the sink, and gets to know who relays to it. */
static int open_outlet(struct worker *w, struct outlet *out, struct worker *first)
{
	int err = 0;

	w->out = first ? &w->branch : out;
	if (!first && sink_wake_fd(out->sink) >= 0)
		err = watch(w->epoll_fd, sink_wake_fd(out->sink), EPOLLIN);
	if (first) {
		err = relay_open(&w->relay, first->wake_fd, w->wake_fd);
		if (!err)
			err = outlet_open_branch(&w->branch, out, w->relay);
		w->next = first->others;
		first->others = w;
	}
	w->out->label = label;
	w->out->label_arg = w;
	return err;
}

int worker_open(struct worker *w, const struct workers_settings *s, uint32_t number, uint32_t of, struct worker *first)
{
	int err;

	w->number = number;
	w->of = of;
	w->loader = s->loader;
	w->lanes_n = (s->loader->cpus - number + of - 1) / of;
	memcpy(w->outboxes, s->outboxes, first ? 0 : sizeof(w->outboxes));
	w->linger_ns = s->batch_linger_ns;
	w->turn_ns = clock_monotonic_ns();
	w->lanes = calloc(w->lanes_n, sizeof(*w->lanes));
	w->open = calloc(w->lanes_n, sizeof(*w->open));
	if (!w->lanes || !w->open)
		return -ENOMEM;
	clock_measure(&w->clock);
	err = open_descriptors(w);
	if (!err)
		err = open_outlet(w, s->out, first);
	if (!err)
		err = iface_reader_open(s->ifaces, &w->reader);
	return err ? err : open_lanes(w);
}

int worker_start(struct worker *w)
{
	int err = -pthread_create(&w->thread, NULL, worker_run, w);

	w->started = !err;
	return err;
}

void worker_join(struct worker *w)
{
	if (!w->started)
		return;
	worker_tell(w, WORKER_END);
	pthread_join(w->thread, NULL);
	w->started = false;
}

/* If the sink failed, what it never got is accounted for with what is in the rings. */
static void settle_relay(struct worker *w)
{
	const struct batch *b;
	uint64_t ticket;

	take_reports(w);
	while (!w->out->error && (b = relay_next(w->relay, &ticket))) {
		const struct sink_report r = { .cpu = b->cpu, .ticket = ticket, .lost = b->count, .why = NT_LOSS_CLOSED };

		lane_report(worker_lane(w, b->cpu), &r);
		relay_taken(w->relay);
	}
}

/* From here on the sink reports what it gives up: if that is kept, it is the next process's. */
void worker_settle(struct worker *w, bool keep)
{
	for (uint32_t i = 0; i < w->lanes_n; i++)
		w->lanes[i].keep = keep;
	if (w->relay)
		settle_relay(w);
}

void worker_free(struct worker *w)
{
	for (uint32_t i = 0; i < w->lanes_n && w->lanes; i++)
		lane_close(&w->lanes[i]);
	free(w->lanes);
	free(w->open);
	iface_reader_close(w->reader);
	if (w->out == &w->branch)
		outlet_close(&w->branch, 0, NULL);
	relay_close(w->relay);
	bell_close(&w->bell);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
}
