/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_source.h - reads what a source of tags names: "PATH", "file:PATH",
 * "kafka:BROKER[,BROKER...]/TOPIC", "socket" or "socket:PATH".
 *
 * The table of options and the keeper both ask here, so that what a check of
 * a configuration lets through is what can be opened. Checks the form alone.
 * Any thread.
 */
#ifndef NINETAP_TAG_SOURCE_H
#define NINETAP_TAG_SOURCE_H

#define TAG_SOCKET_DEFAULT "/run/ninetap/tags.sock"
#define TAG_SOCKET_PATH_MAX 107U	/* sun_path of unix(7), but for its NUL */
#define TAG_SOURCES_MAX 16U

enum tag_source_kind { TAG_SOURCE_FILE, TAG_SOURCE_KAFKA, TAG_SOURCE_SOCKET };

struct tag_source {
	enum tag_source_kind kind;
	const char *path;		/* of a file or socket, points into what was read; NULL: kafka */
};

/* NULL, or what is wrong: a reason to stand behind `"SOURCE": `. Logs nothing. */
const char *tag_source_mistake(struct tag_source *s, const char *source) __attribute__((warn_unused_result));

/* The same for the path of a socket alone. */
const char *tag_socket_path_mistake(const char *path) __attribute__((warn_unused_result));

#endif
