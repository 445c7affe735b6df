/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON writer (RFC 8259) for the two hot views: events and our own records.  Reading JSON is
 * jansson's (API) and simdjson's (logs) work; this only writes, straight into a buf.
 * Commas are the writer's business: call the functions in document order.
 */
#ifndef NZ_CODEC_JSONW_H
#define NZ_CODEC_JSONW_H

#include "base/buf.h"
#include "base/slice.h"

/* A quoted string; control characters (DEL and C1 too) and marks that turn the writing escaped, invalid UTF-8 becomes U+FFFD. */
void jsonw_string(struct buf *out, struct slice s);
/* The same for readers whose strings end at a NUL (jansson refuses the whole document): it becomes U+FFFD too. */
void jsonw_text(struct buf *out, struct slice s);
/* Shortest text that reads back as the same double; NaN and infinities become null. */
void jsonw_double(struct buf *out, double v);

/* Puts ',' unless the last byte opens an object or array or ends a key, then "key": */
void jsonw_key(struct buf *out, struct slice key);
void jsonw_comma(struct buf *out);
void jsonw_kv(struct buf *out, const char *key, struct slice value);
void jsonw_kv_text(struct buf *out, const char *key, struct slice value);
void jsonw_kv_str(struct buf *out, const char *key, const char *value);
void jsonw_kv_i64(struct buf *out, const char *key, int64_t v);
void jsonw_kv_bool(struct buf *out, const char *key, bool v);

#endif
