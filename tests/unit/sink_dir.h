/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink_dir.h - a folder for the tests of the file sink, and a look at what the
 * sink has left in it. files_main() makes and removes it.
 */
#ifndef NINETAP_SINK_DIR_H
#define NINETAP_SINK_DIR_H

#include <signal.h>
#include "sink_util.h"
#include "test_dir.h"

static char path[300], output[320];

static inline void use(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(output, sizeof(output), "file:%s", path);
}

/* Whole of a file, as a string; "" where there is none. Freed by the caller. */
static inline char *content(const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = calloc(1, 1 << 20);

	if (f) {
		fread(text, 1, (1 << 20) - 1, f);
		fclose(f);
	}
	return text;
}

static inline int lines_of(const char *name)
{
	char *text = content(name);
	int n = lines_with(text, "\n");

	CHECK(!*text || text[strlen(text) - 1] == '\n');
	free(text);
	return n;
}

/* "<path>.20261121T221500.000000001Z": is name such a one? */
static inline int is_rotated(const char *name, const char *base)
{
	static const char shape[] = ".dddddddd" "Tdddddd" ".dddddddddZ";
	size_t n = strlen(base);

	if (strncmp(name, base, n) || strlen(name) != n + sizeof(shape) - 1)
		return 0;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? name[n + i] < '0' || name[n + i] > '9' : name[n + i] != shape[i])
			return 0;
	return 1;
}

/* Counts rotated files of base and the lines in them; *last is one of them. */
static inline int rotated(const char *base, int *lines, char *last)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	*lines = 0;
	while ((e = readdir(d))) {
		char full[600];

		if (!is_rotated(e->d_name, base))
			continue;
		snprintf(full, sizeof(full), "%s/%s", dir, e->d_name);
		*lines += lines_of(full);
		if (last)
			strcpy(last, full);
		n++;
	}
	closedir(d);
	return n;
}

/* Runs the tests in a fresh folder. */
static inline int files_main(void (*tests)(void))
{
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	tests();
	rmdir(dir);
	return check_done();
}

#endif
