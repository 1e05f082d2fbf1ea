/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper_priv.h - what the parts of the keeper share: keeper.c (life and
 * figures), keeper_files.c (load, watch, load again), keeper_events.c (what
 * topics and sockets say), keeper_loop.c (the thread). All but the locked
 * members belong to the thread once it runs.
 */
#ifndef NINETAP_INVENTORY_KEEPER_PRIV_H
#define NINETAP_INVENTORY_KEEPER_PRIV_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include "base/tag_source.h"
#include "inventory/keeper.h"
#include "inventory/tag_socket.h"
#include "inventory/topic.h"

/* A folder that a file is written or renamed in. */
struct file_watch {
	int wd;				/* of inotify(7), -1: none */
	char name[NAME_MAX + 1];	/* of the file in it */
};

enum { WATCH_NAMED, WATCH_REAL, WATCH_MAX };	/* where the path is, and where its symbolic links lead */

struct source {
	struct keeper *keeper;
	const char *name;		/* as -t gave it */
	struct tag_source spec;
	struct topic *topic;
	struct tag_socket *socket;
	struct file_watch watch[WATCH_MAX];
	dev_t dev;			/* which file was read last */
	ino_t ino;
	uint64_t statements;		/* that it gave */
};

struct keeper {
	struct source sources[TAG_SOURCES_MAX];
	size_t sources_n;
	bool live, unwatched;		/* unwatched: it was said that a folder can't be watched */
	struct board *board;
	struct problems problems;
	struct statement s;		/* reused */
	uint64_t events, ignored, reloads, reloads_failed;
	unsigned int ticks;
	bool reload_due;		/* delay_fd runs */
	int epoll_fd, wake_fd, inotify_fd, delay_fd, tick_fd;
	atomic_bool stop, reload;	/* asked for; wake_fd says so */
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;		/* of stats */
	struct keeper_stats stats;
};

/* keeper_files.c: 0 or -errno after the reason was logged; all file sources into inv. */
bool files_any(struct keeper *k);
int files_load(struct keeper *k, struct inventory *inv) __attribute__((warn_unused_result));
void files_check(struct keeper *k, const struct inventory *inv);	/* reports tenants that no source has described */
void files_log(struct keeper *k);		/* what each gave */
bool files_watch(struct keeper *k);		/* again and again; true: a folder and a file in it are others now */
void files_follow(struct keeper *k);		/* inotify_fd is readable */
void files_reload(struct keeper *k);		/* whole or not at all */
void files_reload_soon(struct keeper *k);	/* with what else changes meanwhile */

/* keeper_events.c; arg is a struct source. */
void keeper_message(void *arg, const struct topic_message *m);
int keeper_request(void *arg, const char *request, size_t len, struct buf *out);

/* keeper_loop.c */
int keeper_watch(struct keeper *k, int fd) __attribute__((warn_unused_result));	/* 0 or -errno */
void *keeper_thread(void *arg);

/* keeper.c: what keeper_get_stats() gives from now on. */
void keeper_publish(struct keeper *k);

#endif
