/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c - facts about network interfaces, by rtnetlink and ethtool.
 *
 * Read when interfaces are attached, checked and shown; not on the way of the
 * packets.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <net/if_arp.h>	/* not linux/if_arp.h: it collides with net/if.h */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include "attach/link.h"

#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519
#endif
#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823
#endif

struct link_walk {
	int (*cb)(const struct link *l, void *arg);
	void *arg;
};

static void parse_kind(const struct rtattr *info, struct link *out)
{
	const struct rtattr *tb[IFLA_INFO_KIND + 1];

	if (!info)
		return;
	rtnl_attrs(tb, IFLA_INFO_KIND + 1, RTA_DATA(info), RTA_PAYLOAD(info));
	/* An unknown, overlong kind is still a kind: not a physical NIC. */
	if (rtnl_str(tb[IFLA_INFO_KIND], out->kind, sizeof(out->kind)))
		snprintf(out->kind, sizeof(out->kind), "?");
}

static void parse_xdp(const struct rtattr *xdp, struct link *out)
{
	const struct rtattr *tb[IFLA_XDP_MAX + 1];

	if (!xdp)
		return;
	rtnl_attrs(tb, IFLA_XDP_MAX + 1, RTA_DATA(xdp), RTA_PAYLOAD(xdp));
	out->xdp_mode = rtnl_u8(tb[IFLA_XDP_ATTACHED], XDP_ATTACHED_NONE);
	out->xdp_prog = rtnl_u32(tb[IFLA_XDP_PROG_ID], 0);
	/* Driver and hardware program at once: the driver's place is the one that we want. */
	if (out->xdp_mode == XDP_ATTACHED_MULTI)
		out->xdp_prog = rtnl_u32(tb[IFLA_XDP_DRV_PROG_ID], rtnl_u32(tb[IFLA_XDP_SKB_PROG_ID], 0));
}

int link_parse(const struct nlmsghdr *h, struct link *out)
{
	const struct rtattr *tb[IFLA_PARENT_DEV_BUS_NAME + 1];
	const struct ifinfomsg *ifi = NLMSG_DATA(h);

	memset(out, 0, sizeof(*out));
	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return -EBADMSG;
	if (rtnl_msg_attrs(tb, IFLA_PARENT_DEV_BUS_NAME + 1, h, sizeof(*ifi)))
		return -EBADMSG;
	/* A bridge tells of its ports in the same group: its RTM_DELLINK is not the end of a link. */
	if (ifi->ifi_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	if (ifi->ifi_index <= 0 || rtnl_str(tb[IFLA_IFNAME], out->name, sizeof(out->name)) || !out->name[0])
		return -EBADMSG;
	out->ifindex = ifi->ifi_index;
	out->type = ifi->ifi_type;
	out->up = ifi->ifi_flags & IFF_UP;
	out->parent = tb[IFLA_PARENT_DEV_NAME];
	/* An overlong bus is none of those that are looked for: "". */
	(void)rtnl_str(tb[IFLA_PARENT_DEV_BUS_NAME], out->bus, sizeof(out->bus));
	parse_kind(tb[IFLA_LINKINFO], out);
	parse_xdp(tb[IFLA_XDP], out);
	return 0;
}

static int walk_message(const struct nlmsghdr *h, void *arg)
{
	struct link_walk *w = arg;
	struct link l;
	int err = link_parse(h, &l);

	return err ? err : w->cb(&l, w->arg);
}

int link_dump(struct rtnl *r, int (*cb)(const struct link *l, void *arg), void *arg)
{
	const struct ifinfomsg body = { .ifi_family = AF_UNSPEC };
	const uint32_t skip = RTEXT_FILTER_SKIP_STATS;
	struct link_walk w = { .cb = cb, .arg = arg };
	struct rtnl_req q;

	rtnl_req_init(&q, RTM_GETLINK, NLM_F_DUMP, &body, sizeof(body));
	rtnl_req_put(&q, IFLA_EXT_MASK, &skip, sizeof(skip));
	return rtnl_talk(r, &q, walk_message, &w);
}

static int keep_link(const struct link *l, void *arg)
{
	*(struct link *)arg = *l;
	return 0;
}

int link_get(struct rtnl *r, int ifindex, struct link *out)
{
	const struct ifinfomsg body = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct link_walk w = { .cb = keep_link, .arg = out };
	struct rtnl_req q;

	rtnl_req_init(&q, RTM_GETLINK, 0, &body, sizeof(body));
	return rtnl_talk(r, &q, walk_message, &w);
}

enum link_layer link_layer(const struct link *l)
{
	switch (l->type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return LINK_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		return LINK_IP;
	default:
		return LINK_OTHER;
	}
}

bool link_is_paravirtual(const struct link *l)
{
	const char *const buses[] = { "virtio", "vmbus", "xen" };

	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
		if (!strcmp(l->bus, buses[i]))
			return true;
	}
	return false;
}

bool link_is_physical(const struct link *l)
{
	return l->parent && !l->kind[0] && !link_is_paravirtual(l);
}

bool link_strips_vlan(const struct link *l)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq ifr = { .ifr_data = (void *)&flags };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return false;
	memcpy(ifr.ifr_name, l->name, sizeof(ifr.ifr_name));
	err = ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	return !err && (flags.data & ETH_FLAG_RXVLAN);
}
