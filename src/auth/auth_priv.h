/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of auth.
 */
#ifndef NZ_AUTH_AUTH_PRIV_H
#define NZ_AUTH_AUTH_PRIV_H

#include "auth/auth.h"
#include "base/clock.h"

#define MINUTE (60 * NS_PER_S)

struct auth {
	struct db *db;
	struct auth_settings s;
};

void auth_random_text(char *out, size_t n);             /* n letters a-z 2-7 and a NUL */
void auth_hash_text(struct slice s, char ret[65]);      /* SHA-256, hex */

#endif
