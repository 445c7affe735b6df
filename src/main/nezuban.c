/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban: the command line.  Finds the verb's row, sorts its arguments by the option rows, calls its
 * function.  `--help` at each level, `--man` and `--completion bash` print what packages install.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"
#include "main/cli/cli.h"

struct verb {
	const char *name;
	cli_fn *fn;
	const char *operands, *help;
};

struct opt {
	const char *verb, *name, *arg, *help;
};

static const struct verb verbs[] = {
#define VERB(name, fn, operands, help) { name, fn, operands, help },
#define OPT(verb, name, arg, help)
#include "tbl/verbs.tbl"
#undef VERB
#undef OPT
	{ NULL, NULL, NULL, NULL },
};

static const struct opt opts[] = {
#define VERB(name, fn, operands, help)
#define OPT(verb, name, arg, help) { verb, name, arg, help },
#include "tbl/verbs.tbl"
#undef VERB
#undef OPT
	{ NULL, NULL, NULL, NULL },
};

struct given {
	const struct opt *opt;
	const char *value;
};

struct cli {
	const struct verb *verb;
	VEC(struct given) given;
	VEC(const char *) operands;
};

static const struct opt *
opt_find(const struct verb *v, const char *name)
{
	for (const struct opt *o = opts; o->name != NULL; o++)
		if (strcmp(o->verb, v->name) == 0 && strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

bool
cli_has(const struct cli *c, const char *option)
{
	return cli_opt_at(c, option, 0) != NULL;
}

const char *
cli_opt(const struct cli *c, const char *option, const char *otherwise)
{
	const char *v = cli_opt_at(c, option, 0);

	return v != NULL ? v : otherwise;
}

const char *
cli_opt_at(const struct cli *c, const char *option, int i)
{
	must(opt_find(c->verb, option) != NULL);
	for (size_t k = 0; k < c->given.n; k++)
		if (strcmp(c->given.v[k].opt->name, option) == 0 && i-- == 0)
			return c->given.v[k].value;
	return NULL;
}

int
cli_operands(const struct cli *c)
{
	return (int)c->operands.n;
}

const char *
cli_operand(const struct cli *c, int i)
{
	return i >= 0 && (size_t)i < c->operands.n ? c->operands.v[i] : NULL;
}

const char *
cli_wanted(const struct cli *c)
{
	return c->verb->operands;
}

static void
complain(const struct cli *c, const char *fmt, va_list ap)
{
	fprintf(stderr, "nezuban %s: ", c->verb->name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int
cli_usage(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(c, fmt, ap);
	va_end(ap);
	fprintf(stderr, "try: nezuban %s --help\n", c->verb->name);
	return CLI_USAGE;
}

int
cli_could_not(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(c, fmt, ap);
	va_end(ap);
	return CLI_COULD_NOT;
}

static void
help_all(FILE *out)
{
	fputs("usage: nezuban VERB [OPTIONS] [OPERANDS]\n\n", out);
	for (const struct verb *v = verbs; v->name != NULL; v++)
		fprintf(out, "  %-12s %s\n", v->name, v->help);
	fputs("\nnezuban VERB --help tells more. Exit codes: 0 done, 1 found problems, 2 usage, 3 could not.\n", out);
}

static void
help_verb(const struct verb *v, FILE *out)
{
	fprintf(out, "usage: nezuban %s [OPTIONS] %s\n\n%s\n\n", v->name, v->operands, v->help);
	for (const struct opt *o = opts; o->name != NULL; o++)
		if (strcmp(o->verb, v->name) == 0) {
			char left[48];

			snprintf(left, sizeof left, "%s %s", o->name, o->arg);
			fprintf(out, "  %-26s %s\n", left, o->help);
		}
}

static void
print_man(void)
{
	puts(".TH NEZUBAN 1\n.SH NAME\nnezuban \\- command line of the Nezuban security service\n"
	     ".SH SYNOPSIS\n.B nezuban\n.I VERB\n[OPTIONS] [OPERANDS]\n.SH VERBS");
	for (const struct verb *v = verbs; v->name != NULL; v++) {
		printf(".SS %s %s\n%s.\n", v->name, v->operands, v->help);
		for (const struct opt *o = opts; o->name != NULL; o++)
			if (strcmp(o->verb, v->name) == 0)
				printf(".TP\n.B \\%s %s\n%s\n", o->name, o->arg, o->help);
	}
	puts(".SH EXIT STATUS\n0 done, 1 found problems, 2 usage, 3 could not.");
}

static void
print_completion(void)
{
	puts("_nezuban() {\n  local cur=\"${COMP_WORDS[COMP_CWORD]}\" words\n  case \"$COMP_CWORD:${COMP_WORDS[1]}\" in");
	fputs("  1:*) words=\"", stdout);
	for (const struct verb *v = verbs; v->name != NULL; v++)
		printf("%s ", v->name);
	puts("\" ;;");
	for (const struct verb *v = verbs; v->name != NULL; v++) {
		printf("  *:%s) words=\"--help", v->name);
		for (const struct opt *o = opts; o->name != NULL; o++)
			if (strcmp(o->verb, v->name) == 0)
				printf(" %s", o->name);
		puts("\" ;;");
	}
	puts("  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -F _nezuban nezuban");
}

static const char *
near_option(const struct verb *v, const char *word)
{
	const char *names[64];
	size_t n = 0;

	for (const struct opt *o = opts; o->name != NULL && n < 64; o++)
		if (strcmp(o->verb, v->name) == 0)
			names[n++] = o->name;
	return near_word(slice_str(word), names, n);
}

/* "--x=v", "--x v", flags. An argument text ending in "…" takes every following operand-like word. */
static int
take_option(struct cli *c, int argc, char **argv, int *i)
{
	char name[64];
	const char *word = argv[*i], *eq = strchr(word, '='), *near;
	const struct opt *o;

	snprintf(name, sizeof name, "%.*s", eq != NULL ? (int)(eq - word) : (int)strlen(word), word);
	o = opt_find(c->verb, name);
	if (o == NULL) {
		near = near_option(c->verb, name);
		return cli_usage(c, "unknown option %s%s%s", name, near != NULL ? "; did you mean " : "",
		                 near != NULL ? near : "");
	}
	if (o->arg[0] == '\0') {
		if (eq != NULL)
			return cli_usage(c, "%s takes no value", name);
		vec_push(&c->given, (struct given){ o, "" });
		return CLI_DONE;
	}
	if (eq == NULL && *i + 1 >= argc)
		return cli_usage(c, "%s wants %s", name, o->arg);
	vec_push(&c->given, (struct given){ o, eq != NULL ? eq + 1 : argv[++*i] });
	return CLI_DONE;
}

static int
sort_arguments(struct cli *c, int argc, char **argv)
{
	static char output_long[] = "--output";
	bool only_operands = false;
	int r;

	for (int i = 2; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
		} else if (!only_operands && strcmp(argv[i], "--help") == 0) {
			help_verb(c->verb, stdout);
			return -1;
		} else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (strcmp(argv[i], "-o") == 0)
				argv[i] = output_long;
			if ((r = take_option(c, argc, argv, &i)) != CLI_DONE)
				return r;
		} else {
			vec_push(&c->operands, argv[i]);
		}
	}
	return CLI_DONE;
}

static int
no_such_verb(const char *word)
{
	const char *names[64], *near;
	size_t n = 0;

	for (const struct verb *v = verbs; v->name != NULL && n < 64; v++)
		names[n++] = v->name;
	near = near_word(slice_str(word), names, n);
	fprintf(stderr, "nezuban: unknown verb %s%s%s\n", word, near != NULL ? "; did you mean " : "",
	        near != NULL ? near : "");
	fputs("try: nezuban --help\n", stderr);
	return CLI_USAGE;
}

int
main(int argc, char **argv)
{
	struct cli c = { 0 };
	int r;

	if (argc < 2) {
		help_all(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0)
		return help_all(stdout), CLI_DONE;
	if (strcmp(argv[1], "--version") == 0)
		return puts("nezuban " NEZUBAN_VERSION), CLI_DONE;
	if (strcmp(argv[1], "--man") == 0)
		return print_man(), CLI_DONE;
	if (strcmp(argv[1], "--completion") == 0)
		return print_completion(), CLI_DONE;
	for (const struct verb *v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, argv[1]) == 0)
			c.verb = v;
	if (c.verb == NULL)
		return no_such_verb(argv[1]);
	r = sort_arguments(&c, argc, argv);
	if (r == CLI_DONE && c.verb->operands[0] == '\0' && c.operands.n != 0)
		r = cli_usage(&c, "unexpected word %s", c.operands.v[0]);
	if (r == CLI_DONE)
		r = c.verb->fn(&c);
	vec_fini(&c.given);
	vec_fini(&c.operands);
	return r < 0 ? CLI_DONE : r;
}
