// SPDX-License-Identifier: Apache-2.0
/*
 * kafka_window.c - see kafka_window.h. Entries are used again and again, so
 * that in the long run putting a batch allocates nothing.
 */
#include "sink/kafka_window.h"

#include <stdlib.h>
#include <string.h>

static void swap_bytes(struct buf *a, struct buf *b)
{
	struct buf t = *a;

	*a = *b;
	*b = t;
}

/* The batch's messages for the entry's old ones. */
static void swap_msgs(struct entry *e, struct batch *b)
{
	struct batch_msg *msgs = e->msgs;
	uint32_t cap = e->msgs_cap;

	e->msgs = b->msgs;
	e->msgs_cap = b->msgs_cap;
	e->msgs_n = b->msgs_n;
	b->msgs = msgs;
	b->msgs_cap = cap;
	b->msgs_n = 0;
	b->count = 0;
}

static void free_entry(struct entry *e)
{
	buf_free(&e->bytes);
	free(e->msgs);
	free(e->slots);
	free(e);
}

void entry_hold(struct entry *e)
{
	atomic_fetch_add(&e->refs, 1);
}

void entry_release(struct entry *e)
{
	if (atomic_fetch_sub(&e->refs, 1) == 1)
		free_entry(e);
}

static struct entry *new_entry(struct window *w)
{
	struct entry *e = w->spare;

	if (e)
		w->spare = e->next;
	else
		e = calloc(1, sizeof(*e));
	if (e)
		atomic_store(&e->refs, 1);
	return e;
}

/* A producer that was thrown away may still read it: then that one frees it. */
static void spare_entry(struct window *w, struct entry *e)
{
	if (atomic_load(&e->refs) > 1) {
		entry_release(e);
		return;
	}
	*e = (struct entry){
		.bytes = { e->bytes.data, 0, e->bytes.cap }, .msgs = e->msgs, .msgs_cap = e->msgs_cap,
		.slots = e->slots, .slots_cap = e->slots_cap, .next = w->spare,
	};
	w->spare = e;
}

static int reserve_slots(struct entry *e, uint32_t n)
{
	struct slot *slots;

	if (n <= e->slots_cap)
		return 0;
	slots = reallocarray(e->slots, n, sizeof(*slots));
	if (!slots)
		return -1;
	e->slots = slots;
	e->slots_cap = n;
	return 0;
}

/* Its messages are in place: all of them are to be sent. */
static void begin(struct entry *e)
{
	for (uint32_t i = 0; i < e->msgs_n; i++)
		e->slots[i] = (struct slot){ e, SLOT_TODO };
	e->todo = e->msgs_n;
	e->messages = e->msgs_n;
	e->weight = e->bytes.len;
}

struct entry *window_take(struct window *w, struct batch *b, uint64_t ticket)
{
	struct entry *e = new_entry(w);

	if (!e || reserve_slots(e, b->msgs_n)) {
		if (e)
			spare_entry(w, e);
		return NULL;
	}
	e->batch = (struct sink_batch){ b->stream, b->cpu, ticket };
	e->lost_before = b->lost;
	swap_bytes(&e->bytes, &b->bytes);
	b->bytes.len = 0;
	swap_msgs(e, b);
	begin(e);
	return e;
}

static int reserve_msg(struct entry *e)
{
	if (!e->msgs_cap) {
		e->msgs = malloc(sizeof(*e->msgs));
		e->msgs_cap = e->msgs ? 1 : 0;
	}
	return e->msgs ? 0 : -1;
}

struct entry *window_copy(struct window *w, const struct batch_msg *m, const void *payload, const char *box,
			  const char *schema)
{
	size_t bytes = m->end, box_size = strlen(box) + 1, schema_size = strlen(schema) + 1;
	struct entry *e = new_entry(w);

	if (!e)
		return NULL;
	if (reserve_slots(e, 1) || reserve_msg(e) || buf_reserve(&e->bytes, bytes + box_size + schema_size) ||
	    buf_put(&e->bytes, payload, bytes) || buf_put(&e->bytes, box, box_size) ||
	    buf_put(&e->bytes, schema, schema_size)) {
		spare_entry(w, e);
		return NULL;
	}
	e->msgs[0] = *m;
	e->msgs_n = 1;
	e->box = (const char *)e->bytes.data + bytes;
	e->schema = e->box + box_size;
	begin(e);
	return e;
}

static void append(struct queue *q, struct entry *e)
{
	e->prev = q->tail;
	e->next = NULL;
	*(q->tail ? &q->tail->next : &q->head) = e;
	q->tail = e;
	q->bytes += e->weight;
	q->messages += e->messages;
}

static void unlink_entry(struct queue *q, struct entry *e)
{
	*(e->prev ? &e->prev->next : &q->head) = e->next;
	*(e->next ? &e->next->prev : &q->tail) = e->prev;
	q->bytes -= e->weight;
	q->messages -= e->messages;
}

void window_send(struct window *w, struct entry *e, int64_t now_ns)
{
	enum stream s = e->batch.stream;

	append(&w->flight, e);
	if (!w->streams[s].open)
		w->streams[s].moved_ns = now_ns;
	w->streams[s].open += e->todo + e->sent;
	w->streams[s].bytes += e->weight;
	if (!w->cursor)
		w->cursor = e;
}

void window_wait(struct window *w, struct entry *e)
{
	append(&w->waiting, e);
}

struct slot *window_next(struct window *w, unsigned int streams, uint32_t *msg)
{
	struct entry *e;

	while (w->cursor && !w->cursor->todo)
		w->cursor = w->cursor->next;
	e = w->cursor;
	while (e && !(e->todo && streams >> e->batch.stream & 1))
		e = e->next;
	if (!e)
		return NULL;
	while (e->slots[e->first].state != SLOT_TODO)
		e->first++;
	*msg = e->first;
	return &e->slots[e->first];
}

void window_sent(struct window *w, struct slot *s)
{
	w->streams[s->entry->batch.stream].sent++;
	s->state = SLOT_SENT;
	s->entry->todo--;
	s->entry->sent++;
}

void window_again(struct window *w, struct slot *s)
{
	struct entry *e = s->entry;

	s->state = SLOT_TODO;
	w->streams[e->batch.stream].sent--;
	e->sent--;
	e->todo++;
	if (slot_number(s) < e->first)
		e->first = slot_number(s);
	w->cursor = w->flight.head;
}

/* Its bytes stay until the whole entry is done, its place among the messages does not. */
void window_settle(struct window *w, struct queue *q, struct slot *s, int64_t now_ns)
{
	struct entry *e = s->entry;

	if (s->state == SLOT_SENT) {
		w->streams[e->batch.stream].sent--;
		e->sent--;
	} else {
		e->todo--;
	}
	s->state = SLOT_SETTLED;
	q->messages--;
	e->messages--;
	if (q != &w->flight)
		return;
	w->streams[e->batch.stream].open--;
	w->streams[e->batch.stream].moved_ns = now_ns;
}

void window_all_again(struct window *w)
{
	for (struct entry *e = w->flight.head; e; e = e->next)
		for (uint32_t i = 0; e->sent && i < e->msgs_n; i++)
			if (e->slots[i].state == SLOT_SENT)
				window_again(w, &e->slots[i]);
	w->cursor = w->flight.head;
}

void window_hold_back(struct window *w)
{
	struct entry *e;

	while ((e = w->flight.head)) {
		unlink_entry(&w->flight, e);
		append(&w->waiting, e);
	}
	w->cursor = NULL;
	for (int i = 0; i < STREAM_MAX; i++)
		w->streams[i].open = w->streams[i].bytes = 0;
}

void window_let_go(struct window *w, int64_t now_ns)
{
	struct entry *e;

	while ((e = w->waiting.head)) {
		unlink_entry(&w->waiting, e);
		window_send(w, e, now_ns);
	}
}

void window_drop(struct window *w, struct queue *q, struct entry *e)
{
	if (w->cursor == e)
		w->cursor = e->next;
	unlink_entry(q, e);
	if (q == &w->flight) {
		w->streams[e->batch.stream].open -= e->todo + e->sent;
		w->streams[e->batch.stream].sent -= e->sent;
		w->streams[e->batch.stream].bytes -= e->weight;
	}
	spare_entry(w, e);
}

bool queue_has_room(const struct window *w, const struct queue *q)
{
	return q->bytes < w->max_bytes && q->messages < w->max_messages;
}

int64_t window_stalled_since(const struct window *w)
{
	int64_t since = 0;

	for (int i = 0; i < STREAM_MAX; i++)
		if (w->streams[i].open && (!since || w->streams[i].moved_ns < since))
			since = w->streams[i].moved_ns;
	return since;
}

void window_free(struct window *w)
{
	struct entry *e;

	while ((e = w->spare)) {
		w->spare = e->next;
		free_entry(e);
	}
}
