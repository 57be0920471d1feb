// SPDX-License-Identifier: GPL-2.0-only
/* The list of latency-critical tasks: order, bounds, bad records, names of any bytes, JSON, text. */
#include "tests/unit/unit.h"

#include "ccx/abi.h"
#include "task_iter.h"
#include "tasks.h"

#define MS 1000000ULL
#define NOW_NS (1000 * MS)

static struct ccx_tasks tasks;

/* A task that ran last so long before NOW_NS. */
static struct ccx_task_record record(uint32_t pid, uint64_t ago_ns)
{
	return (struct ccx_task_record){
		.burst_ns = 1 * MS,
		.sleep_ns = 9 * MS,
		.started_ns = NOW_NS - ago_ns - 1,
		.stopped_ns = NOW_NS - ago_ns,
		.reader_ns = NOW_NS,
		.pid = pid,
		.tgid = pid,
		.flags = CCX_TASK_CRITICAL,
		.reason = CCX_REASON_MODERATE,
		.comm = "task",
	};
}

static struct ccx_task_record kernel_thread(uint32_t pid)
{
	struct ccx_task_record it = record(pid, 0);

	it.flags |= CCX_TASK_KTHREAD;
	it.reason = CCX_REASON_KERNEL;
	return it;
}

static int begin(void **state)
{
	(void)state;
	memset(&tasks, 0xa5, sizeof(tasks));
	ccx_tasks_begin(&tasks);
	return 0;
}

static void add(struct ccx_task_record it)
{
	ccx_tasks_add(&tasks, &it);
}

static json_t *json(void)
{
	json_t *root = json_object();

	ccx_tasks_json(&tasks, root);
	return root;
}

static json_t *first(const json_t *root)
{
	json_t *task = json_array_get(json_object_get(root, "tasks"), 0);

	assert_non_null(task);
	return task;
}

static long long number(const json_t *object, const char *name)
{
	assert_true(json_is_integer(json_object_get(object, name)));
	return json_integer_value(json_object_get(object, name));
}

/* What ccx_tasks_print() prints of them; the caller frees. */
static char *text_of(const json_t *root)
{
	size_t size;
	char *text;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	ccx_tasks_print(file, root);
	fclose(file);
	return text;
}

static uint32_t lines(const char *text)
{
	uint32_t nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

/* ---- order and bounds ---- */

static void most_recently_run_first(void **state)
{
	struct ccx_task_record running = record(4, 500 * MS), never = record(5, 0);

	(void)state;
	running.started_ns = running.stopped_ns + 1;
	never.started_ns = never.stopped_ns = 0;
	add(never);
	add(record(1, 20 * MS));
	add(record(2, 10 * MS));
	add(record(3, 30 * MS));
	add(running);
	ccx_tasks_end(&tasks);
	assert_int_equal(tasks.nr, 5);
	assert_int_equal(tasks.list[0].pid, 4);
	assert_int_equal(tasks.list[1].pid, 2);
	assert_int_equal(tasks.list[2].pid, 1);
	assert_int_equal(tasks.list[3].pid, 3);
	assert_int_equal(tasks.list[4].pid, 5);
}

static void kernel_threads_are_counted_unless_a_rule_names_them(void **state)
{
	struct ccx_task_record ruled = kernel_thread(3);

	(void)state;
	ruled.ruled = 1;
	ruled.reason = CCX_REASON_RULE;
	add(kernel_thread(1));
	add(ruled);
	add(kernel_thread(2));
	add(record(4, 900 * MS));
	ccx_tasks_end(&tasks);
	assert_int_equal(tasks.kernel_threads, 2);
	assert_int_equal(tasks.nr, 2);
	assert_int_equal(tasks.list[0].pid, 4);
	assert_int_equal(tasks.list[1].pid, 3);
}

/* Whatever order they come in, the 512 that stay are those that ran last. */
static void what_is_left_out_ran_longest_ago(void **state)
{
	const uint32_t nr = 5000;
	uint64_t seed = 7;
	uint32_t pids[5000], i, j, swap;

	(void)state;
	for (i = 0; i < nr; i++)
		pids[i] = i + 1;
	for (i = nr - 1; i > 0; i--) {
		j = unit_between(&seed, 0, i);
		swap = pids[i], pids[i] = pids[j], pids[j] = swap;
	}
	for (i = 0; i < nr; i++)
		add(record(pids[i], pids[i] * 1000ULL));
	ccx_tasks_end(&tasks);
	assert_int_equal(tasks.nr, CCX_MAX_TASKS);
	assert_int_equal(tasks.left_out, nr - CCX_MAX_TASKS);
	for (i = 0; i < CCX_MAX_TASKS; i++)
		assert_int_equal(tasks.list[i].pid, i + 1);
}

static void a_new_reading_forgets_the_one_before(void **state)
{
	(void)state;
	add(record(1, 0));
	add(kernel_thread(2));
	add(record(0, 0));
	ccx_tasks_end(&tasks);
	assert_true(*tasks.error.text);
	ccx_tasks_begin(&tasks);
	ccx_tasks_end(&tasks);
	assert_int_equal(tasks.nr + tasks.left_out + tasks.kernel_threads + tasks.bad, 0);
	assert_int_equal(*tasks.error.text, '\0');
}

/* ---- bad records ---- */

static void impossible_records_are_not_listed_but_told(void **state)
{
	struct ccx_task_record bad[5];
	json_t *root;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		bad[i] = record(10 + i, 0);
	bad[0].pid = 0;
	bad[1].tgid = 0;
	bad[2].domain = CCX_MAX_DOMAINS;
	bad[3].reason = CCX_NR_REASONS;
	bad[4].cpu = CCX_MAX_CPUS;
	for (i = 0; i < 5; i++)
		add(bad[i]);
	add(record(1, 0));
	ccx_tasks_end(&tasks);
	assert_int_equal(tasks.bad, 5);
	assert_int_equal(tasks.nr, 1);
	root = json();
	assert_true(json_is_string(json_object_get(root, "tasks_error")));
	text = text_of(root);
	assert_non_null(strstr(text, "tasks: 5 records"));
	assert_non_null(strstr(text, "       1        1 task"));
	free(text);
	json_decref(root);
}

static void any_bytes_make_a_document(void **state)
{
	uint64_t seed = 11;
	uint32_t i;
	json_t *root;
	char *text;

	(void)state;
	for (i = 0; i < 20000; i++) {
		struct ccx_task_record it;

		unit_fill(&seed, &it, sizeof(it));
		if (i % 2) { /* possible as far as that is checked */
			it.pid |= 1, it.tgid |= 1;
			it.domain %= CCX_MAX_DOMAINS, it.reason %= CCX_NR_REASONS;
			it.prefer %= CCX_PREFER_NONE;
			it.cpu %= CCX_MAX_CPUS;
		}
		add(it);
	}
	ccx_tasks_end(&tasks);
	root = json();
	assert_int_equal(json_array_size(json_object_get(root, "tasks")), CCX_MAX_TASKS);
	text = text_of(root);
	for (i = 0; text[i]; i++)
		assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	free(text);
	json_decref(root);
}

/* ---- JSON ---- */

static void the_fields_say_what_the_record_says(void **state)
{
	struct ccx_task_record it = record(21, 7 * MS);
	json_t *root, *task;
	double demand;

	(void)state;
	it.tgid = 20;
	it.cpu = 5;
	it.domain = 2;
	it.on_performance = 1;
	add(it);
	ccx_tasks_end(&tasks);
	root = json();
	task = first(root);
	assert_int_equal(number(task, "pid"), 21);
	assert_int_equal(number(task, "tgid"), 20);
	assert_string_equal(json_string_value(json_object_get(task, "comm")), "task");
	assert_int_equal(number(task, "domain"), 2);
	assert_int_equal(number(task, "cpu"), 5);
	assert_true(json_is_true(json_object_get(task, "critical")));
	assert_string_equal(json_string_value(json_object_get(task, "reason")), "moderate");
	assert_true(json_is_null(json_object_get(task, "die")));
	assert_true(json_is_null(json_object_get(task, "die_by")));
	demand = json_real_value(json_object_get(task, "demand"));
	assert_true(demand > 0.0999 && demand < 0.1001);
	assert_int_equal(number(task, "burst_us"), 1000);
	assert_int_equal(number(task, "sleep_us"), 9000);
	assert_true(json_is_false(json_object_get(task, "running")));
	assert_true(json_is_true(json_object_get(task, "on_performance")));
	assert_int_equal(number(task, "ran_ago_us"), 7000);
	assert_int_equal(number(root, "kernel_threads"), 0);
	assert_int_equal(number(root, "tasks_left_out"), 0);
	assert_true(json_is_null(json_object_get(root, "tasks_error")));
	json_decref(root);
}

static void what_is_not_known_is_null(void **state)
{
	struct ccx_task_record it = record(1, 0);
	json_t *root;

	(void)state;
	it.cpu = CCX_TASK_NO_CPU;
	it.started_ns = it.stopped_ns = 0;
	add(it);
	ccx_tasks_end(&tasks);
	root = json();
	assert_true(json_is_null(json_object_get(first(root), "cpu")));
	assert_true(json_is_null(json_object_get(first(root), "ran_ago_us")));
	json_decref(root);
}

static void demand_is_a_share(void **state)
{
	static const uint64_t values[] = { 0, 1, 1000, UINT64_MAX / 2, UINT64_MAX };
	size_t i, j;

	(void)state;
	for (i = 0; i < 5; i++)
		for (j = 0; j < 5; j++) {
			struct ccx_task_record it = record(1, 0);
			json_t *root;
			double demand;

			begin(NULL);
			it.burst_ns = values[i];
			it.sleep_ns = values[j];
			add(it);
			ccx_tasks_end(&tasks);
			root = json();
			demand = json_real_value(json_object_get(first(root), "demand"));
			assert_true(demand >= 0 && demand <= 1);
			/* never slept: it wants all it can get */
			assert_true(values[j] || demand == 1);
			json_decref(root);
		}
}

/* Nothing says what time it is but the records: the latest counts, none is in the future. */
static void without_the_readers_clock_the_latest_event_is_now(void **state)
{
	struct ccx_task_record early = record(1, 30 * MS), late = record(2, 10 * MS);
	json_t *root, *task;
	size_t i;

	(void)state;
	early.reader_ns = late.reader_ns = 0;
	add(early);
	add(late);
	ccx_tasks_end(&tasks);
	root = json();
	json_array_foreach(json_object_get(root, "tasks"), i, task)
		assert_int_equal(number(task, "ran_ago_us"), i * 20000);
	json_decref(root);
}

/* ---- names ---- */

static void names_of_any_bytes_become_utf_8(void **state)
{
	static const struct {
		char comm[16];
		const char *shown;
	} names[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "\xc3\xbc" "ber", "\xc3\xbc" "ber" },
		{ "\xff\xfe" "bad", "??bad" },
		{ "cut off here \xe2\x82", "cut off here ??" },
		{ "\xed\xa0\x80surrogate", "???surrogate" },
		{ "\xc0\xaf" "overlong", "??overlong" },
		{ "\x1b[2J\"\\\n", "\x1b[2J\"\\\n" },
		{ { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f' },
		  "0123456789abcdef" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ccx_task_record it = record(1, 0);
		json_t *root, *again;
		char *text;

		begin(NULL);
		memcpy(it.comm, names[i].comm, sizeof(it.comm));
		add(it);
		ccx_tasks_end(&tasks);
		root = json();
		/* what a client reads is what was meant, and what travels is printable */
		text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
		assert_non_null(text);
		assert_null(strpbrk(text, "\x1b\n"));
		again = json_loads(text, 0, NULL);
		assert_non_null(again);
		assert_string_equal(json_string_value(json_object_get(first(again), "comm")),
				    names[i].shown);
		json_decref(again);
		free(text);
		json_decref(root);
	}
}

static void a_name_does_not_steer_the_terminal(void **state)
{
	struct ccx_task_record it = record(1, 0);
	json_t *root;
	char *text;

	(void)state;
	memcpy(it.comm, "\x1b]0;\x07\x9b\x7f\xc2\x9b", 10);
	add(it);
	ccx_tasks_end(&tasks);
	root = json();
	text = text_of(root);
	assert_non_null(strstr(text, " ?]0;?????"));
	free(text);
	json_decref(root);
}

/* ---- text ---- */

static void the_table_is_short(void **state)
{
	uint32_t i;
	json_t *root;
	char *text;

	(void)state;
	for (i = 1; i <= 600; i++)
		add(record(i, i));
	add(kernel_thread(1000));
	ccx_tasks_end(&tasks);
	root = json();
	text = text_of(root);
	assert_non_null(strstr(text, "600 tasks"));
	assert_non_null(strstr(text, "1 kernel threads"));
	assert_non_null(strstr(text, "and 580 more\n"));
	assert_int_equal(lines(text), 2 + CCX_TASK_ROWS + 1);
	free(text);
	json_decref(root);
}

static void no_task_is_one_line(void **state)
{
	json_t *root;
	char *text;

	(void)state;
	ccx_tasks_end(&tasks);
	root = json();
	text = text_of(root);
	assert_int_equal(lines(text), 1);
	free(text);
	json_decref(root);
}

static const char *die_of(const struct ccx_task_record *it, const char *name)
{
	static char text[32];
	json_t *root;

	ccx_tasks_begin(&tasks);
	add(*it);
	ccx_tasks_end(&tasks);
	root = json();
	snprintf(text, sizeof(text), "%s",
		 json_string_value(json_object_get(first(root), name)) ?: "null");
	json_decref(root);
	return text;
}

static void the_die_and_who_says_so(void **state)
{
	struct ccx_task_record it = record(21, 7 * MS);
	json_t *root;
	char *text;

	(void)state;
	it.prefer = CCX_PREFER_CACHE;
	assert_string_equal(die_of(&it, "die"), "cache");
	assert_string_equal(die_of(&it, "die_by"), "measured");
	it.die_ruled = 1;
	assert_string_equal(die_of(&it, "die_by"), "rule");
	it.prefer = CCX_PREFER_AUTO; /* a rule says that it is kept on none */
	assert_string_equal(die_of(&it, "die"), "null");
	assert_string_equal(die_of(&it, "die_by"), "rule");

	it.prefer = CCX_PREFER_FREQUENCY;
	ccx_tasks_begin(&tasks);
	add(it);
	ccx_tasks_end(&tasks);
	root = json();
	text = text_of(root);
	assert_null(strstr(text, "frequency")); /* no such dies here, no column */
	free(text);
	json_object_set_new(root, "dies", json_object());
	text = text_of(root);
	assert_non_null(strstr(text, " die\n"));
	assert_non_null(strstr(text, " frequency*\n"));
	free(text);
	json_decref(root);
}

/* An older scheduler has no such fields; another one may have others. */
static void a_document_of_another_kind_is_no_harm(void **state)
{
	static const char *const documents[] = {
		"{}", "{\"tasks\": null}", "{\"tasks\": 7}", "{\"tasks\": [null, 7, [], {}]}",
		"{\"tasks\": [{\"comm\": 1, \"cpu\": \"x\", \"reason\": null, \"demand\": \"y\"}]}",
		"{\"tasks_error\": \"\\u001b[2J\"}",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		json_t *root = json_loads(documents[i], 0, NULL);
		char *text;

		assert_non_null(root);
		text = text_of(root);
		for (j = 0; text[j]; j++)
			assert_true(text[j] == '\n' || (text[j] >= ' ' && text[j] <= '~'));
		free(text);
		json_decref(root);
	}
}

/* ---- no iterator ---- */

static void without_an_iterator_one_line_says_so(void **state)
{
	json_t *root;
	char *text;

	(void)state;
	ccx_task_iter_prepare(NULL);
	ccx_task_iter_read(NULL, &tasks);
	root = json();
	assert_int_equal(json_array_size(json_object_get(root, "tasks")), 0);
	text = text_of(root);
	assert_non_null(strstr(text, "tasks: cannot list tasks: "));
	assert_int_equal(lines(text), 1);
	free(text);
	json_decref(root);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(most_recently_run_first),
		TEST(kernel_threads_are_counted_unless_a_rule_names_them),
		TEST(what_is_left_out_ran_longest_ago),
		TEST(a_new_reading_forgets_the_one_before),
		TEST(impossible_records_are_not_listed_but_told),
		TEST(any_bytes_make_a_document),
		TEST(the_fields_say_what_the_record_says),
		TEST(the_die_and_who_says_so),
		TEST(what_is_not_known_is_null),
		TEST(demand_is_a_share),
		TEST(without_the_readers_clock_the_latest_event_is_now),
		TEST(names_of_any_bytes_become_utf_8),
		TEST(a_name_does_not_steer_the_terminal),
		TEST(the_table_is_short),
		TEST(no_task_is_one_line),
		TEST(a_document_of_another_kind_is_no_harm),
		TEST(without_an_iterator_one_line_says_so),
	};

	return cmocka_run_group_tests_name("tasks", tests, NULL, NULL);
}
