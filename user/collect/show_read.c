/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_read.c - which instances there are and where they are attached. What
 * their maps say is show_maps.c's, their pins show_pins.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpf/libbpf.h>
#include "base/clock.h"
#include "attach/links.h"
#include "collect/show_read.h"

static int read_instance(const struct instance *i, struct shown_instance *out)
{
	int err;

	out->instance = i;
	out->since_ns = clock_ns(CLOCK_REALTIME) - (clock_ns(CLOCK_BOOTTIME) - (int64_t)i->facts.start_ns);
	out->cpus_n = libbpf_num_possible_cpus();
	out->cpus = calloc(out->cpus_n, sizeof(*out->cpus));
	if (!out->cpus)
		return -ENOMEM;
	err = i->facts.abi == NT_ABI_VERSION ? show_read_maps(out) : -EPROTO;
	if (err == -EPROTO) {
		free(out->cpus);
		out->cpus = NULL;
		err = 0;
	}
	return err;
}

/* A place keeps its own copy of the chain, as far as our program. */
static int add_place(struct shown *s, const char *iface, enum nt_dir dir, const struct chain *c, size_t own)
{
	struct shown_place *more = reallocarray(s->places, s->places_n + 1, sizeof(*more)), *p;
	struct chain_prog *progs = calloc(own + 1, sizeof(*progs));

	if (more)
		s->places = more;
	if (!more || !progs) {
		free(progs);
		return -ENOMEM;
	}
	memcpy(progs, c->progs, (own + 1) * sizeof(*progs));
	p = &s->places[s->places_n++];
	*p = (struct shown_place) {
		.dir = dir, .own = own, .chain = { .progs = progs, .n = own + 1 },
		.instance = instances_of(&s->all, progs[own].id),
	};
	snprintf(p->iface, sizeof(p->iface), "%s", iface);
	return 0;
}

static int read_place(struct shown *s, struct rtnl *r, const struct link *l, enum nt_dir dir)
{
	struct chain c;
	int err = chain_read(r, l->ifindex, dir, &c);

	if (err)
		return err == -ENODEV ? 0 : err;
	for (size_t i = 0; i < c.n && !err; i++) {
		if (instances_of(&s->all, c.progs[i].id))
			err = add_place(s, l->name, dir, &c, i);
	}
	chain_free(&c);
	return err;
}

static int read_places(struct shown *s)
{
	struct link_list links = { 0 };
	struct rtnl *r;
	int err = rtnl_open(&r);

	if (err)
		return err;
	err = link_list_read(r, &links);
	for (size_t i = 0; i < links.n && !err; i++) {
		err = read_place(s, r, &links.links[i], NT_DIR_IN);
		if (!err)
			err = read_place(s, r, &links.links[i], NT_DIR_OUT);
	}
	link_list_free(&links);
	rtnl_close(r);
	return err;
}

bool show_has_place(const struct shown *s, const struct instance *of)
{
	for (size_t i = 0; i < s->places_n; i++) {
		if (s->places[i].instance == of)
			return true;
	}
	return false;
}

/* Dead, attached nowhere and not pinned: the kernel is about to free it. It is not listed. */
static void drop_leaving(struct shown *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->instances_n; i++) {
		struct shown_instance *one = &s->instances[i];
		const struct instance *of = one->instance;

		if (of->alive || !of->here || one->pinned || show_has_place(s, of))
			s->instances[kept++] = *one;
		else
			free(one->cpus);
	}
	s->instances_n = kept;
}

int show_read(struct shown *out, const char *pins)
{
	int err;

	memset(out, 0, sizeof(*out));
	err = instances_find(&out->all);
	if (err || !out->all.n)
		return err;
	out->instances = calloc(out->all.n, sizeof(*out->instances));
	if (!out->instances)
		return -ENOMEM;
	out->instances_n = out->all.n;
	for (size_t i = 0; i < out->all.n && !err; i++)
		err = read_instance(&out->all.list[i], &out->instances[i]);
	if (!err)
		err = read_places(out);
	if (!err)
		err = show_read_pins(out, pins);
	if (err)
		return err;
	drop_leaving(out);
	show_read_modes(out);
	return 0;
}

void show_free(struct shown *s)
{
	for (size_t i = 0; i < s->instances_n; i++) {
		free(s->instances[i].cpus);
		free(s->instances[i].pinned);
	}
	for (size_t i = 0; i < s->places_n; i++)
		chain_free(&s->places[i].chain);
	free(s->instances);
	free(s->places);
	instances_free(&s->all);
}
