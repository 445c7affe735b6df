/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of conf/: the rows of tbl/params.tbl as a table, and one value per row.
 */
#ifndef NZ_CONF_PRIV_H
#define NZ_CONF_PRIV_H

#include "base/arena.h"
#include "codec/yaml.h"
#include "conf/conf.h"

enum param_type { PT_STR, PT_PATH, PT_INT, PT_SIZE, PT_SPAN, PT_BOOL, PT_LIST };
enum param_program { PP_NEZUBAND = 1, PP_LCP = 2, PP_BOTH = 3 };

struct param {
	unsigned programs;
	const char *key;
	enum param_type type;
	const char *otherwise, *doc;
};

struct value {
	const char *text;          /* STR, PATH */
	int64_t number;            /* INT, SIZE, SPAN, BOOL */
	const struct ynode *tree;  /* LIST */
	bool given;
};

int conf_read_span(struct slice s, int64_t *ret); /* nanoseconds; E_SYNTAX, E_RANGE */
int conf_read_size(struct slice s, int64_t *ret); /* bytes */
void conf_write_span(int64_t v, struct buf *out);
void conf_write_size(int64_t v, struct buf *out);

#endif
