/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_input.h - what an input of fuzz_parse means, for all who read or write
 * the corpus: flags (bit 0: no Ethernet header), two bytes of how much longer
 * the frame was on the wire (big-endian), then the frame.
 */
#ifndef NINETAP_TESTS_PARSE_INPUT_H
#define NINETAP_TESTS_PARSE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARSE_INPUT_HEAD 3
#define PARSE_INPUT_MAX 4096

struct parse_input {
	const uint8_t *frame;
	uint32_t n, wire;
	bool l3;
};

/* False: too short to be one. The frame is borrowed. */
static inline bool parse_input(const uint8_t *data, size_t bytes, struct parse_input *out)
{
	if (bytes < PARSE_INPUT_HEAD || bytes > PARSE_INPUT_MAX)
		return false;
	out->l3 = data[0] & 1;
	out->frame = data + PARSE_INPUT_HEAD;
	out->n = bytes - PARSE_INPUT_HEAD;
	out->wire = out->n + (data[1] << 8 | data[2]);
	return true;
}

#endif
