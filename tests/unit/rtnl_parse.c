/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnl_parse.c - reading netlink messages: what a whole one says, and that a
 * cut or wrong one is never read beyond its end (the sanitizers look on; each
 * message is in an allocation of its own size).
 */
#include <errno.h>
#include <stdlib.h>
#include <linux/if_link.h>
#include <sys/socket.h>
#include "check.h"
#include "attach/link.h"
#include "attach/tc.h"

static void make_link(struct rtnl_req *q, unsigned char family)
{
	const struct ifinfomsg body = { .ifi_family = family, .ifi_type = 1, .ifi_index = 7, .ifi_flags = IFF_UP };
	const uint8_t mode = XDP_ATTACHED_SKB;
	const uint32_t prog = 42;
	struct rtattr *nest;

	rtnl_req_init(q, RTM_NEWLINK, 0, &body, sizeof(body));
	rtnl_req_put(q, IFLA_IFNAME, "eth7", 5);
	nest = rtnl_req_nest(q, IFLA_LINKINFO);
	rtnl_req_put(q, IFLA_INFO_KIND, "veth", 5);
	rtnl_req_nest_end(q, nest);
	nest = rtnl_req_nest(q, IFLA_XDP);
	rtnl_req_put(q, IFLA_XDP_ATTACHED, &mode, sizeof(mode));
	rtnl_req_put(q, IFLA_XDP_PROG_ID, &prog, sizeof(prog));
	rtnl_req_nest_end(q, nest);
	rtnl_req_put(q, IFLA_PARENT_DEV_NAME, "virtio0", 8);
	rtnl_req_put(q, IFLA_PARENT_DEV_BUS_NAME, "virtio", 7);
}

static void test_link(void)
{
	struct rtnl_req q;
	struct link l;

	make_link(&q, AF_UNSPEC);
	CHECK_EQ(link_parse(&q.h, &l), 0);
	CHECK_EQ(l.ifindex, 7);
	CHECK_STR(l.name, "eth7");
	CHECK_STR(l.kind, "veth");
	CHECK(l.up && l.parent && !link_is_physical(&l));
	CHECK_STR(l.bus, "virtio");
	CHECK_EQ(l.xdp_prog, 42);
	CHECK_EQ(l.xdp_mode, XDP_ATTACHED_SKB);
	CHECK_EQ(link_layer(&l), LINK_ETHERNET);
	make_link(&q, AF_BRIDGE);
	CHECK_EQ(link_parse(&q.h, &l), -EAFNOSUPPORT);
}

/* A device that its host plays has a parent and no kind, as a NIC has. */
static void test_physical(void)
{
	const struct { const char *bus; bool physical; } buses[] = {
		{ "pci", true }, { "usb", true }, { "platform", true }, { "", true },
		{ "virtio", false }, { "vmbus", false }, { "xen", false },
	};
	struct link l = { .parent = true };

	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
		snprintf(l.bus, sizeof(l.bus), "%s", buses[i].bus);
		CHECK_EQ(link_is_physical(&l), buses[i].physical);
	}
	snprintf(l.bus, sizeof(l.bus), "pci");
	snprintf(l.kind, sizeof(l.kind), "vlan");
	CHECK(!link_is_physical(&l));
	l = (struct link) { .bus = "pci" };
	CHECK(!link_is_physical(&l));
}

static void test_names_are_not_cut(void)
{
	struct rtnl_req q;
	struct link l;

	make_link(&q, AF_UNSPEC);
	rtnl_req_put(&q, IFLA_IFNAME, "a-name-that-is-too-long", 24);
	CHECK_EQ(link_parse(&q.h, &l), -EBADMSG);
	make_link(&q, AF_UNSPEC);
	rtnl_req_put(&q, IFLA_IFNAME, "unended", 7);
	CHECK_EQ(link_parse(&q.h, &l), 0);
	CHECK_STR(l.name, "unended");
}

/* A message of n bytes that says it has n, at the very end of its memory. */
static void parse_alone(const struct rtnl_req *q, size_t n)
{
	struct nlmsghdr *h = malloc(n);
	struct link l;

	memcpy(h, q, n);
	h->nlmsg_len = n;
	(void)!link_parse(h, &l);
	CHECK(strnlen(l.name, sizeof(l.name)) < sizeof(l.name));
	h->nlmsg_type = RTM_NEWTFILTER;
	(void)tc_event_ifindex(h);
	free(h);
}

static void test_cut(void)
{
	struct rtnl_req q;

	make_link(&q, AF_UNSPEC);
	for (size_t n = sizeof(q.h); n <= q.h.nlmsg_len; n++)
		parse_alone(&q, n);
}

/* Values that are shorter than they should be, as the last bytes of all. */
static void test_short_values(void)
{
	const uint16_t types[] = { IFLA_XDP_ATTACHED, IFLA_XDP_PROG_ID };
	struct rtattr *nest;
	struct rtnl_req q;

	make_link(&q, AF_UNSPEC);
	rtnl_req_put(&q, IFLA_IFNAME, "unended8", 8);
	parse_alone(&q, q.h.nlmsg_len);
	for (int i = 0; i < 2; i++) {
		make_link(&q, AF_UNSPEC);
		nest = rtnl_req_nest(&q, IFLA_XDP);
		rtnl_req_put(&q, types[i], NULL, 0);
		rtnl_req_nest_end(&q, nest);
		parse_alone(&q, q.h.nlmsg_len);
	}
}

static void test_wrong_bytes(void)
{
	struct rtnl_req q;

	make_link(&q, AF_UNSPEC);
	for (size_t at = sizeof(q.h); at < q.h.nlmsg_len; at++) {
		for (int byte = 0; byte < 256; byte++) {
			unsigned char *p = (unsigned char *)&q + at, was = *p;

			*p = byte;
			parse_alone(&q, q.h.nlmsg_len);
			*p = was;
		}
	}
}

int main(void)
{
	RUN(test_link);
	RUN(test_physical);
	RUN(test_names_are_not_cut);
	RUN(test_cut);
	RUN(test_short_values);
	RUN(test_wrong_bytes);
	return check_done();
}
