/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys inside the desk, and first answers that are kept for a repeat.
 */
#ifndef NZ_DESK_APIKEY_PRIV_H
#define NZ_DESK_APIKEY_PRIV_H

#include "desk/desk_priv.h"

/* {"id","name"} of an actor "key/ID"; null when there is none. */
json_t *apikey_person(struct db *db, const char *user);

/* once.c. In the command's transaction: keeps the answer under the request's Idempotency-Key. */
void once_keep(struct cmd *c);

#endif
