// SPDX-License-Identifier: GPL-2.0-only
/* The few files of /sys that hwloc leaves out or reads differently in its versions. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "topology/internal.h"

/* No CPU has a capacity, rank or frequency (in kHz) beyond this: a broken or hostile file. */
#define MAX_NUMBER 20000000ul

/* Reads a short file; returns its length without the final newline, or -errno. */
static ssize_t read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, line, size - 1);
	close(fd);
	if (length < 0)
		return -EIO;
	line[length] = '\0';
	length = strcspn(line, "\n");
	line[length] = '\0';
	return length;
}

uint32_t ccx_sysfs_cpu_number(const char *root, uint32_t cpu, const char *name)
{
	char path[4096], line[64] = "", *end;
	unsigned long value;

	if (snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpu%u/%s", root, cpu, name) >=
	    (int)sizeof(path))
		return 0;
	if (read_line(path, line, sizeof(line)) <= 0 || line[0] < '0' || line[0] > '9')
		return 0;
	value = strtoul(line, &end, 10);
	if (*end || value > MAX_NUMBER)
		return 0;
	return value;
}

bool ccx_sysfs_cpulist(const char *root, const char *path, hwloc_bitmap_t out)
{
	char full[4096], line[4096];

	if (snprintf(full, sizeof(full), "%s/%s", root, path) >= (int)sizeof(full))
		return false;
	if (read_line(full, line, sizeof(line)) <= 0)
		return false;
	if (strspn(line, "0123456789,- ") != strlen(line))
		return false;
	return !hwloc_bitmap_list_sscanf(out, line);
}
