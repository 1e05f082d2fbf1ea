/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_metrics.c - prints a ledger: dump_metrics openmetrics|text|events. No
 * test: test_metrics.py reads what it prints.
 */
#include <stdio.h>
#include <string.h>
#include "ledger/events.h"
#include "ledger_sample.h"
#include "serve/metrics.h"

static int print_events(const struct ledger *l)
{
	struct batch b = { 0 };
	int err = 0;

	events_begin(&b, 0);
	for (size_t i = 0; i < l->cpus_n && !err; i++)
		err = ledger_event(&b, FRAMING_STREAM, l, &l->cpus[i]);
	fwrite(b.bytes.data, 1, b.bytes.len, stdout);
	batch_free(&b);
	return err;
}

static int print_metrics(const struct ledger *l, bool openmetrics)
{
	struct buf out = { 0 };
	int err = metrics_text(&out, l, openmetrics);

	fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return err;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct ledger_cpu cpus[SAMPLE_CPUS];
	struct ledger l;

	sample_cpus(cpus);
	l = sample_ledger(cpus);
	return (!strcmp(what, "events") ? print_events(&l) : print_metrics(&l, !strcmp(what, "openmetrics"))) != 0;
}
