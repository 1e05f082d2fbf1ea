// SPDX-License-Identifier: Apache-2.0
/*
 * slab.c - objects of all sizes keep what was written to them, others take
 * the place of those that were given back, and large memory begins at a
 * boundary of huge pages.
 */
#include "check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/huge.h"
#include "base/slab.h"

#define OBJECTS 40000U			/* some 10 MB: into huge pages */
#define TURNS 3
#define SIZE_MAX_TRIED (SLAB_OBJECT_MAX + 40)

static size_t size_of(uint32_t i, unsigned int turn)
{
	return (i * 7919U + turn * 131U) % (SIZE_MAX_TRIED + 1);
}

static bool holds(const unsigned char *p, size_t n, unsigned char c)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != c)
			return false;
	return true;
}

static void take(struct slab *s, unsigned char **p, uint32_t i, unsigned int turn)
{
	p[i] = slab_take(s, size_of(i, turn));
	CHECK(p[i] && (uintptr_t)p[i] % SLAB_STEP == 0);
	memset(p[i], (unsigned char)(i + turn), size_of(i, turn));
}

/* Each second object gives way to one of another size, some times over. */
static void test_objects(void)
{
	unsigned char **p = calloc(OBJECTS, sizeof(*p));
	struct slab s = { 0 };
	unsigned int wrong = 0;

	for (uint32_t i = 0; i < OBJECTS; i++)
		take(&s, p, i, i % 2);
	for (unsigned int turn = 1; turn <= TURNS; turn++) {
		for (uint32_t i = 1; i < OBJECTS; i += 2) {
			wrong += !holds(p[i], size_of(i, turn), (unsigned char)(i + turn));
			slab_give(&s, p[i], size_of(i, turn));
		}
		for (uint32_t i = 1; i < OBJECTS; i += 2)
			take(&s, p, i, turn + 1);
	}
	for (uint32_t i = 0; i < OBJECTS; i++) {
		unsigned int turn = i % 2 ? TURNS + 1 : 0;

		wrong += !holds(p[i], size_of(i, turn), (unsigned char)(i + turn));
		slab_give(&s, p[i], size_of(i, turn));
	}
	CHECK_EQ(wrong, 0);
	slab_free(&s);
	free(p);
}

/* What is given back is enough for as many of the same size: nothing grows. */
static void test_used_again(void)
{
	struct slab s = { 0 };
	void *p[100];
	unsigned int chunks;

	for (int i = 0; i < 100; i++)
		p[i] = slab_take(&s, 100);
	chunks = s.chunks_n;
	for (int turn = 0; turn < 1000; turn++) {
		for (int i = 0; i < 100; i++)
			slab_give(&s, p[i], 100);
		for (int i = 0; i < 100; i++)
			p[i] = slab_take(&s, 97 + i % 4);
	}
	CHECK_EQ(s.chunks_n, chunks);
	slab_free(&s);
	CHECK(!s.chunks && !s.chunks_n);
}

static void test_huge(void)
{
	const size_t bytes = HUGE_BYTES + 5;
	unsigned char *p = huge_map(bytes), *q = huge_map(bytes);

	CHECK(p && q && (uintptr_t)p % HUGE_BYTES == 0 && (uintptr_t)q % HUGE_BYTES == 0);
	CHECK(holds(p, bytes, 0));
	memset(p, 1, bytes);
	CHECK(holds(q, bytes, 0));
	huge_unmap(p, bytes);
	huge_unmap(q, bytes);
	huge_unmap(NULL, bytes);
	CHECK(!huge_map(SIZE_MAX / 2));
}

int main(void)
{
	RUN(test_objects);
	RUN(test_used_again);
	RUN(test_huge);
	return check_done();
}
