/* SPDX-License-Identifier: Apache-2.0
 *
 * The desk's JOB as bytes → struct notice.  The desk is another process and its texts were written by people
 * and machines: types, lengths, UTF-8 and control characters are checked here, per field.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "codec/reach.h"
#include "notify/notify.h"

#define JOB_MAX (64u * 1024)

struct reading {
	struct arena *a;
	char *err;
	int code;
};

static void
fault(struct reading *r, int code, const char *field, const char *what)
{
	if (r->code != 0)
		return;
	r->code = code;
	snprintf(r->err, 200, "%s: %s", field, what);
}

static const char *
read_text(struct reading *r, const json_t *v, const char *key, bool needed, size_t max, bool lines)
{
	size_t n = json_is_string(v) ? json_string_length(v) : 0;

	if (v == NULL || json_is_null(v)) {
		if (needed)
			fault(r, E_SYNTAX, key, "is missing");
		return "";
	}
	if (!json_is_string(v))
		fault(r, E_SYNTAX, key, "must be a text");
	else if (n > max)
		fault(r, E_RANGE, key, "is too long");
	else if (n == 0 && needed)
		fault(r, E_RANGE, key, "is empty");
	else if (!reach_is_text(slice_of(json_string_value(v), n), lines))
		fault(r, E_RANGE, key, "holds control characters or is not UTF-8");
	else
		return arena_cstr(r->a, slice_of(json_string_value(v), n));
	return "";
}

static const char *
text(struct reading *r, const json_t *o, const char *key, bool needed, size_t max)
{
	return read_text(r, json_object_get(o, key), key, needed, max, false);
}

static const json_t *
object(struct reading *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_object(v))
		fault(r, E_SYNTAX, key, "must be an object");
	return v;
}

/* {"ja","en"}: the language of the notice is needed, the other may be absent and is then the same. */
static void
both(struct reading *r, const json_t *o, const char *key, bool needed, int lang, size_t max, const char *out[NOTE_LANGS])
{
	const json_t *v = json_object_get(o, key);
	static const char *const names[] = { "ja", "en" };

	out[0] = out[1] = "";
	if (v == NULL && !needed)
		return;
	v = object(r, o, key);
	for (int i = 0; i < NOTE_LANGS; i++)
		out[i] = read_text(r, json_object_get(v, names[i]), key, needed && i == lang, max, true);
	if (out[1 - lang][0] == '\0')
		out[1 - lang] = out[lang];
}

static int64_t
moment(struct reading *r, const json_t *o, const char *key, bool needed)
{
	const char *s = text(r, o, key, needed, 40);
	int64_t t = 0;

	if (s[0] != '\0' && time_parse_rfc3339(slice_str(s), &t) != 0)
		fault(r, E_SYNTAX, key, "must be a time");
	return t;
}

static int
word(struct reading *r, const char *s, const char *key, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(s, words[i]) == 0)
			return i;
	fault(r, E_RANGE, key, "is none of the known words");
	return 0;
}

static void
read_affected(struct reading *r, const json_t *list, struct notice *n)
{
	size_t i;
	json_t *v;

	if (list == NULL)
		return;
	if (!json_is_array(list)) {
		fault(r, E_SYNTAX, "affected", "must be a list");
		return;
	}
	json_array_foreach(list, i, v) {
		if (n->affected_n == NOTICE_AFFECTED)
			n->affected_more++;
		else
			n->affected[n->affected_n++] = read_text(r, v, "affected", true, 255, false);
	}
}

static const char *
read_url(struct reading *r, const json_t *o, const char *key, bool needed)
{
	const char *s = text(r, o, key, needed, REACH_URL);

	if (s[0] != '\0' && !reach_is_url(slice_str(s)))
		fault(r, E_RANGE, key, "must begin with https:// and hold nothing that does not belong into an address");
	return s;
}

static const char *const severities[] = { "emergency", "critical", "warning", "informational" };

static void
read_incident(struct reading *r, const json_t *o, struct notice *n)
{
	n->incident = text(r, o, "id", true, 64);
	n->severity = word(r, text(r, o, "severity", true, 16), "severity", severities, 4);
	both(r, o, "title", true, n->lang, 800, n->title);
	both(r, o, "summary", true, n->lang, 8000, n->summary);
	both(r, o, "action", false, n->lang, 8000, n->action);
	n->first_at = moment(r, o, "first_at", false);
	n->decided_at = moment(r, o, "decided_at", false);
	n->url = read_url(r, o, "url", false);
	read_affected(r, json_object_get(o, "affected"), n);
}

static void
read_alarm(struct reading *r, const json_t *o, struct notice *n)
{
	static const char *const levels[] = { "alarm", "warning" };

	n->alarm = text(r, o, "id", true, 64);
	n->alarm_is_warning = word(r, text(r, o, "level", true, 16), "level", levels, 2) == 1;
	both(r, o, "title", true, n->lang, 800, n->title);
	both(r, o, "text", true, n->lang, 8000, n->alarm_text);
	n->url = read_url(r, o, "url", false);
}

/* Kept as it came: who writes the mail of it trusts nothing in it either. */
static void
read_report(struct reading *r, const json_t *o, struct notice *n)
{
	char *text = json_dumps(o, JSON_COMPACT);

	if (n->channel != NOTICE_MAIL)
		fault(r, E_RANGE, "kind", "a report goes by mail");
	if (text != NULL)
		n->report = arena_dup(r->a, slice_str(text));
	free(text);
}

static void
read_digest(struct reading *r, const json_t *o, struct notice *n)
{
	const json_t *list = json_object_get(o, "items"), *v;
	size_t count = json_array_size(list), i;
	struct notice_item *items;

	if (n->channel != NOTICE_MAIL)
		fault(r, E_RANGE, "kind", "a digest goes by mail");
	if (count == 0 || count > NOTICE_DIGEST_ITEMS) {
		fault(r, E_RANGE, "items", "must be a list of 1 to 100");
		return;
	}
	items = arena_array(r->a, struct notice_item, count);
	json_array_foreach(list, i, v) {
		items[i].incident = text(r, v, "id", true, 64);
		items[i].severity = word(r, text(r, v, "severity", true, 16), "severity", severities, 4);
		both(r, v, "title", true, n->lang, 800, items[i].title);
		items[i].decided_at = moment(r, v, "decided_at", true);
	}
	n->items = items;
	n->items_n = (int)count;
	n->items_more = json_integer_value(json_object_get(o, "more"));
	n->url = read_url(r, o, "url", false);
}

static bool
is_id(const char *s, size_t max)
{
	return s[0] != '\0' && strlen(s) <= max && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

/* A Message-ID as it may stand in a header: printable, in brackets, without blanks. */
static bool
is_message_id(const char *s)
{
	size_t n = strlen(s);

	if (n < 5 || n > 255 || s[0] != '<' || s[n - 1] != '>')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f || ((s[i] == '<' || s[i] == '>') && i != 0 && i != n - 1))
			return false;
	return true;
}

static void
read_files(struct reading *r, const json_t *list, struct notice *n)
{
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o) {
		struct notice_file *f = &n->files[n->files_n];

		if (n->files_n == NOTICE_FILES) {
			fault(r, E_RANGE, "files", "are too many");
			return;
		}
		f->name = text(r, o, "name", true, 255);
		f->sha256 = text(r, o, "sha256", true, 64);
		f->size = json_integer_value(json_object_get(o, "size"));
		if (strlen(f->sha256) != 64 || strspn(f->sha256, "0123456789abcdef") != 64)
			fault(r, E_RANGE, "sha256", "is none");
		n->files_n++;
	}
}

static void
read_inquiry(struct reading *r, const json_t *o, struct notice *n)
{
	static const char *const whats[] = { "answer", "received" };
	const json_t *v;
	size_t i;

	if (n->channel != NOTICE_MAIL)
		fault(r, E_RANGE, "kind", "an inquiry goes by mail");
	n->incident = text(r, o, "number", true, 24);
	n->token = text(r, o, "token", true, 26);
	n->mail_id = text(r, o, "id", true, 60);
	n->is_receipt = word(r, text(r, o, "what", true, 16), "what", whats, 2) == 1;
	n->asked = text(r, o, "subject", true, 1000);
	n->words = read_text(r, json_object_get(o, "text"), "text", false, 40000, true);
	both(r, o, "by", true, n->lang, 400, n->writer);
	n->due_at = moment(r, o, "due_at", false);
	n->url = read_url(r, o, "url", false);
	n->is_reply = json_is_true(json_object_get(o, "reply"));
	if (!is_id(n->token, 26) || !is_id(n->mail_id, 60))
		fault(r, E_RANGE, "token", "is none");
	/* what was wrong in somebody else's mail is left out, not refused: the answer has to go */
	read_files(r, json_object_get(o, "files"), n);
	json_array_foreach(json_object_get(o, "refs"), i, v)
		if (json_is_string(v) && n->refs_n < NOTICE_REFS && (is_id(json_string_value(v), 60) || is_message_id(json_string_value(v))))
			n->refs[n->refs_n++] = arena_cstr(r->a, slice_str(json_string_value(v)));
}

/* An endpoint that a customer made: the desk gives its secrets along. */
static void
read_endpoint(struct reading *r, const json_t *to, struct notice *n)
{
	static const char *const langs[] = { "ja", "en" }, *const formats[] = { "json", "slack", "teams" };
	const json_t *v;
	size_t i;

	n->format = word(r, text(r, to, "format", true, 8), "format", formats, 3);
	n->lang = word(r, text(r, to, "lang", true, 8), "lang", langs, 2);
	json_array_foreach(json_object_get(to, "keys"), i, v)
		if (n->hook_keys_n < NOTICE_KEYS)
			n->hook_keys[n->hook_keys_n++] = read_text(r, v, "keys", true, 128, false);
	if (n->hook_keys_n == 0)
		fault(r, E_SYNTAX, "keys", "are missing");
}

static void
read_event(struct reading *r, const json_t *o, struct notice *n)
{
	const json_t *card = object(r, o, "card"), *data = object(r, o, "data"), *v;
	char *data_text = json_dumps(data, JSON_COMPACT);
	size_t i;

	if (n->channel != NOTICE_HOOK || n->hook_keys_n == 0)
		fault(r, E_RANGE, "kind", "an event goes to an endpoint");
	n->event = text(r, o, "event", true, 40);
	n->seq = json_integer_value(json_object_get(o, "seq"));
	n->severity = json_object_get(card, "severity") != NULL ? word(r, text(r, card, "severity", true, 16), "severity", severities, 4) : -1;
	both(r, card, "title", true, n->lang, 400, n->title);
	both(r, card, "text", false, n->lang, 8000, n->summary);
	n->url = read_url(r, card, "url", false);
	json_array_foreach(json_object_get(card, "facts"), i, v) {
		if (n->facts_n == NOTICE_FACTS)
			break;
		both(r, v, "name", true, n->lang, 100, n->facts[n->facts_n].name);
		both(r, v, "value", false, n->lang, 1600, n->facts[n->facts_n++].value);
	}
	if (data_text != NULL)
		n->data = arena_dup(r->a, slice_str(data_text));
	free(data_text);
}

static void
read_words(struct reading *r, const json_t *o, struct notice *n)
{
	if (n->channel != NOTICE_MAIL)
		fault(r, E_RANGE, "kind", "words go by mail");
	both(r, o, "title", true, n->lang, 400, n->title);
	both(r, o, "text", true, n->lang, 8000, n->summary);
	n->url = read_url(r, o, "url", false);
}

/* key of o, a list of texts; the rest is counted. */
static void
read_list(struct reading *r, const json_t *o, const char *key, struct notice_list *list)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(o, key), i, v) {
		if (list->n == NOTICE_ADVISORY_WORDS)
			list->more++;
		else
			list->v[list->n++] = read_text(r, v, key, true, 500, false);
	}
}

static void
read_found(struct reading *r, const json_t *o, struct notice_advisory *a)
{
	const json_t *list = json_object_get(o, "found"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		if (a->found_n == NOTICE_ADVISORY_ROWS)
			break;
		a->found[a->found_n].device = text(r, v, "device", false, 255);
		a->found[a->found_n].last = moment(r, v, "last", false);
		a->found[a->found_n++].count = json_integer_value(json_object_get(v, "count"));
	}
	a->found_more = json_integer_value(json_object_get(o, "found_devices")) - a->found_n;
}

static void
read_assets(struct reading *r, const json_t *o, struct notice_advisory *a)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(o, "assets"), i, v) {
		if (a->assets_n == NOTICE_ADVISORY_ROWS)
			break;
		a->assets[a->assets_n].name = text(r, v, "name", true, 400);
		read_list(r, v, "where", &a->assets[a->assets_n].where);
		read_list(r, v, "cves", &a->assets[a->assets_n].cves);
		read_list(r, v, "products", &a->assets[a->assets_n++].products);
	}
	a->assets_more = json_integer_value(json_object_get(o, "assets_total")) - a->assets_n;
}

/* One without `days` is of before: it says neither what it is about nor where it was seen. */
static void
read_advisory(struct reading *r, const json_t *o, struct notice *n)
{
	static const char *const steps[] = { "sent", "found", "withdrawn" };
	struct notice_advisory *a = arena_new(r->a, struct notice_advisory);
	const json_t *seen = json_object_get(o, "seen"), *days = json_object_get(o, "days"), *v;
	const char *step = text(r, o, "what", false, 16);
	size_t i;

	if (n->channel != NOTICE_MAIL)
		fault(r, E_RANGE, "kind", "an advisory goes by mail");
	n->advisory = a;
	a->step = step[0] != '\0' ? (enum notice_step)word(r, step, "what", steps, 3) : NOTICE_SENT;
	a->seen = json_is_integer(seen) ? json_integer_value(seen) : -1;
	a->days = days != NULL ? json_integer_value(days) : 92;
	a->searched = days == NULL || json_array_size(json_object_get(o, "indicators")) != 0;
	read_incident(r, o, n);
	read_list(r, o, "products", &a->products);
	read_list(r, o, "cves", &a->products);
	read_list(r, o, "maybe", &a->maybe);
	a->maybe.more = json_integer_value(json_object_get(o, "maybe_total")) - a->maybe.n;
	if (json_is_integer(json_object_get(o, "affected_total")))
		n->affected_more = (int)(json_integer_value(json_object_get(o, "affected_total")) - n->affected_n);
	read_list(r, o, "unknown", &a->unknown);
	json_array_foreach(json_object_get(o, "indicators"), i, v) {
		if (a->values.n == NOTICE_ADVISORY_WORDS)
			break;
		a->kinds.v[a->values.n] = text(r, v, "kind", true, 16);
		a->values.v[a->values.n++] = text(r, v, "value", true, 500);
	}
	read_found(r, o, a);
	read_assets(r, o, a);
	both(r, o, "reason", a->step == NOTICE_WITHDRAWN, n->lang, 4000, a->reason);
}

static void
read_target(struct reading *r, const json_t *o, struct notice *n)
{
	static const char *const langs[] = { "ja", "en" }, *const channels[] = { "mail", "webhook" };
	const json_t *to;

	n->channel = (enum notice_channel)word(r, text(r, o, "kind", true, 16), "kind", channels, 2);
	if (n->channel == NOTICE_HOOK) {
		to = object(r, o, "hook");
		n->hook_url = read_url(r, to, "url", true);
		if (json_object_get(to, "endpoint") != NULL)
			read_endpoint(r, to, n);
		else
			n->hook_secret = text(r, to, "secret", true, REACH_SECRET);
		return;
	}
	to = object(r, o, "to");
	n->address = text(r, to, "address", true, REACH_MAIL);
	n->name = text(r, to, "name", false, REACH_NAME);
	n->lang = word(r, text(r, to, "lang", true, 8), "lang", langs, 2);
	if (n->address[0] != '\0' && !reach_is_mail(slice_str(n->address)))
		fault(r, E_RANGE, "address", "is no mail address");
}

static void
read_all(struct reading *r, const json_t *o, struct notice *n)
{
	static const char *const whats[] = { "incident", "acknowledged", "alarm", "report", "digest", "inquiry", "event", "words", "advisory" }, *const hows[] = { "phone", "portal" };
	const json_t *ack;

	n->job = text(r, o, "job", true, 64);
	n->key = text(r, o, "key", true, 128);
	n->zone = text(r, o, "zone", false, 64);
	n->at = moment(r, o, "at", true);
	n->calling = json_is_true(json_object_get(o, "calling"));
	read_target(r, o, n);
	n->what = (enum notice_what)word(r, text(r, o, "notice", true, 16), "notice", whats, 9);
	n->tenant = text(r, o, "tenant", n->what != NOTICE_ALARM, 64); /* an alarm may be nobody's: the service's own */
	both(r, o, "company", n->what != NOTICE_ALARM, n->lang, REACH_COMPANY, n->company);
	if (n->what == NOTICE_ALARM) {
		read_alarm(r, object(r, o, "alarm"), n);
		return;
	}
	if (n->what == NOTICE_REPORT) {
		read_report(r, object(r, o, "report"), n);
		return;
	}
	if (n->what == NOTICE_DIGEST) {
		read_digest(r, o, n);
		return;
	}
	if (n->what == NOTICE_INQUIRY) {
		read_inquiry(r, object(r, o, "inquiry"), n);
		return;
	}
	if (n->what == NOTICE_EVENT) {
		read_event(r, o, n);
		return;
	}
	if (n->what == NOTICE_WORDS) {
		read_words(r, object(r, o, "words"), n);
		return;
	}
	if (n->what == NOTICE_ADVISORY) {
		read_advisory(r, object(r, o, "advisory"), n);
		return;
	}
	read_incident(r, object(r, o, "incident"), n);
	if (json_object_get(o, "call_back") != NULL) {
		both(r, object(r, o, "call_back"), "code_word", false, n->lang, REACH_CODE_WORD, n->code_word);
		n->call_back = text(r, json_object_get(o, "call_back"), "number", false, 64);
	}
	if (n->what != NOTICE_ACKNOWLEDGED)
		return;
	ack = object(r, o, "acknowledged");
	n->by = text(r, ack, "by", true, REACH_NAME);
	n->acknowledged_at = moment(r, ack, "at", true);
	n->how = hows[word(r, text(r, ack, "how", true, 16), "how", hows, 2)];
}

int
notice_read(struct slice json, struct arena *a, struct notice *ret, char err[200])
{
	struct reading r = { .a = a, .err = err };
	json_error_t je;
	json_t *o;

	*ret = (struct notice){ .job = "", .key = "", .tenant = "", .address = "", .name = "", .zone = "", .hook_url = "",
		                .hook_secret = "", .company = { "", "" }, .incident = "", .title = { "", "" },
		                .summary = { "", "" }, .action = { "", "" }, .url = "", .code_word = { "", "" }, .call_back = "", .by = "", .how = "", .alarm = "",
		                .alarm_text = { "", "" }, .token = "", .mail_id = "", .asked = "", .words = "", .writer = { "", "" }, .event = "" };
	err[0] = '\0';
	o = json.n > 0 && json.n <= JOB_MAX ? json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &je) : NULL;
	if (!json_is_object(o)) {
		snprintf(err, 200, "the job is no JSON object of at most 64 KiB");
		json_decref(o);
		return E_SYNTAX;
	}
	read_all(&r, o, ret);
	json_decref(o);
	return r.code;
}
