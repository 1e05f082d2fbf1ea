/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.c - addresses to listen at; contract in endpoint.h.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/endpoint.h"
#include "base/num.h"

#define FORM "expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT"

/* The address between begin and end; false: none of that family. */
static bool read_address(int family, const char *begin, const char *end, void *out)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = (size_t)(end - begin);

	if (len >= sizeof(text))
		return false;
	memcpy(text, begin, len);
	text[len] = '\0';
	return inet_pton(family, text, out) == 1;
}

static bool read_ipv6(const char *text, const char *colon, struct sockaddr_in6 *out)
{
	if (colon - text < 2 || colon[-1] != ']')
		return false;
	out->sin6_family = AF_INET6;
	return read_address(AF_INET6, text + 1, colon - 1, &out->sin6_addr);
}

static bool read_ipv4(const char *text, const char *colon, struct sockaddr_in *out)
{
	out->sin_family = AF_INET;
	return read_address(AF_INET, text, colon, &out->sin_addr);
}

const char *endpoint_mistake(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;

	memset(out, 0, sizeof(*out));
	if (!colon)
		return "no port, " FORM;
	if (num_u64(colon + 1, 0, UINT16_MAX, &port))
		return "the port is not a number from 0 to 65535, " FORM;
	if (text[0] == '[' ? !read_ipv6(text, colon, v6) : !read_ipv4(text, colon, v4))
		return "neither an IPv4 nor an IPv6 address, " FORM;
	*len = text[0] == '[' ? sizeof(*v6) : sizeof(*v4);
	if (text[0] == '[')
		v6->sin6_port = htons((uint16_t)port);
	else
		v4->sin_port = htons((uint16_t)port);
	return NULL;
}

const char *endpoint_format(const struct sockaddr_storage *address, char out[ENDPOINT_TEXT])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	char text[INET6_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		snprintf(out, ENDPOINT_TEXT, "[%s]:%u", text, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		snprintf(out, ENDPOINT_TEXT, "%s:%u", text, ntohs(v4->sin_port));
	}
	return out;
}
