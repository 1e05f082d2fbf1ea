// SPDX-License-Identifier: Apache-2.0
/*
 * worker.c - see worker.h. Rings are drained by a timer, and when one of them
 * fills.
 */
#include "collect/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"

#define RING_SHARE 8			/* of its ring a batch holds one part at most: the rest takes bursts */

struct worker {
	pthread_t thread;
	struct outlet *out;
	struct lane *lanes;
	uint32_t lanes_n;
	struct iface_table *ifaces;
	struct iface_reader *reader;
	struct clock_offset clock;
	uint64_t linger_ns;
	int epoll_fd;
	int stop_fd;
	int done_fd;
	bool told;			/* done_fd was raised */
};

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	struct worker *w = arg;

	t->ts_utc_ns = (int64_t)rec->ts_ns + w->clock.offset_ns;
	iface_table_find(w->reader, rec->ifindex, &t->iface, &t->plane);
}

/* At most a turn of records; how many it were. */
static uint32_t drain(struct worker *w, struct lane *l, int64_t now)
{
	const struct nt_record *rec;
	uint32_t bytes, n = 0;

	for (; n < WORKER_TURN_RECORDS && !w->out->error && (rec = ring_next(&l->ring, &bytes)); n++)
		lane_take(l, w->out, rec, bytes, now);
	if (!l->held_n)
		ring_release(&l->ring);
	return n;
}

/* A turn of each ring; the most records that one of them gave. */
static uint32_t drain_all(struct worker *w)
{
	int64_t now = clock_monotonic_ns();
	uint32_t most = 0, n;

	clock_refresh(&w->clock, now);
	for (uint32_t i = 0; i < w->lanes_n; i++) {
		n = drain(w, &w->lanes[i], now);
		if (n > most)
			most = n;
	}
	iface_reader_quiescent(w->reader);
	return most;
}

static void cut_old(struct worker *w)
{
	int64_t now = clock_monotonic_ns();

	for (uint32_t i = 0; i < w->lanes_n; i++)
		if (w->lanes[i].held_n && now - w->lanes[i].since_ns >= (int64_t)w->linger_ns)
			lane_cut(&w->lanes[i], w->out);
}

static void tell_when_done(struct worker *w)
{
	uint64_t one = 1;

	if (w->told || (!w->out->error && !outlet_done(w->out)))
		return;
	w->told = true;
	if (write(w->done_fd, &one, sizeof(one)) != sizeof(one))
		log_error("tell the main thread to end: %s", strerror(errno));
}

/* Waits for a ring that fills, or the timer. True once the run shall end. */
static bool wait_for_work(struct worker *w, int timeout_ms)
{
	struct epoll_event events[16];
	bool stop = false;
	int n = epoll_wait(w->epoll_fd, events, 16, timeout_ms);

	for (int i = 0; i < n; i++)
		stop |= events[i].data.fd == w->stop_fd;
	return stop;
}

/* The programs are detached by now: what is in the rings is all there is. */
static void drain_to_the_end(struct worker *w)
{
	while (!w->out->error && drain_all(w))
		sink_poll(w->out->sink);
	for (uint32_t i = 0; i < w->lanes_n; i++)
		lane_cut(&w->lanes[i], w->out);
	tell_when_done(w);
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	int timeout = 0;

	clock_measure(&w->clock);
	while (!wait_for_work(w, timeout)) {
		timeout = worker_wait_ms(drain_all(w));
		cut_old(w);
		sink_poll(w->out->sink);
		if (outlet_done(w->out))
			for (uint32_t i = 0; i < w->lanes_n; i++)
				lane_cut(&w->lanes[i], w->out);
		tell_when_done(w);
	}
	drain_to_the_end(w);
	return NULL;
}

static int watch(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

/* Edge-triggered: a ring that is being drained must not wake us again. */
static int open_lanes(struct worker *w, const struct loader *l)
{
	int err = 0;

	w->lanes = calloc(l->cpus, sizeof(*w->lanes));
	if (!w->lanes)
		return -ENOMEM;
	for (uint32_t cpu = 0; cpu < l->cpus && !err; cpu++) {
		if (l->ring_fds[cpu] < 0)
			continue;
		err = lane_open(&w->lanes[w->lanes_n++], w->out, cpu, l->ring_fds[cpu], l->ring_bytes, RING_SHARE);
		if (!err)
			err = watch(w->epoll_fd, l->ring_fds[cpu], EPOLLIN | EPOLLET);
	}
	return err;
}

static void worker_free(struct worker *w)
{
	for (uint32_t i = 0; i < w->lanes_n; i++)
		lane_close(&w->lanes[i]);
	free(w->lanes);
	iface_reader_close(w->reader);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->done_fd >= 0)
		close(w->done_fd);
	free(w);
}

static int worker_prepare(struct worker *w, const struct loader *l)
{
	int err;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->done_fd < 0)
		return -errno;
	err = iface_reader_open(w->ifaces, &w->reader);
	if (!err)
		err = watch(w->epoll_fd, w->stop_fd, EPOLLIN);
	if (!err)
		err = open_lanes(w, l);
	if (!err)
		err = -pthread_create(&w->thread, NULL, worker_run, w);
	return err;
}

int worker_start(struct worker **out, const struct worker_settings *s)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	*out = NULL;
	if (!w)
		return -ENOMEM;
	w->out = s->out;
	w->out->label = label;
	w->out->label_arg = w;
	w->ifaces = s->ifaces;
	w->linger_ns = s->batch_linger_ns;
	w->stop_fd = s->stop_fd;
	w->epoll_fd = w->done_fd = -1;
	err = worker_prepare(w, s->loader);
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

void worker_join(struct worker *w, int64_t *clock_error_ns)
{
	if (!w)
		return;
	pthread_join(w->thread, NULL);
	*clock_error_ns = w->clock.error_ns;
	worker_free(w);
}
