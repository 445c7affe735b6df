/* SPDX-License-Identifier: Apache-2.0
 *
 * Between desk.c and journal.c.
 */
#ifndef NZ_DESK_JOURNAL_PRIV_H
#define NZ_DESK_JOURNAL_PRIV_H

#include "desk/desk_priv.h"

#define JOURNAL_HASH 32

/* Of a row with facts: its record's digest, and its leaf of the chain. */
void journal_digests(struct slice record, struct slice facts, uint8_t ret_digest[JOURNAL_HASH], uint8_t ret_leaf[JOURNAL_HASH]);
void journal_append(struct cmd *c, const char *command);
/* Runs a command again with the random bytes it had, by the rules of its record; 0 or E_CORRUPT. */
int desk_apply_recorded(struct desk *d, const char *command, const struct desk_actor *who, const json_t *args, int64_t now,
                        const uint8_t rnd[16], int v);
/* `more` first, then the command (NULL = none), in one transaction. */
int desk_apply_more(struct desk *d, const char *command, const json_t *args, int64_t now, void (*more)(struct cmd *c, void *ctx),
                    void *ctx);

#endif
