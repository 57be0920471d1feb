// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"
#include "stats_text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "exit-"
#define SUFFIX ".txt"

int ccx_report_open(const char *path, struct ccx_error *error)
{
	int fd = -1;

	if (!mkdir(path, 0700) || errno == EEXIST)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* better said now than when there is something to save */
	if (fd < 0 || faccessat(fd, ".", W_OK, AT_EACCESS)) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return ccx_error_set(error, err, "cannot keep reports in %s: %s", path,
				     strerror(-err));
	}
	return fd;
}

static int is_report(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > strlen(PREFIX SUFFIX) && !strncmp(entry->d_name, PREFIX, strlen(PREFIX)) &&
	       !strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX);
}

/* The names are times: sorted, the oldest is first. */
static int make_room(int directory_fd)
{
	struct dirent **entries;
	int nr = scandirat(directory_fd, ".", &entries, is_report, alphasort), i, err = 0;

	if (nr < 0)
		return -errno;
	for (i = 0; i < nr; i++) {
		if (i <= nr - CCX_REPORTS && unlinkat(directory_fd, entries[i]->d_name, 0))
			err = -errno;
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* Figures last: the dump is at most half of a report, so what is cut off is the least. */
static char *compose(const struct ccx_exit *exit, const struct ccx_stats *stats, size_t *length)
{
	struct utsname kernel = { .release = "" };
	time_t now = time(NULL);
	struct tm utc;
	char when[32] = "", *text = NULL;
	FILE *file = open_memstream(&text, length);

	if (!file)
		return NULL;
	uname(&kernel);
	if (gmtime_r(&now, &utc))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	fprintf(file, "scx_ccx %s, Linux %s, %s, up %llu s\n\nreason: %s\nmessage: %s\n", CCX_VERSION,
		kernel.release, when, (unsigned long long)(stats->uptime_ns / 1000000000), exit->reason,
		exit->message);
	fprintf(file, "kind: %u\ncode: %lld\n\n%s\n\n", exit->kind, (long long)exit->code, exit->dump);
	ccx_stats_print(file, NULL, stats);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	if (*length > CCX_REPORT_BYTES)
		*length = CCX_REPORT_BYTES;
	return text;
}

/* Created anew or not at all: a link that waits under the name is not followed. */
static int create(int directory_fd, char *name, size_t size)
{
	struct timespec now;
	struct tm utc;
	char when[32];
	int fd;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &utc) || !strftime(when, sizeof(when), "%Y%m%dT%H%M%S", &utc))
		return -EOVERFLOW;
	snprintf(name, size, PREFIX "%s.%09ld" SUFFIX, when, now.tv_nsec);
	fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t done;

	while (length) {
		done = write(fd, text, length);
		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			text += done;
			length -= done;
		}
	}
	return fsync(fd) ? -errno : 0;
}

int ccx_report_save(int directory_fd, const struct ccx_exit *exit, const struct ccx_stats *stats,
		    char *name, size_t size, struct ccx_error *error)
{
	size_t length = 0;
	char *text = compose(exit, stats, &length);
	int err = text ? make_room(directory_fd) : -ENOMEM, fd = -1;

	if (!err) {
		fd = create(directory_fd, name, size);
		err = fd < 0 ? fd : write_all(fd, text, length);
	}
	if (fd >= 0) {
		close(fd);
		if (err)
			unlinkat(directory_fd, name, 0);
	}
	free(text);
	if (err)
		return ccx_error_set(error, err, "cannot save a report: %s", strerror(-err));
	return 0;
}
