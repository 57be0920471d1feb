// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens a source: host, synthetic:DESCRIPTION, fsroot:DIRECTORY (XML is xml.c's).
 *
 * hwloc takes a file-system root, the choice of its components and its silence from the
 * environment only; it is changed around the load and put back.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "topology/internal.h"

/* An environment variable set for a scope. */
struct scoped_env {
	const char *name;
	char *before;
	bool active;
};

static struct scoped_env env_set(const char *name, const char *value)
{
	const char *before = getenv(name);
	struct scoped_env env = {.name = name, .before = before ? strdup(before) : NULL};

	env.active = !setenv(name, value, 1);
	return env;
}

static void env_restore(struct scoped_env *env)
{
	if (env->active && env->before)
		setenv(env->name, env->before, 1);
	else if (env->active)
		unsetenv(env->name);
	free(env->before);
}

#define _cleanup_env_ __attribute__((cleanup(env_restore)))

int ccx_source_new(hwloc_topology_t *out, struct ccx_error *error)
{
	*out = NULL;
	/* Errors are told in our own words; hwloc's lines on odd machines are of no use here. */
	setenv("HWLOC_HIDE_ERRORS", "2", 0);
	setenv("HWLOC_SHOW_ERRORS", "none", 0);
	if (hwloc_topology_init(out))
		return ccx_error_set(error, -ENOMEM, "cannot start hwloc: %s", strerror(errno));
	hwloc_topology_set_io_types_filter(*out, HWLOC_TYPE_FILTER_KEEP_NONE);
	hwloc_topology_set_type_filter(*out, HWLOC_OBJ_MISC, HWLOC_TYPE_FILTER_KEEP_NONE);
	/* The sizes of instruction caches tell big and small cores apart. */
	hwloc_topology_set_icache_types_filter(*out, HWLOC_TYPE_FILTER_KEEP_ALL);
	/* Kinds are those of the machine, also where a container sees only some of its CPUs. */
	hwloc_topology_set_flags(*out, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	return 0;
}

static int load(hwloc_topology_t hwloc, const char *what, struct ccx_error *error)
{
	if (hwloc_topology_load(hwloc))
		return ccx_error_set(error, -EINVAL, "hwloc cannot read %s: %s", what,
				     strerror(errno));
	return 0;
}

static int open_host(hwloc_topology_t *out, char **root, struct ccx_error *error)
{
	int ret = ccx_source_new(out, error);

	if (!ret)
		ret = load(*out, "this machine's topology", error);
	/* HWLOC_XMLFILE and its like make hwloc describe another machine than /sys does. */
	if (!ret && hwloc_topology_is_thissystem(*out)) {
		*root = strdup("");
		if (!*root)
			ret = ccx_error_set(error, -ENOMEM, "cannot read /sys: out of memory");
	}
	return ret;
}

/*
 * The number of CPUs a synthetic description asks for, before hwloc builds them: a level is
 * "type:count" or "count"; attributes are in (), memory attached to a level in [].
 */
static uint64_t count_synthetic(const char *description)
{
	uint64_t cpus = 1;
	const char *p = description;

	while (*p) {
		if (isspace((unsigned char)*p)) {
			p++;
		} else if (*p == '(' || *p == '[') {
			p += strcspn(p, *p == '(' ? ")" : "]");
			p += *p != '\0';
		} else {
			size_t length = strcspn(p, " \t\n([");
			const char *colon = memchr(p, ':', length);
			const char *number = colon ? colon + 1 : p;
			unsigned long count = strtoul(number, NULL, 0);

			if (isdigit((unsigned char)*number) && count)
				cpus = cpus > UINT32_MAX || count > UINT32_MAX ? UINT64_MAX / 2
									       : cpus * count;
			p += length;
		}
	}
	return cpus;
}

static int open_synthetic(const char *description, hwloc_topology_t *out, struct ccx_error *error)
{
	uint64_t cpus = count_synthetic(description);
	int ret;

	if (cpus > CCX_TOPOLOGY_MAX_SOURCED)
		return ccx_error_set(error, -EINVAL,
				     "synthetic topology '%.200s' has more than %d CPUs",
				     description, CCX_TOPOLOGY_MAX_SOURCED);
	ret = ccx_source_new(out, error);
	if (ret)
		return ret;
	if (hwloc_topology_set_synthetic(*out, description))
		return ccx_error_set(error, -EINVAL,
				     "'%.200s' is no synthetic topology that hwloc understands "
				     "(an example: synthetic:pack:1 l3:2 core:4 pu:2)",
				     description);
	return load(*out, "the synthetic topology", error);
}

static bool has_cpu_directory(const char *directory)
{
	char path[4096];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/sys/devices/system/cpu", directory) >=
	    (int)sizeof(path))
		return false;
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found =
		    !strncmp(entry->d_name, "cpu", 3) && isdigit((unsigned char)entry->d_name[3]);
	closedir(dir);
	return found;
}

static int open_fsroot(const char *directory, hwloc_topology_t *out, char **root,
		       struct ccx_error *error)
{
	struct scoped_env env_root _cleanup_env_ = {0}, env_components _cleanup_env_ = {0};
	struct stat st;
	int ret;

	if (stat(directory, &st))
		return ccx_error_set(error, errno == ENOENT ? -ENOENT : -EINVAL,
				     "cannot open file-system root %s: %s", directory,
				     strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return ccx_error_set(error, -EINVAL,
				     "%s is no directory; fsroot: takes an unpacked copy of a "
				     "machine's /sys and /proc",
				     directory);
	if (!has_cpu_directory(directory))
		return ccx_error_set(error, -EINVAL,
				     "%s is no file-system root: it has no CPU below "
				     "sys/devices/system/cpu",
				     directory);
	*root = strdup(directory);
	if (!*root)
		return ccx_error_set(error, -ENOMEM, "cannot read %s: out of memory", directory);
	env_root = env_set("HWLOC_FSROOT", directory);
	/* Nothing but the Linux component: CPUID would describe the machine we run on. */
	env_components = env_set("HWLOC_COMPONENTS", "linux,stop");
	ret = ccx_source_new(out, error);
	return ret ? ret : load(*out, directory, error);
}

static int open_source(const char *source, hwloc_topology_t *out, char **root,
		       struct ccx_error *error)
{
	int ret;

	*out = NULL;
	*root = NULL;
	if (!strcmp(source, "host"))
		ret = open_host(out, root, error);
	else if (!strncmp(source, "synthetic:", 10))
		ret = open_synthetic(source + 10, out, error);
	else if (!strncmp(source, "fsroot:", 7))
		ret = open_fsroot(source + 7, out, root, error);
	else
		ret = ccx_source_open_xml(source, out, error);
	if (ret) {
		if (*out)
			hwloc_topology_destroy(*out);
		free(*root);
		*out = NULL;
		*root = NULL;
	}
	return ret;
}

void ccx_source_exercise(hwloc_topology_t hwloc)
{
	char *text;
	int length;

	/* Ends the process if sets and levels contradict each other. */
	hwloc_topology_check(hwloc);
	if (!hwloc_topology_export_xmlbuffer(hwloc, &text, &length, 0))
		hwloc_free_xmlbuffer(hwloc, text);
	hwloc_topology_destroy(hwloc);
}

static int try_source(void *data)
{
	hwloc_topology_t hwloc;
	char *root;
	int ret = open_source(data, &hwloc, &root, NULL);

	if (!ret)
		ccx_source_exercise(hwloc);
	return ret;
}

int ccx_source_open(const struct ccx_topology_options *options, hwloc_topology_t *out, char **root,
		    struct ccx_error *error)
{
	const char *source = options->source ? options->source : "host";

	*out = NULL;
	*root = NULL;
	/* What hwloc builds of a synthetic description is its own; it takes as long as the load. */
	if (strcmp(source, "host") && strncmp(source, "synthetic:", 10)) {
		int ret = ccx_probe(try_source, (void *)source);

		if (ret == -EPROTO)
			return ccx_error_set(error, -EINVAL,
					     "%.300s contradicts itself or is too large: hwloc "
					     "fails to read it",
					     source);
		if (ret == -ENOMEM)
			return ccx_error_set(error, ret,
					     "cannot read %.300s: no memory, or no process to "
					     "check it in",
					     source);
	}
	return open_source(source, out, root, error);
}
