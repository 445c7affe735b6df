/* SPDX-License-Identifier: Apache-2.0 */
#include "main/cli/remote.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/utf8.h"

#define ANSWER_MAX (256u << 20)

static size_t
take(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;

	if (b->n + size * n > ANSWER_MAX)
		return 0;
	buf_put(b, p, size * n);
	return size * n;
}

static const char *
socket_of(const struct cli *c)
{
	const char *env = getenv("NEZUBAN_SOCKET");

	return cli_opt(c, "--socket", env != NULL && env[0] != '\0' ? env : "/var/lib/nezuban/api.sock");
}

static int
errno_of(CURL *h)
{
	long e = 0;

	curl_easy_getinfo(h, CURLINFO_OS_ERRNO, &e);
	return (int)e;
}

static int
perform(const struct cli *c, CURL *h, const char *method, const char *url, const char *text, struct buf *out, long *ret_status)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	char error[CURL_ERROR_SIZE] = "";
	CURLcode rc;

	curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, socket_of(c));
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	if (text != NULL)
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, 120L);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	rc = curl_easy_perform(h);
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, ret_status);
	curl_slist_free_all(headers);
	if (rc == CURLE_COULDNT_CONNECT)
		return cli_could_not(c, "%s: %s; is the service running, and may you speak there?", socket_of(c), strerror(errno_of(h)));
	return rc == CURLE_OK ? CLI_DONE
	                      : cli_could_not(c, "%s does not answer: %s", socket_of(c), error[0] != '\0' ? error : curl_easy_strerror(rc));
}

static int
exchange(const struct cli *c, const char *method, const char *path, const json_t *body, struct buf *out, long *ret_status)
{
	auto_free char *url = x_asprintf("http://nezuban%s", path), *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	CURL *h = curl_easy_init();
	int r;

	must(h != NULL);
	r = perform(c, h, method, url, text, out, ret_status);
	curl_easy_cleanup(h);
	return r;
}

int
remote_call(const struct cli *c, const char *method, const char *path, const json_t *body, struct remote_answer *ret)
{
	auto_buf struct buf out = { 0 };
	long status = 0;
	int r = exchange(c, method, path, body, &out, &status);

	if (r != CLI_DONE)
		return r;
	ret->status = status;
	ret->body = out.n != 0 ? json_loadb(out.p, out.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
	return CLI_DONE;
}

static void
tell_problem(const struct cli *c, const struct remote_answer *a)
{
	const char *title = json_string_value(json_object_get(json_object_get(a->body, "title"), "en"));
	const char *detail = json_string_value(json_object_get(a->body, "detail")), *field = json_string_value(json_object_get(a->body, "field"));
	const json_t *v;
	size_t i;

	if (title == NULL)
		title = json_string_value(json_object_get(a->body, "title"));
	fprintf(stderr, "nezuban: %s (%ld)%s%s%s%s\n", title != NULL ? title : "refused", a->status, field != NULL ? " " : "", field != NULL ? field : "",
	        detail != NULL ? ": " : "", detail != NULL ? detail : "");
	json_array_foreach(json_object_get(a->body, "faults"), i, v)
		if (json_is_string(v))
			fprintf(stderr, "%s\n", json_string_value(v));
	(void)c;
}

/* Tells it, frees its body. */
static int
problem(const struct cli *c, struct remote_answer *a)
{
	tell_problem(c, a);
	json_decref(a->body);
	return a->status == 404 || a->status == 409 || a->status == 422 ? CLI_PROBLEMS : CLI_COULD_NOT;
}

int
remote_do(const struct cli *c, const char *method, const char *path, const json_t *body, json_t **ret_body)
{
	struct remote_answer a;
	int r = remote_call(c, method, path, body, &a);

	if (r != CLI_DONE)
		return r;
	if (a.status >= 200 && a.status < 300) {
		if (ret_body != NULL)
			*ret_body = a.body;
		else
			json_decref(a.body);
		return CLI_DONE;
	}
	return problem(c, &a);
}

int
remote_file(const struct cli *c, const char *path, struct buf *out)
{
	struct remote_answer a = { 0 };
	int r = exchange(c, "GET", path, NULL, out, &a.status);

	if (r != CLI_DONE || (a.status >= 200 && a.status < 300))
		return r;
	a.body = json_loadb(out->p, out->n, 0, NULL);
	return problem(c, &a);
}

static void
put_escaped(struct buf *b, const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (const char *p = text; *p != '\0'; p++) {
		if (strchr(safe, *p) != NULL)
			buf_put_byte(b, *p);
		else
			buf_printf(b, "%%%02X", (unsigned char)*p);
	}
}

char *
remote_path(const char *fmt, const char *part)
{
	auto_buf struct buf b = { 0 };
	const char *at = strstr(fmt, "%s");

	must(at != NULL);
	buf_put(&b, fmt, (size_t)(at - fmt));
	put_escaped(&b, part);
	buf_put_str(&b, at + 2);
	return x_strdup(buf_cstr(&b));
}

void
remote_query(struct buf *path, const char *name, const char *value)
{
	buf_printf(path, "%c%s=", memchr(path->p, '?', path->n) != NULL ? '&' : '?', name);
	put_escaped(path, value);
}

void
remote_print_json_as(const json_t *o, size_t flags)
{
	auto_free char *text = json_dumps(o, flags | JSON_ENCODE_ANY);
	auto_buf struct buf b = { 0 };

	struct slice rest = slice_str(text != NULL ? text : "null");

	while (rest.n != 0) {
		uint32_t c;
		size_t n = utf8_next(rest, &c);

		if ((c >= 0x7f && c < 0xa0) || utf8_turns(c))
			buf_printf(&b, "\\u%04x", c);
		else
			buf_put(&b, rest.p, n);
		rest = slice_sub(rest, n, rest.n);
	}
	buf_put_byte(&b, '\n');
	fwrite(b.p, 1, b.n, stdout);
}

void
remote_print_json(const json_t *o)
{
	remote_print_json_as(o, JSON_INDENT(2));
}

/* A list of texts with blanks between; what does not fit is cut. */
static const char *
joined(const json_t *list, char *scratch, size_t n)
{
	size_t at = 0, i;
	const json_t *v;

	scratch[0] = '\0';
	json_array_foreach(list, i, v)
		if (json_is_string(v) && at < n - 1) {
			snprintf(scratch + at, n - at, "%s%s", at != 0 ? " " : "", json_string_value(v));
			at += strlen(scratch + at);
		}
	return scratch;
}

const char *
remote_text(const json_t *o, const char *dotted, char *scratch, size_t n)
{
	struct slice rest = slice_str(dotted);

	while (rest.n != 0 && o != NULL) {
		struct slice key = slice_cut(&rest, '.');
		auto_free char *k = x_asprintf(SL_FMT, SL_ARG(key));

		o = json_is_array(o) ? json_array_get(o, (size_t)strtoul(k, NULL, 10)) : json_object_get(o, k);
	}
	if (json_is_array(o))
		return joined(o, scratch, n);
	if (json_is_string(o))
		return json_string_value(o);
	if (json_is_integer(o)) {
		snprintf(scratch, n, "%lld", (long long)json_integer_value(o));
		return scratch;
	}
	return json_is_true(o) ? "yes" : json_is_false(o) ? "no" : "";
}

/* What a terminal obeys or what moves, turns or hides the writing; joiners stay, names need them. */
static bool
is_unseen(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200b || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

/* Columns on a terminal: a wide character takes two; what is unseen becomes '?'. */
static size_t
shown(struct slice s, struct buf *out)
{
	size_t width = 0;

	while (s.n != 0) {
		uint32_t code;
		size_t n = utf8_next(s, &code);

		if (is_unseen(code) || (n == 1 && code == UTF8_BAD))
			buf_put_byte(out, '?');
		else
			buf_put(out, s.p, n);
		width += code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xff60)) ? 2 : 1;
		s.p += n;
		s.n -= n;
	}
	return width;
}

void
remote_print_text(struct slice text, size_t most)
{
	auto_buf struct buf b = { 0 };

	shown(slice_sub(text, 0, most), &b);
	fwrite(b.p, 1, b.n, stdout);
}

void
remote_print_table(const json_t *items, const char *const *columns)
{
	size_t width[16] = { 0 }, cols = 0, i;
	char scratch[256];
	const json_t *o;

	for (; columns[cols] != NULL && cols < 16; cols++) {
		auto_buf struct buf b = { 0 };
		size_t k;

		width[cols] = (size_t)(strchr(columns[cols], '=') - columns[cols]);
		json_array_foreach(items, k, o) {
			size_t w = shown(slice_str(remote_text(o, strchr(columns[cols], '=') + 1, scratch, sizeof scratch)), &b);

			width[cols] = w > width[cols] ? w : width[cols];
		}
	}
	for (size_t k = 0; k < cols; k++)
		printf("%-*.*s%s", (int)width[k], (int)(strchr(columns[k], '=') - columns[k]), columns[k], k + 1 < cols ? "  " : "\n");
	json_array_foreach(items, i, o)
		for (size_t k = 0; k < cols; k++) {
			auto_buf struct buf b = { 0 };
			size_t w = shown(slice_str(remote_text(o, strchr(columns[k], '=') + 1, scratch, sizeof scratch)), &b);

			printf("%s%*s%s", b.n != 0 ? buf_cstr(&b) : "", k + 1 < cols ? (int)(width[k] - w) : 0, "", k + 1 < cols ? "  " : "\n");
		}
}

int
remote_list(struct cli *c, const char *path, const char *const *columns)
{
	json_t *body = NULL;
	int r = remote_do(c, "GET", path, NULL, &body);

	if (r != CLI_DONE)
		return r;
	if (cli_has(c, "--json"))
		remote_print_json(json_object_get(body, "items"));
	else
		remote_print_table(json_object_get(body, "items"), columns);
	json_decref(body);
	return CLI_DONE;
}
