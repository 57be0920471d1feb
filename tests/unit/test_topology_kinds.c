// SPDX-License-Identifier: GPL-2.0-only
/* Kinds and speeds from evidence, without any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "topology/kinds.h"

#define MAX_CPUS 16

static struct ccx_evidence evidence[MAX_CPUS];
static struct ccx_verdict verdicts[MAX_CPUS];
static struct ccx_machine_facts facts;
static uint32_t nr_cpus;

/* `nr` CPUs, each a core of its own with an L3, of which nothing is known. */
static void begin(uint32_t nr)
{
	memset(evidence, 0, sizeof(evidence));
	memset(&facts, 0, sizeof(facts));
	nr_cpus = nr;
	for (uint32_t i = 0; i < nr; i++) {
		evidence[i].core = i;
		evidence[i].hwloc_rank = -1;
		evidence[i].l3_bytes = 32 << 20;
		evidence[i].l3_cores = nr;
		evidence[i].package_has_l3 = true;
	}
}

static void set(uint32_t first, uint32_t last, enum ccx_signal signal, uint32_t value)
{
	for (uint32_t i = first; i <= last; i++)
		*ccx_signal_value(&evidence[i], signal) = value;
}

static void set_type(uint32_t first, uint32_t last, enum ccx_core_type type)
{
	for (uint32_t i = first; i <= last; i++) {
		evidence[i].core_type = type;
		strcpy(evidence[i].core_type_name, "a type");
	}
}

static void set_caches(uint32_t first, uint32_t last, uint64_t l1d, uint64_t l2, uint32_t l2_cores)
{
	for (uint32_t i = first; i <= last; i++) {
		evidence[i].l1d_bytes = l1d;
		evidence[i].l1i_bytes = 32768;
		evidence[i].l2_bytes = l2;
		evidence[i].l2_cores = l2_cores;
	}
}

/* Decides and compares with one letter per CPU: P, E or L. */
static void expect(const char *kinds)
{
	static const char letters[] = "PEL";
	char got[MAX_CPUS + 1] = "";
	uint32_t fastest = 0;

	ccx_kinds_decide(evidence, nr_cpus, &facts, verdicts);
	for (uint32_t i = 0; i < nr_cpus; i++) {
		got[i] = letters[verdicts[i].kind];
		assert_in_range(verdicts[i].speed, 1, CCX_CAPACITY_MAX);
		fastest = verdicts[i].speed > fastest ? verdicts[i].speed : fastest;
		assert_true(strlen(verdicts[i].why) > 0);
	}
	assert_string_equal(got, kinds);
	assert_int_equal(fastest, CCX_CAPACITY_MAX);
}

static void nothing_known_is_one_kind(void **state)
{
	(void)state;
	begin(4);
	expect("PPPP");
	assert_int_equal(verdicts[3].speed, CCX_CAPACITY_MAX);
}

static void turbo_boost_is_no_kind(void **state)
{
	(void)state;
	begin(4);
	set(0, 3, CCX_SIGNAL_MAX_MHZ, 3500);
	set(1, 1, CCX_SIGNAL_MAX_MHZ, 4000);
	set(0, 3, CCX_SIGNAL_BASE_MHZ, 3000);
	expect("PPPP");
	assert_int_equal(verdicts[0].speed, 896);
	begin(4);
	set(0, 3, CCX_SIGNAL_HIGHEST_PERF, 64);
	set(1, 1, CCX_SIGNAL_HIGHEST_PERF, 67);
	expect("PPPP");
}

static void frequencies_make_kinds(void **state)
{
	(void)state;
	begin(4);
	set(0, 1, CCX_SIGNAL_MAX_MHZ, 5500);
	set(2, 3, CCX_SIGNAL_MAX_MHZ, 4600);
	expect("PPEE");
	/* A smaller gap counts when the base frequencies have it, too ... */
	begin(4);
	set(0, 1, CCX_SIGNAL_MAX_MHZ, 5200);
	set(2, 3, CCX_SIGNAL_MAX_MHZ, 4600);
	expect("PPPP");
	set(0, 1, CCX_SIGNAL_BASE_MHZ, 4200);
	set(2, 3, CCX_SIGNAL_BASE_MHZ, 3600);
	expect("PPEE");
	/* ... and not when they have it the other way round. */
	set(0, 1, CCX_SIGNAL_BASE_MHZ, 3000);
	expect("PPPP");
}

static void base_frequency_alone_needs_other_caches(void **state)
{
	(void)state;
	begin(4);
	set(0, 3, CCX_SIGNAL_MAX_MHZ, 2600);
	set(0, 1, CCX_SIGNAL_BASE_MHZ, 2600);
	set(2, 3, CCX_SIGNAL_BASE_MHZ, 1900);
	expect("PPEE");
	set_caches(0, 3, 49152, 2 << 20, 1);
	expect("PPPP");
}

static void core_types_come_first(void **state)
{
	(void)state;
	begin(4);
	set_type(0, 1, CCX_CORE_EFFICIENCY);
	set_type(2, 3, CCX_CORE_PERFORMANCE);
	set(0, 1, CCX_SIGNAL_CPU_CAPACITY, 1024);
	set(2, 3, CCX_SIGNAL_CPU_CAPACITY, 512);
	expect("EEPP");
	/* Numbers that contradict the types are no speeds either. */
	assert_true(verdicts[0].speed < verdicts[2].speed);
}

static void types_of_some_leave_the_rest_open(void **state)
{
	(void)state;
	begin(4);
	set_type(3, 3, CCX_CORE_PERFORMANCE);
	set(0, 1, CCX_SIGNAL_MAX_MHZ, 1000);
	set(2, 3, CCX_SIGNAL_MAX_MHZ, 2000);
	expect("EEPP");
	begin(4);
	set_type(3, 3, CCX_CORE_EFFICIENCY);
	expect("PPPE");
}

static void one_frequency_for_all_is_no_speed(void **state)
{
	(void)state;
	begin(4);
	set_type(0, 1, CCX_CORE_PERFORMANCE);
	set_type(2, 3, CCX_CORE_EFFICIENCY);
	set(0, 3, CCX_SIGNAL_MAX_MHZ, 2600);
	expect("PPEE");
	assert_int_equal(verdicts[2].speed, 65 * CCX_CAPACITY_MAX / 100);
}

static void atoms_without_l3_are_low_power(void **state)
{
	(void)state;
	begin(5);
	set_type(0, 1, CCX_CORE_PERFORMANCE);
	set_type(2, 4, CCX_CORE_EFFICIENCY);
	evidence[4].l3_bytes = 0;
	expect("PPEEL");
	/* Also where there are no other efficiency cores (Lunar Lake) ... */
	evidence[2].l3_bytes = 0;
	evidence[3].l3_bytes = 0;
	expect("PPLLL");
	/* ... but not where no CPU has one, nor on ARM. */
	evidence[0].l3_bytes = 0;
	evidence[1].l3_bytes = 0;
	for (uint32_t i = 0; i < 5; i++)
		evidence[i].package_has_l3 = false;
	expect("PPEEE");
	begin(5);
	set_type(0, 1, CCX_CORE_PERFORMANCE);
	set_type(2, 4, CCX_CORE_EFFICIENCY);
	evidence[4].l3_bytes = 0;
	facts.arm = true;
	expect("PPEEE");
}

static void missing_l3_without_types(void **state)
{
	(void)state;
	begin(4);
	evidence[2].l3_bytes = 0;
	evidence[3].l3_bytes = 0;
	set_caches(2, 3, 32768, 2 << 20, 2);
	expect("PPLL");
	/* No cluster: only a number can tell. */
	begin(4);
	evidence[3].l3_bytes = 0;
	expect("PPPP");
	set(0, 2, CCX_SIGNAL_MAX_MHZ, 4000);
	set(3, 3, CCX_SIGNAL_MAX_MHZ, 2500);
	expect("PPPL");
	/* A package whose L3 is not known at all. */
	begin(4);
	evidence[2].l3_bytes = 0;
	evidence[3].l3_bytes = 0;
	evidence[2].package_has_l3 = false;
	evidence[3].package_has_l3 = false;
	set_caches(2, 3, 32768, 2 << 20, 2);
	expect("PPPP");
	/* As fast as the others: the cache information has a hole. */
	begin(4);
	evidence[3].l3_bytes = 0;
	set(0, 3, CCX_SIGNAL_MAX_MHZ, 4000);
	expect("PPPP");
	begin(4);
	evidence[3].l3_bytes = 0;
	facts.amd = true;
	expect("PPPP");
}

static void one_type_everywhere_is_performance(void **state)
{
	(void)state;
	begin(3);
	set_type(0, 2, CCX_CORE_EFFICIENCY);
	expect("PPP");
	begin(3);
	set_type(0, 2, CCX_CORE_LOW_POWER);
	expect("PPP");
}

static void capacity_clusters(void **state)
{
	(void)state;
	/* Prime, big, little: the largest step divides. */
	begin(8);
	set(0, 3, CCX_SIGNAL_CPU_CAPACITY, 280);
	set(4, 6, CCX_SIGNAL_CPU_CAPACITY, 790);
	set(7, 7, CCX_SIGNAL_CPU_CAPACITY, 1024);
	facts.arm = true;
	expect("EEEEPPPP");
	assert_int_equal(verdicts[4].speed, 790);
	/* Two speeds of big cores are one kind. */
	begin(8);
	set(0, 6, CCX_SIGNAL_CPU_CAPACITY, 870);
	set(7, 7, CCX_SIGNAL_CPU_CAPACITY, 1024);
	expect("PPPPPPPP");
}

static void amd_rankings_are_preferences(void **state)
{
	(void)state;
	begin(16);
	for (uint32_t i = 0; i < 16; i++) {
		set(i, i, CCX_SIGNAL_PREFCORE, 236 - 5 * i);
		set(i, i, CCX_SIGNAL_HIGHEST_PERF, 236 - 5 * i);
	}
	expect("PPPPPPPPPPPPPPPP");
	assert_int_equal(verdicts[15].speed, CCX_CAPACITY_MAX);
	/* Even with a gap, when the frequencies deny it. */
	set(0, 7, CCX_SIGNAL_PREFCORE, 231);
	set(8, 15, CCX_SIGNAL_PREFCORE, 166);
	set(0, 15, CCX_SIGNAL_HIGHEST_PERF, 0);
	set(0, 15, CCX_SIGNAL_MAX_MHZ, 5083);
	expect("PPPPPPPPPPPPPPPP");
	/* Zen 5c: the frequencies say the same. */
	set(8, 15, CCX_SIGNAL_MAX_MHZ, 3300);
	expect("PPPPPPPPEEEEEEEE");
	/* Nothing but the ranking and caches that differ per core. */
	set(0, 15, CCX_SIGNAL_MAX_MHZ, 0);
	for (uint32_t i = 0; i < 16; i++) {
		evidence[i].l3_bytes = i < 8 ? 16 << 20 : 8 << 20;
		evidence[i].l3_cores = 8;
	}
	expect("PPPPPPPPEEEEEEEE");
}

static void x3d_dies_are_one_kind(void **state)
{
	(void)state;
	for (int cache_mode = 0; cache_mode < 2; cache_mode++) {
		begin(16);
		facts.amd = true;
		set_caches(0, 15, 32768, 1 << 20, 1);
		for (uint32_t i = 0; i < 16; i++) {
			evidence[i].l3_bytes = i < 8 ? 96 << 20 : 32 << 20;
			evidence[i].l3_cores = 8;
		}
		set(0, 7, CCX_SIGNAL_PREFCORE, cache_mode ? 236 : 166);
		set(8, 15, CCX_SIGNAL_PREFCORE, cache_mode ? 166 : 236);
		set(0, 7, CCX_SIGNAL_MAX_MHZ, 5000);
		set(8, 15, CCX_SIGNAL_MAX_MHZ, 5759);
		expect("PPPPPPPPPPPPPPPP");
		assert_true(facts.x3d);
	}
}

static void hwloc_ranks_count_when_nothing_explains_them(void **state)
{
	(void)state;
	begin(3);
	for (uint32_t i = 0; i < 3; i++)
		evidence[i].hwloc_rank = i;
	expect("LEP");
	set(0, 2, CCX_SIGNAL_MAX_MHZ, 4000);
	expect("LEP");
	/* Ranks that hwloc made of frequencies say no more than those. */
	set(2, 2, CCX_SIGNAL_MAX_MHZ, 4100);
	expect("PPP");
	begin(3);
	evidence[0].hwloc_rank = 0;
	evidence[1].hwloc_rank = 1;
	expect("PPP");
}

static void caches_tell_hybrids(void **state)
{
	(void)state;
	begin(6);
	set_caches(0, 1, 49152, 2 << 20, 1);
	set_caches(2, 5, 32768, 4 << 20, 4);
	expect("PPEEEE");
	/* A module whose sibling core is offline is no other design. */
	begin(6);
	set_caches(0, 5, 32768, 4 << 20, 2);
	evidence[5].l2_cores = 1;
	expect("PPPPPP");
}

static void siblings_share_evidence(void **state)
{
	(void)state;
	begin(4);
	evidence[1].core = 0;
	evidence[3].core = 2;
	set(0, 0, CCX_SIGNAL_MAX_MHZ, 5000);
	set(2, 2, CCX_SIGNAL_MAX_MHZ, 3000);
	expect("PPEE");
	/* Contradictions end in favour of the faster word. */
	evidence[2].hwloc_rank = 3;
	set_type(1, 1, CCX_CORE_PERFORMANCE);
	set_type(0, 0, CCX_CORE_LOW_POWER);
	set_type(3, 3, CCX_CORE_EFFICIENCY);
	expect("PPEE");
	set_type(0, 3, CCX_CORE_UNKNOWN);
	/* A core that nothing is known of makes the number useless. */
	evidence[3].core = 3;
	set(3, 3, CCX_SIGNAL_MAX_MHZ, 0);
	expect("PPPP");
}

static void absurd_numbers_stay_in_range(void **state)
{
	(void)state;
	begin(2);
	set(0, 0, CCX_SIGNAL_MAX_MHZ, UINT32_MAX);
	set(1, 1, CCX_SIGNAL_MAX_MHZ, 1);
	expect("PE");
	assert_int_equal(verdicts[1].speed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_known_is_one_kind),
	    cmocka_unit_test(turbo_boost_is_no_kind),
	    cmocka_unit_test(frequencies_make_kinds),
	    cmocka_unit_test(base_frequency_alone_needs_other_caches),
	    cmocka_unit_test(core_types_come_first),
	    cmocka_unit_test(types_of_some_leave_the_rest_open),
	    cmocka_unit_test(one_frequency_for_all_is_no_speed),
	    cmocka_unit_test(atoms_without_l3_are_low_power),
	    cmocka_unit_test(missing_l3_without_types),
	    cmocka_unit_test(one_type_everywhere_is_performance),
	    cmocka_unit_test(capacity_clusters),
	    cmocka_unit_test(amd_rankings_are_preferences),
	    cmocka_unit_test(x3d_dies_are_one_kind),
	    cmocka_unit_test(hwloc_ranks_count_when_nothing_explains_them),
	    cmocka_unit_test(caches_tell_hybrids),
	    cmocka_unit_test(siblings_share_evidence),
	    cmocka_unit_test(absurd_numbers_stay_in_range),
	};

	return cmocka_run_group_tests_name("topology kinds", tests, NULL, NULL);
}
