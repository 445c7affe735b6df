/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors.  Functions return 0 or a negative code from tbl/errors.tbl.  Compilers of human text
 * (configuration, sources, rules, queries) fill a `struct why` as well: where, what was found, what was
 * wanted, the nearest good word.  `whys` collects all faults of a file; nobody stops at the first.
 */
#ifndef NZ_BASE_ERR_H
#define NZ_BASE_ERR_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/vec.h"

enum {
	ERR_ROW_BASE_ = 0,
#define ERR(name, text) ERR_ROW_##name,
#include "tbl/errors.tbl"
#undef ERR
};

enum err {
	E_OK = 0,
#define ERR(name, text) E_##name = -ERR_ROW_##name,
#include "tbl/errors.tbl"
#undef ERR
};

const char *err_name(int code); /* "CORRUPT"; "OK" for 0; "UNKNOWN" */
const char *err_text(int code);

enum why_level { WHY_ERROR, WHY_WARNING };

/* One fault in a text written by a person. Lines and columns count from 1; 0 = not known. */
struct why {
	enum why_level level;
	int code;           /* E_… */
	const char *id;     /* stable name such as "SIG-MOD-TYPE"; a string literal */
	char file[200];
	unsigned line, col;
	char found[240];    /* the offending text or what it is */
	char wanted[240];   /* what would have been right */
	char hint[120];     /* nearest good word or repair; may be empty */
};

struct whys {
	VEC(struct why) list;
	size_t errors;      /* how many of them are errors */
	size_t limit;       /* 0 = 1,000; further faults only count */
};

/* Adds one fault.  `found` and `wanted` are printf-made by why_text before; they are cut, not refused. */
struct why *whys_add(struct whys *ws, enum why_level level, int code, const char *id, const char *file,
                     unsigned line, unsigned col);
void why_found(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void why_wanted(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void why_hint(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void whys_fini(struct whys *ws);

/* "file:line:col: error[ID]: found …; wanted …; did you mean …" without a newline. */
void why_print(const struct why *w, struct buf *out);

/* The candidate nearest to word by edit distance (at most a third of its length), or NULL. */
const char *near_word(struct slice word, const char *const *words, size_t count);

#endif
