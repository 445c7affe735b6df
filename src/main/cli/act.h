/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of a verb as rows: `nezuban maintenance end ID` is a method, a path and the options that make its body (or, with GET, its query).
 * What a row cannot say, the verb's own file does with act_body and act_tell.
 *
 *     spec: "!from !to tenant reason.ja=ja weekday#=weekday"     blank between options, named without their dashes
 *           !name      it has to be there
 *           name=key   its key in the body, dots go deeper; otherwise its own name
 *           name#      a whole number        name?  true when given        name+  a list, the option repeated
 *           name@      a text, "-" is standard input
 */
#ifndef NZ_MAIN_CLI_ACT_H
#define NZ_MAIN_CLI_ACT_H

#include "main/cli/remote.h"

struct act {
	const char *word;                /* NULL ends a table */
	const char *method, *path;       /* each "%s": the next operand behind the word */
	const char *spec;                /* NULL: no options */
	const char *const *columns;      /* GET of a list: its table; NULL: the answer is shown */
};

/* The verb's first operand chooses the row; an unknown one is a usage error that names what there is. */
int act_run(struct cli *c, const struct act *acts);
/* The body that the options say, an object, the caller's. CLI_DONE, or a usage error that was told and *ret untouched. */
int act_body(struct cli *c, const char *word, const char *spec, json_t **ret);
/* Sends body (taken over, may be NULL) and tells the answer: --json or GET all of it, otherwise its number or id, its state, and a secret that
 * is shown once. path as in a row, with at most one "%s". */
int act_tell(struct cli *c, const char *method, const char *path, const char *id, json_t *body);

#endif
