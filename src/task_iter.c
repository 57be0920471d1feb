// SPDX-License-Identifier: GPL-2.0-only
#include "task_iter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* As many as the kernel hands out at a time: it fills eight pages. */
#define RECORDS_AT_ONCE 409

static struct bpf_program *program_of(struct bpf_object *object)
{
	return object ? bpf_object__find_program_by_name(object, "ccx_list_tasks") : NULL;
}

void ccx_task_iter_prepare(struct bpf_object *object)
{
	struct bpf_program *program = program_of(object);

	/* without CONFIG_BPF_EVENTS; one program that is refused would cost the whole object */
	if (program && libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_TRACING, NULL) != 1)
		bpf_program__set_autoload(program, false);
}

/* The records of a stream, wherever the reads cut it. */
static int read_records(int fd, struct ccx_tasks *tasks)
{
	static struct ccx_task_record records[RECORDS_AT_ONCE];
	size_t used = 0, whole, i;
	ssize_t got;

	for (;;) {
		got = read(fd, (char *)records + used, sizeof(records) - used);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			break;
		used += got;
		whole = used / sizeof(records[0]);
		for (i = 0; i < whole; i++)
			ccx_tasks_add(tasks, &records[i]);
		used -= whole * sizeof(records[0]);
		memmove(records, &records[whole], used);
	}
	if (used)
		tasks->bad++;
	return got < 0 ? -errno : 0;
}

static int read_iterator(struct bpf_object *object, struct ccx_tasks *tasks)
{
	struct bpf_program *program = program_of(object);
	int link, fd, err;

	if (!program || bpf_program__fd(program) < 0)
		return -EOPNOTSUPP;
	link = bpf_link_create(bpf_program__fd(program), 0, BPF_TRACE_ITER, NULL);
	if (link < 0)
		return link;
	fd = bpf_iter_create(link);
	err = fd < 0 ? fd : read_records(fd, tasks);
	if (fd >= 0)
		close(fd);
	close(link);
	return err;
}

void ccx_task_iter_read(struct bpf_object *object, struct ccx_tasks *tasks)
{
	uint64_t began_ns = ccx_monotonic_ns();
	int err;

	ccx_tasks_begin(tasks);
	err = read_iterator(object, tasks);
	if (err)
		ccx_error_set(&tasks->error, err, "cannot list tasks: %s", strerror(-err));
	ccx_tasks_end(tasks);
	tasks->reading_ns = ccx_monotonic_ns() - began_ns;
}
