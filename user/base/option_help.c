/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_help.c - the table of options as --help prints it.
 * The manual page and the table in docs/ are option_docs.c's.
 */
#include <stdio.h>
#include <string.h>
#include "base/option_docs.h"

#define INDENT 28			/* column of the text behind "  -o, --output SINK" */
#define WIDTH 96

/* Breaks text at blanks, each line from column `indent` on; the first is there already. */
static void wrap(FILE *f, const char *text, int indent)
{
	int column = indent;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column > indent && column + 1 + len > WIDTH) {
			fprintf(f, "\n%*s", indent, "");
			column = indent;
		}
		column += fprintf(f, "%s%.*s", column > indent ? " " : "", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}

static void print_row(FILE *f, const struct option_row *row)
{
	char left[80], notes[OPTION_NOTES], text[512];
	char letter[8] = "    ";
	int len;

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	len = snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name, row->metavar ? " " : "",
		       row->metavar ? row->metavar : "");
	snprintf(text, sizeof(text), "%s%s", row->help, option_notes(row, notes));
	if (len > INDENT - 2)
		fprintf(f, "%s\n%*s", left, INDENT, "");
	else
		fprintf(f, "%-*s", INDENT, left);
	wrap(f, text, INDENT);
}

static void print_options(FILE *f, unsigned int commands)
{
	for (size_t i = 0; i < option_rows_n; i++)
		if (option_rows[i].commands & commands)
			print_row(f, &option_rows[i]);
}

static void print_usage(FILE *f, const struct command_row *c)
{
	fprintf(f, "usage: ninetap %s [OPTION]...%s%s\n", c->name, c->operand ? " " : "",
		c->operand ? c->operand : "");
}

static void help_all(FILE *f)
{
	fprintf(f, "usage: ninetap COMMAND [OPTION]...\n\n"
		   "Records every packet of an interface as a 5- or 9-tuple.\n\ncommands:\n");
	for (size_t i = 0; i < command_rows_n; i++) {
		fprintf(f, "  %-*s", INDENT - 2, command_rows[i].name);
		wrap(f, command_rows[i].help, INDENT);
	}
	fprintf(f, "\noptions:\n");
	for (size_t i = 0; i < option_rows_n; i++)
		if (option_rows[i].kind == OPTION_ASK)
			print_row(f, &option_rows[i]);
	fprintf(f, "\n`ninetap COMMAND --help` lists the options of a command.\n");
}

void options_help(FILE *f, const char *subcommand)
{
	const struct command_row *c = subcommand ? command_find(subcommand) : NULL;

	if (!c) {
		help_all(f);
		return;
	}
	print_usage(f, c);
	fputc('\n', f);
	wrap(f, c->help, 0);
	fprintf(f, "\noptions:\n");
	print_options(f, c->bit);
}
