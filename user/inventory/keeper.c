/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.c - see keeper.h: how the keeper begins and ends, and its figures.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/log.h"
#include "inventory/keeper_priv.h"

#define TICK_S 1

static int out_of_memory(void)
{
	log_error("tags: out of memory");
	return EX_OSERR;
}

static int read_sources(struct keeper *k, char *const *sources)
{
	for (; *sources; sources++) {
		struct source *s = &k->sources[k->sources_n];
		const char *why = k->sources_n < TAG_SOURCES_MAX ? NULL : "is one source of tags too many";

		if (!why) {
			*s = (struct source){ .keeper = k, .name = *sources,
					      .watch = { { .wd = -1 }, { .wd = -1 } } };
			why = tag_source_mistake(&s->spec, *sources);
		}
		if (why) {
			log_error("tags: \"%s\": %s", *sources, why);
			return EX_USAGE;
		}
		k->sources_n++;
	}
	return 0;
}

static int open_events(struct keeper *k)
{
	const struct itimerspec tick = { .it_interval.tv_sec = TICK_S, .it_value.tv_sec = TICK_S };

	k->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	k->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	k->delay_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	k->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (k->epoll_fd >= 0 && k->tick_fd >= 0 && !timerfd_settime(k->tick_fd, 0, &tick, NULL) &&
	    !keeper_watch(k, k->wake_fd) && !keeper_watch(k, k->inotify_fd) &&
	    !keeper_watch(k, k->delay_fd) && !keeper_watch(k, k->tick_fd))
		return 0;
	log_error("tags: wait for events: %s", strerror(errno));
	return EX_OSERR;
}

/* Watches first: what changes while it is read is read again. */
static int open_board(struct keeper *k)
{
	struct inventory *inv = NULL;
	int err = inventory_open(&inv);

	if (!err) {
		(void)files_watch(k);
		err = files_load(k, inv);
	}
	if (!err)
		err = board_open(&k->board, inv);
	if (err)
		inventory_close(inv);
	if (err == -ENOMEM)
		return out_of_memory();
	return err ? EX_NOINPUT : 0;
}

static int open_topic(struct source *s, char *const *properties)
{
	int err = topic_open(&s->topic, s->name, properties);

	if (err)
		return EX_UNAVAILABLE;
	err = topic_catch_up(s->topic, KEEPER_CATCH_UP_MS, keeper_message, s);
	if (err && !s->keeper->live) {
		log_error("tags: %s: a replay without its tags is given up", s->name);
		return EX_UNAVAILABLE;
	}
	if (err)
		log_notice("tags: %s: the rest is read as it comes", s->name);
	return keeper_watch(s->keeper, topic_fd(s->topic)) ? EX_OSERR : 0;
}

static int open_socket(struct source *s)
{
	if (!s->keeper->live) {
		log_warn("tags: socket %s: a replay takes no statements", s->spec.path);
		return 0;
	}
	if (tag_socket_open(&s->socket, s->spec.path, keeper_request, s))
		return EX_CANTCREAT;
	return keeper_watch(s->keeper, tag_socket_fd(s->socket)) ? EX_OSERR : 0;
}

static int open_streams(struct keeper *k, char *const *properties)
{
	int code = 0;

	for (size_t i = 0; i < k->sources_n && !code; i++) {
		struct source *s = &k->sources[i];

		if (s->spec.kind == TAG_SOURCE_KAFKA)
			code = open_topic(s, properties);
		else if (s->spec.kind == TAG_SOURCE_SOCKET)
			code = open_socket(s);
	}
	return code;
}

static int keeper_fill(struct keeper *k, const struct keeper_settings *s)
{
	int code = read_sources(k, s->sources);

	if (!code)
		code = open_events(k);
	if (!code)
		code = open_board(k);
	if (!code)
		code = open_streams(k, s->kafka);
	if (!code) {
		files_check(k, board_look(k->board));
		files_log(k);
		problems_calm(&k->problems);
		keeper_publish(k);
	}
	return code;
}

int keeper_open(struct keeper **out, const struct keeper_settings *s)
{
	struct keeper *k = calloc(1, sizeof(*k));
	int code;

	*out = NULL;
	if (!k)
		return out_of_memory();
	k->live = s->live;
	k->epoll_fd = k->wake_fd = k->inotify_fd = k->delay_fd = k->tick_fd = -1;
	pthread_mutex_init(&k->lock, NULL);
	code = keeper_fill(k, s);
	if (code)
		keeper_close(k);
	else
		*out = k;
	return code;
}

/* Signals are the main thread's. */
int keeper_start(struct keeper *k)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&k->thread, NULL, keeper_thread, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		log_error("tags: start the keeper: %s", strerror(err));
		return -err;
	}
	pthread_setname_np(k->thread, "nt_keeper");
	k->running = true;
	return 0;
}

static void wake(struct keeper *k)
{
	uint64_t one = 1;

	if (write(k->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_error("tags: wake the keeper: %s", strerror(errno));
}

void keeper_reload(struct keeper *k)
{
	atomic_store(&k->reload, true);
	wake(k);
}

struct board *keeper_board(struct keeper *k)
{
	return k->board;
}

void keeper_publish(struct keeper *k)
{
	const struct inventory *inv = board_look(k->board);
	struct keeper_stats now = {
		.revision = inventory_revision(inv), .events = k->events, .ignored = k->ignored,
		.reloads = k->reloads, .reloads_failed = k->reloads_failed,
	};

	inventory_get_stats(inv, &now.inventory);
	memcpy(now.problems, k->problems.count, sizeof(now.problems));
	pthread_mutex_lock(&k->lock);
	k->stats = now;
	pthread_mutex_unlock(&k->lock);
}

void keeper_get_stats(struct keeper *k, struct keeper_stats *out)
{
	pthread_mutex_lock(&k->lock);
	*out = k->stats;
	pthread_mutex_unlock(&k->lock);
}

#define PROBLEM_FORMAT(id, name, text) " " #name "=%" PRIu64
#define PROBLEM_VALUE(id, name, text) , s.problems[PROBLEM_##id]

void keeper_log(struct keeper *k)
{
	struct keeper_stats s;

	keeper_get_stats(k, &s);
	log_notice("tags: revision=%" PRIu64 " tenants=%" PRIu64 " instances=%" PRIu64 " applications=%" PRIu64
		   " prefixes=%" PRIu64 " statements=%" PRIu64 " events=%" PRIu64 " ignored=%" PRIu64
		   " reloads=%" PRIu64 " reloads_failed=%" PRIu64 PROBLEMS(PROBLEM_FORMAT),
		   s.revision, s.inventory.tenants, s.inventory.instances, s.inventory.applications,
		   s.inventory.prefixes, s.inventory.statements, s.events, s.ignored,
		   s.reloads, s.reloads_failed PROBLEMS(PROBLEM_VALUE));
}

static void end_thread(struct keeper *k)
{
	if (!k->running)
		return;
	atomic_store(&k->stop, true);
	wake(k);
	pthread_join(k->thread, NULL);
}

void keeper_close(struct keeper *k)
{
	if (!k)
		return;
	end_thread(k);
	for (size_t i = 0; i < k->sources_n; i++) {
		topic_close(k->sources[i].topic);
		tag_socket_close(k->sources[i].socket);
	}
	for (const int *fd = (const int[]){ k->epoll_fd, k->wake_fd, k->inotify_fd, k->delay_fd, k->tick_fd, -2 };
	     *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
	board_close(k->board);
	statement_free(&k->s);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
