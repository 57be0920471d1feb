// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any text as an hwloc XML file, then every dump of what came of it.
 * The JSON must be JSON that jansson reads again.
 */
#include <errno.h>

#include <jansson.h>

#include "topology/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/*
 * Most blind mutations only break the XML. Three of four change what stands between two quotes, so
 * that the file stays well-formed and lies.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint8_t value[256],
	    *first = size ? memchr(data + seed % size, '"', size - seed % size) : NULL;
	uint8_t *last = first ? memchr(first + 1, '"', data + size - first - 1) : NULL;
	size_t length, changed;

	if (seed % 4 == 0 || !last || (length = last - first - 1) > sizeof(value) / 2)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(value, first + 1, length);
	changed = LLVMFuzzerMutate(value, length, sizeof(value));
	if (size - length + changed > max_size)
		return size;
	memmove(first + 1 + changed, last, data + size - last);
	memcpy(first + 1, value, changed);
	return size - length + changed;
}
static void check_dump(const struct ccx_topology *topology, enum ccx_dump_format format)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	json_t *root;
	int ret = ccx_topology_dump(topology, format, file);

	fclose(file);
	/* hwloc may refuse to write what it read; it must say so. */
	if (ret && format != CCX_DUMP_XML)
		abort();
	if (format == CCX_DUMP_JSON) {
		root = json_loads(text, 0, NULL);
		if (!root)
			abort();
		json_decref(root);
	}
	free(text);
}

struct input {
	char *text;
	size_t size;
};

/*
 * hwloc's own failures are not what is looked for: they end a child, as in real use, and so do the
 * objects that it leaks from a file that it refuses half-way.
 */
static int try_input(void *data)
{
	struct input *input = data;
	struct ccx_error error = {.text = ""};
	hwloc_topology_t hwloc;
	int ret = ccx_source_open_xml_buffer("fuzz", input->text, input->size, &hwloc, &error);

	if (!ret)
		ccx_source_exercise(hwloc);
	else if (!error.text[0] || strchr(error.text, '\n'))
		ret = -EBADMSG;
	return ret;
}

/* What the scheduler builds on: every CPU in one domain, no core in two, somebody the fastest. */
static void check_structure(const struct ccx_topology *topology)
{
	uint32_t cpus = 0, cores = 0, fastest = 0;

	for (uint32_t i = 0; i < topology->nr_domains; i++) {
		cpus += topology->domains[i].nr_cpus;
		cores += topology->domains[i].nr_cores;
		for (uint32_t n = 0; n < topology->domains[i].nr_cpus; n++) {
			uint32_t id = topology->domains[i].cpus[n];
			const struct ccx_cpu *cpu = ccx_topology_cpu(topology, id);

			if (!cpu || cpu->domain != i || !cpu->capacity)
				abort();
			fastest = cpu->capacity > fastest ? cpu->capacity : fastest;
		}
	}
	for (uint32_t i = 1; i < topology->nr_cpus; i++)
		for (uint32_t j = 0; j < i && topology->nr_cpus < 100; j++)
			if (topology->cpus[i].core == topology->cpus[j].core &&
			    (topology->cpus[i].domain != topology->cpus[j].domain ||
			     topology->cpus[i].kind != topology->cpus[j].kind))
				abort();
	if (cpus != topology->nr_cpus || cores != topology->nr_cores || fastest != CCX_CAPACITY_MAX)
		abort();
}

static void check_machine(struct input *input)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error = {.text = ""};
	hwloc_topology_t hwloc;

	options.max_domain_cpus = 1 + input->size % 20;
	if (ccx_source_open_xml_buffer("fuzz", input->text, input->size, &hwloc, &error))
		abort();
	if (ccx_topology_build("fuzz", &options, hwloc, NULL, &topology, &error)) {
		if (!error.text[0] || strchr(error.text, '\n'))
			abort();
		return;
	}
	check_structure(topology);
	for (int format = CCX_DUMP_TEXT; format <= CCX_DUMP_XML; format++)
		check_dump(topology, format);
	ccx_topology_free(topology);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.text = malloc(size + 1), .size = size};
	struct ccx_error error = {.text = ""};
	int ret;

	memcpy(input.text, data, size);
	input.text[size] = '\0';
	/* Most inputs end here, before a child must be made for them. */
	if (!ccx_xml_prepare("fuzz", input.text, size, &error)) {
		if (!error.text[0] || strchr(error.text, '\n'))
			abort();
		free(input.text);
		return 0;
	}
	ret = ccx_probe(try_input, &input);
	if (!ret)
		check_machine(&input);
	else if (ret == -EBADMSG)
		abort();
	free(input.text);
	return 0;
}
