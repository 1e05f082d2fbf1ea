/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_docs.h - what --help, the manual page and docs/ say alike of a row.
 */
#ifndef NINETAP_OPTION_DOCS_H
#define NINETAP_OPTION_DOCS_H

#include <stdio.h>
#include "base/option_table.h"

#define OPTION_NOTES 256

/* " (json, avro; default json)": words, range, default. May be "". Returns out. */
const char *option_notes(const struct option_row *row, char out[OPTION_NOTES]);

/* Its words, or its range: "json, avro", "64KiB to 1GiB", "". Returns out. */
const char *option_values(const struct option_row *row, char out[OPTION_NOTES]);

/* Text for the manual page: '-' stays a hyphen-minus, a backslash is no escape. */
void man_text(FILE *f, const char *text);

/* The section ACCOUNT of the manual page. */
void account_man(FILE *f);

#endif
