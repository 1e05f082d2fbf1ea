// SPDX-License-Identifier: Apache-2.0
/*
 * flows_slots.c - slots.c and its index against a plain list: what is open is
 * found, what is not is not, in an index that is as full as it gets.
 */
#include <errno.h>
#include "flow/slots.h"
#include "unit/flows_events.h"

#define SLOTS 170U			/* of 256 places in the index */
#define KEYS 400U
#define CPUS 2U

static struct nt_flow_slot memory[SLOTS];
static struct slots s;
static uint32_t open_at[CPUS][KEYS];	/* slot + 1 */

static void check_all_found(void)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		for (uint32_t key = 0; key < KEYS; key++) {
			struct nt_flow_key k = key_of(key, 0);

			CHECK_EQ(slots_find(&s, cpu, &k) + 1, open_at[cpu][key]);
		}
	}
}

static void turn(uint32_t cpu, uint32_t number)
{
	struct nt_flow_key key = key_of(number, 0);
	struct nt_flow part = { .sum = { 1, 1, 60 } };
	uint32_t i = slots_find(&s, cpu, &key);

	CHECK_EQ(i + 1, open_at[cpu][number]);
	if (i == SLOT_NONE) {
		open_at[cpu][number] = slots_add(&s, cpu, &key, &part, 1) + 1;
		return;
	}
	slots_freeze(&s, i, FLOW_IDLE);
	CHECK_EQ(slots_take(&s, cpu), i);
	slots_free(&s, i);
	open_at[cpu][number] = 0;
}

static void test_index(void)
{
	uint64_t seed = 3;
	uint32_t bad;

	CHECK_EQ(slots_open(&s, memory, SLOTS, CPUS, &bad), 0);
	for (int i = 0; i < 20000; i++) {
		turn(dice(&seed, CPUS), dice(&seed, KEYS));
		if (i % 500 == 0)
			check_all_found();
	}
	CHECK(s.used > SLOTS / 2);
	slots_close(&s);
	CHECK_EQ(slots_open(&s, memory, SLOTS, CPUS, &bad), 0);
	check_all_found();
	slots_close(&s);
}

static void test_too_many(void)
{
	uint32_t bad;

	CHECK_EQ(slots_open(&s, memory, 1U << 31, CPUS, &bad), -E2BIG);
	slots_close(&s);
}

int main(void)
{
	RUN(test_index);
	RUN(test_too_many);
	return check_done();
}
