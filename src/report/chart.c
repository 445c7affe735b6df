/* SPDX-License-Identifier: Apache-2.0
 *
 * Charts of the report: bars by day and by month, severities one on the other, the funnel.  No second axis, no pie; what is missing is
 * hatched and named.  Each has its figures beside it in words or a table.
 */
#include <math.h>

#include "report/paper_priv.h"

#define AXIS_W 46.0
#define LABEL_H 12.0
#define WIDEST_BAR 42.0

/* A figure that reads well, not below n. */
static int64_t
round_up(int64_t n)
{
	static const int64_t steps[] = { 10, 12, 16, 20, 24, 30, 40, 50, 60, 80 };

	if (n <= 10)
		return n + n % 2;
	for (int64_t ten = 1; ten < INT64_MAX / 1000; ten *= 10)
		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
			if (steps[i] * ten >= n)
				return steps[i] * ten;
	return n;
}

static int64_t
sum(const struct bar *b)
{
	int64_t n = 0;

	for (int i = 0; i < 4; i++)
		n += b->part[i] > 0 && n < INT64_MAX / 8 && b->part[i] < INT64_MAX / 8 ? b->part[i] : 0;
	return n;
}

static void
axis(struct paper *p, double x, double top, double bottom, int64_t most)
{
	double w = PAPER_LEFT + PAPER_WIDTH - x;

	for (int half = 0; half <= 2; half++) {
		double y = bottom - (bottom - top) * half / 2;

		if (half == 1 && most % 2 != 0)
			continue;
		paper_rule(p, x, y, w, half == 0 ? INK_LINE_2 : INK_LINE);
		paper_text(p, PAPER_LEFT, y - 4.6, AXIS_W - 6, FACE_TINY, SIDE_RIGHT, INK_TEXT_3, 1, rep_figure(p->r, most * half / 2));
	}
}

struct frame {
	double x, slot, w, top, bottom;
	int64_t most;
	bool severities;
};

/* The figure itself, where it has room. */
static void
above(struct paper *p, const struct frame *f, double middle, double y, const char *figure)
{
	PangoLayout *l = paper_layout(p, FACE_TINY, SIDE_LEFT, -1, 0, figure);
	double w = paper_natural(l);

	if (w <= f->slot)
		paper_put(p, l, middle - w / 2, y, w, INK_TEXT_2, "P");
	else
		g_object_unref(l);
}

/* Emergency lies at the bottom: what is worst is compared best. */
static void
one_bar(struct paper *p, const struct frame *f, const struct bar *b, size_t i)
{
	double x = f->x + f->slot * (double)i + (f->slot - f->w) / 2, y = f->bottom;

	if (b->missing) {
		paper_hatch(p, x, f->top, f->w, f->bottom - f->top);
		return;
	}
	for (int k = 0; k < 4; k++) {
		double h = b->part[k] > 0 ? (f->bottom - f->top) * (double)b->part[k] / (double)f->most : 0;

		if (h <= 0 || y - h < f->top - 0.5)
			continue;
		paper_fill(p, x, y - h, f->w, h, f->severities ? (enum ink)(INK_EM + k) : INK_D1);
		if (f->severities && y < f->bottom)
			paper_fill(p, x, y - 0.3, f->w, 0.6, INK_WHITE);
		y -= h;
	}
	if (sum(b) > 0)
		above(p, f, x + f->w / 2, y - 10, rep_figure(p->r, sum(b)));
}

static const char *
in_words(struct paper *p, const char *title, const struct bar *bars, size_t n)
{
	size_t top = 0;

	for (size_t i = 1; i < n; i++)
		top = sum(&bars[i]) > sum(&bars[top]) ? i : top;
	return n == 0 || sum(&bars[top]) == 0 ? title : SAY(p->r, W_CHART_SAYS, title, bars[top].label, rep_figure(p->r, sum(&bars[top])));
}

void
chart_bars(struct paper *p, const char *title, const struct bar *bars, size_t n, bool severities, double h)
{
	struct frame f = { .x = PAPER_LEFT + AXIS_W, .severities = severities };
	int64_t most = 1;

	for (size_t i = 0; i < n; i++)
		most = sum(&bars[i]) > most ? sum(&bars[i]) : most;
	paper_need(p, h + 24);
	p->y += paper_text(p, PAPER_LEFT, p->y, PAPER_WIDTH, FACE_CELL_BOLD, SIDE_LEFT, INK_TEXT_2, 1, title) + 12;
	f.slot = n != 0 ? (PAPER_WIDTH - AXIS_W) / (double)n : PAPER_WIDTH;
	f.w = f.slot * 0.7 < WIDEST_BAR ? f.slot * 0.7 : WIDEST_BAR;
	f.top = p->y;
	f.bottom = p->y + h - LABEL_H;
	f.most = round_up(most);
	paper_figure(p, in_words(p, title, bars, n));
	axis(p, f.x, f.top, f.bottom, f.most);
	for (size_t i = 0; i < n; i++) {
		one_bar(p, &f, &bars[i], i);
		paper_text(p, f.x + f.slot * (double)i, f.bottom + 2.5, f.slot, FACE_TINY, SIDE_MIDDLE, INK_TEXT_3, 1, bars[i].label);
	}
	paper_figure_end(p);
	p->y += h + 2;
}

void
chart_legend(struct paper *p)
{
	static const char *const keys[] = { "emergency", "critical", "warning", "informational" };
	double x = PAPER_LEFT + AXIS_W;

	for (int i = 0; i < 4; i++) {
		PangoLayout *l = paper_layout(p, FACE_SMALL, SIDE_LEFT, -1, 0, rep_severity(p->r, keys[i]));
		double w = paper_natural(l);

		paper_mark(p, (enum mark)i, x, p->y + 1.8, 8.5, (enum ink)(INK_EM + i));
		paper_put(p, l, x + 12, p->y, w, INK_TEXT_2, "P");
		x += w + 30;
	}
	p->y += 20;
}

/* One size for all five, as large as the longest fits. */
static enum face
figure_face(struct paper *p, double w)
{
	static const enum face sizes[] = { FACE_NUMBER, FACE_SUBHEAD, FACE_SMALL, FACE_TINY };
	double widest = 0, wide;
	int64_t n = 0;
	size_t i;

	for (i = 0; i < 3; i++) {
		widest = 0;
		for (size_t k = 0; rep_funnel(p->r, k, &n) != NULL; k++) {
			PangoLayout *l = paper_layout(p, sizes[i], SIDE_LEFT, -1, 0, rep_figure(p->r, n));

			wide = paper_natural(l);
			widest = wide > widest ? wide : widest;
			g_object_unref(l);
		}
		if (widest <= w)
			break;
	}
	return sizes[i];
}

void
chart_funnel(struct paper *p)
{
	double w = PAPER_WIDTH / 5, top = p->y, band = 44, most = log10((double)rep_num(p->r->data, "funnel.lines") + 1);
	enum face f = figure_face(p, w - 10);
	const char *name;
	int64_t n = 0;

	for (size_t i = 0; (name = rep_funnel(p->r, i, &n)) != NULL; i++) {
		double x = PAPER_LEFT + w * (double)i, lg = n > 0 ? log10((double)n + 1) : 0, h = most > 0 && lg > 0 ? band * fmin(lg / most, 1) : 0;
		PangoLayout *l = paper_layout(p, f, SIDE_LEFT, -1, 0, rep_figure(p->r, n));

		paper_text(p, x, top, w - 8, FACE_SMALL, SIDE_LEFT, INK_TEXT_3, 1, name);
		paper_put(p, l, x, top + 12 + (24 - paper_height(l)), w - 6, INK_TEXT, "P");
		if (h > 0)
			paper_fill(p, x, top + 42 + band - h, w - 8, h, INK_D1);
		paper_rule(p, x, top + 42 + band, w - 8, INK_LINE_2);
	}
	p->y += 42 + band + 3;
	p->y += paper_text(p, PAPER_LEFT, p->y, PAPER_WIDTH, FACE_TINY, SIDE_LEFT, INK_TEXT_3, 1, rep_word(p->r, W_FUNNEL_SCALE));
}
