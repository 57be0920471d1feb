/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reports of ends that the kernel forced: a file each, in the directory of --state-dir. At most
 * CCX_REPORTS files of CCX_REPORT_BYTES, mode 0600; the oldest make room.
 */
#ifndef CCX_REPORT_H
#define CCX_REPORT_H

#include "ccx/error.h"
#include "stats.h"

#define CCX_REPORTS		16
#define CCX_REPORT_BYTES	(64 * 1024)

/*
 * Makes the directory if there is none (mode 0700; its parent must exist) and opens it: reports go
 * there even if the path comes to mean something else. A file descriptor, or -errno.
 */
int ccx_report_open(const char *path, struct ccx_error *error);

/*
 * Writes why the kernel ended the scheduler, its dump, and the figures at that moment. The name of
 * the new file goes to `name`. -errno on failure; then no half a file is left.
 */
int ccx_report_save(int directory_fd, const struct ccx_exit *exit, const struct ccx_stats *stats,
		    char *name, size_t size, struct ccx_error *error);

#endif
