// SPDX-License-Identifier: GPL-2.0-only
/* Texts that all dumps share: Linux CPU lists and sizes. */
#include "topology/internal.h"

size_t ccx_cpulist_format(char *buffer, size_t size, const uint32_t *cpus, uint32_t nr_cpus)
{
	size_t length = 0;

	if (size)
		buffer[0] = '\0';
	for (uint32_t first = 0, last; first < nr_cpus; first = last + 1) {
		size_t room = length < size ? size - length : 0;
		const char *comma = first ? "," : "";

		for (last = first; last + 1 < nr_cpus && cpus[last + 1] == cpus[last] + 1;)
			last++;
		if (last > first)
			length += snprintf(room ? buffer + length : NULL, room, "%s%u-%u", comma,
					   cpus[first], cpus[last]);
		else
			length += snprintf(room ? buffer + length : NULL, room, "%s%u", comma,
					   cpus[first]);
	}
	return length;
}

const char *ccx_format_bytes(char *buffer, size_t size, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	double value = bytes;
	unsigned int unit = 0;

	while (unit < 3 && value >= 1024) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, size, "%.4g %s", value, units[unit]);
	return buffer;
}
