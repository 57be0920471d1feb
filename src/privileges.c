// SPDX-License-Identifier: GPL-2.0-only
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

/* The table of docs/operations.md. */
static const struct need {
	unsigned int capability;
	const char *name;
	bool required;	/* without it nothing can be loaded */
	bool serving;	/* effective while tasks are scheduled, too */
} needs[] = {
	{ CAP_BPF, "CAP_BPF", true, false },
	{ CAP_PERFMON, "CAP_PERFMON", true, false },
	/* memory that is mapped later is locked as well; the limit may be lower */
	{ CAP_IPC_LOCK, "CAP_IPC_LOCK", false, true },
};

#define NR_NEEDS (sizeof(needs) / sizeof(needs[0]))

const char *ccx_privileges_missing(void)
{
	size_t i;

	if (capng_get_caps_process())
		return needs[0].name;
	for (i = 0; i < NR_NEEDS; i++)
		if (needs[i].required &&
		    !capng_have_capability(CAPNG_EFFECTIVE, needs[i].capability))
			return needs[i].name;
	return NULL;
}

static int apply(capng_select_t set, struct ccx_error *error)
{
	int err;

	if (!capng_apply(set))
		return 0;
	err = errno ? -errno : -EPERM;
	return ccx_error_set(error, err, "cannot change capabilities: %s", strerror(-err));
}

/*
 * Whoever starts the program on a machine that is lost in work gives it real-time priority, or it
 * takes minutes to load. That is for this thread: dispatchers are ordinary tasks, scheduled by BPF.
 */
static void keep_priority(void)
{
	struct sched_param priority;
	int policy = sched_getscheduler(0);

	if (policy >= 0 && !sched_getparam(0, &priority))
		sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &priority);
}

int ccx_privileges_begin(struct ccx_error *error)
{
	bool had[NR_NEEDS], bounds;
	size_t i;
	int err;

	keep_priority();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return ccx_error_set(error, -errno, "cannot set no_new_privs: %s", strerror(errno));
	if (capng_get_caps_process())
		return ccx_error_set(error, -EIO, "cannot read capabilities");
	for (i = 0; i < NR_NEEDS; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, needs[i].capability);
	/* the bounding set matters to programs that are executed: none is, so it may stay */
	bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_ALL);
	for (i = 0; i < NR_NEEDS; i++)
		if (had[i]) {
			capng_update(CAPNG_ADD, CAPNG_PERMITTED, needs[i].capability);
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, needs[i].capability);
		}
	err = bounds ? apply(CAPNG_SELECT_BOUNDS, error) : 0;
	return err ? err : apply(CAPNG_SELECT_CAPS, error);
}

static int set_effective(bool raised, struct ccx_error *error)
{
	size_t i;

	if (capng_get_caps_process())
		return ccx_error_set(error, -EIO, "cannot read capabilities");
	for (i = 0; i < NR_NEEDS; i++) {
		bool wanted = (raised || needs[i].serving) &&
			      capng_have_capability(CAPNG_PERMITTED, needs[i].capability);

		capng_update(wanted ? CAPNG_ADD : CAPNG_DROP, CAPNG_EFFECTIVE,
			     needs[i].capability);
	}
	return apply(CAPNG_SELECT_CAPS, error);
}

int ccx_privileges_raise(struct ccx_error *error)
{
	return set_effective(true, error);
}

int ccx_privileges_lower(struct ccx_error *error)
{
	return set_effective(false, error);
}

int ccx_privileges_drop(void)
{
	if (capng_get_caps_process())
		return -EIO;
	capng_clear(CAPNG_SELECT_CAPS);
	return apply(CAPNG_SELECT_CAPS, NULL);
}
