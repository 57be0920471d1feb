/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions to a task's affinity.
 *
 * They are global functions, which the verifier looks at once for each program, however often they are called: each time it
 * meets p->cpus_ptr it searches all types of the kernel for whether that may be trusted, by name and three times over (Linux
 * before 7.0). That was half of the time that loading took, when all of this was inlined.
 */
#ifndef CCX_BPF_ALLOWED_H
#define CCX_BPF_ALLOWED_H

#include "state.h"

__noinline u32 ccx_allowed_on(struct task_struct *p __arg_trusted, s32 cpu)
{
	return cpu >= 0 && bpf_cpumask_test_cpu(cpu, p->cpus_ptr);
}

#endif
