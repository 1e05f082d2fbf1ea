// SPDX-License-Identifier: Apache-2.0
/*
 * modes.c - see modes.h.
 */
#include "collect/modes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "base/log.h"

struct known {
	uint32_t ifindex;
	bool seen;			/* in this step */
	bool by_hand;
	struct nt_iface_mode mode;	/* that we know of */
};

struct modes {
	int map_fd;
	modes_changed *changed;
	void *arg;
	struct auto_mode state;
	const char *why;		/* the state changed in this step, and why */
	struct known *known;
	struct ledger_iface *list;	/* beside it, for others */
	size_t n, cap;
};

int modes_open(struct modes **out, int map_fd, modes_changed *changed, void *arg)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	**out = (struct modes){ .map_fd = map_fd, .changed = changed, .arg = arg };
	return 0;
}

void modes_close(struct modes *m)
{
	if (!m)
		return;
	free(m->known);
	free(m->list);
	free(m);
}

static bool grow(struct modes *m)
{
	size_t cap = m->cap ? 2 * m->cap : 16;
	struct known *known = reallocarray(m->known, cap, sizeof(*known));
	struct ledger_iface *list;

	if (known)
		m->known = known;
	list = known ? reallocarray(m->list, cap, sizeof(*list)) : NULL;
	if (!list)
		return false;
	m->list = list;
	m->cap = cap;
	return true;
}

/* The place of an interface, new or not; -1 without memory. */
static long place_of(struct modes *m, uint32_t ifindex)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->known[i].ifindex == ifindex)
			return (long)i;
	if (m->n == m->cap && !grow(m))
		return -1;
	m->known[m->n] = (struct known){ .ifindex = ifindex };
	m->list[m->n] = (struct ledger_iface){ .sample = 1 };
	return (long)m->n++;
}

static bool same(const struct nt_iface_mode *a, const struct nt_iface_mode *b)
{
	return a->mode == b->mode && (a->mode != NT_MODE_SAMPLED || a->sample == b->sample);
}

static struct nt_iface_mode mode_of_state(const struct auto_mode *s)
{
	struct nt_iface_mode m = { .mode = NT_MODE_PACKET, .sample = 1 };

	if (s->sample)
		m.mode = s->sample > 1 ? NT_MODE_SAMPLED : NT_MODE_FLOW;
	if (s->sample > 1)
		m.sample = s->sample;
	return m;
}

static void tell(struct modes *m, struct ledger_iface *l, const struct nt_iface_mode *from,
		 const struct nt_iface_mode *to, const char *why)
{
	struct mode_change c = { .iface = l->name, .from = from->mode, .to = to->mode, .sample = to->sample, .reason = why };

	log_notice("mode of %s: %s instead of %s, one in %u: %s", l->name, ledger_mode_names[to->mode],
		   ledger_mode_names[from->mode], to->sample, why);
	m->changed(m->arg, &c);
}

/* An interface as it is in the map; where auto decides, as it shall be. The first look takes what is there for granted. */
static void look(struct modes *m, size_t i, enum mode_wish wish, bool first)
{
	struct nt_iface_mode now = { 0 }, want = mode_of_state(&m->state);
	struct known *k = &m->known[i];
	const char *why = "set";

	if (bpf_map_lookup_elem(m->map_fd, &k->ifindex, &now) || now.mode >= NT_MODE_MAX)
		return;
	if (now.mode != NT_MODE_SAMPLED)
		now.sample = 1;
	if (first)
		k->mode = now;
	k->by_hand |= !same(&now, &k->mode);
	if (wish == MODE_AUTO && !k->by_hand && !same(&now, &want) &&
	    !bpf_map_update_elem(m->map_fd, &k->ifindex, &want, BPF_EXIST)) {
		k->mode = now;
		now = want;
		why = m->why ? m->why : want.mode == NT_MODE_PACKET ? "recovered" : "ring";
	}
	if (!same(&now, &k->mode))
		tell(m, &m->list[i], &k->mode, &now, why);
	k->mode = now;
}

static void on_iface(int ifindex, const char *name, const struct iface_rule *rule, void *arg)
{
	struct modes *m = arg;
	long i = place_of(m, (uint32_t)ifindex);
	bool first;

	if (i < 0)
		return;
	first = !m->list[i].name[0];
	snprintf(m->list[i].name, sizeof(m->list[i].name), "%s", name);
	m->known[i].seen = true;
	look(m, (size_t)i, rule->mode, first);
	m->list[i].plane = rule->plane;
	m->list[i].mode = m->known[i].mode.mode;
	m->list[i].sample = m->known[i].mode.sample;
}

static void forget_gone(struct modes *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (!m->known[i].seen)
			continue;
		m->known[n] = m->known[i];
		m->known[n].seen = false;
		m->list[n++] = m->list[i];
	}
	m->n = n;
}

void modes_step(struct modes *m, const struct ifaces *ifaces, const struct auto_load *load)
{
	m->why = auto_mode_step(&m->state, load);
	ifaces_each(ifaces, on_iface, m);
	forget_gone(m);
}

const struct ledger_iface *modes_list(const struct modes *m, size_t *n)
{
	*n = m->n;
	return m->list;
}
