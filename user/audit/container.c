// SPDX-License-Identifier: Apache-2.0
/*
 * container.c - see container.h: files of Avro, a block at a time. A block
 * whose sync marker is not there is not looked into.
 */
#include "audit/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "audit/avsc.h"
#include "audit/source.h"
#include "base/log.h"

#define SYNC_BYTES 16U
#define LONG_BYTES 10U
#define META_BYTES_MAX (1 << 20)

struct container {
	struct input *in;
	struct avsc *schema;
	char sync[SYNC_BYTES];
	uint64_t blocks;
	bool codec;			/* one that is not "null" */
};

static int read_long(struct input *in, int64_t *v)
{
	const unsigned char *p, *begin;
	const char *bytes;
	size_t there;
	int err = input_want(in, LONG_BYTES, &bytes, &there);

	if (err && err != -ENODATA)
		return err;
	p = begin = (const unsigned char *)bytes;
	if (avsc_long(&p, begin + there, v))
		return there < LONG_BYTES ? -ENODATA : -EINVAL;
	input_take(in, (size_t)(p - begin));
	return 0;
}

/* Bytes or a string: a copy, to be freed. */
static int read_sized(struct input *in, char **out, size_t *len)
{
	const char *p;
	int64_t n;
	int err = read_long(in, &n);

	*out = NULL;
	if (err || n < 0 || n > META_BYTES_MAX)
		return err ?: -EINVAL;
	*len = (size_t)n;
	if (n) {
		size_t there;

		err = input_want(in, *len, &p, &there);
	}
	if (err)
		return err;
	*out = malloc(*len + 1);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, n ? p : "", *len);
	(*out)[*len] = '\0';
	input_take(in, *len);
	return 0;
}

static int use_meta(struct container *c, const char *key, const char *value, size_t len)
{
	const char *why;
	int err = 0;

	if (!strcmp(key, "avro.codec"))
		c->codec = strcmp(value, "null");
	if (!strcmp(key, "avro.schema") && !c->schema) {
		err = avsc_open(&c->schema, value, len, &why);
		if (err == -EBADMSG)
			log_error("read %s: its schema: %s", c->in->name, why);
	}
	return err;
}

static int read_pair(struct container *c)
{
	char *key = NULL, *value = NULL;
	size_t len;
	int err = read_sized(c->in, &key, &len);

	if (!err)
		err = read_sized(c->in, &value, &len);
	if (!err)
		err = use_meta(c, key, value, len);
	free(key);
	free(value);
	return err;
}

static int read_meta(struct container *c)
{
	int64_t count, size;
	int err;

	do {
		err = read_long(c->in, &count);
		if (!err && count < 0)
			err = read_long(c->in, &size);
		for (int64_t i = count < 0 ? -(count + 1) + 1 : count; i && !err; i--)
			err = read_pair(c);
	} while (!err && count);
	return err;
}

static int read_head(struct container *c)
{
	const char *p;
	size_t there;
	int err;

	input_take(c->in, CONTAINER_MAGIC_BYTES);
	err = read_meta(c) ?: input_want(c->in, SYNC_BYTES, &p, &there);
	if (err)
		return err;
	memcpy(c->sync, p, SYNC_BYTES);
	input_take(c->in, SYNC_BYTES);
	if (c->schema && !c->codec)
		return 0;
	log_error("read %s: %s", c->in->name, c->codec ? "compressed: only the codec null is read" : "it has no schema");
	return -EBADMSG;
}

static int read_batches(struct container *c, struct book *b, const char *bytes, size_t n, int64_t count)
{
	const unsigned char *p = (const unsigned char *)bytes, *end = p + n;
	int err = 0;

	while (count-- > 0 && !err)
		err = avsc_read(c->schema, b, &p, end);
	if (!err && p != end)
		err = -EINVAL;
	if (err == -EINVAL) {
		source_bad(b, c->in->name, "block", c->blocks, "damaged");
		err = 0;
	}
	return err;
}

static int read_block(struct container *c, struct book *b)
{
	int64_t count, size;
	const char *p;
	size_t there;
	int err = read_long(c->in, &count) ?: read_long(c->in, &size);

	if (err)
		return err;
	if (count < 0 || size < 0 || size > INPUT_PIECE_MAX - SYNC_BYTES)
		return -EINVAL;
	err = input_want(c->in, (size_t)size + SYNC_BYTES, &p, &there);
	if (err)
		return err;
	if (memcmp(p + size, c->sync, SYNC_BYTES))
		return -EINVAL;
	err = read_batches(c, b, p, (size_t)size, count);
	input_take(c->in, (size_t)size + SYNC_BYTES);
	return err;
}

/* Is there anything behind the last block? */
static int more(struct container *c, bool *yes)
{
	const char *p;
	size_t there;
	int err = input_want(c->in, 1, &p, &there);

	*yes = !err;
	return err == -ENODATA ? 0 : err;
}

int container_read(struct book *b, struct input *in)
{
	struct container c = { .in = in };
	bool yes = true;
	int err = read_head(&c);

	while (!err && !(err = more(&c, &yes)) && yes) {
		c.blocks++;
		err = read_block(&c, b);
	}
	if (err == -ENODATA || err == -EINVAL) {
		source_bad(b, in->name, "block", c.blocks, err == -ENODATA ? "the file ends within it" : "damaged, and all behind it");
		err = 0;
	}
	avsc_close(c.schema);
	return err;
}
