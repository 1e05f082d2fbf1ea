/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.c - names and sums of the ledger; contract in ledger.h. The names
 * are those of the kernel's counters, from the one list in abi_ledger.h.
 */
#include "ledger/ledger.h"

#define NAME_COUNT(id, name, text) [NT_COUNT_##id] = #name,
#define NAME_LOSS(id, name, text) [NT_LOSS_##id] = #name,

const char *const ledger_count_names[NT_COUNT_MAX] = { NT_FATES(NAME_COUNT) NT_NOTES(NAME_COUNT) };
const char *const ledger_loss_names[NT_LOSS_MAX] = { NT_LOSSES(NAME_LOSS) };
const char *const ledger_mode_names[NT_MODE_MAX] = {
	[NT_MODE_PACKET] = "packet", [NT_MODE_FLOW] = "flow", [NT_MODE_SAMPLED] = "sampled",
};

/* From `seen` on fates lie as an array, and notes behind them (abi_ledger.h). */
_Static_assert(offsetof(struct nt_counts, no_ring) == offsetof(struct nt_counts, seen) +
	       NT_COUNT_NO_RING * sizeof(struct nt_tally), "fates are an array");
_Static_assert(offsetof(struct nt_counts, begun) == offsetof(struct nt_counts, cut) +
	       NT_COUNT_NOTES * sizeof(__u64), "notes are an array");

const struct nt_tally *ledger_fate(const struct nt_counts *c, enum nt_count fate)
{
	return &c->seen + fate;
}

uint64_t ledger_note(const struct nt_counts *c, enum nt_count note)
{
	return *(&c->cut + (note - NT_COUNT_FATES_END));
}

bool ledger_is_loss(enum nt_count fate)
{
	return fate == NT_COUNT_RING_FULL || fate == NT_COUNT_FLOWS_FULL || fate == NT_COUNT_NO_RING;
}

void ledger_sum(struct nt_counts *sum, const struct nt_counts *c)
{
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		ledger_add(&sum->seen + i, ledger_fate(c, i));
	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX; i++)
		*(&sum->cut + (i - NT_COUNT_FATES_END)) += ledger_note(c, i);
	sum->ended += c->ended;
	sum->begun += c->begun;
	sum->seq += c->seq;
}

bool ledger_balances(const struct ledger_cpu *c)
{
	struct nt_tally sum = { 0 };
	const struct nt_tally *seen = &c->counts.seen;

	for (int i = NT_COUNT_SEEN + 1; i < NT_COUNT_FATES_END; i++)
		ledger_add(&sum, ledger_fate(&c->counts, i));
	return sum.events == seen->events && sum.packets == seen->packets && sum.bytes == seen->bytes;
}
