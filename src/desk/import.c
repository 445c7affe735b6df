/* SPDX-License-Identifier: Apache-2.0
 *
 * Tenant documents (docs/tenants.md): YAML with tenants and accounts → the arguments of tenant.import.
 * Strict: an unknown key, a missing reading, a number nobody can dial is an error with file:line:column.
 * A contact without a kana reading is refused here, so that no call ever fails for it.
 * Passwords and second factors come out apart, under "secrets": they never reach the journal.
 */
#include <stdio.h>

#include "codec/holiday.h"
#include "codec/reach.h"
#include "codec/spoken.h"
#include "codec/timefmt.h"
#include "codec/yaml.h"
#include "desk/device_priv.h"

struct reader {
	const char *file;
	struct whys *ws;
};

static void
fault(struct reader *r, const struct ynode *n, const char *id, const char *wanted)
{
	struct why *w = whys_add(r->ws, WHY_ERROR, E_SYNTAX, id, r->file, n->line, n->col);

	if (w == NULL)
		return;
	why_found(w, "%.100s", n->kind == Y_SCALAR ? n->text.p : y_kind_name(n->kind));
	why_wanted(w, "%s", wanted);
}

static void
check_keys(struct reader *r, const struct ynode *map, const char *keys)
{
	const char *names[40];
	char copy[400];
	size_t n = 0;

	snprintf(copy, sizeof copy, "%s", keys);
	for (char *p = copy; *p != '\0' && n < 40;) {
		names[n++] = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
	}
	for (const struct ynode *c = map->child; c != NULL; c = c->next) {
		auto_free char *key = x_asprintf(SL_FMT, SL_ARG(c->key));
		const char *near;
		struct why *w;

		if (word_in(key, keys))
			continue;
		w = whys_add(r->ws, WHY_ERROR, E_SYNTAX, "TENANT-KEY", r->file, c->key_line, c->key_col);
		if (w == NULL)
			continue;
		why_found(w, "unknown key %.100s", key);
		why_wanted(w, "one of %s", keys);
		near = near_word(c->key, names, n);
		if (near != NULL)
			why_hint(w, "%s", near);
	}
}

static const struct ynode *
map_get_kind(struct reader *r, const struct ynode *map, const char *key, enum ykind kind, bool need)
{
	const struct ynode *n = y_get(map, slice_str(key));

	if (n == NULL) {
		if (need) {
			auto_free char *wanted = x_asprintf("the key %s", key);

			fault(r, map, "TENANT-MISSING", wanted);
		}
		return NULL;
	}
	if (n->kind != kind) {
		fault(r, n, "TENANT-TYPE", y_kind_name(kind));
		return NULL;
	}
	return n;
}

/* The node's text, in one line of at most max bytes; NULL and a fault. */
static const char *
line_of(struct reader *r, const struct ynode *n, size_t max)
{
	auto_free char *wanted = NULL;

	if (n == NULL)
		return NULL;
	if (n->kind == Y_SCALAR && n->text.n != 0 && n->text.n <= max && reach_is_text(n->text, false) && slice_trim(n->text).n != 0)
		return n->text.p;
	wanted = x_asprintf("one line of 1 to %zu bytes", max);
	fault(r, n, "TENANT-TEXT", wanted);
	return NULL;
}

static const char *
text_of(struct reader *r, const struct ynode *map, const char *key, bool need)
{
	return line_of(r, map_get_kind(r, map, key, Y_SCALAR, need), 1000);
}

static const char *
name_of(struct reader *r, const struct ynode *map, const char *key, bool need)
{
	return line_of(r, map_get_kind(r, map, key, Y_SCALAR, need), REACH_NAME);
}

/* The rule of the telephone itself: what it would leave out of its sentences is refused here. */
static void
check_spoken(struct reader *r, const struct ynode *n, const char *text, enum spoken voice)
{
	auto_buf struct buf said = { 0 };
	struct slice bad;
	struct why *w;

	if (text == NULL || spoken_put(&said, voice, slice_str(text), &bad))
		return;
	w = whys_add(r->ws, WHY_ERROR, E_SYNTAX, voice == SPOKEN_JA ? "TENANT-KANA" : "TENANT-SPOKEN", r->file, n->line, n->col);
	if (w == NULL)
		return;
	if (bad.n != 0 && reach_is_text(bad, false))
		why_found(w, "\"" SL_FMT "\" in %.100s", SL_ARG(bad), text);
	else
		why_found(w, "%.100s", text);
	why_wanted(w, "%s", voice == SPOKEN_JA ? "the reading in kana: the telephone speaks it" : "letters and digits that the English voice of the telephone can say");
}

static const char *
kana_of(struct reader *r, const struct ynode *map, const char *key)
{
	const char *s = name_of(r, map, key, true);

	check_spoken(r, y_get(map, slice_str(key)), s, SPOKEN_JA);
	return s;
}

static void
put(json_t *o, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(o, key, json_string(value));
}

enum languages { NONE_NEEDED, ONE_NEEDED, BOTH_NEEDED };

/* One text for both languages, or {ja: …, en: …}. */
static json_t *
two_of(struct reader *r, const struct ynode *map, const char *key, size_t max, enum languages need)
{
	const struct ynode *n = y_get(map, slice_str(key));
	json_t *o = json_object();

	if (n == NULL && need != NONE_NEEDED)
		map_get_kind(r, map, key, Y_MAP, true);
	if (n != NULL && n->kind == Y_SCALAR) {
		put(o, "ja", line_of(r, n, max));
		put(o, "en", json_string_value(json_object_get(o, "ja")));
	} else if (n != NULL && n->kind == Y_MAP) {
		check_keys(r, n, "ja en");
		put(o, "ja", line_of(r, map_get_kind(r, n, "ja", Y_SCALAR, need == BOTH_NEEDED), max));
		put(o, "en", line_of(r, map_get_kind(r, n, "en", Y_SCALAR, need == BOTH_NEEDED), max));
		if (need == ONE_NEEDED && n->child == NULL)
			fault(r, n, "TENANT-MISSING", "{ja: …, en: …}");
	} else if (n != NULL) {
		fault(r, n, "TENANT-TYPE", "{ja: …, en: …}");
	}
	return o;
}

/* Where the text of a language stands. */
static const struct ynode *
node_of(const struct ynode *map, const char *key, const char *lang)
{
	const struct ynode *n = y_get(map, slice_str(key)), *v = n != NULL && n->kind == Y_MAP ? y_get(n, slice_str(lang)) : NULL;

	return v != NULL ? v : n;
}

static void
check_two_spoken(struct reader *r, const struct ynode *map, const char *key, const json_t *two, bool ja)
{
	if (ja)
		check_spoken(r, node_of(map, key, "ja"), json_string_value(json_object_get(two, "ja")), SPOKEN_JA);
	check_spoken(r, node_of(map, key, "en"), json_string_value(json_object_get(two, "en")), SPOKEN_EN);
}

static const char *
word_of(struct reader *r, const struct ynode *map, const char *key, const char *list, const char *otherwise)
{
	const char *s = text_of(r, map, key, false);

	if (s == NULL)
		return otherwise;
	if (!word_in(s, list))
		fault(r, y_get(map, slice_str(key)), "TENANT-WORD", list);
	return s;
}

static const char *
zone_of(struct reader *r, const struct ynode *map, const char *otherwise)
{
	const char *s = text_of(r, map, "zone", false);

	if (s == NULL)
		return otherwise;
	if (zone_open(slice_str(s)) == NULL)
		fault(r, y_get(map, SL("zone")), "TENANT-ZONE", "the name of a time zone, such as Asia/Tokyo");
	return s;
}

static const char *
country_of(struct reader *r, const struct ynode *map)
{
	const char *s = text_of(r, map, "country", false);

	auto_buf struct buf known = { 0 };

	if (s == NULL || calendar_find(slice_str(s)) != NULL)
		return s;
	calendar_codes(&known);
	fault(r, y_get(map, SL("country")), "TENANT-COUNTRY", buf_cstr(&known));
	return s;
}

/* Any YAML as JSON: whole numbers and true/false without quotes are such, all else is text. */
static json_t *
plain_json(const struct ynode *n)
{
	json_t *o;
	int64_t i;
	bool b;

	switch (n->kind) {
	case Y_SEQ:
		o = json_array();
		for (const struct ynode *c = n->child; c != NULL; c = c->next)
			json_array_append_new(o, plain_json(c));
		return o;
	case Y_MAP:
		o = json_object();
		for (const struct ynode *c = n->child; c != NULL; c = c->next) {
			auto_free char *key = x_asprintf(SL_FMT, SL_ARG(c->key));

			json_object_set_new(o, key, plain_json(c));
		}
		return o;
	default:
		if (n->plain && y_i64(n, &i))
			return json_integer(i);
		if (n->plain && y_bool(n, &b))
			return json_boolean(b);
		o = json_stringn(n->text.p, n->text.n);
		return o != NULL ? o : json_string("");
	}
}

/* The key id of a contact or a webhook, which no other of the list before it has. */
static const char *
id_of(struct reader *r, const struct ynode *n, const json_t *before)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *id = text_of(r, n, "id", true);
	const json_t *v;
	size_t i;

	if (id != NULL && (strlen(id) > REACH_ID || strspn(id, letters) != strlen(id)))
		fault(r, y_get(n, SL("id")), "TENANT-ID", "1 to 31 of A-Z a-z 0-9 . _ -");
	json_array_foreach(before, i, v)
		if (id != NULL && strcmp(json_string_value(json_object_get(v, "id")) ?: "", id) == 0)
			fault(r, y_get(n, SL("id")), "TENANT-TWICE", "an id that stands here once");
	return id;
}

static json_t *
numbers_of(struct reader *r, const struct ynode *map)
{
	const struct ynode *list = map_get_kind(r, map, "numbers", Y_SEQ, false);
	json_t *a = json_array();

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind != Y_SCALAR || !reach_is_number(n->text))
			fault(r, n, "TENANT-NUMBER", "+ and digits, or sip:user@host");
		else
			json_array_append_new(a, json_string(n->text.p));
	}
	return a;
}

static void
mail_for_of(struct reader *r, const struct ynode *map, json_t *o)
{
	const struct ynode *list = map_get_kind(r, map, "mail_for", Y_SEQ, false);
	auto_buf struct buf words = { 0 };

	if (list == NULL)
		return;
	for (const struct ynode *n = list->child; n != NULL; n = n->next) {
		if (n->kind != Y_SCALAR || severity_find(n->text.p) == NULL)
			fault(r, n, "TENANT-WORD", "emergency critical warning informational");
		else
			buf_printf(&words, "%s%s", words.n != 0 ? " " : "", n->text.p);
	}
	put(o, "mail_for", buf_cstr(&words));
}

static bool
truth_of(struct reader *r, const struct ynode *map, const char *key, bool otherwise)
{
	const struct ynode *n = map_get_kind(r, map, key, Y_SCALAR, false);
	bool v = otherwise;

	if (n != NULL && !y_bool(n, &v))
		fault(r, n, "TENANT-BOOL", "true or false");
	return v;
}

static json_t *
contact_of(struct reader *r, const struct ynode *n, const char *lang, const char *zone, const json_t *before)
{
	const char *hours = text_of(r, n, "hours", false), *mail = text_of(r, n, "mail", false), *pin = text_of(r, n, "pin", false);
	json_t *o = json_object(), *numbers;

	check_keys(r, n, "id name kana title lang zone country hours backup numbers pin mail mail_for reports");
	put(o, "id", id_of(r, n, before));
	put(o, "name", name_of(r, n, "name", true));
	put(o, "kana", kana_of(r, n, "kana"));
	json_object_set_new(o, "title", two_of(r, n, "title", REACH_NAME, NONE_NEEDED));
	put(o, "lang", word_of(r, n, "lang", "ja en", lang));
	put(o, "zone", zone_of(r, n, zone));
	put(o, "country", country_of(r, n));
	put(o, "backup", text_of(r, n, "backup", false));
	if (hours != NULL && !hours_is_good(hours))
		fault(r, y_get(n, SL("hours")), "TENANT-HOURS", "always, or such as Mon-Fri 09:00-18:00; Sat,Sun,Hol 10:00-16:00");
	put(o, "hours", hours != NULL ? hours : "always");
	if (pin != NULL && (strlen(pin) < 3 || strlen(pin) > 8 || strspn(pin, "0123456789") != strlen(pin)))
		fault(r, y_get(n, SL("pin")), "TENANT-PIN", "3 to 8 digits");
	put(o, "pin", pin);
	if (mail != NULL && !reach_is_mail(slice_str(mail)))
		fault(r, y_get(n, SL("mail")), "TENANT-MAIL", "one mail address");
	put(o, "mail", mail);
	mail_for_of(r, n, o);
	json_object_set_new(o, "reports", json_boolean(truth_of(r, n, "reports", true)));
	numbers = numbers_of(r, n);
	if (json_array_size(numbers) == 0 && mail == NULL)
		fault(r, n, "TENANT-CONTACT", "at least one number or a mail address");
	json_object_set_new(o, "numbers", numbers);
	return o;
}

static int64_t
number_of(struct reader *r, const struct ynode *map, const char *key, int64_t least, int64_t most, int64_t otherwise)
{
	const struct ynode *n = map_get_kind(r, map, key, Y_SCALAR, false);
	auto_free char *wanted = x_asprintf("%lld to %lld", (long long)least, (long long)most);
	int64_t v;

	if (n == NULL)
		return otherwise;
	if (!y_i64(n, &v) || v < least || v > most)
		fault(r, n, "TENANT-RANGE", wanted);
	else
		return v;
	return otherwise;
}

/* ---- the telephone of a tenant ---- */

static json_t *
plan_of(struct reader *r, const struct ynode *tenant)
{
	const struct ynode *map = map_get_kind(r, tenant, "plan", Y_MAP, false);
	json_t *o = json_object();

	if (map == NULL)
		return o;
#define PLAN(name, least, most, otherwise, what) " " #name
	check_keys(r, map,
#include "tbl/plan.tbl"
	                   + 1);
#undef PLAN
#define PLAN(name, least, most, otherwise, what) json_object_set_new(o, #name, json_integer(number_of(r, map, #name, least, most, otherwise)));
#include "tbl/plan.tbl"
#undef PLAN
	return o;
}

/* Dates as days since 1970. */
static json_t *
days_off_of(struct reader *r, const struct ynode *tenant)
{
	const struct ynode *list = map_get_kind(r, tenant, "days_off", Y_SEQ, false);
	json_t *a = json_array();

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		auto_free char *stamp = n->kind == Y_SCALAR ? x_asprintf("%.20sT00:00:00Z", n->text.p) : NULL;
		char again[16] = "";
		int64_t t;

		if (stamp != NULL && time_parse_rfc3339(slice_str(stamp), &t) == 0)
			day_text(t / NS_PER_DAY, again);
		if (again[0] == '\0' || strcmp(again, n->text.p) != 0) /* 30 February would become 2 March */
			fault(r, n, "TENANT-DATE", "a date such as 2026-12-29");
		else
			json_array_append_new(a, json_integer(t / NS_PER_DAY));
	}
	return a;
}

/* One word or a list of words. */
static json_t *
words_of(struct reader *r, const struct ynode *map, const char *key, const char *list)
{
	const struct ynode *n = y_get(map, slice_str(key));
	json_t *a = json_array();

	if (n == NULL) {
		json_decref(a);
		return NULL;
	}
	for (const struct ynode *v = n->kind == Y_SEQ ? n->child : n; v != NULL; v = n->kind == Y_SEQ ? v->next : NULL) {
		if (v->kind != Y_SCALAR || !word_in(v->text.p, list))
			fault(r, v, "TENANT-WORD", list);
		else
			json_array_append_new(a, json_string(v->text.p));
	}
	return a;
}

static bool
holds(const json_t *list, const char *words)
{
	const json_t *v;
	size_t i;

	if (list == NULL)
		return true; /* not named: all */
	json_array_foreach(list, i, v)
		if (word_in(json_string_value(v), words))
			return true;
	return false;
}

/* channel.c reads these rows.  What is promised cannot be taken away by one. */
static json_t *
channel_of(struct reader *r, const struct ynode *n)
{
	json_t *o = json_object(), *severity, *channel;
	const char *send;
	bool grave;

	check_keys(r, n, "severity channel when lang send");
	severity = words_of(r, n, "severity", "emergency critical warning informational");
	channel = words_of(r, n, "channel", "call mail webhook");
	send = word_of(r, n, "send", "now digest never", NULL);
	if (send == NULL)
		fault(r, n, "TENANT-MISSING", "the key send");
	grave = holds(severity, "emergency critical");
	if (channel != NULL)
		json_object_set_new(o, "channel", channel);
	if (severity != NULL)
		json_object_set_new(o, "severity", severity);
	put(o, "when", word_of(r, n, "when", "always hours off_hours", "always"));
	put(o, "lang", word_of(r, n, "lang", "ja en", NULL));
	put(o, "send", send);
	if (send != NULL && strcmp(send, "digest") == 0 && (grave || channel == NULL || holds(channel, "call webhook")))
		fault(r, n, "TENANT-CHANNEL", "digest only for mail, and not for emergency or critical");
	if (send != NULL && strcmp(send, "now") == 0 && channel != NULL && holds(channel, "call") && (severity == NULL || holds(severity, "warning informational")))
		fault(r, n, "TENANT-CHANNEL", "calls only for emergency and critical");
	return o;
}

static json_t *
channels_of(struct reader *r, const struct ynode *tenant)
{
	const struct ynode *list = map_get_kind(r, tenant, "channels", Y_SEQ, false);
	json_t *a = json_array();

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind == Y_MAP)
			json_array_append_new(a, channel_of(r, n));
		else
			fault(r, n, "TENANT-TYPE", "a map");
	}
	return a;
}

static const char kinds[] =
#define INQUIRY_KIND(id, ja, en) " " id
#include "tbl/inquiry.tbl"
        ;
static const char priorities[] =
#define INQUIRY_PRIORITY(id, seconds, ja, en) " " id
#include "tbl/inquiry.tbl"
        ;

/* inquiry_promise_s reads these rows. */
static json_t *
promise_of(struct reader *r, const struct ynode *n)
{
	json_t *o = json_object(), *kind, *priority;
	int64_t s;

	check_keys(r, n, "kind priority hours minutes");
	kind = words_of(r, n, "kind", kinds + 1);
	priority = words_of(r, n, "priority", priorities + 1);
	s = number_of(r, n, "hours", 1, 720, 0) * 3600 + number_of(r, n, "minutes", 15, 1440, 0) * 60;
	if ((y_get(n, SL("hours")) == NULL) == (y_get(n, SL("minutes")) == NULL))
		fault(r, n, "TENANT-PROMISE", "either hours or minutes");
	if (kind != NULL)
		json_object_set_new(o, "kind", kind);
	if (priority != NULL)
		json_object_set_new(o, "priority", priority);
	json_object_set_new(o, "s", json_integer(s));
	return o;
}

static json_t *
promises_of(struct reader *r, const struct ynode *tenant)
{
	const struct ynode *list = map_get_kind(r, tenant, "promises", Y_SEQ, false);
	json_t *a = json_array();

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind == Y_MAP && json_array_size(a) < 50)
			json_array_append_new(a, promise_of(r, n));
		else
			fault(r, n, "TENANT-TYPE", n->kind == Y_MAP ? "at most 50 rows" : "a map");
	}
	return a;
}

static json_t *
webhooks_of(struct reader *r, const struct ynode *tenant, const char *lang)
{
	const struct ynode *list = map_get_kind(r, tenant, "webhooks", Y_SEQ, false);
	json_t *a = json_array(), *o;

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		const char *url, *hours;

		if (n->kind != Y_MAP) {
			fault(r, n, "TENANT-TYPE", "a map");
			continue;
		}
		check_keys(r, n, "id url secret lang hours");
		url = text_of(r, n, "url", true);
		hours = text_of(r, n, "hours", false);
		if (url != NULL && (!reach_is_url(slice_str(url)) || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://127.0.0.1", 16) != 0)))
			fault(r, y_get(n, SL("url")), "TENANT-URL", "an address that begins with https://");
		if (hours != NULL && !hours_is_good(hours))
			fault(r, y_get(n, SL("hours")), "TENANT-HOURS", "always, or such as Mon-Fri 09:00-18:00");
		o = json_object();
		put(o, "id", id_of(r, n, a));
		put(o, "url", url);
		put(o, "secret", line_of(r, map_get_kind(r, n, "secret", Y_SCALAR, true), REACH_SECRET));
		put(o, "lang", word_of(r, n, "lang", "ja en", lang));
		put(o, "hours", hours != NULL ? hours : "always");
		json_array_append_new(a, o);
	}
	return a;
}

/* "09:00" as minutes of the day. */
static int64_t
minute_of(struct reader *r, const struct ynode *tenant, const char *key, int64_t otherwise)
{
	const char *s = text_of(r, tenant, key, false);
	uint64_t h, m;

	if (s == NULL)
		return otherwise;
	if (strlen(s) == 5 && s[2] == ':' && slice_u64(slice_of(s, 2), &h) && slice_u64(slice_of(s + 3, 2), &m) && h < 24 && m < 60)
		return (int64_t)(h * 60 + m);
	fault(r, y_get(tenant, slice_str(key)), "TENANT-TIME", "an hour such as 09:00");
	return otherwise;
}

/* Everybody's back-up is a contact of the same tenant, and another one. */
static void
check_backups(struct reader *r, const struct ynode *list, const json_t *contacts)
{
	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		const struct ynode *b = n->kind == Y_MAP ? y_get(n, SL("backup")) : NULL, *id = b != NULL ? y_get(n, SL("id")) : NULL;
		const json_t *v;
		size_t i;
		bool known = false;

		if (b == NULL || b->kind != Y_SCALAR)
			continue;
		json_array_foreach(contacts, i, v)
			known |= strcmp(json_string_value(json_object_get(v, "id")) ?: "", b->text.p) == 0;
		if (!known || (id != NULL && slice_eq(id->text, b->text)))
			fault(r, b, "TENANT-BACKUP", "the id of another contact of this tenant");
	}
}

/* What counts as inside must not be the Internet. */
static void
check_networks(struct reader *r, const struct ynode *list)
{
	for (const struct ynode *row = list != NULL && list->kind == Y_SEQ ? list->child : NULL; row != NULL; row = row->next) {
		const struct ynode *cidr = row->kind == Y_MAP ? y_get(row, SL("cidr")) : NULL;
		struct ip base;
		unsigned bits;

		if (cidr != NULL && cidr->kind == Y_SCALAR && ip_parse_cidr(cidr->text, &base, &bits) && net_is_wide(&base, bits))
			fault(r, cidr, "TENANT-NETWORK", "at least /8, of v6 /16");
	}
}

/* No other of the tenants before it has the same value of key. */
static void
check_once(struct reader *r, const struct ynode *n, const char *key, const char *value, const json_t *before)
{
	const json_t *v;
	size_t i;

	json_array_foreach(before, i, v)
		if (value != NULL && strcmp(json_string_value(json_object_get(v, key)) ?: "", value) == 0)
			fault(r, y_get(n, slice_str(key)), "TENANT-TWICE", strcmp(key, "short") == 0 ? "a short that no other tenant has: it begins the numbers of incidents" : "an id that stands here once");
}

static json_t *
tenant_of(struct reader *r, const struct ynode *n, const json_t *before)
{
	static const char *const lists[] = { "networks", "assets", "authorised", "users", "devices", "lists" };
	const char *id, *short_name, *lang, *zone;
	json_t *o = json_object(), *doc = json_object(), *contacts = json_array();
	const struct ynode *list;

	check_keys(r, n, "id name kana short zone lang country closing code_word decide_s call_s second_person plan days_off channels promises webhooks digest_at daily_at contacts networks assets authorised users devices lists");
	id = text_of(r, n, "id", true);
	if (id != NULL && (strlen(id) > 31 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(id)))
		fault(r, y_get(n, SL("id")), "TENANT-ID", "1 to 31 of a-z 0-9 -");
	short_name = text_of(r, n, "short", true);
	if (short_name != NULL && (strlen(short_name) > 12 || strspn(short_name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != strlen(short_name)))
		fault(r, y_get(n, SL("short")), "TENANT-SHORT", "1 to 12 of A-Z 0-9: it begins every incident's number");
	check_once(r, n, "id", id, before);
	check_once(r, n, "short", short_name, before);
	lang = word_of(r, n, "lang", "ja en", "ja");
	zone = zone_of(r, n, "UTC");
	put(o, "id", id);
	put(o, "short", short_name);
	put(o, "lang", lang);
	put(o, "zone", zone);
	json_object_set_new(o, "name", two_of(r, n, "name", REACH_COMPANY, BOTH_NEEDED));
	check_two_spoken(r, n, "name", json_object_get(o, "name"), false);
	put(o, "kana", kana_of(r, n, "kana"));
	json_object_set_new(o, "code_word", two_of(r, n, "code_word", REACH_CODE_WORD, BOTH_NEEDED));
	check_two_spoken(r, n, "code_word", json_object_get(o, "code_word"), true);
	json_object_set_new(o, "decide_s", json_integer(number_of(r, n, "decide_s", 60, 86400, 900)));
	json_object_set_new(o, "call_s", json_integer(number_of(r, n, "call_s", 60, 86400, 600)));
	json_object_set_new(o, "second_person", json_boolean(strcmp(word_of(r, n, "second_person", "true false", "true"), "true") == 0));
	put(o, "country", country_of(r, n));
	json_object_set_new(o, "closing", json_boolean(truth_of(r, n, "closing", false)));
	json_object_set_new(o, "plan", plan_of(r, n));
	json_object_set_new(o, "days_off", days_off_of(r, n));
	json_object_set_new(o, "channels", channels_of(r, n));
	json_object_set_new(o, "promises", promises_of(r, n));
	json_object_set_new(o, "webhooks", webhooks_of(r, n, lang));
	json_object_set_new(o, "digest_at", json_integer(minute_of(r, n, "digest_at", DESK_DIGEST_MIN)));
	json_object_set_new(o, "daily_at", json_integer(minute_of(r, n, "daily_at", DESK_DAILY_MIN)));
	list = map_get_kind(r, n, "contacts", Y_SEQ, false);
	for (const struct ynode *c = list != NULL ? list->child : NULL; c != NULL; c = c->next) {
		if (c->kind == Y_MAP)
			json_array_append_new(contacts, contact_of(r, c, lang, zone, contacts));
		else
			fault(r, c, "TENANT-TYPE", "a map");
	}
	check_backups(r, list, contacts);
	if (list != NULL)
		json_object_set(o, "contacts", contacts);
	json_decref(contacts);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct ynode *v = y_get(n, slice_str(lists[i]));

		if (v != NULL && v->kind == (i == 5 ? Y_MAP : Y_SEQ))
			json_object_set_new(doc, lists[i], plain_json(v));
		else if (v != NULL)
			fault(r, v, "TENANT-TYPE", y_kind_name(i == 5 ? Y_MAP : Y_SEQ));
	}
	check_networks(r, y_get(n, SL("networks")));
	json_object_set_new(o, "doc", doc);
	return o;
}

static void
account_of(struct reader *r, const struct ynode *n, json_t *users, json_t *secrets)
{
	const char *login = text_of(r, n, "login", true), *password = text_of(r, n, "password", false), *totp = text_of(r, n, "totp", false);
	const char *role = word_of(r, n, "role", "analyst lead engineer admin auditor customer", NULL);
	const struct ynode *mask = map_get_kind(r, n, "tenants", Y_SEQ, false);
	json_t *o = json_object();

	check_keys(r, n, "login name kana role tenant tenants lang zone password totp");
	if (role == NULL)
		fault(r, n, "TENANT-MISSING", "the key role");
	if (login != NULL && (strlen(login) < 2 || strlen(login) > 64 || strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._@-") != strlen(login)))
		fault(r, y_get(n, SL("login")), "TENANT-LOGIN", "2 to 64 of a-z 0-9 . _ @ -");
	check_once(r, n, "login", login, users);
	put(o, "login", login);
	put(o, "role", role);
	json_object_set_new(o, "name", two_of(r, n, "name", REACH_NAME, ONE_NEEDED));
	put(o, "kana", name_of(r, n, "kana", false));
	put(o, "tenant", text_of(r, n, "tenant", false));
	put(o, "lang", word_of(r, n, "lang", "ja en", "ja"));
	put(o, "zone", zone_of(r, n, "Asia/Tokyo"));
	if (mask != NULL)
		json_object_set_new(o, "tenants", plain_json(mask));
	if (password != NULL && strlen(password) < 12)
		fault(r, y_get(n, SL("password")), "TENANT-PASSWORD", "at least 12 characters");
	if ((password != NULL || totp != NULL) && login != NULL)
		json_array_append_new(secrets, json_pack("{s:s, s:s?, s:s?}", "login", login, "password", password, "totp", totp));
	json_array_append_new(users, o);
}

json_t *
desk_import_read(struct slice yaml, const char *file, struct whys *ws)
{
	json_t *tenants = json_array(), *users = json_array(), *secrets = json_array();
	struct reader r = { .file = file, .ws = ws };
	const struct ynode *list, *root;
	struct ydocs docs = { 0 };
	struct arena a;

	arena_init(&a, 0, 64u << 20);
	if (yaml_parse(yaml, file, &a, &docs, ws) == 0 && docs.n != 0 && (root = docs.v[0]) != NULL) {
		if (root->kind != Y_MAP) {
			fault(&r, root, "TENANT-TYPE", "a map with tenants and accounts");
		} else {
			check_keys(&r, root, "tenants accounts");
			list = map_get_kind(&r, root, "tenants", Y_SEQ, false);
			for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
				if (n->kind == Y_MAP)
					json_array_append_new(tenants, tenant_of(&r, n, tenants));
				else
					fault(&r, n, "TENANT-TYPE", "a map");
			}
			list = map_get_kind(&r, root, "accounts", Y_SEQ, false);
			for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
				if (n->kind == Y_MAP)
					account_of(&r, n, users, secrets);
				else
					fault(&r, n, "TENANT-TYPE", "a map");
			}
		}
	}
	arena_fini(&a);
	if (ws->errors != 0) {
		json_decref(tenants);
		json_decref(users);
		json_decref(secrets);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:o}", "tenants", tenants, "users", users, "secrets", secrets);
}
