/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/html.h"

#include <string.h>

#include "base/utf8.h"

void
html_text(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '<':
			buf_put_str(out, "&lt;");
			break;
		case '>':
			buf_put_str(out, "&gt;");
			break;
		case '&':
			buf_put_str(out, "&amp;");
			break;
		case '"':
			buf_put_str(out, "&quot;");
			break;
		case '\'':
			buf_put_str(out, "&#39;");
			break;
		case '\n':
			buf_put_str(out, "<br>\n");
			break;
		default:
			text_put_seen(out, &s);
			break;
		}
	}
}

void
text_put_seen(struct buf *out, const char **at)
{
	struct slice in = slice_of(*at, strnlen(*at, 4));
	uint32_t c;
	size_t n = utf8_next(in, &c);

	if (!(c >= 0x7f && c < 0xa0) && !utf8_turns(c))
		buf_put(out, in.p, n);
	*at += n - 1;
}
