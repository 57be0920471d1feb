/* SPDX-License-Identifier: GPL-2.0-only */
/* One error convention: functions return 0 or -errno and fill in one line a person can act on. */
#ifndef CCX_ERROR_H
#define CCX_ERROR_H

#include <stdarg.h>
#include <stdio.h>

struct ccx_error {
	char text[512];		/* what was tried, on what, and what to do; no newline */
};

/* Sets the text and returns `code` (a negative errno), so that callers can return its result. */
__attribute__((format(printf, 3, 4))) static inline int ccx_error_set(struct ccx_error *error,
								      int code, const char *format,
								      ...)
{
	va_list args;

	if (error) {
		va_start(args, format);
		vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
	}
	return code;
}

#endif
