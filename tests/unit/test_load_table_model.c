// SPDX-License-Identifier: GPL-2.0-only
/*
 * All interleavings of the load table's protocol in a small world: one writer, two readers, one
 * reclaimer, three snapshots. Every reachable state is visited once; in none may a reader see a
 * snapshot that is half-written, recycled, or older than one it has seen before.
 *
 * The rings and structures are those of load_table.c, which is included with room for three. What it
 * does between two accesses that others can see is one step here. Each step is atomic: what the
 * orderings add is the business of test_load_table_stress.c and ThreadSanitizer. And each rule of the
 * protocol is broken once, which must be found: so the search does look where it hurts.
 */
#include "tests/unit/unit.h"

#define ccx_load_table_new     model_table_new
#define ccx_load_table_free    model_table_free
#define ccx_load_table_publish model_table_publish
#define ccx_load_table_read    model_table_read
#define ccx_load_table_reclaim model_table_reclaim
#include "ccx/load_table.h"
#undef CCX_LOAD_SNAPSHOTS
#define CCX_LOAD_SNAPSHOTS 3
#include "src/load_table.c"

#define READERS	     2
#define PUBLICATIONS 5
#define READS	     2 /* by each reader */
#define RECLAIMS     3
#define POISON	     UINT64_MAX

enum broken {
	FAITHFUL,
	NO_GRACE_PERIOD,   /* recycled at once */
	NAMED_TOO_LATE,	   /* what is recycled is chosen when the grace period is over */
	RETIRED_TOO_EARLY, /* before the new one is published */
	PUBLISHED_TOO_EARLY, /* before it is all written */
};

struct writer {
	uint32_t at, published;
	struct ccx_load *fresh, *old;
};

struct reader {
	uint32_t at, reads;
	const struct ccx_load *held;
	uint64_t number;  /* of the one held */
	uint64_t seen;	  /* highest so far */
	uint32_t awaited; /* the grace period in progress waits for this one */
};

struct reclaimer {
	uint32_t at, passes, upto;
};

struct world {
	struct domain_loads loads;
	struct writer writer;
	struct reader readers[READERS];
	struct reclaimer reclaimer;
};

/* The world in hand is always at the same place, so that pointers into it stay good. */
static struct world world;
static enum broken broken;
static uint64_t violations, states, recycled_most;

/* One step each; false where the actor cannot go on. */

static bool step_writer(void)
{
	struct writer *writer = &world.writer;
	struct domain_loads *loads = &world.loads;

	if (writer->published == PUBLICATIONS)
		return false;
	switch (writer->at) {
	case 0:
		writer->fresh = ring_pop(&loads->recycled);
		if (!writer->fresh)
			return false; /* it does not publish, and tries again */
		writer->old = loads->current;
		break;
	case 1:
		if (broken == RETIRED_TOO_EARLY && writer->old)
			ring_push(&loads->retired, writer->old);
		writer->fresh->time_ns = writer->published + 1;
		if (broken == PUBLISHED_TOO_EARLY)
			rcu_assign_pointer(loads->current, writer->fresh);
		break;
	case 2:
		writer->fresh->vtime_now = ~(uint64_t)(writer->published + 1);
		break;
	case 3:
		rcu_assign_pointer(loads->current, writer->fresh);
		break;
	case 4:
		if (broken != RETIRED_TOO_EARLY && writer->old)
			ring_push(&loads->retired, writer->old);
		writer->published++;
		writer->fresh = writer->old = NULL;
		break;
	}
	writer->at = (writer->at + 1) % 5;
	return true;
}

static void check(struct reader *reader)
{
	const struct ccx_load *load = reader->held;

	if (load->time_ns == POISON || load->vtime_now != ~load->time_ns ||
	    load->time_ns != reader->number)
		violations++;
}

static bool step_reader(struct reader *reader)
{
	if (reader->reads == READS)
		return false;
	switch (reader->at) {
	case 0: /* online; whoever waits from now on waits for it */
		break;
	case 1:
		reader->held = rcu_dereference(world.loads.current);
		if (!reader->held)
			break;
		reader->number = reader->held->time_ns;
		if (reader->number < reader->seen)
			violations++;
		reader->seen = reader->number;
		check(reader);
		break;
	case 2:
		if (reader->held)
			check(reader);
		break;
	case 3: /* a quiescent state */
		reader->held = NULL;
		reader->awaited = 0;
		reader->reads++;
		break;
	}
	reader->at = (reader->at + 1) % 4;
	return true;
}

static bool step_reclaimer(void)
{
	struct reclaimer *reclaimer = &world.reclaimer;
	struct snapshot_ring *retired = &world.loads.retired;
	struct ccx_load *load;
	uint32_t i;

	if (reclaimer->passes == RECLAIMS)
		return false;
	switch (reclaimer->at) {
	case 0:
		reclaimer->upto = retired->tail;
		if (reclaimer->upto == retired->head)
			return false;
		break;
	case 1: /* synchronize_rcu() begins */
		for (i = 0; i < READERS; i++)
			world.readers[i].awaited = world.readers[i].at != 0;
		break;
	case 2: /* and ends */
		for (i = 0; i < READERS; i++)
			if (world.readers[i].awaited && broken != NO_GRACE_PERIOD)
				return false;
		if (broken == NAMED_TOO_LATE)
			reclaimer->upto = retired->tail;
		break;
	case 3:
		load = ring_pop(retired);
		load->time_ns = load->vtime_now = POISON;
		ring_push(&world.loads.recycled, load);
		if (retired->head != reclaimer->upto)
			return true;
		reclaimer->passes++;
		break;
	}
	reclaimer->at = (reclaimer->at + 1) % 4;
	return true;
}

static bool step(uint32_t actor)
{
	if (actor == 0)
		return step_writer();
	return actor <= READERS ? step_reader(&world.readers[actor - 1]) : step_reclaimer();
}

/* ---- the search ---- */

#define SEEN_SLOTS (1U << 22)

static uint64_t *seen;

/* Padding is zero from the start and copied with the rest. */
static uint64_t hash_of(const struct world *it)
{
	const uint64_t *words = (const uint64_t *)it;
	uint64_t hash = 1;
	size_t i;

	for (i = 0; i < sizeof(*it) / sizeof(*words); i++) {
		hash ^= words[i];
		hash = unit_random(&hash);
	}
	return hash ? hash : 1;
}

static bool is_new(uint64_t hash)
{
	uint32_t slot = hash % SEEN_SLOTS;

	for (; seen[slot]; slot = (slot + 1) % SEEN_SLOTS)
		if (seen[slot] == hash)
			return false;
	assert_true(states < SEEN_SLOTS / 2);
	seen[slot] = hash;
	return true;
}

static void explore(void)
{
	struct world here = world;
	uint32_t actor;

	states++;
	if (world.writer.published + world.reclaimer.passes > recycled_most)
		recycled_most = world.writer.published + world.reclaimer.passes;
	for (actor = 0; actor < READERS + 2; actor++) {
		if (step(actor) && is_new(hash_of(&world)))
			explore();
		world = here;
		if (broken != FAITHFUL && violations)
			return;
	}
}

static void search(enum broken how)
{
	uint32_t i;

	_Static_assert(sizeof(struct world) % sizeof(uint64_t) == 0, "hashed by words");
	memset(&world, 0, sizeof(world));
	for (i = 0; i < CCX_LOAD_SNAPSHOTS; i++)
		ring_push(&world.loads.recycled, &world.loads.snapshots[i]);
	seen = calloc(SEEN_SLOTS, sizeof(*seen));
	assert_non_null(seen);
	broken = how;
	violations = states = recycled_most = 0;
	is_new(hash_of(&world));
	explore();
	free(seen);
}

static void no_interleaving_shows_a_reader_anything_but_whole_snapshots(void **state)
{
	(void)state;
	search(FAITHFUL);
	print_message("%llu states\n", (unsigned long long)states);
	assert_int_equal(violations, 0);
	/* it got to the end, so snapshots were written again after they had been recycled */
	assert_int_equal(recycled_most, PUBLICATIONS + RECLAIMS);
	assert_true(PUBLICATIONS > CCX_LOAD_SNAPSHOTS);
	assert_true(states > 10000);
}

static void each_rule_is_needed(void **state)
{
	enum broken how;

	(void)state;
	for (how = NO_GRACE_PERIOD; how <= PUBLISHED_TOO_EARLY; how++) {
		search(how);
		if (!violations)
			fail_msg("rule %d was broken and nobody noticed", how);
	}
}

/* The steps together are what the code does: the same calls leave the same rings behind. */
static void the_steps_are_those_of_the_code(void **state)
{
	struct ccx_load_table table = { .nr_domains = 1, .domains = &world.loads };
	uint32_t i, j;

	(void)state;
	for (i = 1; i <= CCX_LOAD_SNAPSHOTS; i++) {
		struct domain_loads by_steps;

		memset(&world, 0, sizeof(world));
		for (j = 0; j < CCX_LOAD_SNAPSHOTS; j++)
			ring_push(&world.loads.recycled, &world.loads.snapshots[j]);
		broken = FAITHFUL;
		while (world.writer.published < i)
			assert_true(step_writer());
		by_steps = world.loads;
		memset(&world.loads, 0, sizeof(world.loads));
		for (j = 0; j < CCX_LOAD_SNAPSHOTS; j++)
			ring_push(&world.loads.recycled, &world.loads.snapshots[j]);
		for (j = 1; j <= i; j++) {
			struct ccx_load load = { .time_ns = j, .vtime_now = ~(uint64_t)j };

			assert_true(model_table_publish(&table, 0, &load));
		}
		assert_ptr_equal(by_steps.current, world.loads.current);
		assert_memory_equal(&by_steps.retired, &world.loads.retired, sizeof(by_steps.retired));
		assert_memory_equal(&by_steps.recycled, &world.loads.recycled,
				    sizeof(by_steps.recycled));
		assert_int_equal(by_steps.current->time_ns, world.loads.current->time_ns);
		assert_int_equal(by_steps.current->vtime_now, world.loads.current->vtime_now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_interleaving_shows_a_reader_anything_but_whole_snapshots),
		cmocka_unit_test(each_rule_is_needed),
		cmocka_unit_test(the_steps_are_those_of_the_code),
	};

	return cmocka_run_group_tests_name("load table: model", tests, NULL, NULL);
}
