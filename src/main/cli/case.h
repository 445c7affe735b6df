/* SPDX-License-Identifier: Apache-2.0
 *
 * What the verbs `incident` and `candidate` have in common: one request for one case, made from options.
 */
#ifndef NZ_MAIN_CLI_CASE_H
#define NZ_MAIN_CLI_CASE_H

#include "main/cli/remote.h"

/* C-…, or an id of 26 letters; anything else is an incident's number. */
bool case_is_candidate(const char *id);
/* Sends body (borrowed, may be NULL) to fmt with id in it; prints the number of what the service answers, or all of it
 * with --json. Exit code. */
int case_send(struct cli *c, const char *method, const char *fmt, const char *id, const json_t *body);
/* `what` one of the acts below on a case; a word that is none is a fault of usage. Exit code. */
int case_act(struct cli *c, const char *what, const char *id, bool candidate);

#endif
