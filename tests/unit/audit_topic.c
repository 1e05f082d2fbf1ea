/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_topic.c - `ninetap audit` on topics of librdkafka's mock cluster: rows
 * of JSON, batches of Avro of our own encoders, both in two partitions.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "audit/audit.h"
#include "audit_lib.h"
#include "check.h"
#include "sample.h"

#define TOPIC "t.packets"
#define RECORDS 500

static rd_kafka_t *producer;
static rd_kafka_mock_cluster_t *mock;
static char output[200];

static void mock_start(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char err[512];

	rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", err, sizeof(err));
	rd_kafka_conf_set(conf, "log_level", "0", err, sizeof(err));
	producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
	mock = producer ? rd_kafka_handle_mock_cluster(producer) : NULL;
	if (!mock)
		abort();
	snprintf(output, sizeof(output), "kafka:%s/%s", rd_kafka_mock_cluster_bootstraps(mock), TOPIC);
}

static void topics_make(void)
{
	rd_kafka_mock_topic_create(mock, "t.packets", 2, 1);
	rd_kafka_mock_topic_create(mock, "t.flows", 2, 1);
	rd_kafka_mock_topic_create(mock, "t.events", 2, 1);
}

static void produce(const char *topic, const void *payload, size_t n)
{
	static int32_t next;

	if (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(next++ % 2),
			      RD_KAFKA_V_VALUE((void *)payload, n), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END))
		abort();
}

static void send_rows(const struct cpu *c, bool records)
{
	static const char *const topic[] = { [ROW_RECORD] = "t.packets", [ROW_FLOW] = "t.flows", [ROW_EVENT] = "t.events" };

	for (size_t i = 0; i < c->rows_n; i++)
		if (c->rows[i].text && (records || c->rows[i].kind != ROW_RECORD))
			produce(topic[c->rows[i].kind], c->rows[i].text, strlen(c->rows[i].text));
	CHECK_EQ(rd_kafka_flush(producer, 20000), 0);
}

/* What it prints is not of interest here. */
static int audit(const char *source)
{
	static char *properties[] = { "client.id", "test", NULL };
	struct options o = { .source = (char *)source, .kafka = properties };
	int kept = dup(STDOUT_FILENO), code;
	FILE *f = tmpfile();

	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	code = audit_main(&o);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	fclose(f);
	return code;
}

static void test_json(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	mock_start();
	topics_make();
	for (uint32_t i = 0; i < RECORDS; i++)
		cpu_packet(c, i % 10 ? NT_COUNT_RECORDED : NT_COUNT_OVERFLOW, 1, 60 + i);
	cpu_flow(c, true);
	cpu_event(c, true);
	send_rows(c, true);
	CHECK_EQ(audit(output), 0);
	send_rows(c, true);		/* all of it again */
	CHECK_EQ(audit(output), 0);
	cpu_packet(c, NT_COUNT_RECORDED, 1, 60);
	row_lose(cpu_row(c, ROW_RECORD, -1));
	cpu_event(c, true);
	send_rows(c, false);
	CHECK_EQ(audit(output), 1);
	cpu_free(c);
	rd_kafka_destroy(producer);
}

static void send_avro(struct cpu *c, unsigned char damage)
{
	struct nt_record r;
	struct tagged t = sample_tagged(&r);
	struct batch b = { 0 };
	struct encoder *e;
	uint64_t random = 9;

	if (encoder_open(&e, "avro", FRAMING_MESSAGE, STREAM_PACKETS, &sample_origin))
		abort();
	for (int i = 0; i < RECORDS; i++) {
		sample_fill(&random, &r);
		r.seq = c->seq + 1;
		cpu_packet(c, NT_COUNT_RECORDED, r.packets, r.bytes);
		if ((i % 40 == 0 && encoder_begin(e, &b, 1)) || encoder_add(e, &b, &t))
			abort();
		if (i % 40 != 39 && i != RECORDS - 1)
			continue;
		if (encoder_end(e, &b, 0))
			abort();
		b.bytes.data[b.msgs[0].begin + 5] ^= damage;
		produce("t.packets", b.bytes.data + b.msgs[0].begin, b.msgs[0].end - b.msgs[0].begin);
	}
	batch_free(&b);
	encoder_close(e);
}

static void check_avro(unsigned char damage, int code)
{
	struct cpu *c = cpu_new(sample_origin.box, sample_origin.epoch, 1);

	mock_start();
	topics_make();
	send_avro(c, damage);
	cpu_event(c, true);
	send_rows(c, false);
	CHECK_EQ(audit(output), code);
	cpu_free(c);
	rd_kafka_destroy(producer);
}

static void test_avro(void)
{
	check_avro(0, 0);
}

/* The fingerprint of another schema. */
static void test_avro_of_another_schema(void)
{
	check_avro(1, EX_DATAERR);
}

static void test_empty_topic(void)
{
	mock_start();
	topics_make();
	CHECK_EQ(audit(output), EX_NOINPUT);
	rd_kafka_destroy(producer);
}

/* Nobody listens there any more. */
static void test_no_broker(void)
{
	mock_start();
	rd_kafka_destroy(producer);
	CHECK_EQ(audit(output), EX_UNAVAILABLE);
}

int main(void)
{
	RUN(test_json);
	RUN(test_avro);
	RUN(test_avro_of_another_schema);
	RUN(test_empty_topic);
	RUN(test_no_broker);
	return check_done();
}
