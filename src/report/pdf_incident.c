/* SPDX-License-Identifier: Apache-2.0
 *
 * Incidents in the document: the table of all, then the course of those that somebody was called for.
 */
#include <math.h>

#include "report/paper_priv.h"

#define DETAILS_MAX 200

static const char *const times[] = { "happened_at", "lcp_at", "soc_at", "detected_at", "opened_at", "decided_at", "rang_at", "acknowledged_at" };
#define TIMES (sizeof times / sizeof *times)
enum { DECIDED = 5, RANG = 6 };

/* Without the year: the page says which month it is. */
static const char *
short_moment(const struct rep *r, const json_t *o, const char *key)
{
	const char *s = rep_moment(r, rep_text(r, o, key));

	return strlen(s) == 19 ? s + 5 : "–";
}

static const char *
state_of(const struct rep *r, const json_t *v)
{
	return rep_word(r, strcmp(rep_text(r, v, "state"), "open") == 0 ? W_OPEN : W_CLOSED_STATE);
}

static void
table(struct paper *p, const json_t *list)
{
	static const struct grid_col cols[] = { { W_NUMBER, 1.8, SIDE_LEFT },    { W_SEVERITY, 1.75, SIDE_LEFT }, { W_TITLE, 3.6, SIDE_LEFT },
		                                { W_T_DECIDED, 1.55, SIDE_LEFT }, { W_T_ACK, 1.55, SIDE_LEFT },  { W_STATE, 0.9, SIDE_LEFT } };
	const struct rep *r = p->r;
	const json_t *v;
	struct grid g;
	size_t i;

	grid_begin(&g, p, cols, 6);
	json_array_foreach(list, i, v) {
		const char *severity = rep_text(r, v, "severity");
		struct grid_cell cells[] = { CELL(rep_text(r, v, "id")),         CELL(rep_severity(r, severity)),           CELL(rep_text2(r, v, "title")),
			                     CELL(short_moment(r, v, "decided_at")), CELL(short_moment(r, v, "acknowledged_at")), CELL(state_of(r, v)) };

		cells[1].mark = paper_severity(severity);
		cells[1].ink = paper_ink(cells[1].mark, true);
		grid_row(&g, cells);
	}
	grid_end(&g);
}

/* ---- one of them ---- */

static bool
moment(const struct rep *r, const json_t *v, size_t i, int64_t *ret)
{
	const char *s = rep_text(r, v, times[i]);

	return s[0] != '\0' && time_parse_rfc3339(slice_str(s), ret) == 0;
}

/* Seconds that were promised from the decision to time `i`; 0: none. */
static int64_t
promised(const struct rep *r, size_t i)
{
	const char *kind = i == RANG ? "call" : "answer";
	const json_t *k;
	size_t n;

	json_array_foreach(rep_at(r->data, "clocks"), n, k)
		if (strcmp(rep_text(r, k, "kind"), kind) == 0)
			return rep_num(k, "limit_s");
	return 0;
}

/* The stretch that was promised, from the decision on, is thick; red when it took longer. */
static void
stretch(struct paper *p, const json_t *v, size_t i, double from, double to, double y)
{
	int64_t t, decided, limit = promised(p->r, i);
	bool late = i > DECIDED && limit != 0 && moment(p->r, v, DECIDED, &decided) && moment(p->r, v, i, &t) && t - decided > limit * NS_PER_S;

	paper_fill(p, from + 6, y + 2.5 - (i > DECIDED ? 1.1 : 0.4), to - from - 7, i > DECIDED ? 2.2 : 0.8, late ? INK_LATE : i > DECIDED ? INK_OK : INK_LINE_2);
}

static double
tallest_name(struct paper *p, double w)
{
	double h = 0;

	for (size_t i = 0; i < TIMES; i++) {
		PangoLayout *l = paper_layout(p, FACE_TINY, SIDE_LEFT, w, 2, rep_word(p->r, (enum word)(W_T_HAPPENED + i)));

		h = fmax(h, paper_height(l));
		g_object_unref(l);
	}
	return h;
}

/* Eight times on one line, and what lay between them. */
static void
stamps(struct paper *p, const json_t *v)
{
	const struct rep *r = p->r;
	double w = PAPER_WIDTH / TIMES, top = p->y + 2, track = top + tallest_name(p, w - 4) + 4, before_x = 0;
	int64_t before = 0, t;
	bool known = false;

	for (size_t i = 0; i < TIMES; i++) {
		double x = PAPER_LEFT + w * (double)i;
		const char *at = short_moment(r, v, times[i]);
		bool there = moment(r, v, i, &t);

		paper_text(p, x, top, w - 4, FACE_TINY, SIDE_LEFT, INK_TEXT_3, 2, rep_word(r, (enum word)(W_T_HAPPENED + i)));
		if (there && known)
			stretch(p, v, i, before_x, x, track);
		if (there)
			paper_mark(p, MARK_DOT, x, track, 5, INK_TEXT_2);
		paper_text(p, x, track + 8, w - 2, FACE_TINY, SIDE_LEFT, there ? INK_TEXT : INK_TEXT_3, 1, at);
		if (there && known && t >= before)
			paper_text(p, x, track + 17, w - 4, FACE_TINY, SIDE_LEFT, INK_TEXT_3, 1, rep_printf(r, "+%s", rep_s(r, (t - before) / NS_PER_S)));
		if (there) {
			before = t;
			before_x = x;
			known = true;
		}
	}
	p->y = track + 30;
}

static void
labelled(struct paper *p, enum word w, const char *text)
{
	if (text[0] == '\0')
		return;
	paper_need(p, fmax(paper_start(p, PAPER_WIDTH - 90, FACE_SMALL, text), 24));
	paper_text(p, PAPER_LEFT, p->y, 84, FACE_SMALL, SIDE_LEFT, INK_TEXT_3, 2, rep_word(p->r, w));
	paper_paragraph(p, 90, PAPER_WIDTH - 90, FACE_SMALL, INK_TEXT, text);
	p->y += 2;
}

static const char *
affected(const struct rep *r, const json_t *list)
{
	auto_buf struct buf b = { 0 };
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		buf_printf(&b, "%s%s", i != 0 ? ", " : "", paper_line(r, rep_text(r, v, "value"), 120));
	return paper_line(r, buf_cstr(&b), 900);
}

static const char *
actions(const struct rep *r, const json_t *list)
{
	auto_buf struct buf b = { 0 };
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		buf_printf(&b, r->lang == REPORT_JA ? "%s[%s] %s" : "%s[%s] %s", i != 0 ? "\n" : "", rep_word(r, rep_has(v, "done_at") ? W_ACTION_DONE : W_ACTION_OPEN),
		           paper_line(r, rep_text2(r, v, "text"), 500));
	return arena_cstr(r->a, buf_slice(&b));
}

static const char *
figures(const struct rep *r, const json_t *v)
{
	auto_buf struct buf b = { 0 };
	const char *own = rep_text(r, v, "customer_severity"), *by = rep_text(r, v, "acknowledged_by");

	buf_printf(&b, "%s · %s · %s %s · %s %s / %s · %s %s", rep_severity(r, rep_text(r, v, "severity")), state_of(r, v), rep_word(r, W_DETECTION_COUNT),
	           rep_figure(r, rep_num(v, "detections")), rep_word(r, W_BLOCKED_PASSED), rep_figure(r, rep_num(v, "blocked")), rep_figure(r, rep_num(v, "passed")),
	           rep_word(r, W_CALLS), rep_figure(r, rep_num(v, "calls")));
	if (by[0] != '\0')
		buf_printf(&b, " · %s %s", rep_word(r, W_ACK_BY), by);
	if (own[0] != '\0')
		buf_printf(&b, " · %s %s", rep_word(r, W_YOUR_SEVERITY), rep_severity(r, own));
	return paper_line(r, buf_cstr(&b), 400);
}

struct one {
	const json_t *v;
	bool first; /* comes with the heading */
};

static void
incident(struct paper *p, const void *ctx)
{
	const struct one *one = ctx;
	const json_t *v = one->v;
	const struct rep *r = p->r;
	enum mark m = paper_severity(rep_text(r, v, "severity"));

	if (one->first) {
		paper_heading(p, 2, W_EACH_INCIDENT, 150);
		paper_paragraph(p, 0, PAPER_WIDTH, FACE_SMALL, INK_TEXT_2, rep_word(r, W_DETAILS_OF));
	}
	paper_gap(p, 8);
	paper_need(p, 110);
	paper_mark(p, m, PAPER_LEFT, p->y + 2, 11, paper_ink(m, false));
	p->y += paper_text(p, PAPER_LEFT + 17, p->y, PAPER_WIDTH - 17, FACE_BOLD, SIDE_LEFT, INK_TEXT, 2,
	                   rep_printf(r, "%s  %s", paper_line(r, rep_text(r, v, "id"), 40), paper_line(r, rep_text2(r, v, "title"), 300)));
	p->y += paper_text(p, PAPER_LEFT + 17, p->y, PAPER_WIDTH - 17, FACE_SMALL, SIDE_LEFT, INK_TEXT_2, 3, figures(r, v)) + 4;
	stamps(p, v);
	labelled(p, W_WHAT_HAPPENED, paper_words(r, rep_text2(r, v, "summary")));
	labelled(p, W_AFFECTED, affected(r, rep_at(v, "entities")));
	labelled(p, W_ACTIONS, actions(r, rep_at(v, "actions")));
	labelled(p, W_OUTCOME, paper_words(r, rep_text2(r, v, "outcome")));
	p->y += 6;
	if (paper_room(p) > 0)
		paper_rule(p, PAPER_LEFT, p->y, PAPER_WIDTH, INK_LINE);
}

static bool
is_detailed(struct paper *p, const json_t *v)
{
	return paper_severity(rep_text(p->r, v, "severity")) <= MARK_CR && rep_has(v, "summary");
}

static void
details(struct paper *p, const json_t *list)
{
	int64_t called = 0, shown = 0;
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		called += is_detailed(p, v);
	json_array_foreach(list, i, v)
		if (is_detailed(p, v) && shown++ < DETAILS_MAX)
			paper_keep(p, incident, &(struct one){ v, shown == 1 });
	paper_gap(p, 6);
	if (called > DETAILS_MAX)
		paper_paragraph(p, 0, PAPER_WIDTH, FACE_SMALL, INK_TEXT_2, SAY(p->r, W_DETAILS_LEFT_OUT, rep_figure(p->r, called - DETAILS_MAX)));
}

void
part_incidents(struct paper *p)
{
	const struct rep *r = p->r;
	const json_t *list = rep_at(r->data, "incidents");
	int64_t total = rep_num(r->data, "incidents_total"), listed = (int64_t)json_array_size(list);

	if (p->y > PAPER_TOP && listed != 0)
		paper_turn(p); /* the summary is a page for itself */
	paper_heading(p, 1, W_INCIDENTS, 60);
	paper_paragraph(p, 0, PAPER_WIDTH, FACE_BODY, INK_TEXT, rep_headline(r));
	paper_paragraph(p, 0, PAPER_WIDTH, FACE_SMALL, INK_TEXT_2, rep_word(r, W_D_SEVERITY_IS));
	p->y += 4;
	if (listed != 0)
		table(p, list);
	if (total > listed)
		paper_paragraph(p, 0, PAPER_WIDTH, FACE_SMALL, INK_TEXT_2, SAY(r, W_LEFT_OUT, rep_figure(r, total - listed)));
	details(p, list);
}
