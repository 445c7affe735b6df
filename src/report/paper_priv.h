/* SPDX-License-Identifier: Apache-2.0
 *
 * Paper: pages as a list of pieces.  Sections put pieces from top to bottom; when the room ends, a new page begins.  Nothing is drawn
 * before all is placed, so the contents on the cover and "n / m" know every number, and a test can look at each piece.
 *
 *     paper_paragraph, paper_heading, grid_row, …   flow at paper.y, may turn the page
 *     paper_text, paper_fill, paper_rule, …         at a place that the caller knows to be free
 *     paper_keep(fn)                                what must not be torn: tried, and tried again on a fresh page
 *
 * Lengths are points (1/72 inch) from the page's upper left corner.  Colours, marks and sizes are those of the screens' print form:
 * light colours, 18 mm margins, 9.5 on 15.
 */
#ifndef NZ_REPORT_PAPER_PRIV_H
#define NZ_REPORT_PAPER_PRIV_H

#include <pango/pango.h>

#include "base/vec.h"
#include "report/pdf.h"
#include "report/report_priv.h"

#define PAPER_W 595.276 /* A4 */
#define PAPER_H 841.890
#define PAPER_MARGIN 51.024 /* 18 mm */
#define PAPER_LEFT PAPER_MARGIN
#define PAPER_WIDTH (PAPER_W - 2 * PAPER_MARGIN)
#define PAPER_TOP (PAPER_MARGIN + 30)    /* of what flows; the header stands above */
#define PAPER_BOTTOM (PAPER_H - PAPER_MARGIN - 24)

enum ink {
	INK_TEXT, INK_TEXT_2, INK_TEXT_3, INK_LINE, INK_LINE_2, INK_SUNKEN, INK_WHITE, INK_ACCENT, INK_ANDON, INK_MARK,
	INK_EM, INK_CR, INK_WA, INK_IN, INK_EM_TEXT, INK_CR_TEXT, INK_WA_TEXT, INK_IN_TEXT,
	INK_OK, INK_OK_TEXT, INK_LATE, INK_LATE_TEXT, INK_LATE_WEAK, INK_D1, INK_HATCH, INKS
};

enum face { FACE_BODY, FACE_BOLD, FACE_SMALL, FACE_TINY, FACE_CELL, FACE_CELL_BOLD, FACE_HEAD, FACE_SUBHEAD, FACE_TITLE, FACE_NUMBER, FACE_MONO, FACES };

enum side { SIDE_LEFT, SIDE_RIGHT, SIDE_MIDDLE };

/* Severities first, in their order, so that a shape is MARK_EM + rank. */
enum mark { MARK_NONE = -1, MARK_EM, MARK_CR, MARK_WA, MARK_IN, MARK_LAMP, MARK_WORD, MARK_DOT, MARK_RING };

/* OPEN and CLOSE take no room: between them lies a part of the document's structure (a table, a row, a figure). */
enum piece_kind { PIECE_TEXT, PIECE_FILL, PIECE_FRAME, PIECE_HATCH, PIECE_MARK, PIECE_OPEN, PIECE_CLOSE };

struct piece {
	enum piece_kind kind;
	enum ink ink;
	int page;                  /* 1 … */
	double x, y, w, h;
	double pen;                /* PIECE_FRAME: width of the line; of a rule w or h is 0 */
	PangoLayout *layout;       /* PIECE_TEXT: lines [line, line + lines) of it */
	int line, lines;
	const char *tag;           /* "H1", "P", "Table", …; NULL for what a reader passes over */
	const char *alt;           /* OPEN of a figure: what it shows, in words; else NULL */
	enum mark mark;
	int entry;                 /* of a heading its own; of a link where it leads; else -1 */
	bool link;                 /* PIECE_TEXT: leads to the entry, over the whole width */
};

struct entry {                     /* bookmark, line of the contents */
	const char *title;
	int page, level;
	double y;
};

struct paper {
	const struct rep *r;
	PangoContext *pango;
	PangoFontDescription *fonts[FACES];
	VEC(struct piece) pieces;
	VEC(struct entry) entries;
	int page, last;            /* last: number of pages, known when all is placed */
	double y;
	char sha256[65];           /* of the data set, compact, keys sorted */
	bool draft;
	bool silent;               /* texts now are no part of the structure: inside a figure, on the rim of a page */
};

void paper_init(struct paper *p, const struct rep *r);
void paper_fini(struct paper *p);

/* ---- text ---- */
/* Measured text; width ≤ 0: one line as long as it is. Lines beyond `most` end in "…" (0: as many as there are). The caller's, or given to a piece. */
PangoLayout *paper_layout(struct paper *p, enum face f, enum side side, double width, int most, const char *text);
double paper_height(PangoLayout *l);
double paper_natural(PangoLayout *l); /* width of its longest line */
/* Puts a layout (taken over) whole; returns its height. */
double paper_put(struct paper *p, PangoLayout *l, double x, double y, double w, enum ink ink, const char *tag);
/* The same from text, cut to `most` lines. */
double paper_text(struct paper *p, double x, double y, double w, enum face f, enum side side, enum ink ink, int most, const char *text);
/* Flows over pages at left + x; an orphan or widow line is taken along where that can be, and a note of a few lines is not torn. */
void paper_paragraph(struct paper *p, double x, double w, enum face f, enum ink ink, const char *text);
/* What must be free below p->y so that a paragraph begins here. */
double paper_start(struct paper *p, double w, enum face f, const char *text);
/* Numbered chapter (level 1) or part of one (2). Never ends a page: `then` points must fit below it. */
void paper_heading(struct paper *p, int level, enum word w, double then);
/* A piece of text for one line: breaks and tabs are blanks, one blank in a row, stacked accents cut, at most `most` bytes. In the arena. */
const char *paper_line(const struct rep *r, const char *s, size_t most);

/* A text of several paragraphs: line breaks stay (three in a row at most), the rest as paper_line, at most 9,000 bytes. */
const char *paper_words(const struct rep *r, const char *s);

/* ---- shapes ---- */
void paper_fill(struct paper *p, double x, double y, double w, double h, enum ink ink);
void paper_frame(struct paper *p, double x, double y, double w, double h, double pen, enum ink ink);
void paper_rule(struct paper *p, double x, double y, double w, enum ink ink);
void paper_hatch(struct paper *p, double x, double y, double w, double h);
void paper_mark(struct paper *p, enum mark m, double x, double y, double size, enum ink ink);
enum mark paper_severity(const char *severity); /* MARK_NONE for another word */
enum ink paper_ink(enum mark severity, bool text);

/* ---- structure: what a reader of screens is told ---- */
void paper_open(struct paper *p, const char *tag);
void paper_close(struct paper *p, const char *tag);
/* A figure is one thing: its texts are not read, `alt` is. */
void paper_figure(struct paper *p, const char *alt);
void paper_figure_end(struct paper *p);
/* Whether the fonts that are there have every character of it. */
bool paper_has_glyphs(struct paper *p, const char *text);

/* ---- flow ---- */
double paper_room(const struct paper *p);
void paper_turn(struct paper *p);             /* a fresh page */
void paper_need(struct paper *p, double h);   /* turns when less is left */
void paper_gap(struct paper *p, double h);    /* not at the top of a page */
typedef void paper_fn(struct paper *p, const void *ctx);
void paper_keep(struct paper *p, paper_fn *fn, const void *ctx);

/* ---- tables: heads are repeated, a row is never torn ---- */
struct grid_col {
	enum word head;
	double w;            /* share of the width */
	enum side side;
};
struct grid_cell {
	const char *text;    /* NULL: empty */
	enum mark mark;      /* in front of it; MARK_NONE */
	enum ink ink;
	bool bold;
};
#define GRID_COLS 14
struct grid {
	struct paper *p;
	const struct grid_col *cols;
	size_t n;
	double x[GRID_COLS + 1];
	int most;            /* lines of a cell */
	size_t rows;         /* its first opens the table */
};
#define CELL(...) ((struct grid_cell){ .text = (__VA_ARGS__), .mark = MARK_NONE, .ink = INK_TEXT })
void grid_begin(struct grid *g, struct paper *p, const struct grid_col *cols, size_t n);
void grid_row(struct grid *g, const struct grid_cell *cells);
void grid_end(struct grid *g);

/* ---- charts ---- */
struct bar {
	const char *label;
	int64_t part[4];     /* from the bottom; of severities emergency … informational */
	bool missing;        /* no data: hatched, never a bar of nothing */
};
/* Bars over the whole width at paper.y, h points high with their labels; part 0 alone is drawn in d1 when !severities. */
void chart_bars(struct paper *p, const char *title, const struct bar *bars, size_t n, bool severities, double h);
/* Five numbers over bands whose height is their logarithm. */
void chart_funnel(struct paper *p);
void chart_legend(struct paper *p);

/* ---- the sections, in their order (pdf.c, pdf_incident.c, pdf_service.c) ---- */
void part_cover(struct paper *p);             /* last: it needs the contents */
void part_summary(struct paper *p);
void part_incidents(struct paper *p);
void part_clocks(struct paper *p);
void part_availability(struct paper *p);
void part_trends(struct paper *p);
void part_closed(struct paper *p);
void part_devices(struct paper *p);
void part_advice(struct paper *p);

/* Places everything; the number of pages. */
int paper_make(struct paper *p);
/* Pieces → PDF. 0, E_IO. */
int paper_draw(struct paper *p, int pages, struct buf *out);
/* What cairo 1.16 cannot say of a document, as an update behind it (ISO 32000-1, 7.5.6): its language, that its title is to be shown, and the words
 * of its figures, in their order. E_CORRUPT when this is no file of that cairo; it is untouched then. */
int pdf_amend(struct buf *pdf, const char *lang, const char *const *alts, size_t n);

#endif
