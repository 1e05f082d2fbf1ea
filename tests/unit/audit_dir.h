/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_dir.h - a folder of files to audit, and what the audit prints of them.
 * The test's main makes the folder and removes it.
 */
#ifndef NINETAP_TESTS_AUDIT_DIR_H
#define NINETAP_TESTS_AUDIT_DIR_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "audit/audit.h"
#include "audit_lib.h"
#include "check.h"
#include "test_dir.h"


static inline const char *in_dir(const char *name)
{
	static char paths[4][300];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

static inline void write_file(const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(in_dir(name), "a");

	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f))
		abort();
}

static inline void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

/* Rows from the from-th on, until the to-th, by kind: where each goes; NULL: nowhere. */
static inline void write_rows(const struct cpu *c, size_t from, size_t to, const char *packets, const char *flows, const char *events)
{
	const char *const name[] = { [ROW_RECORD] = packets, [ROW_FLOW] = flows, [ROW_EVENT] = events };

	for (size_t i = from; i < to && i < c->rows_n; i++) {
		if (!c->rows[i].text || !name[c->rows[i].kind])
			continue;
		write_text(name[c->rows[i].kind], c->rows[i].text);
		write_text(name[c->rows[i].kind], "\n");
	}
}

static json_t *said;			/* by the last audit */

/* With --json: what it prints goes to a file meanwhile. */
static inline int audit(const char *source)
{
	struct options o = { .source = (char *)source, .json = true };
	int kept = dup(STDOUT_FILENO), fd = open(in_dir("printed"), O_RDWR | O_CREAT | O_TRUNC, 0600), code;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	code = audit_main(&o);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(fd);
	json_decref(said);
	said = json_load_file(in_dir("printed"), 0, NULL);
	unlink(in_dir("printed"));
	return code;
}

static inline long long number(const char *name)
{
	return json_integer_value(json_object_get(said, name));
}

#endif
