/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h - the one table of what a record says, and under which names.
 *
 * The JSON encoder, the Avro encoder and the schema expand it (user/encode/),
 * so that a row added here is in all three; docs/records.md is tested against
 * it. Those of a packet are in fields_packet.h, those of a flow in fields_flow.h,
 * what both have in fields_tuple.h, the enums in fields_enum.h. None holds code.
 * A row is X(name, kind, presence, value, doc):
 *   kind      text, time, int (fits 31 bits), long, addr, vlans, tunnels,
 *             flow_tunnels, name (a text that is most often that of the record
 *             before), tag (const struct text *, or NULL; Avro: an index
 *             into the batch's texts), or one of NT_ENUMS: what is written, and
 *             by which writer
 *   presence  always, when(condition), or list(condition): left out in JSON,
 *             null or an empty array in Avro where the condition is false;
 *             known: left out in JSON, 0 in Avro where the value is NULL
 *   value     over o (struct tag_origin), b (struct batch), t (struct tagged),
 *             r (t->rec), l (the struct nt_layer that is described) and, in a
 *             flow, c (t->flow->counted)
 *   doc       goes into the schema: no quotes, no backslashes
 */
#ifndef NINETAP_FIELDS_H
#define NINETAP_FIELDS_H

#include "ninetap/fields_enum.h"
#include "ninetap/fields_tuple.h"

/* The same for a whole run: once in an Avro batch, in each JSON record. */
#define NT_FIELDS_RUN(X) \
	X(box, text, always, o->box, "name of the machine that saw the packets") \
	X(site, text, when(o->site), o->site, "site of the box, as configured") \
	X(pop, text, when(o->pop), o->pop, "point of presence of the box, as configured") \
	X(ren, text, when(o->ren), o->ren, "research and education network of the box, as configured") \
	X(epoch, long, always, o->epoch, "random number, new whenever seq restarts; 1 to 2^53 - 1")

/* The same for a whole batch: likewise. */
#define NT_FIELDS_BATCH(X) \
	X(cpu, int, always, b->cpu, "CPU that saw the packets; seq counts per CPU") \
	X(tags_rev, long, when(b->tags_rev), b->tags_rev, \
	  "revision of the inventory that the records were tagged from")

/* The ledger of a batch: in Avro only; Kafka headers repeat it. */
#define NT_FIELDS_LEDGER(X) \
	X(seq, long, always, b->seq, "seq of the first record") \
	X(count, long, always, b->count, "records in this batch") \
	X(lost, long, always, b->lost, "records of this box, CPU and epoch known lost so far")

#define NT_FIELDS_TIME(X) \
	X(ts, time, always, t->ts_utc_ns, \
	  "time of the packet at the hook, ns since 1970-01-01T00:00:00Z; JSON: RFC 3339")

#include "ninetap/fields_packet.h"
#include "ninetap/fields_flow.h"

#endif
