/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_conf.h - librdkafka's properties, as the sink that produces and the
 * source that reads an inventory both set them.
 */
#ifndef NINETAP_KAFKA_CONF_H
#define NINETAP_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>
#include "base/sink_spec.h"

/* Why a property must not be set so, or NULL. */
typedef const char *kafka_refusal(const char *name, const char *value);

/* Each returns 0, -ENOMEM, or -EINVAL after the reason was logged. */
int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value) __attribute__((warn_unused_result));

/* properties: name, value, ..., NULL; or NULL. Ends at the first that fails. */
int kafka_conf_set_all(rd_kafka_conf_t *conf, char *const *properties, kafka_refusal *refusal)
	__attribute__((warn_unused_result));

int kafka_conf_set_brokers(rd_kafka_conf_t *conf, const struct sink_spec *spec) __attribute__((warn_unused_result));

#endif
