/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_source.c - see tag_source.h.
 */
#include <stddef.h>
#include <string.h>
#include "base/sink_spec.h"
#include "base/tag_source.h"

/* What stands behind the prefix, or NULL: it begins with something else. */
static const char *behind(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? NULL : s + len;
}

const char *tag_socket_path_mistake(const char *path)
{
	if (!*path)
		return "no path, expected socket or socket:PATH";
	if (strlen(path) > TAG_SOCKET_PATH_MAX)
		return "too long for the path of a socket: at most 107 bytes";
	return NULL;
}

static const char *socket_mistake(struct tag_source *s, const char *path)
{
	*s = (struct tag_source){ .kind = TAG_SOURCE_SOCKET, .path = path };
	return tag_socket_path_mistake(path);
}

static const char *kafka_mistake(struct tag_source *s, const char *source)
{
	struct sink_spec spec;

	*s = (struct tag_source){ .kind = TAG_SOURCE_KAFKA };
	return sink_spec_mistake(&spec, source);
}

const char *tag_source_mistake(struct tag_source *s, const char *source)
{
	const char *rest;

	if (!strcmp(source, "socket"))
		return socket_mistake(s, TAG_SOCKET_DEFAULT);
	rest = behind(source, "socket:");
	if (rest)
		return socket_mistake(s, rest);
	if (behind(source, "kafka:"))
		return kafka_mistake(s, source);
	rest = behind(source, "file:");
	*s = (struct tag_source){ .kind = TAG_SOURCE_FILE, .path = rest ? rest : source };
	return *s->path ? NULL : "no path, expected PATH or file:PATH";
}
