/* Macros of libraries that cppcheck does not see (tools/lint): their shape is all that it needs. */
#define json_array_foreach(array, index, value)                                                    \
	for (index = 0; (value = json_array_get(array, index)); index++)
#define LIBBPF_OPTS(type, name, ...) struct type name = { __VA_ARGS__ }
