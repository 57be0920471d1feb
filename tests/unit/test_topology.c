// SPDX-License-Identifier: GPL-2.0-only
/* The topology library's interface: sources good and bad, mapping, limits, ranking, dumps. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "ccx/cmd_topology.h"
#include "ccx/topology.h"
#include "tests/topology/check.h"
#include "tests/topology/machine.h"

static char scratch[64];

static int setup(void **state)
{
	(void)state;
	snprintf(scratch, sizeof(scratch), "/tmp/ccx-topology-XXXXXX");
	return mkdtemp(scratch) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return system(command);
}

static const char *scratch_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	return path;
}

static const char *write_scratch(const char *name, const char *text, size_t size)
{
	FILE *file = fopen(scratch_path(name), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
	return scratch_path(name);
}

static struct ccx_topology *load(const char *source, uint32_t max_domain_cpus, bool all_cpus)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error;

	options.source = source;
	options.max_domain_cpus = max_domain_cpus;
	options.all_cpus = all_cpus;
	if (ccx_topology_load(&options, &topology, &error))
		fail_msg("%s: %s", source, error.text);
	check_topology(topology, max_domain_cpus);
	return topology;
}

/* Loading must fail with `code` and one line that has `words` in it. */
static void expect_refusal(const char *source, int code, const char *words)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology = (void *)1;
	struct ccx_error error;
	int ret;

	options.source = source;
	ret = ccx_topology_load(&options, &topology, &error);
	if (ret != code || !strstr(error.text, words) || strchr(error.text, '\n'))
		fail_msg("%.60s: %d, '%s'", source, ret, error.text);
	assert_null(topology);
	/* The same without anybody to tell. */
	assert_int_equal(ccx_topology_load(&options, &topology, NULL), code);
}

static void host_is_described(void **state)
{
	struct ccx_topology *topology = load("host", 16, false);
	struct ccx_topology *all = load(NULL, 16, true);

	(void)state;
	assert_string_equal(topology->source, "host");
	assert_true(all->nr_cpus >= topology->nr_cpus);
	assert_int_equal(all->nr_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	ccx_topology_free(topology);
	ccx_topology_free(all);
}

/* An affinity that somebody chose restricts the process, not the machine, and is left as it was. */
static void taskset_is_no_restriction(void **state)
{
	struct ccx_topology *before = load("host", 16, false), *after;
	cpu_set_t whole, one, now;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(whole), &whole), 0);
	CPU_ZERO(&one);
	CPU_SET(before->cpus[0].id, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	after = load("host", 16, false);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_true(CPU_EQUAL(&now, &one));
	assert_int_equal(sched_setaffinity(0, sizeof(whole), &whole), 0);
	assert_int_equal(after->nr_cpus, before->nr_cpus);
	ccx_topology_free(before);
	ccx_topology_free(after);
}

static void bad_options_are_refused(void **state)
{
	static const uint32_t limits[] = {0, CCX_MAX_CPUS + 1, UINT32_MAX};
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		options.max_domain_cpus = limits[i];
		assert_int_equal(ccx_topology_load(&options, &topology, &error), -EINVAL);
		assert_non_null(strstr(error.text, "choose 1 to 1024"));
	}
	ccx_topology_free(load("host", 1, false));
	ccx_topology_free(load("host", CCX_MAX_CPUS, false));
}

static void bad_sources_are_refused(void **state)
{
	(void)state;
	expect_refusal("", -ENOENT, "No such file");
	expect_refusal("no/such/file.xml", -ENOENT, "no/such/file.xml");
	expect_refusal("/dev/null", -EINVAL, "no regular file");
	expect_refusal("/dev/zero", -EINVAL, "no regular file");
	expect_refusal("/etc/passwd", -EINVAL, "no hwloc XML");
	expect_refusal(scratch, -EINVAL, "say fsroot:");
	expect_refusal("fsroot:", -ENOENT, "cannot open");
	expect_refusal("fsroot:/no/such/directory", -ENOENT, "/no/such/directory");
	expect_refusal("fsroot:/etc/passwd", -EINVAL, "no directory");
	expect_refusal("fsroot:/etc", -EINVAL, "no file-system root");
	expect_refusal("synthetic:", -EINVAL, "synthetic");
	expect_refusal("synthetic:nonsense", -EINVAL, "synthetic");
	expect_refusal("synthetic:pack:0", -EINVAL, "synthetic");
	expect_refusal("synthetic:core:100000 pu:100000", -EINVAL, "more than 4096 CPUs");
	expect_refusal("synthetic:99999999999999999999 99999999999999999999 2", -EINVAL, "more");
	expect_refusal("synthetic:pack:2 [numa(memory=1GB) core:2 pu:2", -EINVAL, "synthetic");
}

static void bad_files_are_refused(void **state)
{
	static const char bomb[] =
	    "<?xml version=\"1.0\"?>\n<!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\">"
	    "<!ENTITY b \"&a;&a;&a;&a;\">]>\n<topology version=\"2.0\">&b;"
	    "</topology>\n";
	static const char empty[] = "<topology version=\"2.0\"></topology>\n";
	static const char future[] = "<topology version=\"9.0\"></topology>\n";
	static const char nul[] = "<topology version=\"2.0\">\0</topology>";
	static const char unclosed[] = "<topology version=\"2.0\"><object></topology>";
	static const char more[] = "<topology version=\"2.0\"></topology>\n<topology/>";
	static const char version1[] = "<?xml version=\"1.0\"?>\n<topology>\n</topology>\n";
	char deep[8 * 5000 + 32];
	int fd;

	(void)state;
	expect_refusal(write_scratch("unclosed", unclosed, strlen(unclosed)), -EINVAL,
		       "line 1: a tag is closed");
	expect_refusal(write_scratch("more", more, strlen(more)), -EINVAL, "line 2: something");
	strcpy(deep, "<topology version=\"2.0\">");
	for (int i = 0; i < 5000; i++)
		strcat(deep, "<object>");
	expect_refusal(write_scratch("deep", deep, strlen(deep)), -EINVAL, "nested deeper");
	expect_refusal(write_scratch("empty", "", 0), -EINVAL, "is empty");
	expect_refusal(write_scratch("bomb", bomb, strlen(bomb)), -EINVAL, "no hwloc XML");
	expect_refusal(write_scratch("none", empty, strlen(empty)), -EINVAL, "no hwloc XML");
	expect_refusal(write_scratch("future", future, strlen(future)), -EINVAL, "no hwloc XML");
	expect_refusal(write_scratch("nul", nul, sizeof(nul)), -EINVAL, "no hwloc XML");
	expect_refusal(write_scratch("v1", version1, strlen(version1)), -EINVAL, "no hwloc XML");
	fd = open(scratch_path("huge"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 1ll << 40), 0);
	close(fd);
	expect_refusal(scratch_path("huge"), -EINVAL, "more than");
	assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
	expect_refusal(scratch_path("fifo"), -EINVAL, "no regular file");
}

/* Wherever a file is cut off, it is refused (all but its last line end). */
static void truncated_xml_is_refused(void **state)
{
	struct ccx_topology *topology = load("synthetic:pack:1 l3:2 core:2 pu:2", 16, false);
	char *xml = dump_to_string(topology, CCX_DUMP_XML);
	size_t size = strlen(xml);

	(void)state;
	ccx_topology_free(topology);
	for (size_t length = 1; length < size - 1; length += 7) {
		struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
		struct ccx_error error;

		options.source = write_scratch("cut.xml", xml, length);
		assert_int_equal(ccx_topology_load(&options, &topology, &error), -EINVAL);
		assert_true(strlen(error.text) > 0);
	}
	free(xml);
}

static void splits_are_even(void **state)
{
	(void)state;
	for (uint32_t limit = 1; limit <= 34; limit++) {
		struct ccx_topology *topology =
		    load("synthetic:pack:1 l3:1 core:17 pu:2", limit, false);
		uint32_t fewest = UINT32_MAX, most = 0;

		for (uint32_t i = 0; i < topology->nr_domains; i++) {
			uint32_t nr = topology->domains[i].nr_cpus;

			fewest = nr < fewest ? nr : fewest;
			most = nr > most ? nr : most;
		}
		assert_true(most - fewest <= 2);
		assert_true(most <= limit || most == 2);
		ccx_topology_free(topology);
	}
}

static void distances_are_ranked(void **state)
{
	struct ccx_topology *t = load("synthetic:pack:2 numa:2 l3:2 core:4 pu:1", 2, false);

	(void)state;
	assert_int_equal(t->nr_domains, 16);
	assert_int_equal(ccx_topology_distance(t, 0, 0), CCX_DISTANCE_SELF);
	assert_int_equal(ccx_topology_distance(t, 0, 1), CCX_DISTANCE_SAME_CACHE);
	assert_int_equal(ccx_topology_distance(t, 0, 2), CCX_DISTANCE_SAME_PACKAGE);
	assert_int_equal(ccx_topology_distance(t, 0, 4), CCX_DISTANCE_PACKAGE_NODE);
	assert_int_equal(ccx_topology_distance(t, 0, 8), CCX_DISTANCE_OTHER_NODE);
	ccx_topology_free(t);
	t = load("synthetic:numa:1 pack:2 l3:1 core:4 pu:1", 16, false);
	assert_int_equal(ccx_topology_distance(t, 0, 1), CCX_DISTANCE_SAME_NODE);
	ccx_topology_free(t);
}

static void limits_are_told(void **state)
{
	struct ccx_topology *t = load("synthetic:pack:1 l3:1 core:1024 pu:1", 16, false);
	struct ccx_error error;

	(void)state;
	assert_int_equal(ccx_topology_check_limits(t, &error), 0);
	ccx_topology_free(t);
	t = load("synthetic:pack:1 l3:1 core:1024 pu:1", 8, false);
	assert_int_equal(ccx_topology_check_limits(t, &error), -E2BIG);
	assert_non_null(strstr(error.text, "--max-domain-cpus"));
	ccx_topology_free(t);
	t = load("synthetic:pack:1 l3:1 core:1025 pu:1", 64, false);
	assert_int_equal(ccx_topology_check_limits(t, &error), -E2BIG);
	assert_non_null(strstr(error.text, "CPU 1024"));
	ccx_topology_free(t);
}

static void maps_cover_the_host(void **state)
{
	struct ccx_topology *wanted = load("tests/topology/told-kinds.xml", 16, false);
	struct ccx_topology *host = load("synthetic:pack:1 core:6 pu:1", 16, false);
	struct ccx_topology *larger = load("synthetic:pack:1 core:11 pu:1", 16, false);
	struct ccx_topology *mapped;
	struct ccx_error error;

	(void)state;
	assert_int_equal(ccx_topology_map(wanted, host, &mapped, &error), 0);
	check_topology(mapped, 16);
	assert_int_equal(mapped->nr_cpus, 6);
	assert_int_equal(ccx_topology_cpu(mapped, 2)->kind, CCX_KIND_EFFICIENCY);
	assert_int_equal(ccx_topology_cpu(mapped, 4)->kind, CCX_KIND_LOW_POWER);
	/* Siblings 0 and 5 are both there, 1's is not. */
	assert_int_equal(ccx_topology_cpu(mapped, 5)->core, ccx_topology_cpu(mapped, 0)->core);
	assert_int_equal(mapped->nr_cores, 5);
	free(dump_to_string(mapped, CCX_DUMP_XML));
	ccx_topology_free(mapped);
	assert_int_equal(ccx_topology_map(wanted, larger, &mapped, &error), -EINVAL);
	assert_non_null(strstr(error.text, "does not cover CPU 10"));
	assert_null(mapped);
	ccx_topology_free(wanted);
	ccx_topology_free(host);
	ccx_topology_free(larger);
}

static void rankings_are_read_again(void **state)
{
	static struct machine machine;
	struct ccx_topology *t;
	struct ccx_error error;
	uint32_t ranking[32];
	char source[128];
	bool changed;

	(void)state;
	assert_true(
	    machine_build(&machine, "tests/topology/ryzen-9950x3d-cache-mode.machine", scratch));
	snprintf(source, sizeof(source), "fsroot:%s", scratch);
	t = load(source, 16, false);
	assert_int_equal(t->cpus[0].ranking, 236);
	assert_int_equal(ccx_topology_read_ranking(t, ranking, &changed, &error), 0);
	assert_false(changed);
	assert_int_equal(ranking[31], 181);
	/* offline: the file is there and cannot be read, or it is gone */
	machine_write(&machine, "", "sys/devices/system/cpu/cpu%d/cpufreq/amd_pstate_prefcore_ranking", 5);
	assert_int_equal(ccx_topology_read_ranking(t, ranking, &changed, &error), 0);
	assert_false(changed);
	for (int cpu = 0; cpu < 32; cpu++)
		machine_write(&machine, cpu % 16 < 8 ? "181\n" : "236\n",
			      "sys/devices/system/cpu/cpu%d/cpufreq/amd_pstate_prefcore_ranking",
			      cpu);
	assert_int_equal(ccx_topology_read_ranking(t, ranking, &changed, &error), 0);
	assert_true(changed);
	assert_int_equal(ranking[0], 181);
	assert_int_equal(ranking[31], 236);
	assert_int_equal(t->cpus[0].ranking, 236);
	assert_true(t->domains[0].flags & CCX_DOMAIN_CACHE_DIE);
	assert_true(t->domains[1].flags & CCX_DOMAIN_FREQUENCY_DIE);
	ccx_topology_free(t);
}

static void cpu_lists_are_linux_lists(void **state)
{
	static const uint32_t cpus[] = {0, 1, 2, 5, 7, 8};
	char text[32];

	(void)state;
	assert_int_equal(ccx_cpulist_format(text, sizeof(text), cpus, 6), 9);
	assert_string_equal(text, "0-2,5,7-8");
	assert_int_equal(ccx_cpulist_format(text, sizeof(text), cpus, 0), 0);
	assert_string_equal(text, "");
	assert_int_equal(ccx_cpulist_format(text, 4, cpus, 6), 9);
	assert_string_equal(text, "0-2");
	assert_int_equal(ccx_cpulist_format(NULL, 0, cpus, 6), 9);
}

static void names_are_stable(void **state)
{
	(void)state;
	assert_string_equal(ccx_kind_name(CCX_KIND_PERFORMANCE), "performance");
	assert_string_equal(ccx_kind_name(CCX_KIND_EFFICIENCY), "efficiency");
	assert_string_equal(ccx_kind_name(CCX_KIND_LOW_POWER), "low_power");
	assert_int_equal(ccx_dump_format_parse("text"), CCX_DUMP_TEXT);
	assert_int_equal(ccx_dump_format_parse("json"), CCX_DUMP_JSON);
	assert_int_equal(ccx_dump_format_parse("svg"), CCX_DUMP_SVG);
	assert_int_equal(ccx_dump_format_parse("xml"), CCX_DUMP_XML);
	assert_int_equal(ccx_dump_format_parse("yaml"), -EINVAL);
	assert_int_equal(ccx_dump_format_parse(""), -EINVAL);
}

static void full_disks_are_told(void **state)
{
	struct ccx_topology *t = load("synthetic:pack:4 l3:4 core:16 pu:2", 16, false);

	(void)state;
	for (int format = CCX_DUMP_TEXT; format <= CCX_DUMP_XML; format++) {
		FILE *file = fopen("/dev/full", "we");

		assert_non_null(file);
		assert_true(ccx_topology_dump(t, format, file) < 0);
		fclose(file);
	}
	ccx_topology_free(t);
}

static void use_is_shown(void **state)
{
	static const char *const domains[] = {NULL, "parked"};
	static const uint32_t dispatchers[] = {CCX_NO_CPU, 4};
	const struct ccx_topology_use use = {.state = "running since noon",
					     .nr_domains = 2,
					     .domains = domains,
					     .dispatcher_cpu = dispatchers};
	struct ccx_topology *t = load("synthetic:pack:1 l3:2 core:4 pu:1", 16, false);

	(void)state;
	for (int format = CCX_DUMP_TEXT; format <= CCX_DUMP_SVG; format++) {
		char *text = NULL;
		size_t size = 0;
		FILE *file = open_memstream(&text, &size);

		assert_int_equal(ccx_topology_dump_use(t, format, &use, file), 0);
		fclose(file);
		assert_non_null(strstr(text, "running since noon"));
		assert_non_null(strstr(text, "parked"));
		free(text);
	}
	ccx_topology_free(t);
}

static void source_names_are_harmless(void **state)
{
	struct ccx_topology *t = load("synthetic:pack:1 core:2 pu:1", 16, false);

	(void)state;
	free(t->source);
	t->source = strdup("\xff\xfe<&\"\x1b[2J");
	check_topology(t, 16);
	free(dump_to_string(t, CCX_DUMP_TEXT));
	ccx_topology_free(t);
}

static void command_has_exit_codes(void **state)
{
	const char *output = "/dev/null";

	(void)state;
	assert_int_equal(ccx_cmd_topology(NULL, NULL, output, 0), 0);
	assert_int_equal(ccx_cmd_topology("synthetic:pack:1 core:2 pu:1", "json", output, 16), 0);
	assert_int_equal(ccx_cmd_topology("host", "yaml", output, 16), 2);
	assert_int_equal(ccx_cmd_topology("no-such-file", "text", output, 16), 2);
	assert_int_equal(ccx_cmd_topology("host", "text", output, 4000), 2);
	assert_int_equal(ccx_cmd_topology("host", "text", "/dev/full", 16), 1);
	assert_int_equal(ccx_cmd_topology("host", "text", "/no/such/folder/file", 16), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(host_is_described),
	    cmocka_unit_test(taskset_is_no_restriction),
	    cmocka_unit_test(bad_options_are_refused),
	    cmocka_unit_test_setup_teardown(bad_sources_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(bad_files_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(truncated_xml_is_refused, setup, teardown),
	    cmocka_unit_test(splits_are_even),
	    cmocka_unit_test(distances_are_ranked),
	    cmocka_unit_test(limits_are_told),
	    cmocka_unit_test(maps_cover_the_host),
	    cmocka_unit_test_setup_teardown(rankings_are_read_again, setup, teardown),
	    cmocka_unit_test(cpu_lists_are_linux_lists),
	    cmocka_unit_test(names_are_stable),
	    cmocka_unit_test(full_disks_are_told),
	    cmocka_unit_test(use_is_shown),
	    cmocka_unit_test(source_names_are_harmless),
	    cmocka_unit_test(command_has_exit_codes),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
