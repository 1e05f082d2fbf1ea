// SPDX-License-Identifier: Apache-2.0
/*
 * board.c - a pointer to the inventory in force and a lock, which taggers
 * share for a batch and the keeper takes for a change. Writers go first: with
 * several taggers at work there would else always be one that reads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include "inventory/board.h"

struct board {
	pthread_rwlock_t lock;
	struct inventory *inv;
};

static int lock_open(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;
	int err = pthread_rwlockattr_init(&attr);

	if (err)
		return -ENOMEM;
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	err = pthread_rwlock_init(lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return err ? -ENOMEM : 0;
}

int board_open(struct board **out, struct inventory *inv)
{
	struct board *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (!b || lock_open(&b->lock)) {
		free(b);
		return -ENOMEM;
	}
	b->inv = inv;
	*out = b;
	return 0;
}

void board_close(struct board *b)
{
	if (!b)
		return;
	inventory_close(b->inv);
	pthread_rwlock_destroy(&b->lock);
	free(b);
}

const struct inventory *board_hold(struct board *b)
{
	pthread_rwlock_rdlock(&b->lock);
	return b->inv;
}

void board_release(struct board *b)
{
	pthread_rwlock_unlock(&b->lock);
}

struct inventory *board_change(struct board *b)
{
	pthread_rwlock_wrlock(&b->lock);
	return b->inv;
}

void board_changed(struct board *b)
{
	pthread_rwlock_unlock(&b->lock);
}

const struct inventory *board_look(const struct board *b)
{
	return b->inv;
}

struct inventory *board_swap(struct board *b, struct inventory *inv)
{
	struct inventory *old;

	pthread_rwlock_wrlock(&b->lock);
	old = b->inv;
	b->inv = inv;
	pthread_rwlock_unlock(&b->lock);
	return old;
}
