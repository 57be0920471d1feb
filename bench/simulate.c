// SPDX-License-Identifier: GPL-2.0-only
/*
 * simulate: the dispatchers, their policy and the load table on a machine that is not there.
 *
 * What: a machine of any size that hwloc can describe (--topology), in steps of a quarter of a
 * millisecond. Its dispatchers are the program's own (src/dispatcher.c, src/policy.c,
 * src/load_table.c), and so are order, clock, shares and the choice of where to look for work
 * (include/ccx). What BPF does with them is modelled (model/machine.c): queues, slices, fresh decisions, wake-ups
 * to an idle CPU, stealing. Nothing of this machine enters but how long a decision takes.
 *
 * Why: how well the balance of hundreds of CPUs in dozens of domains is, and what it costs, where there
 * is no such machine.
 *
 * Unit: settle_ms: until the load (weight per capacity) of each domain is within a tenth of the
 * average and stays so; idle_pct: CPU time that was idle although a task waited somewhere, of all; in the
 * second half of the time: moves_per_task_s: how often a task ran in another domain than before;
 * error_p99_pct, error_max_pct: how far the CPU time of a task was from what its weight entitles it
 * to. decide_looks, steal_looks: other domains looked at for a batch of decisions, and by a CPU that
 * found nothing to do; at most. decision_ns: a decision with all around it, on this machine.
 */
#include <math.h>
#include <stdlib.h>

#include "common.h"
#include "bench/model/machine.h"

static struct model_options options = {
    .topology = "pack:2 [numa] l3:16(size=32MB) core:16 pu:1",
    .per_cpu = 2,
};
static double seconds = 2;

static const struct bench_opt opts[] = {
    {0, "topology", BENCH_STRING, &options.topology, "DESCRIPTION", "the machine, as hwloc's synthetic ones"},
    {'t', "tasks", BENCH_UINT, &options.per_cpu, "N", "tasks for each CPU"},
    {'1', "from-one", BENCH_FLAG, &options.from_one, NULL, "all begin in the first domain"},
    {'w', "weights", BENCH_FLAG, &options.weights, NULL, "nice 0, 5 and 10 in turn, not all 0"},
    {0, "sleepers", BENCH_UINT, &options.sleepers_pct, "PERCENT", "so many run 1 ms of 4 at most"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "simulated time"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "simulate",
    .about = "Simulates balance on a machine of any size with the program's own dispatchers.\n",
    .opts = opts,
};

/* What a task had done when the second half began. */
struct half {
	uint64_t ran_ns;
	uint32_t moves;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Runs the model; returns when it became even for good, 0 if it did not. */
static uint64_t run(struct model *model, struct half *halves)
{
	uint64_t end_ns = model->now_ns + (uint64_t)(seconds * 1e9), even_ns = 0;
	bool second_half = false;

	while (model->now_ns < end_ns && bench_running()) {
		model_tick(model);
		if (!model_even(model))
			even_ns = 0;
		else if (!even_ns)
			even_ns = model->now_ns;
		if (second_half || end_ns - model->now_ns > (uint64_t)(seconds * 1e9 / 2))
			continue;
		second_half = true;
		for (uint32_t i = 0; i < model->nr_tasks; i++)
			halves[i] = (struct half){model->tasks[i].ran_ns, model->tasks[i].moves};
	}
	return even_ns;
}

static void report_shares(struct bench_result *result, const struct model *model,
			  const struct half *halves)
{
	double *errors = bench_alloc(model->nr_tasks, sizeof(*errors)), weights = 0;
	uint32_t i;

	for (i = 0; i < model->nr_tasks; i++)
		weights += model->tasks[i].weight;
	for (i = 0; i < model->nr_tasks; i++) {
		double due = seconds / 2 * 1e9 * model->topology->nr_cpus * model->tasks[i].weight /
			     weights;

		errors[i] = fabs((model->tasks[i].ran_ns - halves[i].ran_ns) / due - 1) * 100;
	}
	qsort(errors, model->nr_tasks, sizeof(*errors), compare);
	bench_metric(result, "error_p99_pct", errors[model->nr_tasks * 99 / 100], 1, "%");
	bench_metric(result, "error_max_pct", errors[model->nr_tasks - 1], 1, "%");
	free(errors);
}

int main(int argc, char **argv)
{
	struct bench_result result;
	struct model model;
	struct half *halves;
	uint64_t even_ns, moves = 0;
	double cpu_s;

	bench_init(&info, argc, argv);
	if (!options.per_cpu || seconds <= 0)
		bench_usage("--tasks and --seconds are more than 0");
	model_make(&model, &options);
	halves = bench_alloc(model.nr_tasks, sizeof(*halves));
	even_ns = run(&model, halves);
	for (uint32_t i = 0; i < model.nr_tasks; i++)
		moves += model.tasks[i].moves - halves[i].moves;
	cpu_s = seconds * model.topology->nr_cpus;

	result = bench_result_new();
	if (even_ns)
		bench_metric(&result, "settle_ms", (even_ns - model.began_ns) / 1e6, 1, "ms");
	bench_metric(&result, "idle_pct", model.figures.idle_ns / cpu_s / 1e7, 3, "%");
	bench_metric(&result, "moves_per_task_s", moves / (seconds / 2) / model.nr_tasks, 3, "/s");
	/* what sleepers are entitled to, they do not use */
	if (!options.sleepers_pct)
		report_shares(&result, &model, halves);
	bench_metric(&result, "decide_looks", model.figures.decide_looks, 0, "");
	bench_metric(&result, "steal_looks", model.figures.steal_looks, 0, "");
	bench_metric(&result, "decisions_per_cpu_s", model.figures.decisions / cpu_s, 0, "/s");
	bench_metric(&result, "decision_ns",
		     model.figures.decisions ?
			     (double)model.figures.decide_ns / model.figures.decisions : 0, 0, "ns");
	bench_detail(&result, "domains", json_integer(model.topology->nr_domains));
	bench_detail(&result, "cpus", json_integer(model.topology->nr_cpus));
	model_free(&model);
	free(halves);
	return bench_report(&result);
}
