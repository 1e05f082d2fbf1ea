// SPDX-License-Identifier: Apache-2.0
/*
 * flows_slots.c - slots.c and its index against a plain list: what is open is
 * found, what is not is not, in an index that is as full as it gets. In a map
 * of the kernel's only pieces with a slot in use are mapped. Needs root.
 */
#include <errno.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "flow/slots.h"
#include "unit/flows_events.h"

#define SLOTS 170U			/* of 256 places in the index */
#define KEYS 400U
#define CPUS 2U

#define PIECES 5U
#define MANY (PIECES * SLOT_PIECE - 100)	/* the last piece is a short one */

static struct nt_flow_slot memory[SLOTS];
static const struct slot_memory ours = { .at = memory, .n = SLOTS };
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

	CHECK_EQ(slots_open(&s, &ours, CPUS, &bad), 0);
	for (int i = 0; i < 20000; i++) {
		turn(dice(&seed, CPUS), dice(&seed, KEYS));
		if (i % 500 == 0)
			check_all_found();
	}
	CHECK(s.used > SLOTS / 2);
	slots_close(&s);
	CHECK_EQ(slots_open(&s, &ours, CPUS, &bad), 0);
	check_all_found();
	slots_close(&s);
}

static void test_too_many(void)
{
	struct slot_memory most = { .at = memory, .n = 1U << 31 };
	uint32_t bad;

	CHECK_EQ(slots_open(&s, &most, CPUS, &bad), -E2BIG);
	slots_close(&s);
}

/* Mappings of the kernel's maps in this process. */
static unsigned int mapped(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "bpf-map") != NULL;
	CHECK(f != NULL);
	if (f)
		fclose(f);
	return n;
}

static int kernel_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_test_slots", sizeof(uint32_t), NT_FLOW_SLOT_BYTES, MANY, &opts);

	CHECK(fd >= 0);
	return fd;
}

static void fill(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct nt_flow_key key = key_of(i, 0);
		struct nt_flow part = { .sum = { i + 1, 1, 60 } };

		CHECK_EQ(slots_add(&s, 1, &key, &part, 1), i);
	}
}

/* How many slots were free. */
static uint32_t fill_up(void)
{
	struct nt_flow part = { .sum = { 1, 1, 60 } };
	uint32_t n = 0;

	for (; n <= MANY; n++) {
		struct nt_flow_key key = key_of(MANY + n, 0);

		if (slots_add(&s, 1, &key, &part, 1) == SLOT_NONE)
			break;
	}
	return n;
}

static void empty(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		slots_freeze(&s, i, FLOW_IDLE);
		CHECK_EQ(slots_take(&s, 1), i);
		slots_free(&s, i);
	}
}

/* From that slot on all are open, and hold what fill() put there. */
static void check_found(uint32_t first)
{
	for (uint32_t i = 0; i < MANY; i++) {
		struct nt_flow_key key = key_of(i, 0);

		CHECK_EQ(slots_is_open(&s, i), i >= first);
		CHECK_EQ(slots_find(&s, 1, &key), i >= first ? i : SLOT_NONE);
		if (i >= first)
			CHECK_EQ(slots_counted(&s, i)->sum.events, i + 1);
	}
}

static void test_pieces_of_a_map(void)
{
	struct slot_memory map = { .fd = kernel_map(), .n = MANY };
	uint32_t last = (PIECES - 1) * SLOT_PIECE, bad;

	CHECK_EQ(slots_open(&s, &map, CPUS, &bad), 0);
	CHECK_EQ(mapped(), 0);
	fill(0, 1);
	CHECK_EQ(mapped(), 1);
	CHECK_EQ(s.known, 1);
	empty(0, 1);
	fill(0, 1);
	CHECK_EQ(s.known, 1);
	fill(1, MANY);
	CHECK_EQ(mapped(), PIECES);
	empty(0, SLOT_PIECE - 1);
	CHECK_EQ(mapped(), PIECES);
	empty(SLOT_PIECE - 1, last + 3);
	CHECK_EQ(mapped(), 1);
	for (int i = 0; i < 3; i++) {	/* what was used last is used next */
		struct nt_flow_key key = key_of(last + 2, 0);

		CHECK_EQ(slots_add(&s, 1, &key, &(struct nt_flow){ .sum = { 1, 1, 60 } }, 1), last + 2);
		CHECK_EQ(mapped(), 1);
		empty(last + 2, last + 3);
	}
	check_found(last + 3);
	slots_close(&s);
	CHECK_EQ(mapped(), 0);
	CHECK_EQ(slots_open(&s, &map, CPUS, &bad), 0);
	CHECK_EQ(mapped(), 1);
	check_found(last + 3);
	CHECK_EQ(fill_up(), last + 3);
	slots_close(&s);
	close(map.fd);
}

/* A slot that can't be mapped is none, until it can. */
static void test_no_mapping(void)
{
	struct slot_memory map = { .fd = kernel_map(), .n = MANY };
	struct nt_flow_key key = key_of(0, 0);
	struct nt_flow part = { .sum = { 1, 1, 60 } };
	uint32_t bad;
	int fd;

	CHECK_EQ(slots_open(&s, &map, CPUS, &bad), 0);
	fd = s.map.from.fd;
	s.map.from.fd = -1;
	CHECK_EQ(slots_add(&s, 0, &key, &part, 1), SLOT_NONE);
	CHECK_EQ(slots_find(&s, 0, &key), SLOT_NONE);
	s.map.from.fd = fd;
	CHECK_EQ(slots_add(&s, 0, &key, &part, 1), 0);
	slots_close(&s);
	map.fd = -1;
	CHECK_EQ(slots_open(&s, &map, CPUS, &bad), -EBADF);
	slots_close(&s);
	close(fd);
}

int main(void)
{
	RUN(test_index);
	RUN(test_too_many);
	RUN(test_pieces_of_a_map);
	RUN(test_no_mapping);
	return check_done();
}
