/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num.h - the one place where text becomes a number.
 *
 * The whole text must be the number: decimal digits, then a unit where one is
 * allowed. No sign, blank, fraction or 0x. Pure; any thread.
 */
#ifndef NINETAP_NUM_H
#define NINETAP_NUM_H

#include <stdint.h>

#define NUM_TEXT 32			/* room for what num_format_*() print */

/* 0, -EINVAL (no such number) or -ERANGE (not in min..max); *out is kept on errors. */
int num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out) __attribute__((warn_unused_result));

/* Bytes: "65536", "64k", "64KiB"; k, m, g of either case. Errors as num_u64(). */
int num_size(const char *s, uint64_t min, uint64_t max, uint64_t *out) __attribute__((warn_unused_result));

/* Nanoseconds: "100ms", "30s", "5m", "1h", "7d"; without a unit seconds. Errors as num_u64(). */
int num_duration(const char *s, uint64_t min, uint64_t max, uint64_t *out) __attribute__((warn_unused_result));

/* "A-B" or "A" (then both are A), each in min..max. -EINVAL also when B < A. */
int num_range(const char *s, uint64_t min, uint64_t max, uint64_t *first, uint64_t *last)
	__attribute__((warn_unused_result));

/* The shortest text that reads back as v. A duration must be whole milliseconds. Return out. */
const char *num_format_size(uint64_t v, char out[NUM_TEXT]);
const char *num_format_duration(uint64_t ns, char out[NUM_TEXT]);

#endif
