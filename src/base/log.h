/* SPDX-License-Identifier: Apache-2.0
 *
 * Our own log: a dotted stable name first, typed values after, one JSON object a line on standard
 * error.  Five levels.  Customers' log contents never appear here; hot paths count and never log.
 *
 *     log_warn("spool.full", kv_str("path", p), kv_u64("bytes", n));
 */
#ifndef NZ_BASE_LOG_H
#define NZ_BASE_LOG_H

#include <stdint.h>

#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_ALERT };

struct kv {
	const char *key; /* NULL ends the list */
	enum { KV_STR, KV_I64, KV_U64, KV_ERR } kind;
	union {
		struct slice s;
		int64_t i;
		uint64_t u;
	};
};

static inline struct kv
kv_slice(const char *key, struct slice v)
{
	return (struct kv){ .key = key, .kind = KV_STR, .s = v };
}

static inline struct kv
kv_str(const char *key, const char *v)
{
	return kv_slice(key, slice_str(v));
}

static inline struct kv
kv_i64(const char *key, int64_t v)
{
	return (struct kv){ .key = key, .kind = KV_I64, .i = v };
}

static inline struct kv
kv_u64(const char *key, uint64_t v)
{
	return (struct kv){ .key = key, .kind = KV_U64, .u = v };
}

/* A code from tbl/errors.tbl, written by its name. */
static inline struct kv
kv_err(int code)
{
	return (struct kv){ .key = "error", .kind = KV_ERR, .i = code };
}

void log_init(const char *program, enum log_level least); /* program: "lcp", "engine.0" */
void log_write(enum log_level level, const char *name, const struct kv *kvs);

#define LOG_(level, name, ...)                                                                     \
	log_write((level), (name), (const struct kv[]){ __VA_ARGS__ __VA_OPT__(, ) { .key = NULL } })
#define log_debug(name, ...) LOG_(LOG_DEBUG, name __VA_OPT__(, ) __VA_ARGS__)
#define log_info(name, ...) LOG_(LOG_INFO, name __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(name, ...) LOG_(LOG_WARN, name __VA_OPT__(, ) __VA_ARGS__)
#define log_error(name, ...) LOG_(LOG_ERROR, name __VA_OPT__(, ) __VA_ARGS__)
#define log_alert(name, ...) LOG_(LOG_ALERT, name __VA_OPT__(, ) __VA_ARGS__)

#endif
