/* SPDX-License-Identifier: Apache-2.0
 *
 * What role.c and parent.c share.
 */
#ifndef NZ_ROLE_FRAME_PRIV_H
#define NZ_ROLE_FRAME_PRIV_H

#include "role/role.h"

/* Does the table allow this type from `from` to `to`? */
bool msg_is_allowed(unsigned type, enum role_id from, enum role_id to);
/* Confines this process as its row of the table says. 0, or an error when the jail cannot be had. */
int frame_jail(const struct role_env *env);
/* Folders the roles own, made before they start, given to their users. */
int frame_folders(const struct conf *conf);
/* Certificate authority, ingest's certificate, signing key: made on the first start. */
int frame_keys(const struct conf *conf);

#endif
