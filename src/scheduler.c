// SPDX-License-Identifier: GPL-2.0-only
#include "scheduler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "configure.h"
#include "map.h"
#include "ops.h"
#include "privileges.h"
#include "reset.h"
#include "task_iter.h"

extern const char ccx_bpf_object[], ccx_bpf_object_end[];

#define SCHED_EXT "/sys/kernel/sched_ext"
#define FIRST_PID_NAMESPACE "pid:[4026531836]"	/* PROC_PID_INIT_INO, linux/proc_ns.h */

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

int ccx_scheduler_check(struct ccx_error *error)
{
	char line[128] = "", name[128] = "";
	const char *capability;
	ssize_t length;

	if (access(SCHED_EXT, F_OK))
		return ccx_error_set(error, -ENOTSUP,
				     "cannot run here: this kernel has no sched_ext "
				     "(CONFIG_SCHED_CLASS_EXT; Linux 6.12 or later)");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return ccx_error_set(error, -ENOTSUP,
				     "cannot run here: this kernel has no BTF "
				     "(CONFIG_DEBUG_INFO_BTF)");
	length = readlink("/proc/self/ns/pid", line, sizeof(line) - 1);
	line[length > 0 ? length : 0] = '\0';
	if (length > 0 && strcmp(line, FIRST_PID_NAMESPACE))
		return ccx_error_set(error, -ENOTSUP,
				     "cannot run in a PID namespace of its own: the kernel knows the "
				     "dispatchers by other thread ids (containers: host's PIDs)");
	capability = ccx_privileges_missing();
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

/* ---- maps ---- */

static int open_messages(struct ccx_scheduler *scheduler, struct ccx_error *error)
{
	struct bpf_map *outer = bpf_object__find_map_by_name(scheduler->object, "ccx_messages");
	uint32_t i;
	int fd;

	for (i = 0; i < scheduler->max_domains; i++) {
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
	struct bpf_map *set_events =
		bpf_object__find_map_by_name(scheduler->object, "ccx_set_events");

	scheduler->state = ccx_map_array(scheduler->object, ".bss.state", sizeof(struct ccx_state),
					 PROT_READ);
	if (scheduler->state)
		scheduler->machine = ccx_map_array(scheduler->object, ".bss.machine",
						   sizeof(struct ccx_machine), PROT_READ);
	if (scheduler->machine)
		scheduler->exit = ccx_map_array(scheduler->object, ".bss.exit",
						sizeof(struct ccx_exit), PROT_READ);
	if (scheduler->exit)
		scheduler->decisions =
			ccx_map_array(scheduler->object, "ccx_decisions",
				      scheduler->max_domains * sizeof(struct ccx_decision_ring),
				      PROT_READ | PROT_WRITE);
	if (scheduler->decisions)
		scheduler->rules = ccx_map_array(scheduler->object, ".bss.rules",
						 sizeof(struct ccx_rules), PROT_READ | PROT_WRITE);
	if (scheduler->rules)
		scheduler->rule_hits = ccx_map_array(scheduler->object, ".bss.hits",
						     sizeof(struct ccx_rule_hits), PROT_READ);
	if (scheduler->rule_hits)
		scheduler->sets = ccx_map_array(scheduler->object, ".bss.sets",
						sizeof(struct ccx_sets), PROT_READ | PROT_WRITE);
	if (!scheduler->sets || !events || !set_events)
		return ccx_error_set(error, -errno, "cannot map what BPF shares: %s",
				     strerror(errno));
	scheduler->events_fd = bpf_map__fd(events);
	scheduler->set_events_fd = bpf_map__fd(set_events);
	return 0;
}

static int configure(struct bpf_object *object, const struct ccx_config *config,
		     uint32_t nr_domains, const struct ccx_scheduler_options *options,
		     struct ccx_error *error)
{
	static const char *const per_domain[] = { "ccx_messages", "ccx_decisions",
						  "ccx_group_weights" };
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata.config");
	size_t size, i;
	struct ccx_config *out = map ? bpf_map__initial_value(map, &size) : NULL;
	int err;

	if (!out || size < sizeof(*out))
		return ccx_error_set(error, -EIO, "the BPF object has no configuration");
	*out = *config;
	err = ccx_ops_set(object, options, config->many_nodes);
	if (err)
		return ccx_error_set(error, err, "cannot set up the operations table: %s",
				     strerror(-err));
	ccx_task_iter_prepare(object);
	err = ccx_counters_prepare(object, config->measured_dies);
	if (err)
		return ccx_error_set(error, err, "cannot prepare counters: %s", strerror(-err));
	for (i = 0; i < sizeof(per_domain) / sizeof(per_domain[0]); i++) {
		map = bpf_object__find_map_by_name(object, per_domain[i]);
		err = map ? bpf_map__set_max_entries(map, nr_domains) : -ENOENT;
		if (err)
			return ccx_error_set(error, err, "the BPF object has no %s", per_domain[i]);
	}
	return 0;
}

struct bpf_object *ccx_scheduler_prepare(const struct ccx_config *config, uint32_t nr_domains,
					 const struct ccx_scheduler_options *options,
					 struct ccx_error *error)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_options, .object_name = "scx_ccx");
	struct bpf_object *object;
	int err;

	/* cppcheck-suppress comparePointers ; both are symbols of one section (bpf_object.c) */
	object = bpf_object__open_mem(ccx_bpf_object, ccx_bpf_object_end - ccx_bpf_object,
				      &open_options);
	if (!object) {
		err = -errno;
		ccx_error_set(error, err, "cannot open the BPF object: %s", strerror(-err));
	} else {
		err = configure(object, config, nr_domains, options, error);
	}
	if (err) {
		bpf_object__close(object);
		object = NULL;
		errno = -err;
	}
	return object;
}

static int load(struct ccx_scheduler *scheduler, const struct ccx_config *config,
		uint32_t nr_domains, const struct ccx_scheduler_options *options,
		struct ccx_error *error)
{
	uint32_t i;
	int err;

	scheduler->message_fds = malloc(nr_domains * sizeof(int));
	if (!scheduler->message_fds)
		return ccx_error_set(error, -ENOMEM, "out of memory");
	for (i = 0; i < nr_domains; i++)
		scheduler->message_fds[i] = -1;
	scheduler->max_domains = nr_domains;
	scheduler->config = *config;
	do {
		bpf_object__close(scheduler->object);
		scheduler->config.measured_dies = ccx_counters_measure(&scheduler->counters);
		scheduler->object =
			ccx_scheduler_prepare(&scheduler->config, nr_domains, options, error);
		if (!scheduler->object)
			return -errno;
		err = bpf_object__load(scheduler->object);
		/* a kernel that refuses the programs for counters must not cost the others */
	} while (err && ccx_counters_refused(&scheduler->counters, err));
	if (err)
		return ccx_error_set(error, err == -ENOMEM ? err : -ENOTSUP,
				     "this kernel does not load the scheduler: %s (--verbose tells more)",
				     strerror(-err));
	err = open_messages(scheduler, error);
	return err ?: map_shared(scheduler, error);
}

static bool is_loaded_for(const struct ccx_scheduler *scheduler, const struct ccx_config *config,
			  uint32_t nr_domains)
{
	return scheduler->object && nr_domains <= scheduler->max_domains &&
	       !memcmp(&scheduler->config, config, sizeof(*config));
}

static int reset(struct ccx_scheduler *scheduler, struct ccx_error *error)
{
	int err = ccx_reset_object(scheduler->object);
	uint32_t i;

	for (i = 0; !err && i < scheduler->max_domains; i++)
		err = ccx_reset_ring(scheduler->message_fds[i]);
	if (err)
		return ccx_error_set(error, err, "cannot clear what was loaded: %s",
				     strerror(-err));
	return 0;
}

static int set_machine(struct ccx_scheduler *scheduler, const struct ccx_machine *machine,
		       struct ccx_error *error)
{
	struct bpf_map *map = bpf_object__find_map_by_name(scheduler->object, ".bss.machine");
	uint32_t zero = 0;

	if (!map || bpf_map__value_size(map) != sizeof(*machine))
		return ccx_error_set(error, -EIO, "the BPF object has no machine");
	if (bpf_map_update_elem(bpf_map__fd(map), &zero, machine, BPF_ANY))
		return ccx_error_set(error, -errno, "cannot describe the machine: %s",
				     strerror(errno));
	return 0;
}

int ccx_scheduler_attach(struct ccx_scheduler *scheduler, struct ccx_error *error)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(scheduler->object, "ccx_ops");

	scheduler->link = bpf_map__attach_struct_ops(ops);
	if (!scheduler->link)
		return ccx_error_set(error, -errno, "cannot attach: %s", strerror(errno));
	return 0;
}

uint32_t ccx_scheduler_online(const struct ccx_scheduler *scheduler, uint32_t *cpus)
{
	uint32_t i, nr = 0;

	for (i = 0; i < scheduler->machine->nr_cpus && i < CCX_MAX_CPUS; i++)
		if (scheduler->machine->cpus[i].present)
			cpus[nr++] = i;
	return nr;
}

void ccx_scheduler_detach(struct ccx_scheduler *scheduler)
{
	bpf_link__destroy(scheduler->link);
	scheduler->link = NULL;
}

/* All but the counters. */
static void unload(struct ccx_scheduler *scheduler)
{
	struct ccx_counters counters = scheduler->counters;
	uint32_t i;

	ccx_scheduler_detach(scheduler);
	ccx_unmap(scheduler->state, sizeof(struct ccx_state));
	ccx_unmap(scheduler->machine, sizeof(struct ccx_machine));
	ccx_unmap(scheduler->exit, sizeof(struct ccx_exit));
	ccx_unmap(scheduler->decisions, scheduler->max_domains * sizeof(struct ccx_decision_ring));
	ccx_unmap(scheduler->rules, sizeof(struct ccx_rules));
	ccx_unmap(scheduler->rule_hits, sizeof(struct ccx_rule_hits));
	ccx_unmap(scheduler->sets, sizeof(struct ccx_sets));
	for (i = 0; scheduler->message_fds && i < scheduler->max_domains; i++)
		if (scheduler->message_fds[i] >= 0)
			close(scheduler->message_fds[i]);
	free(scheduler->message_fds);
	bpf_object__close(scheduler->object);
	memset(scheduler, 0, sizeof(*scheduler));
	scheduler->counters = counters;
}

void ccx_scheduler_close(struct ccx_scheduler *scheduler)
{
	ccx_counters_close(&scheduler->counters);
	unload(scheduler);
}

int ccx_scheduler_open(struct ccx_scheduler *scheduler, const struct ccx_topology *topology,
		       const struct ccx_scheduler_options *options, const pid_t *tids,
		       struct ccx_error *error)
{
	struct ccx_machine machine;
	struct ccx_config config;
	int err;

	err = ccx_topology_check_limits(topology, error);
	if (err)
		return err;
	ccx_counters_open(&scheduler->counters, topology, options->die, options->consolidate);
	ccx_configure_machine(&machine, topology, tids);
	ccx_configure(&config, &machine, topology, options);
	config.measured_dies = ccx_counters_measure(&scheduler->counters);
	if (is_loaded_for(scheduler, &config, topology->nr_domains)) {
		err = reset(scheduler, error);
	} else {
		unload(scheduler);
		err = load(scheduler, &config, topology->nr_domains, options, error);
	}
	if (!err)
		err = set_machine(scheduler, &machine, error);
	if (err)
		ccx_scheduler_close(scheduler);
	else
		ccx_counters_start(&scheduler->counters, scheduler->object);
	return err;
}
