// SPDX-License-Identifier: GPL-2.0-only
#include "dispatcher.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "clock.h"
#include "privileges.h"

#define MAX_BATCH	256			/* then yield, whatever still waits */
#define STACK_BYTES	(128 * 1024)
#define STALE_NS	(50 * 1000 * 1000ULL)	/* a load this old says nothing */
#define EVEN_OUT_NS	(8 * 1000 * 1000ULL)	/* between two moves for even shares: loads settle */
#define GATHERED_NS	(20 * 1000 * 1000ULL)	/* threads seen within this time are here */
#define UTILISATION_NS	(8 * 1000 * 1000ULL)	/* one sample; averaged over about four */

/* What BPF knows of this domain, as a load. */
static void read_own_load(struct ccx_dispatcher *dispatcher)
{
	const volatile struct ccx_domain_state *state = &dispatcher->state->domains[dispatcher->domain];
	const struct ccx_domain *domain = &dispatcher->topology->domains[dispatcher->domain];
	const volatile struct ccx_config_domain *now = &dispatcher->machine->domains[dispatcher->domain];
	struct ccx_load *load = &dispatcher->own;
	uint64_t busy_ns = 0, elapsed_ns;
	uint32_t i;

	load->time_ns = dispatcher->now_ns;
	load->nr_cpus = now->nr_cpus;
	load->capacity = now->capacity;
	load->vtime_now = state->vtime_now;
	load->idle_cpus = state->nr_idle > 0 ? state->nr_idle : 0;
	load->weight = state->weight > 0 ? state->weight : 0;
	load->running = 0;
	load->running_critical = 0;
	for (i = 0; i < domain->nr_cpus; i++) {
		const volatile struct ccx_cpu_state *cpu = &dispatcher->state->cpus[domain->cpus[i]];

		busy_ns += cpu->counters[CCX_BUSY_NS];
		load->running += cpu->running_since_ns && !cpu->running_dispatcher;
		load->running_critical += cpu->running_since_ns && cpu->running_critical;
	}
	for (i = 0; i < CCX_NR_READY; i++)
		load->queued[i] = state->queued[i];
	load->queued[CCX_KIND_EFFICIENCY] += state->custody_queued;

	elapsed_ns = dispatcher->now_ns - dispatcher->busy_seen_at_ns;
	if (elapsed_ns >= UTILISATION_NS) {
		load->utilisation = ccx_policy_utilisation(load->utilisation,
							   busy_ns - dispatcher->busy_ns_seen,
							   elapsed_ns, load->nr_cpus);
		dispatcher->busy_ns_seen = busy_ns;
		dispatcher->busy_seen_at_ns = dispatcher->now_ns;
	}
}

/* What is far from even is evened out sooner, or at once: loads need not settle to be sure of it. */
static uint32_t even_out(uint64_t ago_ns)
{
	if (ago_ns > EVEN_OUT_NS)
		return 1;
	return ago_ns > EVEN_OUT_NS / 4 ? 2 : 4;
}

/* The other domains to consider in this batch; valid until the batch ends. */
static void choose_candidates(struct ccx_dispatcher *dispatcher)
{
	const struct ccx_topology *topology = dispatcher->topology;
	uint32_t i, other = dispatcher->next_candidate;

	dispatcher->nr_candidates = 0;
	for (i = 0; i + 1 < topology->nr_domains && i < CCX_CANDIDATES; i++) {
		struct ccx_candidate *candidate;
		const struct ccx_load *load;

		other = (other + 1) % topology->nr_domains;
		if (other == dispatcher->domain)
			other = (other + 1) % topology->nr_domains;
		/* what is outside the set is BPF's to use, where tasks would wait */
		if (dispatcher->sets && !(__atomic_load_n(&dispatcher->sets->domains[0],
							  __ATOMIC_RELAXED) & 1ULL << other))
			continue;
		load = ccx_load_table_read(dispatcher->loads, other);
		/* an old figure is worse than none; a CPU with nothing to do helps itself anyway */
		if (!load || dispatcher->now_ns - load->time_ns > STALE_NS)
			continue;
		if (dispatcher->load_seen_ns[other] != load->time_ns) {
			dispatcher->load_seen_ns[other] = load->time_ns;
			dispatcher->sent[other] = dispatcher->sent_weight[other] = 0;
		}
		candidate = &dispatcher->candidates[dispatcher->nr_candidates++];
		*candidate = (struct ccx_candidate){
			.load = load,
			.domain = other,
			.distance = ccx_topology_distance(topology, dispatcher->domain, other),
			.sent = dispatcher->sent[other],
			.sent_weight = dispatcher->sent_weight[other],
			.even_out = even_out(dispatcher->now_ns - dispatcher->evened_ns),
		};
		candidate->lasted_ns = ccx_policy_lasted_ns(
			ccx_policy_uneven(&dispatcher->policy, &dispatcher->own, candidate),
			dispatcher->now_ns, &dispatcher->uneven_ns[other]);
	}
	dispatcher->next_candidate = other;
}

static bool message_possible(const struct ccx_dispatcher *dispatcher,
			     const struct ccx_message *message)
{
	return message->pid && message->pid <= INT32_MAX &&
	       message->domain == dispatcher->domain && message->weight >= 1 &&
	       message->weight <= 10000;
}

/* Whether another thread of the task's process was here of late; remembers this one. */
static bool gathered(struct ccx_dispatcher *dispatcher, const struct ccx_message *message)
{
	struct ccx_process *process =
		&dispatcher->processes[message->tgid * 2654435761U / (UINT32_MAX / CCX_PROCESSES + 1)];
	bool known = process->tgid == message->tgid && process->pid != message->pid &&
		     dispatcher->now_ns - process->seen_ns < GATHERED_NS;

	*process = (struct ccx_process){ message->tgid, message->pid, dispatcher->now_ns };
	return known;
}

int ccx_dispatcher_consume(struct ccx_dispatcher *dispatcher, const void *data, size_t size)
{
	struct ccx_dispatcher_figures *figures = &dispatcher->figures;
	struct ccx_decision *decision;
	struct ccx_message message;
	uint64_t decided_ns, since_ns;

	figures->messages++;
	if (size != sizeof(message)) {
		figures->bad_messages++;
		return 0;
	}
	memcpy(&message, data, sizeof(message));
	if (!message_possible(dispatcher, &message)) {
		figures->bad_messages++;
		return 0;
	}
	if (dispatcher->tail - dispatcher->head >= CCX_DECISIONS - CCX_DECISION_MARGIN) {
		dispatcher->head =
			dispatcher->state->domains[dispatcher->domain].decision_head;
		if (dispatcher->tail - dispatcher->head >= CCX_DECISIONS - CCX_DECISION_MARGIN) {
			figures->ring_full++;
			return -EAGAIN;
		}
	}
	message.flags &= ~CCX_TASK_GATHERED;
	if (gathered(dispatcher, &message))
		message.flags |= CCX_TASK_GATHERED;
	decision = &dispatcher->ring->slots[dispatcher->tail % CCX_DECISIONS];
	ccx_policy_decide(&dispatcher->policy, &message, &dispatcher->own, dispatcher->candidates,
			  dispatcher->nr_candidates, decision);
	dispatcher->tail++;
	figures->decisions++;
	if (decision->domain != dispatcher->domain) {
		figures->sent_away++;
		dispatcher->sent[decision->domain]++;
		dispatcher->sent_weight[decision->domain] += message.weight;
		dispatcher->evened_ns = dispatcher->now_ns;
	}
	decided_ns = ccx_monotonic_ns();
	since_ns = message.sent_ns < decided_ns ? message.sent_ns : decided_ns;
	ccx_histogram_add(&figures->decision_ns, decided_ns - since_ns);
	if (since_ns < dispatcher->now_ns)
		since_ns = dispatcher->now_ns;
	ccx_histogram_add(&figures->deciding_ns, decided_ns - since_ns);
	return ++dispatcher->batch >= MAX_BATCH ? -EAGAIN : 0;
}

static int consume(void *context, void *data, size_t size)
{
	return ccx_dispatcher_consume(context, data, size);
}

void ccx_dispatcher_begin(struct ccx_dispatcher *dispatcher, uint64_t now_ns)
{
	dispatcher->now_ns = now_ns;
	dispatcher->batch = 0;
	read_own_load(dispatcher);
	choose_candidates(dispatcher);
}

void ccx_dispatcher_publish(struct ccx_dispatcher *dispatcher)
{
	uint64_t pause_ns = dispatcher->now_ns - dispatcher->published_ns, one = 1;
	bool published = ccx_load_table_publish(dispatcher->loads, dispatcher->domain,
						&dispatcher->own);

	dispatcher->published_ns = dispatcher->now_ns;
	if (published && pause_ns < CCX_LOAD_RECLAIM_NS / 2)
		return;
	if (write(dispatcher->wake_reclaimer_fd, &one, sizeof(one)) < 0)
		dispatcher->published_ns = 0;	/* try again next time */
}

/* One batch. True: the ring was empty, and there is nothing more to do. */
static bool run_batch(struct ccx_dispatcher *dispatcher)
{
	struct ccx_decision_ring *ring = dispatcher->ring;
	int consumed;

	ccx_dispatcher_begin(dispatcher, ccx_monotonic_ns());
	consumed = ring_buffer__consume(dispatcher->messages);
	/* pairs with BPF's claim (apply_decisions): slots before tail */
	__atomic_store_n(&ring->tail, dispatcher->tail, __ATOMIC_RELEASE);
	__atomic_store_n(&ring->beat, ring->beat + 1, __ATOMIC_RELEASE);

	if (dispatcher->now_ns - dispatcher->published_ns >= CCX_LOAD_PERIOD_NS)
		ccx_dispatcher_publish(dispatcher);
	dispatcher->figures.batches++;
	if (dispatcher->batch > dispatcher->figures.max_batch)
		dispatcher->figures.max_batch = dispatcher->batch;
	/* negative: it stopped before the end, because the batch or the decision ring is full */
	return !consumed;
}

/*
 * Blocks until a message is there. The flag goes up before the last look at the ring (epoll looks
 * before it sleeps), BPF looks at the flag after the message is in the ring: no message is missed.
 */
static void sleep_until_message(struct ccx_dispatcher *dispatcher)
{
	struct epoll_event event;

	/* as with decisions: what may not be reused is not left to others either */
	dispatcher->ring->leaves_alone = dispatcher->policy.fresh_us > 0;
	__atomic_store_n(&dispatcher->ring->asleep, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dispatcher->figures.sleeps++;
	epoll_wait(dispatcher->epoll_fd, &event, 1, -1);
	__atomic_store_n(&dispatcher->ring->asleep, 0, __ATOMIC_SEQ_CST);
}

static void work(struct ccx_dispatcher *dispatcher)
{
	while (!__atomic_load_n(&dispatcher->quit, __ATOMIC_ACQUIRE)) {
		bool idle;

		rcu_thread_online();
		idle = run_batch(dispatcher);
		rcu_thread_offline();	/* parked for who knows how long: no grace period waits */
		if (idle)
			sleep_until_message(dispatcher);
		else
			sched_yield();
	}
}

static void *dispatcher_thread(void *context)
{
	struct ccx_dispatcher *dispatcher = context;
	volatile char stack[STACK_BYTES / 2];
	char name[16];
	size_t i;

	/* every page of the stack that the loop may reach, now */
	for (i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
	snprintf(name, sizeof(name), "ccx-disp-%u", dispatcher->domain);
	pthread_setname_np(pthread_self(), name);
	dispatcher->tid = syscall(SYS_gettid);
	dispatcher->error = ccx_privileges_drop();
	sem_post(&dispatcher->started);
	while (sem_wait(&dispatcher->go) && errno == EINTR)
		;
	if (dispatcher->quit)
		return NULL;

	rcu_register_thread();
	rcu_thread_offline();
	work(dispatcher);
	rcu_unregister_thread();
	return NULL;
}

static int set_affinity(pthread_attr_t *attributes, const struct ccx_domain *domain)
{
	cpu_set_t *set = CPU_ALLOC(CCX_MAX_CPUS);
	size_t bytes = CPU_ALLOC_SIZE(CCX_MAX_CPUS);
	uint32_t i;
	int err;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(bytes, set);
	for (i = 0; i < domain->nr_cpus; i++)
		CPU_SET_S(domain->cpus[i], bytes, set);
	err = -pthread_attr_setaffinity_np(attributes, bytes, set);
	CPU_FREE(set);
	return err;
}

int ccx_dispatcher_start(struct ccx_dispatcher *dispatcher, struct ccx_error *error)
{
	pthread_attr_t attributes;
	int err;

	dispatcher->epoll_fd = -1;
	sem_init(&dispatcher->started, 0, 0);
	sem_init(&dispatcher->go, 0, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	err = set_affinity(&attributes, &dispatcher->topology->domains[dispatcher->domain]);
	if (!err)
		err = -pthread_create(&dispatcher->thread, &attributes, dispatcher_thread,
				      dispatcher);
	pthread_attr_destroy(&attributes);
	if (err)
		return ccx_error_set(error, err, "cannot start the dispatcher of domain %u: %s",
				     dispatcher->domain, strerror(-err));
	while (sem_wait(&dispatcher->started) && errno == EINTR)
		;
	if (dispatcher->error) {
		err = dispatcher->error;
		ccx_dispatcher_stop(dispatcher);
		return ccx_error_set(error, err, "the dispatcher of domain %u keeps capabilities: %s",
				     dispatcher->domain, strerror(-err));
	}
	return 0;
}

/* A CPU's part of the domain's cache, which may be shared with other domains (split ones). */
static uint32_t cache_kib(const struct ccx_topology *topology, const struct ccx_domain *domain)
{
	uint32_t i, sharing = 0;

	for (i = 0; i < topology->nr_domains; i++)
		if (topology->domains[i].cache_id == domain->cache_id)
			sharing += topology->domains[i].nr_cpus;
	return sharing ? domain->cache_bytes / 1024 / sharing : 0;
}

void ccx_dispatcher_prepare(struct ccx_dispatcher *dispatcher)
{
	const struct ccx_domain *domain = &dispatcher->topology->domains[dispatcher->domain];

	dispatcher->policy.cache_kib = cache_kib(dispatcher->topology, domain);
	dispatcher->next_candidate = dispatcher->domain;
}

static int watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int ccx_dispatcher_go(struct ccx_dispatcher *dispatcher, struct ccx_error *error)
{
	int err;

	dispatcher->messages = ring_buffer__new(dispatcher->messages_fd, consume, dispatcher, NULL);
	if (!dispatcher->messages)
		return ccx_error_set(error, -errno, "cannot map the message ring of domain %u: %s",
				     dispatcher->domain, strerror(errno));
	dispatcher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (dispatcher->epoll_fd < 0)
		return ccx_error_set(error, -errno, "cannot make an epoll: %s", strerror(errno));
	err = watch(dispatcher->epoll_fd, dispatcher->messages_fd);
	if (!err)
		err = watch(dispatcher->epoll_fd, dispatcher->quit_fd);
	if (err)
		return ccx_error_set(error, err, "cannot watch the message ring of domain %u: %s",
				     dispatcher->domain, strerror(-err));
	ccx_dispatcher_prepare(dispatcher);
	sem_post(&dispatcher->go);
	return 0;
}

void ccx_dispatcher_stop(struct ccx_dispatcher *dispatcher)
{
	uint64_t one = 1;

	if (!dispatcher->thread)
		return;
	__atomic_store_n(&dispatcher->quit, true, __ATOMIC_RELEASE);
	if (dispatcher->messages && write(dispatcher->quit_fd, &one, sizeof(one)) < 0)
		perror("scx_ccx: waking a dispatcher");
	sem_post(&dispatcher->go);
	pthread_join(dispatcher->thread, NULL);
	dispatcher->thread = 0;
	if (dispatcher->epoll_fd >= 0)
		close(dispatcher->epoll_fd);
	dispatcher->epoll_fd = -1;
	ring_buffer__free(dispatcher->messages);
	dispatcher->messages = NULL;
	sem_destroy(&dispatcher->started);
	sem_destroy(&dispatcher->go);
}
