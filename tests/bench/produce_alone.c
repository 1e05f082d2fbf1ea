// SPDX-License-Identifier: Apache-2.0
/*
 * produce_alone.c - what librdkafka alone costs: sends messages that ninetap
 * has made before, at a pace, with ninetap's settings, headers and key, until
 * each is acknowledged: produce_alone BROKER TOPIC FILE CODEC RATE MESSAGES.
 *
 * FILE holds messages as 4 bytes of length (big-endian) and that many bytes
 * (kcat -f '%R%s'); they are sent in turn, read in place. RATE is messages a
 * second. Prints "sent N bytes N acknowledged N cpu_us N ms N"; both times are
 * from the first message to the last answer, that of the CPU of all threads.
 * The limit of the rows broker.none and broker.lz4 (part_broker.py); nothing
 * of ninetap is in it.
 */
#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include "base/num.h"

#define MESSAGES_MAX 65536
#define RECORDS 1000			/* of a message, for its headers alone */
#define PATIENCE_MS 60000		/* for the last answers */
#define BOX "box-1"

struct message {
	const void *data;
	size_t size;
};

static struct message messages[MESSAGES_MAX];
static uint64_t acknowledged, refused;

static int die(const char *verb, const char *reason)
{
	fprintf(stderr, "produce_alone: %s: %s\n", verb, reason);
	return 1;
}

static double clock_s(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* How many messages the file holds; 0: none that could be read. It stays mapped. */
static uint32_t load(const char *path)
{
	const char *p, *end;
	uint32_t n = 0, size;
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) || st.st_size < 5)
		return 0;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		return 0;
	for (end = p + st.st_size; n < MESSAGES_MAX && end - p > 4; p += 4 + size) {
		memcpy(&size, p, 4);
		size = ntohl(size);
		if (size > end - p - 4)
			return 0;
		messages[n++] = (struct message){ p + 4, size };
	}
	return n;
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (m->err) {
		refused++;
		die("deliver", rd_kafka_err2str(m->err));
	} else {
		acknowledged++;
	}
}

/* As user/sink/kafka_setup.c sets them by default; but it is given each message at once, as librdkafka is meant to be used. */
static rd_kafka_t *open_producer(const char *broker, const char *codec)
{
	const char *const settings[][2] = {
		{ "bootstrap.servers", broker }, { "client.id", "ninetap" }, { "enable.idempotence", "true" },
		{ "linger.ms", "20" }, { "message.timeout.ms", "0" }, { "compression.codec", codec },
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;
	char why[512];

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why)) != RD_KAFKA_CONF_OK) {
			die("set a property", why);
			return NULL;
		}
	}
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!rk)
		die("start a producer", why);
	return rk;
}

static void add_number(rd_kafka_headers_t *h, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	rd_kafka_header_add(h, name, -1, text, -1);
}

/* As user/sink/kafka_producer.c makes them. */
static rd_kafka_headers_t *headers_of(uint64_t n)
{
	rd_kafka_headers_t *h = rd_kafka_headers_new(7);

	rd_kafka_header_add(h, "box", -1, BOX, -1);
	add_number(h, "epoch", 4822636712413839);
	add_number(h, "cpu", 0);
	add_number(h, "seq", n * RECORDS + 1);
	add_number(h, "count", RECORDS);
	add_number(h, "lost", 0);
	rd_kafka_header_add(h, "schema", -1, "avro:1", -1);
	return h;
}

static rd_kafka_resp_err_t send_one(rd_kafka_t *rk, rd_kafka_topic_t *topic, const struct message *m, uint64_t n)
{
	rd_kafka_headers_t *h = headers_of(n);
	rd_kafka_resp_err_t err;

	err = rd_kafka_producev(rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_KEY(BOX, strlen(BOX)),
				RD_KAFKA_V_VALUE((void *)m->data, m->size), RD_KAFKA_V_HEADERS(h),
				RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(h);
	return err;
}

/* Bytes that were sent; ends at the first error but a full queue, which is waited for. */
static uint64_t send_all(rd_kafka_t *rk, rd_kafka_topic_t *topic, uint32_t held, uint64_t rate, uint64_t count)
{
	double begin = clock_s(CLOCK_MONOTONIC);
	uint64_t bytes = 0, n = 0;

	while (n < count && !refused) {
		double ahead = begin + (double)n / (double)rate - clock_s(CLOCK_MONOTONIC);
		rd_kafka_resp_err_t err;

		rd_kafka_poll(rk, ahead > 0 ? (int)(ahead * 1e3 + 1) : 0);
		if (ahead > 0)
			continue;
		err = send_one(rk, topic, &messages[n % held], n);
		if (err && err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
			die("produce", rd_kafka_err2str(err));
			return 0;
		}
		if (!err)
			bytes += messages[n++ % held].size;
	}
	return bytes;
}

/* The leader is known and the connection stands before anything is measured. */
static bool ready(rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, topic, &m, 10000);

	if (!err) {
		err = m->topic_cnt ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		rd_kafka_metadata_destroy(m);
	}
	if (err)
		die("find the topic", rd_kafka_err2str(err));
	return !err;
}

int main(int argc, char **argv)
{
	uint64_t rate, count, bytes;
	rd_kafka_topic_t *topic;
	uint32_t held;
	rd_kafka_t *rk;
	double before, begun;

	if (argc != 7 || num_u64(argv[5], 1, 1000000, &rate) || num_u64(argv[6], 1, 1000000000, &count))
		return 64;
	held = load(argv[3]);
	if (!held)
		return die(argv[3], "no messages in it");
	rk = open_producer(argv[1], argv[4]);
	topic = rk ? rd_kafka_topic_new(rk, argv[2], NULL) : NULL;
	if (!topic || !ready(rk, topic))
		return 1;
	before = clock_s(CLOCK_PROCESS_CPUTIME_ID);
	begun = clock_s(CLOCK_MONOTONIC);
	bytes = send_all(rk, topic, held, rate, count);
	if (rd_kafka_flush(rk, PATIENCE_MS) || refused || !bytes)
		return die("deliver", "not all was acknowledged");
	printf("sent %llu bytes %llu acknowledged %llu cpu_us %.0f ms %.0f\n", (unsigned long long)count,
	       (unsigned long long)bytes, (unsigned long long)acknowledged,
	       (clock_s(CLOCK_PROCESS_CPUTIME_ID) - before) * 1e6, (clock_s(CLOCK_MONOTONIC) - begun) * 1e3);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	return acknowledged != count;
}
