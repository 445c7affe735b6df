/* SPDX-License-Identifier: Apache-2.0
 *
 * Verbs that speak to the running service: HTTP over its local socket (web.socket, only for root and the
 * service's own user), by libcurl.  Where the socket is: --socket, else NEZUBAN_SOCKET, else /var/lib/nezuban/api.sock.
 */
#ifndef NZ_MAIN_CLI_REMOTE_H
#define NZ_MAIN_CLI_REMOTE_H

#include <jansson.h>

#include "base/buf.h"
#include "main/cli/cli.h"

struct remote_answer {
	long status;
	json_t *body; /* NULL for none; the caller's */
};

/* body is borrowed, may be NULL. CLI_DONE whatever the status; CLI_COULD_NOT (told) when nobody answered. */
int remote_call(const struct cli *c, const char *method, const char *path, const json_t *body, struct remote_answer *ret);
/* The same, and problems are told: 2xx CLI_DONE, 404/409/422 CLI_PROBLEMS, others CLI_COULD_NOT. *ret_body may be NULL. */
int remote_do(const struct cli *c, const char *method, const char *path, const json_t *body, json_t **ret_body);
/* Path with one part escaped: "/api/v1/incidents/%s". Heap. */
char *remote_path(const char *fmt, const char *part);
/* Appends name=value, escaped, to a path, with ? or &. */
void remote_query(struct buf *path, const char *name, const char *value);
/* GET of a file: its bytes; a problem is told as by remote_do. */
int remote_file(const struct cli *c, const char *path, struct buf *out);
void remote_print_json(const json_t *o);
/* One text and its end of line; what a terminal obeys and jansson writes as it is (DEL, C1, marks that turn the writing), as escapes. */
void remote_print_json_as(const json_t *o, size_t flags);
/* Text of a (nested) key for a table: "name.en", "calls.0.outcome"; a list of texts with blanks between; "" when absent. */
const char *remote_text(const json_t *o, const char *dotted, char *scratch, size_t n);
/* A stranger's text on a terminal, at most so many bytes: what moves the cursor or turns the writing round becomes '?'. */
void remote_print_text(struct slice text, size_t most);
/* One line per item, columns "title=dotted.key"; NULL-ended. */
void remote_print_table(const json_t *items, const char *const *columns);
/* GET of a list: its items as a table, or as JSON with --json. */
int remote_list(struct cli *c, const char *path, const char *const *columns);

#endif
