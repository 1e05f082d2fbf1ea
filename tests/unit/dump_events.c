/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_events.c - prints an event of each type, a line each. No test:
 * test_records_doc.py compares the document with what it prints.
 */
#include <stdio.h>
#include "ledger/events.h"

int main(void)
{
	const struct tag_origin origin = { .box = "b", .site = "s", .pop = "p", .ren = "r", .epoch = 1 };
	const struct mode_change mode = { "eth0", NT_MODE_PACKET, NT_MODE_FLOW, 1, "set" };
	const struct sink_spool_loss loss = { .box = "b", .reason = "full", .epoch = 1, .count = 1 };
	const struct ledger l = { .origin = &origin };
	const struct ledger_cpu cpu = { .n = 1 };
	struct batch b = { 0 };
	int err;

	events_begin(&b, 0);
	err = ledger_event(&b, FRAMING_STREAM, &l, &cpu);
	if (!err)
		err = mode_event(&b, FRAMING_STREAM, &l, &mode);
	if (!err)
		err = loss_event(&b, FRAMING_STREAM, &l, &loss);
	if (!err)
		err = start_event(&b, FRAMING_STREAM, &l, 1);
	if (!err)
		err = stop_event(&b, FRAMING_STREAM, &l);
	fwrite(b.bytes.data, 1, b.bytes.len, stdout);
	batch_free(&b);
	return err != 0;
}
