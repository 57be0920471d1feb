// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a text well-formed XML, of the simple kind that hwloc writes?
 *
 * hwloc's own parser is lenient and recursive: it leaks objects of a file that was cut off, takes
 * some broken files for whole, and a file of nothing but opening tags overflows its stack. It is
 * given only what passes here; and a person is told the line where a file is broken.
 */
#include <ctype.h>
#include <errno.h>

#include "topology/internal.h"

#define MAX_DEPTH 64 /* the deepest machines nest a dozen objects */

struct scanner {
	const char *name; /* of the file */
	const char *start;
	const char *at;
	struct tag {
		const char *name;
		size_t length;
	} open[MAX_DEPTH];
	uint32_t depth;
	struct ccx_error *error;
};

static int fail(const struct scanner *scanner, const char *what)
{
	uint32_t line = 1;

	for (const char *p = scanner->start; p < scanner->at; p++)
		line += *p == '\n';
	return ccx_error_set(scanner->error, -EINVAL,
			     "%.300s is no hwloc XML topology: line %u: %s", scanner->name, line,
			     what);
}

static void skip_spaces(struct scanner *scanner)
{
	while (isspace((unsigned char)*scanner->at))
		scanner->at++;
}

/* The length of a name at the scanner, which moves behind it. */
static size_t take_name(struct scanner *scanner)
{
	const char *first = scanner->at;

	while (isalnum((unsigned char)*scanner->at) ||
	       (*scanner->at && strchr("_-.:", *scanner->at)))
		scanner->at++;
	return scanner->at - first;
}

static int take_attribute(struct scanner *scanner)
{
	if (!take_name(scanner))
		return fail(scanner, "a tag is broken or cut off");
	if (scanner->at[0] != '=' || scanner->at[1] != '"')
		return fail(scanner, "an attribute has no value in double quotes");
	scanner->at += 2;
	scanner->at += strcspn(scanner->at, "\"<");
	if (*scanner->at != '"')
		return fail(scanner, "an attribute's value is broken or cut off");
	scanner->at++;
	return 0;
}

static int take_closing_tag(struct scanner *scanner)
{
	const struct tag *tag = &scanner->open[scanner->depth - 1];
	const char *name = ++scanner->at;
	size_t length = take_name(scanner);

	if (length != tag->length || strncmp(name, tag->name, length) || *scanner->at != '>')
		return fail(scanner, "a tag is closed that is not the last opened");
	scanner->at++;
	scanner->depth--;
	return 0;
}

static int take_opening_tag(struct scanner *scanner)
{
	struct tag tag = {.name = scanner->at};
	int ret;

	tag.length = take_name(scanner);
	if (!tag.length)
		return fail(scanner, "a tag is broken or cut off");
	for (skip_spaces(scanner); *scanner->at != '>' && *scanner->at != '/';
	     skip_spaces(scanner)) {
		ret = take_attribute(scanner);
		if (ret)
			return ret;
	}
	if (*scanner->at == '/') {
		if (*++scanner->at != '>')
			return fail(scanner, "a tag is broken or cut off");
	} else if (scanner->depth == MAX_DEPTH) {
		return fail(scanner, "objects are nested deeper than any machine's");
	} else {
		scanner->open[scanner->depth++] = tag;
	}
	scanner->at++;
	return 0;
}

int ccx_xml_check(const char *name, const char *text, const char *topology, struct ccx_error *error)
{
	struct scanner scanner = {.name = name, .start = text, .at = topology, .error = error};
	int ret = 0;

	do {
		scanner.at++; /* the '<' */
		ret = *scanner.at == '/' && scanner.depth ? take_closing_tag(&scanner)
							  : take_opening_tag(&scanner);
		if (ret)
			return ret;
		scanner.at += strcspn(scanner.at, "<");
		if (scanner.depth && !*scanner.at)
			return fail(&scanner, "the file is cut off");
	} while (scanner.depth);
	return *scanner.at ? fail(&scanner, "something follows the topology") : 0;
}
