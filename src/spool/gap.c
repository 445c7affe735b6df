/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a gap record (R6): what was lost, how much, when, where, why.
 */
#include "base/clock.h"
#include "spool/spool.h"

static void
put_text(struct buf *out, const char *s)
{
	buf_put_byte(out, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_put_byte(out, '\\');
		buf_put_byte(out, c < 0x20 || c > 0x7e ? '?' : (char)c);
	}
	buf_put_byte(out, '"');
}

static void
put_time(struct buf *out, const char *key, int64_t ns)
{
	char when[40];

	if (ns == 0)
		return;
	time_format_rfc3339(when, ns, 3);
	buf_printf(out, ",\"%s\":\"%s\"", key, when);
}

void
spool_gap_json(struct buf *out, const char *reason, uint64_t count, const char *unit, int64_t from_ns, int64_t to_ns,
               const char *where)
{
	buf_put_str(out, "{\"nezuban\":\"gap\",\"reason\":");
	put_text(out, reason);
	buf_printf(out, ",\"count\":%llu,\"unit\":", (unsigned long long)count);
	put_text(out, unit);
	put_time(out, "from", from_ns);
	put_time(out, "to", to_ns);
	if (where != NULL) {
		buf_put_str(out, ",\"where\":");
		put_text(out, where);
	}
	buf_put_byte(out, '}');
}
