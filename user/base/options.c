/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the command line, and the order of the sources: defaults, then
 * the configuration file, then the command line.
 *
 * argv is read as GNU programs do (--name=value, --name value, -n value,
 * -nvalue, -vh, --), but without abbreviations: they would change meaning as
 * options are added. What a value may be is option_value.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/config.h"
#include "base/outputs.h"
#include "base/suggest.h"

#define NAME_TEXT 64

/* One option or operand as it stands in argv. */
struct given {
	const struct option_row *row;	/* NULL: an operand */
	const char *value;
};

struct args {
	const struct command_row *command;
	int argc, at;			/* the argument to be read next */
	char **argv;
	struct given *given;
	size_t n;
	bool help;
	struct option_report *report;
};

static struct option_src cli_src(struct option_report *report, const char *name)
{
	return (struct option_src){ .name = name, .report = report };
}

static bool takes_value(const struct option_row *row)
{
	return row->kind != OPTION_FLAG && row->kind != OPTION_ASK;
}

static const struct option_row *find_letter(char letter)
{
	for (size_t i = 0; i < option_rows_n; i++)
		if (letter && option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

static const struct option_row *find_name(const char *name, size_t len)
{
	for (size_t i = 0; i < option_rows_n; i++)
		if (strlen(option_rows[i].name) == len && !strncmp(option_rows[i].name, name, len))
			return &option_rows[i];
	return NULL;
}

static void unknown_option(struct args *a, const char *word)
{
	struct option_src src = cli_src(a->report, NULL);
	struct suggest close = { .word = word };
	char name[NAME_TEXT];

	for (size_t i = 0; i < option_rows_n; i++) {
		snprintf(name, sizeof(name), "--%s", option_rows[i].name);
		if (option_rows[i].commands & a->command->bit)
			suggest_try(&close, name, strlen(name));
	}
	option_complain(&src, "unknown option %s%s", quote(word).s, suggest_text(&close));
}

static void add_given(struct args *a, const struct option_row *row, const char *value)
{
	a->given[a->n++] = (struct given){ .row = row, .value = value };
}

/* Notes an option of this command. value NULL: it stands in the next argument. */
static void read_option(struct args *a, const struct option_row *row, const char *value)
{
	char name[NAME_TEXT] = "";
	struct option_src src = cli_src(a->report, name);
	bool ours = row->commands & a->command->bit;

	snprintf(name, sizeof(name), "--%s", row->name);
	if (!ours)
		option_complain(&src, "is no option of \"%s\"", a->command->name);
	if (takes_value(row) && !value && a->at < a->argc)
		value = a->argv[a->at++];
	if (!takes_value(row) && value)
		option_complain(&src, "takes no value");
	else if (takes_value(row) && !value)
		option_complain(&src, "needs a value: %s", row->metavar);
	else if (ours && row->kind == OPTION_ASK)
		a->help = true;
	else if (ours)
		add_given(a, row, value ? value : "true");
}

static void read_long(struct args *a, const char *arg)
{
	const char *equals = strchrnul(arg, '=');
	const struct option_row *row = find_name(arg + 2, (size_t)(equals - arg) - 2);
	char word[NAME_TEXT];

	snprintf(word, sizeof(word), "%.*s", (int)(equals - arg), arg);
	if (row)
		read_option(a, row, *equals ? equals + 1 : NULL);
	else
		unknown_option(a, word);
}

/* "-vo-": flags, then perhaps one option with its value. */
static void read_short(struct args *a, const char *arg)
{
	for (const char *p = arg + 1; *p; p++) {
		const struct option_row *row = find_letter(*p);
		const char word[] = { '-', *p, '\0' };

		if (!row) {
			unknown_option(a, word);
			return;
		}
		if (takes_value(row)) {
			read_option(a, row, p[1] ? p + 1 : NULL);
			return;
		}
		read_option(a, row, NULL);
	}
}

static void read_operand(struct args *a, const char *arg)
{
	struct option_src src = cli_src(a->report, a->command->name);

	if (!a->command->operand)
		option_complain(&src, "takes no argument: %s", quote(arg).s);
	else
		add_given(a, NULL, arg);
}

static void read_args(struct args *a)
{
	bool options = true;

	while (a->at < a->argc) {
		const char *arg = a->argv[a->at++];

		if (options && !strcmp(arg, "--"))
			options = false;
		else if (options && !strncmp(arg, "--", 2))
			read_long(a, arg);
		else if (options && arg[0] == '-' && arg[1])
			read_short(a, arg);
		else
			read_operand(a, arg);
	}
}

/* Ports, prefixes and protocols may stand together, with commas between them. */
static bool has_commas(const struct option_row *row)
{
	return row->kind >= OPTION_CIDRS && row->kind <= OPTION_PROTOS;
}

static void add_each(const struct option_row *row, struct options *o, const char *text,
		     const struct option_src *src)
{
	int err = 0;

	do {
		const char *comma = has_commas(row) ? strchrnul(text, ',') : text + strlen(text);
		char *element = strndup(text, (size_t)(comma - text));

		err = element ? option_add(row, o, element, src) : option_no_memory(src);
		free(element);
		text = *comma ? comma + 1 : NULL;
	} while (text && err != -ENOSPC);
}

static void apply(const struct given *g, struct options *o, struct option_report *report)
{
	char name[NAME_TEXT] = "";
	struct option_src src = cli_src(report, name);

	snprintf(name, sizeof(name), "--%s", g->row->name);
	add_each(g->row, o, g->value, &src);
}

/* The first time that a list is given it replaces the configuration's or the default. */
static bool is_first(const struct args *a, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (a->given[i].row == a->given[at].row)
			return false;
	return true;
}

static const struct option_row *config_row(void)
{
	return find_letter('c');
}

static void apply_all(const struct args *a, struct options *o)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct option_row *row = a->given[i].row;

		if (!row || row == config_row())	/* that was read before */
			continue;
		if (option_is_list(row) && is_first(a, i))
			option_reset(row, o);
		apply(&a->given[i], o, a->report);
	}
}

/* What a command is about: replay FILE, check FILE, tag end ID. */
static void apply_operand(const struct args *a, struct options *o)
{
	struct option_src src = cli_src(a->report, a->command->name);
	char **field = (char **)((char *)o + a->command->operand_offset);

	if (!a->command->operand)
		return;
	for (size_t i = 0; i < a->n; i++) {
		if (a->given[i].row)
			continue;
		if (*field)
			option_complain(&src, "takes one %s: %s is too many", a->command->operand_name,
					quote(a->given[i].value).s);
		else if (!*a->given[i].value)
			option_complain(&src, "%s is empty", a->command->operand_name);
		else
			(void)option_set_text(field, a->given[i].value, &src);
	}
	if (!*field && !a->report->mistakes && a->command->operand[0] != '[')
		option_complain(&src, "needs %s %s", strchr("aeio", a->command->operand_name[0]) ? "an" : "a",
				a->command->operand_name);
}

int options_init(struct options *o)
{
	struct option_report report = { 0 };

	*o = (struct options){ 0 };
	for (size_t i = 0; i < option_rows_n; i++) {
		struct given g = { .row = &option_rows[i], .value = option_rows[i].value };

		if (g.value)
			apply(&g, o, &report);
	}
	return report.mistakes ? -ENOMEM : 0;
}

void options_free(struct options *o)
{
	for (size_t i = 0; i < option_rows_n; i++)
		option_release(&option_rows[i], o);
	free(o->capture);
	free(o->source);
	free(o->setting);
	free(o->statement);
	free(o->tag_id);
	*o = (struct options){ 0 };
}

/* For the commands that name the box on records, and no others. */
static void set_box(struct options *o, const struct args *a)
{
	const struct option_row *row = find_name("box", 3);
	struct option_src src = cli_src(a->report, "box");
	char host[256] = "";

	if (o->box || !(row->commands & a->command->bit))
		return;
	if (gethostname(host, sizeof(host) - 1))
		option_complain(&src, "read host name: %s", strerror(errno));
	else if (option_add(row, o, host, &src))
		option_complain(&src, "the host name is no name for a box: use --box");
}

static bool is_given(const struct args *a, size_t offset)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->given[i].row && a->given[i].row->offset == offset)
			return true;
	return false;
}

/* Whether flows and events can go beside the packets. Whose mistake it is, if not: the last one's who said where. */
static int check_outputs(const struct options *o, const struct args *a)
{
	struct option_src src = cli_src(a->report, NULL);
	bool given = is_given(a, offsetof(struct options, output)) || is_given(a, offsetof(struct options, flows)) ||
		     is_given(a, offsetof(struct options, events)) || is_given(a, offsetof(struct options, encoding));
	struct outputs outputs;
	int err;

	if (!(a->command->bit & (COMMAND_RUN | COMMAND_REPLAY | COMMAND_CHECK)))
		return 0;
	err = outputs_derive(&outputs, o->output, o->flows, o->events, o->encoding);
	if (err == -ENOMEM)
		(void)option_no_memory(&src);
	if (err)
		return given || !o->config ? EX_USAGE : EX_CONFIG;
	outputs_free(&outputs);
	return 0;
}

/* What no single option can say. */
static void finish(struct options *o, const struct args *a, bool config_read_well)
{
	struct option_src src = cli_src(a->report, a->command->name);

	for (size_t i = 0; i < o->ifaces_n; i++) {
		if (o->ifaces[i].plane == PLANE_NONE)
			o->ifaces[i].plane = o->plane;
		if (o->ifaces[i].hook == HOOK_UNSET)
			o->ifaces[i].hook = o->hook;
		if (o->ifaces[i].mode == MODE_UNSET)
			o->ifaces[i].mode = o->mode;
	}
	set_box(o, a);
	if (a->command->bit == COMMAND_RUN && !o->ifaces_n && config_read_well && !a->report->mistakes)
		option_complain(&src, "needs an interface: -i NAME, or \"interfaces\" in the configuration");
}

static void apply_config_path(const struct args *a, struct options *o)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->given[i].row == config_row())
			apply(&a->given[i], o, a->report);
}

static int read_all(struct options *o, struct args *a)
{
	int code = 0;

	read_args(a);
	if (a->help && !a->report->mistakes)
		return OPTIONS_HELP;
	apply_config_path(a, o);
	apply_operand(a, o);
	if (o->config)
		code = config_read(o, o->config);
	apply_all(a, o);
	finish(o, a, !code);
	if (!code && !a->report->mistakes)
		code = check_outputs(o, a);
	if (a->report->no_memory)
		return EX_OSERR;
	return a->report->mistakes ? EX_USAGE : code;
}

static int unknown_command(const char *name, struct option_report *report)
{
	struct option_src src = cli_src(report, NULL);
	struct suggest close = { .word = name };

	for (size_t i = 0; i < command_rows_n; i++)
		suggest_try(&close, command_rows[i].name, strlen(command_rows[i].name));
	option_complain(&src, "unknown command %s%s", quote(name).s, suggest_text(&close));
	return EX_USAGE;
}

int options_read(struct options *o, int argc, char **argv)
{
	struct option_report report = { 0 };
	struct args a = { .argc = argc, .at = 1, .argv = argv, .report = &report };
	struct option_src src = cli_src(&report, NULL);
	int code = EX_OSERR;

	*o = (struct options){ 0 };
	a.command = command_find(argv[0]);
	if (!a.command)
		return unknown_command(argv[0], &report);
	/* A letter of "-vvv" is an option, too. */
	for (int i = 1; i < argc; i++)
		a.n += strlen(argv[i]) + 1;
	a.given = calloc(a.n + 1, sizeof(*a.given));
	a.n = 0;
	if (!a.given || options_init(o))
		(void)option_no_memory(&src);
	else
		code = read_all(o, &a);
	o->argc = argc;
	o->argv = argv;
	free(a.given);
	return code;
}
