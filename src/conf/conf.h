/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration: /etc/nezuban/{nezuband,lcp}.yaml plus the .yaml files of conf.d beside it, checked against
 * tbl/params.tbl.  Strict: an unknown key, a wrong type or a value out of range is an error with
 * file:line:column and the nearest good word; with any error the old configuration stays.
 * Secrets are never values here, only names of files.
 */
#ifndef NZ_CONF_CONF_H
#define NZ_CONF_CONF_H

#include "base/err.h"
#include "base/slice.h"

struct conf;
struct ynode;

enum conf_program { CONF_NEZUBAND, CONF_LCP };

/* Reads path and its conf.d. On success *ret is new; on any error *ret is untouched and E_CONFIG comes. */
int conf_load(enum conf_program program, const char *path, struct conf **ret, struct whys *ws);
void conf_free(struct conf *c);

/* Values by dotted key; the key must be a row of params.tbl of that type (must). Defaults are filled in. */
const char *conf_str(const struct conf *c, const char *key);
int64_t conf_int(const struct conf *c, const char *key);     /* sizes in bytes, spans in nanoseconds */
bool conf_bool(const struct conf *c, const char *key);
/* The raw tree under a key of type LIST (listeners, devices, providers): checked by its owner, who
 * reports to ws. NULL when absent. */
const struct ynode *conf_tree(const struct conf *c, const char *key);
const char *conf_file(const struct conf *c); /* for messages */
/* `path` itself when absolute, else below the configuration's `data` folder; heap. */
char *conf_path(const struct conf *c, const char *key);
/* Every key with value, default and documentation, as YAML (config show). */
void conf_show(const struct conf *c, struct buf *out);

#endif
