/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces → PDF by cairo: pages one after the other, text as text with its headings marked, bookmarks, metadata.  Nothing here decides
 * where something stands, and nothing can be drawn outside the margins: they are the clip of every page.
 */
#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "report/paper_priv.h"

static const uint32_t inks[INKS] = {
	[INK_TEXT] = 0x191d26, [INK_TEXT_2] = 0x475062, [INK_TEXT_3] = 0x5f6879, [INK_LINE] = 0xdfe3ea, [INK_LINE_2] = 0xc6ccd7, [INK_SUNKEN] = 0xedeff3,
	[INK_WHITE] = 0xffffff, [INK_ACCENT] = 0x2a4a9f, [INK_ANDON] = 0xe9a11f, [INK_MARK] = 0x1d2433, [INK_EM] = 0xb3162d, [INK_CR] = 0xb5470b,
	[INK_WA] = 0xedc032, [INK_IN] = 0x566681, [INK_EM_TEXT] = 0xa81429, [INK_CR_TEXT] = 0x993b06, [INK_WA_TEXT] = 0x725300, [INK_IN_TEXT] = 0x48576f,
	[INK_OK] = 0x1f7f52, [INK_OK_TEXT] = 0x176a43, [INK_LATE] = 0xb3162d, [INK_LATE_TEXT] = 0xa81429, [INK_LATE_WEAK] = 0xfdecee, [INK_D1] = 0x2a67b1,
	[INK_HATCH] = 0xb4bcc9,
};

static void
set_ink(cairo_t *cr, enum ink ink)
{
	cairo_set_source_rgb(cr, (inks[ink] >> 16) / 255.0, (inks[ink] >> 8 & 0xff) / 255.0, (inks[ink] & 0xff) / 255.0);
}

/* ---- marks: the paths of the screens, SVG's letters M L H V C S and their small forms, Z ---- */

struct pen {
	cairo_t *cr;
	double x, y, cx, cy; /* here; last control point */
};

static int
arguments(char letter)
{
	switch (letter | 0x20) {
	case 'h': case 'v': return 1;
	case 'c': return 6;
	case 's': return 4;
	default: return 2;
	}
}

static void
step(struct pen *p, char letter, double *v)
{
	bool rel = (letter & 0x20) != 0;
	int n = arguments(letter);

	if (n == 1) {
		double at = v[0];

		v[0] = (letter | 0x20) == 'h' ? at + (rel ? p->x : 0) : p->x;
		v[1] = (letter | 0x20) == 'v' ? at + (rel ? p->y : 0) : p->y;
		n = 2;
	} else if (rel) {
		for (int i = 0; i < n; i++)
			v[i] += i % 2 == 0 ? p->x : p->y;
	}
	if ((letter | 0x20) == 'm')
		cairo_move_to(p->cr, v[0], v[1]);
	else if (n == 2)
		cairo_line_to(p->cr, v[0], v[1]);
	else if (n == 4)
		cairo_curve_to(p->cr, 2 * p->x - p->cx, 2 * p->y - p->cy, v[0], v[1], v[2], v[3]);
	else
		cairo_curve_to(p->cr, v[0], v[1], v[2], v[3], v[4], v[5]);
	p->cx = n > 2 ? v[n - 4] : v[0];
	p->cy = n > 2 ? v[n - 3] : v[1];
	p->x = v[n - 2];
	p->y = v[n - 1];
}

static void
path(cairo_t *cr, const char *d)
{
	struct pen p = { cr, 0, 0, 0, 0 };
	char letter = 'M';
	double v[6];

	while (*d != '\0') {
		if ((*d | 0x20) >= 'a' && (*d | 0x20) <= 'z')
			letter = *d++;
		if ((letter | 0x20) == 'z') {
			cairo_close_path(cr);
			continue;
		}
		for (int i = 0; i < arguments(letter); i++) {
			char *end;

			d += strspn(d, " ,");
			v[i] = g_ascii_strtod(d, &end);
			must(end != d);
			d = end;
		}
		step(&p, letter, v);
		letter = letter == 'M' ? 'L' : letter == 'm' ? 'l' : letter; /* pairs behind a move are lines */
		d += strspn(d, " ,");
	}
}

static void
stroke(cairo_t *cr, const char *d, double width)
{
	cairo_set_line_width(cr, width);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	path(cr, d);
	cairo_stroke(cr);
}

#define LAMP "M7 12.4h18c.5 2.4.5 4.8 0 7.2H7c-.5-2.4-.5-4.8 0-7.2z"
#define BODY                                                                                                                                     \
	"M10 5.5h12c2.2 0 3.4 4.6 3.4 10.5s-1.2 10.5-3.4 10.5H10c-2.2 0-3.4-4.6-3.4-10.5S7.8 5.5 10 5.5zM7.1 12.4h17.8M7.1 19.6h17.8M12.5 2h7M12.5 30h7"
#define LETTERS                                                                                                                                  \
	"M40 24V8l11.5 16V8M56.8 18.2h9.4c0-3.4-1.9-5.7-4.7-5.7s-5 2.4-5 5.75S58.7 24 61.7 24c1.7 0 3.1-.6 4.1-1.7M70.8 12.5h8.4L70.6 24h8.9M84 12.5v6.7c0" \
	" 3 1.7 4.8 4.3 4.8s4.7-2 4.7-5v-6.5M93 24v-5M98.5 7v17M98.5 18.25c0-3.35 2.2-5.75 5.05-5.75s5.05 2.4 5.05 5.75-2.2 5.75-5.05 5.75-5.05-2.4-5.05-5.75z" \
	"M124 12.5V24M124 18.25c0 3.35-2.2 5.75-5.05 5.75s-5.05-2.4-5.05-5.75 2.2-5.75 5.05-5.75 5.05 2.4 5.05 5.75zM130 24V12.5M130 17.5c0-3 2-5 4.6-5s4.4 1.8" \
	" 4.4 4.8V24"

static void
draw_severity(cairo_t *cr, enum mark m, enum ink ink)
{
	static const char *const outline[] = { "M5 1.2h6L14.8 5v6L11 14.8H5L1.2 11V5z", "M8 1.5 15 14H1z", "M8 .9 15.1 8 8 15.1 .9 8z", NULL };
	static const char *const inner[] = { "M6.2 4.5v4.3M9.8 4.5v4.3M6.2 11.5v.01M9.8 11.5v.01", "M8 6v3.6M8 11.9v.01", "M8 4.8v3.6M8 11.1v.01", "M8 7.4v4M8 4.7v.01" };

	set_ink(cr, ink);
	cairo_new_path(cr);
	if (outline[m] != NULL)
		path(cr, outline[m]);
	else
		cairo_arc(cr, 8, 8, 6.6, 0, 2 * M_PI);
	cairo_fill(cr);
	set_ink(cr, m == MARK_WA ? INK_TEXT : INK_WHITE);
	stroke(cr, inner[m], 1.9);
}

static void
draw_mark(cairo_t *cr, const struct piece *t)
{
	double grid = t->mark == MARK_LAMP || t->mark == MARK_WORD ? 32 : 16;

	cairo_save(cr);
	cairo_translate(cr, t->x, t->y);
	cairo_scale(cr, t->h / grid, t->h / grid);
	if (t->mark == MARK_LAMP || t->mark == MARK_WORD) {
		set_ink(cr, INK_ANDON);
		path(cr, LAMP);
		cairo_fill(cr);
		set_ink(cr, t->ink);
		stroke(cr, t->mark == MARK_WORD ? BODY LETTERS : BODY, 2.5);
	} else if (t->mark == MARK_DOT || t->mark == MARK_RING) {
		set_ink(cr, t->ink);
		cairo_set_line_width(cr, 2.4);
		cairo_new_path(cr);
		cairo_arc(cr, 8, 8, 6.6, 0, 2 * M_PI);
		t->mark == MARK_DOT ? cairo_fill(cr) : cairo_stroke(cr);
	} else {
		draw_severity(cr, t->mark, t->ink);
	}
	cairo_restore(cr);
}

/* ---- pieces ---- */

static void
draw_hatch(cairo_t *cr, const struct piece *t)
{
	cairo_save(cr);
	cairo_rectangle(cr, t->x, t->y, t->w, t->h);
	cairo_clip(cr);
	set_ink(cr, t->ink);
	cairo_set_line_width(cr, 0.7);
	for (double at = -t->h; at < t->w; at += 3.2) {
		cairo_move_to(cr, t->x + at, t->y + t->h);
		cairo_line_to(cr, t->x + at + t->h, t->y);
	}
	cairo_stroke(cr);
	cairo_restore(cr);
}

static void
draw_text(cairo_t *cr, const struct piece *t)
{
	PangoLayoutIter *i = pango_layout_get_iter(t->layout);
	double top = 0;
	int n = 0;

	set_ink(cr, t->ink);
	do {
		PangoRectangle box;

		if (n >= t->line + t->lines)
			break;
		pango_layout_iter_get_line_extents(i, NULL, &box);
		if (n == t->line)
			top = (double)box.y / PANGO_SCALE;
		if (n++ < t->line)
			continue;
		cairo_move_to(cr, t->x + (double)box.x / PANGO_SCALE, t->y + (double)pango_layout_iter_get_baseline(i) / PANGO_SCALE - top);
		pango_cairo_show_layout_line(cr, pango_layout_iter_get_line_readonly(i));
	} while (pango_layout_iter_next_line(i));
	pango_layout_iter_free(i);
}

static void
draw_tagged(cairo_t *cr, const struct piece *t)
{
	const char *around = t->entry < 0 ? NULL : t->link ? CAIRO_TAG_LINK : CAIRO_TAG_DEST;
	char where[160];

	snprintf(where, sizeof where, t->link ? "dest='s%d' rect=[%.2f %.2f %.2f %.2f]" : "name='s%d'", t->entry, PAPER_LEFT, t->y, PAPER_WIDTH, t->h);
	if (around != NULL)
		cairo_tag_begin(cr, around, where);
	if (t->tag != NULL)
		cairo_tag_begin(cr, t->tag, NULL);
	draw_text(cr, t);
	if (t->tag != NULL)
		cairo_tag_end(cr, t->tag);
	if (around != NULL)
		cairo_tag_end(cr, around);
}

static void
draw_piece(cairo_t *cr, const struct piece *t)
{
	switch (t->kind) {
	case PIECE_TEXT:
		draw_tagged(cr, t);
		break;
	case PIECE_FILL:
		set_ink(cr, t->ink);
		cairo_rectangle(cr, t->x, t->y, t->w, t->h);
		cairo_fill(cr);
		break;
	case PIECE_FRAME:
		set_ink(cr, t->ink);
		cairo_set_line_width(cr, t->pen);
		cairo_rectangle(cr, t->x + t->pen / 2, t->y + t->pen / 2, t->w - t->pen, t->h - t->pen);
		cairo_stroke(cr);
		break;
	case PIECE_HATCH:
		draw_hatch(cr, t);
		break;
	case PIECE_MARK:
		draw_mark(cr, t);
		break;
	case PIECE_OPEN:
		cairo_tag_begin(cr, t->tag, NULL);
		break;
	case PIECE_CLOSE:
		cairo_tag_end(cr, t->tag);
		break;
	}
}

/* ---- the file ---- */

static cairo_status_t
take(void *ctx, const unsigned char *bytes, unsigned n)
{
	buf_put(ctx, bytes, n);
	return CAIRO_STATUS_SUCCESS;
}

static void
metadata(cairo_surface_t *s, struct paper *p)
{
	const struct rep *r = p->r;
	const char *made = rep_text(r, r->data, "made_at");
	bool daily = strcmp(rep_text(r, r->data, "kind"), "daily") == 0;
	const char *name = rep_text2(r, r->data, "tenant.name"), *period = rep_month(r, rep_printf(r, "%.7s", rep_text(r, r->data, "period.first")));
	int64_t t;

	if (daily)
		period = rep_day(r, rep_text(r, r->data, "period.first"));
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, paper_line(r, rep_printf(r, "%s %s %s%s%s", name, rep_word(r, daily ? W_DAILY : W_MONTHLY), period, rep_revision(r) != NULL ? " " : "", rep_revision(r) != NULL ? rep_revision(r) : ""), 300));
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_AUTHOR, rep_word(r, W_SIGN));
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_SUBJECT, p->draft ? rep_word(r, W_DRAFT) : rep_word(r, W_CONFIDENTIAL));
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_KEYWORDS, p->sha256);
	/* the figures' own time, so that the same figures are the same file; without one a fixed day */
	if (time_parse_rfc3339(slice_str(made), &t) != 0)
		made = "1970-01-01T00:00:00Z";
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, rep_printf(r, "%.19sZ", made));
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_MOD_DATE, rep_printf(r, "%.19sZ", made));
}

static void
bookmarks(cairo_surface_t *s, struct paper *p)
{
	int parent = CAIRO_PDF_OUTLINE_ROOT;

	for (size_t i = 0; i < p->entries.n; i++) {
		const struct entry *e = &p->entries.v[i];
		char where[64];
		int id;

		snprintf(where, sizeof where, "page=%d pos=[%.1f %.1f]", e->page, PAPER_LEFT, e->y);
		id = cairo_pdf_surface_add_outline(s, e->level == 1 ? CAIRO_PDF_OUTLINE_ROOT : parent, e->title, where, e->level == 1 ? CAIRO_PDF_OUTLINE_FLAG_BOLD : 0);
		if (e->level == 1)
			parent = id;
	}
}

/* A cairo that writes its files otherwise leaves them as they are. */
static int
amend(struct paper *p, int pages, struct buf *out)
{
	VEC(const char *) alts = { 0 };
	int r;

	for (int page = 1; page <= pages; page++)
		for (size_t i = 0; i < p->pieces.n; i++)
			if (p->pieces.v[i].page == page && p->pieces.v[i].alt != NULL)
				vec_push(&alts, p->pieces.v[i].alt);
	r = pdf_amend(out, p->r->lang == REPORT_JA ? "ja" : "en", alts.v, alts.n);
	vec_fini(&alts);
	return r == E_CORRUPT ? 0 : r;
}

int
paper_draw(struct paper *p, int pages, struct buf *out)
{
	cairo_surface_t *s = cairo_pdf_surface_create_for_stream(take, out, PAPER_W, PAPER_H);
	cairo_t *cr = cairo_create(s);
	int r;

	metadata(s, p);
	cairo_tag_begin(cr, "Document", NULL); /* with this one around all cairo calls the file tagged */
	for (int page = 1; page <= pages; page++) {
		cairo_save(cr);
		cairo_rectangle(cr, PAPER_MARGIN - 1, PAPER_MARGIN - 1, PAPER_WIDTH + 2, PAPER_H - 2 * PAPER_MARGIN + 2);
		cairo_clip(cr);
		for (size_t i = 0; i < p->pieces.n; i++)
			if (p->pieces.v[i].page == page)
				draw_piece(cr, &p->pieces.v[i]);
		cairo_restore(cr);
		if (page == pages)
			cairo_tag_end(cr, "Document");
		cairo_show_page(cr);
	}
	bookmarks(s, p);
	cairo_surface_finish(s);
	r = cairo_status(cr) == CAIRO_STATUS_SUCCESS && cairo_surface_status(s) == CAIRO_STATUS_SUCCESS ? 0 : E_IO;
	cairo_destroy(cr);
	cairo_surface_destroy(s);
	return r == 0 ? amend(p, pages, out) : r;
}
