// SPDX-License-Identifier: GPL-2.0-only
/* Reports in a directory of the test's own: their number, size, mode and content. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

static char directory[64];
static struct ccx_exit reason;
static struct ccx_stats stats;

static int begin(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/ccx-report-XXXXXX");
	memset(&reason, 0, sizeof(reason));
	memset(&stats, 0, sizeof(stats));
	strcpy(reason.reason, "runnable task stall");
	strcpy(reason.message, "cc1[1234] failed to run for 5.000s");
	strcpy(reason.dump, "CPU 0: nr_run=3");
	reason.kind = 1026;
	return !mkdtemp(directory);
}

static int end(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static int opened(void)
{
	struct ccx_error error = { .text = "" };
	int fd = ccx_report_open(directory, &error);

	if (fd < 0)
		fail_msg("%s", error.text);
	return fd;
}

static void save(int fd, char *name)
{
	struct ccx_error error = { .text = "" };

	if (ccx_report_save(fd, &reason, &stats, name, 64, &error))
		fail_msg("%s", error.text);
}

static int count(void)
{
	DIR *dir = opendir(directory);
	int nr = 0;

	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr - 2;
}

static void it_says_what_the_kernel_said(void **state)
{
	char name[64], text[CCX_REPORT_BYTES + 1];
	struct stat status;
	int fd = opened(), file;
	ssize_t got;

	(void)state;
	save(fd, name);
	file = openat(fd, name, O_RDONLY);
	assert_true(file >= 0);
	assert_int_equal(fstat(file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	got = read(file, text, sizeof(text) - 1);
	assert_in_range(got, 1, CCX_REPORT_BYTES);
	text[got] = '\0';
	assert_non_null(strstr(text, reason.reason));
	assert_non_null(strstr(text, reason.message));
	assert_non_null(strstr(text, reason.dump));
	assert_non_null(strstr(text, "1026"));
	close(file);
	close(fd);
}

static void the_newest_are_kept(void **state)
{
	char names[3 * CCX_REPORTS][64];
	int fd = opened(), i;

	(void)state;
	for (i = 0; i < 3 * CCX_REPORTS; i++) {
		save(fd, names[i]);
		assert_in_range(count(), 1, CCX_REPORTS);
	}
	assert_int_equal(count(), CCX_REPORTS);
	for (i = 0; i < 3 * CCX_REPORTS; i++)
		assert_int_equal(!faccessat(fd, names[i], F_OK, 0), i >= 2 * CCX_REPORTS);
	close(fd);
}

static void files_of_others_stay(void **state)
{
	static const char *const others[] = { "exit-", "exit-.txt.bak", "core.txt", "settings" };
	char name[64];
	int fd = opened(), i;

	(void)state;
	for (i = 0; i < 4; i++)
		close(openat(fd, others[i], O_CREAT | O_WRONLY, 0600));
	for (i = 0; i < 2 * CCX_REPORTS; i++)
		save(fd, name);
	for (i = 0; i < 4; i++)
		assert_int_equal(faccessat(fd, others[i], F_OK, 0), 0);
	assert_int_equal(count(), CCX_REPORTS + 4);
	close(fd);
}

static void the_longest_fits(void **state)
{
	char name[64];
	struct stat status;
	int fd = opened();

	(void)state;
	memset(reason.message, 'm', sizeof(reason.message) - 1);
	memset(reason.dump, 'd', sizeof(reason.dump) - 1);
	stats.nr_domains = CCX_MAX_DOMAINS;
	save(fd, name);
	assert_int_equal(fstatat(fd, name, &status, 0), 0);
	assert_in_range(status.st_size, sizeof(reason.dump), CCX_REPORT_BYTES);
	close(fd);
}

static void a_directory_is_made_but_not_its_parents(void **state)
{
	struct ccx_error error = { .text = "" };
	char path[128];
	struct stat status;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/new", directory);
	fd = ccx_report_open(path, &error);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	close(fd);
	snprintf(path, sizeof(path), "%s/none/new", directory);
	assert_int_equal(ccx_report_open(path, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(ccx_report_open("/dev/null", &error), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_says_what_the_kernel_said, begin, end),
		cmocka_unit_test_setup_teardown(the_newest_are_kept, begin, end),
		cmocka_unit_test_setup_teardown(files_of_others_stay, begin, end),
		cmocka_unit_test_setup_teardown(the_longest_fits, begin, end),
		cmocka_unit_test_setup_teardown(a_directory_is_made_but_not_its_parents, begin, end),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
