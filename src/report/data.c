/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the data set and writing what stands in it: inert texts, figures, days, spans, and the sentences that mail and cover share.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/timefmt.h"
#include "report/report_priv.h"

static const char *const words[WORDS][REPORT_LANGS] = {
#define WORD(id, ja, en) [W_##id] = { ja, en },
#include "tbl/report_words.tbl"
#undef WORD
};

void
rep_init(struct rep *r, const json_t *data, enum report_lang lang, struct arena *a)
{
	const json_t *inner = json_object_get(data, "data");
	const char *zone;

	*r = (struct rep){ .data = json_is_object(inner) ? inner : data, .around = data, .lang = lang, .a = a };
	zone = json_string_value(rep_at(r->data, "period.zone"));
	r->zone = zone != NULL ? zone_open(slice_str(zone)) : NULL;
}

const char *
rep_printf(const struct rep *r, const char *fmt, ...)
{
	auto_buf struct buf b = { 0 };
	char small[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof small)
		return arena_cstr(r->a, slice_of(small, (size_t)n));
	buf_reserve(&b, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(b.p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return arena_cstr(r->a, slice_of(b.p, (size_t)n));
}

/* ---- words ---- */

const char *
rep_word(const struct rep *r, enum word w)
{
	return words[w][r->lang];
}

/* Spliced by hand: no format ever comes from data. */
const char *
rep_sentence(const struct rep *r, enum word w, const char *const *args)
{
	const char *s = rep_word(r, w);
	auto_buf struct buf b = { 0 };

	for (; *s != '\0'; s++) {
		if (s[0] == '%' && s[1] == 's' && *args != NULL) {
			buf_put_str(&b, *args++);
			s++;
		} else if (s[0] == '%' && s[1] == '%') {
			buf_put_byte(&b, *s++);
		} else {
			buf_put_byte(&b, *s);
		}
	}
	return arena_cstr(r->a, buf_slice(&b));
}

static const char *
choose(const struct rep *r, const char *key, const char *const *keys, enum word first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(key, keys[i]) == 0)
			return rep_word(r, (enum word)(first + i));
	return key;
}

const char *
rep_severity(const struct rep *r, const char *severity)
{
	static const char *const keys[] = { "emergency", "critical", "warning", "informational" };

	return choose(r, severity, keys, W_EMERGENCY, 4);
}

const char *
rep_clock(const struct rep *r, const char *kind)
{
	static const char *const keys[] = { "decide", "call", "answer", "report", "inquiry" };

	return choose(r, kind, keys, W_CLOCK_DECIDE, 5);
}

const char *
rep_owner(const struct rep *r, const char *owner)
{
	static const char *const keys[] = { "customer", "soc" };

	return choose(r, owner, keys, W_OWNER_CUSTOMER, 2);
}

/* ---- reading ---- */

const json_t *
rep_at(const json_t *o, const char *path)
{
	struct slice rest = slice_str(path);

	while (rest.n != 0 && o != NULL) {
		struct slice key = slice_cut(&rest, '.');
		char k[40];

		if (key.n >= sizeof k)
			return NULL;
		memcpy(k, key.p, key.n);
		k[key.n] = '\0';
		o = json_object_get(o, k);
	}
	return o;
}

int64_t
rep_num(const json_t *o, const char *path)
{
	return json_integer_value(rep_at(o, path));
}

bool
rep_has(const json_t *o, const char *path)
{
	const json_t *v = rep_at(o, path);

	return v != NULL && !json_is_null(v);
}

/* Characters that could move, hide or end something: C0 but the line feed, C1, marks of direction, line and paragraph separators, tags; and
 * what is no character (cairo refuses a whole text for one). */
static bool
is_hostile(uint32_t c)
{
	return (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

static const char *
inert(const struct rep *r, const json_t *v)
{
	struct slice s = slice_of(json_string_value(v), json_string_length(v));
	auto_buf struct buf b = { 0 };

	if (s.p == NULL)
		return "";
	while (s.n != 0) {
		uint32_t c;
		size_t n = utf8_next(s, &c);

		if (is_hostile(c))
			buf_put_str(&b, "\xef\xbf\xbd");
		else
			buf_put(&b, s.p, n);
		s = slice_sub(s, n, s.n);
	}
	return arena_cstr(r->a, buf_slice(&b));
}

const char *
rep_text(const struct rep *r, const json_t *o, const char *path)
{
	return inert(r, rep_at(o, path));
}

const char *
rep_text2(const struct rep *r, const json_t *o, const char *path)
{
	return inert(r, json_object_get(rep_at(o, path), r->lang == REPORT_JA ? "ja" : "en"));
}

/* ---- writing ---- */

const char *
rep_figure(const struct rep *r, int64_t n)
{
	char digits[24], out[40];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)n), k = 0, sign = n < 0;

	for (size_t i = 0; i < len; i++) {
		if (i > sign && (len - i) % 3 == 0)
			out[k++] = ',';
		out[k++] = digits[i];
	}
	return arena_cstr(r->a, slice_of(out, k));
}

static bool
read_date(const char *iso, unsigned *ret_y, unsigned *ret_m, unsigned *ret_d)
{
	struct slice s = slice_str(iso);
	uint64_t y, m, d = 1;

	if ((s.n != 10 && s.n != 7) || !slice_u64(slice_sub(s, 0, 4), &y) || !slice_u64(slice_sub(s, 5, 7), &m) || m < 1 || m > 12 ||
	    (s.n == 10 && !slice_u64(slice_sub(s, 8, 10), &d)))
		return false;
	*ret_y = (unsigned)y;
	*ret_m = (unsigned)m;
	*ret_d = (unsigned)d;
	return true;
}

const char *
rep_day(const struct rep *r, const char *iso)
{
	static const char *const ja[] = { "日", "月", "火", "水", "木", "金", "土" };
	static const char *const en[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	unsigned y, m, d, w;

	if (!read_date(iso, &y, &m, &d))
		return iso;
	w = (unsigned)((days_from_civil(y, m, d) % 7 + 11) % 7); /* 1970-01-01: Thursday */
	return r->lang == REPORT_JA ? rep_printf(r, "%u年%u月%u日（%s）", y, m, d, ja[w]) : rep_printf(r, "%u-%02u-%02u (%s)", y, m, d, en[w]);
}

const char *
rep_month(const struct rep *r, const char *iso)
{
	unsigned y, m, d;

	if (!read_date(iso, &y, &m, &d))
		return iso;
	return r->lang == REPORT_JA ? rep_printf(r, "%u年%u月", y, m) : rep_printf(r, "%u-%02u", y, m);
}

const char *
rep_moment(const struct rep *r, const char *rfc3339)
{
	char s[36];
	int64_t t;

	if (rfc3339[0] == '\0' || time_parse_rfc3339(slice_str(rfc3339), &t) != 0)
		return "–";
	t += (int64_t)zone_offset_utc(r->zone, t / NS_PER_S) * NS_PER_S;
	time_format_rfc3339(s, t, 0);
	return rep_printf(r, "%.4s/%.2s/%.2s %.8s", s, s + 5, s + 8, s + 11);
}

const char *
rep_s(const struct rep *r, int64_t s)
{
	bool ja = r->lang == REPORT_JA;

	if (s < 0)
		return "–";
	if (s < 60)
		return rep_printf(r, ja ? "%d秒" : "%d s", (int)s);
	if (s < 3600)
		return s % 60 == 0 ? rep_printf(r, ja ? "%d分" : "%d min", (int)(s / 60)) : rep_printf(r, ja ? "%d分%d秒" : "%d min %d s", (int)(s / 60), (int)(s % 60));
	if (s < 172800)
		return s % 3600 < 60 ? rep_printf(r, ja ? "%d時間" : "%d h", (int)(s / 3600))
		                     : rep_printf(r, ja ? "%d時間%d分" : "%d h %d min", (int)(s / 3600), (int)(s / 60 % 60));
	return s % 86400 < 3600 ? rep_printf(r, ja ? "%d日" : "%d d", (int)(s / 86400))
	                        : rep_printf(r, ja ? "%d日%d時間" : "%d d %d h", (int)(s / 86400), (int)(s / 3600 % 24));
}

/* A started second counts: what took 9.2 s is never told as 9. */
const char *
rep_ms(const struct rep *r, const json_t *o, const char *path)
{
	return rep_has(o, path) ? rep_s(r, (rep_num(o, path) + 999) / 1000) : "–";
}

/* ---- sentences ---- */

const char *
rep_headline(const struct rep *r)
{
	int64_t n = rep_num(r->data, "incidents_total");

	return n == 0 ? rep_word(r, W_NO_INCIDENTS) : SAY(r, n == 1 ? W_HAD_INCIDENT : W_HAD_INCIDENTS, rep_figure(r, n));
}

const char *
rep_volume(const struct rep *r)
{
	int64_t n = rep_num(r->data, "funnel.lines");

	return SAY(r, n == 1 ? W_LOOKED_AT_ONE : n != 0 ? W_LOOKED_AT : W_NO_LINES, rep_figure(r, n));
}

const char *
rep_promises(const struct rep *r)
{
	int64_t broken = 0, all = 0;
	const json_t *k;
	size_t i;

	json_array_foreach(rep_at(r->data, "clocks"), i, k) {
		broken += rep_num(k, "broken");
		all += rep_num(k, "count");
	}
	if (broken != 0)
		return SAY(r, broken == 1 ? W_CLOCK_BROKEN : W_CLOCKS_BROKEN, rep_figure(r, broken));
	return rep_word(r, all != 0 ? W_ALL_CLOCKS_MET : W_NO_CLOCKS);
}

bool
rep_is_troubled(const json_t *d)
{
	return rep_num(d, "days_silent") != 0 || rep_num(d, "dropped") != 0;
}

const char *
rep_devices(const struct rep *r)
{
	int64_t all = rep_num(r->data, "devices_total"), bad = rep_num(r->data, "devices_troubled");

	if (all == 0)
		return rep_word(r, W_NO_DEVICES);
	if (all == 1)
		return SAY(r, bad == 0 ? W_DEVICE_GOOD : W_DEVICE_BAD, rep_figure(r, all));
	return bad == 0 ? SAY(r, W_DEVICES_GOOD, rep_figure(r, all)) : SAY(r, bad == 1 ? W_DEVICES_BAD_ONE : W_DEVICES_BAD, rep_figure(r, all), rep_figure(r, bad));
}

const char *
rep_ledger(const struct rep *r)
{
	const json_t *l = rep_at(r->data, "ledger");
	int64_t difference = rep_num(l, "difference"), open = rep_num(l, "open_rows"), proven = rep_num(l, "proven");
	const char *sum = SAY(r, W_LEDGER_ROW, rep_figure(r, rep_num(l, "received")), rep_figure(r, rep_num(l, "dropped")), rep_figure(r, rep_num(l, "kept")));
	const char *blank = r->lang == REPORT_JA ? "" : " ";
	const char *check = difference != 0 ? SAY(r, W_LEDGER_DIFFERS, rep_figure(r, difference))
	                    : proven != 0   ? SAY(r, W_LEDGER_AGREES, rep_figure(r, proven))
	                                    : "";

	return rep_printf(r, "%s%s%s%s%s", sum, check[0] != '\0' ? blank : "", check, open != 0 ? blank : "", open != 0 ? SAY(r, W_LEDGER_OPEN, rep_figure(r, open)) : "");
}

const char *
rep_availability(const struct rep *r)
{
	const json_t *a = rep_at(r->data, "availability"), *left = rep_at(a, "left_out_min");
	int64_t out = rep_num(left, "maintenance") + rep_num(left, "customer") + rep_num(left, "collector_off") + rep_num(left, "clock");

	if (json_is_true(rep_at(a, "measured")))
		return SAY(r, W_AVAILABILITY_IS, rep_text(r, a, "percent"), rep_text(r, a, "target"), rep_figure(r, rep_num(a, "good_min")), rep_figure(r, rep_num(a, "bad_min")),
		           rep_figure(r, out));
	return SAY(r, W_AVAILABILITY_NOT_MEASURED, rep_text(r, r->data, "availability.target"));
}

const char *
rep_funnel(const struct rep *r, size_t i, int64_t *ret_n)
{
	static const struct {
		const char *key;
		enum word w;
	} steps[] = { { "funnel.lines", W_LINES }, { "funnel.events", W_EVENTS }, { "funnel.detections", W_DETECTIONS },
		      { "funnel.candidates", W_CANDIDATES }, { "funnel.incidents", W_INCIDENTS } };

	if (i >= sizeof steps / sizeof *steps)
		return NULL;
	*ret_n = rep_num(r->data, steps[i].key);
	return rep_word(r, steps[i].w);
}

/* ---- revisions ---- */

const char *
rep_revision(const struct rep *r)
{
	int64_t n = rep_num(r->data, "revision");

	return n > 1 ? SAY(r, W_REVISION, rep_figure(r, n)) : NULL;
}

/* The local day of a moment. */
static const char *
day_of(const struct rep *r, const char *rfc3339)
{
	const char *s = rep_moment(r, rfc3339);

	return strlen(s) == 19 ? rep_day(r, rep_printf(r, "%.4s-%.2s-%.2s", s, s + 5, s + 8)) : s;
}

const char *
rep_replaces(const struct rep *r)
{
	const json_t *o = rep_at(r->data, "replaces");

	if (!json_is_object(o))
		return NULL;
	return SAY(r, W_REPLACES, rep_figure(r, rep_num(o, "revision")), day_of(r, rep_text(r, o, "published_at")), rep_text2(r, o, "reason"));
}

const char *
rep_replaced(const struct rep *r)
{
	const json_t *by = rep_at(r->around, "replaced_by"), *now = rep_at(r->around, "correction");

	if (json_is_object(by))
		return SAY(r, W_REPLACED_BY, rep_figure(r, rep_num(by, "revision")), day_of(r, rep_text(r, by, "published_at")), rep_text2(r, by, "reason"));
	if (json_is_object(now))
		return SAY(r, W_BEING_CORRECTED, day_of(r, rep_text(r, now, "since")), rep_text2(r, now, "reason"));
	return NULL;
}

const char *
rep_standing(const struct rep *r)
{
	if (json_is_object(rep_at(r->around, "replaced_by")))
		return rep_word(r, W_REPLACED);
	return json_is_object(rep_at(r->around, "correction")) ? rep_word(r, W_CORRECTING) : NULL;
}
