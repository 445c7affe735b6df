/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/utf8.h"

static char program_name[48] = "nezuban";
static enum log_level least_level = LOG_INFO;

void
log_init(const char *program, enum log_level least)
{
	snprintf(program_name, sizeof program_name, "%s", program);
	least_level = least;
}

static void
put_json_string(struct buf *b, struct slice s)
{
	auto_buf struct buf clean = { 0 };

	utf8_repair(&clean, s);
	buf_put_byte(b, '"');
	for (size_t i = 0; i < clean.n; i++) {
		unsigned char c = (unsigned char)clean.p[i];

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_put_byte(b, (char)c);
	}
	buf_put_byte(b, '"');
}

static void
put_value(struct buf *b, const struct kv *kv)
{
	switch (kv->kind) {
	case KV_STR:
		put_json_string(b, kv->s);
		break;
	case KV_I64:
		buf_printf(b, "%lld", (long long)kv->i);
		break;
	case KV_U64:
		buf_printf(b, "%llu", (unsigned long long)kv->u);
		break;
	case KV_ERR:
		put_json_string(b, slice_str(err_name((int)kv->i)));
		break;
	}
}

void
log_write(enum log_level level, const char *name, const struct kv *kvs)
{
	static const char *const levels[] = { "debug", "info", "warn", "error", "alert" };
	auto_buf struct buf b = { 0 };
	int saved = errno;
	char when[40];

	if (level < least_level)
		return;
	time_format_rfc3339(when, clock_now(clock_real()), 6);
	buf_printf(&b, "{\"ts\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"pid\":%d,\"msg\":\"%s\"", when,
	           levels[level], program_name, (int)getpid(), name);
	for (; kvs->key != NULL; kvs++) {
		buf_printf(&b, ",\"%s\":", kvs->key);
		put_value(&b, kvs);
	}
	buf_put_str(&b, "}\n");
	/* One write, so that lines of several roles do not mix. Nowhere to report a failure to. */
	(void)!write(STDERR_FILENO, b.p, b.n);
	errno = saved;
}
