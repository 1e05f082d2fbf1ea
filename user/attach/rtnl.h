/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnl.h - a small rtnetlink client: one request and its answers at a time,
 * and a socket that hears of changes. It knows messages and attributes, not
 * what they mean (see link.h and tc.h).
 *
 * One thread an object. Every length that the kernel sends is checked before
 * it is used. 0 or -errno; the kernel's own words about the last refusal are
 * kept in rtnl_reason().
 */
#ifndef NINETAP_RTNL_H
#define NINETAP_RTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

struct rtnl;

/* Called for each message; a negative return ends the call that read it with that error. */
typedef int (*rtnl_cb)(const struct nlmsghdr *h, void *arg);

/* A request under construction; large enough for all that ninetap asks. */
struct rtnl_req {
	struct nlmsghdr h;
	unsigned char body[496];
};

int rtnl_open(struct rtnl **out) __attribute__((warn_unused_result));
void rtnl_close(struct rtnl *r);	/* NULL is fine */

/* body: the fixed header behind nlmsghdr (ifinfomsg, tcmsg), of at most 64 bytes. */
void rtnl_req_init(struct rtnl_req *q, uint16_t type, uint16_t flags, const void *body, size_t len);

/* Appends an attribute; len is at most 128 bytes and three of them fit. */
void rtnl_req_put(struct rtnl_req *q, uint16_t type, const void *data, size_t len);

/* Opens and closes an attribute that holds others. */
struct rtattr *rtnl_req_nest(struct rtnl_req *q, uint16_t type);
void rtnl_req_nest_end(struct rtnl_req *q, struct rtattr *nest);

/*
 * Sends q and gives each answer to cb (may be NULL) until the kernel's
 * acknowledgement or the end of the dump. -EINTR: the table changed during
 * the dump, so that an entry may be missing or doubled.
 */
int rtnl_talk(struct rtnl *r, struct rtnl_req *q, rtnl_cb cb, void *arg) __attribute__((warn_unused_result));

/* What the kernel said about the last error (extended ack), or "". */
const char *rtnl_reason(const struct rtnl *r);

/* Hears of changes of links and of traffic control; the descriptor does not block. */
int rtnl_monitor(struct rtnl **out) __attribute__((warn_unused_result));
int rtnl_fd(const struct rtnl *r);

/*
 * Gives all waiting messages to cb. -ENOBUFS: some were lost, and the caller
 * must read everything again; the others were delivered.
 */
int rtnl_hear(struct rtnl *r, rtnl_cb cb, void *arg) __attribute__((warn_unused_result));

/* The n first attribute types of [data, data + len) into tb[0..n-1], absent ones NULL. */
void rtnl_attrs(const struct rtattr **tb, size_t n, const void *data, size_t len);

/* The attributes behind a fixed header of `fixed` bytes. -EBADMSG: too short for it. */
int rtnl_msg_attrs(const struct rtattr **tb, size_t n, const struct nlmsghdr *h, size_t fixed)
	__attribute__((warn_unused_result));

uint32_t rtnl_u32(const struct rtattr *a, uint32_t otherwise);	/* a may be NULL */
uint8_t rtnl_u8(const struct rtattr *a, uint8_t otherwise);

/* Copies a string attribute, ended; "" if a is NULL, -ENAMETOOLONG (and "") if it does not fit. */
int rtnl_str(const struct rtattr *a, char *out, size_t size);

#endif
