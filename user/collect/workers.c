// SPDX-License-Identifier: Apache-2.0
/*
 * workers.c - see workers.h. Knows which worker has which CPU, and nothing of
 * what a worker does.
 */
#include "collect/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/log.h"
#include "collect/worker.h"

#define CPUS_A_WORKER 4U		/* if nothing else is asked for */
#define WORKERS_MAX 64U

struct workers {
	int done_fd;
	atomic_bool keep;		/* rings are the next process's */
	bool joined;			/* no thread but main's any more */
	uint32_t cpus, n;
	struct worker worker[];
};

static struct worker *worker_of(struct workers *all, uint32_t cpu)
{
	return &all->worker[cpu % all->n];
}

uint32_t workers_number(uint32_t wanted, uint32_t possible, uint32_t online)
{
	uint32_t n = wanted ? wanted : online / CPUS_A_WORKER;

	if (n > possible)
		n = possible;
	if (n > WORKERS_MAX)
		n = WORKERS_MAX;
	return n ? n : 1;
}

/* In the thread that calls the sink: the first worker's, then main's. */
static void reported(void *arg, const struct sink_report *r)
{
	struct workers *all = arg;
	struct worker *w = worker_of(all, r->cpu);

	if (r->cpu >= all->cpus || (atomic_load(&all->keep) && r->lost && r->why == NT_LOSS_CLOSED))
		return;
	if (w->relay && !all->joined)
		relay_report(w->relay, r);
	else
		lane_report(worker_lane(w, r->cpu), r);
}

static int start_all(struct workers *all, const struct workers_settings *s)
{
	int err = 0;

	for (uint32_t i = 0; i < all->n && !err; i++) {
		all->worker[i].done_fd = all->done_fd;
		err = worker_open(&all->worker[i], s, i, all->n, i ? &all->worker[0] : NULL);
	}
	for (uint32_t i = all->n; i-- > 0 && !err;)	/* the sink's last: if one fails, it has got nothing */
		err = worker_start(&all->worker[i]);
	return err;
}

/* The first one last: until then it takes what the others still send. */
static void end_threads(struct workers *all)
{
	for (uint32_t i = all->n; i-- > 0;)
		worker_join(&all->worker[i]);
}

int workers_start(struct workers **out, const struct workers_settings *s)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = workers_number(s->threads, s->loader->cpus, online > 0 ? (uint32_t)online : 1);
	struct workers *all = calloc(1, sizeof(*all) + n * sizeof(all->worker[0]));
	int err;

	*out = NULL;
	if (!all)
		return -ENOMEM;
	all->n = n;
	all->cpus = s->loader->cpus;
	for (uint32_t i = 0; i < n; i++)
		all->worker[i].epoll_fd = all->worker[i].wake_fd = -1;
	s->out->reported = reported;
	s->out->reported_arg = all;
	all->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = all->done_fd < 0 ? -errno : start_all(all, s);
	if (err) {
		log_error("start %u threads that drain: %s", n, strerror(-err));
		end_threads(all);
		workers_free(all);
		return err;
	}
	log_info("threads that drain: %u", n);
	*out = all;
	return 0;
}

int workers_done_fd(const struct workers *all)
{
	return all->done_fd;
}

void workers_drain(struct workers *all, bool keep)
{
	if (all)
		all->keep = keep;
	for (uint32_t i = 0; all && i < all->n; i++)
		worker_tell(&all->worker[i], keep ? WORKER_KEEP : WORKER_DRAIN);
}

/* Who is idle stays so: a relayed batch is its sender's until that has its report. */
bool workers_idle(const struct workers *all)
{
	for (uint32_t i = 0; all && i < all->n; i++)
		if (!atomic_load(&all->worker[i].idle))
			return false;
	return true;
}

int64_t workers_turn_ns(const struct workers *all)
{
	int64_t least = INT64_MAX;

	for (uint32_t i = 0; i < all->n; i++) {
		int64_t turn = atomic_load(&all->worker[i].turn_ns);

		least = turn < least ? turn : least;
	}
	return least;
}

uint64_t workers_ring_fill(const struct workers *all, uint32_t cpu)
{
	const struct worker *w = &all->worker[cpu % all->n];

	return cpu < all->cpus && atomic_load(&w->open[cpu / all->n]) ? ring_fill(&w->lanes[cpu / all->n].ring) : 0;
}

int64_t workers_clock_error_ns(const struct workers *all)
{
	int64_t most = 0;

	for (uint32_t i = 0; i < all->n; i++) {
		int64_t error = atomic_load(&all->worker[i].clock_error_ns);

		most = error > most ? error : most;
	}
	return most;
}

bool workers_sink_full(const struct workers *all)
{
	return atomic_load(&all->worker[0].full);
}

void workers_join(struct workers *all)
{
	if (!all || all->joined)
		return;
	end_threads(all);
	for (uint32_t i = 0; i < all->n; i++)
		worker_settle(&all->worker[i], all->keep);
	all->joined = true;
}

void workers_abandon(struct workers *all)
{
	for (uint32_t cpu = 0; all && cpu < all->cpus; cpu++) {
		struct worker *w = worker_of(all, cpu);

		if (w->open[cpu / all->n])
			lane_abandon(worker_lane(w, cpu));
	}
}

void workers_free(struct workers *all)
{
	if (!all)
		return;
	for (uint32_t i = 0; i < all->n; i++)
		worker_free(&all->worker[i]);
	if (all->done_fd >= 0)
		close(all->done_fd);
	free(all);
}
