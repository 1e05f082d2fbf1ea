/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs.h - where the three streams go: packets as they are told, flows and
 * events beside them unless they are told otherwise.
 *
 *	packets			flows			events
 *	kafka:B/T		kafka:B/T.flows		kafka:B/T.events
 *	kafka:B/a.packets.b	kafka:B/a.flows.b	kafka:B/a.events.b
 *	file:P			file:P.flows		file:P.events
 *	-			- (off with avro)	off
 *
 * Names alone: nothing is opened. Any thread.
 */
#ifndef NINETAP_OUTPUTS_H
#define NINETAP_OUTPUTS_H

/* Owned; NULL: off. */
struct outputs {
	char *packets, *flows, *events;
};

/*
 * flows, events: as in struct options. encoding: of packets; NULL: text.
 * 0, -ENOMEM, or -EINVAL after "--flows: reason" or the like was logged; *out
 * is empty then.
 */
int outputs_derive(struct outputs *out, const char *packets, const char *flows, const char *events,
		   const char *encoding) __attribute__((warn_unused_result));

void outputs_free(struct outputs *out);

#endif
