/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper_loop.c - the keeper's thread: waits for its sources and its clock.
 * Nothing here is on the way of a record.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "inventory/keeper_priv.h"

#define PRUNE_TICKS 10U
#define CALM_TICKS 60U
#define MESSAGES_MAX 1000		/* of a topic, before other sources have their turn */

int keeper_watch(struct keeper *k, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return -EBADF;
	return epoll_ctl(k->epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

/* Timers and eventfds count; what was counted doesn't matter. */
static void drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) > 0)
		;
}

static void prune(struct keeper *k)
{
	int64_t time_ns = clock_ns(CLOCK_REALTIME) - KEEPER_KEEP_NS;
	bool more = true;

	while (more) {
		more = inventory_prune_some(board_change(k->board), time_ns);
		board_changed(k->board);
	}
}

static void on_tick(struct keeper *k)
{
	k->ticks++;
	if (files_watch(k))
		files_reload_soon(k);
	if (k->live && k->ticks % PRUNE_TICKS == 0)
		prune(k);
	if (k->ticks % CALM_TICKS == 0)
		problems_calm(&k->problems);
}

static void on_wake(struct keeper *k)
{
	if (!atomic_exchange(&k->reload, false))
		return;
	if (files_any(k))
		files_reload_soon(k);
	else
		log_notice("tags: no file to read again");
}

static void on_source(struct keeper *k, int fd)
{
	for (size_t i = 0; i < k->sources_n; i++) {
		struct source *s = &k->sources[i];

		if (s->topic && topic_fd(s->topic) == fd)
			(void)topic_poll(s->topic, MESSAGES_MAX, keeper_message, s);
		else if (s->socket && tag_socket_fd(s->socket) == fd)
			tag_socket_serve(s->socket);
	}
}

static void on_event(struct keeper *k, int fd)
{
	if (fd == k->wake_fd || fd == k->delay_fd || fd == k->tick_fd)
		drain(fd);
	if (fd == k->wake_fd)
		on_wake(k);
	else if (fd == k->delay_fd)
		files_reload(k);
	else if (fd == k->tick_fd)
		on_tick(k);
	else if (fd == k->inotify_fd)
		files_follow(k);
	else
		on_source(k, fd);
}

void *keeper_thread(void *arg)
{
	struct epoll_event events[8];
	struct keeper *k = arg;

	while (!atomic_load(&k->stop)) {
		int n = epoll_wait(k->epoll_fd, events, 8, -1);

		if (n < 0 && errno != EINTR) {
			log_error("tags: wait for events: %s: sources are followed no further", strerror(errno));
			break;
		}
		for (int i = 0; i < n; i++)
			on_event(k, events[i].data.fd);
		keeper_publish(k);
	}
	return NULL;
}
