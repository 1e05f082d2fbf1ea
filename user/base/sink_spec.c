// SPDX-License-Identifier: Apache-2.0
/*
 * sink_spec.c - see sink_spec.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "base/log.h"
#include "base/num.h"
#include "base/sink_spec.h"

#define FILE_PREFIX "file:"
#define KAFKA_PREFIX "kafka:"
#define BROKER_MAX 300		/* a host name has at most 253 characters */
#define TOPIC_MAX 249			/* Kafka's own bound */

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static const char *file_mistake(struct sink_spec *spec, const char *rest)
{
	spec->kind = SINK_FILE;
	spec->path = rest;
	return *rest ? NULL : "no path, expected file:PATH";
}

static bool valid_topic(const char *t)
{
	size_t len = strlen(t);

	if (!len || len > TOPIC_MAX || !strcmp(t, ".") || !strcmp(t, ".."))
		return false;
	return strspn(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

/* HOST, HOST:PORT or [IPV6]:PORT, behind PROTOCOL:// or not. */
static bool valid_broker(const char *b, size_t len)
{
	char text[BROKER_MAX + 1];
	const char *host, *port;
	uint64_t n;

	if (len > BROKER_MAX)
		return false;
	memcpy(text, b, len);
	text[len] = '\0';
	host = strstr(text, "://");
	host = host ? host + 3 : text;
	if (!*host || *host == ':' || strpbrk(host, " \t/"))
		return false;
	port = strrchr(host, ':');
	if (*host == '[' && host[strlen(host) - 1] == ']')
		return true;
	if (!port)
		return true;
	if (strchr(host, ':') != port && port[-1] != ']')
		return false;		/* IPv6 without brackets */
	return !num_u64(port + 1, 1, UINT16_MAX, &n);
}

static bool valid_brokers(const char *b, size_t len)
{
	const char *end = b + len, *comma;

	while ((comma = memchr(b, ',', (size_t)(end - b)))) {
		if (!valid_broker(b, (size_t)(comma - b)))
			return false;
		b = comma + 1;
	}
	return valid_broker(b, (size_t)(end - b));
}

static const char *kafka_mistake(struct sink_spec *spec, const char *rest)
{
	const char *slash = strrchr(rest, '/');

	spec->kind = SINK_KAFKA;
	if (!slash)
		return "no topic, expected kafka:BROKER[,BROKER...]/TOPIC";
	spec->brokers = rest;
	spec->brokers_len = (size_t)(slash - rest);
	spec->topic = slash + 1;
	if (!valid_brokers(spec->brokers, spec->brokers_len))
		return "not a list of brokers, expected kafka:HOST[:PORT][,HOST[:PORT]...]/TOPIC, IPv6 as [ADDRESS]:PORT";
	if (!valid_topic(spec->topic))
		return "not a topic name, expected 1 to 249 letters, digits, '.', '_' or '-' behind the last '/'";
	return NULL;
}

const char *sink_spec_mistake(struct sink_spec *spec, const char *output)
{
	*spec = (struct sink_spec){ 0 };
	if (!strcmp(output, "-")) {
		spec->kind = SINK_STDOUT;
		return NULL;
	}
	if (starts_with(output, FILE_PREFIX))
		return file_mistake(spec, output + strlen(FILE_PREFIX));
	if (starts_with(output, KAFKA_PREFIX))
		return kafka_mistake(spec, output + strlen(KAFKA_PREFIX));
	return "unknown kind, expected -, file:PATH or kafka:BROKER[,BROKER...]/TOPIC";
}

int sink_spec_parse(struct sink_spec *spec, const char *output)
{
	const char *why = sink_spec_mistake(spec, output);

	if (!why)
		return 0;
	log_error("open output \"%s\": %s", output, why);
	return -EINVAL;
}
