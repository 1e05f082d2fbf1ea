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
	[NT_COUNT_RING_FULL] = "User space did not keep up: give --ring-bytes more, or record less (filters, --sample)",
	[NT_COUNT_NO_RING] = "The CPU came online after the start: start ninetap again",
};

/* What becomes of a record behind its ring; all but the first two are losses. */
static const struct figure behind[] = {
	{ "delivered", "records written, or acknowledged by the brokers" },
	{ "unread", "records that were not asked for: beyond --count, or after the reader of standard output went away. "
	  "No failure" },
	{ "lost_queue_full",
	  "librdkafka's queue was full. The brokers are too slow or away: see to them, or let the queue hold more "
	  "(-X queue.buffering.max.messages=N, -X queue.buffering.max.kbytes=N)" },
	{ "lost_delivery",
	  "the brokers refused the record, or did not acknowledge it in time; what they said stands above the account. "
	  "The time is -X message.timeout.ms=N, and a few seconds at the end" },
	{ "lost_write",
	  "writing to the file or to standard output failed (a full disk), its reader went away in the middle, or took "
	  "nothing when ninetap was to end. Make room, or choose a faster reader" },
	{ "lost_encode", "memory was missing for the record, or it was damaged. Give more memory; else please report it" },
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
	fputs(".PP\nTwo sums hold; a warning says so should they not:\n.PP\n.RS 4\n", f);
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		fprintf(f, "%s%s%s", i == NT_COUNT_SEEN ? "" : i == NT_COUNT_SEEN + 1 ? " = " : " + ",
			remedies[i] ? "lost_" : "", counts[i].name);
	fprintf(f, "\n.br\n%s", counts[NT_COUNT_RECORDED].name);
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		fprintf(f, "%s%s", i ? " + " : " = ", behind[i].name);
	fputs("\n.RE\n", f);
}

void account_man(FILE *f)
{
	fputs(".SH ACCOUNT\n"
	      "At their end \\fBrun\\fR and \\fBreplay\\fR print on standard error what became of every packet. A\n"
	      "packet that stands for many on the wire (GRO, TSO) counts as the one that the hook saw.\n"
	      "\\fBshow\\fR prints what the kernel counted so far, there without \"lost_\".\n"
	      "\\fBreplay\\fR prints the frames of the capture, too, and how many of them the kernel refused as too\n"
	      "short or too long: frames = seen + refused.\n", f);
	sums(f);
	fputs(".PP\nIn the kernel:\n", f);
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		count_item(f, i);
	fputs(".PP\nBehind the rings:\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		item(f, "", behind[i].name, behind[i].text, NULL);
	fputs(".PP\nThe line \"notes\" counts packets, of any fate, that are worth a look, and is no part of the sums:\n", f);
	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX; i++)
		count_item(f, i);
}
