/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/sqlq.h"

static void
put_escaped(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\'' || c == '\\') {
			buf_put_byte(out, '\\');
			buf_put_byte(out, (char)c);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\x%02x", c);
		} else {
			buf_put_byte(out, (char)c);
		}
	}
}

void
sqlq_string(struct buf *out, struct slice s)
{
	buf_put_byte(out, '\'');
	put_escaped(out, s);
	buf_put_byte(out, '\'');
}

/* LIKE reads a backslash of its own after the literal was read: two levels of escaping. */
void
sqlq_like_part(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		struct slice one = { s.p + i, 1 };

		if (*one.p == '%' || *one.p == '_' || *one.p == '\\')
			put_escaped(out, SL("\\"));
		put_escaped(out, one);
	}
}
