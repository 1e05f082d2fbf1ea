/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp.h - moments as text (RFC 3339) and as nanoseconds since
 * 1970-01-01T00:00:00Z. Pure; any thread; no locale, no time zone of the box.
 *
 * "2026-11-21T22:00:00.25Z": T may be a blank, the zone Z, +hh:mm, -hh:mm or
 * left out (UTC), a fraction has 1 to 9 digits. The leap second, 23:59:60 UTC,
 * is the start of the second behind it, whatever its fraction.
 */
#ifndef NINETAP_TIMESTAMP_H
#define NINETAP_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_TEXT 40

/*
 * 0; -EINVAL: no such form; -ERANGE: no such day or time of day, or beyond the
 * years 1678 to 2261 (what 64 bits hold). *ns is kept on errors.
 */
int timestamp_parse(const char *text, int64_t *ns) __attribute__((warn_unused_result));

/* The shortest text in UTC that reads back as ns. Returns out. */
const char *timestamp_format(int64_t ns, char out[TIMESTAMP_TEXT]);

#endif
