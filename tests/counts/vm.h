/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm.h - executes a BPF program that libbpf has relocated, one instruction
 * after the other, and counts them: what a packet costs, the same in each run
 * and under each kernel. Nothing is checked, since the kernel's verifier has
 * been through it before. What no program of ninetap uses is an error, not a guess.
 */
#ifndef NINETAP_COST_VM_H
#define NINETAP_COST_VM_H

#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

struct vm;

/*
 * Maps and helpers are vm_world_lib.c's. A map is an opaque address to the
 * program; its value is where its first one lies. NULL: vm->error says why.
 */
void *vm_map(struct vm *vm, int fd);
void *vm_map_value(struct vm *vm, int fd);
uint64_t vm_helper(struct vm *vm, int id, const uint64_t arg[5]);

struct vm {
	const struct bpf_insn *insns;	/* borrowed */
	size_t insns_n;
	const uint8_t *frame;		/* the packet, for helpers that read it */
	uint32_t frame_bytes;
	struct vm_map *maps;		/* of all programs; vm_free() */
	uint64_t executed, calls;	/* instructions, and of these calls of helpers */
	char error[128];		/* empty: none */
};

/* Runs it on the context, and adds up. Its return value; look at vm->error. */
uint64_t vm_run(struct vm *vm, const void *ctx);

/* Value of a key in a map's own copy, which begins as the kernel's is; or NULL. */
void *vm_look_up(struct vm *vm, int fd, const void *key);

void vm_free(struct vm *vm);

__attribute__((format(printf, 2, 3))) void vm_fail(struct vm *vm, const char *fmt, ...);

#endif
