/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - /metrics and /healthz of a run, over HTTP.
 *
 * The thread that runs ninetap hands over a ledger once a second; a copy of
 * it is what clients get, in a thread of their own. No client, however slow or
 * many, is waited for. /healthz is 200 "ok", or 503 and the reason (health.h);
 * so it is, too, when no ledger has come for SERVE_STALE_NS.
 */
#ifndef NINETAP_SERVE_H
#define NINETAP_SERVE_H

#include "ledger/ledger.h"

#define SERVE_STALE_NS 5000000000LL

struct serve;

/*
 * Listens at ADDRESS:PORT (endpoint.h), and says where: log_notice. Open it
 * before the run starts. 0 or -errno after the reason was logged.
 */
int serve_open(struct serve **out, const char *address) __attribute__((warn_unused_result));

/* Copies l, but for the texts of its origin, which outlive s. s may be NULL. Never waits for a client. */
void serve_publish(struct serve *s, const struct ledger *l);

/* Where it listens: "127.0.0.1:43123". */
const char *serve_address(const struct serve *s);

void serve_close(struct serve *s);	/* NULL is fine */

#endif
