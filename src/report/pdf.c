/* SPDX-License-Identifier: Apache-2.0
 *
 * The document as a whole: order of its parts, cover, summary, and what stands on every page.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "report/paper_priv.h"

#define FOREMOST 4
#define NOT_SHOWN_MAX 8

static bool
is_daily(const struct paper *p)
{
	return strcmp(rep_text(p->r, p->r->data, "kind"), "daily") == 0;
}

static const char *
title_of(struct paper *p)
{
	return rep_word(p->r, is_daily(p) ? W_DAILY : W_MONTHLY);
}

static const char *
period_of(struct paper *p)
{
	const char *first = rep_text(p->r, p->r->data, "period.first");

	return paper_line(p->r, is_daily(p) ? rep_day(p->r, first) : rep_month(p->r, rep_printf(p->r, "%.7s", first)), 60);
}

static const char *
made_at(struct paper *p)
{
	const struct rep *r = p->r;

	return rep_printf(r, "%s %s (%s)", rep_word(r, W_MADE_AT), rep_moment(r, rep_text(r, r->data, "made_at")), paper_line(r, rep_text(r, r->data, "period.zone"), 40));
}

static const char *
span_of(struct paper *p)
{
	const struct rep *r = p->r;
	const char *first = rep_day(r, rep_text(r, r->data, "period.first")), *last = rep_day(r, rep_text(r, r->data, "period.last"));
	const char *zone = rep_text(r, r->data, "period.zone");
	bool ja = r->lang == REPORT_JA;

	if (strcmp(first, last) == 0)
		return paper_line(r, rep_printf(r, ja ? "%s %s" : "%s, %s", first, zone), 120);
	return paper_line(r, rep_printf(r, ja ? "%s–%s %s" : "%s – %s, %s", first, last, zone), 120);
}

/* Pages with characters that no font has, "2, 3, 7"; NULL when all can be shown. */
static const char *
pages_not_shown(struct paper *p)
{
	auto_buf struct buf b = { 0 };
	int last = 0, n = 0;

	for (int page = 1; page <= p->last && n <= NOT_SHOWN_MAX; page++)
		for (size_t i = 0; i < p->pieces.n && last != page; i++) {
			const struct piece *t = &p->pieces.v[i];

			if (t->page != page || t->kind != PIECE_TEXT || pango_layout_get_unknown_glyphs_count(t->layout) == 0)
				continue;
			last = page;
			buf_printf(&b, n == 0 ? "%d" : n == NOT_SHOWN_MAX ? ", …" : ", %d", page);
			n++;
		}
	return n != 0 ? arena_cstr(p->r->a, buf_slice(&b)) : NULL;
}

/* ---- cover ---- */

static void
brand(struct paper *p, double y)
{
	if (p->r->lang == REPORT_EN) {
		paper_mark(p, MARK_WORD, PAPER_LEFT, y, 30, INK_MARK);
		return;
	}
	paper_mark(p, MARK_LAMP, PAPER_LEFT, y, 30, INK_MARK);
	paper_text(p, PAPER_LEFT + 40, y + 3, 200, FACE_NUMBER, SIDE_LEFT, INK_MARK, 1, "寝ず番");
}

static double
fact(struct paper *p, double y, enum word w, const char *text)
{
	double h;

	paper_text(p, PAPER_LEFT, y, 92, FACE_BODY, SIDE_LEFT, INK_TEXT_3, 1, rep_word(p->r, w));
	h = paper_text(p, PAPER_LEFT + 96, y, PAPER_WIDTH - 96, FACE_BODY, SIDE_LEFT, INK_TEXT, w == W_CORRECTION ? 4 : 2, text);
	return y + (h > 15 ? h : 15) + 4;
}

static void
contents(struct paper *p, double y)
{
	char number[16];

	y += paper_text(p, PAPER_LEFT, y, PAPER_WIDTH, FACE_SUBHEAD, SIDE_LEFT, INK_TEXT, 1, rep_word(p->r, W_CONTENTS)) + 4;
	paper_open(p, "TOC");
	for (size_t i = 0; i < p->entries.n; i++) {
		const struct entry *e = &p->entries.v[i];
		PangoLayout *l;
		double w;

		if (e->level != 1)
			continue;
		snprintf(number, sizeof number, "%d", e->page);
		l = paper_layout(p, FACE_BODY, SIDE_LEFT, PAPER_WIDTH - 40, 1, e->title);
		w = paper_natural(l);
		paper_open(p, "TOCI");
		paper_put(p, l, PAPER_LEFT, y, PAPER_WIDTH - 40, INK_ACCENT, NULL);
		p->pieces.v[p->pieces.n - 1].entry = (int)i;
		p->pieces.v[p->pieces.n - 1].link = true;
		paper_rule(p, PAPER_LEFT + w + 8, y + 10, PAPER_WIDTH - w - 40, INK_LINE);
		paper_text(p, PAPER_LEFT + PAPER_WIDTH - 30, y, 30, FACE_BODY, SIDE_RIGHT, INK_TEXT, 1, number);
		paper_close(p, "TOCI");
		y += 18;
	}
	paper_close(p, "TOC");
}

/* In a frame above the title: what to know before reading. Its foot is fixed, so that the title stays where it is. */
static void
warning(struct paper *p, const char *word, const char *text)
{
	PangoLayout *l = paper_layout(p, FACE_SMALL, SIDE_LEFT, PAPER_WIDTH - 24, 5, text);
	double h = paper_height(l) + 32, y = 184 - h;

	paper_frame(p, PAPER_LEFT, y, PAPER_WIDTH, h, 1.5, INK_LATE);
	paper_text(p, PAPER_LEFT + 12, y + 6, PAPER_WIDTH - 24, FACE_SUBHEAD, SIDE_LEFT, INK_LATE_TEXT, 1, word);
	paper_put(p, l, PAPER_LEFT + 12, y + 24, PAPER_WIDTH - 24, INK_LATE_TEXT, "P");
}

void
part_cover(struct paper *p)
{
	const struct rep *r = p->r;
	const char *lacking = pages_not_shown(p);
	double y = 200;

	p->page = 1;
	brand(p, PAPER_MARGIN + 4);
	if (p->draft)
		warning(p, rep_word(r, W_DRAFT), rep_word(r, W_DRAFT_IS));
	else if (rep_standing(r) != NULL)
		warning(p, rep_standing(r), paper_line(r, rep_replaced(r), 2400));
	y += paper_text(p, PAPER_LEFT, y, PAPER_WIDTH, FACE_TITLE, SIDE_LEFT, INK_TEXT, 1, title_of(p));
	y += paper_text(p, PAPER_LEFT, y, PAPER_WIDTH, FACE_TITLE, SIDE_LEFT, INK_TEXT_3, 1, period_of(p)) + 18;
	y += paper_text(p, PAPER_LEFT, y, PAPER_WIDTH, FACE_NUMBER, SIDE_LEFT, INK_TEXT, 3, paper_line(r, rep_text2(r, r->data, "tenant.name"), 300)) + 14;
	paper_fill(p, PAPER_LEFT, y, PAPER_WIDTH, 0.8, INK_TEXT);
	y += 14;
	y = fact(p, y, W_PERIOD, span_of(p));
	y = fact(p, y, W_MADE_AT, rep_moment(r, rep_text(r, r->data, "made_at")));
	y = fact(p, y, W_AUTHOR, rep_word(r, W_SIGN));
	y = fact(p, y, W_HANDLING, rep_word(r, W_CONFIDENTIAL));
	if (rep_revision(r) != NULL)
		y = fact(p, y, W_CORRECTION, paper_line(r, rep_printf(r, r->lang == REPORT_JA ? "%s。%s" : "%s. %s", rep_revision(r), rep_replaces(r) != NULL ? rep_replaces(r) : ""), 2400));
	contents(p, y + 22 > 470 ? y + 22 : 470);
	y = PAPER_H - PAPER_MARGIN - 24;
	if (lacking != NULL)
		paper_text(p, PAPER_LEFT, y - 20, PAPER_WIDTH, FACE_SMALL, SIDE_LEFT, INK_LATE_TEXT, 1, SAY(r, W_NOT_SHOWN, lacking));
	y += paper_text(p, PAPER_LEFT, y, PAPER_WIDTH, FACE_SMALL, SIDE_LEFT, INK_TEXT_3, 1, rep_word(r, W_RECORD_IS));
	paper_text(p, PAPER_LEFT, y, PAPER_WIDTH, FACE_MONO, SIDE_LEFT, INK_TEXT_3, 1, p->sha256);
}

/* ---- summary: one page for a board ---- */

static void
sentence(struct paper *p, enum face f, const char *text)
{
	paper_paragraph(p, 0, PAPER_WIDTH, f, INK_TEXT, text);
	p->y += 1;
}

static void
severities(struct paper *p)
{
	static const char *const keys[] = { "emergency", "critical", "warning", "informational" };
	const struct rep *r = p->r;
	double w = (PAPER_WIDTH - 36) / 4, top = p->y + 8;

	for (int i = 0; i < 4; i++) {
		double x = PAPER_LEFT + (w + 12) * i;
		int64_t n = rep_num(rep_at(r->data, "funnel.by_severity"), keys[i]);

		paper_frame(p, x, top, w, 54, 1.5, n != 0 ? (enum ink)(INK_EM + i) : INK_LINE_2);
		paper_mark(p, (enum mark)i, x + 10, top + 10, 11, (enum ink)(INK_EM + i));
		paper_text(p, x + 26, top + 9, w - 30, FACE_SMALL, SIDE_LEFT, (enum ink)(INK_EM_TEXT + i), 1, rep_severity(r, keys[i]));
		paper_text(p, x + 10, top + 24, w - 16, FACE_NUMBER, SIDE_LEFT, n != 0 ? INK_TEXT : INK_TEXT_3, 1, rep_figure(r, n));
	}
	p->y = top + 62;
}

/* What is asked of somebody, the analyst's own first; all of it stands in its chapter. */
static void
foremost(struct paper *p)
{
	static const char *const lists[] = { "recommendations", "facts" };
	const struct rep *r = p->r;
	const json_t *v;
	size_t i;
	int n = 0;

	for (size_t k = 0; k < 2; k++)
		json_array_foreach(rep_at(r->data, lists[k]), i, v) {
			if (n++ == FOREMOST || paper_room(p) < 60)
				return;
			if (n == 1)
				paper_heading(p, 2, W_RECOMMENDATIONS, 40);
			paper_text(p, PAPER_LEFT, p->y, 66, FACE_SMALL, SIDE_LEFT, INK_TEXT_3, 1, rep_owner(r, paper_line(r, rep_text(r, v, "owner"), 60)));
			p->y += paper_text(p, PAPER_LEFT + 70, p->y, PAPER_WIDTH - 70, FACE_SMALL, SIDE_LEFT, INK_TEXT, 3, paper_line(r, rep_text2(r, v, "text"), 700)) + 2;
		}
}

void
part_summary(struct paper *p)
{
	const struct rep *r = p->r;
	const char *words = rep_text2(r, r->data, "words");

	paper_heading(p, 1, W_SUMMARY, 100);
	sentence(p, FACE_SUBHEAD, rep_headline(r));
	sentence(p, FACE_BODY, rep_volume(r));
	sentence(p, FACE_BODY, rep_promises(r));
	sentence(p, FACE_BODY, rep_devices(r));
	sentence(p, FACE_BODY, rep_printf(r, r->lang == REPORT_JA ? "%s：%s" : "%s: %s", rep_word(r, W_AVAILABILITY), rep_availability(r)));
	severities(p);
	paper_heading(p, 2, W_FUNNEL, 100);
	chart_funnel(p);
	p->y += 4;
	paper_paragraph(p, 0, PAPER_WIDTH, FACE_SMALL, INK_TEXT_2, rep_word(r, W_D_FUNNEL_IS));
	if (!is_daily(p) || words[0] != '\0') {
		paper_heading(p, 2, W_ANALYST, 30);
		sentence(p, FACE_BODY, words[0] != '\0' ? paper_words(r, words) : rep_word(r, W_NO_WORDS));
	}
	foremost(p);
}

/* ---- every page ---- */

/* Right what it is, before that how it stands, left whose it is: a long name gives way. */
static void
header(struct paper *p)
{
	const struct rep *r = p->r;
	const char *dot = r->lang == REPORT_JA ? "・" : " · ", *revision = rep_revision(r), *standing = p->draft ? rep_word(r, W_DRAFT) : rep_standing(r);
	PangoLayout *what = paper_layout(p, FACE_SMALL, SIDE_LEFT, -1, 0,
	                                 rep_printf(r, "%s %s%s%s%s%s", title_of(p), period_of(p), revision != NULL ? dot : "", revision != NULL ? revision : "", dot,
	                                            rep_word(r, W_CONFIDENTIAL)));
	double y = PAPER_MARGIN, w = paper_natural(what), x = PAPER_LEFT + PAPER_WIDTH - w;

	paper_put(p, what, x, y, w, INK_TEXT_3, NULL);
	if (standing != NULL) {
		PangoLayout *l = paper_layout(p, FACE_CELL_BOLD, SIDE_LEFT, -1, 0, standing);

		w = paper_natural(l);
		x -= w + 22;
		paper_frame(p, x - 8, y - 0.5, w + 16, 14, 1, INK_LATE);
		paper_put(p, l, x, y + 0.6, w, INK_LATE_TEXT, NULL);
		x -= 8;
	}
	paper_text(p, PAPER_LEFT, y, x - PAPER_LEFT - 16, FACE_SMALL, SIDE_LEFT, INK_TEXT_3, 1, paper_line(r, rep_text2(r, r->data, "tenant.name"), 200));
	paper_rule(p, PAPER_LEFT, y + 17, PAPER_WIDTH, INK_LINE_2);
}

static void
footer(struct paper *p, int pages)
{
	double y = PAPER_H - PAPER_MARGIN - 11;
	char number[32];

	snprintf(number, sizeof number, "%d / %d", p->page, pages);
	paper_rule(p, PAPER_LEFT, y - 4, PAPER_WIDTH, INK_LINE_2);
	paper_text(p, PAPER_LEFT, y, 190, FACE_TINY, SIDE_LEFT, INK_TEXT_3, 1, made_at(p));
	paper_text(p, PAPER_LEFT + 190, y, 230, FACE_MONO, SIDE_LEFT, INK_TEXT_3, 1, p->sha256);
	paper_text(p, PAPER_LEFT + PAPER_WIDTH - 60, y - 1.5, 60, FACE_SMALL, SIDE_RIGHT, INK_TEXT_2, 1, number);
}

/* The figures as they are checked: compact, keys sorted. */
static void
hash(struct paper *p)
{
	char *text = json_dumps(p->r->data, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text != NULL ? text : "null", -1);

	snprintf(p->sha256, sizeof p->sha256, "%s", hex);
	g_free(hex);
	free(text);
}

int
paper_make(struct paper *p)
{
	static void (*const parts[])(struct paper *) = { part_summary, part_incidents, part_clocks, part_availability, part_trends, part_closed,
		                                         part_devices, part_advice };
	int pages;

	p->draft = strcmp(rep_text(p->r, p->r->data, "state"), "published") != 0 && !is_daily(p);
	hash(p);
	p->page = 2; /* the cover is laid last */
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		parts[i](p);
	p->last = pages = p->page;
	p->silent = true; /* what stands on every page is read once, on the cover */
	for (p->page = 2; p->page <= pages; p->page++) {
		header(p);
		footer(p, pages);
	}
	p->silent = false;
	part_cover(p);
	return pages;
}

int
report_pdf(const json_t *data, enum report_lang lang, struct buf *out)
{
	struct paper p;
	struct arena a;
	struct rep rep;
	int pages, r = E_TOOBIG;

	arena_init(&a, 0, 0);
	rep_init(&rep, data, lang, &a);
	paper_init(&p, &rep);
	if (!paper_has_glyphs(&p, rep_word(&rep, W_RECORD_IS))) {
		r = E_NOTFOUND;
	} else {
		pages = paper_make(&p);
		if (pages <= REPORT_PDF_PAGES_MAX)
			r = paper_draw(&p, pages, out);
	}
	paper_fini(&p);
	arena_fini(&a);
	return r;
}

bool
report_pdf_has_fonts(enum report_lang lang)
{
	struct paper p;
	struct rep rep;
	bool has;

	rep_init(&rep, NULL, lang, NULL);
	paper_init(&p, &rep);
	has = paper_has_glyphs(&p, rep_word(&rep, W_RECORD_IS));
	paper_fini(&p);
	return has;
}
