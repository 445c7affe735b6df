/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/html.h"

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
			buf_put_byte(out, *s);
			break;
		}
	}
}
