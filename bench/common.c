// SPDX-License-Identifier: GPL-2.0-only
/* What the benchmark programs share; the contract of each function is in common.h. */
#ifndef _GNU_SOURCE
#endif
#include <errno.h>
#include <getopt.h>
#include <linux/futex.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define LAB_MIPS	    1000.0
#define INSTRUCTIONS_A_LOOP 2.0
#define KILL_AFTER_LIMIT_S  5
#define MAX_OPTIONS	    48

enum stop_reason { RUNNING, FINISHED, INTERRUPTED };

char **bench_operands;

static const struct bench_info *program;
static double mips;
static bool want_json;
static volatile sig_atomic_t stopped = RUNNING;
static char line[4096]; /* the human line under construction */

/* ---- options ------------------------------------------------------------------------------- */

static const struct bench_opt common_opts[] = {
    {0, "mips", BENCH_REAL, &mips, "N",
     "million instructions a second of the fastest core (default: calibrated)"},
    {0, "json", BENCH_FLAG, &want_json, NULL, "print one JSON object instead of a line"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

void bench_usage(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (see %s --help)\n", program->name);
	exit(2);
}

void bench_fail(const char *format, ...)
{
	int error = errno;
	va_list args;

	fprintf(stderr, "%s: ", program->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

static void print_default(const struct bench_opt *opt)
{
	switch (opt->type) {
	case BENCH_UINT:
		printf(" [%u]", *(unsigned int *)opt->value);
		break;
	case BENCH_REAL:
		if (opt->value != &mips)
			printf(" [%g]", *(double *)opt->value);
		break;
	case BENCH_STRING:
		if (*(const char **)opt->value)
			printf(" [%s]", *(const char **)opt->value);
		break;
	case BENCH_FLAG:
		break;
	}
}

static void print_options(const struct bench_opt *opt)
{
	char name[64];

	for (; opt->name; opt++) {
		snprintf(name, sizeof(name), "--%s%s%s", opt->name, opt->arg ? " " : "",
			 opt->arg ? opt->arg : "");
		printf("  %c%c%s%-24s %s", opt->key ? '-' : ' ', opt->key ? opt->key : ' ',
		       opt->key ? ", " : "  ", name, opt->help);
		print_default(opt);
		putchar('\n');
	}
}

static void print_help(void)
{
	printf("usage: %s [options]%s\n\n%s\n", program->name,
	       program->takes_command ? " [-- COMMAND...]" : "", program->about);
	print_options(program->opts);
	print_options(common_opts);
	printf("  -h, %-24s %s\n", "--help", "this text");
}

static void set_option(const struct bench_opt *opt, const char *text)
{
	char *end = NULL;
	double number;

	if (opt->type == BENCH_FLAG) {
		*(bool *)opt->value = true;
		return;
	}
	if (opt->type == BENCH_STRING) {
		*(const char **)opt->value = text;
		return;
	}
	errno = 0;
	number = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(number) || number < 0)
		bench_usage("--%s: '%s' is not a number of 0 or more", opt->name, text);
	if (opt->type == BENCH_REAL) {
		*(double *)opt->value = number;
		return;
	}
	if (number > 1e9 || number != floor(number))
		bench_usage("--%s: '%s' is not a whole number up to 1000000000", opt->name, text);
	*(unsigned int *)opt->value = (unsigned int)number;
}

static void parse_options(int argc, char **argv)
{
	const struct bench_opt *rows[MAX_OPTIONS];
	const struct bench_opt *tables[] = {program->opts, common_opts};
	struct option longs[MAX_OPTIONS + 2] = {};
	char shorts[2 * MAX_OPTIONS + 4] = "h";
	int n = 0, length = 1, c;

	for (int t = 0; t < 2; t++) {
		for (const struct bench_opt *opt = tables[t]; opt->name && n < MAX_OPTIONS; opt++) {
			/* values from 1000 on cannot be a letter: they are 1000 + the row */
			longs[n] =
			    (struct option){opt->name, opt->type != BENCH_FLAG, NULL, 1000 + n};
			if (opt->key) {
				shorts[length++] = opt->key;
				if (opt->type != BENCH_FLAG)
					shorts[length++] = ':';
			}
			rows[n++] = opt;
		}
	}
	longs[n] = (struct option){"help", no_argument, NULL, 'h'};

	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct bench_opt *opt = NULL;

		if (c == 'h') {
			print_help();
			exit(0);
		}
		if (c >= 1000)
			opt = rows[c - 1000];
		for (int i = 0; !opt && i < n; i++)
			if (rows[i]->key == c)
				opt = rows[i];
		if (!opt)
			exit(2); /* getopt said why */
		set_option(opt, optarg);
	}
	if (optind < argc && !program->takes_command)
		bench_usage("unexpected operand '%s'", argv[optind]);
	bench_operands = argv + optind;
}

/* ---- time and stopping --------------------------------------------------------------------- */

uint64_t bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * BENCH_NS_PER_S + (uint64_t)t.tv_nsec;
}

bool bench_sleep_until_ns(uint64_t when_ns)
{
	struct timespec t = {
	    .tv_sec = (time_t)(when_ns / BENCH_NS_PER_S),
	    .tv_nsec = (long)(when_ns % BENCH_NS_PER_S),
	};

	while (bench_running())
		if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != EINTR)
			return bench_running();
	return false;
}

void bench_exact_timers(void)
{
	prctl(PR_SET_TIMERSLACK, 1UL);
}

bool bench_running(void)
{
	return stopped == RUNNING;
}

void bench_stop(void)
{
	if (stopped == RUNNING)
		stopped = FINISHED;
}

bool bench_interrupted(void)
{
	return stopped == INTERRUPTED;
}

static void on_signal(int number)
{
	static volatile sig_atomic_t alarms;

	if (stopped == RUNNING)
		stopped = INTERRUPTED;
	if (number == SIGALRM && alarms++ > 0) {
		static const char text[] = "bench: still running after its limit, giving up\n";

		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(4);
		_exit(3);
	}
}

void bench_limit(double seconds)
{
	struct itimerval timer = {
	    .it_value = {(time_t)seconds, (suseconds_t)(fmod(seconds, 1) * 1e6) + 1},
	    .it_interval = {KILL_AFTER_LIMIT_S, 0},
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void install_handlers(void)
{
	/* no SA_RESTART: a blocked main must come back and see that it shall stop */
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- work ---------------------------------------------------------------------------------- */

void bench_spin(uint64_t n)
{
	if (!n)
		return;
#if defined(__x86_64__)
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
#elif defined(__aarch64__)
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n) : : "cc");
#else
	while (n--)
		__asm__ volatile("" : "+r"(n));
#endif
}

double bench_iterations_per_ms(void)
{
	return mips * 1000 / INSTRUCTIONS_A_LOOP;
}

uint64_t bench_iterations(double p_core_ms)
{
	return (uint64_t)(p_core_ms * bench_iterations_per_ms() + 0.5);
}

unsigned int bench_cpus(void)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n > 0 ? (unsigned int)n : 1;
}

static bool in_lab(void)
{
	char text[4096] = "";
	FILE *file = fopen("/proc/cmdline", "re");

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return strstr(text, "vtseed=") != NULL;
}

/* The best of some short runs on each CPU: short, so that one of them meets no interruption. */
static double measure_mips(void)
{
	const uint64_t n = 400000;
	cpu_set_t before, one;
	uint64_t best = UINT64_MAX;

	if (sched_getaffinity(0, sizeof(before), &before))
		CPU_ZERO(&before);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &before))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		for (int try = 0; try < 8; try++) {
			uint64_t start = bench_now_ns(), took;

			bench_spin(n);
			took = bench_now_ns() - start;
			if (took && took < best)
				best = took;
		}
	}
	sched_setaffinity(0, sizeof(before), &before);
	return (double)n * INSTRUCTIONS_A_LOOP * 1000 / (double)best;
}

static void calibrate(void)
{
	const char *text = getenv("BENCH_MIPS");

	if (mips <= 0 && text)
		mips = strtod(text, NULL);
	if (mips <= 0)
		mips = in_lab() ? LAB_MIPS : measure_mips();
}

uint64_t bench_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

double bench_random_unit(uint64_t *state)
{
	return (double)((bench_random(state) >> 11) + 1) * 0x1p-53;
}

/* ---- threads and processes ----------------------------------------------------------------- */

pthread_t bench_thread(void *(*body)(void *), void *arg)
{
	pthread_t thread;
	sigset_t block, before;

	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &block, &before);
	errno = pthread_create(&thread, NULL, body, arg);
	if (errno)
		bench_fail("cannot start a thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return thread;
}

int bench_fork(void)
{
	int parent = getpid();
	int pid = fork();

	if (pid < 0)
		bench_fail("cannot fork");
	if (pid == 0) {
		signal(SIGINT, SIG_IGN); /* a terminal's ^C is the parent's to handle */
		signal(SIGTERM, SIG_DFL);
		signal(SIGALRM, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
	}
	return pid;
}

void *bench_shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail("cannot map %zu bytes", bytes);
	return memory;
}

void *bench_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count ? count : 1, bytes);

	if (!memory)
		bench_fail("no memory for %zu times %zu bytes", count, bytes);
	return memory;
}

static long futex(struct bench_event *event, int operation, uint32_t value)
{
	if (!event->shared)
		operation |= FUTEX_PRIVATE_FLAG;
	return syscall(SYS_futex, &event->set, operation, value, NULL, NULL, 0);
}

bool bench_event_wait(struct bench_event *event)
{
	/* acquire: pairs with the release in bench_event_post() */
	while (!__atomic_exchange_n(&event->set, 0, __ATOMIC_ACQUIRE))
		if (futex(event, FUTEX_WAIT, 0) && errno == EINTR && bench_interrupted())
			return false;
	return true;
}

void bench_event_post(struct bench_event *event)
{
	/*
	 * release: pairs with the acquire in bench_event_wait(). Who finds it set need not wake:
	 * the one who set it does, or the waiter has not looked yet.
	 */
	if (!__atomic_exchange_n(&event->set, 1, __ATOMIC_ACQ_REL))
		futex(event, FUTEX_WAKE, 1);
}

/* ---- percentiles --------------------------------------------------------------------------- */

static unsigned int hist_bucket(uint64_t value)
{
	unsigned int shift;

	if (value < (1ULL << BENCH_HIST_SUB_BITS))
		return (unsigned int)value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - BENCH_HIST_SUB_BITS;
	return ((shift + 1) << BENCH_HIST_SUB_BITS) +
	       (unsigned int)((value >> shift) - (1ULL << BENCH_HIST_SUB_BITS));
}

/* The middle of a bucket. */
static uint64_t hist_value(unsigned int bucket)
{
	unsigned int group = bucket >> BENCH_HIST_SUB_BITS;
	uint64_t sub = bucket & ((1U << BENCH_HIST_SUB_BITS) - 1);

	if (!group)
		return bucket;
	return ((sub + (1ULL << BENCH_HIST_SUB_BITS)) << (group - 1)) +
	       ((1ULL << (group - 1)) >> 1);
}

void bench_hist_add(struct bench_hist *hist, uint64_t value)
{
	if (!hist->count || value < hist->min)
		hist->min = value;
	if (value > hist->max)
		hist->max = value;
	hist->count++;
	hist->sum += value;
	hist->bucket[hist_bucket(value)]++;
}

void bench_hist_merge(struct bench_hist *into, const struct bench_hist *from)
{
	if (!from->count)
		return;
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->sum += from->sum;
	for (unsigned int i = 0; i < BENCH_HIST_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
}

uint64_t bench_hist_percentile(const struct bench_hist *hist, double percent)
{
	/* less a hair: 99.9 % of 1000 is rank 999, whatever the floating point makes of it */
	uint64_t rank = (uint64_t)ceil((double)hist->count * percent / 100 - 1e-6), seen = 0;

	if (!hist->count)
		return 0;
	if (rank >= hist->count)
		return hist->max;
	for (unsigned int i = 0; i < BENCH_HIST_BUCKETS; i++) {
		seen += hist->bucket[i];
		if (seen >= rank && seen) {
			uint64_t value = hist_value(i);

			/* the extremes are known exactly: do not report a bucket's middle beyond */
			return value > hist->max   ? hist->max
			       : value < hist->min ? hist->min
						   : value;
		}
	}
	return hist->max;
}

/* ---- output -------------------------------------------------------------------------------- */

struct bench_result bench_result_new(void)
{
	line[0] = 0;
	return (struct bench_result){.metrics = json_object(), .detail = json_object()};
}

void bench_metric(struct bench_result *result, const char *name, double value, int digits,
		  const char *unit)
{
	size_t used = strlen(line);

	json_object_set_new(result->metrics, name,
			    isfinite(value) ? json_real(value) : json_null());
	snprintf(line + used, sizeof(line) - used, "%s%s %.*f%s%s", used ? ", " : "", name, digits,
		 value, *unit ? " " : "", unit);
}

void bench_metric_latency(struct bench_result *result, const char *prefix,
			  const struct bench_hist *hist)
{
	static const struct {
		const char *name;
		double percent;
	} rows[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s_%s_us", prefix, rows[i].name);
		bench_metric(result, name,
			     (double)bench_hist_percentile(hist, rows[i].percent) / 1000, 1, "us");
	}
}

void bench_detail(struct bench_result *result, const char *name, json_t *value)
{
	json_object_set_new(result->detail, name, value);
}

static json_t *params(void)
{
	json_t *object = json_object();

	for (const struct bench_opt *opt = program->opts; opt->name; opt++) {
		json_t *value = NULL;

		if (opt->type == BENCH_FLAG)
			value = json_boolean(*(bool *)opt->value);
		else if (opt->type == BENCH_UINT)
			value = json_integer(*(unsigned int *)opt->value);
		else if (opt->type == BENCH_REAL)
			value = json_real(*(double *)opt->value);
		else if (*(const char **)opt->value)
			value = json_string(*(const char **)opt->value);
		json_object_set_new(object, opt->name, value ? value : json_null());
	}
	return object;
}

int bench_report(struct bench_result *result)
{
	if (want_json) {
		json_t *root = json_pack("{s:s, s:b, s:i, s:f, s:o, s:o, s:o}", "workload",
					 program->name, "complete", !bench_interrupted(), "cpus",
					 (int)bench_cpus(), "mips", mips, "params", params(),
					 "metrics", result->metrics, "detail", result->detail);

		json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
		json_decref(root);
	} else {
		printf("%s: %s%s\n", program->name, *line ? line : "no result",
		       bench_interrupted() ? " (interrupted: results so far)" : "");
		json_decref(result->metrics);
		json_decref(result->detail);
	}
	fflush(stdout);
	return bench_interrupted() ? 1 : 0;
}

void bench_init(const struct bench_info *info, int argc, char **argv)
{
	program = info;
	parse_options(argc, argv);
	install_handlers();
	calibrate();
}
