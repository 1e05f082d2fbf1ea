/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_conf.h - librdkafka's properties, as the sink that produces, the
 * source that reads an inventory and the audit set them.
 */
#ifndef NINETAP_KAFKA_CONF_H
#define NINETAP_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>
#include "base/sink_spec.h"

/* Why a property must not be set so, or NULL. */
typedef const char *kafka_refusal(const char *name, const char *value);

/* Each returns 0, -ENOMEM, or -EINVAL after the reason was logged. */
int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value) __attribute__((warn_unused_result));

/*
 * First what is ours, then what the user wants, then the brokers. Both lists:
 * name, value, ..., NULL; or NULL. Ends at the first that fails.
 */
int kafka_conf_fill(rd_kafka_conf_t *conf, char *const *defaults, char *const *properties, kafka_refusal *refusal,
		    const struct sink_spec *spec) __attribute__((warn_unused_result));

#endif
