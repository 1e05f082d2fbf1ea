// SPDX-License-Identifier: Apache-2.0
/*
 * spool_sync.c - see spool_sync.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "sink/spool_priv.h"
#include "sink/spool_sync.h"

struct spool_sync {
	pthread_t thread;
	pthread_mutex_t lock;		/* of what follows, up to stop */
	pthread_cond_t asked;
	struct spool_dirty next;	/* what to sync */
	bool busy;			/* next is being synced, or waits for it */
	bool stop;
	int dir_fd;
	const char *name;
	bool failing;			/* the last one did, and that was logged */
	_Atomic uint64_t errors;
};

void spool_sync_mark(struct spool_dirty *d, uint64_t number)
{
	if (d->n && d->numbers[d->n - 1] == number)
		return;
	if (d->n == SPOOL_DIRTY)
		d->all = true;
	else
		d->numbers[d->n++] = number;
}

static int sync_segment(int dir_fd, uint64_t number)
{
	char name[SPOOL_NAME];
	int fd = openat(dir_fd, spool_name(number, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int err = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;	/* it was done with meanwhile */
	if (fdatasync(fd))
		err = -errno;
	close(fd);
	return err;
}

/* The first error, after all were tried. */
static int sync_all(int dir_fd, const struct spool_dirty *d)
{
	int err = d->all && syncfs(dir_fd) ? -errno : 0;

	for (unsigned int i = 0; i < d->n && !d->all; i++) {
		int one = sync_segment(dir_fd, d->numbers[i]);

		err = err ? err : one;
	}
	if (d->n && fsync(dir_fd) && !err)	/* the names of new ones */
		err = -errno;
	return err;
}

static void sync_and_tell(struct spool_sync *s, const struct spool_dirty *d)
{
	int err = sync_all(s->dir_fd, d);

	if (err)
		atomic_fetch_add_explicit(&s->errors, 1, memory_order_relaxed);
	if (err && !s->failing)
		log_error("sync the spool %s: %s", s->name, strerror(-err));
	if (!err && s->failing)
		log_notice("sync the spool %s: works again", s->name);
	s->failing = err != 0;
}

static void *run(void *arg)
{
	struct spool_sync *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->busy && !s->stop)
			pthread_cond_wait(&s->asked, &s->lock);
		if (!s->busy)
			break;
		pthread_mutex_unlock(&s->lock);	/* while busy nobody else touches next */
		sync_and_tell(s, &s->next);
		pthread_mutex_lock(&s->lock);
		s->busy = false;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Signals are for the other threads. */
static int start_thread(struct spool_sync *s)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int spool_sync_start(struct spool_sync **out, int dir_fd, const char *name)
{
	struct spool_sync *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->dir_fd = dir_fd;
	s->name = name;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->asked, NULL);
	err = start_thread(s);
	if (err)
		free(s);
	else
		*out = s;
	return err;
}

void spool_sync_ask(struct spool_sync *s, struct spool_dirty *d)
{
	pthread_mutex_lock(&s->lock);
	if (!s->busy) {
		s->next = *d;
		*d = (struct spool_dirty){ 0 };
		s->busy = true;
		pthread_cond_signal(&s->asked);
	}
	pthread_mutex_unlock(&s->lock);
}

uint64_t spool_sync_errors(const struct spool_sync *s)
{
	return atomic_load_explicit(&s->errors, memory_order_relaxed);
}

void spool_sync_stop(struct spool_sync *s, struct spool_dirty *d)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->asked);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	if (d->n)
		sync_and_tell(s, d);
	pthread_cond_destroy(&s->asked);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
