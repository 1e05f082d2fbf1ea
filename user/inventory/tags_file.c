/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tags_file.c - see tags_file.h.
 *
 * The file is read piece by piece, so that a large one costs no memory beside
 * the inventory; lines are read where they stand in the piece. It isn't
 * mapped: a writer that truncates it would be a SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "inventory/lines.h"
#include "inventory/tags_file.h"

#define PIECE_BYTES 262144U

struct load {
	struct inventory *inv;
	struct problems *problems;
	struct statement s;		/* reused from line to line */
	struct buf piece;
	bool overlong;			/* inside a line that was given up */
	uint32_t lines;			/* before the piece */
	uint64_t said, good;		/* lines that say something, and statements taken over */
};

static int fail(struct load *l, const char *why, int err)
{
	l->problems->line = 0;
	problem(l->problems, PROBLEM_SOURCE, "%s", why);
	return err;
}

static int open_file(struct load *l, const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);	/* a FIFO must not hang */
	if (*fd < 0 || fstat(*fd, &st))
		return fail(l, strerror(errno), -errno);
	if (S_ISDIR(st.st_mode))
		return fail(l, "is a directory", -EISDIR);
	if (!S_ISREG(st.st_mode))
		return fail(l, "is not a regular file", -EINVAL);
	return 0;
}

static int apply_line(struct load *l, const char *line, size_t len)
{
	int err = statement_read(&l->s, line, len, TIME_ALWAYS, l->problems);

	l->said++;
	if (!err)
		err = inventory_apply(l->inv, &l->s, LAYER_FILE, l->problems);
	if (!err)
		l->good++;
	return err == -ENOMEM ? err : 0;
}

/* Applies the lines of text. */
static int apply_lines(struct load *l, const char *text, size_t len)
{
	struct lines lines = { .p = text, .end = text + len, .n = l->lines };
	const char *line;
	size_t line_len;
	int err = 0;

	while (!err && lines_next(&lines, &line, &line_len)) {
		l->problems->line = lines.n;
		err = apply_line(l, line, line_len);
	}
	l->lines = lines.n;
	return err;
}

/* A line that has no end within the bound: named once, and dropped up to its newline. */
static void give_up_line(struct load *l)
{
	l->problems->line = l->lines + 1;
	problem(l->problems, PROBLEM_SYNTAX, "is longer than %u bytes", LINE_BYTES_MAX);
	l->said++;
	l->overlong = true;
	l->piece.len = 0;
}

/* Applies what is whole of the piece, and keeps the rest in front. */
static int apply_piece(struct load *l)
{
	char *text = (char *)l->piece.data, *last = memrchr(text, '\n', l->piece.len);
	size_t whole = last ? (size_t)(last - text) + 1 : 0, skip = 0;
	int err = 0;

	if (l->overlong && whole) {
		skip = (size_t)((char *)memchr(text, '\n', whole) - text) + 1;
		l->overlong = false;
		l->lines++;
	}
	if (l->overlong)
		l->piece.len = 0;
	else
		err = apply_lines(l, text + skip, whole - skip);
	l->piece.len -= l->overlong ? 0 : whole;
	memmove(text, text + whole, l->piece.len);
	if (l->piece.len > LINE_BYTES_MAX)
		give_up_line(l);
	return err;
}

/* How many bytes came, 0 at the end of the file, or -errno. */
static ssize_t read_piece(struct load *l, int fd)
{
	ssize_t n;

	if (buf_reserve(&l->piece, PIECE_BYTES))
		return -ENOMEM;
	do
		n = read(fd, l->piece.data + l->piece.len, PIECE_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(l, strerror(errno), -errno);
	l->piece.len += (size_t)n;
	return n;
}

/* Editors of other systems begin a file of UTF-8 with a mark that is no part of its text. */
static void skip_mark(struct load *l)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (l->piece.len < 3 || memcmp(l->piece.data, mark, 3))
		return;
	l->piece.len -= 3;
	memmove(l->piece.data, l->piece.data + 3, l->piece.len);
}

static int read_all(struct load *l, int fd)
{
	ssize_t n = read_piece(l, fd);
	int err = 0;

	skip_mark(l);
	for (; n > 0 && !err; n = err ? 0 : read_piece(l, fd))
		err = apply_piece(l);
	if (n < 0)
		return (int)n;
	if (!err && !l->overlong)	/* the last line, without its newline */
		err = apply_lines(l, (const char *)l->piece.data, l->piece.len);
	return err;
}

int tags_file_load(struct inventory *inv, const char *path, struct problems *p)
{
	struct load l = { .inv = inv, .problems = p };
	int fd, err;

	problems_at(p, "%s", path);
	p->line = 0;
	err = open_file(&l, path, &fd);
	if (!err)
		err = read_all(&l, fd);
	if (!err && l.said && !l.good)
		err = fail(&l, "has not one good line", -EINVAL);
	p->line = 0;
	statement_free(&l.s);
	buf_free(&l.piece);
	if (fd >= 0)
		close(fd);
	return err;
}
