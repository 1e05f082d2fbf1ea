/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - `ninetap audit SOURCE`: proves from what was written, and from
 * nothing else, that every packet is accounted for (docs/ledger.md).
 *
 * Reads o->source as the output of packets, and the flows and events that
 * belong to it; prints what became of the packets of each box, epoch and CPU
 * (o->json: one object). Writes nothing else, and commits no offsets.
 */
#ifndef NINETAP_AUDIT_H
#define NINETAP_AUDIT_H

#include "base/options.h"

/*
 * 0: every packet of every CPU is in what was read or was left out on purpose,
 * and each CPU has its closing event; 1: not so; or a sysexits(3) code after
 * the reason was logged: EX_DATAERR (nothing in it is ours), EX_NOINPUT (there
 * is nothing), EX_UNAVAILABLE (no broker answers), EX_OSERR, EX_USAGE.
 */
int audit_main(const struct options *o);

#endif
