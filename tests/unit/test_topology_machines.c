// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines as data: every file of tests/topology is a machine, NAME.expected is its text dump.
 *	NAME.machine	a description (tests/topology/machine.h), read through fsroot:
 *	NAME.xml	hwloc XML
 *	NAME.synthetic	hwloc's synthetic syntax, the last line of the file
 * A machine is added by adding the two files; CCX_UPDATE_EXPECTED=1 writes the second, for you to
 * read. Real machines' snapshots in ../shared/topologies are read as well where that folder is.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "ccx/topology.h"
#include "tests/topology/check.h"
#include "tests/topology/machine.h"

#define DIRECTORY "tests/topology"
#define SHARED	  "../shared/topologies"
#define MAX_TESTS 256

static struct machine machine;
static char scratch[64];

static bool ends_with(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a > b && !strcmp(name + a - b, end);
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_non_null(text);
	if (!file || !fread(text, 1, (1 << 20) - 1, file))
		text[0] = '\0';
	if (file)
		fclose(file);
	return text;
}

static void remove_scratch(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	assert_int_equal(system(command), 0);
}

static void rename_source(struct ccx_topology *topology, const char *name)
{
	free(topology->source);
	topology->source = strdup(name);
}

/* Finds out what to load for a file; unpacks and builds where there is something to build. */
static void find_source(const char *path, char *source, size_t size)
{
	char command[1024];

	if (ends_with(path, ".machine")) {
		assert_true(machine_build(&machine, path, scratch));
		snprintf(source, size, "fsroot:%s", scratch);
	} else if (ends_with(path, ".synthetic")) {
		char *text = read_text(path), *line;

		if (*text && text[strlen(text) - 1] == '\n')
			text[strlen(text) - 1] = '\0';
		line = strrchr(text, '\n');
		snprintf(source, size, "synthetic:%s", line ? line + 1 : text);
		free(text);
	} else if (ends_with(path, ".tar.bz2")) {
		snprintf(command, sizeof(command),
			 "tar -xjf '%s' -C %s --strip-components=1 2>/dev/null", path, scratch);
		if (system(command))
			skip();
		snprintf(source, size, "fsroot:%s", scratch);
	} else {
		snprintf(source, size, "%s", path);
	}
}

/* What we export must say the same when it is read again. */
static void check_round_trip(const struct ccx_topology *topology, uint32_t max_domain_cpus)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *again;
	struct ccx_error error;
	char path[128], *before, *after, *xml = dump_to_string(topology, CCX_DUMP_XML);
	FILE *file;

	snprintf(path, sizeof(path), "%s/round-trip.xml", scratch);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(xml, file) >= 0);
	fclose(file);
	options.source = path;
	options.max_domain_cpus = max_domain_cpus;
	if (ccx_topology_load(&options, &again, &error))
		fail_msg("%s", error.text);
	rename_source(again, topology->source);
	before = dump_to_string(topology, CCX_DUMP_TEXT);
	after = dump_to_string(again, CCX_DUMP_TEXT);
	assert_string_equal(after, before);
	ccx_topology_free(again);
	free(before);
	free(after);
	free(xml);
}

static void compare_with_expected(const struct ccx_topology *topology, const char *name,
				  bool shared)
{
	char path[512], *expected, *text = dump_to_string(topology, CCX_DUMP_TEXT);

	snprintf(path, sizeof(path), DIRECTORY "%s/%s.expected", shared ? "/shared" : "", name);
	if (getenv("CCX_UPDATE_EXPECTED")) {
		FILE *file = fopen(path, "we");

		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	expected = read_text(path);
	/* Other snapshots may come to the shared folder; ours must each have an expectation. */
	if (!shared || *expected)
		assert_string_equal(text, expected);
	free(expected);
	free(text);
}

static void test_machine(void **state)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	const char *path = *state, *file = strrchr(path, '/') + 1;
	char source[4096], name[256];
	bool shared = !strncmp(path, SHARED, strlen(SHARED));
	struct ccx_topology *topology;
	struct ccx_error error;

	/* Thousands of small files: memory is the place for them. */
	snprintf(scratch, sizeof(scratch), "%s/ccx-topology-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert_non_null(mkdtemp(scratch));
	memset(&machine, 0, sizeof(machine));
	find_source(path, source, sizeof(source));
	options.source = source;
	if (machine.max_domain_cpus)
		options.max_domain_cpus = machine.max_domain_cpus;
	if (ccx_topology_load(&options, &topology, &error))
		fail_msg("%s", error.text);
	snprintf(name, sizeof(name), "%s", file);
	rename_source(topology, name);
	check_topology(topology, options.max_domain_cpus);
	compare_with_expected(topology, name, shared);
	check_round_trip(topology, options.max_domain_cpus);
	ccx_topology_free(topology);
	remove_scratch();
}

/* Every file of a folder that is a machine, sorted by name. */
static size_t find_tests(const char *directory, struct CMUnitTest *tests, size_t nr)
{
	static const char *const endings[] = {".machine", ".xml", ".synthetic", ".tar.bz2"};
	struct dirent **entries = NULL;
	int nr_entries = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < nr_entries; i++) {
		for (size_t e = 0; e < sizeof(endings) / sizeof(endings[0]); e++) {
			struct stat st;
			char *path;

			if (!ends_with(entries[i]->d_name, endings[e]) || nr == MAX_TESTS)
				continue;
			if (asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0)
				abort();
			/* The shared folder has an empty placeholder. */
			if (stat(path, &st) || !st.st_size) {
				free(path);
				continue;
			}
			tests[nr++] = (struct CMUnitTest){strrchr(path, '/') + 1, test_machine,
							  NULL, NULL, path};
		}
		free(entries[i]);
	}
	free(entries);
	return nr;
}

int main(void)
{
	static struct CMUnitTest tests[MAX_TESTS];
	size_t nr = find_tests(DIRECTORY, tests, 0);
	int failed;

	/* Run from elsewhere, nothing would be found: that is no success. */
	if (nr < 20)
		return 1;
	nr = find_tests(SHARED, tests, nr);
	failed = _cmocka_run_group_tests("topology machines", tests, nr, NULL, NULL);
	for (size_t i = 0; i < nr; i++)
		free(tests[i].initial_state);
	return failed;
}
