/* SPDX-License-Identifier: Apache-2.0
 *
 * Query → JSON.  The query says by its column names what the answer looks like, so that a view is its query:
 * "due_at:t" is a time (null for NULL), "held:b" a boolean, "tags:j" JSON text, and "name:2" begins two columns,
 * Japanese and English, which become {"ja","en"}.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/desk_priv.h"

void
time_text(int64_t ns, char ret[36])
{
	time_format_rfc3339(ret, ns, 3);
}

json_t *
time_json(int64_t ns)
{
	char t[36];

	if (ns == 0)
		return json_null();
	time_text(ns, t);
	return json_string(t);
}

char *
json_text(const json_t *j)
{
	char *s = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	must(s != NULL);
	return s;
}

json_t *
texts(const char *ja, const char *en)
{
	json_t *o = json_object();

	json_object_set_new(o, "ja", json_string(ja != NULL ? ja : ""));
	json_object_set_new(o, "en", json_string(en != NULL ? en : ""));
	return o;
}

bool
texts_get(const json_t *o, const char **ret_ja, const char **ret_en)
{
	const char *ja = json_string_value(json_object_get(o, "ja")), *en = json_string_value(json_object_get(o, "en"));

	if (ja != NULL && ja[0] == '\0')
		ja = NULL;
	if (en != NULL && en[0] == '\0')
		en = NULL;
	if (ja == NULL && en == NULL)
		return false;
	*ret_ja = ja != NULL ? ja : en;
	*ret_en = en != NULL ? en : ja;
	return true;
}

bool
word_in(const char *word, const char *list)
{
	struct slice rest = slice_str(list), w = slice_str(word);

	while (rest.n != 0)
		if (slice_eq(slice_cut(&rest, ' '), w))
			return true;
	return false;
}

char *
text_plain(const char *s)
{
	char *out = x_strdup(s), *to = out;

	for (const char *p = s; *p != '\0'; p++)
		if (*p != '\r' || p[1] != '\n')
			*to++ = *p == '\r' ? '\n' : ((unsigned char)*p < 0x20 && *p != '\n') || *p == 0x7f ? ' ' : *p;
	*to = '\0';
	return out;
}

int
text_clip(const char *s, int max)
{
	int n = (int)strnlen(s, (size_t)max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static json_t *
string_json(struct slice s)
{
	json_t *v = json_stringn(s.p, s.n);

	return v != NULL ? v : json_string(""); /* not UTF-8: cannot come from our own tables */
}

static json_t *
column_json(struct rows *r, int i, char type)
{
	json_t *v;

	if (row_kind(r, i) == DB_NULL)
		return type == 'b' ? json_false() : json_null();
	switch (type) {
	case 't':
		return time_json(row_int(r, i));
	case 'b':
		return json_boolean(row_int(r, i) != 0);
	case 'j':
		v = json_loadb(row_text(r, i).p, row_text(r, i).n, JSON_DECODE_ANY, NULL);
		return v != NULL ? v : json_null();
	default:
		break;
	}
	switch (row_kind(r, i)) {
	case DB_INT:
		return json_integer(row_int(r, i));
	case DB_REAL:
		return json_real(row_real(r, i));
	default:
		return string_json(row_text(r, i));
	}
}

json_t *
row_json(struct rows *r)
{
	json_t *o = json_object();

	for (int i = 0; i < rows_columns(r); i++) {
		const char *name = rows_name(r, i), *colon = strchr(name, ':');
		size_t n = colon != NULL ? (size_t)(colon - name) : strlen(name);
		char type = colon != NULL ? colon[1] : '\0', key[64];
		json_t *v;

		must(n < sizeof key);
		memcpy(key, name, n);
		key[n] = '\0';
		if (type == '2') {
			v = row_kind(r, i) == DB_NULL ? json_null() : texts(row_str(r, i), row_str(r, i + 1));
			i++;
		} else {
			v = column_json(r, i, type);
		}
		json_object_set_new(o, key, v);
	}
	return o;
}

json_t *
rows_json(struct rows *r)
{
	json_t *a = json_array();

	while (rows_next(r))
		json_array_append_new(a, row_json(r));
	return a;
}

json_t *
row_first(struct rows *r)
{
	json_t *o = NULL;

	if (rows_next(r)) {
		o = row_json(r);
		rows_close(r);
	}
	return o;
}
