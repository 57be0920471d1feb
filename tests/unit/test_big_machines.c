// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's own dispatchers on simulated machines of up to 1024 CPUs (bench/model/machine.c): load
 * spreads and then rests, shares are kept, and what a decision looks at does not grow with the machine.
 */
#include "tests/unit/unit.h"

#include <math.h>

#include "bench/model/machine.h"
#include "ccx/balance.h"

static const char *const machines[] = {
	"l3:2(size=32MB) core:4 pu:1",
	"pack:2 [numa] l3:4(size=32MB) core:8 pu:1",
	"pack:2 [numa] l3:16(size=32MB) core:16 pu:1",
	"pack:2 [numa] l3:32(size=32MB) core:16 pu:1",
};

#define NR_MACHINES (sizeof(machines) / sizeof(machines[0]))

static void run_ms(struct model *model, uint64_t ms)
{
	uint64_t end_ns = model->now_ns + ms * MODEL_MS;

	while (model->now_ns < end_ns)
		model_tick(model);
}

static uint64_t all_moves(const struct model *model)
{
	uint64_t moves = 0;
	uint32_t i;

	for (i = 0; i < model->nr_tasks; i++)
		moves += model->tasks[i].moves;
	return moves;
}

/* Two tasks for each CPU, all of them in the first domain: 0.1 s for two domains, 0.3 s for 64. */
static void what_begins_in_one_domain_spreads_and_rests(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NR_MACHINES; i++) {
		struct model_options options = { machines[i], .per_cpu = 2, .from_one = true };
		struct model model;
		uint64_t moves;

		model_make(&model, &options);
		run_ms(&model, model.topology->nr_domains < 16 ? 100 : 300);
		if (!model_even(&model))
			fail_msg("%s: not even", machines[i]);
		run_ms(&model, 200);
		moves = all_moves(&model);
		run_ms(&model, 500);
		assert_true(model_even(&model));
		/* less than one move for each task in 20 s */
		assert_in_range(all_moves(&model) - moves, 0, model.nr_tasks / 40);
		/* no CPU idles while tasks wait, but for the first 5 ms: each looks at few domains at a time */
		assert_in_range(model.figures.idle_ns, 0, 5 * MODEL_MS * model.topology->nr_cpus);
		model_free(&model);
	}
}

static void shares_follow_weights_over_all_domains(void **state)
{
	struct model_options options = { machines[2], .per_cpu = 4, .from_one = true,
					 .weights = true };
	struct model model;
	uint64_t *before, weights = 0;
	uint32_t i;

	(void)state;
	model_make(&model, &options);
	run_ms(&model, 1000);
	before = calloc(model.nr_tasks, sizeof(*before));
	for (i = 0; i < model.nr_tasks; i++) {
		before[i] = model.tasks[i].ran_ns;
		weights += model.tasks[i].weight;
	}
	run_ms(&model, 1000);
	for (i = 0; i < model.nr_tasks; i++) {
		double due = 1e9 * model.topology->nr_cpus * model.tasks[i].weight / weights;
		double error = (model.tasks[i].ran_ns - before[i]) / due - 1;

		if (fabs(error) > 0.1)
			fail_msg("task %u of weight %u: %+.1f %%", i, model.tasks[i].weight, 100 * error);
	}
	free(before);
	model_free(&model);
}

static void a_decision_looks_at_no_more_on_a_larger_machine(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NR_MACHINES; i++) {
		struct model_options options = { machines[i], .per_cpu = 3, .from_one = true,
						 .sleepers_pct = 50 };
		struct model model;
		uint32_t others;

		model_make(&model, &options);
		run_ms(&model, 300);
		others = model.topology->nr_domains - 1;
		assert_true(model.figures.decisions > 100);
		/* all that are allowed are used, where there are so many, and not one more */
		assert_int_equal(model.figures.decide_looks,
				 others < CCX_CANDIDATES ? others : CCX_CANDIDATES);
		assert_int_equal(model.figures.steal_looks, ccx_steal_looks(others));
		model_free(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_begins_in_one_domain_spreads_and_rests),
		cmocka_unit_test(shares_follow_weights_over_all_domains),
		cmocka_unit_test(a_decision_looks_at_no_more_on_a_larger_machine),
	};

	return cmocka_run_group_tests_name("big machines", tests, NULL, NULL);
}
