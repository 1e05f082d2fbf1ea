/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.h - the bytes of a file or a pipe, a piece at a time, through one
 * buffer that grows as far as a piece needs. One thread.
 */
#ifndef NINETAP_AUDIT_INPUT_H
#define NINETAP_AUDIT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

#define INPUT_PIECE_MAX (256U << 20)	/* a line, or a block of Avro; ours are far smaller */

struct input {
	const char *name;		/* for messages; the caller's */
	int fd;				/* the caller's */
	struct buf bytes;
	size_t at;			/* of the next byte in bytes */
	uint64_t line;			/* number of the line given last, from 1 */
	bool ended;
};

void input_free(struct input *in);	/* not its fd */

/*
 * At least n bytes at *p, not taken. 0; -ENODATA: the file ends before (*p,
 * *there: what is left); -EFBIG: n is beyond INPUT_PIECE_MAX; -errno.
 */
int input_want(struct input *in, size_t n, const char **p, size_t *there) __attribute__((warn_unused_result));
void input_take(struct input *in, size_t n);

/*
 * The next line without its newline, valid until the next call. 0; -ENODATA:
 * there is none; -EFBIG (go on: the rest of it is the next line); -errno.
 */
int input_line(struct input *in, const char **line, size_t *len) __attribute__((warn_unused_result));

#endif
