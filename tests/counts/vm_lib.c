// SPDX-License-Identifier: Apache-2.0
/*
 * vm_lib.c - see vm.h: the instructions (kernel: Documentation/bpf/standardization/instruction-set.rst).
 */
#include "counts/vm.h"

#include <endian.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FRAMES 8			/* as many calls deep as the kernel allows */
#define STACK_BYTES 512
#define EXECUTED_MAX 100000U		/* of one run: more is a loop that does not end */

struct frame {
	uint64_t saved[4];		/* r6 to r9 of the caller */
	size_t back;			/* where it goes on */
	uint8_t stack[STACK_BYTES] __attribute__((aligned(8)));
};

struct cpu {
	uint64_t r[11];
	size_t pc;
	int depth;
	struct frame frames[FRAMES];
};

void vm_fail(struct vm *vm, const char *fmt, ...)
{
	va_list args;

	if (vm->error[0])
		return;
	va_start(args, fmt);
	vsnprintf(vm->error, sizeof(vm->error), fmt, args);
	va_end(args);
}

static uint32_t size_of(const struct bpf_insn *i)
{
	switch (BPF_SIZE(i->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	}
	return 8;
}

/* Little-endian hosts alone. */
static uint64_t load(uint64_t at, uint32_t bytes)
{
	uint64_t v = 0;

	memcpy(&v, (const void *)(uintptr_t)at, bytes);
	return v;
}

static void store(uint64_t at, uint64_t v, uint32_t bytes)
{
	memcpy((void *)(uintptr_t)at, &v, bytes);
}

/* --- arithmetic -------------------------------------------------------------- */
static uint64_t shift(int op, uint64_t a, uint64_t b, bool wide)
{
	b &= wide ? 63 : 31;
	switch (op) {
	case BPF_LSH:
		return a << b;
	case BPF_RSH:
		return (wide ? a : (uint32_t)a) >> b;
	}
	return wide ? (uint64_t)((int64_t)a >> b) : (uint64_t)((int32_t)a >> b);
}

static uint64_t divide(int op, uint64_t a, uint64_t b, bool wide)
{
	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	if (op == BPF_DIV)
		return b ? a / b : 0;
	return b ? a % b : a;
}

static uint64_t swap(const struct bpf_insn *i, uint64_t a)
{
	bool big = BPF_SRC(i->code) == BPF_TO_BE;

	switch (i->imm) {
	case 16:
		return big ? htobe16(a) : (uint16_t)a;
	case 32:
		return big ? htobe32(a) : (uint32_t)a;
	}
	return big ? htobe64(a) : a;
}

static uint64_t compute(struct vm *vm, int op, uint64_t a, uint64_t b, bool wide)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_MOV:
		return b;
	case BPF_NEG:
		return -a;
	case BPF_DIV: case BPF_MOD:
		return divide(op, a, b, wide);
	case BPF_LSH: case BPF_RSH: case BPF_ARSH:
		return shift(op, a, b, wide);
	}
	vm_fail(vm, "arithmetic 0x%x is not known", op);
	return 0;
}

static uint64_t source(const struct cpu *c, const struct bpf_insn *i)
{
	return BPF_SRC(i->code) == BPF_X ? c->r[i->src_reg] : (uint64_t)(int64_t)i->imm;
}

static void alu(struct vm *vm, struct cpu *c, const struct bpf_insn *i)
{
	bool wide = BPF_CLASS(i->code) == BPF_ALU64;
	uint64_t *dst = &c->r[i->dst_reg];

	if (i->off)
		vm_fail(vm, "arithmetic with an offset is not known");
	if (BPF_OP(i->code) == BPF_END) {
		*dst = swap(i, *dst);
		return;
	}
	*dst = compute(vm, BPF_OP(i->code), *dst, source(c, i), wide);
	if (!wide)
		*dst = (uint32_t)*dst;
}

/* --- jumps ------------------------------------------------------------------- */
static bool is_less(uint64_t a, uint64_t b, bool with_sign)
{
	return with_sign ? (int64_t)a < (int64_t)b : a < b;
}

/* Narrow ones were extended to 64 bits as their comparison wants. */
static bool holds(struct vm *vm, int op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JSET:
		return a & b;
	case BPF_JLT: case BPF_JSLT:
		return is_less(a, b, op == BPF_JSLT);
	case BPF_JGE: case BPF_JSGE:
		return !is_less(a, b, op == BPF_JSGE);
	case BPF_JGT: case BPF_JSGT:
		return is_less(b, a, op == BPF_JSGT);
	case BPF_JLE: case BPF_JSLE:
		return !is_less(b, a, op == BPF_JSLE);
	}
	vm_fail(vm, "jump 0x%x is not known", op);
	return false;
}

static uint64_t narrow(uint64_t v, int op)
{
	bool with_sign = op == BPF_JSLT || op == BPF_JSGE || op == BPF_JSGT || op == BPF_JSLE;

	return with_sign ? (uint64_t)(int32_t)v : (uint32_t)v;
}

static void jump(struct vm *vm, struct cpu *c, const struct bpf_insn *i)
{
	uint64_t a = c->r[i->dst_reg], b = source(c, i);
	int op = BPF_OP(i->code);

	if (BPF_CLASS(i->code) == BPF_JMP32) {
		a = narrow(a, op);
		b = narrow(b, op);
	}
	if (holds(vm, op, a, b))
		c->pc += i->off;
}

static void call_function(struct vm *vm, struct cpu *c, const struct bpf_insn *i)
{
	struct frame *f = &c->frames[c->depth];

	if (++c->depth >= FRAMES) {
		vm_fail(vm, "calls too deep");
		return;
	}
	memcpy(f->saved, &c->r[6], sizeof(f->saved));
	f->back = c->pc;
	c->pc += i->imm;
	c->r[10] = (uint64_t)(uintptr_t)(c->frames[c->depth].stack + STACK_BYTES);
}

static void call(struct vm *vm, struct cpu *c, const struct bpf_insn *i)
{
	if (i->src_reg == BPF_PSEUDO_CALL) {
		call_function(vm, c, i);
	} else if (i->src_reg) {
		vm_fail(vm, "calls of kind %d are not known", i->src_reg);
	} else {
		vm->calls++;
		c->r[0] = vm_helper(vm, i->imm, &c->r[1]);
	}
}

/* False: out of the program. */
static bool leave(struct cpu *c)
{
	struct frame *f;

	if (!c->depth)
		return false;
	f = &c->frames[--c->depth];
	memcpy(&c->r[6], f->saved, sizeof(f->saved));
	c->pc = f->back;
	c->r[10] = (uint64_t)(uintptr_t)(f->stack + STACK_BYTES);
	return true;
}

/* --- memory ------------------------------------------------------------------ */
static void load_wide(struct vm *vm, struct cpu *c, const struct bpf_insn *i)
{
	uint64_t *dst = &c->r[i->dst_reg];

	c->pc++;
	switch (i->src_reg) {
	case 0:
		*dst = (uint32_t)i[0].imm | (uint64_t)i[1].imm << 32;
		return;
	case BPF_PSEUDO_MAP_FD:
		*dst = (uint64_t)(uintptr_t)vm_map(vm, i->imm);
		return;
	case BPF_PSEUDO_MAP_VALUE:
		*dst = (uint64_t)(uintptr_t)vm_map_value(vm, i->imm) + (uint32_t)i[1].imm;
		return;
	}
	vm_fail(vm, "constants of kind %d are not known", i->src_reg);
}

static void atomic(struct vm *vm, struct cpu *c, const struct bpf_insn *i)
{
	uint64_t at = c->r[i->dst_reg] + i->off, old = load(at, size_of(i)), *src = &c->r[i->src_reg];

	if (i->imm == BPF_CMPXCHG) {
		if (old == c->r[0])
			store(at, *src, size_of(i));
		c->r[0] = old;
		return;
	}
	store(at, i->imm == BPF_XCHG ? *src : compute(vm, BPF_OP(i->imm), old, *src, true), size_of(i));
	if (i->imm & BPF_FETCH)
		*src = old;
}

static void memory(struct vm *vm, struct cpu *c, const struct bpf_insn *i)
{
	int class = BPF_CLASS(i->code), mode = BPF_MODE(i->code);

	if (class == BPF_LD && mode == BPF_IMM)
		load_wide(vm, c, i);
	else if (class == BPF_LDX && mode == BPF_MEM)
		c->r[i->dst_reg] = load(c->r[i->src_reg] + i->off, size_of(i));
	else if (class == BPF_ST && mode == BPF_MEM)
		store(c->r[i->dst_reg] + i->off, (uint64_t)(int64_t)i->imm, size_of(i));
	else if (class == BPF_STX && mode == BPF_MEM)
		store(c->r[i->dst_reg] + i->off, c->r[i->src_reg], size_of(i));
	else if (class == BPF_STX && mode == BPF_ATOMIC)
		atomic(vm, c, i);
	else
		vm_fail(vm, "instruction 0x%x is not known", i->code);
}

/* --- the program ------------------------------------------------------------- */
/* False: that was the last one. */
static bool step(struct vm *vm, struct cpu *c)
{
	const struct bpf_insn *i = &vm->insns[c->pc++];

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU: case BPF_ALU64:
		alu(vm, c, i);
		return true;
	case BPF_JMP: case BPF_JMP32:
		if (BPF_OP(i->code) == BPF_EXIT)
			return leave(c);
		if (BPF_OP(i->code) == BPF_CALL)
			call(vm, c, i);
		else
			jump(vm, c, i);
		return true;
	}
	memory(vm, c, i);
	return true;
}

uint64_t vm_run(struct vm *vm, const void *ctx)
{
	static struct cpu c;		/* large; one run at a time */
	uint64_t until = vm->executed + EXECUTED_MAX;

	memset(&c, 0, sizeof(c));
	c.r[1] = (uint64_t)(uintptr_t)ctx;
	c.r[10] = (uint64_t)(uintptr_t)(c.frames[0].stack + STACK_BYTES);
	while (!vm->error[0]) {
		if (c.pc >= vm->insns_n)
			vm_fail(vm, "ran out of the program");
		else if (vm->executed++ == until)
			vm_fail(vm, "did not end after %u instructions", EXECUTED_MAX);
		else if (!step(vm, &c))
			break;
	}
	return c.r[0];
}
