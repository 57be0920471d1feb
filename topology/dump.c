// SPDX-License-Identifier: GPL-2.0-only
/* The dump's formats; XML is hwloc's own. */
#include <errno.h>

#include "topology/internal.h"

static const char *const format_names[] = {
    [CCX_DUMP_TEXT] = "text",
    [CCX_DUMP_JSON] = "json",
    [CCX_DUMP_SVG] = "svg",
    [CCX_DUMP_XML] = "xml",
};

int ccx_dump_format_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++)
		if (!strcmp(format_names[i], name))
			return i;
	return -EINVAL;
}

static int dump_xml(const struct ccx_topology *topology, FILE *file)
{
	unsigned long flags = 0;
	char *text = NULL;
	int length = 0, ret = 0;

#if HWLOC_API_VERSION >= 0x00030000
	/* Version 2 is what every hwloc in use can read. */
	flags = HWLOC_TOPOLOGY_EXPORT_XML_FLAG_V2;
#endif
	if (!topology->private->hwloc)
		return -ENOTSUP;
	if (hwloc_topology_export_xmlbuffer(topology->private->hwloc, &text, &length, flags))
		return errno ? -errno : -EIO;
	/* The length counts the terminating NUL. */
	if (length > 1 && fwrite(text, 1, length - 1, file) != (size_t)length - 1)
		ret = -EIO;
	hwloc_free_xmlbuffer(topology->private->hwloc, text);
	return ret;
}

int ccx_topology_dump_use(const struct ccx_topology *topology, enum ccx_dump_format format,
			  const struct ccx_topology_use *use, FILE *file)
{
	int ret = -EINVAL;

	errno = 0;
	switch (format) {
	case CCX_DUMP_TEXT:
		ret = ccx_dump_text(topology, use, file);
		break;
	case CCX_DUMP_JSON:
		ret = ccx_dump_json(topology, use, file);
		break;
	case CCX_DUMP_SVG:
		ret = ccx_dump_svg(topology, use, file);
		break;
	case CCX_DUMP_XML:
		ret = dump_xml(topology, file);
		break;
	}
	if (fflush(file) || (!ret && ferror(file)))
		ret = errno ? -errno : -EIO;
	return ret;
}

int ccx_topology_dump(const struct ccx_topology *topology, enum ccx_dump_format format, FILE *file)
{
	return ccx_topology_dump_use(topology, format, NULL, file);
}
