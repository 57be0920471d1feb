// SPDX-License-Identifier: GPL-2.0-only
#include "scheduler.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ccx/deadline.h"
#include "task_iter.h"

extern const char ccx_bpf_object[], ccx_bpf_object_end[];

#define SCHED_EXT "/sys/kernel/sched_ext"

#define US 1000ULL
#define MS (1000 * US)

static int read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	int err = 0;

	if (!file)
		return -errno;
	if (!fgets(line, size, file))
		err = -EIO;
	else
		line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return err;
}

static const char *missing_capability(void)
{
	static const struct {
		int number;
		const char *name;
	} needed[] = {
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	};
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};
	size_t i;

	if (syscall(SYS_capget, &header, data))
		return "CAP_BPF";
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(data[needed[i].number / 32].effective & 1U << needed[i].number % 32))
			return needed[i].name;
	return NULL;
}

int ccx_scheduler_check(struct ccx_error *error)
{
	char line[128] = "", name[128] = "";
	const char *capability;

	if (access(SCHED_EXT, F_OK))
		return ccx_error_set(error, -ENOTSUP,
				     "cannot run here: this kernel has no sched_ext "
				     "(CONFIG_SCHED_CLASS_EXT; Linux 6.12 or later)");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return ccx_error_set(error, -ENOTSUP,
				     "cannot run here: this kernel has no BTF "
				     "(CONFIG_DEBUG_INFO_BTF)");
	capability = missing_capability();
	if (capability)
		return ccx_error_set(error, -ENOTSUP,
				     "cannot run as this user: missing capability %s (run as root)",
				     capability);
	if (!read_line(SCHED_EXT "/state", line, sizeof(line)) && strcmp(line, "disabled")) {
		read_line(SCHED_EXT "/root/ops", name, sizeof(name));
		return ccx_error_set(error, -ENOTSUP,
				     "cannot run now: another scheduler is attached (%s, %s); "
				     "stop it first",
				     *name ? name : "no name", line);
	}
	return 0;
}

uint64_t ccx_scheduler_hotplug_seq(void)
{
	char line[32];

	if (read_line(SCHED_EXT "/hotplug_seq", line, sizeof(line)))
		return 0;
	return strtoull(line, NULL, 10);
}

/* ---- configuration ---- */

/* The dies of an X3D part, seen from domain `index`. out->nearest is filled in, with nr entries. */
static void config_dies(struct ccx_config_domain *out, const struct ccx_topology *topology,
			uint32_t index, uint32_t nr)
{
	static const uint32_t flags[CCX_NR_PREFERS] = {
		[CCX_PREFER_CACHE] = CCX_DOMAIN_CACHE_DIE,
		[CCX_PREFER_FREQUENCY] = CCX_DOMAIN_FREQUENCY_DIE,
	};
	uint32_t prefer, i;

	for (prefer = 0; prefer < CCX_NR_PREFERS; prefer++) {
		out->die[prefer] = index;
		for (i = 0; i < nr && !(topology->domains[out->die[prefer]].flags & flags[prefer]); i++)
			if (topology->domains[out->nearest[i]].flags & flags[prefer])
				out->die[prefer] = out->nearest[i];
	}
}

static void config_domain(struct ccx_config *config, const struct ccx_topology *topology,
			  uint32_t index)
{
	const struct ccx_domain *domain = &topology->domains[index];
	struct ccx_config_domain *out = &config->domains[index];
	uint32_t nr = 0, i, kind, distance;

	out->nr_cpus = domain->nr_cpus;
	for (i = 0; i < domain->nr_cpus; i++)
		out->capacity += ccx_topology_cpu(topology, domain->cpus[i])->capacity;
	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		out->nr_kind[kind] = domain->nr_kind[kind] < 255 ? domain->nr_kind[kind] : 255;
	for (distance = 0; distance < CCX_NR_DISTANCES; distance++)
		for (i = 1; i < topology->nr_domains; i++) {
			/* start behind oneself, so that neighbours do not all pick the same */
			uint32_t other = (index + i) % topology->nr_domains;

			if (ccx_topology_distance(topology, index, other) == distance)
				out->nearest[nr++] = other;
		}
	out->critical_home = index;
	for (i = 0; i < nr && !domain->nr_kind[CCX_KIND_PERFORMANCE]; i++)
		if (topology->domains[out->nearest[i]].nr_kind[CCX_KIND_PERFORMANCE]) {
			out->critical_home = out->nearest[i];
			break;
		}
	config_dies(out, topology, index, nr);
	nr = 0;
	for (i = 0; i < domain->nr_cpus && nr < CCX_VICTIMS; i++)
		if (ccx_topology_cpu(topology, domain->cpus[i])->kind == CCX_KIND_PERFORMANCE)
			out->performance[nr++] = domain->cpus[i];
}

static void config_cpu(struct ccx_config *config, const struct ccx_topology *topology,
		       const struct ccx_cpu *cpu)
{
	struct ccx_config_cpu *out = &config->cpus[cpu->id];
	uint32_t i;

	out->present = 1;
	out->domain = cpu->domain;
	out->kind = cpu->kind;
	out->capacity = cpu->capacity;
	for (i = 0; i < topology->nr_cpus; i++)
		if (topology->cpus[i].core == cpu->core && topology->cpus[i].id != cpu->id) {
			out->smt = 1;
			break;
		}
}

static void configure(struct ccx_config *config, const struct ccx_topology *topology,
		      const struct ccx_scheduler_options *options, const pid_t *tids)
{
	uint32_t i, kind, kinds = 0;

	memset(config, 0, sizeof(*config));
	config->nr_cpus = topology->cpus[topology->nr_cpus - 1].id + 1;
	config->nr_online = topology->nr_cpus;
	config->nr_domains = topology->nr_domains;
	config->daemon_tgid = getpid();
	config->slice_ns = options->slice_us * US;
	config->slice_min_ns = 100 * US;
	config->slice_max_ns = 100 * MS;
	config->rescue_ns = options->rescue_us * US;
	config->spill_ns = options->spill_us * US;
	config->lag_ns = 20 * MS;
	config->debt_ns = 1000 * MS;	/* two slices at nice 19; epochs (pick.h) bound the wait */
	config->awake_cap_ns = CCX_AWAKE_CAP_NS;
	for (i = 0; i < topology->nr_cpus; i++)
		config_cpu(config, topology, &topology->cpus[i]);
	for (i = 0; i < topology->nr_domains; i++) {
		config_domain(config, topology, i);
		config->domains[i].dispatcher_tid = tids[i];
	}
	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		for (i = 0; i < topology->nr_domains; i++)
			if (topology->domains[i].nr_kind[kind]) {
				kinds++;
				break;
			}
	config->mixed_kinds = kinds > 1;
}

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

/* Leaves out the operations about cgroups where the kernel has none (CONFIG_EXT_GROUP_SCHED). */
static int drop_missing_ops(struct bpf_object *object, const struct btf *kernel)
{
	static const char *const optional[][2] = {
		{ "cgroup_init", "ccx_cgroup_init" },
		{ "cgroup_exit", "ccx_cgroup_exit" },
		{ "cgroup_move", "ccx_cgroup_move" },
		{ "cgroup_set_weight", "ccx_cgroup_set_weight" },
	};
	struct bpf_program *program;
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(optional) / sizeof(optional[0]) && !err; i++) {
		if (has_member(kernel, "sched_ext_ops", optional[i][0]))
			continue;
		program = bpf_object__find_program_by_name(object, optional[i][1]);
		err = set_ops_member(object, optional[i][0], 0);
		if (!err)
			err = program ? bpf_program__set_autoload(program, false) : -ENOENT;
	}
	return err;
}

static int set_ops(struct bpf_object *object, const struct ccx_scheduler_options *options)
{
	struct btf *btf = btf__load_vmlinux_btf();
	uint64_t flags;
	int err;

	if (!btf)
		return -errno;
	flags = kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_ENQ_LAST", 2) |
		/* the woken task's CPU does the rest of the wake-up, not the waker: 6.14 */
		kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_ALLOW_QUEUED_WAKEUP", 0);
	if (options->partial)
		flags |= kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_SWITCH_PARTIAL", 8);
	/* before 6.14 the kernel warns that weights do not count, unless told; later it minds */
	if (!kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_ALLOW_QUEUED_WAKEUP", 0))
		flags |= kernel_enumerator(btf, "scx_ops_flags", "SCX_OPS_HAS_CGROUP_WEIGHT", 0);
	err = drop_missing_ops(object, btf);
	btf__free(btf);
	if (!err)
		err = set_ops_member(object, "flags", flags);
	if (!err)
		err = set_ops_member(object, "hotplug_seq", options->hotplug_seq);
	return err;
}

/* ---- maps ---- */

/* Maps `bytes` of an mmapable array. NULL on failure, errno says why. */
static void *map_array(struct bpf_object *object, const char *name, size_t bytes, int protection)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	void *data;

	if (!map) {
		errno = ENOENT;
		return NULL;
	}
	data = mmap(NULL, bytes, protection, MAP_SHARED | MAP_POPULATE, bpf_map__fd(map), 0);
	return data == MAP_FAILED ? NULL : data;
}

static int open_messages(struct ccx_scheduler *scheduler, struct ccx_error *error)
{
	struct bpf_map *outer = bpf_object__find_map_by_name(scheduler->object, "ccx_messages");
	uint32_t i;
	int fd;

	for (i = 0; i < scheduler->nr_domains; i++) {
		fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ccx_messages", 0, 0,
				    CCX_MESSAGE_RING_BYTES, NULL);
		if (fd < 0)
			return ccx_error_set(error, fd, "cannot make message ring %u: %s", i,
					     strerror(-fd));
		scheduler->message_fds[i] = fd;
		if (bpf_map_update_elem(bpf_map__fd(outer), &i, &fd, BPF_ANY))
			return ccx_error_set(error, -errno, "cannot install message ring %u: %s", i,
					     strerror(errno));
	}
	return 0;
}

/* What BPF writes is mapped read-only: nothing in this program can change it by mistake. */
static int map_shared(struct ccx_scheduler *scheduler, struct ccx_error *error)
{
	struct bpf_map *events = bpf_object__find_map_by_name(scheduler->object, "ccx_events");

	scheduler->state = map_array(scheduler->object, ".bss.state", sizeof(struct ccx_state),
				     PROT_READ);
	if (scheduler->state)
		scheduler->exit = map_array(scheduler->object, ".bss.exit",
					    sizeof(struct ccx_exit), PROT_READ);
	if (scheduler->exit)
		scheduler->decisions =
			map_array(scheduler->object, "ccx_decisions",
				  scheduler->nr_domains * sizeof(struct ccx_decision_ring),
				  PROT_READ | PROT_WRITE);
	if (scheduler->decisions)
		scheduler->rules = map_array(scheduler->object, ".bss.rules",
					     sizeof(struct ccx_rules), PROT_READ | PROT_WRITE);
	if (scheduler->rules)
		scheduler->rule_hits = map_array(scheduler->object, ".bss.hits",
						 sizeof(struct ccx_rule_hits), PROT_READ);
	if (!scheduler->rule_hits || !events)
		return ccx_error_set(error, -errno, "cannot map what BPF shares: %s",
				     strerror(errno));
	scheduler->events_fd = bpf_map__fd(events);
	return 0;
}

static void unmap(const volatile void *data, size_t bytes)
{
	if (data)
		munmap((void *)data, bytes);
}

static int load(struct ccx_scheduler *scheduler, const struct ccx_topology *topology,
		const struct ccx_scheduler_options *options, const pid_t *tids,
		struct ccx_error *error)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_options, .object_name = "scx_ccx");
	struct bpf_map *map;
	size_t size;
	void *config;
	int err;

	scheduler->object = bpf_object__open_mem(ccx_bpf_object,
						 ccx_bpf_object_end - ccx_bpf_object, &open_options);
	if (!scheduler->object)
		return ccx_error_set(error, -errno, "cannot open the BPF object: %s",
				     strerror(errno));
	map = bpf_object__find_map_by_name(scheduler->object, ".rodata.config");
	config = map ? bpf_map__initial_value(map, &size) : NULL;
	if (!config || size < sizeof(struct ccx_config))
		return ccx_error_set(error, -EIO, "the BPF object has no configuration");
	configure(config, topology, options, tids);
	err = set_ops(scheduler->object, options);
	if (err)
		return ccx_error_set(error, err, "cannot set up the operations table: %s",
				     strerror(-err));
	ccx_task_iter_prepare(scheduler->object);
	map = bpf_object__find_map_by_name(scheduler->object, "ccx_messages");
	err = bpf_map__set_max_entries(map, scheduler->nr_domains);
	map = bpf_object__find_map_by_name(scheduler->object, "ccx_decisions");
	if (!err)
		err = bpf_map__set_max_entries(map, scheduler->nr_domains);
	map = bpf_object__find_map_by_name(scheduler->object, "ccx_group_weights");
	if (!err)
		err = bpf_map__set_max_entries(map, scheduler->nr_domains);
	if (!err)
		err = bpf_object__load(scheduler->object);
	if (err)
		return ccx_error_set(error, err == -ENOMEM ? err : -ENOTSUP,
				     "this kernel does not load the scheduler: %s (--verbose tells more)",
				     strerror(-err));
	return 0;
}

int ccx_scheduler_open(struct ccx_scheduler *scheduler, const struct ccx_topology *topology,
		       const struct ccx_scheduler_options *options, const pid_t *tids,
		       struct ccx_error *error)
{
	uint32_t i;
	int err;

	memset(scheduler, 0, sizeof(*scheduler));
	err = ccx_topology_check_limits(topology, error);
	if (err)
		return err;
	scheduler->nr_domains = topology->nr_domains;
	scheduler->message_fds = malloc(topology->nr_domains * sizeof(int));
	if (!scheduler->message_fds)
		return ccx_error_set(error, -ENOMEM, "out of memory");
	for (i = 0; i < topology->nr_domains; i++)
		scheduler->message_fds[i] = -1;

	err = load(scheduler, topology, options, tids, error);
	if (!err)
		err = open_messages(scheduler, error);
	if (!err)
		err = map_shared(scheduler, error);
	if (err)
		ccx_scheduler_close(scheduler);
	return err;
}

int ccx_scheduler_attach(struct ccx_scheduler *scheduler, struct ccx_error *error)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(scheduler->object, "ccx_ops");

	scheduler->link = bpf_map__attach_struct_ops(ops);
	if (!scheduler->link)
		return ccx_error_set(error, -errno, "cannot attach: %s", strerror(errno));
	return 0;
}

void ccx_scheduler_detach(struct ccx_scheduler *scheduler)
{
	bpf_link__destroy(scheduler->link);
	scheduler->link = NULL;
}

void ccx_scheduler_close(struct ccx_scheduler *scheduler)
{
	uint32_t i;

	ccx_scheduler_detach(scheduler);
	unmap(scheduler->state, sizeof(struct ccx_state));
	unmap(scheduler->exit, sizeof(struct ccx_exit));
	unmap(scheduler->decisions, scheduler->nr_domains * sizeof(struct ccx_decision_ring));
	unmap(scheduler->rules, sizeof(struct ccx_rules));
	unmap(scheduler->rule_hits, sizeof(struct ccx_rule_hits));
	for (i = 0; scheduler->message_fds && i < scheduler->nr_domains; i++)
		if (scheduler->message_fds[i] >= 0)
			close(scheduler->message_fds[i]);
	free(scheduler->message_fds);
	bpf_object__close(scheduler->object);
	memset(scheduler, 0, sizeof(*scheduler));
}
