// SPDX-License-Identifier: Apache-2.0
/*
 * files.c - see source.h: a file of an output and those it was rotated to,
 * by the names that the sink gives them. Each holds lines of JSON or an Avro
 * container, told apart by its first bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "audit/container.h"
#include "audit/source.h"
#include "audit/told.h"
#include "base/log.h"

#define BAD_TOLD 5U			/* of what can't be read that is named; the rest is counted */

void source_bad(struct book *b, const char *name, const char *unit, uint64_t where, const char *why)
{
	if (b->bad++ < BAD_TOLD)
		log_warn("read %s: %s %" PRIu64 ": %s", name, unit, where, why);
	else if (b->bad == BAD_TOLD + 1)
		log_warn("read %s: more can't be read, and is counted from here on", name);
}

static int read_lines(struct book *b, struct input *in)
{
	const char *line, *why = "too long";
	size_t len;
	int err;

	while ((err = input_line(in, &line, &len)) != -ENODATA) {
		if (err && err != -EFBIG)
			return err;
		if (!err && len)
			err = told_row(b, line, len, &why);
		if (err == -ENOMEM)
			return err;
		if (err)
			source_bad(b, in->name, "line", in->line, why);
	}
	return 0;
}

static int read_fd(struct book *b, int fd, const char *name)
{
	struct input in = { .name = name, .fd = fd };
	const char *p;
	size_t there;
	int err = input_want(&in, CONTAINER_MAGIC_BYTES, &p, &there);

	if (!err && !memcmp(p, CONTAINER_MAGIC, CONTAINER_MAGIC_BYTES))
		err = container_read(b, &in);
	else if (!err || err == -ENODATA)
		err = read_lines(b, &in);
	if (err && err != -EBADMSG)
		log_error("read %s: %s", name, strerror(-err));
	input_free(&in);
	return err;
}

static int read_path(struct book *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0) {
		err = -errno;
		if (err != -ENOENT)
			log_error("open %s: %s", path, strerror(-err));
		return err;
	}
	err = read_fd(b, fd, path);
	close(fd);
	return err;
}

/* "20260102T030405.000000006Z", as the sink names what it rotates. */
static bool is_stamp(const char *s)
{
	const char *form = "dddddddd" "T" "dddddd" "." "ddddddddd" "Z";

	for (; *form; form++, s++)
		if (*form == 'd' ? *s < '0' || *s > '9' : *s != *form)
			return false;
	return !*s;
}

/* What scandir(3) asks has no argument of ours. */
static __thread const char *wanted;

static int is_rotated(const struct dirent *d)
{
	size_t len = strlen(wanted);

	return !strncmp(d->d_name, wanted, len) && d->d_name[len] == '.' && is_stamp(d->d_name + len + 1);
}

static int read_sibling(struct book *b, const char *folder, const char *name, const struct stat *current)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (!stat(path, &st) && st.st_dev == current->st_dev && st.st_ino == current->st_ino)
		return 0;		/* it was rotated meanwhile, and is read under its old name */
	return read_path(b, path);
}

static int read_siblings(struct book *b, const char *folder, const char *name, const struct stat *current, int *found)
{
	struct dirent **list;
	int n, err = 0;

	wanted = name;
	n = scandir(folder, &list, is_rotated, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	*found = n;
	for (int i = 0; i < n; i++) {
		if (!err)
			err = read_sibling(b, folder, list[i]->d_name, current);
		free(list[i]);
	}
	free(list);
	return err;
}

/* path is opened first, so that a rotation meanwhile loses nothing. */
static int read_family(struct book *b, const char *path, const char *folder, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), missing = fd < 0 ? -errno : 0, found = 0, err;
	struct stat current = { 0 };

	if (missing && missing != -ENOENT) {
		log_error("open %s: %s", path, strerror(-missing));
		return missing;
	}
	err = !missing && fstat(fd, &current) ? -errno : read_siblings(b, folder, name, &current, &found);
	if (!err && !missing)
		err = read_fd(b, fd, path);
	if (fd >= 0)
		close(fd);
	return err || found ? err : missing;
}

int source_files(struct book *b, const char *path)
{
	char *one, *two;
	int err = -ENOMEM;

	if (!strcmp(path, "-"))
		return read_fd(b, STDIN_FILENO, "standard input");
	one = strdup(path);
	two = strdup(path);
	if (one && two)
		err = read_family(b, path, dirname(one), basename(two));
	free(one);
	free(two);
	return err;
}
