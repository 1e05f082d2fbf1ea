/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the JSON configuration, from a file or from memory, into struct
 * options that options_init() or an earlier source has filled.
 *
 * Every mistake is logged as "FILE:LINE: name: reason"; fields without a
 * mistake are set all the same. options_free() stays the caller's.
 */
#ifndef NINETAP_CONFIG_H
#define NINETAP_CONFIG_H

#include <stddef.h>
#include "base/option_value.h"

#define CONFIG_BYTES_MAX (16U << 20)

/* 0, or EX_NOINPUT, EX_CONFIG, EX_OSERR after the reasons were logged. */
int config_read(struct options *o, const char *path) __attribute__((warn_unused_result));

/* name stands for the file in messages. Returns as config_read(). */
int config_read_mem(struct options *o, const char *name, const char *text, size_t len)
	__attribute__((warn_unused_result));

#endif
