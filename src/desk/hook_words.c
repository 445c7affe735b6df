/* SPDX-License-Identifier: Apache-2.0
 *
 * What a webhook says: `data` for programs, `card` for people in a chat.  The words are ours; texts of people are cleaned and
 * cut, and escaped where they are drawn (notify/chat.c).  Lines of logs are only in `lines`, for endpoints that chose them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "desk/hook_priv.h"

#define TEXT_MAX 8000  /* of a comment in data */
#define CARD_MAX 1500  /* of the same in a chat */
#define LINES 5
#define LINE_MAX 1000

char *
clean_text(const char *s, int max)
{
	struct slice in = slice_of(s, (size_t)text_clip(s, max));
	struct buf b = { 0 };
	char *ret;

	while (in.n != 0) {
		uint32_t c;
		size_t n = utf8_next(in, &c);
		char out[4];

		if (c != '\n' && (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029))
			buf_put_byte(&b, ' ');
		else if (!utf8_turns(c))
			buf_put(&b, out, utf8_put(out, c));
		in = slice_sub(in, n, in.n);
	}
	ret = x_strdup(b.n != 0 ? buf_cstr(&b) : "");
	buf_fini(&b);
	return ret;
}

static void
fact(json_t *card, const char *ja, const char *en, json_t *value)
{
	json_t *list = json_object_get(card, "facts");

	json_array_append_new(list, json_pack("{s:o, s:o}", "name", texts(ja, en), "value", value));
}

static json_t *
same(const char *s)
{
	auto_free char *clean = clean_text(s != NULL ? s : "", 400);

	return texts(clean, clean);
}

static json_t *
two(const char *ja, const char *en)
{
	auto_free char *a = clean_text(ja != NULL ? ja : "", 400), *b = clean_text(en != NULL ? en : "", 400);

	return texts(a, b);
}

static json_t *
card_new(struct cmd *c, const char *path, const char *id)
{
	json_t *card = json_pack("{s:[]}", "facts");

	if (c->d->s.url != NULL) {
		auto_free char *url = x_asprintf("%s/portal/%s%s", c->d->s.url, path, id);

		json_object_set_new(card, "url", json_string(url));
	}
	return card;
}

static void
card_text(json_t *card, const char *ja, const char *en)
{
	auto_free char *a = clean_text(ja, CARD_MAX), *b = clean_text(en, CARD_MAX);

	json_object_set_new(card, "text", texts(a, b));
}

/* Who did it: a program must know its own doing again. */
static json_t *
actor_json(struct cmd *c)
{
	bool key = strncmp(c->who->user, "key/", 4) == 0;

	return json_pack("{s:s, s:o, s:s?}", "kind", c->who->user[0] == '\0' ? "service" : key ? "key" : cmd_is_customer(c) ? "customer" : "soc", "name", two(c->who->ja, c->who->en),
	                 "key", key ? c->who->user + 4 : NULL);
}

static json_t *
lines_of(struct cmd *c, const char *incident)
{
	struct rows r = db_query(c->db,
	                         "SELECT d.doc FROM detections d JOIN incidents i ON i.candidate = d.candidate WHERE i.id = ? ORDER BY d.at DESC, d.id LIMIT ?", Q(incident), Q((int64_t)LINES));
	json_t *list = json_array();

	while (rows_next(&r)) {
		json_t *doc = json_loadb(row_text(&r, 0).p, row_text(&r, 0).n, 0, NULL);
		const char *line = json_string_value(json_object_get(doc, "line"));

		if (line != NULL)
			json_array_append_new(list, json_stringn(line, (size_t)text_clip(line, LINE_MAX)));
		json_decref(doc);
	}
	return list;
}

/* The incident as it is now, so that a receiver may write it over its copy. */
static json_t *
incident_data(struct cmd *c, const char *incident, char **ret_severity)
{
	json_t *o = outbox_incident_part(c, incident, ret_severity), *more;
	struct rows r = db_query(c->db,
	                         "SELECT state, customer_severity, customer_ticket, code, ack_at AS \"acknowledged_at:t\", closed_at AS \"closed_at:t\", answer_code FROM incidents WHERE id = ?",
	                         Q(incident));

	more = row_first(&r);
	json_object_update(o, more);
	json_decref(more);
	return o;
}

static const char *
text_in(const json_t *o, const char *key, const char *lang)
{
	const char *s = json_string_value(json_object_get(json_object_get(o, key), lang));

	return s != NULL ? s : "";
}

static json_t *
incident_card(struct cmd *c, const json_t *o, const char *incident, const char *severity)
{
	const struct severity_word *s = severity_find(severity);
	json_t *card = card_new(c, "incidents/", incident);

	fact(card, "番号", "Number", same(incident));
	fact(card, "重大度", "Severity", texts(s->ja, s->en));
	fact(card, "件名", "Title", two(text_in(o, "title", "ja"), text_in(o, "title", "en")));
	json_object_set_new(card, "severity", json_string(severity));
	return card;
}

void
hook_incident(struct cmd *c, const char *event, const char *incident, const char *text, const char *lang)
{
	auto_free char *severity = NULL, *clean = text != NULL ? clean_text(text, TEXT_MAX) : NULL;
	json_t *part, *card, *data;
	bool opens = strcmp(event, "incident.opened") == 0;

	if (!hook_wanted(c, event))
		return;
	part = incident_data(c, incident, &severity);
	if (severity == NULL) {
		json_decref(part);
		return;
	}
	card = incident_card(c, part, incident, severity);
	if (opens)
		card_text(card, text_in(part, "summary", "ja"), text_in(part, "summary", "en"));
	else if (clean != NULL)
		card_text(card, clean, clean);
	fact(card, "操作した人", "By", two(c->who->ja, c->who->en));
	data = json_pack("{s:o, s:o}", "incident", part, "by", actor_json(c));
	if (clean != NULL)
		json_object_set_new(data, "comment", json_pack("{s:s, s:s}", "text", clean, "lang", lang != NULL ? lang : "ja"));
	hook_say(c, &(struct hook_words){ .event = event, .incident = incident, .severity = severity, .data = data, .card = card, .raw = opens ? lines_of(c, incident) : NULL });
}

void
hook_inquiry(struct cmd *c, const char *inquiry, int64_t message)
{
	struct rows r;
	json_t *card;

	if (!hook_wanted(c, "inquiry.message"))
		return;
	r = db_query(c->db,
	             "SELECT i.number, i.subject, m.side, m.lang, m.who_ja, m.who_en, m.text, i.incident FROM inquiries i JOIN inquiry_messages m ON m.inquiry = i.id AND m.n = ?"
	             " WHERE i.id = ? AND m.visible <> 0 AND m.auto = 0", Q(message), Q(inquiry));
	if (!rows_next(&r))
		return;
	auto_free char *number = x_asprintf("Q-%lld", (long long)row_int(&r, 0)), *subject = clean_text(row_str(&r, 1), 1000), *text = clean_text(row_str(&r, 6), TEXT_MAX);

	card = card_new(c, "inquiries/", inquiry);
	fact(card, "番号", "Number", same(number));
	fact(card, "件名", "Subject", same(subject));
	fact(card, "書いた人", "By", two(row_str(&r, 4), row_str(&r, 5)));
	card_text(card, text, text);
	hook_say(c, &(struct hook_words){ .event = "inquiry.message", .card = card,
	                                  .data = json_pack("{s:{s:s, s:s, s:s, s:s?}, s:{s:I, s:s, s:s, s:s}, s:o}", "inquiry", "id", inquiry, "number", number, "subject", subject, "incident",
	                                                    row_str(&r, 7), "message", "n", (json_int_t)message, "side", row_str(&r, 2), "lang", row_str(&r, 3), "text", text, "by", actor_json(c)) });
	rows_close(&r);
}

void
hook_exception(struct cmd *c, const char *event, const char *exception)
{
	struct rows r;
	json_t *card, *x;

	if (!hook_wanted(c, event))
		return;
	r = db_query(c->db, "SELECT id, 'X-' || number AS number, state, rule, reason, expires_at AS \"expires_at:t\", detections, ended_at AS \"ended_at:t\", end_reason FROM exceptions WHERE id = ?",
	             Q(exception));
	x = row_first(&r);
	if (x == NULL)
		return;
	card = card_new(c, "exceptions/", exception);
	fact(card, "番号", "Number", same(json_string_value(json_object_get(x, "number"))));
	fact(card, "理由", "Reason", same(json_string_value(json_object_get(x, "reason"))));
	hook_say(c, &(struct hook_words){ .event = event, .card = card, .data = json_pack("{s:o, s:o}", "exception", x, "by", actor_json(c)) });
}

void
hook_advisory(struct cmd *c, const char *event, const json_t *part)
{
	const char *number = json_string_value(json_object_get(part, "id"));
	const struct severity_word *s = severity_find(json_string_value(json_object_get(part, "severity")));
	char ja[48], en[48];
	json_t *card;

	if (!hook_wanted(c, event))
		return;
	card = card_new(c, "advisories/", number);
	fact(card, "番号", "Number", same(number));
	fact(card, "重大度", "Severity", texts(s->ja, s->en));
	fact(card, "件名", "Title", two(text_in(part, "title", "ja"), text_in(part, "title", "en")));
	if (json_object_get(part, "days") != NULL && json_object_get(part, "seen") != NULL) {
		snprintf(ja, sizeof ja, "%lld 回", (long long)json_integer_value(json_object_get(part, "seen")));
		snprintf(en, sizeof en, "%lld times", (long long)json_integer_value(json_object_get(part, "seen")));
		fact(card, "御社のログ（92 日間）", "In your logs, 92 days", texts(ja, en));
	}
	if (json_object_get(part, "reason") != NULL)
		fact(card, "取り下げの理由", "Why it is withdrawn", two(text_in(part, "reason", "ja"), text_in(part, "reason", "en")));
	card_text(card, text_in(part, "summary", "ja"), text_in(part, "summary", "en"));
	hook_say(c, &(struct hook_words){ .event = event, .card = card, .data = json_pack("{s:O, s:o}", "advisory", part, "by", actor_json(c)) });
}

void
hook_report(struct cmd *c, const char *id)
{
	json_int_t revision = db_int(c->db, 1, "SELECT revision FROM reports WHERE id = ?", Q(id));
	json_t *card;

	if (!hook_wanted(c, "report.published"))
		return;
	card = card_new(c, "reports/", id);
	fact(card, "報告", "Report", same(id));
	if (revision > 1) {
		auto_free char *n = x_asprintf("%d", (int)revision);

		fact(card, "訂正版", "Corrected, revision", same(n));
	}
	hook_say(c, &(struct hook_words){ .event = "report.published", .card = card, .data = json_pack("{s:{s:s, s:I}, s:o}", "report", "id", id, "revision", revision, "by", actor_json(c)) });
}

void
hook_test(struct cmd *c, const char *endpoint)
{
	json_t *card = card_new(c, "", "");

	fact(card, "操作した人", "By", two(c->who->ja, c->who->en));
	hook_say(c, &(struct hook_words){ .event = "webhook.test", .endpoint = endpoint, .card = card, .data = json_pack("{s:o}", "by", actor_json(c)) });
}
