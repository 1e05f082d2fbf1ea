/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openstack.h - notifications of OpenStack as statements.
 *
 * Nova: versioned notifications (nova, "Notifications": payload
 * InstanceActionPayload) of an instance. Neutron: port.create|update|delete.end,
 * of ports of instances (device_owner "compute:..."). Keystone:
 * identity.project.created|updated. An oslo.messaging envelope
 * ("oslo.message") around one is taken off. Times without a zone are UTC.
 */
#ifndef NINETAP_INVENTORY_OPENSTACK_H
#define NINETAP_INVENTORY_OPENSTACK_H

#include "inventory/statement.h"

/* Whether text (a JSON object) looks like a notification: has "event_type" or "oslo.message" at its top. */
bool openstack_is_notification(const char *text, size_t len);

/*
 * 0; -ENOMSG: a notification about nothing of ours, s holds nothing;
 * -EINVAL after problem(); -ENOMEM. event_ns: used where it tells no time.
 */
int openstack_read(struct statement *s, const char *text, size_t len, int64_t event_ns, struct problems *p)
	__attribute__((warn_unused_result));

#endif
