/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - the ledger as metrics in text, for Prometheus and those who
 * read the same: OpenMetrics 1.0, or the older text format (0.0.4), which
 * differs in the names of families, and in its end. Pure; any thread.
 */
#ifndef NINETAP_SERVE_METRICS_H
#define NINETAP_SERVE_METRICS_H

#include <stdbool.h>
#include "base/buf.h"
#include "ledger/ledger.h"

/* Appends all metrics. 0 or -ENOMEM (then out holds a part). */
int metrics_text(struct buf *out, const struct ledger *l, bool openmetrics) __attribute__((warn_unused_result));

#endif
