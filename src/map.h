/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays that BPF shares with user space, mapped. */
#ifndef CCX_MAP_H
#define CCX_MAP_H

#include <stddef.h>

struct bpf_object;

/*
 * Maps `bytes` of a loaded object's array that can be mapped. protection: of mmap(). NULL on failure,
 * errno says why. ccx_unmap() ends it.
 */
void *ccx_map_array(struct bpf_object *object, const char *name, size_t bytes, int protection);

/* data: NULL is allowed. */
void ccx_unmap(const volatile void *data, size_t bytes);

#endif
