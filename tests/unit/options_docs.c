/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options_docs.c - tests that help, manual page and docs/ are the table's.
 * Runs in the top of the tree. With --write it makes docs/ninetap.8 and the
 * table of docs/configuration.md again instead.
 */
#include <stdio.h>
#include "base/option_docs.h"
#include "base/option_table.h"
#include "check.h"
#include "collect/account.h"
#include "options_util.h"

#define MAN "docs/ninetap.8"
#define GUIDE "docs/configuration.md"
#define TABLE_BEGIN "<!-- table: made from user/base/option_table.c -->\n"
#define TABLE_END "<!-- end of table -->\n"

static char *printed(void (*print)(FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	print(f);
	fclose(f);
	return text;
}

static char *file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	if (!f || getdelim(&text, &cap, '\0', f) < 0) {
		printf("# read %s: not possible from here\n", path);
		text = strdup("");
	}
	if (f)
		fclose(f);
	return text;
}

static void test_man_page_is_current(void)
{
	char *is = file_text(MAN), *want = printed(options_man);

	CHECK(!strcmp(is, want));
	free(is);
	free(want);
}

static void test_guide_is_current(void)
{
	char *is = file_text(GUIDE), *table = printed(options_markdown), *want = NULL;

	CHECK(asprintf(&want, TABLE_BEGIN "%s" TABLE_END, table) > 0);
	CHECK(strstr(is, want) != NULL);
	free(is);
	free(table);
	free(want);
}

/* The help of a command has its rows and no others. */
static void check_help(const struct command_row *c)
{
	char *text = NULL, name[64];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	options_help(f, c->name);
	fclose(f);
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];

		snprintf(name, sizeof(name), "--%s%s", row->name, row->metavar ? " " : "  ");
		if (!strstr(text, name) == !!(row->commands & c->bit)) {
			printf("# %s of %s\n", name, c->name);
			CHECK(!"help lists exactly the options of a command");
		}
	}
	free(text);
}

static void test_help_has_each_row(void)
{
	for (size_t i = 0; i < command_rows_n; i++)
		check_help(&command_rows[i]);
}

static void test_man_has_each_row(void)
{
	char *text = printed(options_man), *p = text, *q = text;

	while (*p) {		/* without roff's backslashes */
		if (*p == '\\' && p[1] == '-')
			p++;
		*q++ = *p++;
	}
	*q = '\0';
	for (size_t i = 0; i < option_rows_n; i++)
		CHECK(strstr(text, option_rows[i].help) && strstr(text, option_rows[i].name));
	for (size_t i = 0; i < command_rows_n; i++)
		CHECK(strstr(text, command_rows[i].help) != NULL);
	free(text);
}

static void check_explained(const char *section, const char *name, size_t len)
{
	char *item = NULL;

	CHECK(asprintf(&item, ".TP\n\\fB%.*s\\fR\n", (int)len, name) > 0);
	if (!strstr(section, item)) {
		printf("# %.*s\n", (int)len, name);
		CHECK(!"each figure of the account is explained");
	}
	free(item);
}

/* Each "name=" of the line that begins so. How many there are. */
static int check_line(const char *section, const char *begin)
{
	const char *line = strstr(caught, begin), *end = line ? strchr(line, '\n') : NULL, *equals;
	int figures = 0;

	CHECK(end != NULL);
	for (const char *p = line; end && (equals = memchr(p, '=', (size_t)(end - p))); p = equals + 1, figures++) {
		const char *name = equals;

		while (strchr("abcdefghijklmnopqrstuvwxyz_", name[-1]))
			name--;
		check_explained(section, name, (size_t)(equals - name));
	}
	return figures;
}

/* What run and replay print at their end. */
static void test_man_explains_the_account(void)
{
	char *man = printed(options_man), *section = printed(account_man);

	CHECK(strstr(man, section) != NULL);
	catch_stderr();
	account_log(&(struct account){ .sink = { .spool_in = 1 } });
	caught_stderr();
	CHECK_EQ(check_line(section, "ninetap: account:"), NT_COUNT_FATES_END + 2 + NT_LOSS_MAX); /* delivered, unread */
	CHECK_EQ(check_line(section, "ninetap: notes:"), NT_COUNT_NOTES);
	CHECK_EQ(check_line(section, "ninetap: spool:"), 7);
	CHECK(strstr(caught, "ninetap: on the wire:") && strstr(section, "\"on the wire\""));
	free(man);
	free(section);
}

static void test_man_says_the_sums(void)
{
	char *text = printed(options_man);

	CHECK(strstr(text, "\nseen = recorded + flow + overflow + filtered + sampled_out + non_ip + truncated + malformed + "
			   "lost_ring_full + lost_flows_full + lost_no_ring\n") != NULL);
	CHECK(strstr(text, "\nrecorded = delivered + unread + lost_encode + lost_write + lost_refused + "
			   "lost_closed + lost_off\n") != NULL);
	CHECK(strstr(text, "\nflow + overflow = ") != NULL);
	free(text);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void test_rows_are_distinct_and_whole(void)
{
	CHECK(option_rows_n <= 64);	/* config.c keeps a bit a row */
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *a = &option_rows[i];

		CHECK(a->name && a->help && a->help[strlen(a->help) - 1] != '.');
		CHECK(!a->metavar == (a->kind == OPTION_FLAG || a->kind == OPTION_ASK));
		CHECK(strlen(a->name) < 32 && (!a->path || strlen(a->path) < 40));
		for (size_t k = 0; k < i; k++) {
			CHECK(!same(a->name, option_rows[k].name));
			CHECK(!same(a->path, option_rows[k].path));
			CHECK(!a->letter || a->letter != option_rows[k].letter);
		}
	}
}

static void test_defaults_are_valid(void)
{
	struct options o;

	catch_stderr();
	CHECK_EQ(options_init(&o), 0);
	CHECK_STR(caught_stderr(), "");
	options_free(&o);
}

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	int bad = !f || fputs(text, f) == EOF;

	return (f && fclose(f)) || bad;
}

static int write_docs(void)
{
	char *man = printed(options_man), *table = printed(options_markdown), *guide = file_text(GUIDE);
	char *begin = strstr(guide, TABLE_BEGIN), *end = strstr(guide, TABLE_END), *made = NULL;
	int bad = write_file(MAN, man) || !begin || !end;

	if (!bad)
		bad = asprintf(&made, "%.*s" TABLE_BEGIN "%s%s", (int)(begin - guide), guide, table, end) < 0 ||
		      write_file(GUIDE, made);
	free(made);
	free(man);
	free(table);
	free(guide);
	return bad;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--write"))
		return write_docs();
	RUN(test_man_page_is_current);
	RUN(test_guide_is_current);
	RUN(test_help_has_each_row);
	RUN(test_man_has_each_row);
	RUN(test_man_explains_the_account);
	RUN(test_man_says_the_sums);
	RUN(test_rows_are_distinct_and_whole);
	RUN(test_defaults_are_valid);
	return check_done();
}
