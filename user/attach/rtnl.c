/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnl.c - a small rtnetlink client.
 *
 * Stands below link.c, tc.c and ifaces.c; beside the way of the packets. It
 * decides nothing: errors go up with the kernel's reason.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "attach/rtnl.h"

/* A dump's part holds at most 32 KiB; an event of one link is far smaller. */
#define RTNL_BUF_BYTES 65536
/* A thousand interfaces that come at once are some 2 MiB of events. */
#define RTNL_MONITOR_BYTES (8 << 20)

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

struct rtnl {
	int fd;
	uint32_t seq;
	char reason[160];
	unsigned char buf[RTNL_BUF_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* One request's progress through its answers. */
struct talk {
	rtnl_cb cb;
	void *arg;
	bool done, interrupted;
	int err;
};

static int rtnl_socket(struct rtnl **out, int type)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct rtnl *r = calloc(1, sizeof(*r));
	int one = 1;

	*out = NULL;
	if (!r)
		return -ENOMEM;
	r->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | type, NETLINK_ROUTE);
	/* Unbound, a socket hears nothing of what the kernel itself announces, such as new links. */
	if (r->fd < 0 || bind(r->fd, (const struct sockaddr *)&any, sizeof(any))) {
		int err = -errno;

		if (r->fd >= 0)
			close(r->fd);
		free(r);
		return err;
	}
	/* Only for the sentences: without them the errno alone is reported. */
	(void)setsockopt(r->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	*out = r;
	return 0;
}

int rtnl_open(struct rtnl **out)
{
	/* The kernel always answers; should it not, an error is better than a process that hangs. */
	const struct timeval patience = { .tv_sec = 10 };
	int err = rtnl_socket(out, 0);

	if (!err)
		(void)setsockopt((*out)->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return err;
}

void rtnl_close(struct rtnl *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r);
}

int rtnl_fd(const struct rtnl *r)
{
	return r->fd;
}

const char *rtnl_reason(const struct rtnl *r)
{
	return r->reason;
}

void rtnl_req_init(struct rtnl_req *q, uint16_t type, uint16_t flags, const void *body, size_t len)
{
	memset(q, 0, sizeof(*q));
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = NLM_F_REQUEST | flags;
	/* NLM_F_DUMP is two bits, one of which is NLM_F_EXCL in a request to make something. */
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		q->h.nlmsg_flags |= NLM_F_ACK;
	q->h.nlmsg_len = NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&q->h), body, len);
}

void rtnl_req_put(struct rtnl_req *q, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((char *)&q->h + NLMSG_ALIGN(q->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	q->h.nlmsg_len = NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

struct rtattr *rtnl_req_nest(struct rtnl_req *q, uint16_t type)
{
	struct rtattr *a = (void *)((char *)&q->h + NLMSG_ALIGN(q->h.nlmsg_len));

	rtnl_req_put(q, type, NULL, 0);
	return a;
}

void rtnl_req_nest_end(struct rtnl_req *q, struct rtattr *nest)
{
	nest->rta_len = (char *)&q->h + q->h.nlmsg_len - (char *)nest;
}

void rtnl_attrs(const struct rtattr **tb, size_t n, const void *data, size_t len)
{
	const struct rtattr *a = data;
	int left = (int)len;

	memset(tb, 0, n * sizeof(*tb));
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		unsigned int type = a->rta_type & NLA_TYPE_MASK;

		if (type < n)
			tb[type] = a;
	}
}

int rtnl_msg_attrs(const struct rtattr **tb, size_t n, const struct nlmsghdr *h, size_t fixed)
{
	size_t skip = NLMSG_SPACE(fixed);

	if (h->nlmsg_len < NLMSG_LENGTH(fixed))
		return -EBADMSG;
	rtnl_attrs(tb, n, (const char *)h + skip, h->nlmsg_len > skip ? h->nlmsg_len - skip : 0);
	return 0;
}

uint32_t rtnl_u32(const struct rtattr *a, uint32_t otherwise)
{
	uint32_t v = otherwise;

	if (a && RTA_PAYLOAD(a) >= sizeof(v))
		memcpy(&v, RTA_DATA(a), sizeof(v));
	return v;
}

uint8_t rtnl_u8(const struct rtattr *a, uint8_t otherwise)
{
	return a && RTA_PAYLOAD(a) >= 1 ? *(const uint8_t *)RTA_DATA(a) : otherwise;
}

int rtnl_str(const struct rtattr *a, char *out, size_t size)
{
	size_t len = a ? strnlen(RTA_DATA(a), RTA_PAYLOAD(a)) : 0;

	out[0] = '\0';
	if (len >= size)
		return -ENAMETOOLONG;
	if (len)
		memcpy(out, RTA_DATA(a), len);
	out[len] = '\0';
	return 0;
}

/* Keeps the kernel's sentence that follows an error message, if there is one. */
static void keep_reason(struct rtnl *r, const struct nlmsghdr *h)
{
	const struct rtattr *tb[NLMSGERR_ATTR_MSG + 1];
	const struct nlmsgerr *e = NLMSG_DATA(h);
	size_t skip = NLMSG_LENGTH(sizeof(*e));

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < sizeof(e->msg) || e->msg.nlmsg_len > h->nlmsg_len)
			return;
		skip += NLMSG_ALIGN(e->msg.nlmsg_len - sizeof(e->msg));
	}
	if (skip >= h->nlmsg_len)
		return;
	rtnl_attrs(tb, NLMSGERR_ATTR_MSG + 1, (const char *)h + skip, h->nlmsg_len - skip);
	if (rtnl_str(tb[NLMSGERR_ATTR_MSG], r->reason, sizeof(r->reason)))
		r->reason[0] = '\0';
}

static void talk_end(struct rtnl *r, const struct nlmsghdr *h, struct talk *t)
{
	const int *err = NLMSG_DATA(h);

	t->done = true;
	if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		t->err = -EBADMSG;
	else if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*err)) && *err && !t->err)
		t->err = *err;
	if (h->nlmsg_type == NLMSG_ERROR && t->err && t->err != -EBADMSG)
		keep_reason(r, h);
}

static void talk_message(struct rtnl *r, const struct nlmsghdr *h, struct talk *t)
{
	if (h->nlmsg_seq != r->seq)
		return;	/* the rest of a request that was given up */
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		t->interrupted = true;
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
		talk_end(r, h, t);
	else if (h->nlmsg_type >= NLMSG_MIN_TYPE && t->cb && !t->err)
		t->err = t->cb(h, t->arg);
}

/* Bytes of one datagram, 0 when none waits, or -errno. */
static ssize_t rtnl_recv(struct rtnl *r)
{
	ssize_t n;

	do {
		n = recv(r->fd, r->buf, sizeof(r->buf), MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return (size_t)n > sizeof(r->buf) ? -ENOBUFS : n;
}

int rtnl_talk(struct rtnl *r, struct rtnl_req *q, rtnl_cb cb, void *arg)
{
	struct talk t = { .cb = cb, .arg = arg };

	r->reason[0] = '\0';
	q->h.nlmsg_seq = ++r->seq;
	if (send(r->fd, q, q->h.nlmsg_len, 0) < 0)
		return -errno;
	while (!t.done) {
		ssize_t n = rtnl_recv(r);
		int left = (int)n;

		if (n <= 0)
			return n ? (int)n : -ETIMEDOUT;
		for (const struct nlmsghdr *h = (void *)r->buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			talk_message(r, h, &t);
	}
	return !t.err && t.interrupted ? -EINTR : t.err;
}

int rtnl_monitor(struct rtnl **out)
{
	const int groups[] = { RTNLGRP_LINK, RTNLGRP_TC };
	int err = rtnl_socket(out, SOCK_NONBLOCK), bytes = RTNL_MONITOR_BYTES;

	if (err)
		return err;
	/* Without CAP_NET_ADMIN the smaller size overflows sooner: more full reads, no loss. */
	if (setsockopt((*out)->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt((*out)->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (setsockopt((*out)->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i]))) {
			err = -errno;
			rtnl_close(*out);
			*out = NULL;
			return err;
		}
	}
	return 0;
}

int rtnl_hear(struct rtnl *r, rtnl_cb cb, void *arg)
{
	bool lost = false;
	ssize_t n;

	while ((n = rtnl_recv(r)) != 0) {
		int left = (int)n, err = 0;

		if (n == -ENOBUFS) {
			lost = true;
			continue;
		}
		if (n < 0)
			return (int)n;
		for (const struct nlmsghdr *h = (void *)r->buf; NLMSG_OK(h, left) && !err; h = NLMSG_NEXT(h, left))
			err = cb(h, arg);
		if (err)
			return err;
	}
	return lost ? -ENOBUFS : 0;
}
