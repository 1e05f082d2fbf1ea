/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_docs.c - the section of the manual page that explains the account
 * which run and replay print at their end. The kernel's counts come with
 * their texts from abi.h; what user space counts behind the rings has its
 * texts here, and a unit test compares the section with what is printed.
 */
#include <stdio.h>
#include "base/option_docs.h"
#include "ninetap/abi.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct figure {
	const char *name, *text;
};

#define FIGURE(id, name, text) [NT_COUNT_##id] = { #name, text },
static const struct figure counts[NT_COUNT_MAX] = { NT_FATES(FIGURE) NT_NOTES(FIGURE) };

/* Fates that are losses, printed as "lost_...", and what helps. */
static const char *const remedies[NT_COUNT_MAX] = {
	[NT_COUNT_RING_FULL] = "Give --ring-bytes or --flow-entries more, or record less (--mode auto, filters, --sample)",
	[NT_COUNT_FLOWS_FULL] = "Give --flow-entries more, or end flows sooner (--flow-idle)",
	[NT_COUNT_NO_RING] = "The CPU came online a moment ago, or memory was missing for it",
};

/* What becomes of a record behind its ring; losses come after these. */
static const struct figure behind[] = {
	{ "delivered", "records written, acknowledged by the brokers, or in the spool" },
	{ "unread", "records that were not asked for: beyond --count, or after the reader of standard output went away. "
	  "No failure" },
};

#define LOSS(id, name, text) [NT_LOSS_##id] = { "lost_" #name, text },
static const struct figure losses[NT_LOSS_MAX] = { NT_LOSSES(LOSS) };

static const char *const loss_remedies[NT_LOSS_MAX] = {
	[NT_LOSS_ENCODE] = "Give more memory; else please report it",
	[NT_LOSS_WRITE] = "A full disk, or a reader of standard output that went away in the middle. Make room",
	[NT_LOSS_REFUSED] = "What it said stands above the account",
	[NT_LOSS_CLOSED] = "The brokers were away or too slow: give --spool a folder. Or a reader of standard output or of a "
		"FIFO took nothing when ninetap was to end: choose a faster one",
	[NT_LOSS_OFF] = "Give --flows an output: it is off, as it is beside Avro on standard output",
};

static const struct figure spool[] = {
	{ "in", "records that were put into it, or were in it at the start" },
	{ "out", "of them acknowledged by the brokers" },
	{ "held", "of them still there: the next run sends them" },
	{ "lost_full", "of them dropped, the oldest first, for room. Give --spool-bytes more" },
	{ "lost_age", "of them dropped, since they were older than --spool-age" },
	{ "lost_damaged", "of them unreadable on disk" },
	{ "lost_refused", "of them refused by the broker for good" },
};

static void item(FILE *f, const char *prefix, const char *name, const char *text, const char *more)
{
	fprintf(f, ".TP\n\\fB%s%s\\fR\n", prefix, name);
	man_text(f, text);
	fputs(".\n", f);
	if (!more)
		return;
	man_text(f, more);
	fputs(".\n", f);
}

static void count_item(FILE *f, enum nt_count id)
{
	item(f, remedies[id] ? "lost_" : "", counts[id].name, counts[id].text, remedies[id]);
}

static void sums(FILE *f)
{
	fputs(".PP\nThree sums hold; a warning says so should they not:\n.PP\n.RS 4\n", f);
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		fprintf(f, "%s%s%s", i == NT_COUNT_SEEN ? "" : i == NT_COUNT_SEEN + 1 ? " = " : " + ",
			remedies[i] ? "lost_" : "", counts[i].name);
	fprintf(f, "\n.br\n%s", counts[NT_COUNT_RECORDED].name);
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		fprintf(f, "%s%s", i ? " + " : " = ", behind[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++)
		fprintf(f, " + %s", losses[i].name);
	fprintf(f, "\n.br\n%s + %s = what left in flow records, or was lost with them\n.RE\n",
		counts[NT_COUNT_FLOW].name, counts[NT_COUNT_OVERFLOW].name);
}

static void behind_items(FILE *f)
{
	fputs(".PP\nBehind the rings:\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		item(f, "", behind[i].name, behind[i].text, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++)
		item(f, "", losses[i].name, losses[i].text, loss_remedies[i]);
}

void account_man(FILE *f)
{
	fputs(".SH ACCOUNT\n"
	      "At their end \\fBrun\\fR and \\fBreplay\\fR print on standard error what became of every packet since\n"
	      "their maps were made, which a run may have taken over from one that was killed. A packet that stands\n"
	      "for many on the wire (GRO, TSO) counts as the one that the hook saw; the line \"on the wire\" has its\n"
	      "packets and bytes. \\fBshow\\fR prints what is known so far.\n"
	      "\\fBreplay\\fR prints the frames of the capture, too, and how many of them the kernel refused as too\n"
	      "short or too long: frames = seen + refused.\n", f);
	sums(f);
	fputs(".PP\nIn the kernel:\n", f);
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		count_item(f, i);
	behind_items(f);
	fputs(".PP\nThe line \"spool\" is there if anything was in it: in = out + held + lost_full + lost_age +\n"
	      "lost_damaged + lost_refused.\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(spool); i++)
		item(f, "", spool[i].name, spool[i].text, NULL);
	fputs(".PP\nThe line \"notes\" counts packets, of any fate, that are worth a look, and is no part of the sums:\n", f);
	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX; i++)
		count_item(f, i);
}
