/* SPDX-License-Identifier: Apache-2.0
 *
 * The desk's JOB as bytes, and our answers as bytes.  The desk is another process: every field is
 * checked for type and length here, and a fault names the field.  A PIN is read and never written.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/err.h"
#include "call/call_priv.h"
#include "codec/jsonw.h"

#define JOB_MAX (64u * 1024)

struct reading {
	char *err;
	int code; /* first fault */
};

static void
fault(struct reading *r, int code, const char *field, const char *what)
{
	if (r->code != 0)
		return;
	r->code = code;
	snprintf(r->err, 200, "%s: %s", field, what);
}

/* No control characters: these texts reach SIP headers, logs and the voice. */
static void
text(struct reading *r, const json_t *o, const char *key, bool needed, char *out, size_t cap)
{
	const json_t *v = json_object_get(o, key);
	size_t n = v != NULL && json_is_string(v) ? json_string_length(v) : 0;

	out[0] = '\0';
	if (v == NULL || json_is_null(v)) {
		if (needed)
			fault(r, E_SYNTAX, key, "is missing");
		return;
	}
	if (!json_is_string(v))
		fault(r, E_SYNTAX, key, "must be a text");
	else if (n >= cap)
		fault(r, E_RANGE, key, "is too long");
	else if (n == 0 && needed)
		fault(r, E_RANGE, key, "is empty");
	else if (!reach_is_text(slice_of(json_string_value(v), n), false))
		fault(r, E_RANGE, key, "holds control characters");
	else
		memcpy(out, json_string_value(v), n + 1);
}

static const json_t *
object(struct reading *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_object(v))
		fault(r, E_SYNTAX, key, "must be an object");
	return v;
}

static int64_t
span(struct reading *r, const json_t *o, const char *key, int64_t otherwise, int64_t least, int64_t most)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL)
		return otherwise * NS_PER_S;
	if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most) {
		fault(r, E_RANGE, key, "is outside its limits");
		return otherwise * NS_PER_S;
	}
	return json_integer_value(v) * NS_PER_S;
}

static enum lang
lang_of(const char *s)
{
	return strcmp(s, "ja") == 0 ? LANG_JA : strcmp(s, "en") == 0 ? LANG_EN : LANG_NONE;
}

static void
read_person(struct reading *r, const json_t *to, struct call_job *j)
{
	char lang[8], other[8];

	text(r, to, "name", false, j->name, sizeof j->name);
	text(r, to, "kana", false, j->kana, sizeof j->kana);
	text(r, to, "number", true, j->number, sizeof j->number);
	text(r, to, "pin", false, j->pin, sizeof j->pin);
	text(r, to, "lang", true, lang, sizeof lang);
	text(r, to, "other_lang", false, other, sizeof other);
	if (strspn(j->pin, "0123456789") != strlen(j->pin) || (j->pin[0] != '\0' && strlen(j->pin) < 3))
		fault(r, E_RANGE, "pin", "must be 3 to 8 digits");
	j->lang = lang_of(lang);
	if (j->lang == LANG_NONE) {
		fault(r, E_RANGE, "lang", "must be ja or en");
		return;
	}
	j->other = other[0] != '\0' ? lang_of(other) : j->lang == LANG_JA ? LANG_EN : LANG_JA;
	if (j->other == j->lang)
		j->other = LANG_NONE;
}

/* What is missing is not said; the call is made all the same. */
static void
read_both(struct reading *r, const json_t *o, const char *key, char *ja, char *en, size_t cap)
{
	const json_t *v = object(r, o, key);

	text(r, v, "ja", false, ja, cap);
	text(r, v, "en", false, en, cap);
}

static void
read_severity(struct reading *r, const json_t *o, struct call_job *j)
{
	static const char *const names[SEV_COUNT] = { "emergency", "critical", "warning", "informational" };
	char s[16];

	text(r, o, "severity", true, s, sizeof s);
	for (int i = 0; i < SEV_COUNT; i++)
		if (strcmp(s, names[i]) == 0) {
			j->severity = (enum severity)i;
			return;
		}
	fault(r, E_RANGE, "severity", "is none of the four");
}

static void
read_all(struct reading *r, const json_t *o, struct call_job *j)
{
	text(r, o, "job", true, j->job, sizeof j->job);
	text(r, o, "key", true, j->key, sizeof j->key);
	text(r, o, "tenant", true, j->tenant, sizeof j->tenant);
	text(r, o, "provider", false, j->provider, sizeof j->provider);
	text(r, o, "incident", true, j->incident, sizeof j->incident);
	j->test = json_is_true(json_object_get(o, "test"));
	read_person(r, object(r, o, "to"), j);
	read_severity(r, o, j);
	if (r->code != 0)
		return;
	read_both(r, o, "company", j->company[LANG_JA], j->company[LANG_EN], sizeof j->company[0]);
	read_both(r, o, "code_word", j->code_word[LANG_JA], j->code_word[LANG_EN], sizeof j->code_word[0]);
	read_both(r, o, "summary", j->summary[LANG_JA], j->summary[LANG_EN], sizeof j->summary[0]);
	j->ring_ns = span(r, o, "ring_s", 30, 5, 120);
	j->limit_ns = span(r, o, "limit_s", 75, 15, 600);
	if (j->other != LANG_NONE && (j->company[j->other][0] == '\0' || j->code_word[j->other][0] == '\0' ||
	                              j->summary[j->other][0] == '\0'))
		j->other = LANG_NONE;
}

int
call_job_read(struct slice json, struct call_job *ret_job, char err[200])
{
	struct reading r = { .err = err };
	json_error_t je;
	json_t *o;

	memset(ret_job, 0, sizeof *ret_job);
	err[0] = '\0';
	o = json.n > 0 && json.n <= JOB_MAX ? json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &je) : NULL;
	if (!json_is_object(o)) {
		snprintf(err, 200, "the job is no JSON object of at most 64 KiB");
		json_decref(o);
		return E_SYNTAX;
	}
	read_all(&r, o, ret_job);
	json_decref(o);
	return r.code;
}

static void
put_time(struct buf *out, const char *key, int64_t t)
{
	char s[36];

	if (t == 0) {
		jsonw_key(out, slice_str(key));
		buf_put_str(out, "null");
		return;
	}
	jsonw_kv(out, key, slice_of(s, time_format_rfc3339(s, t, 3)));
}

void
call_event_json(struct buf *out, const char *job, const struct call_event *ev)
{
	static const char *const names[] = { "queued", "dialling", "ringing", "answered", "prompt", "digit",
		"language_switched", "machine", "hung_up", "recorded" };

	buf_put_str(out, "{");
	jsonw_kv_i64(out, "v", 1);
	jsonw_kv_str(out, "job", job);
	put_time(out, "at", ev->at);
	jsonw_kv_str(out, "what", names[ev->what]);
	if (ev->code >= 0)
		jsonw_kv_i64(out, "code", ev->code);
	if (ev->text != NULL)
		jsonw_kv_str(out, "text", ev->text);
	buf_put_str(out, "}");
}

void
call_done_json(struct buf *out, const char *job, int64_t at, const struct call_result *r)
{
	buf_put_str(out, "{");
	jsonw_kv_i64(out, "v", 1);
	jsonw_kv_str(out, "job", job);
	jsonw_kv_str(out, "kind", "call");
	put_time(out, "at", at);
	jsonw_kv_str(out, "outcome", outcome_name(r->outcome));
	jsonw_kv_i64(out, "code", r->code);
	jsonw_kv_str(out, "text", r->text);
	put_time(out, "dialled_at", r->dialled);
	put_time(out, "ringing_at", r->ringing);
	put_time(out, "answered_at", r->answered);
	put_time(out, "digit_at", r->digit);
	put_time(out, "ended_at", r->ended);
	jsonw_kv_str(out, "lang", r->lang == LANG_EN ? "en" : "ja");
	jsonw_kv_i64(out, "heard_ms", r->heard_ms);
	if (r->recording[0] != '\0')
		jsonw_kv_str(out, "recording", r->recording);
	buf_put_str(out, "}");
}
