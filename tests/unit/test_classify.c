// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is latency-critical: limits of bands and their hysteresis, the budget and its hold, what is
 * said beside behaviour, and what becomes of tasks as they are met with: a frame loop, sound, a
 * server's worker, a compile job.
 */
#include "tests/unit/unit.h"

#include "ccx/classify.h"

#define MS 1000000ULL
#define US 1000ULL

static uint64_t seed;

static int setup(void **state)
{
	(void)state;
	seed = 20260825;
	return 0;
}

static uint64_t between(uint64_t low, uint64_t high)
{
	return unit_between(&seed, low, high);
}

/* ---- one task, as BPF keeps it ---- */

struct task {
	uint64_t burst_ns, sleep_ns;
	uint32_t band;
};

static const struct task new_task = { .band = CCX_BAND_NONE };

/* Ran for burst_ns, and sleeps. */
static void sleeps(struct task *task, uint64_t burst_ns)
{
	task->burst_ns = ccx_average(task->burst_ns, burst_ns);
	if (ccx_runs_long(burst_ns))
		task->band = CCX_BAND_NONE;
	task->band = ccx_band_of(task->burst_ns, task->sleep_ns, task->band);
}

static void wakes(struct task *task, uint64_t sleep_ns)
{
	task->sleep_ns = ccx_average(task->sleep_ns, sleep_ns);
}

/* After that many rounds of the same. */
static struct task settled(struct task task, uint64_t burst_ns, uint64_t sleep_ns, uint32_t rounds)
{
	while (rounds--) {
		sleeps(&task, burst_ns);
		wakes(&task, sleep_ns);
	}
	sleeps(&task, burst_ns);
	return task;
}

/* ---- bands ---- */

static void nothing_is_known_of_who_never_slept(void **state)
{
	(void)state;
	assert_int_equal(ccx_band_of(0, 0, CCX_BAND_NONE), CCX_BAND_NONE);
	assert_int_equal(ccx_band_of(100 * US, 0, CCX_BAND_LIGHT), CCX_BAND_NONE);
}

static void more_demand_is_never_a_lighter_band(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		uint64_t burst = between(0, 8 * MS), sleep = between(1, 40 * MS);
		uint32_t from = between(0, CCX_NR_BANDS);
		uint32_t band = ccx_band_of(burst, sleep, from);

		assert_in_range(band, 0, CCX_BAND_NONE);
		assert_true(ccx_band_of(burst + between(0, 4 * MS), sleep, from) >= band);
		assert_true(ccx_band_of(burst, between(0, sleep), from) >= band);
	}
}

static void a_band_begins_below_its_demand(void **state)
{
	uint32_t band;

	(void)state;
	for (band = 0; band < CCX_NR_BANDS; band++) {
		/* a burst at exactly that share of 1 ms, and a nanosecond less */
		uint64_t period = MS, burst = period * ccx_bands[band].demand / CCX_BAND_ONE;

		assert_true(ccx_band_of(burst, period - burst, CCX_BAND_NONE) > band);
		assert_int_equal(ccx_band_of(burst - 1, period - burst + 1, CCX_BAND_NONE), band);
	}
}

static void long_bursts_are_in_no_band_however_long_the_sleep(void **state)
{
	uint64_t limit = CCX_CRITICAL_BURST_NS;

	(void)state;
	assert_int_equal(ccx_band_of(limit, 3600 * 1000 * MS, CCX_BAND_NONE), CCX_BAND_NONE);
	assert_int_equal(ccx_band_of(limit - 1, 3600 * 1000 * MS, CCX_BAND_NONE), CCX_BAND_LIGHT);
}

/* Who is in a band stays there beyond the limit at which others come in, but not far beyond. */
static void a_band_is_left_later_than_entered(void **state)
{
	uint32_t band;

	(void)state;
	for (band = 0; band < CCX_NR_BANDS; band++) {
		uint64_t period = MS, burst = period * ccx_bands[band].demand / CCX_BAND_ONE;
		uint64_t far = burst * 5 / 4;

		assert_int_equal(ccx_band_of(burst, period - burst, band), band);
		assert_int_equal(ccx_band_of(far - 1, period - far + 1, band), band);
		assert_true(ccx_band_of(far, period - far, band) > band);
	}
	assert_int_equal(ccx_band_of(CCX_CRITICAL_BURST_NS, 1000 * MS, CCX_BAND_LIGHT),
			 CCX_BAND_LIGHT);
	assert_int_equal(ccx_band_of(CCX_CRITICAL_BURST_NS * 5 / 4, 1000 * MS, CCX_BAND_LIGHT),
			 CCX_BAND_NONE);
}

/* A load around a limit, by a tenth up and down: it changes band once at most. */
static void a_task_at_a_limit_does_not_flap(void **state)
{
	uint32_t band, i;

	(void)state;
	for (band = 0; band < CCX_NR_BANDS; band++) {
		uint64_t period = 4 * MS, limit = period * ccx_bands[band].demand / CCX_BAND_ONE;
		struct task task = settled(new_task, limit * 8 / 10, period - limit * 8 / 10, 40);
		uint32_t before = task.band, changes = 0;

		for (i = 0; i < 2000; i++) {
			uint64_t burst = limit * between(90, 110) / 100;

			wakes(&task, period - burst);
			sleeps(&task, burst);
			changes += task.band != before;
			before = task.band;
		}
		assert_int_equal(changes, 0);
		assert_int_equal(task.band, band);
	}
}

/* ---- how soon the past is forgotten ---- */

static void the_past_is_forgotten(void **state)
{
	struct task worker, player;

	(void)state;
	/* a frame of 6 ms at a loading screen, now and then: not at once, and not for long */
	worker = settled(new_task, 8 * MS, 100 * US, 100);
	assert_int_equal(worker.band, CCX_BAND_NONE);
	assert_int_not_equal(settled(worker, 500 * US, 9 * MS, 20).band, CCX_BAND_NONE);
	/* and the other way round */
	player = settled(new_task, 500 * US, 9 * MS, 100);
	assert_int_not_equal(player.band, CCX_BAND_NONE);
	assert_int_equal(settled(player, 4900 * US, 100 * US, 20).band, CCX_BAND_NONE);
}

static void one_long_burst_counts_at_once(void **state)
{
	(void)state;
	assert_false(ccx_runs_long(0));
	assert_false(ccx_runs_long(CCX_CRITICAL_BURST_NS));
	assert_false(ccx_runs_long(CCX_CRITICAL_BURST_NS * 5 / 4));
	assert_true(ccx_runs_long(CCX_CRITICAL_BURST_NS * 5 / 4 + 1));
}

/* ---- tasks as they are met with ---- */

static void a_frame_loop(void **state)
{
	struct task head = new_task, helper = new_task;
	uint32_t i;

	(void)state;
	/* 1.8 ms, a wait for helpers, 1.8 ms, the rest of a frame of 16.7 ms; give or take a tenth */
	for (i = 0; i < 200; i++) {
		uint64_t first = between(1600, 2000) * US, second = between(1600, 2000) * US;
		uint64_t work = between(1600, 2000) * US;

		sleeps(&head, first);
		wakes(&head, work);
		sleeps(&head, second);
		wakes(&head, 16667 * US - first - work - second);
		sleeps(&helper, work);
		wakes(&helper, 16667 * US - work);
		if (i < 10)
			continue;
		assert_int_not_equal(head.band, CCX_BAND_NONE);
		assert_int_not_equal(helper.band, CCX_BAND_NONE);
	}
}

static void sound(void **state)
{
	struct task task = new_task;
	uint32_t i;

	(void)state;
	/* 1.3 ms each 5 ms: a quarter of a CPU */
	for (i = 0; i < 200; i++) {
		sleeps(&task, between(1200, 1400) * US);
		if (i > 10)
			assert_int_equal(task.band, CCX_BAND_MODERATE);
		wakes(&task, between(3500, 3900) * US);
	}
	/* a mixer that only copies is light */
	assert_int_equal(settled(new_task, 50 * US, 5 * MS, 20).band, CCX_BAND_LIGHT);
}

static void a_worker_with_a_queue_is_ordinary(void **state)
{
	struct task task = new_task;
	uint32_t i;

	(void)state;
	/* it takes the next request at once, nearly always: short bursts, no wish to sleep */
	for (i = 0; i < 200; i++) {
		sleeps(&task, between(20, 400) * US);
		if (i > 10)
			assert_int_equal(task.band, CCX_BAND_NONE);
		wakes(&task, between(1, 40) * US);
	}
	/* at a tenth of the load it is somebody who would be hurt by waiting */
	assert_int_not_equal(settled(task, 200 * US, 1800 * US, 40).band, CCX_BAND_NONE);
}

/* A message thread of many workers: with no CPU free each of its wake-ups only makes the queue longer. */
static void who_only_feeds_a_queue_is_ordinary(void **state)
{
	uint32_t feeds = 0, rounds, i;

	(void)state;
	for (rounds = 0; !ccx_only_feeds(feeds, 20 * US, 100 * US); rounds++) {
		assert_true(rounds < CCX_FEEDS_MOST);
		feeds = ccx_feeds_after(feeds, 1);
	}
	/* not at a few such wake-ups */
	assert_true(rounds >= CCX_FEEDS_MOST / 4);
	for (i = 0; i < 1000; i++) {
		feeds = ccx_feeds_after(feeds, 1);
		assert_true(feeds <= CCX_FEEDS_MOST);
	}
	/* what is woken once a frame, a sound or a millisecond is not meant */
	assert_false(ccx_only_feeds(feeds, 20 * US, 16 * MS));
	assert_false(ccx_only_feeds(feeds, 20 * US, 5 * MS));
	assert_false(ccx_only_feeds(feeds, 20 * US, 980 * US));
	/* CPUs are free again: forgotten sooner than learnt */
	for (i = 0; ccx_only_feeds(feeds, 20 * US, 100 * US); i++)
		feeds = ccx_feeds_after(feeds, 0);
	assert_true(i <= rounds);
	/* no more than half of its wake-ups: it stays what it is */
	for (feeds = 0, i = 0; i < 1000; i++) {
		feeds = ccx_feeds_after(feeds, i & 1);
		assert_false(ccx_only_feeds(feeds, 20 * US, 100 * US));
	}
	while (feeds)
		feeds = ccx_feeds_after(feeds, 0);
}

static void a_compile_job_is_ordinary(void **state)
{
	struct task task = new_task;
	uint32_t i;

	(void)state;
	/* runs for tens of ms, waits for the disk for one */
	for (i = 0; i < 100; i++) {
		sleeps(&task, between(20, 80) * MS);
		assert_int_equal(task.band, CCX_BAND_NONE);
		wakes(&task, between(1000, 1200) * US);
	}
}

/* ---- the budget ---- */

static uint32_t share(double of)
{
	return of * CCX_LOAD_ONE;
}

static uint32_t fit(uint32_t light, uint32_t moderate)
{
	const __u32 load[CCX_NR_BANDS] = { light, moderate };

	return ccx_bands_fit(load);
}

static void bands_fit_up_to_their_share(void **state)
{
	uint32_t light = ccx_bands[CCX_BAND_LIGHT].share * (CCX_LOAD_ONE / CCX_BAND_ONE);
	uint32_t both = ccx_bands[CCX_BAND_MODERATE].share * (CCX_LOAD_ONE / CCX_BAND_ONE);

	(void)state;
	assert_int_equal(fit(0, 0), CCX_NR_BANDS);
	assert_int_equal(fit(light, both - light), CCX_NR_BANDS);
	assert_int_equal(fit(light, both - light + 1), 1);
	assert_int_equal(fit(0, CCX_LOAD_ONE), 1);
	assert_int_equal(fit(CCX_LOAD_ONE, 0), 0);
	/* light ones count against the others, too */
	assert_int_equal(fit(light + 1, 0), CCX_NR_BANDS);
	assert_int_equal(fit(light + 1, both - light), 0);
}

static void more_load_never_fits_more(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		uint32_t light = between(0, CCX_LOAD_ONE), moderate = between(0, CCX_LOAD_ONE);
		uint32_t now = fit(light, moderate);

		assert_in_range(now, 0, CCX_NR_BANDS);
		assert_true(fit(light, moderate + between(0, CCX_LOAD_ONE)) <= now);
	}
}

/* Windows of a period each, in which a band uses so much CPU time. */
static uint32_t loaded(uint32_t load, uint64_t used_ns, uint32_t nr_cpus, uint32_t windows)
{
	while (windows--)
		load = ccx_band_load(load, used_ns, CCX_CRITICAL_PERIOD_NS, nr_cpus);
	return load;
}

static void load_is_the_share_that_is_used(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 200; i++) {
		uint32_t nr = between(1, 255);
		double of = between(0, 100) / 100.0;
		uint32_t load = loaded(between(0, 1) * CCX_LOAD_ONE,
				       CCX_CRITICAL_PERIOD_NS * nr * of, nr, 80);

		assert_in_range(load + 64, share(of), share(of) + 128);
	}
}

/* Time counts as what it is, in however many pieces it is measured. */
static void idle_time_is_forgotten_by_its_length(void **state)
{
	uint32_t once = ccx_band_load(CCX_LOAD_ONE, 0, 4 * CCX_CRITICAL_MEMORY_NS, 1);

	(void)state;
	assert_true(once <= CCX_LOAD_ONE / 4);
	assert_true(ccx_band_load(CCX_LOAD_ONE, 0, 3600 * 1000 * MS, 1) < CCX_LOAD_ONE / 10000);
	assert_true(ccx_band_load(CCX_LOAD_ONE, 0, CCX_CRITICAL_PERIOD_NS, 1) > CCX_LOAD_ONE / 2);
}

/* One window in which helpers use all CPUs is no crowd; window after window is. */
static void a_burst_of_helpers_is_no_crowd(void **state)
{
	uint32_t i, windows = 0, load = 0;

	(void)state;
	/* 30 Hz, all of 4 CPUs for a quarter of the time: a window of four */
	for (i = 0; i < 400; i++) {
		load = loaded(load, i % 4 ? 0 : 4 * CCX_CRITICAL_PERIOD_NS, 4, 1);
		assert_int_equal(fit(0, load), CCX_NR_BANDS);
	}
	for (load = 0; fit(0, load) == CCX_NR_BANDS; windows++)
		load = loaded(load, 4 * CCX_CRITICAL_PERIOD_NS, 4, 1);
	assert_in_range(windows * CCX_CRITICAL_PERIOD_NS, 0, CCX_CRITICAL_MEMORY_NS);
}

/* A domain left half of its performance CPUs to others, whatever latency-critical tasks want. */
static void less_than_half_is_given_away(void **state)
{
	uint32_t band;

	(void)state;
	for (band = 0; band < CCX_NR_BANDS; band++)
		assert_true(ccx_bands[band].share * 2 < CCX_BAND_ONE);
	assert_true(ccx_bands[CCX_BAND_LIGHT].share < ccx_bands[CCX_BAND_MODERATE].share);
	assert_true(ccx_bands[CCX_BAND_LIGHT].demand < ccx_bands[CCX_BAND_MODERATE].demand);
}

static void a_band_that_was_shut_out_stays_out(void **state)
{
	__u64 reduced = 0, now = 1000 * MS, until;
	uint32_t admitted = CCX_NR_BANDS;

	(void)state;
	admitted = ccx_bands_admit(admitted, 1, &reduced, now);
	assert_int_equal(admitted, 1);
	assert_int_equal(reduced, now);
	until = now + CCX_CRITICAL_HOLD_NS;
	for (; now < until; now += CCX_CRITICAL_PERIOD_NS) {
		admitted = ccx_bands_admit(admitted, CCX_NR_BANDS, &reduced, now);
		assert_int_equal(admitted, 1);
	}
	admitted = ccx_bands_admit(admitted, CCX_NR_BANDS, &reduced, now);
	assert_int_equal(admitted, CCX_NR_BANDS);
}

/* A load that is too much again and again is out nearly all of the time, not in and out. */
static void a_crowd_is_out_most_of_the_time(void **state)
{
	__u64 reduced = 0, now = 1000 * MS, end = now + 10 * 1000 * MS, in = 0;
	uint32_t admitted = CCX_NR_BANDS;

	(void)state;
	for (; now < end; now += CCX_CRITICAL_PERIOD_NS) {
		/* what is out is in no band's account of going first, but uses as much */
		admitted = ccx_bands_admit(admitted, admitted == CCX_NR_BANDS ? 0 : CCX_NR_BANDS,
					   &reduced, now);
		in += admitted == CCX_NR_BANDS ? CCX_CRITICAL_PERIOD_NS : 0;
	}
	assert_true(in * 10 < 10 * 1000 * MS);
}

/* Less still fits less at once, and begins the time anew. */
static void a_further_cut_holds_anew(void **state)
{
	__u64 reduced = 0, now = 1000 * MS;
	uint32_t admitted = ccx_bands_admit(CCX_NR_BANDS, 1, &reduced, now);

	(void)state;
	now += CCX_CRITICAL_HOLD_NS - CCX_CRITICAL_PERIOD_NS;
	admitted = ccx_bands_admit(admitted, 0, &reduced, now);
	assert_int_equal(admitted, 0);
	now += 2 * CCX_CRITICAL_PERIOD_NS;
	assert_int_equal(ccx_bands_admit(admitted, CCX_NR_BANDS, &reduced, now), 0);
}

/* Nor for what does so for a moment: a program that starts. */
static void only_what_lasts_keeps_cpus_free(void **state)
{
	__u64 since = 0, start = 7, now;

	(void)state;
	/* a program that starts: it matters for a few periods */
	for (now = start; now < start + 48 * MS; now += 8 * MS)
		assert_false(ccx_bands_last(1, &since, now));
	assert_false(ccx_bands_last(0, &since, now));
	/* a game */
	for (now = start = 1000 * MS; now < start + CCX_CRITICAL_LASTS_NS; now += 8 * MS)
		assert_false(ccx_bands_last(1, &since, now));
	for (; now < start + 1000 * MS; now += 8 * MS)
		assert_true(ccx_bands_last(1, &since, now));
	assert_false(ccx_bands_last(0, &since, now));
	assert_false(ccx_bands_last(1, &since, now));
}

/* CPUs are kept free for what adds up to something: a frame loop, not a timer or a kernel thread. */
static void bands_matter_from_a_millisecond_in_a_frame_on(void **state)
{
	uint32_t timer[CCX_NR_BANDS] = { loaded(0, 10 * US, 8, 20), 0 };
	uint32_t frames[CCX_NR_BANDS] = { 0, loaded(0, 2 * MS, 8, 20) };
	uint32_t nr;

	(void)state;
	assert_false(ccx_bands_matter(timer, 8));
	assert_true(ccx_bands_matter(frames, 8));
	/* the same amount of work matters as much among many CPUs as among few */
	for (nr = 1; nr <= 128; nr *= 2) {
		uint32_t little[CCX_NR_BANDS] = { loaded(0, 100 * US, nr, 40), 0 };
		uint32_t enough[CCX_NR_BANDS] = { loaded(0, 600 * US, nr, 40), 0 };

		assert_false(ccx_bands_matter(little, nr));
		assert_true(ccx_bands_matter(enough, nr));
	}
}

/* However a burst is cut into pieces, it counts as what it is until it is a long one. */
static void a_burst_counts_until_it_is_long(void **state)
{
	const uint64_t most = CCX_CRITICAL_BURST_NS * 5 / 4;
	uint32_t i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		uint64_t whole = between(0, 20 * MS), done = 0, counted = 0;

		while (done < whole) {
			uint64_t piece = between(1, whole - done);

			counted += ccx_band_counts(done, piece);
			done += piece;
		}
		assert_int_equal(counted, whole < most ? whole : most);
		assert_true(ccx_band_counts(done, MS) == 0 || !ccx_runs_long(done));
	}
}

/* ---- heavy tasks and clamps ---- */

static void heavy_is_who_keeps_a_cpu_busy(void **state)
{
	(void)state;
	/* a new task, a compile job, and one that was light and is so no more */
	assert_true(ccx_is_heavy(0, 0));
	assert_true(ccx_is_heavy(30 * MS, 0));
	assert_true(ccx_is_heavy(500 * US, 6 * MS));
	assert_false(ccx_is_heavy(500 * US, 0));
	assert_false(ccx_is_heavy(CCX_CRITICAL_BURST_NS - 1, CCX_CRITICAL_BURST_NS));
}

static void heavy_and_in_a_band_is_nobody_new(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		uint64_t burst = between(1, 8 * MS), sleep = between(1, 40 * MS);

		if (ccx_band_of(burst, sleep, CCX_BAND_NONE) != CCX_BAND_NONE)
			assert_false(ccx_is_heavy(burst, 0));
	}
}

static void clamps_say_how_fast(void **state)
{
	const uint32_t lesser = 650, most = 1024;
	uint32_t min, max;

	(void)state;
	/* none: as the kernel has them, and before anybody uses clamps */
	assert_int_equal(ccx_speed_of(0, most, lesser), CCX_SPEED_ANY);
	assert_int_equal(ccx_speed_of(0, 0, lesser), CCX_SPEED_ANY);
	/* a lesser CPU is enough, just */
	assert_int_equal(ccx_speed_of(lesser, most, lesser), CCX_SPEED_ANY);
	assert_int_equal(ccx_speed_of(lesser + 1, most, lesser), CCX_SPEED_HIGH);
	assert_int_equal(ccx_speed_of(0, lesser, lesser), CCX_SPEED_LOW);
	assert_int_equal(ccx_speed_of(0, lesser + 1, lesser), CCX_SPEED_ANY);
	for (min = 0; min <= most; min += 16)
		for (max = 16; max <= most; max += 16) {
			/* the maximum wins, and more of either is never slower */
			if (max <= lesser)
				assert_int_equal(ccx_speed_of(min, max, lesser), CCX_SPEED_LOW);
			else
				assert_int_not_equal(ccx_speed_of(min, max, lesser),
						     CCX_SPEED_LOW);
		}
}

/* ---- what is said ---- */

static void rules_come_before_all(void **state)
{
	int kernel, yields;

	(void)state;
	for (kernel = 0; kernel < 2; kernel++)
		for (yields = 0; yields < 2; yields++) {
			assert_int_equal(ccx_say(CCX_CLASS_LATENCY_CRITICAL, kernel, yields),
					 CCX_SAY_CRITICAL);
			assert_int_equal(ccx_say(CCX_CLASS_NORMAL, kernel, yields), CCX_SAY_NOT);
			assert_int_equal(ccx_say(CCX_CLASS_BATCH, kernel, yields), CCX_SAY_NOT);
		}
}

static void without_rules(void **state)
{
	(void)state;
	assert_int_equal(ccx_say(CCX_CLASS_AUTO, 1, 0), CCX_SAY_CRITICAL);
	assert_int_equal(ccx_say(CCX_CLASS_AUTO, 1, 1), CCX_SAY_CRITICAL);
	assert_int_equal(ccx_say(CCX_CLASS_AUTO, 0, 1), CCX_SAY_NOT);
	assert_int_equal(ccx_say(CCX_CLASS_AUTO, 0, 0), CCX_SAY_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_known_of_who_never_slept, setup),
		cmocka_unit_test_setup(more_demand_is_never_a_lighter_band, setup),
		cmocka_unit_test_setup(a_band_begins_below_its_demand, setup),
		cmocka_unit_test_setup(long_bursts_are_in_no_band_however_long_the_sleep, setup),
		cmocka_unit_test_setup(a_band_is_left_later_than_entered, setup),
		cmocka_unit_test_setup(a_task_at_a_limit_does_not_flap, setup),
		cmocka_unit_test_setup(the_past_is_forgotten, setup),
		cmocka_unit_test_setup(one_long_burst_counts_at_once, setup),
		cmocka_unit_test_setup(a_frame_loop, setup),
		cmocka_unit_test_setup(sound, setup),
		cmocka_unit_test_setup(a_worker_with_a_queue_is_ordinary, setup),
		cmocka_unit_test_setup(who_only_feeds_a_queue_is_ordinary, setup),
		cmocka_unit_test_setup(a_compile_job_is_ordinary, setup),
		cmocka_unit_test_setup(bands_fit_up_to_their_share, setup),
		cmocka_unit_test_setup(more_load_never_fits_more, setup),
		cmocka_unit_test_setup(load_is_the_share_that_is_used, setup),
		cmocka_unit_test_setup(idle_time_is_forgotten_by_its_length, setup),
		cmocka_unit_test_setup(a_burst_of_helpers_is_no_crowd, setup),
		cmocka_unit_test_setup(less_than_half_is_given_away, setup),
		cmocka_unit_test_setup(a_band_that_was_shut_out_stays_out, setup),
		cmocka_unit_test_setup(a_crowd_is_out_most_of_the_time, setup),
		cmocka_unit_test_setup(a_further_cut_holds_anew, setup),
		cmocka_unit_test_setup(bands_matter_from_a_millisecond_in_a_frame_on, setup),
		cmocka_unit_test_setup(only_what_lasts_keeps_cpus_free, setup),
		cmocka_unit_test_setup(a_burst_counts_until_it_is_long, setup),
		cmocka_unit_test_setup(heavy_is_who_keeps_a_cpu_busy, setup),
		cmocka_unit_test_setup(heavy_and_in_a_band_is_nobody_new, setup),
		cmocka_unit_test_setup(clamps_say_how_fast, setup),
		cmocka_unit_test_setup(rules_come_before_all, setup),
		cmocka_unit_test_setup(without_rules, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
