// SPDX-License-Identifier: Apache-2.0
/*
 * outbox.c - see outbox.h: three lists under one lock, taken a few times a
 * second.
 */
#include "collect/outbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct list {
	struct parcel *first, **end;
};

struct outbox {
	pthread_mutex_t lock;
	struct list empty, sent, returned;
	uint32_t *slots;
	uint32_t parcels_n;
	struct parcel parcels[];
};

static void push(struct list *l, struct parcel *p)
{
	p->next = NULL;
	*l->end = p;
	l->end = &p->next;
}

static struct parcel *pop(struct list *l)
{
	struct parcel *p = l->first;

	if (p)
		l->first = p->next;
	if (!l->first)
		l->end = &l->first;
	return p;
}

static void push_locked(struct outbox *o, struct list *l, struct parcel *p)
{
	pthread_mutex_lock(&o->lock);
	push(l, p);
	pthread_mutex_unlock(&o->lock);
}

static struct parcel *pop_locked(struct outbox *o, struct list *l)
{
	struct parcel *p;

	pthread_mutex_lock(&o->lock);
	p = pop(l);
	pthread_mutex_unlock(&o->lock);
	return p;
}

int outbox_open(struct outbox **out, uint32_t parcels, uint32_t slots)
{
	struct outbox *o = calloc(1, sizeof(*o) + parcels * sizeof(o->parcels[0]));

	*out = NULL;
	if (!o)
		return -ENOMEM;
	o->slots = calloc((size_t)parcels * slots + 1, sizeof(*o->slots));
	if (!o->slots) {
		free(o);
		return -ENOMEM;
	}
	pthread_mutex_init(&o->lock, NULL);
	o->empty.end = &o->empty.first;
	o->sent.end = &o->sent.first;
	o->returned.end = &o->returned.first;
	o->parcels_n = parcels;
	for (uint32_t i = 0; i < parcels; i++) {
		o->parcels[i].home = o;
		o->parcels[i].slots = o->slots + (size_t)i * slots;
		push(&o->empty, &o->parcels[i]);
	}
	*out = o;
	return 0;
}

void outbox_close(struct outbox *o)
{
	if (!o)
		return;
	for (uint32_t i = 0; i < o->parcels_n; i++)
		batch_free(&o->parcels[i].batch);
	pthread_mutex_destroy(&o->lock);
	free(o->slots);
	free(o);
}

struct parcel *outbox_empty(struct outbox *o)
{
	return pop_locked(o, &o->empty);
}

void outbox_send(struct parcel *p)
{
	push_locked(p->home, &p->home->sent, p);
}

void outbox_keep(struct parcel *p)
{
	push_locked(p->home, &p->home->empty, p);
}

struct parcel *outbox_returned(struct outbox *o)
{
	return pop_locked(o, &o->returned);
}

struct parcel *outbox_next(struct outbox *o)
{
	return pop_locked(o, &o->sent);
}

void outbox_put_back(struct outbox *o, struct parcel *p)
{
	pthread_mutex_lock(&o->lock);
	p->next = o->sent.first;
	o->sent.first = p;
	if (!p->next)
		o->sent.end = &p->next;
	pthread_mutex_unlock(&o->lock);
}

void outbox_return(struct parcel *p)
{
	push_locked(p->home, &p->home->returned, p);
}
