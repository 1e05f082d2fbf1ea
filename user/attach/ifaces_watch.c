/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ifaces_watch.c - where interfaces are heard of: the full read at the start
 * and whenever rtnetlink lost messages, its events, and the check by timer
 * (taking a link away makes no event at all).
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "base/clock.h"
#include "base/log.h"
#include "attach/ifaces_priv.h"
#include "attach/links.h"
#include "attach/tc.h"

/* Those that the dump didn't show, and that are really not there. */
static void sweep(struct ifaces *s)
{
	for (size_t i = s->n; i-- > 0;) {
		struct link l;

		if (!s->list[i].seen && link_get(s->rtnl, s->list[i].link.ifindex, &l) == -ENODEV)
			ifaces_gone(s, s->list[i].link.ifindex);
	}
}

/* What an error with one interface means for the whole: a glob goes on with the next. */
static int weigh(const struct ifaces *s, const struct link *l, int err)
{
	const struct iface_rule *rule = ifaces_rule(s, l->name);

	if (!err || err == -EBUSY || err == -EPERM || err == -ENOMEM)
		return err;
	return rule && iface_rule_is_glob(rule) ? 0 : err;
}

static bool name_exists(const struct link_list *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++) {
		if (!strcmp(all->links[i].name, name))
			return true;
	}
	return false;
}

static int no_such(const char *name)
{
	log_error("attach %s: no such interface", name);
	return -ENODEV;
}

int ifaces_check_names(const struct options *o)
{
	int err = 0;

	for (size_t i = 0; i < o->ifaces_n; i++)
		if (!iface_rule_is_glob(&o->ifaces[i]) && !if_nametoindex(o->ifaces[i].match))
			err = no_such(o->ifaces[i].match);
	return err;
}

/* Again, by the list that is attached from: it knows no alternative names. */
static int check_names(const struct ifaces *s, const struct link_list *all)
{
	int err = 0;

	for (size_t i = 0; i < s->options->ifaces_n; i++) {
		const struct iface_rule *r = &s->options->ifaces[i];

		if (!iface_rule_is_glob(r) && !name_exists(all, r->match))
			err = no_such(r->match);
	}
	return err;
}

static void expect(struct ifaces *s, const struct link_list *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += ifaces_rule(s, all->links[i].name) != NULL;
	attacher_expect(s->attacher, n);
}

/* -errno is logged. */
static int read_all(struct ifaces *s, bool first)
{
	struct link_list all = { 0 };
	int err, result = 0;

	for (size_t i = 0; i < s->n; i++)
		s->list[i].seen = false;
	err = link_list_read(s->rtnl, &all);
	if (err)
		log_error("read the interfaces: %s", strerror(-err));
	if (!err && first)
		err = check_names(s, &all);
	if (!err && first)
		expect(s, &all);
	for (size_t i = 0; i < all.n && !err; i++) {
		result = weigh(s, &all.links[i], ifaces_link(s, &all.links[i]));
		if (first)
			err = result;
	}
	if (!err)
		sweep(s);
	link_list_free(&all);
	return err;
}

static void verify_dirty(struct ifaces *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->list[i].dirty)
			ifaces_verify(s, &s->list[i]);
	}
}

void ifaces_publish(struct ifaces *s)
{
	if (iface_table_publish(s->table, clock_monotonic_ns()))
		log_warn("publish interface names: out of memory");	/* tried again by the next check */
}

static int heard(const struct nlmsghdr *h, void *arg)
{
	struct ifaces *s = arg;
	struct iface *i;
	struct link l;

	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) {
		i = ifaces_find(s, tc_event_ifindex(h));
		if (i)
			i->dirty = true;
		return 0;
	}
	if (link_parse(h, &l))
		return 0;
	if (h->nlmsg_type == RTM_DELLINK)
		ifaces_gone(s, l.ifindex);
	else
		(void)ifaces_link(s, &l);	/* logged; the others go on */
	return 0;
}

static int log_failure(int err)
{
	if (err)
		log_error("watch interfaces: %s", strerror(-err));
	return err;
}

int ifaces_event(struct ifaces *s)
{
	int err = rtnl_hear(s->monitor, heard, s);

	if (err == -ENOBUFS) {
		log_info("watch interfaces: messages were lost: reading everything again");
		err = read_all(s, false);
		for (size_t i = 0; i < s->n; i++)
			s->list[i].dirty = true;
	} else {
		(void)log_failure(err);
	}
	verify_dirty(s);
	ifaces_publish(s);
	return err;
}

/*
 * A look at an interface takes several calls of the kernel: with a thousand of
 * them idle it would be felt. One that is not attached costs nothing until it
 * is time to try it again.
 */
void ifaces_check(struct ifaces *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!ifaces_attached(&s->list[i]))
			ifaces_verify(s, &s->list[i]);
	for (size_t i = 0; i < s->n && i < IFACES_CHECK_MAX; i++) {
		if (s->checked >= s->n)
			s->checked = 0;
		ifaces_verify(s, &s->list[s->checked++]);
	}
	ifaces_publish(s);
}

int ifaces_fd(const struct ifaces *s)
{
	return rtnl_fd(s->monitor);
}

/* Listening before reading: what comes in between is heard. */
static int start(struct ifaces *s, const struct attach_programs *p)
{
	int err = attacher_open(&s->attacher, p, s->options->tc);

	if (!err)
		err = log_failure(rtnl_monitor(&s->monitor));
	if (!err)
		err = log_failure(rtnl_open(&s->rtnl));
	if (!err)
		err = read_all(s, true);
	if (err)
		return err;
	attach_sweep(s->attacher);
	return log_failure(iface_table_publish(s->table, clock_monotonic_ns()));
}

static int stage_names(struct ifaces *s, const struct link_list *all)
{
	int err = 0;

	for (size_t i = 0; i < all->n && !err; i++) {
		const struct iface one = { .link = all->links[i], .rule = ifaces_rule(s, all->links[i].name) };

		err = ifaces_stage_name(s, &one);
		if (!err && !one.rule)
			iface_table_gone(s->table, one.link.ifindex, clock_monotonic_ns());
	}
	return err;
}

int ifaces_names(const struct ifaces_settings *settings)
{
	struct ifaces s = { .options = settings->options, .table = settings->table, .board = settings->board };
	struct link_list all = { 0 };
	int err = rtnl_open(&s.rtnl);

	if (!err)
		err = link_list_read(s.rtnl, &all);
	if (!err)
		err = stage_names(&s, &all);
	if (!err)
		err = iface_table_publish(s.table, clock_monotonic_ns());
	link_list_free(&all);
	rtnl_close(s.rtnl);
	if (err)
		log_error("name the interfaces: %s", strerror(-err));
	return err;
}

int ifaces_open(struct ifaces **out, const struct ifaces_settings *settings)
{
	struct ifaces *s = calloc(1, sizeof(*s));
	int err = s ? 0 : log_failure(-ENOMEM);

	*out = NULL;
	if (err)
		return err;
	s->options = settings->options;
	s->table = settings->table;
	s->board = settings->board;
	s->modes_map = settings->programs.modes_map;
	s->pinned = settings->programs.pins;
	s->keep = settings->programs.adopted;	/* a start that fails must not lose what was counted */
	err = start(s, &settings->programs);
	if (err) {
		ifaces_close(s);
		return err;
	}
	s->keep = false;
	*out = s;
	return 0;
}

int ifaces_exit_code(int err)
{
	switch (err) {
	case 0:
		return EX_OK;
	case -ENODEV:
		return EX_NOINPUT;
	case -EPERM:
	case -EACCES:
		return EX_NOPERM;
	case -EBUSY:
	case -EOPNOTSUPP:
		return EX_UNAVAILABLE;
	default:
		return EX_OSERR;
	}
}
