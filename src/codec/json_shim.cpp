/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h> /* memmem: g++ defines _GNU_SOURCE */

#include <new>
#include <simdjson.h>

extern "C" {
#include "base/slice.h"
}
#include "codec/json.h"

/* The codes of tbl/errors.tbl; base/err.h itself is C only. */
enum {
	ROW_BASE_ = 0,
#define ERR(name, text) ROW_##name,
#include "tbl/errors.tbl"
#undef ERR
};

namespace od = simdjson::ondemand;

#define TEXT_MAX ((1u << 20) + 65536)

struct json_reader {
	od::parser parser;
	char *padded;
	size_t room;
	char path[JSON_PATH_MAX];
	/* of the running call */
	const char *input;
	json_field_fn *fn;
	void *ctx;
	unsigned fields;
	int err;
	bool mended;
};

static int
code_of(simdjson::error_code e)
{
	switch (e) {
	case simdjson::UTF8_ERROR:
		return -ROW_CORRUPT;
	case simdjson::DEPTH_ERROR:
		return -ROW_DEPTH;
	case simdjson::CAPACITY:
		return -ROW_TOOBIG;
	default:
		return -ROW_SYNTAX;
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static struct slice
in_input(json_reader *r, const char *p, size_t n)
{
	return { r->input + (p - r->padded), n };
}

static bool walk_object(json_reader *r, od::object obj, size_t path_n, int depth);
static bool walk_array(json_reader *r, od::array arr, size_t path_n, int depth);

static bool
give_number(json_reader *r, struct slice path, struct slice text)
{
	enum json_kind kind = JSON_INT;
	size_t i = text.n != 0 && text.p[0] == '-' ? 1 : 0;

	if (i == text.n)
		return false;
	for (; i < text.n; i++) {
		char c = text.p[i];

		if (c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-')
			kind = JSON_DOUBLE;
		else if (c < '0' || c > '9')
			return false;
	}
	r->fn(r->ctx, path, kind, text, false);
	return true;
}

static bool
give_scalar(json_reader *r, od::value v, std::string_view token, size_t path_n)
{
	struct slice path = { r->path, path_n };

	while (!token.empty() && is_blank(token.back()))
		token.remove_suffix(1);
	if (token.empty())
		return false;
	if (token[0] == '"') {
		if (memchr(token.data(), '\\', token.size()) == nullptr && token.size() >= 2) {
			r->fn(r->ctx, path, JSON_STRING, in_input(r, token.data() + 1, token.size() - 2), false);
			return true;
		}
		std::string_view s;

		if (v.get_string().get(s) != simdjson::SUCCESS)
			return false;
		r->fn(r->ctx, path, JSON_STRING, { s.data(), s.size() }, true);
		return true;
	}
	struct slice text = in_input(r, token.data(), token.size());

	if (token == "true" || token == "false")
		r->fn(r->ctx, path, JSON_BOOL, text, false);
	else if (token == "null")
		r->fn(r->ctx, path, JSON_NULL, text, false);
	else
		return give_number(r, path, text);
	return true;
}

static bool
walk_value(json_reader *r, od::value v, size_t path_n, int depth)
{
	od::json_type type;
	std::string_view token;

	if (++r->fields > JSON_FIELDS_MAX) {
		r->err = -ROW_LIMIT;
		return false;
	}
	if (v.type().get(type) != simdjson::SUCCESS)
		return false;
	if (type == od::json_type::object || type == od::json_type::array) {
		if (depth >= JSON_DEPTH_MAX) {
			r->err = -ROW_DEPTH;
			return false;
		}
		if (type == od::json_type::object) {
			od::object obj;

			return v.get_object().get(obj) == simdjson::SUCCESS && walk_object(r, obj, path_n, depth + 1);
		}
		od::array arr;

		return v.get_array().get(arr) == simdjson::SUCCESS && walk_array(r, arr, path_n, depth + 1);
	}
	token = v.raw_json_token();
	return give_scalar(r, v, token, path_n);
}

static bool
walk_array(json_reader *r, od::array arr, size_t path_n, int depth)
{
	for (auto item : arr) {
		od::value v;

		if (item.get(v) != simdjson::SUCCESS || !walk_value(r, v, path_n, depth))
			return false;
	}
	return true;
}

/* Puts the member's name behind path_n; false when it has escapes that do not decode. */
static bool
put_key(json_reader *r, od::field &field, size_t path_n, size_t *ret_n)
{
	const char *raw = field.key().raw();
	const char *end = raw;
	std::string_view name;

	while (*end != '"' && *end != '\\')
		end++;
	if (*end == '\\') {
		if (field.unescaped_key().get(name) != simdjson::SUCCESS)
			return false;
	} else {
		name = std::string_view(raw, (size_t)(end - raw));
	}
	if (path_n != 0 && path_n < JSON_PATH_MAX)
		r->path[path_n++] = '.';
	size_t n = name.size() < JSON_PATH_MAX - path_n ? name.size() : JSON_PATH_MAX - path_n;

	memcpy(r->path + path_n, name.data(), n);
	*ret_n = path_n + n;
	return true;
}

static bool
walk_object(json_reader *r, od::object obj, size_t path_n, int depth)
{
	for (auto item : obj) {
		od::field field;
		size_t n;

		if (std::move(item).get(field) != simdjson::SUCCESS || !put_key(r, field, path_n, &n)
		    || !walk_value(r, field.value(), n, depth))
			return false;
	}
	return true;
}

extern "C" struct json_reader *
json_reader_new(void)
{
	json_reader *r = new json_reader();

	r->padded = nullptr;
	r->room = 0;
	return r;
}

extern "C" void
json_reader_free(struct json_reader *r)
{
	if (r == nullptr)
		return;
	delete[] r->padded;
	delete r;
}

static bool
hex4(const char *p, const char *end, unsigned *ret)
{
	unsigned v = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return false;
	for (int i = 2; i < 6; i++) {
		unsigned c = (unsigned char)p[i], digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) - 'a' + 10;

		if (digit > 15)
			return false;
		v = v << 4 | digit;
	}
	*ret = v;
	return true;
}

/* Half a character of UTF-16 written alone (\ud800) is no text; an enemy who has one in a name must not cost us the line with everything
 * else in it: it becomes U+FFFD, which has the same length.  p is the copy. */
static bool
mend_halves(char *p, size_t n)
{
	char *end = p + n;
	bool mended = false;

	for (char *at = p; (at = static_cast<char *>(memmem(at, (size_t)(end - at), "\\u", 2))) != nullptr;) {
		const char *before = at;
		unsigned first, second;

		while (before > p && before[-1] == '\\')
			before--;
		if ((at - before) % 2 != 0 || !hex4(at, end, &first) || first < 0xd800 || first > 0xdfff) {
			at += 2;
		} else if (first < 0xdc00 && hex4(at + 6, end, &second) && second >= 0xdc00 && second <= 0xdfff) {
			at += 12;
		} else {
			memcpy(at, "\\ufffd", 6);
			at += 6;
			mended = true;
		}
	}
	return mended;
}

/* Control characters as they are, which JSON wants written as escapes: what they stand in is read all the same.  Strings that are slices
 * of the input keep them. */
static void
mend_controls(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20)
			p[i] = ' ';
}

static int
take_copy(json_reader *r, struct slice text)
{
	if (text.n > TEXT_MAX)
		return -ROW_TOOBIG;
	if (r->room < text.n + simdjson::SIMDJSON_PADDING) {
		size_t room = text.n * 2 + simdjson::SIMDJSON_PADDING + 4096;

		delete[] r->padded;
		r->padded = new char[room];
		r->room = room;
		if (r->parser.allocate(room, JSON_DEPTH_MAX + 2) != simdjson::SUCCESS)
			return -ROW_NOMEM;
	}
	memcpy(r->padded, text.p, text.n);
	memset(r->padded + text.n, ' ', simdjson::SIMDJSON_PADDING);
	r->mended = mend_halves(r->padded, text.n);
	return 0;
}

extern "C" bool
json_was_mended(const struct json_reader *r)
{
	return r->mended;
}

extern "C" int
json_flatten(struct json_reader *r, struct slice text, json_field_fn *fn, void *ctx)
{
	od::document doc;
	od::object obj;
	int e = take_copy(r, text);

	if (e != 0)
		return e;
	r->input = text.p;
	r->fn = fn;
	r->ctx = ctx;
	r->fields = 0;
	r->err = -ROW_SYNTAX;
	auto bad = r->parser.iterate(r->padded, text.n, r->room).get(doc);
	if (bad == simdjson::UNESCAPED_CHARS) {
		mend_controls(r->padded, text.n);
		r->mended = true;
		bad = r->parser.iterate(r->padded, text.n, r->room).get(doc);
	}
	if (bad != simdjson::SUCCESS)
		return code_of(bad);
	bad = doc.get_object().get(obj);
	if (bad != simdjson::SUCCESS)
		return code_of(bad);
	if (!walk_object(r, obj, 0, 1))
		return r->err;
	/* Nothing may follow the object. */
	return doc.current_location().error() == simdjson::OUT_OF_BOUNDS ? 0 : -ROW_SYNTAX;
}
