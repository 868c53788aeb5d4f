// SPDX-License-Identifier: GPL-2.0
/* Programs as text, see program.h. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define BLANKS	"\n "

const char *const around_names[AROUND_END - AROUND_OPEN] = {
	"open", "bind", "map", "unmap", "flip", "poll", "shut", "ring", "reap", "unring",
	"signal", "kill", "fork", "exec", "query",
};

static const char *const door_names[DOORS] = {
	"ioctl", "batch", "run_on", "atomic", "ring", "ptr", "async",
};

static const char *const arg_names[ARG_TYPES] = {
	[KSHARE_NONE] = "none", [KSHARE_BOOL] = "bool", [KSHARE_INT] = "int",
	[KSHARE_UINT] = "uint", [KSHARE_FLOAT] = "float", [KSHARE_STR] = "str",
	[KSHARE_BYTES] = "bytes", [KSHARE_REF] = "ref", [KSHARE_ENCODED] = "encoded",
	[KSHARE_VECTOR] = "vector", [ARG_NUMBER] = "number", [ARG_FD] = "fd",
	[ARG_TICKET] = "ticket", [ARG_NAME] = "name", [ARG_CLASS] = "class",
	[ARG_MEMBERS] = "members", [ARG_TIME] = "time", [ARG_RAW] = "raw",
};

static const char *const place_names[PLACES] = {
	"good", "edge", "over", "read_only", "flip", "null", "kernel",
};

static int find(const char *name, const char *const *names, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -1;
}

static const char *op_name(__u32 op)
{
	const struct kshare_op_info *info;

	if (op >= AROUND_OPEN && op < AROUND_END)
		return around_names[op - AROUND_OPEN];
	info = fuzz_op(op);
	return info ? (const char *)info->name : "nop";
}

static int op_number(const char *name)
{
	unsigned int i;
	int n = find(name, around_names, AROUND_END - AROUND_OPEN);

	if (n >= 0)
		return AROUND_OPEN + n;
	for (i = 0; i < op_count; i++)
		if (!strncmp((const char *)ops[i].name, name, sizeof(ops[i].name)))
			return ops[i].op;
	return -1;
}

/* TYPE[:NUMBER][/LEN][@PLACE][!FLAGS][%CODEC] */
static void print_arg(const char *name, const struct arg *a, FILE *to)
{
	fprintf(to, " %s=%s", name, arg_names[a->type]);
	if (a->num)
		fprintf(to, a->num < 10000 ? ":%llu" : ":%#llx", a->num);
	if (a->len)
		fprintf(to, "/%u", a->len);
	if (a->place)
		fprintf(to, "@%s", place_names[a->place]);
	if (a->flags)
		fprintf(to, "!%u", a->flags);
	if (a->codec)
		fprintf(to, "%%%u", a->codec);
}

static int parse_arg(struct arg *a, char *text)
{
	char *end = text + strcspn(text, ":/@!%"), kind = *end, word[16];
	int n;

	memset(a, 0, sizeof(*a));
	*end = 0;
	n = find(text, arg_names, ARG_TYPES);
	if (n < 0)
		return -1;
	a->type = n;
	while (kind) {
		text = end + 1;
		switch (kind) {
		case ':':
			a->num = strtoull(text, &end, 0);
			break;
		case '/':
			a->len = strtoul(text, &end, 0);
			break;
		case '!':
			a->flags = strtoul(text, &end, 0);
			break;
		case '%':
			a->codec = strtoul(text, &end, 0);
			break;
		case '@':
			n = strcspn(text, ":/@!%");
			snprintf(word, sizeof(word), "%.*s", n, text);
			end = text + n;
			n = find(word, place_names, PLACES);
			if (n < 0)
				return -1;
			a->place = n;
			break;
		default:
			return -1;
		}
		kind = *end;
	}
	return 0;
}

static void print_line(const struct line *l, FILE *to)
{
	unsigned int i;

	fprintf(to, "%u%s %s%s %s", l->lane, l->nowait ? "&" : "", door_names[l->door],
		l->join ? "+" : "", op_name(l->op));
	if (l->handle != HANDLE_NONE)
		fprintf(to, l->handle & HANDLE_RAW ? " handle=%u" : " h%u",
			l->handle & ~HANDLE_RAW);
	if (l->flags)
		fprintf(to, " flags=%#x", l->flags);
	if (l->nr)
		fprintf(to, l->nr < 10000 ? " nr=%u" : " nr=%#x", l->nr);
	if (l->key.type)
		print_arg("key", &l->key, to);
	if (l->value.type)
		print_arg("value", &l->value, to);
	for (i = 0; i < l->vecs; i++)
		print_arg("-", &l->vec[i], to);
	if (l->expect.type)
		print_arg("expect", &l->expect, to);
	if (l->deadline)
		fprintf(to, " deadline=%d", l->deadline);
	if (l->tag)
		fprintf(to, " tag=%u", l->tag);
	if (l->out_len)
		fprintf(to, " out=%s/%u", place_names[l->out_place], l->out_len);
	if (l->wrong_by)
		fprintf(to, " wrong=%u/%u", l->wrong_at, l->wrong_by);
	if (l->slot)
		fprintf(to, " >%u", l->slot);
	fputc('\n', to);
}

static int parse_field(struct line *l, char *word)
{
	char *eq = strchr(word, '='), *slash;
	int n;

	if (*word == '>') {
		l->slot = strtoul(word + 1, NULL, 0) % HANDLES;
		return 0;
	}
	if (!eq) {
		l->handle = strtoul(word + 1, NULL, 0) % HANDLES;
		return *word == 'h' ? 0 : -1;
	}
	*eq++ = 0;
	if (!strcmp(word, "key"))
		return parse_arg(&l->key, eq);
	if (!strcmp(word, "value"))
		return parse_arg(&l->value, eq);
	if (!strcmp(word, "expect"))
		return parse_arg(&l->expect, eq);
	if (!strcmp(word, "-"))
		return l->vecs < MAX_VEC ? parse_arg(&l->vec[l->vecs++], eq) : -1;
	if (!strcmp(word, "handle")) {
		l->handle = strtoul(eq, NULL, 0) | HANDLE_RAW;
	} else if (!strcmp(word, "flags")) {
		l->flags = strtoul(eq, NULL, 0);
	} else if (!strcmp(word, "nr")) {
		l->nr = strtoul(eq, NULL, 0);
	} else if (!strcmp(word, "deadline")) {
		l->deadline = strtol(eq, NULL, 0);
	} else if (!strcmp(word, "tag")) {
		l->tag = strtoul(eq, NULL, 0);
	} else {
		slash = strchr(eq, '/');
		if (!slash)
			return -1;
		*slash++ = 0;
		if (!strcmp(word, "wrong")) {
			l->wrong_at = strtoul(eq, NULL, 0);
			l->wrong_by = strtoul(slash, NULL, 0);
			return 0;
		}
		n = find(eq, place_names, PLACES);
		if (strcmp(word, "out") || n < 0)
			return -1;
		l->out_place = n;
		l->out_len = strtoul(slash, NULL, 0);
	}
	return 0;
}

static int parse_line(struct line *l, char *text)
{
	char *save, *word = strtok_r(text, BLANKS, &save);
	int n;

	memset(l, 0, sizeof(*l));
	l->handle = HANDLE_NONE;
	l->lane = (unsigned char)*word - '0';
	l->nowait = word[1] == '&';
	word = strtok_r(NULL, BLANKS, &save);
	if (l->lane >= LANES || !word)
		return -1;
	n = strlen(word) - 1;
	l->join = word[n] == '+';
	if (l->join)
		word[n] = 0;
	n = find(word, door_names, DOORS);
	word = strtok_r(NULL, BLANKS, &save);
	if (n < 0 || !word)
		return -1;
	l->door = n;
	n = op_number(word);
	if (n < 0)
		return -1;
	l->op = n;
	while ((word = strtok_r(NULL, BLANKS, &save)))
		if (parse_field(l, word))
			return -1;
	return 0;
}

void program_print(const struct program *p, FILE *to)
{
	unsigned int i;

	for (i = 0; i < p->count; i++)
		print_line(&p->lines[i], to);
}

/* 0, or the number of the line that says nothing */
int program_parse(struct program *p, FILE *from)
{
	char text[4096];
	int n = 0;

	p->count = 0;
	while (fgets(text, sizeof(text), from)) {
		n++;
		if (*text == '#' || *text == '\n')
			continue;
		if (p->count == MAX_LINES || parse_line(&p->lines[p->count], text))
			return n;
		p->count++;
	}
	return 0;
}

/* Of its text: what says the same is the same. */
__u64 program_hash(const struct program *p)
{
	__u64 hash = 0xcbf29ce484222325ull;
	size_t len, i;
	char *text;
	FILE *f = open_memstream(&text, &len);

	program_print(p, f);
	fclose(f);
	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ull;
	free(text);
	return hash;
}
