// SPDX-License-Identifier: GPL-2.0-only
/*
 * count: a plugin for the lab's emulator that counts the instructions of every translated block.
 *
 * What: while counting is on, each block that runs adds its number of instructions to a counter of
 * its own; at the end "address instructions executions" of each goes to the file $CCX_COUNT_OUT.
 * A guest switches counting on and off by running `mark` and `mark off` (mark.c).
 *
 * Why: in the lab an instruction is a nanosecond, and this is the only profiler there that sees code
 * with interrupts off, which is nearly all of a scheduler.
 *
 * The declarations are those of QEMU's plugin interface, version 4 (qemu-plugin.h), as far as used.
 * The emulator runs all CPUs in one thread, so the counters are plain.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*callback)(qemu_plugin_id_t id,
							    struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*callback)(unsigned int vcpu, void *data), int flags,
					  void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*callback)(qemu_plugin_id_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *data, size_t size);

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

#define BUCKETS (1U << 20)

struct block {
	uint64_t address, executions;
	uint32_t instructions;
	struct block *next;
};

static struct block *blocks[BUCKETS];
static bool counting;

static void executed(unsigned int vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	block->executions += counting;
}

static void switch_on(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	counting = true;
}

static void switch_off(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	counting = false;
}

/* The same code may be translated many times: one counter for each address and length. */
static struct block *block_of(uint64_t address, uint32_t instructions)
{
	uint32_t bucket = (address * 0x9e3779b97f4a7c15ULL ^ instructions) >> 13 & (BUCKETS - 1);
	struct block *block;

	for (block = blocks[bucket]; block; block = block->next)
		if (block->address == address && block->instructions == instructions)
			return block;
	block = calloc(1, sizeof(*block));
	if (!block)
		abort();
	*block = (struct block){ .address = address, .instructions = instructions,
				 .next = blocks[bucket] };
	blocks[bucket] = block;
	return block;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const uint8_t on[] = { MARK_ON }, off[] = { MARK_OFF };
	size_t nr = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	for (i = 0; i < nr; i++) {
		uint8_t code[16] = { 0 };

		qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i), code, sizeof(code));
		if (!memcmp(code, on, sizeof(on)))
			qemu_plugin_register_vcpu_tb_exec_cb(tb, switch_on, 0, NULL);
		if (!memcmp(code, off, sizeof(off)))
			qemu_plugin_register_vcpu_tb_exec_cb(tb, switch_off, 0, NULL);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0,
					     block_of(qemu_plugin_tb_vaddr(tb), nr));
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *file = fopen(getenv("CCX_COUNT_OUT"), "w");
	const struct block *block;
	uint32_t i;

	(void)id;
	(void)data;
	if (!file) {
		perror("count: CCX_COUNT_OUT");
		return;
	}
	for (i = 0; i < BUCKETS; i++)
		for (block = blocks[i]; block; block = block->next)
			if (block->executions)
				fprintf(file, "%lx %lu %lu\n", block->address,
					block->executions * block->instructions, block->executions);
	fclose(file);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info,
								int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	if (!getenv("CCX_COUNT_OUT"))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
