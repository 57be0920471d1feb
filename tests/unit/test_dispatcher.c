// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a dispatcher makes of a message, without BPF: its members are filled in by hand. State and
 * ring are blocks of their own of just their size, so that the sanitizers see a step beyond them.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dispatcher.h"

#define ROOM (CCX_DECISIONS - CCX_DECISION_MARGIN)
#define OWN  2 /* its domain */

struct bench {
	struct ccx_dispatcher dispatcher;
	struct ccx_state *state;
	struct ccx_load loads[CCX_CANDIDATES];
};

static int begin(void **context)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	uint32_t i;

	bench->state = aligned_alloc(CCX_CACHE_LINE, sizeof(*bench->state));
	memset(bench->state, 0, sizeof(*bench->state));
	dispatcher->state = bench->state;
	dispatcher->ring = aligned_alloc(CCX_CACHE_LINE, sizeof(*dispatcher->ring));
	memset(dispatcher->ring, 0, sizeof(*dispatcher->ring));
	dispatcher->domain = OWN;
	dispatcher->policy = (struct ccx_policy_config){
		.slice_us = 5000, .slice_min_us = 500, .awake_cap_ns = 20000000, .fresh_us = 10000
	};
	dispatcher->own = (struct ccx_load){ .capacity = 8192, .nr_cpus = 8, .running = 8 };
	dispatcher->now_ns = 1000000000;
	dispatcher->nr_candidates = CCX_CANDIDATES;
	for (i = 0; i < CCX_CANDIDATES; i++) {
		bench->loads[i] = dispatcher->own;
		dispatcher->candidates[i] = (struct ccx_candidate){ .load = &bench->loads[i],
								    .domain = OWN + 1 + i,
								    .distance = 2 };
	}
	*context = bench;
	return 0;
}

static int end(void **context)
{
	struct bench *bench = *context;

	free(bench->dispatcher.ring);
	free(bench->state);
	free(bench);
	return 0;
}

static struct ccx_message valid(uint32_t number)
{
	return (struct ccx_message){
		.pid = 1000 + number,
		.generation = number * 7,
		.sent_ns = 1000000000 - number,
		.domains = UINT64_MAX,
		.weight = 100,
		.domain = OWN,
	};
}

static int send_valid(struct ccx_dispatcher *dispatcher, uint32_t number)
{
	struct ccx_message message = valid(number);

	return ccx_dispatcher_consume(dispatcher, &message, sizeof(message));
}

/* As the thread begins a batch. */
static void new_batch(struct ccx_dispatcher *dispatcher)
{
	dispatcher->batch = 0;
}

/* As BPF applies everything that is there. */
static void apply_all(struct bench *bench)
{
	bench->state->domains[OWN].decision_head = bench->dispatcher.tail;
}

static void a_decision_echoes_its_message(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	uint32_t number;

	for (number = 0; number < 50; number++) {
		const struct ccx_decision *decision = &dispatcher->ring->slots[number];

		assert_int_equal(send_valid(dispatcher, number), 0);
		assert_int_equal(dispatcher->tail, number + 1);
		assert_int_equal(decision->pid, 1000 + number);
		assert_int_equal(decision->generation, number * 7);
		assert_int_equal(decision->domain, OWN);
		assert_true(decision->slice_ns > 0);
	}
	assert_int_equal(dispatcher->figures.messages, 50);
	assert_int_equal(dispatcher->figures.decisions, 50);
	assert_int_equal(dispatcher->figures.bad_messages, 0);
	/* the ring's tail is the thread's to move, once a batch, when the slots are written */
	assert_int_equal(dispatcher->ring->tail, 0);
}

static void expect_bad(struct ccx_dispatcher *dispatcher, const void *data, size_t size)
{
	struct ccx_decision before = dispatcher->ring->slots[dispatcher->tail % CCX_DECISIONS];
	uint64_t bad = dispatcher->figures.bad_messages, tail = dispatcher->tail;

	assert_int_equal(ccx_dispatcher_consume(dispatcher, data, size), 0);
	assert_int_equal(dispatcher->figures.bad_messages, bad + 1);
	assert_int_equal(dispatcher->tail, tail);
	assert_memory_equal(&dispatcher->ring->slots[tail % CCX_DECISIONS], &before,
			    sizeof(before));
}

static void only_the_right_size_is_a_message(void **context)
{
	struct bench *bench = *context;
	size_t size;

	for (size = 0; size < 300; size++) {
		/* a block of just that size: reading beyond it is seen */
		char *data = malloc(size ? size : 1);
		struct ccx_message message = valid(1);

		memset(data, 1, size);
		memcpy(data, &message, size < sizeof(message) ? size : sizeof(message));
		if (size != sizeof(message))
			expect_bad(&bench->dispatcher, data, size);
		free(data);
	}
	expect_bad(&bench->dispatcher, NULL, 0);
	expect_bad(&bench->dispatcher, NULL, SIZE_MAX);
}

static void impossible_content_is_not_answered(void **context)
{
	struct bench *bench = *context;
	struct ccx_message message;
	uint32_t i;

	static const uint32_t pids[] = { 0, 1U << 31, UINT32_MAX };
	static const uint32_t weights[] = { 0, 10001, UINT32_MAX };
	static const uint16_t domains[] = { OWN - 1, OWN + 1, CCX_MAX_DOMAINS, UINT16_MAX };

	for (i = 0; i < 3; i++) {
		message = valid(1);
		message.pid = pids[i];
		expect_bad(&bench->dispatcher, &message, sizeof(message));
		message = valid(1);
		message.weight = weights[i];
		expect_bad(&bench->dispatcher, &message, sizeof(message));
	}
	for (i = 0; i < 4; i++) {
		message = valid(1);
		message.domain = domains[i];
		expect_bad(&bench->dispatcher, &message, sizeof(message));
	}
	/* and the next good one is */
	assert_int_equal(send_valid(&bench->dispatcher, 1), 0);
	assert_int_equal(bench->dispatcher.figures.decisions, 1);
}

/* A ring buffer aligns to 8 bytes; nothing may depend on more, or on that. */
static void alignment_does_not_matter(void **context)
{
	struct bench *bench = *context;
	char space[sizeof(struct ccx_message) + 8];
	struct ccx_message message = valid(5);
	uint32_t i;

	for (i = 0; i < 8; i++) {
		memcpy(space + i, &message, sizeof(message));
		assert_int_equal(
			ccx_dispatcher_consume(&bench->dispatcher, space + i, sizeof(message)), 0);
		assert_int_equal(bench->dispatcher.ring->slots[i].pid, message.pid);
	}
}

static void a_full_ring_takes_nothing_more(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	struct ccx_decision untouched = { 0 };
	uint32_t number;

	for (number = 0; number < ROOM; number++) {
		new_batch(dispatcher);
		assert_int_equal(send_valid(dispatcher, number), 0);
	}
	for (number = 0; number < 1000; number++) {
		new_batch(dispatcher);
		assert_int_equal(send_valid(dispatcher, number), -EAGAIN);
	}
	assert_int_equal(dispatcher->tail, ROOM);
	assert_int_equal(dispatcher->figures.ring_full, 1000);
	assert_int_equal(dispatcher->figures.decisions, ROOM);
	/* the margin, where CPUs may still be copying, is as it was */
	for (number = ROOM; number < CCX_DECISIONS; number++)
		assert_memory_equal(&dispatcher->ring->slots[number], &untouched,
				    sizeof(untouched));

	/* one was taken: room for one */
	bench->state->domains[OWN].decision_head = 1;
	new_batch(dispatcher);
	assert_int_equal(send_valid(dispatcher, 1), 0);
	new_batch(dispatcher);
	assert_int_equal(send_valid(dispatcher, 2), -EAGAIN);
	apply_all(bench);
	for (number = 0; number < ROOM; number++) {
		new_batch(dispatcher);
		assert_int_equal(send_valid(dispatcher, number), 0);
	}
}

/* However slowly the decisions are taken, none is overwritten before. */
static void nothing_waiting_is_overwritten(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	uint64_t seed = 1, head = 0, tail = UINT64_MAX - 5000; /* the indexes wrap on the way */
	uint32_t *expected = calloc(CCX_DECISIONS, sizeof(*expected)), number, i;

	head = tail;
	dispatcher->tail = dispatcher->head = tail;
	bench->state->domains[OWN].decision_head = head;
	for (number = 1; number < 50000; number++) {
		if (number % 100 == 0)
			new_batch(dispatcher);
		tail = dispatcher->tail;
		send_valid(dispatcher, number);
		assert_true(dispatcher->tail - tail <= 1);
		assert_true(dispatcher->tail - head <= ROOM);
		if (dispatcher->tail != tail)
			expected[tail % CCX_DECISIONS] = 1000 + number;
		if (unit_random(&seed) % 64)
			continue;
		for (i = unit_between(&seed, 0, 100); i && head != dispatcher->tail; i--, head++)
			assert_int_equal(dispatcher->ring->slots[head % CCX_DECISIONS].pid,
					 expected[head % CCX_DECISIONS]);
		bench->state->domains[OWN].decision_head = head;
	}
	assert_true(dispatcher->figures.ring_full > 0);
	assert_true(dispatcher->tail < 50000); /* it did wrap */
	free(expected);
}

/* A batch ends, with its last message answered, so that the thread yields. */
static void a_batch_has_an_end(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	uint32_t number = 0, round, length = 0;

	for (round = 0; round < 10; round++) {
		uint64_t before = dispatcher->figures.decisions;

		new_batch(dispatcher);
		while (!send_valid(dispatcher, number++))
			assert_true(number < 10 * ROOM);
		if (!round)
			length = dispatcher->figures.decisions;
		assert_int_equal(dispatcher->figures.decisions - before, length);
		apply_all(bench);
	}
	assert_int_equal(dispatcher->figures.ring_full, 0);
	assert_in_range(length, 2, ROOM);
	assert_int_equal(dispatcher->figures.decisions, number);
}

static void what_is_sent_away_is_counted(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	uint32_t number, away = 0, sent = 0;

	dispatcher->own.queued[CCX_KIND_EFFICIENCY] = 200;
	bench->loads[1].idle_cpus = 8;
	for (number = 0; number < 20; number++) {
		struct ccx_message message = valid(number);

		if (number % 2)
			message.domains = 1 << OWN;
		assert_int_equal(ccx_dispatcher_consume(dispatcher, &message, sizeof(message)), 0);
		away += dispatcher->ring->slots[number].domain != OWN;
	}
	for (number = 0; number < CCX_CANDIDATES; number++)
		sent += dispatcher->candidates[number].sent;
	assert_in_range(away, 1, 10);
	assert_int_equal(dispatcher->figures.sent_away, away);
	assert_int_equal(sent, away);
}

/* How many must wait here until a thread of process tgid is sent where all is idle. */
static uint32_t sent_away_at(struct bench *bench, uint32_t tgid, uint32_t nr_threads)
{
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	uint32_t queued, i;

	for (queued = 1; queued < 1000; queued++) {
		for (i = 0; i < nr_threads; i++) {
			const struct ccx_decision *decision =
				&dispatcher->ring->slots[dispatcher->tail % CCX_DECISIONS];
			struct ccx_message message = valid(tgid + i);

			message.tgid = tgid;
			message.moved_ago_ms = UINT16_MAX;
			dispatcher->own.queued[CCX_KIND_EFFICIENCY] = queued;
			new_batch(dispatcher);
			apply_all(bench);
			assert_int_equal(ccx_dispatcher_consume(dispatcher, &message,
								sizeof(message)), 0);
			/* the first message about a process says nothing of its other threads */
			if (decision->domain != OWN && queued > 1)
				return queued;
		}
	}
	return queued;
}

static void threads_of_a_process_stay_together_for_longer(void **context)
{
	struct bench *bench = *context;
	uint32_t alone, gathered;

	bench->dispatcher.policy.slice_us = bench->dispatcher.policy.slice_min_us = 100;
	bench->loads[1].idle_cpus = 1;
	alone = sent_away_at(bench, 10000, 1);
	bench->dispatcher.candidates[1].sent = 0;
	gathered = sent_away_at(bench, 20000, 2);
	assert_in_range(alone, 2, 999);
	assert_in_range(gathered, alone + 1, 999);
	/* what was seen long ago is not here any more */
	bench->dispatcher.candidates[1].sent = 0;
	bench->dispatcher.now_ns += 1000000000;
	assert_int_equal(sent_away_at(bench, 20000, 1), alone);
}

/* From the sending to the decision; a clock that seems to run back is no wait, not 584 years. */
static void latency_is_measured_and_never_negative(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	struct ccx_message message = valid(1);

	message.sent_ns = unit_now_ns() + 3600 * 1000000000ULL;
	assert_int_equal(ccx_dispatcher_consume(dispatcher, &message, sizeof(message)), 0);
	assert_int_equal(dispatcher->figures.decision_ns.max, 0);
	message.sent_ns = unit_now_ns() - 5000000;
	assert_int_equal(ccx_dispatcher_consume(dispatcher, &message, sizeof(message)), 0);
	assert_in_range(dispatcher->figures.decision_ns.max, 5000000, 3600 * 1000000000ULL);
}

/* Random bytes: counted, never believed, and what is answered is possible. */
static void random_bytes_do_no_harm(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	struct ccx_dispatcher_figures *figures = &dispatcher->figures;
	uint64_t seed = 2;
	uint32_t i;

	for (i = 0; i < 100000; i++) {
		size_t size = i % 4 ? sizeof(struct ccx_message) : unit_between(&seed, 0, 256);
		struct ccx_message *message = malloc(size ? size : 1);
		uint64_t tail = dispatcher->tail;

		unit_fill(&seed, message, size);
		if (size == sizeof(*message) && i % 8) {
			message->pid &= INT32_MAX;
			message->weight = message->weight % 10002;
			message->domain = OWN;
			message->domains |= 1 << OWN;
		}
		if (i % 50 == 0)
			new_batch(dispatcher);
		if (i % 700 == 0)
			apply_all(bench);
		ccx_dispatcher_consume(dispatcher, message, size);
		if (dispatcher->tail != tail) {
			const struct ccx_decision *decision =
				&dispatcher->ring->slots[tail % CCX_DECISIONS];

			assert_int_equal(dispatcher->tail, tail + 1);
			assert_int_equal(size, sizeof(*message));
			assert_int_equal(decision->pid, message->pid);
			assert_int_equal(decision->generation, message->generation);
			assert_true(message->domains & 1ULL << decision->domain);
			assert_true(decision->kind < CCX_NR_READY);
		}
		free(message);
	}
	assert_int_equal(figures->messages, 100000);
	assert_int_equal(figures->decisions + figures->bad_messages + figures->ring_full, 100000);
	assert_true(figures->decisions > 10000 && figures->bad_messages > 10000);
}

static bool reclaimer_is_woken(struct ccx_dispatcher *dispatcher, uint64_t after_ns)
{
	uint64_t events;

	dispatcher->now_ns += after_ns;
	ccx_dispatcher_publish(dispatcher);
	return read(dispatcher->wake_reclaimer_fd, &events, sizeof(events)) == sizeof(events);
}

/* It blocks after one period without anything to do: no pause that long may go by without waking it. */
static void the_reclaimer_never_sleeps_on(void **context)
{
	struct bench *bench = *context;
	struct ccx_dispatcher *dispatcher = &bench->dispatcher;
	uint32_t i;

	dispatcher->loads = ccx_load_table_new(OWN + 1);
	dispatcher->wake_reclaimer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(reclaimer_is_woken(dispatcher, 0));	/* the first of all */
	for (i = 0; i < 100; i++)
		assert_false(reclaimer_is_woken(dispatcher, CCX_LOAD_PERIOD_NS));
	assert_true(reclaimer_is_woken(dispatcher, CCX_LOAD_RECLAIM_NS));
	assert_true(reclaimer_is_woken(dispatcher, CCX_LOAD_RECLAIM_NS / 2));
	/* nothing has been given back: the snapshots run out, and it is told each time */
	for (i = 0; i < CCX_LOAD_SNAPSHOTS; i++)
		reclaimer_is_woken(dispatcher, CCX_LOAD_PERIOD_NS);
	assert_true(reclaimer_is_woken(dispatcher, CCX_LOAD_PERIOD_NS));
	close(dispatcher->wake_reclaimer_fd);
	ccx_load_table_free(dispatcher->loads);
}

/* DESIGN invariant 5, as far as this function goes. */
static void consuming_allocates_nothing(void **context)
{
	struct bench *bench = *context;
	struct mallinfo2 before, after;
	uint32_t number;

	before = mallinfo2();
	for (number = 0; number < 10000; number++) {
		new_batch(&bench->dispatcher);
		apply_all(bench);
		send_valid(&bench->dispatcher, number);
	}
	after = mallinfo2();
	assert_int_equal(bench->dispatcher.figures.decisions, 10000);
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(after.arena, before.arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_decision_echoes_its_message),
		TEST(only_the_right_size_is_a_message),
		TEST(impossible_content_is_not_answered),
		TEST(alignment_does_not_matter),
		TEST(a_full_ring_takes_nothing_more),
		TEST(nothing_waiting_is_overwritten),
		TEST(a_batch_has_an_end),
		TEST(what_is_sent_away_is_counted),
		TEST(threads_of_a_process_stay_together_for_longer),
		TEST(latency_is_measured_and_never_negative),
		TEST(random_bytes_do_no_harm),
		TEST(the_reclaimer_never_sleeps_on),
		TEST(consuming_allocates_nothing),
	};

	return cmocka_run_group_tests_name("dispatcher", tests, NULL, NULL);
}
