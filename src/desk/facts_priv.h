/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts: the part of a journal row that its tenant may read.  What a command found out and what the eight times
 * are made from; never what a person wrote.  A command tells facts while it runs, journal.c writes them.
 *
 *     {"at","cmd","seq","tenant","nth",   of every row; nth counts the rows of the tenant from 1
 *      "detections":[{"key","first","lcp","soc"}],            detections.add: what became part of a candidate
 *      "opened":[candidate], "merged":[[from, into]],         a person looked at it first; it flowed into another
 *      "incidents":[{"id", …times that were set}]}            nanoseconds UTC; null: not any more
 *
 * A decision's row names the candidate, the keys of its detections, and which of them came first.
 */
#ifndef NZ_DESK_FACTS_PRIV_H
#define NZ_DESK_FACTS_PRIV_H

#include "desk/desk_priv.h"

/* Takes value over. */
void fact_add(struct cmd *c, const char *list, json_t *value);
/* One time of one incident. */
void fact_time(struct cmd *c, const char *incident, const char *name, int64_t at);
/* A person looked at the candidate: the first one counts. */
void case_opened(struct cmd *c, const char *candidate);
/* It rang at the customer: the first time counts. */
void incident_rang(struct cmd *c, const char *incident, int64_t at);
/* The row of a decision. */
void fact_decision(struct cmd *c, const char *incident);
/* The facts of this row as text, sorted. Heap. */
char *facts_text(struct cmd *c, const char *command);

#endif
