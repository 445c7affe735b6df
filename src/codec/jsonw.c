/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jsonw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static bool
plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c < 0x7f;
}

static void
escape_byte(struct buf *out, unsigned char c)
{
	static const char two[] = "\b\t\n\f\r\"\\", name[] = "btnfr\"\\";
	const char *at = c != 0 ? strchr(two, c) : NULL;

	if (at != NULL) {
		buf_put_byte(out, '\\');
		buf_put_byte(out, name[at - two]);
	} else {
		buf_printf(out, "\\u%04x", c);
	}
}

static void
put_string(struct buf *out, struct slice s, bool no_nul)
{
	uint32_t c;

	buf_put_byte(out, '"');
	for (size_t i = 0; i < s.n;) {
		size_t run = i;

		while (run < s.n && plain((unsigned char)s.p[run]))
			run++;
		buf_put(out, s.p + i, run - i);
		i = run;
		if (i == s.n)
			break;
		if ((unsigned char)s.p[i] < 0x80 && !(no_nul && s.p[i] == '\0')) {
			escape_byte(out, (unsigned char)s.p[i++]);
			continue;
		}
		run = utf8_next(slice_sub(s, i, s.n), &c);
		if (run == 1)
			buf_put(out, "\xef\xbf\xbd", 3);
		else if (c < 0xa0 || utf8_turns(c))
			buf_printf(out, "\\u%04x", c); /* C1: a terminal obeys them */
		else
			buf_put(out, s.p + i, run);
		i += run;
	}
	buf_put_byte(out, '"');
}

void
jsonw_string(struct buf *out, struct slice s)
{
	put_string(out, s, false);
}

void
jsonw_text(struct buf *out, struct slice s)
{
	put_string(out, s, true);
}

void
jsonw_double(struct buf *out, double v)
{
	char text[40];

	if (!isfinite(v)) {
		buf_put_str(out, "null");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_put_str(out, text);
}

void
jsonw_comma(struct buf *out)
{
	char last = out->n != 0 ? out->p[out->n - 1] : '[';

	if (last != '{' && last != '[' && last != ':' && last != ',' && last != '\n')
		buf_put_byte(out, ',');
}

void
jsonw_key(struct buf *out, struct slice key)
{
	jsonw_comma(out);
	jsonw_string(out, key);
	buf_put_byte(out, ':');
}

void
jsonw_kv(struct buf *out, const char *key, struct slice value)
{
	jsonw_key(out, slice_str(key));
	jsonw_string(out, value);
}

void
jsonw_kv_text(struct buf *out, const char *key, struct slice value)
{
	jsonw_key(out, slice_str(key));
	jsonw_text(out, value);
}

void
jsonw_kv_str(struct buf *out, const char *key, const char *value)
{
	jsonw_kv(out, key, slice_str(value));
}

void
jsonw_kv_i64(struct buf *out, const char *key, int64_t v)
{
	jsonw_key(out, slice_str(key));
	buf_printf(out, "%lld", (long long)v);
}

void
jsonw_kv_bool(struct buf *out, const char *key, bool v)
{
	jsonw_key(out, slice_str(key));
	buf_put_str(out, v ? "true" : "false");
}
