/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detach.c - clears what dead instances left in this network namespace: their
 * folders of pins, and so links and maps, and filters of clsact, with the
 * qdisc if that instance made it and nothing else is in it.
 *
 * Folders of namespaces that are gone are cleared, too. A living instance, one
 * of another living namespace and everything of others is left alone.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
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
#include "attach/netns.h"
#include "attach/pins.h"
#include "attach/tc.h"

struct detach {
	struct rtnl *rtnl;
	struct instances all;
	struct pins_folders folders;
	const char *only;		/* the instance that is to be cleared alone; or NULL */
	unsigned int removed, failed;
};

/* Filters to delete: not while they are being dumped. */
struct victims {
	struct detach *d;
	struct tc_filter *list;
	size_t n;
};

/* Dead, of here, and asked for. */
static bool is_victim(const struct detach *d, const struct instance *i)
{
	if (i->alive || !i->here)
		return false;
	for (size_t n = 0; d->only && n < d->folders.n; n++)
		if (d->folders.list[n].pins && d->folders.list[n].map_id == i->map_id)
			return true;
	return !d->only;
}

static int pick(const struct tc_filter *f, void *arg)
{
	struct victims *v = arg;
	const struct instance *i = f->prog_id ? instances_of(&v->d->all, f->prog_id) : NULL;
	struct tc_filter *more;

	if (!i || !is_victim(v->d, i))
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

		if (!is_victim(d, i) || !i->ifaces_id)
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

/* Of this namespace, or of one that is gone; and asked for. */
static bool is_wanted(const struct detach *d, const struct pins_folder *f)
{
	if (d->only && !pins_folder_is(f, d->only))
		return false;
	return f->netns == netns_inode() || netns_is_gone(f->netns);
}

/* Its owner is about to take it over from a dead one, perhaps, whose name nt_instance still bears. */
static void spare(struct detach *d, const struct pins_folder *f)
{
	for (size_t i = 0; i < d->all.n; i++)
		d->all.list[i].alive |= d->all.list[i].map_id == f->map_id;
}

/* From now on nobody takes them over. */
static int lock_folders(struct detach *d)
{
	for (size_t i = 0; i < d->folders.n; i++) {
		struct pins_folder *f = &d->folders.list[i];
		int err = is_wanted(d, f) ? pins_folder_lock(f) : 0;

		if (err == -EWOULDBLOCK)
			spare(d, f);
		else if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

static int say_link(const char *pin, void *arg)
{
	char name[IF_NAMESIZE], dir[4], hook[4];
	int ifindex;

	(void)arg;
	if (sscanf(pin, "link_%d_%3[a-z]_%3[a-z]", &ifindex, dir, hook) == 3)
		log_notice("detached %s %s %s: its link was pinned",
			   if_indextoname(ifindex, name) ? name : "an interface that is gone,",
			   strcmp(dir, "in") ? "egress" : "ingress", hook);
	return 0;
}

/* Numbers of interfaces mean nothing but in their own namespace. */
static bool is_here(const struct pins_folder *f)
{
	return f->netns == netns_inode() && (!f->map_id || f->facts.netns_cookie == netns_cookie());
}

static void clear_folders(struct detach *d)
{
	for (size_t i = 0; i < d->folders.n; i++) {
		struct pins_folder *f = &d->folders.list[i];
		int err;

		if (!f->pins)
			continue;
		err = is_here(f) ? pins_each(f->pins, "link_", say_link, NULL) : 0;
		if (!err)
			err = pins_clear(f->pins);
		if (err) {
			log_error("clear %s: %s", f->path, strerror(-err));
			d->failed++;
			continue;
		}
		log_notice("cleared %s%s", f->path, is_here(f) ? "" : ", whose network namespace is gone");
		d->removed++;
	}
}

/* "default" is every instance's name that was not given one: then all are meant. */
static const char *only(const struct options *o)
{
	return o->instance && strcmp(o->instance, "default") ? o->instance : NULL;
}

static int detach_open(struct detach *d, const struct options *o)
{
	int err = instances_find(&d->all);

	d->only = only(o);
	if (!err)
		err = rtnl_open(&d->rtnl);
	if (!err && o->pins && strcmp(o->pins, "off"))
		err = pins_folders_read(&d->folders, o->pins);
	return err ? err : lock_folders(d);
}

int detach_main(const struct options *o)
{
	struct detach d = { 0 };
	int err = detach_open(&d, o);

	if (!err) {
		log_living(&d.all);
		err = detach_all(&d);
	}
	if (!err)
		clear_folders(&d);
	rtnl_close(d.rtnl);
	pins_folders_free(&d.folders);
	instances_free(&d.all);
	if (err)
		return instances_failure("detach", err);
	if (!d.removed && !d.failed)
		log_notice("detach: nothing was left by a ninetap that is gone");
	return d.failed ? EX_OSERR : EX_OK;
}
