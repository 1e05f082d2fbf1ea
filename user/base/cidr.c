/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cidr.c - prefixes of the filter, from text to trie keys and back.
 * Names are not resolved: a filter that depends on DNS would change silently.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/cidr.h"
#include "base/num.h"

#define MAPPED_BITS 96U
static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

/* Returns how many bits of addr[] stand in front of the address, or -EINVAL. */
static int read_address(const char *s, __u8 addr[16])
{
	if (strchr(s, ':'))
		return inet_pton(AF_INET6, s, addr) == 1 ? 0 : -EINVAL;
	if (inet_pton(AF_INET, s, addr + sizeof(mapped)) != 1)
		return -EINVAL;
	memcpy(addr, mapped, sizeof(mapped));
	return MAPPED_BITS;
}

/* Clears the bits behind the prefix; true when there were any. */
static bool clear_host_bits(struct nt_cidr *c)
{
	bool any = false;

	for (unsigned int i = c->prefix / 8; i < sizeof(c->addr); i++) {
		__u8 keep = i == c->prefix / 8 ? (__u8)(0xff00U >> (c->prefix % 8)) : 0;

		any |= c->addr[i] & (__u8)~keep;
		c->addr[i] &= keep;
	}
	return any;
}

int cidr_parse(const char *text, struct nt_cidr *out)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchrnul(text, '/');
	size_t len = (size_t)(slash - text);
	struct nt_cidr c = { 0 };
	uint64_t bits = 0;
	int front, err;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	front = read_address(address, c.addr);
	if (front < 0)
		return front;
	bits = 128 - (uint64_t)front;
	if (*slash) {
		err = num_u64(slash + 1, 0, bits, &bits);
		if (err)
			return err;
	}
	c.prefix = (__u32)front + (__u32)bits;
	err = clear_host_bits(&c) ? -EDOM : 0;
	*out = c;
	return err;
}

char *cidr_format(const struct nt_cidr *c, char out[CIDR_TEXT])
{
	bool v4 = c->prefix >= MAPPED_BITS && !memcmp(c->addr, mapped, sizeof(mapped));
	unsigned int bits = v4 ? c->prefix - MAPPED_BITS : c->prefix;
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(v4 ? AF_INET : AF_INET6, c->addr + (v4 ? sizeof(mapped) : 0), address, sizeof(address));
	snprintf(out, CIDR_TEXT, "%s/%u", address, bits);
	return out;
}
