/* SPDX-License-Identifier: GPL-2.0-only */
/* A loaded BPF object, made as good as new. */
#ifndef CCX_RESET_H
#define CCX_RESET_H

struct bpf_map;
struct bpf_object;

/*
 * Clears what the maps of a loaded object hold, timers included, but for what is frozen and the
 * storage of tasks, which BPF clears itself when it meets the task (life.h). Nothing of it may be
 * attached. 0 or -errno; then the object is of no more use.
 */
int ccx_reset_object(struct bpf_object *object);

/* Forgets what a BPF ring buffer holds. Nobody may read or write it meanwhile. 0 or -errno. */
int ccx_reset_ring(int fd);

#endif
