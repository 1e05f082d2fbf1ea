// SPDX-License-Identifier: Apache-2.0
/*
 * worker.c - see worker.h. Rings are drained by a timer, and when one of them
 * fills.
 */
#include "collect/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "collect/bell.h"

#define RING_SHARE 8			/* of its ring a batch holds one part at most: the rest takes bursts */
#define CPUS_CHECK_NS 1000000000LL
#define DRAIN_WAIT_MS 1

enum wish { RUN, DRAIN, KEEP, END };

struct worker {
	pthread_t thread;
	bool started;
	const struct loader *loader;
	struct outlet *out;
	struct lane *lanes;		/* by CPU */
	atomic_bool *open;		/* by CPU: its lane is */
	uint32_t cpus;
	struct outbox *outboxes[WORKER_OUTBOXES];
	struct iface_table *ifaces;
	struct iface_reader *reader;
	struct clock_offset clock;
	uint64_t linger_ns;
	int64_t cpus_checked_ns;
	_Atomic int64_t turn_ns, clock_error_ns;
	_Atomic int wish;
	atomic_bool idle, full;		/* full: the sink has no room */
	struct bell bell;
	int epoll_fd;
	int wake_fd;
	int done_fd;
	bool told;			/* done_fd was raised */
};

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	struct worker *w = arg;

	t->ts_utc_ns = (int64_t)rec->ts_ns + w->clock.offset_ns;
	iface_table_find(w->reader, rec->ifindex, &t->iface, &t->plane);
}

static void reported(void *arg, const struct sink_report *r)
{
	struct worker *w = arg;

	if (r->cpu < w->cpus)
		lane_report(&w->lanes[r->cpu], r);
}

static int watch(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static int open_lane(struct worker *w, uint32_t cpu, int ring_fd)
{
	struct lane_settings s = {
		.cpu = cpu, .ring_fd = ring_fd, .ring_bytes = w->loader->ring_bytes, .share = RING_SHARE,
		.outcomes = &w->loader->outcomes[cpu],
	};
	int err = lane_open(&w->lanes[cpu], w->out, &s);

	if (err)
		lane_close(&w->lanes[cpu]);
	atomic_store(&w->open[cpu], !err);
	return err;
}

/* CPUs get their rings when they come online, at the start or later. */
static int open_lanes(struct worker *w)
{
	int err = 0;

	for (uint32_t cpu = 0; cpu < w->cpus && !err; cpu++) {
		int fd = __atomic_load_n(&w->loader->ring_fds[cpu], __ATOMIC_ACQUIRE);

		if (fd >= 0 && !w->open[cpu])
			err = open_lane(w, cpu, fd);
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

/* A turn of each ring; the most records that one of them gave. */
static uint32_t drain_all(struct worker *w)
{
	int64_t now = clock_monotonic_ns();
	uint32_t most = 0, n;

	clock_refresh(&w->clock, now);
	atomic_store_explicit(&w->clock_error_ns, w->clock.error_ns, memory_order_relaxed);
	atomic_store_explicit(&w->turn_ns, now, memory_order_relaxed);
	for (uint32_t cpu = 0; cpu < w->cpus; cpu++) {
		if (!w->open[cpu])
			continue;
		n = drain(w, &w->lanes[cpu], now);
		if (n > most)
			most = n;
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

	for (uint32_t cpu = 0; cpu < w->cpus; cpu++) {
		struct lane *l = &w->lanes[cpu];

		if (w->open[cpu] && (all || lane_is_due(l, w->out, now, w->linger_ns)))
			lane_cut(l, w->out);
	}
}

static void serve_sink(struct worker *w)
{
	sink_poll(w->out->sink);
	for (uint32_t i = 0; i < WORKER_OUTBOXES; i++)
		if (w->outboxes[i])
			outlet_post(w->out, w->outboxes[i]);
	atomic_store_explicit(&w->full, !sink_has_room(w->out->sink), memory_order_relaxed);
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

/* Waits for a ring that fills, a change of mind, or the timer. */
static void wait_for_work(struct worker *w, int timeout_ms)
{
	struct epoll_event events[16];
	int n = epoll_wait(w->epoll_fd, events, 16, timeout_ms);
	uint64_t count;

	for (int i = 0; i < n; i++)
		if (events[i].data.fd == w->bell.fd)
			bell_hush(&w->bell);
		else if (read(w->wake_fd, &count, sizeof(count)) < 0)
			log_error("read the worker's wake-up: %s", strerror(errno));
}

static void work(struct worker *w)
{
	int timeout = 0;

	while (atomic_load(&w->wish) == RUN) {
		wait_for_work(w, timeout);
		timeout = worker_wait_ms(drain_all(w));
		cut(w, outlet_done(w->out));
		serve_sink(w);
		tell_when_done(w);
	}
}

/* Rings are not read any more: what is not safe in the end is the next process's. */
static void keep_rings(struct worker *w)
{
	for (uint32_t cpu = 0; cpu < w->cpus; cpu++)
		w->lanes[cpu].keep = true;
}

static bool all_reported(const struct worker *w)
{
	for (uint32_t cpu = 0; cpu < w->cpus; cpu++)
		if (w->open[cpu] && !lane_idle(&w->lanes[cpu]))
			return false;
	return !w->out->parcels;
}

/*
 * The programs are detached: what is in the rings is all there is. Or they go
 * on, and what is in the rings is for the next process. Parcels still come.
 */
static void finish(struct worker *w)
{
	int wish = atomic_load(&w->wish);

	if (wish == KEEP)
		keep_rings(w);
	while ((wish = atomic_load(&w->wish)) != END) {
		uint32_t most = wish == DRAIN ? drain_all(w) : 0;

		cut(w, true);
		serve_sink(w);
		tell_when_done(w);
		atomic_store(&w->turn_ns, clock_monotonic_ns());
		atomic_store(&w->idle, w->out->error || (!most && all_reported(w)));
		if (!most)
			wait_for_work(w, DRAIN_WAIT_MS);
	}
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;

	work(w);
	finish(w);
	return NULL;
}

static void tell(struct worker *w, enum wish wish)
{
	uint64_t one = 1;

	atomic_store(&w->idle, false);
	atomic_store(&w->wish, wish);
	if (write(w->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_error("wake the worker: %s", strerror(errno));
}

static int worker_prepare(struct worker *w)
{
	int err;

	w->lanes = calloc(w->cpus, sizeof(*w->lanes));
	w->open = calloc(w->cpus, sizeof(*w->open));
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!w->lanes || !w->open)
		return -ENOMEM;
	if (w->epoll_fd < 0 || w->wake_fd < 0 || w->done_fd < 0)
		return -errno;
	clock_measure(&w->clock);
	err = iface_reader_open(w->ifaces, &w->reader);
	if (!err)
		err = watch(w->epoll_fd, w->wake_fd, EPOLLIN);
	if (!err)
		err = bell_open(&w->bell, w->loader->bell_fd);
	if (!err)	/* edge-triggered: it is hushed once a turn, not once a ring */
		err = watch(w->epoll_fd, w->bell.fd, EPOLLIN | EPOLLET);
	if (!err)
		err = open_lanes(w);
	if (!err)
		err = -pthread_create(&w->thread, NULL, worker_run, w);
	w->started = !err;
	return err;
}

int worker_start(struct worker **out, const struct worker_settings *s)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	*out = NULL;
	if (!w)
		return -ENOMEM;
	w->loader = s->loader;
	w->cpus = s->loader->cpus;
	w->out = s->out;
	w->out->label = label;
	w->out->reported = reported;
	w->out->label_arg = w->out->reported_arg = w;
	w->ifaces = s->ifaces;
	memcpy(w->outboxes, s->outboxes, sizeof(w->outboxes));
	w->linger_ns = s->batch_linger_ns;
	w->turn_ns = clock_monotonic_ns();
	w->epoll_fd = w->wake_fd = w->done_fd = -1;
	err = worker_prepare(w);
	if (err) {
		log_error("start the worker: %s", strerror(-err));
		worker_free(w);
		return err;
	}
	*out = w;
	return 0;
}

int worker_done_fd(const struct worker *w)
{
	return w->done_fd;
}

void worker_drain(struct worker *w, bool keep)
{
	if (w)
		tell(w, keep ? KEEP : DRAIN);
}

bool worker_idle(const struct worker *w)
{
	return !w || atomic_load(&w->idle);
}

int64_t worker_turn_ns(const struct worker *w)
{
	return atomic_load(&w->turn_ns);
}

uint64_t worker_ring_fill(const struct worker *w, uint32_t cpu)
{
	return cpu < w->cpus && atomic_load(&w->open[cpu]) ? ring_fill(&w->lanes[cpu].ring) : 0;
}

int64_t worker_clock_error_ns(const struct worker *w)
{
	return atomic_load(&w->clock_error_ns);
}

bool worker_sink_full(const struct worker *w)
{
	return atomic_load(&w->full);
}

void worker_join(struct worker *w)
{
	if (!w || !w->started)
		return;
	tell(w, END);
	pthread_join(w->thread, NULL);
	w->started = false;
}

void worker_abandon(struct worker *w)
{
	for (uint32_t cpu = 0; w && cpu < w->cpus; cpu++)
		if (w->open[cpu])
			lane_abandon(&w->lanes[cpu]);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	for (uint32_t cpu = 0; cpu < w->cpus && w->lanes; cpu++)
		lane_close(&w->lanes[cpu]);
	free(w->lanes);
	free(w->open);
	bell_close(&w->bell);
	iface_reader_close(w->reader);
	const int fds[] = { w->epoll_fd, w->wake_fd, w->done_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(w);
}
