/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ifaces.c - one interface after the other: which rule it matches, attaching
 * it, following its name, restoring what somebody removed.
 *
 * The list and the rules live here; where interfaces are heard of is in
 * ifaces_watch.c.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "base/clock.h"
#include "base/log.h"
#include "attach/ifaces_priv.h"

/* Between attempts to restore or attach: somebody may remove it as often as we put it back. */
#define RETRY_FIRST_NS 1000000000ULL
#define RETRY_LAST_NS 60000000000ULL

bool iface_rule_is_glob(const struct iface_rule *r)
{
	return strpbrk(r->match, "*?[");
}

const struct iface_rule *ifaces_rule(const struct ifaces *s, const char *name)
{
	const struct options *o = s->options;

	for (size_t i = 0; i < o->ifaces_n; i++) {
		/* The name itself first: it may hold what a glob gives a meaning to. */
		if (!strcmp(o->ifaces[i].match, name) || !fnmatch(o->ifaces[i].match, name, FNM_NOESCAPE))
			return &o->ifaces[i];
	}
	return NULL;
}

/* Where that ifindex is, or belongs. */
static size_t place_of(const struct ifaces *s, int ifindex)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->list[mid].link.ifindex < ifindex)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct iface *ifaces_find(struct ifaces *s, int ifindex)
{
	size_t at = place_of(s, ifindex);

	return at < s->n && s->list[at].link.ifindex == ifindex ? &s->list[at] : NULL;
}

static struct iface *list_insert(struct ifaces *s, const struct link *l)
{
	size_t at = place_of(s, l->ifindex);

	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		struct iface *list = reallocarray(s->list, cap, sizeof(*list));

		if (!list)
			return NULL;
		s->list = list;
		s->cap = cap;
	}
	memmove(&s->list[at + 1], &s->list[at], (s->n - at) * sizeof(*s->list));
	s->n++;
	s->list[at] = (struct iface) { .link = *l, .seen = true, .in.link = -1, .out.link = -1 };
	return &s->list[at];
}

static void list_remove(struct ifaces *s, struct iface *i)
{
	size_t at = i - s->list;

	s->n--;
	memmove(i, i + 1, (s->n - at) * sizeof(*s->list));
}

static void detach(struct ifaces *s, struct iface *i)
{
	attach_remove(s->attacher, &i->in);
	attach_remove(s->attacher, &i->out);
	attach_release(s->attacher, i->link.ifindex);
}

static void drop(struct ifaces *s, struct iface *i)
{
	iface_table_gone(s->table, i->link.ifindex, clock_monotonic_ns());
	list_remove(s, i);
}

/* What the rule says, else what the inventory says now. */
static enum plane plane_of(const struct ifaces *s, const struct iface *i)
{
	enum plane plane = i->rule->plane;

	if (plane != PLANE_NONE || !s->board)
		return plane;
	plane = inventory_plane(board_hold(s->board), s->options->box, i->link.name);
	board_release(s->board);
	return plane;
}

int ifaces_stage_name(struct ifaces *s, const struct iface *i)
{
	int err = iface_table_set(s->table, i->link.ifindex, i->link.name, i->rule ? plane_of(s, i) : PLANE_NONE);

	if (err)
		log_error("name %s on records: %s", i->link.name, strerror(-err));
	return err;
}

/* Before there are programs: a batch that is full is tagged within a millisecond of its first packet. */
static int tell_table(struct ifaces *s, const struct iface *i)
{
	int err = ifaces_stage_name(s, i);

	if (!err)
		ifaces_publish(s);
	return err;
}

/* MODE_AUTO begins with every packet. */
static int set_mode(const struct ifaces *s, const struct iface *i)
{
	const struct nt_iface_mode mode = {
		.mode = i->rule->mode == MODE_FLOW ? NT_MODE_FLOW : NT_MODE_PACKET, .sample = 1,
	};
	__u32 key = i->link.ifindex;
	int err = s->modes_map < 0 ? 0 : bpf_map_update_elem(s->modes_map, &key, &mode, BPF_ANY);

	if (err == -E2BIG && i->rule->mode == s->options->mode)
		return 0;	/* the mode of all that have no room there */
	if (err == -E2BIG)
		log_warn("mode of %s: its number %u is too high for a mode of its own: --mode holds", i->link.name, key);
	else if (err)
		log_error("mode of %s: %s", i->link.name, strerror(-err));
	return err == -E2BIG ? 0 : err;
}

static int attach_both(struct ifaces *s, struct iface *i)
{
	enum hook_mode hook = i->rule->hook;
	int err = tell_table(s, i);

	if (!err)
		err = set_mode(s, i);
	if (!err)
		err = attach_put(s->attacher, &i->link, hook, NT_DIR_IN, &i->in);
	if (!err)
		err = attach_put(s->attacher, &i->link, hook, NT_DIR_OUT, &i->out);
	if (err) {
		detach(s, i);
		return err;
	}
	log_notice("attached %s ingress %s egress %s", i->link.name,
		   chain_hook_names[i->in.hook], chain_hook_names[i->out.hook]);
	return 0;
}

/* Another instance may end: that is tried again. Other refusals are for good. */
static int attach_iface(struct ifaces *s, struct iface *i)
{
	int err = attach_both(s, i);

	i->busy = err == -EBUSY;
	i->refused = err && !i->busy;
	return err;
}

static int add(struct ifaces *s, const struct link *heard, const struct iface_rule *rule)
{
	struct link l;
	struct iface *i;
	int err;

	/* A message may be old or tell only a part: ask. */
	err = link_get(s->rtnl, heard->ifindex, &l);
	if (err == -ENODEV || (!err && strcmp(l.name, heard->name)))
		return 0;	/* gone or renamed meanwhile: the message about that follows */
	i = err ? NULL : list_insert(s, &l);
	if (!i) {
		err = err ? err : -ENOMEM;
		log_error("attach %s: %s", heard->name, strerror(-err));
		return err;
	}
	i->rule = rule;
	err = attach_iface(s, i);
	if (err == -ENODEV) {
		drop(s, i);
		return 0;
	}
	return err;
}

/*
 * Another name may mean another rule, or none. A changed hook waits for the
 * next start; what was refused is tried again (by ifaces_verify()).
 */
static int rename_iface(struct ifaces *s, struct iface *i, const struct link *l)
{
	const struct iface_rule *rule = ifaces_rule(s, l->name);
	bool changed;

	if (!rule) {
		log_notice("detached %s: it is called %s now, which was not asked for", i->link.name, l->name);
		detach(s, i);
		drop(s, i);
		return 0;
	}
	log_notice("renamed %s: it is called %s now", i->link.name, l->name);
	memcpy(i->link.name, l->name, sizeof(i->link.name));
	changed = rule->mode != i->rule->mode;
	i->rule = rule;
	if (changed)
		(void)set_mode(s, i);	/* logged */
	if (i->refused) {
		i->refused = false;
		i->retry_ns = 0;
	}
	return tell_table(s, i);
}

int ifaces_link(struct ifaces *s, const struct link *l)
{
	struct iface *i = ifaces_find(s, l->ifindex);
	const struct iface_rule *rule;

	if (i) {
		i->seen = true;
		i->dirty = true;
		return strcmp(i->link.name, l->name) ? rename_iface(s, i, l) : 0;
	}
	rule = ifaces_rule(s, l->name);
	return rule ? add(s, l, rule) : 0;
}

void ifaces_gone(struct ifaces *s, int ifindex)
{
	struct iface *i = ifaces_find(s, ifindex);

	if (!i)
		return;
	/* In another namespace now, perhaps, with our links still on it: they must be closed. */
	attach_forget(s->attacher, &i->in);
	attach_forget(s->attacher, &i->out);
	log_notice("detached %s: it is gone", i->link.name);
	drop(s, i);
}

static int restore(struct ifaces *s, struct iface *i, struct attachment *at, enum nt_dir dir)
{
	enum chain_hook was = at->hook;
	int there = attach_in_place(s->attacher, at), err;

	if (there == 1)
		return 0;
	if (there < 0 && there != -ENODEV)
		log_warn("check %s %s: %s", i->link.name, chain_dir_names[dir], strerror(-there));
	if (there < 0)
		return there;
	attach_remove(s->attacher, at);
	err = attach_put(s->attacher, &i->link, i->rule->hook, dir, at);
	if (!err)
		log_warn("restored %s %s %s: it %s", i->link.name, chain_dir_names[dir], chain_hook_names[at->hook],
			 was != CHAIN_NONE ? "was removed by somebody" : "was missing");
	return err;
}

static int restore_both(struct ifaces *s, struct iface *i)
{
	int in, out;

	if (i->busy && attach_has_rival(s->attacher, &i->link))
		return -EBUSY;
	if (i->in.hook == CHAIN_NONE && i->out.hook == CHAIN_NONE)
		return attach_iface(s, i);
	in = restore(s, i, &i->in, NT_DIR_IN);
	out = restore(s, i, &i->out, NT_DIR_OUT);
	i->busy = in == -EBUSY || out == -EBUSY;
	return in ? in : out;
}

void ifaces_verify(struct ifaces *s, struct iface *i)
{
	uint64_t now = clock_monotonic_ns();
	bool in_place;

	i->dirty = false;
	if (i->refused || now < i->retry_ns)
		return;
	in_place = attach_in_place(s->attacher, &i->in) == 1 && attach_in_place(s->attacher, &i->out) == 1;
	if (in_place)
		return;
	in_place = !restore_both(s, i);
	i->wait_ns = in_place || !i->wait_ns ? RETRY_FIRST_NS : 2 * i->wait_ns;
	if (i->wait_ns > RETRY_LAST_NS)
		i->wait_ns = RETRY_LAST_NS;
	i->retry_ns = now + i->wait_ns;
}

bool ifaces_attached(const struct iface *i)
{
	return i->in.hook != CHAIN_NONE && i->out.hook != CHAIN_NONE;
}

size_t ifaces_count(const struct ifaces *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += ifaces_attached(&s->list[i]);
	return n;
}

void ifaces_each(const struct ifaces *s,
		 void (*cb)(int ifindex, const char *name, const struct iface_rule *rule, void *arg), void *arg)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct iface *f = &s->list[i];

		if (ifaces_attached(f))
			cb(f->link.ifindex, f->link.name, f->rule, arg);
	}
}

void ifaces_keep(struct ifaces *s)
{
	s->keep = s->pinned;
}

static void let_go(struct ifaces *s, struct iface *i)
{
	if (!s->keep) {
		detach(s, i);
		return;
	}
	attach_keep(&i->in);
	attach_keep(&i->out);
}

void ifaces_close(struct ifaces *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		let_go(s, &s->list[i]);
	attacher_close(s->attacher);
	rtnl_close(s->monitor);
	rtnl_close(s->rtnl);
	free(s->list);
	free(s);
}
