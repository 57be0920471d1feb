// SPDX-License-Identifier: GPL-2.0-only
/*
 * spawn: the process pattern of a build.
 *
 * What: --jobs recipes run at a time. Each forks a shell-like parent, which forks a compiler
 * (works --compile-ms and writes --kib KiB into a pipe as it goes) and an assembler (reads them
 * and works --assemble-ms, spread over what it reads) and waits for both. With --exec each of the
 * two also executes this program again, as a real build would a compiler. When a recipe ends the
 * next starts.
 *
 * Why: a build is many short processes, forks, execs, pipes and exits; steady hogs miss all of
 * that, and a scheduler that treats new tasks badly loses here.
 *
 * Unit: units_per_s: recipes finished in a second; unit_*: microseconds from fork to end of one
 * recipe; work_ms_per_s: P-core milliseconds of compile and assemble work finished in a second.
 *
 * Follows: kernel builds beside games (`make -jN`) in scheduler demonstrations, and the `gcc
 * -pipe` shape; UnixBench's spawn and execl for the process part.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

#define PIECE_BYTES 4096

static unsigned int jobs, kib = 64;
static double compile_ms = 5, assemble_ms = 1, seconds = 2, warmup_s = 0.2;
static bool use_exec;
static const char *role; /* of the re-executed program; not for people */

static const struct bench_opt opts[] = {
    {'j', "jobs", BENCH_UINT, &jobs, "N", "recipes at a time; 0: one for each CPU"},
    {0, "compile-ms", BENCH_REAL, &compile_ms, "MS", "work of the writing process"},
    {0, "assemble-ms", BENCH_REAL, &assemble_ms, "MS", "work of the reading process"},
    {0, "kib", BENCH_UINT, &kib, "KIB", "what goes through the pipe"},
    {'x', "exec", BENCH_FLAG, &use_exec, NULL, "execute a program in both processes"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, "role", BENCH_STRING, &role, "NAME", "internal: what an executed copy shall do"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "spawn",
    .about = "Build-like recipes of short processes and pipes; reports recipes per second.\n",
    .opts = opts,
};

/* In shared memory, written by its job alone. */
struct job {
	uint64_t units;
	struct bench_hist unit;
	int pid;
} __attribute__((aligned(64)));

static struct job *all;
static uint64_t begin_ns, end_ns;

static unsigned int pieces(void)
{
	unsigned int n = kib * 1024 / PIECE_BYTES;

	return n ? n : 1;
}

static void compile(void)
{
	static char piece[PIECE_BYTES];

	for (unsigned int i = 0; i < pieces(); i++) {
		bench_spin(bench_iterations(compile_ms / pieces()));
		if (write(STDOUT_FILENO, piece, sizeof(piece)) < 0)
			return;
	}
}

static void assemble(void)
{
	static char piece[PIECE_BYTES];
	double ms_a_byte = assemble_ms / pieces() / PIECE_BYTES;
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) > 0)
		bench_spin(bench_iterations(ms_a_byte * (double)n));
}

static void run_role(const char *name)
{
	char speed[32], compile_text[32], assemble_text[32], kib_text[32];

	if (!use_exec) {
		if (strcmp(name, "compile") == 0)
			compile();
		else
			assemble();
		_exit(0);
	}
	snprintf(speed, sizeof(speed), "%.9g", bench_iterations_per_ms() * 2 / 1000);
	snprintf(compile_text, sizeof(compile_text), "%.9g", compile_ms);
	snprintf(assemble_text, sizeof(assemble_text), "%.9g", assemble_ms);
	snprintf(kib_text, sizeof(kib_text), "%u", kib);
	execl("/proc/self/exe", "spawn", "--role", name, "--mips", speed, "--compile-ms",
	      compile_text, "--assemble-ms", assemble_text, "--kib", kib_text, (char *)NULL);
	_exit(127);
}

static void wait_for(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* One recipe, in a process of its own. */
static void recipe(void)
{
	int ends[2], writer, reader;

	if (pipe(ends))
		_exit(1);
	writer = bench_fork();
	if (writer == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		run_role("compile");
	}
	reader = bench_fork();
	if (reader == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		run_role("assemble");
	}
	close(ends[0]);
	close(ends[1]);
	wait_for(writer);
	wait_for(reader);
	_exit(0);
}

static void run_job(struct job *job)
{
	for (;;) {
		uint64_t start = bench_now_ns(), now;
		int pid = bench_fork();

		if (pid == 0)
			recipe();
		wait_for(pid);
		now = bench_now_ns();
		if (now >= begin_ns && now < end_ns) {
			bench_hist_add(&job->unit, now - start);
			__atomic_fetch_add(&job->units, 1, __ATOMIC_RELEASE);
		}
	}
}

int main(int argc, char **argv)
{
	struct bench_result result;
	struct bench_hist *unit;
	uint64_t units = 0, now;
	double window_s;

	bench_init(&info, argc, argv);
	if (role) {
		if (strcmp(role, "compile") == 0)
			compile();
		else
			assemble();
		return 0;
	}
	if (!jobs)
		jobs = bench_cpus();
	bench_limit(warmup_s + seconds + 60);
	unit = bench_alloc(1, sizeof(*unit));
	all = bench_shared(jobs * sizeof(*all));
	begin_ns = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	end_ns = begin_ns + (uint64_t)(seconds * 1e9);
	for (unsigned int i = 0; i < jobs; i++) {
		int pid = bench_fork();

		if (pid == 0)
			run_job(&all[i]);
		all[i].pid = pid;
	}
	bench_sleep_until_ns(end_ns);
	now = bench_now_ns();
	for (unsigned int i = 0; i < jobs; i++) {
		/* its processes die with it: each has asked for that */
		kill(all[i].pid, SIGKILL);
		wait_for(all[i].pid);
	}
	for (unsigned int i = 0; i < jobs; i++) {
		units += all[i].units;
		bench_hist_merge(unit, &all[i].unit);
	}
	/* units ended after end_ns were not counted, so a late main does not matter */
	window_s = now < end_ns ? (double)(now > begin_ns ? now - begin_ns : 0) / 1e9 : seconds;

	result = bench_result_new();
	bench_metric(&result, "units_per_s", window_s > 0 ? (double)units / window_s : 0, 1, "/s");
	bench_metric(&result, "work_ms_per_s",
		     window_s > 0 ? (double)units * (compile_ms + assemble_ms) / window_s : 0, 0,
		     "ms/s");
	bench_metric_latency(&result, "unit", unit);
	bench_detail(&result, "units", json_integer((json_int_t)units));
	free(unit);
	return bench_report(&result);
}
