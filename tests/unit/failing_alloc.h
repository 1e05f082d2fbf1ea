/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failing_alloc.h - makes the n-th allocation fail, or large ones. For programs that are
 * linked with --wrap=malloc,calloc,realloc,reallocarray,slab_take; test_wrapped
 * says whether this one was.
 */
#ifndef NINETAP_FAILING_ALLOC_H
#define NINETAP_FAILING_ALLOC_H

#include <stdlib.h>
#include "base/slab.h"
#include "check.h"

static long fail_at;			/* this allocation from now on fails; 0: none */
static size_t fail_above;		/* one of more bytes fails; 0: none */
static long failed;			/* how many did by fail_at */

static int fails(void)
{
	if (!fail_at || --fail_at)
		return 0;
	failed++;
	return 1;
}

/* Weak: without --wrap the program still links, and test_wrapped says what is wrong. */
void *__real_malloc(size_t n) __attribute__((weak));
void *__real_calloc(size_t n, size_t size) __attribute__((weak));
void *__real_realloc(void *p, size_t n) __attribute__((weak));
void *__real_reallocarray(void *p, size_t n, size_t size) __attribute__((weak));
void *__real_slab_take(struct slab *s, size_t n) __attribute__((weak));
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_slab_take(struct slab *s, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return (fail_above && n > fail_above) || fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

/* Each object counts as one, for most come out of a chunk that is there. */
void *__wrap_slab_take(struct slab *s, size_t n)
{
	return fails() ? NULL : __real_slab_take(s, n);
}

static void test_wrapped(void)
{
	void *p;

	fail_at = 1;
	p = malloc(1);
	CHECK(!p);			/* else not linked with --wrap */
	free(p);
	fail_at = 0;
}

#endif
