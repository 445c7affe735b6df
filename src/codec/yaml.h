/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML for everything people write: configuration, sources, rules, tests.  libfyaml (YAML 1.2) parses;
 * this turns its events into a plain tree in an arena, with line and column on every node, duplicate
 * keys refused, depth (64), nodes (1,000,000) and alias expansion bounded.
 *
 * Scalars stay text: `plain` tells whether quotes were absent, so 4688, yes and 1e3 mean what the
 * reader of that field decides, never what a loader guessed.
 */
#ifndef NZ_CODEC_YAML_H
#define NZ_CODEC_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum ykind { Y_SCALAR, Y_SEQ, Y_MAP };

struct ynode {
	enum ykind kind;
	bool plain;            /* scalar without quotes */
	unsigned line, col;    /* from 1 */
	struct slice text;     /* scalar; NUL-terminated in the arena */
	struct slice key;      /* when it is the value of a map entry */
	unsigned key_line, key_col;
	struct ynode *next;    /* sibling: next item or next entry */
	struct ynode *child;   /* first item or entry */
	unsigned count;
};

struct ydocs {
	struct ynode **v;      /* one root per document; NULL for an empty document */
	size_t n;
};

/* All documents of `text`. Faults go to ws with `file` as their name; 0, or E_SYNTAX when there was any
 * error (then *ret holds what could be read, possibly nothing). Everything lives in a. */
int yaml_parse(struct slice text, const char *file, struct arena *a, struct ydocs *ret, struct whys *ws);

const struct ynode *y_get(const struct ynode *map, struct slice key); /* NULL when absent or not a map */
/* Is it the null of the core schema: empty, ~, null, Null, NULL, without quotes? */
bool y_is_null(const struct ynode *n);
/* true/false of the core schema without quotes. */
bool y_bool(const struct ynode *n, bool *ret);
bool y_i64(const struct ynode *n, int64_t *ret); /* decimal, 0x, 0o; only without quotes */
bool y_double(const struct ynode *n, double *ret);
const char *y_kind_name(enum ykind k); /* "a value", "a list", "a map" */

#endif
