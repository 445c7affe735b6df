/* SPDX-License-Identifier: Apache-2.0
 *
 * The service's own record in the document: promised times, availability, trends, closed candidates, devices, advice.  How a figure is
 * counted stands below it.
 */
#include <stdio.h>

#include "report/paper_priv.h"

static const char *
number(const struct rep *r, const json_t *o, const char *key)
{
	return rep_has(o, key) ? rep_figure(r, rep_num(o, key)) : "–";
}

static void
say(struct paper *p, enum face f, enum ink ink, const char *text)
{
	paper_paragraph(p, 0, PAPER_WIDTH, f, ink, text);
	p->y += 4;
}

/* What is bad is bold and coloured, and it is a number either way. */
static struct grid_cell
bad_if(const char *text, bool bad)
{
	return (struct grid_cell){ .text = text, .mark = MARK_NONE, .ink = bad ? INK_LATE_TEXT : INK_TEXT, .bold = bad };
}

/* ---- promised times ---- */

static void
breaches(struct paper *p)
{
	static const struct grid_col cols[] = { { W_CLOCK, 0.9, SIDE_LEFT },   { W_NUMBER, 1.6, SIDE_LEFT }, { W_STARTED, 1.9, SIDE_LEFT },
		                                { W_DUE, 1.9, SIDE_LEFT },     { W_OVER_BY, 1.2, SIDE_RIGHT }, { W_CAUSE, 3.2, SIDE_LEFT } };
	const struct rep *r = p->r;
	const json_t *list = rep_at(r->data, "breaches"), *v;
	struct grid g;
	size_t i;

	paper_heading(p, 2, W_BREACHES, 40);
	if (json_array_size(list) == 0) {
		say(p, FACE_BODY, INK_TEXT, rep_word(r, W_NO_BREACHES));
		return;
	}
	grid_begin(&g, p, cols, 6);
	json_array_foreach(list, i, v) {
		const char *text = rep_text(r, v, "cause.text");
		const char *cause = rep_has(v, "cause") ? rep_printf(r, text[0] != '\0' ? "%s: %s" : "%s%s", rep_text2(r, v, "cause.name"), text) : rep_word(r, W_NO_CAUSE);

		grid_row(&g, (struct grid_cell[]){ CELL(rep_clock(r, rep_text(r, v, "kind"))), CELL(rep_text(r, v, "number")), CELL(rep_moment(r, rep_text(r, v, "started_at"))),
		                                   CELL(rep_moment(r, rep_text(r, v, "due_at"))), bad_if(rep_s(r, rep_num(v, "over_s")), true), CELL(cause) });
	}
	grid_end(&g);
}

void
part_clocks(struct paper *p)
{
	static const struct grid_col cols[] = { { W_CLOCK, 2.35, SIDE_LEFT },   { W_LIMIT, 1.0, SIDE_RIGHT },  { W_COUNT, 0.8, SIDE_RIGHT }, { W_MET, 0.8, SIDE_RIGHT },
		                                { W_BROKEN, 0.9, SIDE_RIGHT }, { W_RUNNING, 1.05, SIDE_RIGHT }, { W_MEDIAN, 1.25, SIDE_RIGHT }, { W_P95, 1.25, SIDE_RIGHT },
		                                { W_P99, 1.25, SIDE_RIGHT },    { W_LONGEST, 1.25, SIDE_RIGHT } };
	const struct rep *r = p->r;
	const json_t *v;
	struct grid g;
	size_t i;

	paper_heading(p, 1, W_CLOCKS, 150);
	say(p, FACE_BODY, INK_TEXT, rep_promises(r));
	grid_begin(&g, p, cols, 10);
	json_array_foreach(rep_at(r->data, "clocks"), i, v) {
		bool any = rep_num(v, "limit_s") > 0;

		grid_row(&g, (struct grid_cell[]){ CELL(rep_clock(r, rep_text(r, v, "kind"))), CELL(any ? rep_s(r, rep_num(v, "limit_s")) : "–"), CELL(number(r, v, "count")),
		                                   CELL(number(r, v, "met")), bad_if(number(r, v, "broken"), rep_num(v, "broken") != 0), CELL(number(r, v, "running")),
		                                   CELL(rep_ms(r, v, "p50_ms")), CELL(rep_ms(r, v, "p95_ms")), CELL(rep_ms(r, v, "p99_ms")), CELL(rep_ms(r, v, "max_ms")) });
	}
	grid_end(&g);
	say(p, FACE_SMALL, INK_TEXT_2, rep_word(r, W_D_CLOCKS_IS));
	say(p, FACE_SMALL, INK_TEXT_2, rep_word(r, W_D_PERCENTILES_IS));
	breaches(p);
}

void
part_availability(struct paper *p)
{
	paper_heading(p, 1, W_AVAILABILITY, 60);
	say(p, FACE_BODY, INK_TEXT, rep_availability(p->r));
	say(p, FACE_SMALL, INK_TEXT_2, rep_word(p->r, W_D_AVAILABILITY_IS));
}

/* ---- trends ---- */

#define BARS_MAX 62

struct series {
	struct bar lines[BARS_MAX], incidents[BARS_MAX];
	size_t n;
	bool silent, any;
};

/* A day that is still to come has no logs, and nobody misses them. */
static bool
is_over(const struct rep *r, const char *when)
{
	const char *made = rep_moment(r, rep_text(r, r->data, "made_at")); /* 2026/11/18 … there */
	char today[16];

	if (strlen(made) != 19)
		return true;
	snprintf(today, sizeof today, "%.4s-%.2s-%.2s", made, made + 5, made + 8);
	return strncmp(when, today, strlen(when) < 10 ? strlen(when) : 10) <= 0;
}

static void
read_series(struct paper *p, const json_t *list, bool days, struct series *ret)
{
	static const char *const keys[] = { "emergency", "critical", "warning", "informational" };
	const json_t *v;
	size_t i;

	*ret = (struct series){ 0 };
	json_array_foreach(list, i, v) {
		const char *when = rep_text(p->r, v, days ? "day" : "month"), *label = when;

		if (i >= BARS_MAX)
			break;
		if (days && strlen(when) == 10)
			label = when[8] == '0' ? when + 9 : when + 8;
		label = paper_line(p->r, days ? label : rep_month(p->r, when), 24);
		ret->lines[i] = (struct bar){ .label = label, .part = { rep_num(v, "lines") }, .missing = rep_num(v, "lines") == 0 && is_over(p->r, when) };
		ret->incidents[i] = (struct bar){ .label = label };
		for (int k = 0; k < 4; k++) {
			ret->incidents[i].part[k] = rep_num(rep_at(v, "by_severity"), keys[k]);
			ret->any |= ret->incidents[i].part[k] > 0;
		}
		ret->silent |= ret->lines[i].missing;
		ret->n = i + 1;
	}
}

static void
charts(struct paper *p, const struct series *s, enum word lines, enum word incidents)
{
	chart_bars(p, rep_word(p->r, lines), s->lines, s->n, false, 120);
	if (s->silent)
		p->y += paper_text(p, PAPER_LEFT + 46, p->y, PAPER_WIDTH - 46, FACE_SMALL, SIDE_LEFT, INK_TEXT_3, 1, rep_word(p->r, W_HATCH_IS));
	p->y += 14;
	if (s->any) {
		paper_need(p, 170);
		chart_bars(p, rep_word(p->r, incidents), s->incidents, s->n, true, 120);
		chart_legend(p);
	} else {
		say(p, FACE_SMALL, INK_TEXT_2, rep_printf(p->r, p->r->lang == REPORT_JA ? "%s：%s" : "%s: %s", rep_word(p->r, incidents), rep_word(p->r, W_NO_INCIDENTS)));
	}
}

static void
months(struct paper *p, const json_t *list)
{
	static const struct grid_col cols[] = { { W_MONTH, 1.2, SIDE_LEFT },      { W_LINES, 1.7, SIDE_RIGHT },   { W_DETECTIONS, 1.2, SIDE_RIGHT }, { W_CANDIDATES, 1.15, SIDE_RIGHT },
		                                { W_EMERGENCY, 1.15, SIDE_RIGHT }, { W_CRITICAL, 0.95, SIDE_RIGHT }, { W_WARNING, 0.95, SIDE_RIGHT },
		                                { W_INFORMATIONAL, 1.35, SIDE_RIGHT }, { W_CALL_P95, 1.2, SIDE_RIGHT } };
	const struct rep *r = p->r;
	const json_t *v;
	struct grid g;
	size_t i;

	grid_begin(&g, p, cols, 9);
	json_array_foreach(list, i, v)
		grid_row(&g, (struct grid_cell[]){ CELL(rep_month(r, rep_text(r, v, "month"))), CELL(number(r, v, "lines")), CELL(number(r, v, "detections")),
		                                   CELL(number(r, v, "candidates")), CELL(number(r, v, "by_severity.emergency")), CELL(number(r, v, "by_severity.critical")),
		                                   CELL(number(r, v, "by_severity.warning")), CELL(number(r, v, "by_severity.informational")),
		                                   CELL(rep_ms(r, v, "call.p95_ms")) });
	grid_end(&g);
}

void
part_trends(struct paper *p)
{
	const json_t *days = rep_at(p->r->data, "days"), *trend = rep_at(p->r->data, "trend");
	struct series s;

	if (json_array_size(days) != 0) {
		read_series(p, days, true, &s);
		paper_heading(p, 1, W_IN_THE_PERIOD, s.any ? 350 : 180); /* both charts on one page */
		charts(p, &s, W_PER_DAY, W_INCIDENTS_PER_DAY);
	}
	if (json_array_size(trend) != 0) {
		paper_heading(p, 1, W_TREND, 470); /* charts and table on one page */
		read_series(p, trend, false, &s);
		charts(p, &s, W_LINES_PER_MONTH, W_INCIDENTS_PER_MONTH);
		months(p, trend);
	}
}

/* ---- closed candidates, devices ---- */

void
part_closed(struct paper *p)
{
	static const struct grid_col cols[] = { { W_REASON, 6, SIDE_LEFT }, { W_COUNT, 1, SIDE_RIGHT } };
	const json_t *list = rep_at(p->r->data, "closed"), *v;
	struct grid g;
	size_t i;

	paper_heading(p, 1, W_CLOSED, 60);
	if (json_array_size(list) == 0) {
		say(p, FACE_BODY, INK_TEXT, rep_word(p->r, W_NO_CLOSED));
		return;
	}
	grid_begin(&g, p, cols, 2);
	json_array_foreach(list, i, v)
		grid_row(&g, (struct grid_cell[]){ CELL(rep_text2(p->r, v, "text")), CELL(number(p->r, v, "count")) });
	grid_end(&g);
}

void
part_devices(struct paper *p)
{
	static const struct grid_col cols[] = { { W_DEVICE, 2.2, SIDE_LEFT }, { W_COLLECTOR, 1.2, SIDE_LEFT },    { W_SOURCE, 2, SIDE_LEFT },      { W_DEVICE_LINES, 1.5, SIDE_RIGHT },
		                                { W_LOST, 1, SIDE_RIGHT },   { W_DAYS_SILENT, 1.1, SIDE_RIGHT }, { W_LAST_LINE, 1.95, SIDE_RIGHT } };
	const struct rep *r = p->r;
	const json_t *list = rep_at(r->data, "devices"), *v;
	struct grid g;
	size_t i;

	paper_heading(p, 1, W_DEVICES, 90);
	say(p, FACE_BODY, INK_TEXT, rep_devices(r));
	if (json_array_size(list) != 0) {
		grid_begin(&g, p, cols, 7);
		json_array_foreach(list, i, v)
			grid_row(&g, (struct grid_cell[]){ CELL(rep_text(r, v, "id")), CELL(rep_text(r, v, "lcp")), CELL(rep_text(r, v, "source")), CELL(number(r, v, "lines")),
			                                   bad_if(number(r, v, "dropped"), rep_num(v, "dropped") != 0),
			                                   bad_if(number(r, v, "days_silent"), rep_num(v, "days_silent") != 0), CELL(rep_moment(r, rep_text(r, v, "last_at"))) });
		grid_end(&g);
	}
	paper_heading(p, 2, W_LEDGER, 40);
	say(p, FACE_BODY, INK_TEXT, rep_ledger(r));
	say(p, FACE_SMALL, INK_TEXT_2, rep_word(r, W_D_LEDGER_IS));
}

/* ---- advice ---- */

static void
advice(struct paper *p, enum word head, const json_t *list)
{
	static const struct grid_col cols[] = { { W_OWNER, 1, SIDE_LEFT }, { W_WHAT_TO_DO, 6, SIDE_LEFT } };
	const json_t *v;
	struct grid g;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	paper_heading(p, 2, head, 50);
	grid_begin(&g, p, cols, 2);
	g.most = 12;
	json_array_foreach(list, i, v)
		grid_row(&g, (struct grid_cell[]){ CELL(rep_owner(p->r, rep_text(p->r, v, "owner"))), CELL(rep_text2(p->r, v, "text")) });
	grid_end(&g);
}

void
part_advice(struct paper *p)
{
	const json_t *own = rep_at(p->r->data, "recommendations"), *facts = rep_at(p->r->data, "facts");

	paper_heading(p, 1, W_RECOMMENDATIONS, 70);
	if (json_array_size(own) == 0 && json_array_size(facts) == 0)
		say(p, FACE_BODY, INK_TEXT, rep_word(p->r, W_NO_RECOMMENDATIONS));
	advice(p, W_ANALYST, own);
	advice(p, W_FROM_FACTS, facts);
}
