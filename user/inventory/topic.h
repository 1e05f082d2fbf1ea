/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic.h - the inventory as a compacted Kafka topic of events, read from its
 * beginning, without a consumer group: each collector reads all of it.
 *
 * librdkafka's threads fetch; messages are handed out in topic_poll() alone.
 * A partition's messages come in their order. Partitions that are added later
 * are found within a minute. While the brokers are away it keeps trying, and
 * says so once.
 */
#ifndef NINETAP_INVENTORY_TOPIC_H
#define NINETAP_INVENTORY_TOPIC_H

#include <stdint.h>
#include <stddef.h>

struct topic;

/* payload NULL: a tombstone; key is NUL-terminated, NULL if the message has none. */
struct topic_message {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t time_ns;		/* of the message, UTC; what the clock says if it has none */
	const char *key;
	const char *payload;		/* not NUL-terminated */
	size_t payload_len;
};

/*
 * source: "kafka:BROKER,.../TOPIC". properties: librdkafka's, name, value,
 * ..., NULL; or NULL. 0 or -errno after the reason was logged.
 */
int topic_open(struct topic **out, const char *source, char *const *properties)
	__attribute__((warn_unused_result));
void topic_close(struct topic *t);	/* NULL is fine */

/* Readable when topic_poll() has something to do. */
int topic_fd(const struct topic *t);

/* Hands out what is there, at most max messages, without waiting. How many. */
int topic_poll(struct topic *t, int max, void (*each)(void *arg, const struct topic_message *m), void *arg);

/*
 * Hands out all that the topic held when this was called. 0, or -ETIMEDOUT
 * after timeout_ms, logged: the rest comes by topic_poll().
 */
int topic_catch_up(struct topic *t, int timeout_ms,
		   void (*each)(void *arg, const struct topic_message *m), void *arg)
	__attribute__((warn_unused_result));

#endif
