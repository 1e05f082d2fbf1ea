// SPDX-License-Identifier: Apache-2.0
/*
 * inventory.c - an inventory as a whole: opened, told statements, counted.
 * What a statement means is its part's: tenants, holders (instances and their
 * ports), applications, boxes. How tags are found: inventory_find.c.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "inventory/inventory_priv.h"

static _Atomic uint64_t serials;	/* of the inventories of this process */

int inventory_open(struct inventory **out)
{
	struct inventory *inv = calloc(1, sizeof(*inv));

	*out = NULL;
	if (!inv)
		return -ENOMEM;
	inv->stamps.serial = (atomic_fetch_add(&serials, 1) + 1) << STAMPS_SERIAL_SHIFT;
	if (texts_open(&inv->texts) || tenants_open(&inv->tenants, inv->texts) ||
	    holders_open(&inv->holders, inv->texts, &inv->tenants, &inv->stamps) ||
	    applications_open(&inv->applications, inv->texts, &inv->tenants)) {
		inventory_close(inv);
		return -ENOMEM;
	}
	inv->boxes.texts = inv->texts;
	*out = inv;
	return 0;
}

void inventory_close(struct inventory *inv)
{
	if (!inv)
		return;
	boxes_close(&inv->boxes);
	applications_close(&inv->applications);
	holders_close(&inv->holders);
	tenants_close(&inv->tenants);
	texts_close(inv->texts);
	free(inv);
}

static int refuse(const struct statement *s, struct problems *p)
{
	problem(p, PROBLEM_SYNTAX, "a statement of kind %d", (int)s->kind);
	return -EINVAL;
}

static int describe(struct inventory *inv, const struct statement *s, enum layer layer, uint64_t order,
		    struct problems *p, bool *changed)
{
	const struct tenant *t;
	int err = tenants_describe(&inv->tenants, s, layer, order, p, &t);

	if (t)
		applications_settle(&inv->applications, t);
	*changed = t;
	return err;
}

static int take(struct inventory *inv, const struct statement *s, enum layer layer, uint64_t order,
		struct problems *p, bool *changed)
{
	*changed = false;
	switch (s->kind) {
	case STATEMENT_TENANT:
		return describe(inv, s, layer, order, p, changed);
	case STATEMENT_INSTANCE:
	case STATEMENT_END:
		return holders_state(&inv->holders, s, layer, order, p);
	case STATEMENT_APPLICATION:
		return applications_state(&inv->applications, s, layer, order, p, changed);
	case STATEMENT_BOX:
		return boxes_state(&inv->boxes, s, layer, order);
	case STATEMENT_INTERFACE:
		return boxes_state_rule(&inv->boxes, s, layer, order);
	case STATEMENT_KIND_MAX:
		break;
	}
	return refuse(s, p);
}

int inventory_apply(struct inventory *inv, const struct statement *s, enum layer layer, struct problems *p)
{
	uint64_t order = ++inv->arrivals | (layer == LAYER_STREAM ? ORDER_STREAM : 0);
	bool changed;
	int err = take(inv, s, layer, order, p, &changed);

	if (changed)
		stamps_all(&inv->stamps);
	if (!err)
		inv->revision++;
	return err;
}

void inventory_check(const struct inventory *inv, struct problems *p)
{
	tenants_check(&inv->tenants, p);
}

struct carry {
	struct inventory *to;
	struct problems quiet;
	bool again;			/* tenants alone */
	uint64_t refused;
};

/* What was wrong with a statement was said when it came; what does not fit the new file stays out. */
static int carry_one(void *arg, const struct statement *s)
{
	struct carry *c = arg;
	int err = c->again && s->kind != STATEMENT_TENANT ? 0 : inventory_apply(c->to, s, LAYER_STREAM, &c->quiet);

	c->refused += err == -EINVAL;
	return err == -EINVAL ? 0 : err;
}

int inventory_carry(struct inventory *inv, const struct inventory *from)
{
	uint64_t own = inv->revision, refused = UINT64_MAX;
	struct carry c = { .to = inv };
	int err;

	for (int i = 0; i < PROBLEM_MAX; i++)
		c.quiet.logged[i] = PROBLEM_LOG_MAX;
	err = inventory_each_from(from, LAYER_STREAM, carry_one, &c);
	/* A tenant may have the name of another that gives it up further down the list. */
	while (!err && c.refused && c.refused < refused) {
		refused = c.refused;
		c.refused = 0;
		c.again = true;
		err = inventory_each_from(from, LAYER_STREAM, carry_one, &c);
	}
	inv->revision = from->revision + (own ? own : 1);
	return err;
}

uint64_t inventory_prune(struct inventory *inv, int64_t time_ns)
{
	uint64_t n = 0;

	while (holders_prune(&inv->holders, time_ns, &n))
		;
	return n;
}

bool inventory_prune_some(struct inventory *inv, int64_t time_ns)
{
	uint64_t n = 0;

	return holders_prune(&inv->holders, time_ns, &n);
}

uint64_t inventory_stamp(const struct inventory *inv, const struct tag_query *q)
{
	return stamps_get(&inv->stamps, hash_address(q->src), hash_address(q->dst));
}

const struct stamps *inventory_stamps(const struct inventory *inv)
{
	return &inv->stamps;
}

uint64_t inventory_revision(const struct inventory *inv)
{
	return inv->revision;
}

uint32_t inventory_texts_bound(const struct inventory *inv)
{
	return texts_bound(inv->texts);
}

void inventory_get_stats(const struct inventory *inv, struct inventory_stats *out)
{
	*out = (struct inventory_stats) {
		.tenants = inv->tenants.n,
		.instances = inv->holders.instances,
		.applications = inv->applications.n,
		.prefixes = inv->tenants.prefixes.pairs,
		.boxes = inv->boxes.n,
		.statements = inv->holders.spans,
	};
}
