/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - what ninetap must know of a network interface, as the kernel
 * tells it by rtnetlink and ethtool. Facts only; what follows from them is
 * decided in attach.h.
 */
#ifndef NINETAP_LINK_H
#define NINETAP_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <net/if.h>
#include "attach/rtnl.h"

struct link {
	int ifindex;
	unsigned short type;		/* ARPHRD_... */
	bool up;
	bool parent;			/* sits on a bus: has a parent device */
	uint8_t xdp_mode;		/* XDP_ATTACHED_... */
	uint32_t xdp_prog;		/* program id, 0: none */
	char name[IFNAMSIZ];
	char kind[32];			/* "veth", "tun", ...; "" for a NIC */
	char bus[16];			/* of the parent device: "pci", "virtio", ...; may be "" */
};

enum link_layer {
	LINK_ETHERNET,			/* frames begin with an Ethernet header */
	LINK_IP,			/* packets begin with the IP header */
	LINK_OTHER,			/* neither: ninetap cannot read it */
};

/*
 * From RTM_NEWLINK or RTM_DELLINK. -EBADMSG: not a link, or cut short;
 * -EAFNOSUPPORT: a bridge's message about its port.
 */
int link_parse(const struct nlmsghdr *h, struct link *out) __attribute__((warn_unused_result));

/* -ENODEV: no such interface in this namespace. */
int link_get(struct rtnl *r, int ifindex, struct link *out) __attribute__((warn_unused_result));

/* Every link of this namespace to cb. -EINTR: see rtnl_talk(). */
int link_dump(struct rtnl *r, int (*cb)(const struct link *l, void *arg), void *arg)
	__attribute__((warn_unused_result));

enum link_layer link_layer(const struct link *l);

/* A virtual machine's device that its host plays (virtio, vmbus, Xen): frames come unsegmented through memory. */
bool link_is_paravirtual(const struct link *l);

/* A NIC, or a function of one that a virtual machine was given: nothing that software plays. */
bool link_is_physical(const struct link *l);

/* The driver takes VLAN tags out of received frames (rx-vlan-offload). True of the moment: it can be switched. */
bool link_strips_vlan(const struct link *l);

#endif
