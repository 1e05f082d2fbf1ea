// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - ninetap: from the first word of the command line to a subcommand.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "audit/audit.h"
#include "base/log.h"
#include "base/options.h"
#include "collect/commands.h"
#include "encode/schema.h"

struct command {
	const char *name;
	int (*run)(const struct options *o);
};

/* The file was read and every mistake reported by then. */
static int check_main(const struct options *o)
{
	if (!o->config) {
		log_error("check: no configuration: name a FILE");
		return EX_USAGE;
	}
	if (o->json)
		return options_print_json(stdout, o) ? EX_OSERR : 0;
	printf("%s: ok\n", o->config);
	return 0;
}

static const struct command commands[] = {
	{ "run", run_main },
	{ "replay", replay_main },
	{ "check", check_main },
	{ "show", show_main },
	{ "detach", detach_main },
	{ "mode", mode_main },
	{ "audit", audit_main },
	{ "tag put", tag_put_main },
	{ "tag end", tag_end_main },
	{ "tag list", tag_list_main },
};

static int usage_error(const char *of, const char *word, const char *want)
{
	log_error("%s %s: unknown: it takes %s", of, word, want);
	return EX_USAGE;
}

/* For the build: the files of the tree that are made from tables. */
static int generate(const char *what)
{
	struct buf text = {0};

	if (!strcmp(what, "man"))
		options_man(stdout);
	else if (!strcmp(what, "options"))
		options_markdown(stdout);
	else if (strcmp(what, "avsc") && strcmp(what, "avsc-flows"))
		return usage_error("generate", what, "avsc, avsc-flows, man or options");
	else if (schema_text(&text, strcmp(what, "avsc") ? STREAM_FLOWS : STREAM_PACKETS, false))
		return EX_OSERR;
	fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	return 0;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct options o;
	int code = options_read(&o, argc, argv);

	if (code == OPTIONS_HELP) {
		options_help(stdout, c->name);
		code = 0;
	} else if (!code) {
		log_verbose(o.verbose);
		code = c->run(&o);
	}
	options_free(&o);
	return code;
}

/* By one word, "run", or by two, "tag put". */
static const struct command *find_command(const char *first, const char *second)
{
	size_t len = strlen(first);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *name = commands[i].name;

		if (second && !strncmp(name, first, len) && name[len] == ' ' && !strcmp(name + len + 1, second))
			return &commands[i];
		if (!second && !strcmp(name, first))
			return &commands[i];
	}
	return NULL;
}

static int run_tag(int argc, char **argv)
{
	const char *word = argc > 2 ? argv[2] : "";
	const struct command *c = find_command(argv[1], word);

	if (c) {
		argv[2] = (char *)c->name;
		return run_command(c, argc - 2, argv + 2);
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		options_help(stdout, NULL);
		return 0;
	}
	if (*word)
		return usage_error("tag", word, "put, end or list; tag put --help says more");
	log_error("tag: needs a second word: put, end or list; tag put --help says more");
	return EX_USAGE;
}

static int dispatch(int argc, char **argv)
{
	const char *word = argv[1];
	const struct command *c = find_command(word, NULL);

	if (c)
		return run_command(c, argc - 1, argv + 1);
	if (!strcmp(word, "tag"))
		return run_tag(argc, argv);
	if (!strcmp(word, "generate") && argc == 3)
		return generate(argv[2]);
	if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		printf("ninetap %s\n", NINETAP_VERSION);
		return 0;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		options_help(stdout, NULL);
		return 0;
	}
	return usage_error("ninetap", word, "run, replay, check, show, detach, mode, audit or tag; --help says more");
}

/*
 * A closed standard descriptor would be given to the next thing that is
 * opened. Standard output is opened for reading: to write there is an error.
 */
static int open_standard_descriptors(void)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	int code = EX_USAGE;

	if (open_standard_descriptors())
		return EX_OSERR;
	signal(SIGPIPE, SIG_IGN);	/* a reader that went is an error of write(2) */
	if (argc < 2)
		options_help(stderr, NULL);
	else
		code = dispatch(argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && !code) {
		if (errno != EPIPE)	/* a reader that has read enough needs no telling */
			log_error("write standard output: %s", strerror(errno));
		code = EX_IOERR;
	}
	return code;
}
