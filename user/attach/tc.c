/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tc.c - the clsact qdisc and its filters, by rtnetlink.
 *
 * Stands below attach_clsact.c, chain.c and detach.c; decides nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include "attach/tc.h"

struct tc_walk {
	int (*cb)(const struct tc_filter *f, void *arg);
	void *arg;
	uint32_t parent;
};

static uint32_t tc_parent(enum nt_dir dir)
{
	return TC_H_MAKE(TC_H_CLSACT, dir == NT_DIR_IN ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

static struct tcmsg filter_body(int ifindex, enum nt_dir dir, const struct tc_filter *f)
{
	return (struct tcmsg) {
		.tcm_ifindex = ifindex,
		.tcm_parent = tc_parent(dir),
		.tcm_handle = f->handle,
		.tcm_info = TC_H_MAKE(f->prio << 16, htons(ETH_P_ALL)),
	};
}

static int clsact_talk(struct rtnl *r, int ifindex, uint16_t type, uint16_t flags)
{
	const struct tcmsg body = {
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_CLSACT,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
	};
	struct rtnl_req q;

	rtnl_req_init(&q, type, flags, &body, sizeof(body));
	rtnl_req_put(&q, TCA_KIND, "clsact", sizeof("clsact"));
	return rtnl_talk(r, &q, NULL, NULL);
}

int tc_clsact_add(struct rtnl *r, int ifindex)
{
	return clsact_talk(r, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
}

int tc_clsact_delete(struct rtnl *r, int ifindex)
{
	return clsact_talk(r, ifindex, RTM_DELQDISC, 0);
}

struct kind_arg {
	int ifindex;
	char *kind;
};

static int keep_kind(const struct nlmsghdr *h, void *arg)
{
	const struct rtattr *tb[TCA_KIND + 1];
	const struct tcmsg *t = NLMSG_DATA(h);
	struct kind_arg *k = arg;

	if (rtnl_msg_attrs(tb, TCA_KIND + 1, h, sizeof(*t)))
		return -EBADMSG;
	if (t->tcm_ifindex == k->ifindex && t->tcm_parent == TC_H_CLSACT)
		return rtnl_str(tb[TCA_KIND], k->kind, 16);
	return 0;
}

int tc_clsact_kind(struct rtnl *r, int ifindex, char kind[16])
{
	const struct tcmsg body = { .tcm_ifindex = ifindex, .tcm_parent = TC_H_CLSACT };
	struct kind_arg k = { .ifindex = ifindex, .kind = kind };
	struct rtnl_req q;
	int err;

	kind[0] = '\0';
	/* Without ECHO, kernels of 2022 answer to the listeners only. */
	rtnl_req_init(&q, RTM_GETQDISC, NLM_F_ECHO, &body, sizeof(body));
	err = rtnl_talk(r, &q, keep_kind, &k);
	return err == -ENOENT || err == -EINVAL ? 0 : err;
}

static int filter_put(struct rtnl *r, int ifindex, enum nt_dir dir, const struct tc_filter *f, int prog_fd,
		      uint16_t how)
{
	const uint32_t flags = TCA_BPF_FLAG_ACT_DIRECT, fd = prog_fd;
	struct tcmsg body = filter_body(ifindex, dir, f);
	struct rtattr *nest;
	struct rtnl_req q;

	rtnl_req_init(&q, RTM_NEWTFILTER, how, &body, sizeof(body));
	rtnl_req_put(&q, TCA_KIND, "bpf", sizeof("bpf"));
	nest = rtnl_req_nest(&q, TCA_OPTIONS);
	rtnl_req_put(&q, TCA_BPF_FD, &fd, sizeof(fd));
	rtnl_req_put(&q, TCA_BPF_NAME, f->name, strnlen(f->name, sizeof(f->name) - 1) + 1);
	rtnl_req_put(&q, TCA_BPF_FLAGS, &flags, sizeof(flags));
	rtnl_req_nest_end(&q, nest);
	return rtnl_talk(r, &q, NULL, NULL);
}

int tc_filter_add(struct rtnl *r, int ifindex, enum nt_dir dir, const struct tc_filter *f, int prog_fd)
{
	return filter_put(r, ifindex, dir, f, prog_fd, NLM_F_CREATE | NLM_F_EXCL);
}

int tc_filter_replace(struct rtnl *r, int ifindex, enum nt_dir dir, const struct tc_filter *f, int prog_fd)
{
	return filter_put(r, ifindex, dir, f, prog_fd, NLM_F_REPLACE);
}

int tc_filter_delete(struct rtnl *r, int ifindex, enum nt_dir dir, const struct tc_filter *f)
{
	struct tcmsg body = filter_body(ifindex, dir, f);
	struct rtnl_req q;

	rtnl_req_init(&q, RTM_DELTFILTER, 0, &body, sizeof(body));
	rtnl_req_put(&q, TCA_KIND, "bpf", sizeof("bpf"));
	return rtnl_talk(r, &q, NULL, NULL);
}

static int parse_filter(const struct nlmsghdr *h, uint32_t *parent, struct tc_filter *f)
{
	const struct rtattr *tb[TCA_CHAIN + 1], *opt[TCA_BPF_ID + 1];
	const struct tcmsg *t = NLMSG_DATA(h);

	memset(f, 0, sizeof(*f));
	if (rtnl_msg_attrs(tb, TCA_CHAIN + 1, h, sizeof(*t)))
		return -EBADMSG;
	*parent = t->tcm_parent;
	f->prio = TC_H_MAJ(t->tcm_info) >> 16;
	f->handle = t->tcm_handle;
	f->chain = rtnl_u32(tb[TCA_CHAIN], 0);
	if (rtnl_str(tb[TCA_KIND], f->kind, sizeof(f->kind)))
		strcpy(f->kind, "?");
	if (strcmp(f->kind, "bpf") || !tb[TCA_OPTIONS])
		return 0;
	rtnl_attrs(opt, TCA_BPF_ID + 1, RTA_DATA(tb[TCA_OPTIONS]), RTA_PAYLOAD(tb[TCA_OPTIONS]));
	f->prog_id = rtnl_u32(opt[TCA_BPF_ID], 0);
	/* Others may use longer names; ours fit, so that a name that doesn't is not ours. */
	(void)rtnl_str(opt[TCA_BPF_NAME], f->name, sizeof(f->name));
	return 0;
}

static int walk_filter(const struct nlmsghdr *h, void *arg)
{
	struct tc_walk *w = arg;
	struct tc_filter f;
	uint32_t parent;
	int err;

	if (h->nlmsg_type != RTM_NEWTFILTER)
		return 0;
	err = parse_filter(h, &parent, &f);
	if (err)
		return err;
	/* An ingress qdisc answers for any parent: take only what was asked for. */
	return parent == w->parent ? w->cb(&f, w->arg) : 0;
}

int tc_filter_dump(struct rtnl *r, int ifindex, enum nt_dir dir,
		   int (*cb)(const struct tc_filter *f, void *arg), void *arg)
{
	const struct tcmsg body = { .tcm_ifindex = ifindex, .tcm_parent = tc_parent(dir) };
	struct tc_walk w = { .cb = cb, .arg = arg, .parent = body.tcm_parent };
	struct rtnl_req q;

	rtnl_req_init(&q, RTM_GETTFILTER, NLM_F_DUMP, &body, sizeof(body));
	return rtnl_talk(r, &q, walk_filter, &w);
}

static int count_filter(const struct tc_filter *f, void *arg)
{
	(void)f;
	++*(unsigned int *)arg;
	return 0;
}

bool tc_clsact_empty(struct rtnl *r, int ifindex)
{
	unsigned int left = 0;

	return !tc_filter_dump(r, ifindex, NT_DIR_IN, count_filter, &left) &&
	       !tc_filter_dump(r, ifindex, NT_DIR_OUT, count_filter, &left) && !left;
}

static int keep_filter(const struct tc_filter *f, void *arg)
{
	*(struct tc_filter *)arg = *f;
	return 0;
}

int tc_filter_get(struct rtnl *r, int ifindex, enum nt_dir dir, struct tc_filter *f)
{
	struct tcmsg body = filter_body(ifindex, dir, f);
	struct tc_walk w = { .cb = keep_filter, .arg = f, .parent = body.tcm_parent };
	struct rtnl_req q;
	int err;

	rtnl_req_init(&q, RTM_GETTFILTER, 0, &body, sizeof(body));
	rtnl_req_put(&q, TCA_KIND, "bpf", sizeof("bpf"));
	err = rtnl_talk(r, &q, walk_filter, &w);
	/* No qdisc (any more), or another kind of classifier at this priority. */
	return err == -EINVAL ? -ENOENT : err;
}

int tc_event_ifindex(const struct nlmsghdr *h)
{
	const struct tcmsg *t = NLMSG_DATA(h);

	switch (h->nlmsg_type) {
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		return h->nlmsg_len < NLMSG_LENGTH(sizeof(*t)) ? 0 : t->tcm_ifindex;
	default:
		return 0;
	}
}
