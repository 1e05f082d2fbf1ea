// SPDX-License-Identifier: Apache-2.0
/*
 * book.c - see book.h: pages, and what is added to them. What is made of them
 * at the end is in book_seal.c.
 */
#include "audit/book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16U

/* Room for one more element. *list is kept when there is none. */
static int grow(void **list, size_t n, size_t *cap, size_t size)
{
	size_t wanted = *cap ? *cap * 2 : FIRST_ROOM;
	void *bigger;

	if (n < *cap)
		return 0;
	bigger = reallocarray(*list, wanted, size);
	if (!bigger)
		return -ENOMEM;
	*list = bigger;
	*cap = wanted;
	return 0;
}

#define GROW(list, n, cap) \
	({ void *grow_list = (list); int grow_err = grow(&grow_list, (n), &(cap), sizeof(*(list))); \
	   (list) = grow_list; grow_err; })

static void free_page(struct book_page *p)
{
	free(p->box);
	free(p->records);
	free(p->flows);
	free(p->told);
	free(p->drops);
	free(p);
}

void book_free(struct book *b)
{
	for (size_t i = 0; i < b->pages_n; i++)
		free_page(b->pages[i]);
	for (size_t i = 0; i < b->starts_n; i++)
		free(b->starts[i].box);
	free(b->pages);
	free(b->starts);
	memset(b, 0, sizeof(*b));
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 0x100000001b3;
	return hash;
}

static unsigned int bucket_of(const char *box, size_t len, uint64_t epoch, uint32_t cpu)
{
	uint64_t hash = hash_bytes(0xcbf29ce484222325, box, len);

	hash = hash_bytes(hash, &epoch, sizeof(epoch));
	hash = hash_bytes(hash, &cpu, sizeof(cpu));
	return (hash ^ hash >> 32) % BOOK_HASH;
}

static bool is_page(const struct book_page *p, const char *box, size_t len, uint64_t epoch, uint32_t cpu)
{
	return p->cpu == cpu && p->epoch == epoch && !strncmp(p->box, box, len) && !p->box[len];
}

static struct book_page *new_page(struct book *b, const char *box, size_t len, uint64_t epoch, uint32_t cpu)
{
	struct book_page *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->box = strndup(box, len);
	p->epoch = epoch;
	p->cpu = cpu;
	if (!p->box || GROW(b->pages, b->pages_n, b->pages_cap)) {
		free_page(p);
		return NULL;
	}
	b->pages[b->pages_n++] = p;
	return p;
}

struct book_page *book_find(struct book *b, const char *box, size_t len, uint64_t epoch, uint32_t cpu)
{
	struct book_page **head, *p = b->recent;

	if (p && is_page(p, box, len, epoch, cpu))
		return p;
	head = &b->hash[bucket_of(box, len, epoch, cpu)];
	for (p = *head; p && !is_page(p, box, len, epoch, cpu);)
		p = p->next;
	if (!p) {
		p = new_page(b, box, len, epoch, cpu);
		if (!p)
			return NULL;
		p->next = *head;
		*head = p;
	}
	b->recent = p;
	return p;
}

int book_record(struct book_page *p, const struct book_record *r)
{
	int err = GROW(p->records, p->records_n, p->records_cap);

	if (!err)
		p->records[p->records_n++] = *r;
	return err;
}

int book_flow(struct book_page *p, const struct book_flow *f)
{
	int err = GROW(p->flows, p->flows_n, p->flows_cap);

	if (!err)
		p->flows[p->flows_n++] = *f;
	return err;
}

/* Nothing was counted between the two: the later one says it all. */
static bool only_later(const struct book_told *a, const struct book_told *b)
{
	return a->seq == b->seq && a->closing == b->closing && a->exact == b->exact &&
	       !memcmp(a->fate, b->fate, sizeof(a->fate)) && !memcmp(a->lost, b->lost, sizeof(a->lost)) &&
	       tally_same(&a->safe, &b->safe) && tally_same(&a->flows_lost, &b->flows_lost) &&
	       tally_same(&a->flows_open, &b->flows_open) && a->unread == b->unread && a->missing == b->missing;
}

int book_told(struct book_page *p, const struct book_told *t)
{
	struct book_told *last = p->told_n ? &p->told[p->told_n - 1] : NULL;
	int err;

	if (last && only_later(last, t)) {
		if (t->ts_ns > last->ts_ns)
			*last = *t;
		return 0;
	}
	err = GROW(p->told, p->told_n, p->told_cap);
	if (!err)
		p->told[p->told_n++] = *t;
	return err;
}

int book_drop(struct book_page *p, const struct book_drop *d)
{
	int err;

	for (size_t i = 0; i < p->drops_n; i++)
		if (p->drops[i].seq == d->seq && p->drops[i].count == d->count && p->drops[i].flows == d->flows)
			return 0;	/* the same event again */
	err = GROW(p->drops, p->drops_n, p->drops_cap);
	if (!err)
		p->drops[p->drops_n++] = *d;
	return err;
}

int book_start(struct book *b, const char *box, uint64_t epoch, uint64_t cpus)
{
	char *copy;

	for (size_t i = 0; i < b->starts_n; i++)
		if (b->starts[i].epoch == epoch && b->starts[i].cpus == cpus && !strcmp(b->starts[i].box, box))
			return 0;
	copy = strdup(box);
	if (!copy || GROW(b->starts, b->starts_n, b->starts_cap)) {
		free(copy);
		return -ENOMEM;
	}
	b->starts[b->starts_n++] = (struct book_start){ copy, epoch, cpus };
	return 0;
}
