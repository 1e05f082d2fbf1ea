/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one line a fact on stderr, "ninetap: verb object: reason".
 *
 * Callable from any thread; a line is written whole. Newlines and control
 * bytes in arguments are escaped. log_info is printed only after
 * log_verbose(true), or when it says what a person must know (log_notice).
 */
#ifndef NINETAP_LOG_H
#define NINETAP_LOG_H

#include <stdbool.h>

void log_verbose(bool on);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
