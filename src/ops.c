// SPDX-License-Identifier: GPL-2.0-only
#include "ops.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* An enumerator of the running kernel, `fallback` where it is unknown. */
static uint64_t kernel_enumerator(const struct btf *btf, const char *type, const char *name,
				  uint64_t fallback)
{
	const struct btf_type *t;
	int id, i;

	id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM64);
	if (id > 0) {
		t = btf__type_by_id(btf, id);
		for (i = 0; i < btf_vlen(t); i++)
			if (!strcmp(btf__name_by_offset(btf, btf_enum64(t)[i].name_off), name))
				return btf_enum64_value(&btf_enum64(t)[i]);
	}
	id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	if (id > 0) {
		t = btf__type_by_id(btf, id);
		for (i = 0; i < btf_vlen(t); i++)
			if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
				return (uint32_t)btf_enum(t)[i].val;
	}
	return fallback;
}

/* Writes a 64-bit member of the operations table before it is loaded. */
static int set_ops_member(struct bpf_object *object, const char *name, uint64_t value)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "ccx_ops");
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *type;
	const struct btf_member *member;
	size_t size;
	char *data;
	int id, i;

	if (!map || !btf)
		return -ENOENT;
	data = bpf_map__initial_value(map, &size);
	id = btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT);
	if (!data || id < 0)
		return -ENOENT;
	type = btf__type_by_id(btf, id);
	member = btf_members(type);
	for (i = 0; i < btf_vlen(type); i++, member++)
		if (!strcmp(btf__name_by_offset(btf, member->name_off), name)) {
			memcpy(data + btf_member_bit_offset(type, i) / 8, &value, sizeof(value));
			return 0;
		}
	return -ENOENT;
}

static bool has_member(const struct btf *btf, const char *type_name, const char *name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT), i;
	const struct btf_type *type;

	if (id < 0)
		return false;
	type = btf__type_by_id(btf, id);
	for (i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return true;
	return false;
}

static int drop_op(struct bpf_object *object, const char *member, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	int err = set_ops_member(object, member, 0);

	if (!err)
		err = program ? bpf_program__set_autoload(program, false) : -ENOENT;
	return err;
}

/* Operations that some kernels lack (CONFIG_EXT_GROUP_SCHED). */
static const char *const optional[][2] = {
	{ "cgroup_init", "ccx_cgroup_init" },
	{ "cgroup_exit", "ccx_cgroup_exit" },
	{ "cgroup_move", "ccx_cgroup_move" },
	{ "cgroup_set_weight", "ccx_cgroup_set_weight" },
	{ "cgroup_set_bandwidth", "ccx_cgroup_set_bandwidth" },
};
#define NR_OPTIONAL (sizeof(optional) / sizeof(optional[0]))

/* What the running kernel's types say. They are read once: that takes as long as a restart may. */
struct kernel_facts {
	bool known;
	bool has[NR_OPTIONAL];
	uint64_t enq_last, allow_queued_wakeup, switch_partial, has_cgroup_weight;
};

static int read_facts(struct kernel_facts *facts)
{
	struct btf *btf = btf__load_vmlinux_btf();
	size_t i;

	if (!btf)
		return -errno;
	facts->enq_last = kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_ENQ_LAST", 2);
	facts->allow_queued_wakeup =
		kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_ALLOW_QUEUED_WAKEUP", 0);
	facts->switch_partial =
		kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_SWITCH_PARTIAL", 8);
	facts->has_cgroup_weight =
		kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_HAS_CGROUP_WEIGHT", 0);
	for (i = 0; i < NR_OPTIONAL; i++)
		facts->has[i] = has_member(btf, "sched_ext_ops", optional[i][0]);
	btf__free(btf);
	facts->known = true;
	return 0;
}

int ccx_ops_set(struct bpf_object *object, const struct ccx_scheduler_options *options,
		bool many_nodes)
{
	static struct kernel_facts facts;
	uint64_t flags;
	size_t i;
	int err = 0;

	if (!facts.known)
		err = read_facts(&facts);
	if (err)
		return err;
	/* the woken task's CPU does the rest of the wake-up, not the waker: 6.14 */
	flags = facts.enq_last | facts.allow_queued_wakeup;
	if (options->partial)
		flags |= facts.switch_partial;
	/* before 6.14 the kernel warns that weights do not count, unless told; later it minds */
	if (!facts.allow_queued_wakeup)
		flags |= facts.has_cgroup_weight;
	for (i = 0; i < NR_OPTIONAL && !err; i++)
		if (!facts.has[i])
			err = drop_op(object, optional[i][0], optional[i][1]);
	/* it is about other memory nodes only */
	if (!err && !many_nodes)
		err = drop_op(object, "tick", "ccx_tick");
	if (!err)
		err = set_ops_member(object, "flags", flags);
	return err;
}
