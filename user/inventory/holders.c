// SPDX-License-Identifier: Apache-2.0
/*
 * holders.c - instances and ports: a statement becomes a span among those of
 * its holder, and ends the one before it; an instance's end ends its ports'.
 * What ended long ago is forgotten.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/cidr.h"
#include "inventory/holders_priv.h"

#define PRUNE_SPANS 1024U		/* looked at in one go, while taggers wait: under a millisecond */

int holders_open(struct holders *hs, struct texts *texts, struct tenants *tenants, struct stamps *stamps)
{
	*hs = (struct holders) { .texts = texts, .tenants = tenants, .stamps = stamps };
	if (table_open(&hs->keys) || table_open(&hs->by_address) || table_open(&hs->by_tenant))
		return -ENOMEM;
	return 0;
}

static void holder_free(struct holders *hs, struct holder *h)
{
	table_del(&hs->keys, &h->link);
	texts_drop(hs->texts, h->key);
	free(h);
}

/* Nothing is found any more: no list is kept in order. */
void holders_close(struct holders *hs)
{
	for (uint32_t i = 0; hs->keys.bucket && i <= hs->keys.mask; i++) {
		while (hs->keys.bucket[i]) {
			struct holder *h = OBJECT_OF(hs->keys.bucket[i], struct holder, link.node);

			for (struct span *s = h->first, *next; s; s = next) {
				next = s->next;
				span_free(hs, s);
			}
			holder_free(hs, h);
		}
	}
	table_close(&hs->keys);
	table_close(&hs->by_address);
	table_close(&hs->by_tenant);
}

static uint32_t hash_holder(const struct text *key, bool is_port)
{
	return (uint32_t)mix(key->id, is_port);
}

static struct holder *holder_find(const struct holders *hs, const struct text *key, bool is_port)
{
	uint32_t hash = hash_holder(key, is_port);

	for (struct node *n = table_chain(&hs->keys, hash); n; n = n->next) {
		struct holder *h = OBJECT_OF(n, struct holder, link.node);

		if (h->key == key && h->is_port == is_port)
			return h;
	}
	return NULL;
}

struct holder *holder_take(struct holders *hs, const char *said, bool is_port)
{
	const struct text *key = texts_take(hs->texts, said);
	struct holder *h = key ? holder_find(hs, key, is_port) : NULL;

	if (h)
		texts_drop(hs->texts, key);
	if (h || !key)
		return h;
	h = calloc(1, sizeof(*h));
	if (!h) {
		texts_drop(hs->texts, key);
		return NULL;
	}
	h->key = key;
	h->is_port = is_port;
	table_add(&hs->keys, &h->link, hash_holder(key, is_port));
	return h;
}

void holder_drop(struct holders *hs, struct holder *h)
{
	if (h && !h->first && !h->children)
		holder_free(hs, h);
}

static void forget(struct holders *hs, struct span *s)
{
	struct holder *h = s->holder, *parent = s->parent;

	span_unlink(hs, s);
	span_free(hs, s);
	holder_drop(hs, h);
	holder_drop(hs, parent);
}

static void end_children(struct holders *hs, const struct holder *h)
{
	for (struct node *n = h->children; n; n = n->next)
		span_end(hs, OBJECT_OF(n, struct span, sibling));
}

/* Its place among the holder's: of two of one time the later stays. */
static void enter(struct holders *hs, struct span *s)
{
	struct span *same = span_at(s->holder, s->from_ns);

	span_link(hs, s);
	if (same && same->from_ns == s->from_ns)
		forget(hs, same);
	span_end(hs, s);
	if (s->prev)
		span_end(hs, s->prev);
	end_children(hs, s->holder);
}

static void report(const struct holders *hs, const struct span *s, struct problems *p)
{
	const struct claim *c;
	const struct span *other = span_clash(hs, s, &c);
	struct nt_cidr address = { .prefix = 128 };
	char text[CIDR_TEXT];

	if (!other)
		return;
	memcpy(address.addr, c->addr, sizeof(address.addr));
	*strchrnul(cidr_format(&address, text), '/') = '\0';	/* an address has no length */
	problem(p, PROBLEM_OVERLAP, "instance %s has the address %s while instance %s has it", span_instance(s)->key->s,
		text, span_instance(other)->key->s);
}

static bool is_whole(const struct statement *s, struct problems *p)
{
	if (s->id || (s->kind == STATEMENT_END && s->port))
		return true;
	problem(p, PROBLEM_NO_ID, "%s without id", s->kind == STATEMENT_END ? "an end" : "an instance");
	return false;
}

/* Finds or makes all that the span needs. 0 or -ENOMEM. */
static int prepare(struct holders *hs, const struct statement *s, struct span *span)
{
	span->holder = holder_take(hs, s->port ? s->port : s->id, s->port);
	if (!span->holder)
		return -ENOMEM;
	if (!s->port || span->is_end)
		return 0;
	span->parent = holder_take(hs, s->id, false);
	return span->parent ? 0 : -ENOMEM;
}

/* A file doesn't change what a stream said of the same moment. */
static bool is_outdone(const struct span *span)
{
	const struct span *same = span_at(span->holder, span->from_ns);

	return same && same->from_ns == span->from_ns && same->order > span->order;
}

static void note_file(struct span *s)
{
	s->holder->of_file = true;
	if (s->parent)
		s->parent->ports_of_file = true;
}

int holders_state(struct holders *hs, const struct statement *s, enum layer layer, uint64_t order,
		  struct problems *p)
{
	struct span *span;
	int err;

	if (!is_whole(s, p))
		return -EINVAL;
	span = span_make(hs, s, order);
	if (!span)
		return -ENOMEM;
	err = prepare(hs, s, span);
	if (!err && layer == LAYER_FILE)
		note_file(span);
	if (err || is_outdone(span)) {
		holder_drop(hs, span->holder);
		holder_drop(hs, span->parent);
		span_free(hs, span);
		return err;
	}
	enter(hs, span);
	tenants_mention(hs->tenants, span->tenant, layer, p);
	report(hs, span, p);
	return 0;
}

/* By a stream, at another time that is over. */
static bool ended_again(const struct span *s, int64_t time_ns)
{
	while ((s = s->next))
		if (s->is_end && s->order & ORDER_STREAM && s->from_ns <= time_ns)
			return true;
	return false;
}

/*
 * The last word of streams about what a file speaks of, and ends of instances
 * whose ports it speaks of: without them the file, read again, would bring
 * back what has ended. Of several ends that are over the last is enough.
 */
static bool outlasts_file(const struct span *s, int64_t time_ns)
{
	const struct span *later = s->next;

	if (!(s->order & ORDER_STREAM))
		return false;
	if (s->is_end && s->holder->ports_of_file && !ended_again(s, time_ns))
		return true;
	if (!s->holder->of_file)
		return false;
	while (later && !(later->order & ORDER_STREAM))
		later = later->next;
	return !later;
}

/* An end only says what was before it is over, and that is forgotten with it. */
static bool is_over(const struct span *s, int64_t time_ns)
{
	return (s->is_end ? s->from_ns : s->end_ns) <= time_ns;
}

/* What ended it may be forgotten: from now on it ends by itself. A port's leaves no more than an end. */
static void settle(struct holders *hs, struct span *s)
{
	struct holder *parent = s->parent;

	s->until_ns = s->is_end ? s->until_ns : s->end_ns;
	if (!parent)
		return;
	span_void(hs, s);
	holder_drop(hs, parent);
}

/* Ends of spans are not worked out anew: what comes before one that is over is over, too. */
bool holders_prune(struct holders *hs, int64_t time_ns, uint64_t *n)
{
	struct node *at = hs->pruning ? hs->pruning : hs->ending, *next;

	for (unsigned int i = 0; at && i < PRUNE_SPANS; at = next, i++) {
		struct span *s = OBJECT_OF(at, struct span, ending);

		next = at->next;
		if (!is_over(s, time_ns))
			continue;
		if (outlasts_file(s, time_ns)) {
			settle(hs, s);
			continue;
		}
		forget(hs, s);
		++*n;
	}
	hs->pruning = at;
	return at;
}
