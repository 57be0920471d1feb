// SPDX-License-Identifier: GPL-2.0-only
#include "bench/model/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <urcu-qsbr.h>

#include "ccx/balance.h"
#include "ccx/share.h"
#include "bench/common.h"
#include "configure.h"

#define TICK_NS	 MODEL_TICK_NS
#define MS	 MODEL_MS
#define PATIENCE (2 * MS) /* WAITS_LONG_NS, pick.h */
#define FAR	 8	  /* FAR_DOMAINS, placement.h */

/* There is one at a time. */
static struct model *m;
static uint64_t seed = 1;

static uint64_t random_below(uint64_t limit)
{
	return bench_random(&seed) % limit;
}

static struct ccx_domain_state *domain_state(uint32_t domain)
{
	return &m->state->domains[domain];
}

static void count_weight(struct model_task *task, uint32_t weight)
{
	domain_state(task->home)->weight += (int64_t)weight - task->counted;
	task->counted = weight;
}

static uint64_t clock_change(const struct model_task *task, uint32_t to)
{
	const struct ccx_domain_state *home = domain_state(task->home);

	return ccx_clock_change(home->vtime_now, home->front_ns, domain_state(to)->vtime_now,
				domain_state(to)->front_ns, task->awake_ns);
}

static void set_home(struct model_task *task, uint32_t domain)
{
	uint32_t weight = task->counted;

	if (task->home == domain)
		return;
	count_weight(task, 0);
	task->vtime += clock_change(task, domain);
	task->home = domain;
	count_weight(task, weight);
}

static void queue_in(struct model_task *task, uint32_t domain)
{
	m->domains[domain].queue[m->domains[domain].nr_queued++] = task;
	task->queue = domain;
	task->waits = true;
}

static void unqueue(struct model_task *task)
{
	struct model_domain *domain = &m->domains[task->queue];
	uint32_t i;

	for (i = 0; domain->queue[i] != task; i++)
		;
	domain->queue[i] = domain->queue[--domain->nr_queued];
	task->waits = false;
}

static bool balanced(const struct model_task *task)
{
	uint32_t far;

	if (m->topology->nr_domains == 1)
		return true;
	far = m->machine.domains[task->home].nearest[random_below(m->topology->nr_domains - 1)];
	return !ccx_evens_out(domain_state(task->home)->weight, m->machine.domains[task->home].capacity,
			      domain_state(far)->weight, m->machine.domains[far].capacity,
			      task->counted);
}

static void enqueue(struct model_task *task, bool wakeup)
{
	struct model_domain *domain = &m->domains[task->home];

	task->vtime = ccx_vtime_place(task->vtime, domain_state(task->home)->vtime_now,
				      wakeup ? m->config.lag_ns : CCX_LAG_AWAKE_NS,
				      ccx_debt_ns(wakeup, m->config.slice_ns, task->inverse,
						  m->config.debt_ns));
	task->queued_ns = m->now_ns;
	queue_in(task, task->home);
	if (m->now_ns < task->fresh_ns && balanced(task))
		return;
	domain->messages[domain->nr_messages++] = (struct ccx_message){
		.pid = task->id + 1,
		.generation = ++task->generation,
		.domains = ~0ULL,
		.awake_us = task->awake_ns / 1000,
		.burst_us = task->sleeper ? 1000 : 0,
		.weight = task->weight,
		.tgid = task->id + 1,
		.domain = task->home,
		.moved_ago_ms = task->moved_ns && m->now_ns - task->moved_ns < 60000 * MS ?
					(m->now_ns - task->moved_ns) / MS : UINT16_MAX,
	};
}

static void run_on(struct model_task *task, uint32_t cpu)
{
	uint32_t domain = ccx_topology_cpu(m->topology, cpu)->domain;

	if (task->home != domain) {
		task->moves++;
		task->moved_ns = m->now_ns;
		set_home(task, domain);
	}
	task->left_ns = task->slice_ns;
	m->running[cpu] = task;
	m->state->cpus[cpu].running_since_ns = m->now_ns;
}

/* ---- what a CPU does ---- */

static void stop(uint32_t cpu)
{
	struct model_task *task = m->running[cpu];

	m->running[cpu] = NULL;
	m->state->cpus[cpu].running_since_ns = 0;
	if (task->sleeper && !task->burst_ns) {
		count_weight(task, 0);
		task->awake_ns = 0;
		task->wakes_ns = m->now_ns + 2 * MS + random_below(2 * MS);
		return;
	}
	enqueue(task, false);
}

static void run_tick(uint32_t cpu)
{
	struct model_task *task = m->running[cpu];
	struct ccx_domain_state *home = domain_state(task->home);
	uint64_t virtual = ccx_virtual_ns(TICK_NS, task->inverse), by;

	by = ccx_clock_service(TICK_NS, home->weight);
	by += ccx_clock_correct(home->vtime_now + by, task->vtime, task->awake_ns > 0, TICK_NS);
	home->vtime_now += by;
	if (ccx_ordered_exactly(task->awake_ns))
		home->front_ns = ccx_front_average(home->front_ns, task->vtime - home->vtime_now);
	task->vtime += virtual;
	task->awake_ns += virtual;
	task->ran_ns += TICK_NS;
	m->state->cpus[cpu].counters[CCX_BUSY_NS] += TICK_NS;
	task->burst_ns -= task->sleeper ? TICK_NS : 0;
	task->left_ns -= task->left_ns < TICK_NS ? task->left_ns : TICK_NS;
	if (!task->left_ns || (task->sleeper && !task->burst_ns))
		stop(cpu);
}

/* The earliest deadline, within a step the one that has waited longest. */
static struct model_task *first_of(const struct model_domain *domain)
{
	struct model_task *best = NULL;
	uint64_t best_key = 0;
	uint32_t i;

	for (i = 0; i < domain->nr_queued; i++) {
		struct model_task *task = domain->queue[i];
		uint64_t key = task->vtime;

		/* sent here, and still on the clock of where it comes from */
		if (task->home != task->queue)
			key += clock_change(task, task->queue);
		key = ccx_queue_key(ccx_deadline(key, task->awake_ns, m->config.awake_cap_ns),
				    task->awake_ns);
		if (!best || ccx_before(key, best_key) ||
		    (key == best_key && task->queued_ns < best->queued_ns)) {
			best = task;
			best_key = key;
		}
	}
	return best;
}

static struct model_task *steal(uint32_t cpu, uint32_t domain)
{
	uint32_t others = m->topology->nr_domains - 1, nr = ccx_steal_looks(others), turn = m->turns[cpu], i;

	if (nr < others)
		m->turns[cpu] += CCX_STEAL_OTHERS;
	if (nr > m->figures.steal_looks)
		m->figures.steal_looks = nr;
	for (i = 0; i < nr; i++) {
		uint32_t index = ccx_steal_index(i, turn, others);
		struct model_task *task = first_of(&m->domains[m->machine.domains[domain].nearest[index]]);

		if (task && (index < m->machine.domains[domain].nr_near ||
			     m->now_ns > task->queued_ns + PATIENCE))
			return task;
	}
	return NULL;
}

static void pick(uint32_t cpu)
{
	uint32_t domain = ccx_topology_cpu(m->topology, cpu)->domain;
	struct model_task *task = first_of(&m->domains[domain]);

	if (!task)
		task = steal(cpu, domain);
	if (!task)
		return;
	unqueue(task);
	run_on(task, cpu);
}

static bool claim_idle(struct model_task *task, uint32_t domain)
{
	uint32_t i;

	if (m->domains[domain].nr_queued)
		return false;
	for (i = 0; i < m->topology->domains[domain].nr_cpus; i++)
		if (!m->running[m->topology->domains[domain].cpus[i]]) {
			run_on(task, m->topology->domains[domain].cpus[i]);
			return true;
		}
	return false;
}

static void wake(struct model_task *task)
{
	uint32_t nr = m->topology->nr_domains - 1 < FAR ? m->topology->nr_domains - 1 : FAR, i;
	uint32_t home = task->home;

	task->wakes_ns = 0;
	task->burst_ns = TICK_NS * (1 + random_below(MS / TICK_NS));
	count_weight(task, task->weight);
	if (claim_idle(task, home))
		return;
	if (nr > m->machine.domains[home].nr_near && !m->domains[home].nr_queued)
		nr = m->machine.domains[home].nr_near;
	for (i = 0; i < nr; i++)
		if (claim_idle(task, m->machine.domains[home].nearest[i]))
			return;
	enqueue(task, true);
}

/* ---- what a dispatcher does ---- */

static void apply(struct ccx_dispatcher *dispatcher)
{
	const struct ccx_decision *decision =
		&dispatcher->ring->slots[(dispatcher->tail - 1) % CCX_DECISIONS];
	struct model_task *task = &m->tasks[decision->pid - 1];

	domain_state(dispatcher->domain)->decision_head = dispatcher->tail;
	task->slice_ns = decision->slice_ns;
	task->fresh_ns = m->now_ns + decision->fresh_us * 1000ULL;
	if (decision->domain == task->queue)
		return;
	unqueue(task);
	queue_in(task, decision->domain);
}

static void dispatch(struct model_domain *domain)
{
	struct ccx_dispatcher *dispatcher = &domain->dispatcher;
	struct ccx_domain_state *own = domain_state(dispatcher->domain);
	uint64_t began_ns = bench_now_ns();
	uint32_t i;

	if (!domain->nr_messages)
		return;
	own->nr_idle = 0;
	for (i = 0; i < m->topology->domains[dispatcher->domain].nr_cpus; i++)
		own->nr_idle += !m->running[m->topology->domains[dispatcher->domain].cpus[i]];
	own->queued[CCX_KIND_EFFICIENCY] = domain->nr_queued;
	ccx_dispatcher_begin(dispatcher, m->now_ns);
	if (dispatcher->nr_candidates > m->figures.decide_looks)
		m->figures.decide_looks = dispatcher->nr_candidates;
	for (i = 0; i < domain->nr_messages; i++) {
		dispatcher->batch = 0;
		if (!ccx_dispatcher_consume(dispatcher, &domain->messages[i],
					    sizeof(domain->messages[i])))
			apply(dispatcher);
		m->figures.decisions++;
	}
	domain->nr_messages = 0;
	if (m->now_ns - dispatcher->published_ns >= CCX_LOAD_PERIOD_NS) {
		ccx_load_table_publish(m->loads, dispatcher->domain, &dispatcher->own);
		dispatcher->published_ns = m->now_ns;
	}
	m->figures.decide_ns += bench_now_ns() - began_ns;
}

void model_tick(struct model *model)
{
	uint32_t cpu, i, waiting = 0, idle = 0;

	m = model;
	m->now_ns += TICK_NS;
	for (i = 0; i < m->topology->nr_cpus; i++)
		if (m->running[m->topology->cpus[i].id])
			run_tick(m->topology->cpus[i].id);
	for (i = 0; i < m->nr_tasks; i++)
		if (m->tasks[i].wakes_ns && m->now_ns >= m->tasks[i].wakes_ns)
			wake(&m->tasks[i]);
	for (i = 0; i < m->topology->nr_domains; i++)
		dispatch(&m->domains[i]);
	for (i = 0; i < m->topology->nr_cpus; i++) {
		cpu = m->topology->cpus[i].id;
		if (!m->running[cpu])
			pick(cpu);
		idle += !m->running[cpu];
	}
	for (i = 0; i < m->topology->nr_domains; i++)
		waiting += m->domains[i].nr_queued;
	m->figures.idle_ns += TICK_NS * (idle < waiting ? idle : waiting);
	rcu_quiescent_state();
	if (m->now_ns / TICK_NS % 128)
		return;
	rcu_thread_offline();
	ccx_load_table_reclaim(m->loads);
	rcu_thread_online();
}

/* What is shared with the scheduler is aligned to cache lines. */
static void *alloc_lines(size_t count, size_t bytes)
{
	size_t size = (count * bytes + CCX_CACHE_LINE - 1) / CCX_CACHE_LINE * CCX_CACHE_LINE;
	void *memory = aligned_alloc(CCX_CACHE_LINE, size);

	if (!memory)
		bench_fail("no memory for %zu bytes", size);
	return memset(memory, 0, size);
}

static void make_machine(const struct model_options *wanted)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	static pid_t tids[CCX_MAX_DOMAINS];
	struct ccx_error error;
	char text[1024];
	uint32_t i;

	snprintf(text, sizeof(text), "synthetic:%s", wanted->topology);
	options.source = text;
	if (ccx_topology_load(&options, &m->topology, &error) ||
	    ccx_topology_check_limits(m->topology, &error))
		bench_usage("%s", error.text);
	ccx_configure_machine(&m->machine, m->topology, tids);
	ccx_configure(&m->config, &m->machine, m->topology,
		      &(struct ccx_scheduler_options){ .slice_us = 5000, .rescue_us = 5000 });
	m->nr_tasks = m->topology->nr_cpus * wanted->per_cpu;
	m->state = alloc_lines(1, sizeof(*m->state));
	m->loads = ccx_load_table_new(m->topology->nr_domains);
	m->domains = alloc_lines(m->topology->nr_domains, sizeof(*m->domains));
	m->tasks = bench_alloc(m->nr_tasks, sizeof(*m->tasks));
	m->running = bench_alloc(CCX_MAX_CPUS, sizeof(*m->running));
	m->turns = bench_alloc(CCX_MAX_CPUS, sizeof(*m->turns));
	for (i = 0; i < m->topology->nr_domains; i++) {
		struct ccx_dispatcher *dispatcher = &m->domains[i].dispatcher;

		m->domains[i].queue = bench_alloc(m->nr_tasks, sizeof(*m->domains[i].queue));
		m->domains[i].messages = bench_alloc(m->nr_tasks, sizeof(*m->domains[i].messages));
		dispatcher->domain = i;
		dispatcher->topology = m->topology;
		dispatcher->loads = m->loads;
		dispatcher->state = m->state;
		dispatcher->machine = &m->machine;
		dispatcher->ring = alloc_lines(1, sizeof(*dispatcher->ring));
		dispatcher->policy = (struct ccx_policy_config){
			.slice_us = 5000, .slice_min_us = 500,
			.awake_cap_ns = CCX_AWAKE_CAP_NS, .fresh_us = 10000,
		};
		ccx_dispatcher_prepare(dispatcher);
	}
}

static void make_tasks(const struct model_options *wanted)
{
	static const uint32_t of[] = { 100, 33, 11 };
	uint32_t i;

	for (i = 0; i < m->nr_tasks; i++) {
		struct model_task *task = &m->tasks[i];

		task->id = i;
		task->weight = wanted->weights ? of[i % 3] : 100;
		task->inverse = ccx_share_inverse_weight(task->weight, CCX_SHARE_ONE);
		task->home = wanted->from_one ? 0 : i % m->topology->nr_domains;
		task->slice_ns = m->config.slice_ns;
		task->sleeper = i * 37 % 100 < wanted->sleepers_pct;
		task->burst_ns = task->sleeper ? MS : 0;
		count_weight(task, task->weight);
		enqueue(task, false);
	}
}

void model_make(struct model *model, const struct model_options *options)
{
	memset(model, 0, sizeof(*model));
	m = model;
	m->now_ns = m->began_ns = 1000 * MS;
	rcu_register_thread();
	make_machine(options);
	make_tasks(options);
}

void model_free(struct model *model)
{
	uint32_t i;

	rcu_unregister_thread();
	for (i = 0; i < model->topology->nr_domains; i++) {
		free(model->domains[i].queue);
		free(model->domains[i].messages);
		free(model->domains[i].dispatcher.ring);
	}
	ccx_load_table_free(model->loads);
	ccx_topology_free(model->topology);
	free(model->state);
	free(model->domains);
	free(model->tasks);
	free(model->running);
	free(model->turns);
}

bool model_even(const struct model *model)
{
	uint64_t all = 0, capacity = 0;
	uint32_t i;

	for (i = 0; i < model->topology->nr_domains; i++) {
		all += model->state->domains[i].weight;
		capacity += model->machine.domains[i].capacity;
	}
	for (i = 0; i < model->topology->nr_domains; i++) {
		double part = (double)model->state->domains[i].weight * capacity /
			      ((double)all * model->machine.domains[i].capacity);

		if (fabs(part - 1) > 0.1)
			return false;
	}
	return true;
}
