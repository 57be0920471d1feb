// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "clock.h"
#include "map.h"

/* Processes that worked within this time count in the figures. */
#define RECENT_NS (10 * 1000 * 1000 * 1000ULL)

struct event {
	uint32_t type;
	uint64_t config, period;
};

/*
 * A sample of fills for two of work is one fill for 2000 cycles. It is a rough reckoning: a fill from
 * memory takes some 400 cycles, and two or so are under way at a time, so that is a tenth of all time
 * spent waiting. Three times the cache saves perhaps half of that, and the clock of the cache die is
 * lower by 4 to 8 per cent (9950X3D, 7950X3D). At 5 GHz work is sampled 100 times a second on a busy
 * CPU, the others up to a few hundred times where memory is all that a process does.
 */
#define WORK_PERIOD	(50 * 1000 * 1000ULL)	/* cycles */
#define FILL_PERIOD	(50 * 1000ULL)

/*
 * AMD, from family 19h on (Zen 3; the parts in question are Zen 4 and 5): demand data cache fills by
 * source, PMCx043, as the kernel's tools/perf/pmu-events/arch/x86/amdzen4 and amdzen5 list it. Fills by
 * prefetchers are another event: nothing waits for them. The kernel's generic "cache-misses" will not
 * do there: it is PMCx064, misses of the L2 (arch/x86/events/amd/core.c), of which most may be found in
 * the L3; and it knows no event of the L3 for a core, since the L3's own counters do not know whose
 * access it was.
 */
#define AMD_FILLS	0x43
#define AMD_MEMORY	0x48	/* sources: memory near and far */
#define AMD_BEYOND_L2	0xde	/* all but the own L2 */

static const struct event amd_events[CCX_NR_DIE_EVENTS] = {
	[CCX_DIE_WORK] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, WORK_PERIOD },
	[CCX_DIE_FILL] = { PERF_TYPE_RAW, AMD_MEMORY << 8 | AMD_FILLS, FILL_PERIOD },
	[CCX_DIE_USE] = { PERF_TYPE_RAW, AMD_BEYOND_L2 << 8 | AMD_FILLS,
			  FILL_PERIOD * CCX_DIE_USES },
};

/* Elsewhere: what is architectural with Intel, references to the last-level cache and its misses. */
static const struct event generic_events[CCX_NR_DIE_EVENTS] = {
	[CCX_DIE_WORK] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, WORK_PERIOD },
	[CCX_DIE_FILL] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, FILL_PERIOD },
	[CCX_DIE_USE] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES,
			  FILL_PERIOD * CCX_DIE_USES },
};

/*
 * For tests where there are no counters, an emulated machine say: context switches for work, and page
 * faults for fills and uses. A program can do so many of the one for so many of the other, however
 * slow the machine is. All else is as with the hardware's.
 */
static const struct event software_events[CCX_NR_DIE_EVENTS] = {
	[CCX_DIE_WORK] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, 2 },
	[CCX_DIE_FILL] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, 2 },
	[CCX_DIE_USE] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 2 * CCX_DIE_USES },
};

static const char *const programs[CCX_NR_DIE_EVENTS] = {
	[CCX_DIE_WORK] = "ccx_die_work",
	[CCX_DIE_FILL] = "ccx_die_fill",
	[CCX_DIE_USE] = "ccx_die_use",
};

static const char *const source_names[] = {
	[CCX_DIE_AUTO] = "hardware",
	[CCX_DIE_RULE] = "none",
	[CCX_DIE_SOFTWARE] = "software",
};

/* NULL: an AMD CPU before family 19h, whose events mean something else. */
static const struct event *hardware_events(void)
{
#ifdef __x86_64__
	unsigned int eax, ebx, ecx, edx, family;

	if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_AMD_ebx &&
	    ecx == signature_AMD_ecx && edx == signature_AMD_edx) {
		if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
			return NULL;
		family = (eax >> 8 & 0xf) + (eax >> 20 & 0xff);
		return family >= 0x19 ? amd_events : NULL;
	}
#endif
	return generic_events;
}

static bool has_dies(const struct ccx_topology *topology)
{
	uint32_t flags = 0, i;

	for (i = 0; i < topology->nr_domains; i++)
		flags |= topology->domains[i].flags;
	return flags & CCX_DOMAIN_CACHE_DIE && flags & CCX_DOMAIN_FREQUENCY_DIE;
}

static void none(struct ccx_counters *counters, const char *reason)
{
	ccx_counters_close(counters);
	snprintf(counters->reason, sizeof(counters->reason), "%s", reason);
}

/* group: the first of the CPU's, so that they count at the same times if others want counters, too. */
static int open_event(const struct event *event, uint32_t cpu, int group)
{
	struct perf_event_attr attr = {
		.type = event->type,
		.size = sizeof(attr),
		.config = event->config,
		.sample_period = event->period,
		.disabled = group < 0,
	};

	return syscall(SYS_perf_event_open, &attr, -1, cpu, group, PERF_FLAG_FD_CLOEXEC);
}

/* 0 or -errno. */
static int open_all(struct ccx_counters *counters, const struct ccx_topology *topology,
		    const struct event *events)
{
	uint32_t i, event;
	int fd, group;

	counters->fds = calloc(topology->nr_cpus * CCX_NR_DIE_EVENTS, sizeof(int));
	if (!counters->fds)
		return -ENOMEM;
	for (i = 0; i < topology->nr_cpus; i++) {
		group = -1;
		for (event = 0; event < CCX_NR_DIE_EVENTS; event++) {
			fd = open_event(&events[event], topology->cpus[i].id, group);
			if (fd < 0)
				return -errno;
			counters->fds[counters->nr_fds++] = fd;
			if (group < 0)
				group = fd;
		}
	}
	return 0;
}

/* Upstream CAP_PERFMON is enough; some distributions' kernels want more from this setting on. */
static const char *reason_of(int err)
{
	switch (-err) {
	case ENOENT:
	case ENODEV:
	case ENOSYS:
	case EOPNOTSUPP:
		return "no counters";
	case EACCES:
	case EPERM:
		return "not permitted (kernel.perf_event_paranoid)";
	}
	return strerror(-err);
}

void ccx_counters_open(struct ccx_counters *counters, const struct ccx_topology *topology,
		       enum ccx_die_source source, bool packed)
{
	const struct event *events =
		source == CCX_DIE_SOFTWARE ? software_events : hardware_events();
	int err;

	ccx_counters_close(counters);
	*counters = (struct ccx_counters){ .dies = has_dies(topology), .source = source };
	if (!counters->dies)
		return;
	if (source == CCX_DIE_RULE)
		none(counters, "not wanted");
	else if (packed)
		none(counters, "work is packed");
	else if (!events || libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_PERF_EVENT, NULL) != 1)
		none(counters, "no counters");
	else if ((err = open_all(counters, topology, events)))
		none(counters, reason_of(err));
}

int ccx_counters_prepare(struct bpf_object *object, bool measure)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "ccx_processes");
	struct bpf_program *program;
	uint32_t event;

	for (event = 0; event < CCX_NR_DIE_EVENTS; event++) {
		program = bpf_object__find_program_by_name(object, programs[event]);
		if (!program)
			return -ENOENT;
		bpf_program__set_autoload(program, measure);
	}
	if (!map)
		return -ENOENT;
	return measure ? 0 : bpf_map__set_max_entries(map, 1);
}

bool ccx_counters_refused(struct ccx_counters *counters, int err)
{
	bool measured = ccx_counters_measure(counters);

	if (measured) {
		none(counters, "");
		snprintf(counters->reason, sizeof(counters->reason),
			 "the kernel refuses the programs (%.24s)", strerror(-err));
	}
	return measured;
}

static int start(struct ccx_counters *counters, struct bpf_object *object)
{
	struct bpf_program *program;
	uint32_t i;

	counters->processes =
		ccx_map_array(object, "ccx_processes",
			      CCX_DIE_PROCESSES * sizeof(struct ccx_die_process), PROT_READ);
	counters->counts =
		ccx_map_array(object, ".bss.dies", sizeof(struct ccx_die_counts), PROT_READ);
	if (!counters->processes || !counters->counts)
		return -errno;
	for (i = 0; i < counters->nr_fds; i++) {
		program = bpf_object__find_program_by_name(object, programs[i % CCX_NR_DIE_EVENTS]);
		if (ioctl(counters->fds[i], PERF_EVENT_IOC_SET_BPF, bpf_program__fd(program)))
			return -errno;
	}
	for (i = 0; i < counters->nr_fds; i += CCX_NR_DIE_EVENTS)
		if (ioctl(counters->fds[i], PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP))
			return -errno;
	return 0;
}

void ccx_counters_start(struct ccx_counters *counters, struct bpf_object *object)
{
	int err;

	if (!counters->fds)
		return;
	err = start(counters, object);
	if (err)
		none(counters, strerror(-err));
}

void ccx_counters_close(struct ccx_counters *counters)
{
	uint32_t i;

	for (i = 0; i < counters->nr_fds; i++)
		close(counters->fds[i]);
	free(counters->fds);
	counters->fds = NULL;
	counters->nr_fds = 0;
	ccx_unmap(counters->processes, CCX_DIE_PROCESSES * sizeof(struct ccx_die_process));
	ccx_unmap(counters->counts, sizeof(struct ccx_die_counts));
	counters->processes = NULL;
	counters->counts = NULL;
}

/* ---- figures ---- */

void ccx_counters_read(const struct ccx_counters *counters, struct ccx_die_figures *figures)
{
	uint64_t now_ns = ccx_monotonic_ns();
	uint32_t i;

	*figures = (struct ccx_die_figures){ .dies = counters->dies, .source = counters->source };
	memcpy(figures->reason, counters->reason, sizeof(figures->reason));
	if (!counters->processes || !counters->counts)
		return;
	figures->counts = *counters->counts;
	for (i = 0; i < CCX_DIE_PROCESSES; i++) {
		const volatile struct ccx_die_process *process = &counters->processes[i];
		uint32_t prefer = process->prefer;

		if (process->tgid && prefer < CCX_NR_PREFERS &&
		    (int64_t)(now_ns - process->worked_ns) < (int64_t)RECENT_NS)
			figures->processes[prefer]++;
	}
}

json_t *ccx_counters_json(const struct ccx_die_figures *figures)
{
	const struct ccx_die_counts *counts = &figures->counts;
	json_t *reason = *figures->reason ? json_string(figures->reason) : NULL;

	if (!figures->dies)
		return json_null();
	return json_pack("{s:s, s:o, s:i, s:i, s:i, s:I, s:I, s:{s:I, s:I, s:I}}", "counters",
			 *figures->reason ? "none" : source_names[figures->source], "reason",
			 reason ?: json_null(), "cache",
			 (int)figures->processes[CCX_PREFER_CACHE], "frequency",
			 (int)figures->processes[CCX_PREFER_FREQUENCY], "undecided",
			 (int)figures->processes[CCX_PREFER_AUTO], "choices",
			 (json_int_t)counts->choices, "crowded", (json_int_t)counts->crowded,
			 "samples", "work", (json_int_t)counts->samples[CCX_DIE_WORK], "fills",
			 (json_int_t)counts->samples[CCX_DIE_FILL], "uses",
			 (json_int_t)counts->samples[CCX_DIE_USE]);
}

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

void ccx_counters_print(FILE *file, const json_t *json)
{
	const char *reason = json_string_value(json_object_get(json, "reason"));
	const char *source = json_string_value(json_object_get(json, "counters"));

	if (!source)
		return;
	if (reason)
		fprintf(file, "die choice: by rule only, %.60s\n", reason);
	else
		fprintf(file, "die choice: by rule, else by %.10s counters: %lld processes cache, "
			      "%lld frequency, %lld neither; %lld choices\n",
			source, number(json, "cache"), number(json, "frequency"),
			number(json, "undecided"), number(json, "choices"));
}

void ccx_counters_say(FILE *file, const struct ccx_counters *counters)
{
	struct ccx_die_figures figures;
	json_t *json;

	ccx_counters_read(counters, &figures);
	json = ccx_counters_json(&figures);
	ccx_counters_print(file, json);
	json_decref(json);
	fflush(file);
}
