// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_error NUMBER	an error in BPF: ends the scheduler that runs as its own scx_bpf_error() would
 *
 * Nothing in the scheduler is there to be asked for it. This program loads one of its own that calls the kernel's
 * function with the message "NUMBER on purpose", and runs it once. Ends with 2 when the kernel does not take it.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT "%llu on purpose"	/* 16 bytes with its end: two words on the program's stack */

#define INSN(CODE, DST, SRC, OFF, IMM)                                                             \
	((struct bpf_insn){ .code = (CODE), .dst_reg = (DST), .src_reg = (SRC), .off = (OFF), .imm = (IMM) })
#define MOVE(DST, SRC)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, DST, SRC, 0, 0)
#define MOVE_IMM(DST, IMM)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, DST, 0, 0, IMM)
#define ADD_IMM(DST, IMM)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, DST, 0, 0, IMM)
#define STORE(OFF, SRC)		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, SRC, OFF, 0)
#define LOAD_WORD(DST, IMM)	INSN(BPF_LD | BPF_IMM | BPF_DW, DST, 0, 0, (int32_t)(IMM)),        \
				INSN(0, 0, 0, 0, (int32_t)((uint64_t)(IMM) >> 32))

int main(int argc, char **argv)
{
	static char log[65536];
	LIBBPF_OPTS(bpf_prog_load_opts, load, .log_buf = log, .log_size = sizeof(log), .log_level = 1,
		    .prog_flags = BPF_F_SLEEPABLE);
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct btf *kernel = btf__load_vmlinux_btf();
	int function = kernel ? btf__find_by_name_kind(kernel, "scx_bpf_error_bstr", BTF_KIND_FUNC) : -1;
	uint64_t text[2];
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: bpf_error NUMBER\n");
		return 2;
	}
	if (function < 0) {
		fprintf(stderr, "bpf_error: this kernel has no scx_bpf_error_bstr\n");
		return 2;
	}
	_Static_assert(sizeof(TEXT) == sizeof(text), "the text fills its two words");
	memcpy(text, TEXT, sizeof(text));

	/* scx_bpf_error_bstr(text, &number, sizeof(number)) */
	const struct bpf_insn program[] = {
		LOAD_WORD(BPF_REG_1, text[0]),
		STORE(-24, BPF_REG_1),
		LOAD_WORD(BPF_REG_1, text[1]),
		STORE(-16, BPF_REG_1),
		MOVE_IMM(BPF_REG_1, atoi(argv[1])),
		STORE(-8, BPF_REG_1),
		MOVE(BPF_REG_1, BPF_REG_10),
		ADD_IMM(BPF_REG_1, -24),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD_IMM(BPF_REG_2, -8),
		MOVE_IMM(BPF_REG_3, 8),
		INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, function),
		MOVE_IMM(BPF_REG_0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "bpf_error", "GPL", program,
			   sizeof(program) / sizeof(program[0]), &load);
	if (fd < 0) {
		fprintf(stderr, "bpf_error: not loaded: %s\n%s", strerror(-fd), log);
		return 2;
	}
	if (bpf_prog_test_run_opts(fd, &run)) {
		perror("bpf_error: not run");
		return 2;
	}
	close(fd);
	btf__free(kernel);
	return 0;
}
