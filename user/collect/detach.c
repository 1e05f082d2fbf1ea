/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detach.c - clears what dead instances left in this network namespace.
 *
 * TCX and XDP links go with their process; clsact filters stay, and are
 * deleted here, with the qdisc if that instance made it and nothing else is
 * in it. A living instance and everything of others is left alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "base/log.h"
#include "attach/chain.h"
#include "collect/commands.h"
#include "attach/instance.h"
#include "attach/links.h"
#include "attach/tc.h"

struct detach {
	struct rtnl *rtnl;
	struct instances all;
	unsigned int removed, failed;
};

/* Filters to delete: not while they are being dumped. */
struct victims {
	struct detach *d;
	struct tc_filter *list;
	size_t n;
};

static int pick(const struct tc_filter *f, void *arg)
{
	struct victims *v = arg;
	const struct instance *i = f->prog_id ? instances_of(&v->d->all, f->prog_id) : NULL;
	struct tc_filter *more;

	if (!i || i->alive || !i->here)
		return 0;
	more = reallocarray(v->list, v->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	v->list = more;
	v->list[v->n++] = *f;
	return 0;
}

static void delete_filter(struct detach *d, const struct link *l, enum nt_dir dir, const struct tc_filter *f)
{
	int err = tc_filter_delete(d->rtnl, l->ifindex, dir, f);

	if (err == -ENOENT || err == -ENODEV)
		return;
	if (err) {
		log_error("detach %s %s: %s", l->name, chain_dir_names[dir], strerror(-err));
		d->failed++;
		return;
	}
	log_notice("detached %s %s clsact: program %u, priority %u", l->name, chain_dir_names[dir],
		   f->prog_id, f->prio);
	d->removed++;
}

static int detach_dir(struct detach *d, const struct link *l, enum nt_dir dir)
{
	struct victims v = { .d = d };
	int err = tc_filter_dump(d->rtnl, l->ifindex, dir, pick, &v);

	for (size_t i = 0; i < v.n && !err; i++)
		delete_filter(d, l, dir, &v.list[i]);
	free(v.list);
	return err == -ENODEV || err == -EINTR ? 0 : err;
}

/* Whether a dead instance made that interface's qdisc. */
static bool made_by_dead(const struct detach *d, int ifindex)
{
	for (size_t n = 0; n < d->all.n; n++) {
		const struct instance *i = &d->all.list[n];
		struct nt_iface facts = { 0 };
		char name[PROG_NAME_BYTES];
		__u32 key = ifindex;
		int fd;

		if (i->alive || !i->here || !i->ifaces_id)
			continue;
		fd = map_open_id(i->ifaces_id, name);
		if (fd < 0)
			continue;
		if (bpf_map_lookup_elem(fd, &key, &facts))
			facts.qdisc_made = 0;
		close(fd);
		if (facts.qdisc_made)
			return true;
	}
	return false;
}

static int detach_link(struct detach *d, const struct link *l)
{
	int err = detach_dir(d, l, NT_DIR_IN);

	if (!err)
		err = detach_dir(d, l, NT_DIR_OUT);
	if (err || !made_by_dead(d, l->ifindex) || !tc_clsact_empty(d->rtnl, l->ifindex))
		return err;
	err = tc_clsact_delete(d->rtnl, l->ifindex);
	if (!err)
		log_notice("deleted the clsact qdisc of %s", l->name);
	return err == -ENOENT || err == -ENODEV || err == -EINVAL ? 0 : err;
}

static int detach_all(struct detach *d)
{
	struct link_list links = { 0 };
	int err = link_list_read(d->rtnl, &links);

	for (size_t i = 0; i < links.n && !err; i++)
		err = detach_link(d, &links.links[i]);
	link_list_free(&links);
	return err;
}

static void log_living(const struct instances *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->list[i].here && all->list[i].alive)
			log_notice("detach: ninetap with pid %u is alive: stop it to detach what is its own",
				   all->list[i].facts.pid);
	}
}

int detach_main(const struct options *o)
{
	struct detach d = { 0 };
	int err = instances_find(&d.all);

	(void)o;
	if (!err)
		err = rtnl_open(&d.rtnl);
	if (!err) {
		log_living(&d.all);
		err = detach_all(&d);
	}
	rtnl_close(d.rtnl);
	instances_free(&d.all);
	if (err)
		return instances_failure("detach", err);
	if (!d.removed && !d.failed)
		log_notice("detach: nothing was left by a ninetap that is gone");
	return d.failed ? EX_OSERR : EX_OK;
}
