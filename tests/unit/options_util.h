/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options_util.h - what the tests of options share: stderr caught in memory,
 * a command line as an array, a configuration from a text.
 */
#ifndef NINETAP_OPTIONS_UTIL_H
#define NINETAP_OPTIONS_UTIL_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/config.h"
#include "base/options.h"
#include "check.h"

static int catch_fd = -1, catch_saved = -1;
static char caught[1 << 16];

static inline void catch_stderr(void)
{
	catch_fd = memfd_create("stderr", 0);
	catch_saved = dup(STDERR_FILENO);
	if (catch_fd < 0 || catch_saved < 0 || dup2(catch_fd, STDERR_FILENO) < 0)
		abort();
}

/* What was written since catch_stderr(), at most what fits. */
static inline const char *caught_stderr(void)
{
	ssize_t n = pread(catch_fd, caught, sizeof(caught) - 1, 0);

	caught[n > 0 ? n : 0] = '\0';
	dup2(catch_saved, STDERR_FILENO);
	close(catch_saved);
	close(catch_fd);
	return caught;
}

#define ARGV_MAX 16

/* Reads a NULL-terminated command line; what it says on stderr is in caught[]. */
static inline int read_argv(struct options *o, char *const *argv)
{
	char *copy[ARGV_MAX + 1] = { NULL };
	int argc = 0, code;

	for (; argv[argc] && argc < ARGV_MAX; argc++)
		copy[argc] = argv[argc];
	catch_stderr();
	code = options_read(o, argc, copy);
	caught_stderr();
	return code;
}
#define READ(o, ...) read_argv((o), (char *[]){ __VA_ARGS__, NULL })

struct mistake {
	const char *argv[6];
	const char *says;		/* behind "ninetap: error: " */
};

/* Each is a usage error, and says no more and no less. */
static inline void check_mistakes(const struct mistake *mistakes, size_t n)
{
	char want[512];

	for (size_t i = 0; i < n; i++) {
		struct options o;
		int before = check_failures;

		CHECK_EQ(read_argv(&o, (char *const *)mistakes[i].argv), EX_USAGE);
		snprintf(want, sizeof(want), "ninetap: error: %s\n", mistakes[i].says);
		CHECK_STR(caught, want);
		if (check_failures > before)
			printf("# mistakes[%zu]\n", i);
		options_free(&o);
	}
}

/* Reads a configuration text over the defaults, as "c.json". */
static inline int read_text_len(struct options *o, const char *text, size_t len)
{
	int code = options_init(o);

	if (code)
		return code;
	catch_stderr();
	code = config_read_mem(o, "c.json", text, len);
	caught_stderr();
	return code;
}

static inline int read_config(struct options *o, const char *text)
{
	return read_text_len(o, text, strlen(text));
}

/* The settings as JSON; the caller frees it. */
static inline char *json_of(const struct options *o)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = f ? options_print_json(f, o) : -1;

	if (!f || fclose(f) || err)
		abort();
	return text;
}

#endif
