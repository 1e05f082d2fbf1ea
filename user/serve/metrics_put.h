/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_put.h - writes families of metrics in either text format, after
 * https://prometheus.io/docs/specs/om/open_metrics_spec/ and
 * https://prometheus.io/docs/instrumenting/exposition_formats/.
 * Private to user/serve/. The first piece without memory is remembered.
 */
#ifndef NINETAP_SERVE_METRICS_PUT_H
#define NINETAP_SERVE_METRICS_PUT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM, METRICS_INFO };

struct metrics {
	struct buf *out;
	bool openmetrics;
	int err;
	const char *family;
	enum metrics_type type;
	struct buf labels;		/* of the sample that comes next */
};

/* The families' names are without their type's ending; unit is the name's own, or NULL. They outlive the family. */
void metrics_family(struct metrics *m, const char *name, enum metrics_type type, const char *unit, const char *help);

/* Labels of the sample that comes next. */
void metrics_label(struct metrics *m, const char *name, const char *value);
void metrics_label_number(struct metrics *m, const char *name, uint64_t value);
void metrics_label_seconds(struct metrics *m, const char *name, uint64_t ns);

/* A sample of a counter, gauge or info, with the labels since the last one. */
void metrics_value(struct metrics *m, uint64_t v);

/* A sample named family + ending; the seconds of so many ns. */
void metrics_part(struct metrics *m, const char *ending, uint64_t v);
void metrics_part_seconds(struct metrics *m, const char *ending, uint64_t ns);

/* Behind the last one. 0 or -ENOMEM. */
int metrics_end(struct metrics *m);

#endif
