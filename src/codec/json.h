/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON of log lines → flat dotted names, through simdjson's on-demand parser (json_shim.cpp).
 *
 *   {"a":{"b":1,"c":[true,"x"]}}  →  a.b = 1, a.c = true, a.c = x
 *
 * Objects inside arrays give their members one after the other under the same name.  Limits: depth 64,
 * 4096 members and elements altogether, line 1 MiB and a bit; what is past them is an error code, never a stack.
 * Numbers keep their text.  Strings without escapes are slices of the input; others live in the reader until its
 * next call (`copied`), so the callee must copy them.
 *
 * Two faults that an enemy can bring into a name are mended, for a line that cannot be read is a line that no rule sees: half a character
 * (\ud800 alone) becomes U+FFFD, control characters without escape are read.
 */
#ifndef NZ_CODEC_JSON_H
#define NZ_CODEC_JSON_H

#include <stdbool.h>

#include "base/slice.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JSON_DEPTH_MAX 64
#define JSON_FIELDS_MAX 4096
#define JSON_PATH_MAX 1024

enum json_kind { JSON_STRING, JSON_INT, JSON_DOUBLE, JSON_BOOL, JSON_NULL };

struct json_reader;

/* path and a copied text are valid during the call only. */
typedef void json_field_fn(void *ctx, struct slice path, enum json_kind kind, struct slice text, bool copied);

struct json_reader *json_reader_new(void);
void json_reader_free(struct json_reader *r); /* NULL is fine */
/* The text must be one object. 0, E_SYNTAX, E_DEPTH, E_LIMIT (too many members), E_TOOBIG, or E_CORRUPT when
 * it is not UTF-8. Fields before the fault were delivered. */
int json_flatten(struct json_reader *r, struct slice text, json_field_fn *fn, void *ctx);
bool json_was_mended(const struct json_reader *r); /* by the last call */

#ifdef __cplusplus
}
#endif

#endif
