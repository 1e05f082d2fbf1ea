// SPDX-License-Identifier: Apache-2.0
/*
 * tables.c - see tables.h. A batch is a number of whole buckets, so that
 * deleting what one returned moves nothing that the next will. The calls return
 * -errno, as libbpf does from 1.0 on.
 */
#include "flow/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#define ROOM_AT_FIRST 2048		/* entries a batch: 288 bytes each */
#define KERNEL_ENOTSUPP 524		/* of the kernel alone: a map without that operation */

static int make_room(struct table_reader *r, uint32_t room)
{
	unsigned char *keys = reallocarray(r->keys, room, sizeof(struct nt_flow_key));
	struct nt_flow *counted;

	if (!keys)
		return -ENOMEM;
	r->keys = keys;
	counted = reallocarray(r->counted, room, sizeof(*counted));
	if (!counted)
		return -ENOMEM;
	r->counted = counted;
	r->room = room;
	return 0;
}

int table_reader_open(struct table_reader *r)
{
	*r = (struct table_reader){ 0 };
	return make_room(r, ROOM_AT_FIRST);
}

void table_reader_close(struct table_reader *r)
{
	free(r->keys);
	free(r->counted);
	*r = (struct table_reader){ 0 };
}

/* Deletes the first n keys. One that is not there was deleted before: a call that failed says not how far it came. */
static int delete_keys(struct table_reader *r, int fd, uint32_t key_bytes, uint32_t n)
{
	uint32_t done = 0;

	while (done < n) {
		uint32_t count = n - done;
		int err = bpf_map_delete_batch(fd, r->keys + (size_t)done * key_bytes, &count, NULL);

		if (err && err != -ENOENT)
			return err;
		done += err ? count + 1 : n - done;
	}
	return 0;
}

/* The keys of what was taken move to the front, for one deletion. */
static uint32_t take_batch(struct table_reader *r, uint32_t n, uint32_t key_bytes, table_take take, void *arg)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < n; i++) {
		const unsigned char *key = r->keys + (size_t)i * key_bytes;

		if (take(arg, key, &r->counted[i]))
			memmove(r->keys + (size_t)taken++ * key_bytes, key, key_bytes);
	}
	return taken;
}

/* 0, 1 behind the last batch, or -errno. A bucket that is larger than a batch makes batches larger. */
static int read_batch(struct table_reader *r, int fd, void *from, void *to, uint32_t *n)
{
	int err;

	for (;;) {
		*n = r->room;
		err = bpf_map_lookup_batch(fd, from, to, r->keys, r->counted, n, NULL);
		if (err != -ENOSPC)
			break;
		err = make_room(r, 2 * r->room);
		if (err)
			return err;
	}
	return err == -ENOENT ? 1 : err;
}

static int drain_batches(struct table_reader *r, int fd, uint32_t key_bytes, table_take take, void *arg, uint64_t *left)
{
	struct nt_flow_key from, to;	/* the kernel's mark of a place: at most as large as a key */
	bool first = true;
	int end = 0;

	while (!end) {
		uint32_t n, taken;
		int err;

		end = read_batch(r, fd, first ? NULL : &from, &to, &n);
		if (end < 0)
			return end;
		taken = take_batch(r, n, key_bytes, take, arg);
		*left += n - taken;
		err = delete_keys(r, fd, key_bytes, taken);
		if (err)
			return err;
		from = to;
		first = false;
	}
	return 0;
}

static int drain_one(struct table_reader *r, int fd, const void *key, table_take take, void *arg, uint64_t *left)
{
	int err = bpf_map_lookup_elem(fd, key, &r->counted[0]);

	if (err)
		return err;
	if (take(arg, key, &r->counted[0]))
		return bpf_map_delete_elem(fd, key);
	*left += 1;
	return 0;
}

/* The next key is asked for before this one is deleted: behind a key that is gone the kernel begins anew. */
static int drain_one_by_one(struct table_reader *r, int fd, table_take take, void *arg, uint64_t *left)
{
	struct nt_flow_key key, next;
	int end = bpf_map_get_next_key(fd, NULL, &key);

	while (!end) {
		int err;

		end = bpf_map_get_next_key(fd, &key, &next);
		if (end && end != -ENOENT)
			return end;
		err = drain_one(r, fd, &key, take, arg, left);
		if (err)
			return err;
		key = next;
	}
	return end == -ENOENT ? 0 : end;
}

static bool no_batches(int err)
{
	return err == -EINVAL || err == -EOPNOTSUPP || err == -KERNEL_ENOTSUPP;
}

int table_drain(struct table_reader *r, int fd, uint32_t key_bytes, table_take take, void *arg, uint64_t *left)
{
	if (!r->one_by_one) {
		uint64_t left_before = *left;
		int err = drain_batches(r, fd, key_bytes, take, arg, left);

		if (!no_batches(err))
			return err;
		r->one_by_one = true;
		*left = left_before;
	}
	return drain_one_by_one(r, fd, take, arg, left);
}
