// SPDX-License-Identifier: GPL-2.0
/*
 * The longest time that a dict's lock is held while it grows to a million
 * entries: the function that runs under the lock, kshare_dict_set(), is traced
 * with the function graph tracer, which notes its duration.
 */
#include "bench.h"

#define TRACING	"/sys/kernel/tracing/"
#define ENTRIES	1000000

static bool trace_write(const char *file, const char *text)
{
	char path[100];
	bool good;
	int trace;

	snprintf(path, sizeof(path), TRACING "%s", file);
	trace = open(path, O_WRONLY | O_TRUNC);
	good = trace >= 0 && write(trace, text, strlen(text)) == (ssize_t)strlen(text);
	if (trace >= 0)
		close(trace);
	return good;
}

/* The largest duration in the trace, in microseconds. */
static double trace_longest(void)
{
	FILE *f = fopen(TRACING "trace", "r");
	double us, longest = 0;
	char line[300], *p;

	while (f && fgets(line, sizeof(line), f)) {
		p = strstr(line, " us ");
		if (!p)
			continue;
		while (p > line && p[-1] != ' ')
			p--;
		us = strtod(p, NULL);
		if (us > longest)
			longest = us;
	}
	if (f)
		fclose(f);
	return longest;
}

int main(void)
{
	uint32_t dict, i, entries = bench_loops(ENTRIES);
	double longest;
	char key[17];

	bench_open();
	if (!trace_write("set_ftrace_filter", "kshare_dict_set") ||
	    !trace_write("tracing_thresh", "1") ||
	    !trace_write("current_tracer", "function_graph")) {
		fprintf(stderr, "growth: this kernel has no function graph tracer\n");
		return 0;
	}
	dict = bench_create(KSHARE_TYPE_DICT);
	for (i = 0; i < entries; i++) {
		struct kshare_cmd cmd = bench_cmd(KSHARE_OP_DICT_SET, dict);

		snprintf(key, sizeof(key), "key-%012d", i);
		cmd.key = bench_str(key);
		cmd.value = bench_int(i);
		bench_run(cmd);
	}
	longest = trace_longest();
	trace_write("current_tracer", "nop");
	/* None was longer than the threshold: then it is no more than that. */
	if (!longest)
		longest = 1;
	bench_print("dict_growth_longest_hold", bench_icount() ? longest * 1000 : longest,
		    bench_icount() ? "instructions" : "us", "1000 us", longest / 1000, 1);
	return 0;
}
