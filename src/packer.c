// SPDX-License-Identifier: GPL-2.0-only
#include "packer.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "privileges.h"

/* What ran and waited since the last look, 1024 = one fastest CPU. */
struct demand {
	uint64_t all;
	uint64_t critical;	/* of that, latency-critical tasks that ran */
};

/* `elapsed_ns` is not 0. */
static uint64_t share(uint64_t ns, uint64_t elapsed_ns, uint32_t capacity)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the callers look before */
	return (ns < elapsed_ns ? ns : elapsed_ns) * capacity / elapsed_ns;
}

/* CPU time counts when a task stops: one that has run all along has not been counted yet. */
static void look_at_cpu(struct ccx_packer *packer, const struct ccx_cpu *cpu, uint64_t elapsed_ns,
			struct demand *demand)
{
	const volatile struct ccx_cpu_state *state = &packer->state->cpus[cpu->id];
	uint64_t since_ns = state->running_since_ns, busy_ns = state->counters[CCX_BUSY_NS];
	uint64_t critical_ns = state->counters[CCX_CRITICAL_ON_PERFORMANCE_NS] +
			       state->counters[CCX_CRITICAL_ELSEWHERE_NS];

	if (since_ns && since_ns == packer->seen[cpu->id].running_since_ns)
		demand->all += cpu->capacity;
	else
		demand->all += share(busy_ns - packer->seen[cpu->id].busy_ns, elapsed_ns,
				     cpu->capacity);
	demand->critical += share(critical_ns - packer->seen[cpu->id].critical_ns, elapsed_ns,
				  cpu->capacity);
	packer->seen[cpu->id].running_since_ns = since_ns;
	packer->seen[cpu->id].busy_ns = busy_ns;
	packer->seen[cpu->id].critical_ns = critical_ns;
}

/* Tasks that wait where all CPUs work; where one is idle, affinity keeps them waiting. */
static uint64_t waiting(const volatile struct ccx_domain_state *state)
{
	int64_t tasks = (int64_t)state->ready[CCX_KIND_PERFORMANCE] +
			state->ready[CCX_KIND_EFFICIENCY] + state->custody;

	return state->nr_idle <= 0 && tasks > 0 ? tasks * CCX_CAPACITY_MAX : 0;
}

static struct demand look(struct ccx_packer *packer, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns > packer->seen_ns ? now_ns - packer->seen_ns : 1;
	struct demand demand = { 0 };
	uint32_t i;

	for (i = 0; i < packer->topology->nr_cpus; i++)
		look_at_cpu(packer, &packer->topology->cpus[i], elapsed_ns, &demand);
	for (i = 0; i < packer->topology->nr_domains; i++)
		demand.all += waiting(&packer->state->domains[i]);
	packer->seen_ns = now_ns;
	return demand;
}

static void publish(struct ccx_packer *packer)
{
	uint32_t class;

	/* one word each: BPF sees the old set or the new one */
	for (class = 0; class < CCX_NR_SETS; class++)
		__atomic_store_n(&packer->sets->domains[class],
				 ccx_set_mask(&packer->set[class]), __ATOMIC_RELAXED);
}

void ccx_packer_step(struct ccx_packer *packer, uint64_t now_ns)
{
	struct demand demand = look(packer, now_ns);
	uint64_t background = demand.all;

	if (packer->mixed_kinds)
		background -= demand.critical < background ? demand.critical : background;
	ccx_set_step(&packer->set[CCX_SET_BACKGROUND], background, now_ns);
	ccx_set_step(&packer->set[CCX_SET_CRITICAL],
		     packer->mixed_kinds ? demand.critical : demand.all, now_ns);
	publish(packer);
	packer->figures.steps++;
	packer->figures.demand = packer->set[CCX_SET_BACKGROUND].fast;
	packer->figures.grown = packer->set[CCX_SET_BACKGROUND].grown;
	packer->figures.shrunk = packer->set[CCX_SET_BACKGROUND].shrunk;
}

static int ignore(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

/* Until `timeout_ms` have passed (-1: never) or something happens. False: the thread must end. */
static bool wait(struct ccx_packer *packer, int timeout_ms)
{
	struct pollfd files[] = {
		{ .fd = packer->quit_fd, .events = POLLIN },
		{ .fd = ring_buffer__epoll_fd(packer->events), .events = POLLIN },
	};

	if (poll(files, 2, timeout_ms) < 0 && errno != EINTR)
		return false;
	ring_buffer__consume(packer->events);
	return !files[0].revents;
}

static bool rests(const struct ccx_packer *packer)
{
	return ccx_set_rests(&packer->set[CCX_SET_BACKGROUND]) &&
	       ccx_set_rests(&packer->set[CCX_SET_CRITICAL]);
}

static void *packer_thread(void *context)
{
	struct ccx_packer *packer = context;

	pthread_setname_np(pthread_self(), "ccx-packer");
	if (ccx_privileges_drop())
		fprintf(stderr, "scx_ccx: the packer keeps its capabilities\n");
	look(packer, ccx_monotonic_ns());
	while (wait(packer, CCX_SET_PERIOD_NS / 1000000)) {
		ccx_packer_step(packer, ccx_monotonic_ns());
		if (!rests(packer))
			continue;
		/* no wake-up is missed: each task that wakes looks at the flag anew */
		packer->figures.rests++;
		__atomic_store_n(&packer->sets->asleep, 1, __ATOMIC_RELAXED);
		if (!wait(packer, -1))
			break;
		__atomic_store_n(&packer->sets->asleep, 0, __ATOMIC_RELAXED);
		/* what the CPUs did meanwhile says nothing of now */
		look(packer, ccx_monotonic_ns());
	}
	return NULL;
}

static bool has_kinds(const struct ccx_topology *topology)
{
	uint32_t i;

	for (i = 1; i < topology->nr_cpus; i++)
		if (topology->cpus[i].kind != topology->cpus[0].kind)
			return true;
	return false;
}

int ccx_packer_start(struct ccx_packer *packer, struct ccx_error *error)
{
	uint32_t class;
	int err;

	packer->mixed_kinds = has_kinds(packer->topology);
	for (class = 0; class < CCX_NR_SETS; class++)
		ccx_set_init(&packer->set[class], packer->topology, class);
	publish(packer);
	packer->events = ring_buffer__new(packer->events_fd, ignore, NULL, NULL);
	if (!packer->events)
		return ccx_error_set(error, -errno, "cannot map the events of the sets: %s",
				     strerror(errno));
	err = -pthread_create(&packer->thread, NULL, packer_thread, packer);
	if (err) {
		packer->thread = 0;
		ring_buffer__free(packer->events);
		packer->events = NULL;
		return ccx_error_set(error, err, "cannot start a thread: %s", strerror(-err));
	}
	return 0;
}

void ccx_packer_stop(struct ccx_packer *packer)
{
	if (!packer->thread)
		return;
	pthread_join(packer->thread, NULL);
	ring_buffer__free(packer->events);
	packer->thread = 0;
	packer->events = NULL;
}
