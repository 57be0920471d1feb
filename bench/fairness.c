// SPDX-License-Identifier: GPL-2.0-only
/*
 * fairness: do nice values and cgroup weights give the shares they promise?
 *
 * What: groups of CPU-bound processes compete; a group's CPU time is compared with what its weight
 * entitles it to. --nice 0,5,10: one group for each value. --cgroups LIST: one cgroup (v2) for
 * each entry PATH=WEIGHT, with tasks in those that have no child in the list, e.g. a=100,b=400 or,
 * nested, a=100,a/x=100,a/y=1000,b=400. Needs root and the cpu controller for that.
 *
 * Why: desktops rely on nice, servers on cpu.weight between containers; a scheduler that looks at
 * tasks alone gives a container with more tasks more of the machine.
 *
 * Unit: error_max_pct: the largest deviation of a group's share from the expected one, in % of the
 * expected; share_<group>: share of the CPU time of all groups. CPU time, not work: on CPUs of
 * different speeds that is what weights govern. Each group has --tasks processes (default: as many
 * as CPUs, so that every share can be used up) on the CPUs this program may use; `taskset -c 0
 * fairness ...` asks the question for one CPU alone.
 *
 * Follows: the weight tests for sched_ext's cgroup schedulers (scx_flatcg) and the nice tests of
 * rt-tests and LTP.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define MAX_GROUPS 128
#define MAX_PATH   512
#define MAX_NAME   95

static const char *nice_list, *cgroup_list;
static unsigned int tasks;
static double seconds = 2, warmup_s = 0.3;

static const struct bench_opt opts[] = {
    {'n', "nice", BENCH_STRING, &nice_list, "LIST", "nice values, e.g. 0,5,10 (the default)"},
    {'c', "cgroups", BENCH_STRING, &cgroup_list, "LIST", "PATH=WEIGHT,... instead of nice values"},
    {'t', "tasks", BENCH_UINT, &tasks, "N", "processes of each group; 0: one for each CPU"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "fairness",
    .about = "CPU shares of nice values or cgroup weights against what they should be.\n",
    .opts = opts,
};

struct group {
	char name[MAX_NAME + 1];
	double weight;
	int nice;
	bool inner; /* a cgroup with children: no tasks */
	double due; /* expected share, 0..1 */
	double cpu_s;
	int *pids;
	bool made; /* our cgroup directory exists */
};

static struct group groups[MAX_GROUPS];
static unsigned int group_count;
static char root[MAX_PATH]; /* the cgroup below which ours are made */

static struct group *add_group(const char *name, double weight, int nice)
{
	struct group *group = &groups[group_count];

	if (group_count++ == MAX_GROUPS)
		bench_usage("more than %d groups", MAX_GROUPS);
	snprintf(group->name, sizeof(group->name), "%s", name);
	group->weight = weight;
	group->nice = nice;
	return group;
}

static void parse_nices(void)
{
	const char *at = nice_list ? nice_list : "0,5,10";

	while (*at) {
		char *end, name[32];
		long nice = strtol(at, &end, 10);

		if (end == at || (*end && *end != ',') || nice < -20 || nice > 19)
			bench_usage("--nice: '%s' is not a list of nice values", at);
		snprintf(name, sizeof(name), "nice%+ld", nice);
		add_group(name, pow(1.25, -(double)nice), (int)nice);
		at = *end ? end + 1 : end;
	}
}

static void parse_cgroups(void)
{
	char *text = strdup(cgroup_list), *save = NULL;

	for (char *entry = strtok_r(text, ",", &save); entry; entry = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(entry, '='), *end = NULL;
		double weight = equals ? strtod(equals + 1, &end) : 0;

		if (!equals || equals == entry || end == equals + 1 || *end || weight < 1 ||
		    weight > 10000 || strstr(entry, ".."))
			bench_usage("--cgroups: '%s' is not PATH=WEIGHT with a weight of 1..10000",
				    entry);
		*equals = 0;
		add_group(entry, weight, 0);
	}
	free(text);
}

/* The length of a group's parent path, 0 at the top. */
static size_t parent_length(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? (size_t)(slash - name) : 0;
}

static bool is_parent(const struct group *parent, const struct group *child)
{
	size_t length = parent_length(child->name);

	return length && strlen(parent->name) == length &&
	       strncmp(parent->name, child->name, length) == 0;
}

/* A group's share of the machine: its part among its siblings, times its parent's. */
static double due_share(const struct group *group)
{
	size_t length = parent_length(group->name);
	double siblings = 0, above = 1;

	for (unsigned int i = 0; i < group_count; i++) {
		const struct group *other = &groups[i];

		if (parent_length(other->name) == length &&
		    strncmp(other->name, group->name, length) == 0)
			siblings += other->weight;
		if (is_parent(other, group))
			above = due_share(other);
	}
	return above * group->weight / siblings;
}

static void settle_groups(void)
{
	for (unsigned int i = 0; i < group_count; i++) {
		bool found = !parent_length(groups[i].name);

		for (unsigned int j = 0; j < group_count; j++) {
			groups[i].inner |= is_parent(&groups[i], &groups[j]);
			found |= is_parent(&groups[j], &groups[i]);
		}
		if (!found)
			bench_usage("--cgroups: '%s' needs its parent in the list", groups[i].name);
	}
	for (unsigned int i = 0; i < group_count; i++)
		groups[i].due = due_share(&groups[i]);
}

/* ---- cgroups ------------------------------------------------------------------------------- */

static bool put_text(const char *directory, const char *file, const char *text)
{
	char path[2 * MAX_PATH];
	int fd;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

static void find_cgroup_root(void)
{
	char device[256], where[256], type[64];
	FILE *file = fopen("/proc/mounts", "re");

	while (file && fscanf(file, "%255s %255s %63s %*[^\n]", device, where, type) == 3) {
		if (strcmp(type, "cgroup2") == 0) {
			snprintf(root, sizeof(root), "%s", where);
			break;
		}
	}
	if (file)
		fclose(file);
	errno = 0;
	if (!root[0])
		bench_fail("no cgroup2 mount found");
	if (!put_text(root, "cgroup.subtree_control", "+cpu"))
		bench_fail("cannot enable the cpu controller in %s", root);
	snprintf(root + strlen(root), sizeof(root) - strlen(root), "/bench-fairness-%d", getpid());
	if (mkdir(root, 0755))
		bench_fail("cannot make cgroup %s", root);
	if (!put_text(root, "cgroup.subtree_control", "+cpu"))
		bench_fail("cannot enable the cpu controller in %s", root);
}

static void group_path(const struct group *group, char *path, size_t size)
{
	snprintf(path, size, "%s/%.*s", root, MAX_NAME, group->name);
}

static void make_cgroups(void)
{
	for (unsigned int i = 0; i < group_count; i++) {
		char path[2 * MAX_PATH], weight[32];

		group_path(&groups[i], path, sizeof(path));
		snprintf(weight, sizeof(weight), "%.0f", groups[i].weight);
		errno = 0;
		if (mkdir(path, 0755))
			bench_fail("cannot make cgroup %s (list parents first)", path);
		groups[i].made = true;
		if (!put_text(path, "cpu.weight", weight) ||
		    (groups[i].inner && !put_text(path, "cgroup.subtree_control", "+cpu")))
			bench_fail("cannot set up cgroup %s", path);
	}
}

static void remove_cgroups(void)
{
	char path[2 * MAX_PATH];

	/* children come after their parents in the list; a dying task may hold one for a moment */
	for (unsigned int i = group_count; i-- > 0;) {
		if (!groups[i].made)
			continue;
		group_path(&groups[i], path, sizeof(path));
		for (int try = 0; rmdir(path) && errno == EBUSY && try < 100; try++)
			usleep(10000);
		groups[i].made = false;
	}
	if (root[0])
		rmdir(root);
}

/* ---- tasks --------------------------------------------------------------------------------- */

static void task_body(const struct group *group)
{
	uint64_t chunk = bench_iterations(1);

	if (group->nice && setpriority(PRIO_PROCESS, 0, group->nice))
		bench_fail("cannot set nice %d", group->nice);
	if (cgroup_list) {
		char path[2 * MAX_PATH];

		group_path(group, path, sizeof(path));
		errno = 0;
		if (!put_text(path, "cgroup.procs", "0"))
			bench_fail("cannot enter cgroup %s", path);
	}
	for (;;)
		bench_spin(chunk);
}

/* Dealt out in turn, so that no group comes first as a whole. */
static void start_tasks(void)
{
	for (unsigned int t = 0; t < tasks; t++) {
		for (unsigned int i = 0; i < group_count; i++) {
			int pid;

			if (groups[i].inner)
				continue;
			if (!groups[i].pids)
				groups[i].pids = bench_alloc(tasks, sizeof(int));
			pid = bench_fork();
			if (pid == 0)
				task_body(&groups[i]);
			groups[i].pids[t] = pid;
		}
	}
}

static void end_tasks(void)
{
	for (unsigned int i = 0; i < group_count; i++) {
		for (unsigned int t = 0; groups[i].pids && t < tasks; t++) {
			int status;

			if (groups[i].pids[t] <= 0)
				continue;
			kill(groups[i].pids[t], SIGKILL);
			while (waitpid(groups[i].pids[t], &status, 0) < 0 && errno == EINTR)
				;
			groups[i].pids[t] = 0;
		}
	}
}

/* Adds sign times the CPU time so far to each group. */
static void read_cpu_time(double sign)
{
	for (unsigned int i = 0; i < group_count; i++) {
		for (unsigned int t = 0; groups[i].pids && t < tasks; t++) {
			struct timespec time;
			clockid_t id;

			if (!clock_getcpuclockid(groups[i].pids[t], &id) &&
			    !clock_gettime(id, &time))
				groups[i].cpu_s +=
				    sign * ((double)time.tv_sec + (double)time.tv_nsec / 1e9);
		}
	}
}

static void clean_up(void)
{
	static int owner;

	if (!owner) {
		owner = getpid();
		return;
	}
	if (getpid() != owner)
		return;
	end_tasks();
	remove_cgroups();
}

static void report_shares(struct bench_result *result)
{
	double total = 0, worst = 0;

	for (unsigned int i = 0; i < group_count; i++)
		total += groups[i].cpu_s;
	for (unsigned int i = 0; i < group_count && total > 0; i++)
		if (!groups[i].inner)
			worst =
			    fmax(worst, fabs(groups[i].cpu_s / total / groups[i].due - 1) * 100);
	bench_metric(result, "error_max_pct", worst, 1, "%");
	for (unsigned int i = 0; i < group_count && total > 0; i++) {
		char name[128];

		if (groups[i].inner)
			continue;
		snprintf(name, sizeof(name), "share_%.*s", MAX_NAME, groups[i].name);
		bench_metric(result, name, groups[i].cpu_s / total, 4, "");
		snprintf(name, sizeof(name), "due_%.*s", MAX_NAME, groups[i].name);
		bench_detail(result, name, json_real(groups[i].due));
	}
	bench_detail(result, "cpu_s", json_real(total));
}

int main(int argc, char **argv)
{
	struct bench_result result;
	uint64_t begin;

	bench_init(&info, argc, argv);
	if (cgroup_list)
		parse_cgroups();
	else
		parse_nices();
	settle_groups();
	if (!tasks)
		tasks = bench_cpus();
	bench_limit(warmup_s + seconds + 60);
	clean_up(); /* notes whose process it is; acts at exit */
	atexit(clean_up);
	if (cgroup_list) {
		find_cgroup_root();
		make_cgroups();
	}
	start_tasks();

	begin = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	bench_sleep_until_ns(begin);
	read_cpu_time(-1);
	bench_sleep_until_ns(begin + (uint64_t)(seconds * 1e9));
	read_cpu_time(1);
	end_tasks();

	result = bench_result_new();
	report_shares(&result);
	return bench_report(&result);
}
