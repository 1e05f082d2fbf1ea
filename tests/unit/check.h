/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - the few lines that unit tests need: checks that print where and
 * what, a line a test, an exit code. Included once, by each test's only file.
 */
#ifndef NINETAP_CHECK_H
#define NINETAP_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failed_tests, check_failures;

static inline void check_report(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	check_failures++;
}

static inline void check_eq(long long a, long long b, const char *what, const char *file, int line)
{
	if (a == b)
		return;
	printf("# %s:%d: %s: %lld is not %lld\n", file, line, what, a, b);
	check_failures++;
}

static inline void check_str(const char *a, const char *b, const char *what, const char *file, int line)
{
	if (a && b && !strcmp(a, b))
		return;
	printf("# %s:%d: %s: \"%s\" is not \"%s\"\n", file, line, what, a ? a : "(null)", b ? b : "(null)");
	check_failures++;
}

#define CHECK(cond) ((cond) ? (void)0 : check_report(__FILE__, __LINE__, #cond))
#define CHECK_EQ(a, b) check_eq((long long)(a), (long long)(b), #a " == " #b, __FILE__, __LINE__)
#define CHECK_STR(a, b) check_str(a, b, #a, __FILE__, __LINE__)
#define RUN(fn) check_run(fn, #fn)

static inline void check_run(void (*fn)(void), const char *name)
{
	check_failures = 0;
	fn();
	printf("%s %s\n", check_failures ? "not ok" : "ok", name);
	check_failed_tests += check_failures != 0;
	fflush(stdout);
}

static inline int check_done(void)
{
	return check_failed_tests ? 1 : 0;
}

#endif
