/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_docs.c - the table of options as manual page (man(7)) and as the
 * Markdown table of docs/configuration.md. Both are kept in the tree; a unit
 * test says when they are old.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/num.h"
#include "base/option_docs.h"

static const char *words(const struct option_row *row, char out[OPTION_NOTES])
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < row->words_n; i++)
		if (row->words[i])
			n += (size_t)snprintf(out + n, OPTION_NOTES - n, "%s%s", n ? ", " : "",
					      row->words[i]);
	return out;
}

const char *option_values(const struct option_row *row, char out[OPTION_NOTES])
{
	char min[NUM_TEXT], max[NUM_TEXT];

	out[0] = '\0';
	if (row->words)
		return words(row, out);
	if (row->kind == OPTION_SIZE || row->kind == OPTION_POWER)
		snprintf(out, OPTION_NOTES, "%s to %s", num_format_size(row->min, min),
			 num_format_size(row->max, max));
	else if (row->kind == OPTION_DURATION)
		snprintf(out, OPTION_NOTES, "%s to %s", num_format_duration(row->min, min),
			 num_format_duration(row->max, max));
	else if (row->max && row->kind != OPTION_U64)
		snprintf(out, OPTION_NOTES, "%" PRIu64 " to %" PRIu64, row->min, row->max);
	return out;
}

const char *option_notes(const struct option_row *row, char out[OPTION_NOTES])
{
	char values[OPTION_NOTES - 64];
	char all[OPTION_NOTES];
	bool has;

	snprintf(values, sizeof(values), "%.180s", option_values(row, all));
	has = values[0] != '\0';
	out[0] = '\0';
	if (has || row->value)
		snprintf(out, OPTION_NOTES, " (%s%s%s%s)", values, has && row->value ? "; " : "",
			 row->value ? "default " : "", row->value ? row->value : "");
	return out;
}

void man_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", f);
		else if (*text == '\\')
			fputs("\\e", f);
		else
			fputc(*text, f);
	}
}

static void man_row(FILE *f, const struct option_row *row)
{
	char notes[OPTION_NOTES];

	fputs(".TP\n", f);
	if (row->letter)
		fprintf(f, "\\fB\\-%c\\fR, ", row->letter);
	fputs("\\fB\\-\\-", f);
	man_text(f, row->name);
	fputs("\\fR", f);
	if (row->metavar) {
		fputs(" \\fI", f);
		man_text(f, row->metavar);
		fputs("\\fR", f);
	}
	fputc('\n', f);
	man_text(f, row->help);
	man_text(f, option_notes(row, notes));
	fputs(".\n", f);
	if (row->path)
		fprintf(f, "In the configuration: \\fB%s\\fR.\n", row->path);
	fputs("Commands:", f);
	for (size_t i = 0; i < command_rows_n; i++)
		if (row->commands & command_rows[i].bit)
			fprintf(f, " %s", command_rows[i].name);
	fputs(row->commands ? ".\n" : " none.\n", f);
}

static void man_head(FILE *f)
{
	fputs(".\\\" SPDX-License-Identifier: Apache-2.0\n"
	      ".\\\" Made from the table of options; \"make man\" makes it again.\n"
	      ".TH NINETAP 8 \"\" \"ninetap\" \"System Administration\"\n"
	      ".SH NAME\nninetap \\- record every packet of an interface as a 5- or 9-tuple\n"
	      ".SH SYNOPSIS\n", f);
	for (size_t i = 0; i < command_rows_n; i++)
		fprintf(f, "%s\\fBninetap %s\\fR [\\fIOPTION\\fR]...%s%s%s\n", i ? ".br\n" : "",
			command_rows[i].name, command_rows[i].operand ? " \\fI" : "",
			command_rows[i].operand ? command_rows[i].operand : "",
			command_rows[i].operand ? "\\fR" : "");
	fputs(".SH DESCRIPTION\n"
	      "Ninetap attaches programs to the ingress and egress of network interfaces. They parse each\n"
	      "packet in the kernel; user space writes one record a packet to stdout, a file or Kafka. For a\n"
	      "packet in VXLAN, GENEVE, GRE, GTP\\-U or IP\\-in\\-IP the record is of the inner packet, with its\n"
	      "carriers beside it. Where records can't follow, or in mode flow, packets are counted by flow in the\n"
	      "kernel, and flow records are written. Packets are passed on unchanged.\n"
	      ".SH COMMANDS\n", f);
}

static void man_commands(FILE *f)
{
	for (size_t i = 0; i < command_rows_n; i++) {
		fprintf(f, ".TP\n\\fB%s\\fR\n", command_rows[i].name);
		man_text(f, command_rows[i].help);
		fputs(".\n", f);
	}
}

static void man_config(FILE *f)
{
	fputs(".SH CONFIGURATION\n"
	      "A JSON object of at most 16 MiB. A list on the command line replaces that of the file;\n"
	      "librdkafka properties are added to the file's. Sizes are numbers of bytes or texts such as\n"
	      "\"64KiB\", durations numbers of seconds or texts such as \"100ms\". An element of\n"
	      "\\fBinterfaces\\fR is a name or glob, or an object:\n", f);
	for (size_t i = 0; i < iface_rows_n; i++) {
		char notes[OPTION_NOTES];

		fprintf(f, ".TP\n\\fB%s\\fR\n", iface_rows[i].path);
		man_text(f, iface_rows[i].help);
		man_text(f, option_notes(&iface_rows[i], notes));
		fputs(".\n", f);
	}
	fputs(".PP\n\\fBninetap check\\fR names file, line and reason of each mistake.\n"
	      ".SH EXAMPLE\n.nf\n"
	      "{\n  \"site\": \"east\",\n"
	      "  \"interfaces\": [{\"match\": \"eth*\", \"plane\": \"data\"}, \"tap*\"],\n"
	      "  \"output\": \"kafka:broker1:9092,broker2:9092/ninetap.packets.v1\",\n"
	      "  \"encoding\": \"avro\",\n"
	      "  \"filter\": {\"cidr\": [\"10.0.0.0/8\"], \"port\": [53, \"8000\\-8010\"], \"proto\": [\"tcp\", 17]},\n"
	      "  \"kafka\": {\"compression.type\": \"lz4\"}\n}\n.fi\n", f);
}

static void man_items(FILE *f, const char *const items[][2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fprintf(f, ".TP\n%s\n", items[i][0]);
		man_text(f, items[i][1]);
		fputc('\n', f);
	}
}

static void man_signals(FILE *f)
{
	static const char *const signals[][2] = {
		{ "SIGTERM, SIGINT", "end run: rings and flow tables are emptied, the output is written, programs and pins are removed; with --keep these stay. A second one ends a wait that takes too long, and what is lost by it is counted." },
		{ "SIGHUP", "run reads its configuration and the files of tags again. A changed one is taken over without losing a packet; one that is wrong is refused, and all goes on." },
		{ "SIGKILL", "ends ninetap, not its programs, if they are pinned: they count and fill rings and tables until the next run goes on from there, or detach clears them." },
	};

	fputs(".SH SIGNALS\n", f);
	man_items(f, signals, sizeof(signals) / sizeof(signals[0]));
}

static void man_files(FILE *f)
{
	static const char *const files[][2] = {
		{ "/sys/fs/bpf/ninetap/v2/net\\-N\\-INSTANCE", "what is pinned (--pins) of an instance in the network namespace N." },
		{ "/run/ninetap/tags.sock", "where statements are taken (--tags socket)." },
		{ "segment\\-* in the folder of \\-\\-spool", "what waits for Kafka." },
		{ "PATH.flows, PATH.events", "flow records and events, beside the output file:PATH." },
	};

	fputs(".SH FILES\n", f);
	man_items(f, files, sizeof(files) / sizeof(files[0]));
}

static void man_tail(FILE *f)
{
	static const char *const exits[][2] = {
		{ "0", "done; of audit: every packet is accounted for, and none was lost." },
		{ "1", "of audit: not so, and the reason was printed." },
		{ "64", "the command line is wrong." },
		{ "65", "a capture is damaged, or is none; or a statement about the inventory was refused; or what audit was to read is not ninetap's." },
		{ "66", "a file, a topic or an interface to be read is not there." },
		{ "69", "the kernel refused the programs, or another ninetap has the interface; a topic of tags can't be read; or no ninetap listens on the socket, or runs as the instance; or the address of the metrics is taken." },
		{ "71", "the system refused something else." },
		{ "73", "the output or the tag socket could not be opened." },
		{ "74", "a record was lost behind its ring, or the account does not balance, see ACCOUNT; or reading a capture or writing to standard output failed." },
		{ "77", "a capability is missing: CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed; or the tag socket is another user's." },
		{ "78", "the configuration is wrong." },
	};

	account_man(f);
	man_signals(f);
	man_files(f);
	fputs(".SH EXIT STATUS\nAs sysexits(3) has them:\n", f);
	man_items(f, exits, sizeof(exits) / sizeof(exits[0]));
	fputs(".SH SEE ALSO\n.BR tcpdump (8),\n.BR tc\\-bpf (8),\n.BR bpftool (8),\n.BR glob (7)\n", f);
}

void options_man(FILE *f)
{
	man_head(f);
	man_commands(f);
	fputs(".SH OPTIONS\n", f);
	for (size_t i = 0; i < option_rows_n; i++)
		man_row(f, &option_rows[i]);
	man_config(f);
	man_tail(f);
}

/* '|' would end a cell, '*' and '<' would be markup. */
static void cell(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (strchr("|*<", *text))
			fputc('\\', f);
		fputc(*text, f);
	}
}

static void markdown_row(FILE *f, const struct option_row *row, const char *above)
{
	char values[OPTION_NOTES];

	fprintf(f, "| `%s%s` | ", above, row->path);
	if (row->name)
		fprintf(f, "`--%s`", row->name);
	fprintf(f, " | %s | %s | ", option_values(row, values), row->value ? row->value : "");
	cell(f, row->help);
	fputs(" |\n", f);
}

void options_markdown(FILE *f)
{
	fputs("| configuration | command line | values | default | meaning |\n|---|---|---|---|---|\n", f);
	for (size_t i = 0; i < option_rows_n; i++) {
		if (option_rows[i].path)
			markdown_row(f, &option_rows[i], "");
		for (size_t k = 0; option_rows[i].kind == OPTION_IFACES && k < iface_rows_n; k++)
			markdown_row(f, &iface_rows[k], "interfaces[].");
	}
}
