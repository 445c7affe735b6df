/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line as a client of the running service: the API over its local socket (web.socket), where
 * the kernel says who we are.  One request at a time, answers read whole.
 */
#ifndef NZ_MAIN_CLI_CLIENT_H
#define NZ_MAIN_CLI_CLIENT_H

#include <jansson.h>

#include "base/buf.h"

/* --socket of the verb, $NEZUBAN_SOCKET, or the default below the data folder. */
const char *client_socket(const char *option);
/* Appends name=value (encoded) to a path, with ? or &. value NULL: nothing. */
void client_query(struct buf *path, const char *name, const char *value);
/* method and path ("/api/v1/…"); body may be NULL. 0 and the status and JSON (NULL when there is none), or
 * E_IO with a text in err. */
int client_call(const char *socket, const char *method, const char *path, const json_t *body, long *ret_status,
                json_t **ret, struct buf *err);

#endif
