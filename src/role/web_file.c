/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers that are files: a report as PDF or CSV, a file of an inquiry.  The desk is asked like for report.show and attachment.show, so it
 * decides who may have it; from its answer (a data set, and how that revision stands now) CSV is written here, and PDF by role print.  A file of a
 * stranger is a download of no type.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/log.h"
#include "report/report.h"
#include "role/web_priv.h"

bool
web_is_file(const struct question *q)
{
	return strcmp(q->route->verb, "report.pdf") == 0 || strcmp(q->route->verb, "report.csv") == 0 || strcmp(q->route->verb, "attachment.file") == 0;
}

static bool
is_english(const struct question *q)
{
	const char *lang = json_string_value(json_object_get(q->args, "lang"));

	return lang != NULL && strcmp(lang, "en") == 0;
}

static void
refuse(struct web *w, struct question *q, unsigned status, const char *type, const char *field, const char *detail)
{
	web_refuse(q, status, type, field, detail);
	web_question_drop(w, q);
}

/* attachment; filename="aoba-2026-10-r2.ja.pdf": the id is the desk's, yet nothing but its own characters goes into a header. */
static void
send_file(struct web *w, struct question *q, const char *type, const char *ending, struct slice bytes)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *id = json_string_value(json_object_get(q->args, "id")), *table = json_string_value(json_object_get(q->args, "table"));
	auto_buf struct buf how = { 0 };
	struct http_header extra[2] = { { "Content-Disposition", NULL }, { NULL, NULL } };

	buf_put_str(&how, "attachment; filename=\"");
	buf_put(&how, id, id != NULL ? strspn(id, good) : 0);
	if (json_is_integer(json_object_get(q->args, "revision")))
		buf_printf(&how, "-r%d", (int)json_integer_value(json_object_get(q->args, "revision")));
	if (table != NULL) {
		buf_put_byte(&how, '.');
		buf_put(&how, table, strspn(table, good));
	}
	buf_printf(&how, ".%s.%s\"", is_english(q) ? "en" : "ja", ending);
	extra[0].value = buf_cstr(&how);
	http_answer(q->http, q->request, 200, type, bytes, extra);
	web_question_drop(w, q);
}

/* `report`: the desk's answer, the data set in it. */
static void
send_csv(struct web *w, struct question *q, const json_t *report)
{
	const char *table = json_string_value(json_object_get(q->args, "table"));
	auto_buf struct buf out = { 0 };

	if (report_csv(report, is_english(q) ? REPORT_EN : REPORT_JA, table, &out) != 0)
		refuse(w, q, 404, "not_found", "table", NULL);
	else
		send_file(w, q, "text/csv; charset=utf-8", "csv", buf_slice(&out));
}

static void
ask_print(struct web *w, struct question *q, const json_t *report)
{
	struct msg_print head = { .lang = is_english(q) };
	char *text;

	if (w->print == NULL) {
		refuse(w, q, 503, NULL, NULL, NULL);
		return;
	}
	text = json_dumps(report, JSON_COMPACT);
	q->step = STEP_PRINT;
	q->peer = ROLE_PRINT;
	chan_send2(w->print, MSG_PRINT, q->id, slice_of(&head, sizeof head), text != NULL ? slice_str(text) : SL("null"), -1);
	free(text);
}

/* RFC 8187: every byte that is no letter or digit is escaped. */
static void
put_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_')
			buf_put_byte(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void
send_attachment(struct web *w, struct question *q, const json_t *body)
{
	const json_t *data = json_object_get(body, "data");
	const char *name = json_string_value(json_object_get(body, "name")), *text = json_string_value(data);
	size_t n = json_string_length(data), pad = n >= 2 && text[n - 1] == '=' ? 1 + (text[n - 2] == '=') : 0;
	struct http_header extra[3] = { { "Content-Disposition", NULL }, { "Content-Security-Policy", "sandbox; default-src 'none'" }, { NULL, NULL } };
	auto_buf struct buf how = { 0 }, bytes = { 0 };
	int got;

	buf_reserve(&bytes, n / 4 * 3 + 3);
	got = n <= INT32_MAX ? EVP_DecodeBlock((unsigned char *)bytes.p, (const unsigned char *)text, (int)n) : -1;
	if (got < 0 || name == NULL) {
		refuse(w, q, 503, NULL, NULL, NULL);
		return;
	}
	buf_put_str(&how, "attachment; filename*=UTF-8''");
	put_name(&how, name);
	extra[0].value = buf_cstr(&how);
	http_answer(q->http, q->request, 200, "application/octet-stream", slice_of(bytes.p, (size_t)got - pad), extra);
	web_question_drop(w, q);
}

void
web_file(struct web *w, struct question *q, const json_t *body)
{
	json_int_t revision = json_integer_value(json_object_get(body, "revision"));
	bool attachment = strcmp(q->route->verb, "attachment.file") == 0;
	const json_t *data = json_object_get(body, "data");

	if (revision > 1)
		json_object_set_new(q->args, "revision", json_integer(revision)); /* for its name */
	if (attachment ? !json_is_string(data) : !json_is_object(data)) {
		log_warn("web.answer.bad", kv_str("verb", q->route->verb));
		refuse(w, q, 503, NULL, NULL, NULL);
	} else if (attachment) {
		send_attachment(w, q, body);
	} else if (strcmp(q->route->verb, "report.csv") == 0) {
		send_csv(w, q, body);
	} else {
		ask_print(w, q, body);
	}
}

void
web_printed(struct web *w, struct question *q, struct slice body)
{
	struct msg_printed head = { .status = PRINTED_FAILED };

	if (body.n >= sizeof head)
		memcpy(&head, body.p, sizeof head);
	if (head.status == PRINTED_DONE)
		send_file(w, q, "application/pdf", "pdf", slice_sub(body, sizeof head, body.n));
	else if (head.status == PRINTED_BAD)
		refuse(w, q, 422, "invalid", NULL, "the document would be too large");
	else
		refuse(w, q, 503, NULL, NULL, NULL);
}
