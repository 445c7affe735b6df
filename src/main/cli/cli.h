/* SPDX-License-Identifier: Apache-2.0
 *
 * Command line of `nezuban`.  One file per verb, one row per verb and option in tbl/verbs.tbl.
 * Exit codes: 0 done, 1 found problems, 2 usage, 3 could not.
 */
#ifndef NZ_MAIN_CLI_H
#define NZ_MAIN_CLI_H

#include "base/slice.h"

enum { CLI_DONE = 0, CLI_PROBLEMS = 1, CLI_USAGE = 2, CLI_COULD_NOT = 3 };

struct cli;

typedef int cli_fn(struct cli *c);

/* What was given: options of the verb's rows, then operands. */
bool cli_has(const struct cli *c, const char *option);              /* "--json" */
const char *cli_opt(const struct cli *c, const char *option, const char *otherwise);
/* Repeated or multi-valued options ("--rules DIR…"): the i-th, NULL past the end. */
const char *cli_opt_at(const struct cli *c, const char *option, int i);
int cli_operands(const struct cli *c);
const char *cli_operand(const struct cli *c, int i);                /* NULL past the end */
/* The operands of the verb's row, for messages. */
const char *cli_wanted(const struct cli *c);
/* Prints "nezuban VERB: …" and a pointer to --help on standard error; returns CLI_USAGE. */
int cli_usage(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints "nezuban VERB: …" on standard error; returns CLI_COULD_NOT. */
int cli_could_not(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define VERB(name, fn, operands, help) cli_fn fn;
#define OPT(verb, name, arg, help)
#include "tbl/verbs.tbl"
#undef VERB
#undef OPT

#endif
