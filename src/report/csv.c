/* SPDX-License-Identifier: Apache-2.0
 *
 * All figures for a spreadsheet: tables one below the other, each under its name, or one of them alone.  Numbers without separators, times in ISO form with the
 * tenant's zone, UTF-8 with a byte order mark (Excel reads Japanese by it), CRLF.
 *
 * A cell that begins with = + - @ or a tab could run as a formula in whoever's spreadsheet: it gets an apostrophe in front (OWASP,
 * CSV injection).  Our own numbers do not go that way.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "report/report_priv.h"

struct sheet {
	const struct rep *r;
	struct buf *out;
	bool first; /* cell of its row */
	bool alone; /* one table: no names, no blank rows */
};

static void
separate(struct sheet *s)
{
	if (!s->first)
		buf_put_byte(s->out, ',');
	s->first = false;
}

static void
cell(struct sheet *s, const char *t)
{
	separate(s);
	buf_put_byte(s->out, '"');
	if (t[0] != '\0' && strchr("=+-@\t\r\n|", t[0]) != NULL)
		buf_put_byte(s->out, '\'');
	for (; *t != '\0'; t++) {
		if (*t == '"')
			buf_put_byte(s->out, '"');
		buf_put_byte(s->out, *t);
	}
	buf_put_byte(s->out, '"');
}

static void
cell_num(struct sheet *s, const json_t *o, const char *path)
{
	separate(s);
	if (rep_has(o, path))
		buf_printf(s->out, "%lld", (long long)rep_num(o, path));
}

/* Milliseconds as seconds. */
static void
cell_ms(struct sheet *s, const json_t *o, const char *path)
{
	long long ms = rep_num(o, path);

	separate(s);
	if (rep_has(o, path))
		buf_printf(s->out, "%lld.%03lld", ms / 1000, ms % 1000);
}

static void
cell_time(struct sheet *s, const json_t *o, const char *path)
{
	const char *t = rep_text(s->r, o, path);

	cell(s, t[0] != '\0' ? rep_moment(s->r, t) : "");
}

static void
end_row(struct sheet *s)
{
	buf_put_str(s->out, "\r\n");
	s->first = true;
}

static void
table(struct sheet *s, enum word name, const enum word *heads, size_t n)
{
	if (!s->alone) {
		end_row(s);
		cell(s, rep_word(s->r, name));
		end_row(s);
	}
	for (size_t i = 0; i < n; i++)
		cell(s, rep_word(s->r, heads[i]));
	end_row(s);
}
#define TABLE(s, name, ...) table((s), (name), (const enum word[]){ __VA_ARGS__ }, sizeof((const enum word[]){ __VA_ARGS__ }) / sizeof(enum word))

static void
head(struct sheet *s)
{
	const struct rep *r = s->r;
	const char *const notes[] = { rep_revision(r), rep_replaces(r), rep_replaced(r) };

	cell(s, rep_word(r, strcmp(rep_text(r, r->data, "kind"), "daily") == 0 ? W_DAILY : W_MONTHLY));
	cell(s, rep_text2(r, r->data, "tenant.name"));
	end_row(s);
	cell(s, rep_word(r, W_PERIOD));
	cell(s, rep_text(r, r->data, "period.first"));
	cell(s, rep_text(r, r->data, "period.last"));
	cell(s, rep_text(r, r->data, "period.zone"));
	end_row(s);
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
		if (notes[i] != NULL) {
			cell(s, notes[i]);
			end_row(s);
		}
}

static void
clocks(struct sheet *s)
{
	const struct rep *r = s->r;
	const json_t *v;
	size_t i;

	TABLE(s, W_CLOCKS, W_CLOCK, W_LIMIT, W_COUNT, W_MET, W_BROKEN, W_RUNNING, W_MEDIAN, W_P95, W_P99, W_LONGEST);
	json_array_foreach(rep_at(r->data, "clocks"), i, v) {
		cell(s, rep_clock(r, rep_text(r, v, "kind")));
		cell_num(s, v, "limit_s");
		cell_num(s, v, "count");
		cell_num(s, v, "met");
		cell_num(s, v, "broken");
		cell_num(s, v, "running");
		cell_ms(s, v, "p50_ms");
		cell_ms(s, v, "p95_ms");
		cell_ms(s, v, "p99_ms");
		cell_ms(s, v, "max_ms");
		end_row(s);
	}
}

static void
breaches(struct sheet *s)
{
	const struct rep *r = s->r;
	const json_t *v;
	size_t i;

	TABLE(s, W_BREACHES, W_CLOCK, W_NUMBER, W_DUE, W_OVER_BY, W_CAUSE);
	json_array_foreach(rep_at(r->data, "breaches"), i, v) {
		cell(s, rep_clock(r, rep_text(r, v, "kind")));
		cell(s, rep_text(r, v, "number"));
		cell_time(s, v, "due_at");
		cell_num(s, v, "over_s");
		cell(s, rep_has(v, "cause") ? rep_text2(r, v, "cause.name") : rep_word(r, W_NO_CAUSE));
		end_row(s);
	}
}

static void
funnel_rows(struct sheet *s, const json_t *list, const char *key)
{
	static const char *const counts[] = { "lines", "events", "unparsed", "dropped", "detections", "candidates", "closed", "by_severity.emergency",
		                              "by_severity.critical", "by_severity.warning", "by_severity.informational" };
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v) {
		cell(s, rep_text(s->r, v, key));
		for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
			cell_num(s, v, counts[k]);
		end_row(s);
	}
}
#define FUNNEL_HEADS W_LINES, W_EVENTS, W_UNPARSED, W_LOST, W_DETECTIONS, W_CANDIDATES, W_CLOSED, W_EMERGENCY, W_CRITICAL, W_WARNING, W_INFORMATIONAL

static void
incidents(struct sheet *s)
{
	static const char *const times[] = { "happened_at", "lcp_at", "soc_at", "detected_at", "opened_at", "decided_at", "rang_at", "acknowledged_at" };
	const struct rep *r = s->r;
	const json_t *v;
	size_t i;

	TABLE(s, W_INCIDENTS, W_NUMBER, W_SEVERITY, W_TITLE, W_STATE, W_T_HAPPENED, W_T_LCP, W_T_SOC, W_T_DETECTED, W_T_OPENED, W_T_DECIDED, W_T_RANG, W_T_ACK,
	      W_ACK_BY, W_DETECTIONS, W_BLOCKED_PASSED);
	json_array_foreach(rep_at(r->data, "incidents"), i, v) {
		cell(s, rep_text(r, v, "id"));
		cell(s, rep_severity(r, rep_text(r, v, "severity")));
		cell(s, rep_text2(r, v, "title"));
		cell(s, rep_word(r, strcmp(rep_text(r, v, "state"), "open") == 0 ? W_OPEN : W_CLOSED_STATE));
		for (size_t k = 0; k < 8; k++)
			cell_time(s, v, times[k]);
		cell(s, rep_text(r, v, "acknowledged_by"));
		cell_num(s, v, "detections");
		cell(s, rep_printf(r, "%lld / %lld", (long long)rep_num(v, "blocked"), (long long)rep_num(v, "passed")));
		end_row(s);
	}
}

static void
devices(struct sheet *s)
{
	const struct rep *r = s->r;
	const json_t *v;
	size_t i;

	TABLE(s, W_DEVICES, W_DEVICE, W_COLLECTOR, W_SOURCE, W_DEVICE_LINES, W_LOST, W_DAYS_SILENT, W_LAST_LINE);
	json_array_foreach(rep_at(r->data, "devices"), i, v) {
		cell(s, rep_text(r, v, "id"));
		cell(s, rep_text(r, v, "lcp"));
		cell(s, rep_text(r, v, "source"));
		cell_num(s, v, "lines");
		cell_num(s, v, "dropped");
		cell_num(s, v, "days_silent");
		cell_time(s, v, "last_at");
		end_row(s);
	}
}

static void
advice(struct sheet *s)
{
	static const char *const lists[] = { "recommendations", "facts" };
	const json_t *v;
	size_t i;

	TABLE(s, W_RECOMMENDATIONS, W_OWNER, W_TITLE);
	for (size_t k = 0; k < 2; k++)
		json_array_foreach(rep_at(s->r->data, lists[k]), i, v) {
			cell(s, rep_owner(s->r, rep_text(s->r, v, "owner")));
			cell(s, rep_text2(s->r, v, "text"));
			end_row(s);
		}
}

static void
closed(struct sheet *s)
{
	const json_t *v;
	size_t i;

	TABLE(s, W_CLOSED, W_REASON, W_COUNT);
	json_array_foreach(rep_at(s->r->data, "closed"), i, v) {
		cell(s, rep_text2(s->r, v, "text"));
		cell_num(s, v, "count");
		end_row(s);
	}
}

static void
days(struct sheet *s)
{
	TABLE(s, W_PER_DAY, W_DAY, FUNNEL_HEADS);
	funnel_rows(s, rep_at(s->r->data, "days"), "day");
}

static void
trend(struct sheet *s)
{
	TABLE(s, W_TREND, W_MONTH, FUNNEL_HEADS);
	funnel_rows(s, rep_at(s->r->data, "trend"), "month");
}

static const struct {
	const char *name;
	void (*fn)(struct sheet *s);
} tables[] = { { "sla", clocks }, { "breaches", breaches }, { "incidents", incidents }, { "closed", closed },
	       { "devices", devices }, { "days", days }, { "months", trend }, { "advice", advice } };
#define TABLES (sizeof tables / sizeof *tables)

const char *
report_csv_table(size_t i)
{
	return i < TABLES ? tables[i].name : NULL;
}

int
report_csv(const json_t *data, enum report_lang lang, const char *table, struct buf *out)
{
	struct arena a;
	struct rep r;
	struct sheet s = { .r = &r, .out = out, .first = true, .alone = table != NULL };
	size_t i = 0;

	while (table != NULL && i < TABLES && strcmp(tables[i].name, table) != 0)
		i++;
	if (i == TABLES)
		return E_NOTFOUND;
	arena_init(&a, 0, 0);
	rep_init(&r, data, lang, &a);
	buf_put_str(out, "\xef\xbb\xbf");
	if (table != NULL) {
		tables[i].fn(&s);
	} else {
		head(&s);
		for (i = 0; i < TABLES; i++)
			tables[i].fn(&s);
	}
	arena_fini(&a);
	return 0;
}
