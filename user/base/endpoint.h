/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.h - an address and port to listen at, as text: "127.0.0.1:9100",
 * "[::1]:9100"; port 0 is any that is free. Addresses alone, no host names:
 * what is listened at shall be seen from the text. Pure; any thread.
 */
#ifndef NINETAP_ENDPOINT_H
#define NINETAP_ENDPOINT_H

#include <sys/socket.h>

#define ENDPOINT_TEXT 64

/* NULL, or what is wrong: a reason to stand behind `"TEXT": `. *len is that of the address. */
const char *endpoint_mistake(const char *text, struct sockaddr_storage *out, socklen_t *len)
	__attribute__((warn_unused_result));

/* The text that reads back the same. Returns out. */
const char *endpoint_format(const struct sockaddr_storage *address, char out[ENDPOINT_TEXT]);

#endif
