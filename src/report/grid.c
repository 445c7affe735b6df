/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables: a head that comes again on each page, rows that are never torn, hairlines instead of boxes.
 */
#include "report/paper_priv.h"

#define PAD 4.0
#define MARK_SIZE 8.5

void
grid_begin(struct grid *g, struct paper *p, const struct grid_col *cols, size_t n)
{
	double sum = 0, x = PAPER_LEFT;

	must(n <= GRID_COLS);
	*g = (struct grid){ .p = p, .cols = cols, .n = n, .most = 4 };
	for (size_t i = 0; i < n; i++)
		sum += cols[i].w;
	for (size_t i = 0; i < n; i++) {
		g->x[i] = x;
		x += PAPER_WIDTH * cols[i].w / sum;
	}
	g->x[n] = x;
}

static double
width_of(const struct grid *g, size_t i)
{
	return g->x[i + 1] - g->x[i] - 2 * PAD;
}

static double
head_height(struct grid *g, PangoLayout **heads)
{
	double h = 0;

	for (size_t i = 0; i < g->n; i++) {
		heads[i] = paper_layout(g->p, FACE_SMALL, g->cols[i].side, width_of(g, i), 2, rep_word(g->p->r, g->cols[i].head));
		h = paper_height(heads[i]) > h ? paper_height(heads[i]) : h;
	}
	return h + 2 * PAD;
}

/* A reader of screens hears the head once; on further pages it is for the eye. */
static void
head(struct grid *g, PangoLayout **heads, double h)
{
	struct paper *p = g->p;
	bool first = g->rows == 1;

	paper_fill(p, PAPER_LEFT, p->y, PAPER_WIDTH, h, INK_SUNKEN);
	if (first) {
		paper_open(p, "Table");
		paper_open(p, "TR");
	}
	for (size_t i = 0; i < g->n; i++)
		paper_put(p, heads[i], g->x[i] + PAD, p->y + h - PAD - paper_height(heads[i]), width_of(g, i), INK_TEXT_2, first ? "TH" : NULL);
	if (first)
		paper_close(p, "TR");
	p->y += h;
}

/* The head belongs to the row below it: both or none on a page. */
static void
place_head(struct grid *g, double row)
{
	PangoLayout *heads[GRID_COLS];
	double h = head_height(g, heads);

	if (paper_room(g->p) < h + row)
		paper_turn(g->p);
	head(g, heads, h);
}

void
grid_row(struct grid *g, const struct grid_cell *cells)
{
	struct paper *p = g->p;
	PangoLayout *l[GRID_COLS];
	double h = 0, indent;

	for (size_t i = 0; i < g->n; i++) {
		indent = cells[i].mark != MARK_NONE ? MARK_SIZE + 4 : 0;
		l[i] = paper_layout(p, cells[i].bold ? FACE_CELL_BOLD : FACE_CELL, g->cols[i].side, width_of(g, i) - indent, g->most,
		                    cells[i].text != NULL ? paper_line(p->r, cells[i].text, 700) : "");
		h = paper_height(l[i]) > h ? paper_height(l[i]) : h;
	}
	h += 2 * PAD;
	if (g->rows++ == 0 || paper_room(p) < h) {
		if (g->rows != 1)
			paper_turn(p);
		place_head(g, h);
	}
	paper_open(p, "TR");
	for (size_t i = 0; i < g->n; i++) {
		indent = cells[i].mark != MARK_NONE ? MARK_SIZE + 4 : 0;
		paper_mark(p, cells[i].mark, g->x[i] + PAD, p->y + PAD + 1.4, MARK_SIZE, paper_ink(cells[i].mark, false));
		paper_put(p, l[i], g->x[i] + PAD + indent, p->y + PAD, width_of(g, i) - indent, cells[i].ink, "TD");
	}
	paper_close(p, "TR");
	p->y += h;
	paper_rule(p, PAPER_LEFT, p->y, PAPER_WIDTH, INK_LINE);
}

void
grid_end(struct grid *g)
{
	if (g->rows != 0)
		paper_close(g->p, "Table");
	g->p->y += 6;
}
