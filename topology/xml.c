// SPDX-License-Identifier: GPL-2.0-only
/* Reads an hwloc XML file, of which nothing is taken on trust. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topology/internal.h"

/* Reads a regular file into *text (NUL-terminated). */
static int read_file(const char *path, char **text, size_t *size, struct ccx_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t length = 0;
	int ret = 0;

	if (fd < 0)
		return ccx_error_set(error, errno == ENOENT ? -ENOENT : -EINVAL,
				     "cannot open topology source '%.300s': %s", path,
				     strerror(errno));
	if (fstat(fd, &st)) {
		ret = ccx_error_set(error, -EINVAL, "cannot read %s: %s", path, strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		ret = ccx_error_set(error, -EINVAL,
				    "%s is a directory, not an hwloc XML file; for a copy of a "
				    "machine's /sys and /proc say fsroot:%s",
				    path, path);
	} else if (!S_ISREG(st.st_mode)) {
		ret = ccx_error_set(error, -EINVAL, "%s is no regular file", path);
	} else if (st.st_size > CCX_TOPOLOGY_MAX_XML) {
		ret = ccx_error_set(error, -EINVAL,
				    "%s is no topology: %lld bytes are more than the %d that any "
				    "machine needs",
				    path, (long long)st.st_size, CCX_TOPOLOGY_MAX_XML);
	} else if (!st.st_size) {
		ret = ccx_error_set(error, -EINVAL, "%s is empty, not an hwloc XML file", path);
	} else {
		*text = malloc(st.st_size + 1);
		while (*text && length < (size_t)st.st_size) {
			ssize_t n = read(fd, *text + length, st.st_size - length);

			if (n <= 0)
				break;
			length += n;
		}
		if (*text)
			(*text)[length] = '\0';
		else
			ret = ccx_error_set(error, -ENOMEM, "cannot read %s: out of memory", path);
		*size = length;
	}
	close(fd);
	return ret;
}

/* hwloc's own parser knows no comments, but people who write an XML do: blank them. */
static void blank_comments(char *text)
{
	char *start = text, *end;

	while ((start = strstr(start, "<!--")) && (end = strstr(start + 4, "-->"))) {
		memset(start, ' ', end + 3 - start);
		start = end + 3;
	}
}

static int load_buffer(const char *text, size_t size, hwloc_topology_t *out,
		       struct ccx_error *error)
{
	int ret = ccx_source_new(out, error);

	if (ret)
		return ret;
	/* hwloc wants the length with the NUL. */
	if (size < INT_MAX && !hwloc_topology_set_xmlbuffer(*out, text, size + 1) &&
	    !hwloc_topology_load(*out))
		return 0;
	hwloc_topology_destroy(*out);
	*out = NULL;
	return -EINVAL;
}

/*
 * hwloc before 2.10 refuses the format's version 3, which differs from 2 in what this library
 * does not need. Returns true if the text was changed.
 */
static bool downgrade(char *topology)
{
	static const char head[] = "<topology version=\"3.";

	if (strncmp(topology, head, strlen(head)))
		return false;
	topology[strlen(head) - 2] = '2';
	return true;
}

char *ccx_xml_prepare(const char *name, char *text, size_t size, struct ccx_error *error)
{
	char *topology = NULL;

	/* hwloc's parser reads text, and so do the searches here: a NUL would hide the rest. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the file's text, never NULL */
	if (!memchr(text, '\0', size)) {
		blank_comments(text);
		/* What stands before, hwloc skips only in the form that it writes itself. */
		topology = strstr(text, "<topology ");
	}
	if (!topology)
		ccx_error_set(error, -EINVAL, "%.300s is no hwloc XML topology", name);
	else if (ccx_xml_check(name, text, topology, error))
		topology = NULL;
	return topology;
}

int ccx_source_open_xml_buffer(const char *name, char *text, size_t size, hwloc_topology_t *out,
			       struct ccx_error *error)
{
	char *topology = ccx_xml_prepare(name, text, size, error);
	int ret;

	*out = NULL;
	if (!topology)
		return -EINVAL;
	size -= topology - text;
	ret = load_buffer(topology, size, out, error);
	if (ret == -EINVAL && downgrade(topology))
		ret = load_buffer(topology, size, out, error);
	if (ret == -EINVAL)
		return ccx_error_set(
		    error, -EINVAL,
		    "%.300s is no hwloc XML topology, or contradicts itself (write "
		    "one with: scx_ccx topology --format xml --output FILE)",
		    name);
	return ret;
}

int ccx_source_open_xml(const char *path, hwloc_topology_t *out, struct ccx_error *error)
{
	char *text _cleanup_free_ = NULL;
	size_t size = 0;
	int ret = read_file(path, &text, &size, error);

	return ret ? ret : ccx_source_open_xml_buffer(path, text, size, out, error);
}
