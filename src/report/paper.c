/* SPDX-License-Identifier: Apache-2.0
 *
 * See paper_priv.h: measuring, placing, turning pages.
 */
#include "report/paper_priv.h"

#include <pango/pangocairo.h>

#include "base/utf8.h"

#define NOTE_LINES 6        /* a note in small letters of so many lines stays in one piece */
#define LAST_LINE_LEAST 4.0 /* em */
#define NARROWER_BY 6       /* em, at most */

static const struct {
	const char *font;
	double line; /* points from line to line */
} faces[FACES] = {
	[FACE_BODY] = { "Noto Sans CJK JP 9.5", 15 },        [FACE_BOLD] = { "Noto Sans CJK JP Bold 9.5", 15 },
	[FACE_SMALL] = { "Noto Sans CJK JP 8", 12 },         [FACE_TINY] = { "Noto Sans CJK JP 6.5", 8.5 },
	[FACE_CELL] = { "Noto Sans CJK JP 8", 11.5 },        [FACE_CELL_BOLD] = { "Noto Sans CJK JP Bold 8", 11.5 },
	[FACE_HEAD] = { "Noto Sans CJK JP Bold 15", 22 },    [FACE_SUBHEAD] = { "Noto Sans CJK JP Bold 10.5", 16 },
	[FACE_TITLE] = { "Noto Sans CJK JP Bold 26", 36 },   [FACE_NUMBER] = { "Noto Sans CJK JP Bold 17", 24 },
	[FACE_MONO] = { "Noto Sans Mono CJK JP 6.5", 9 },
};

void
paper_init(struct paper *p, const struct rep *r)
{
	cairo_font_options_t *o = cairo_font_options_create();

	*p = (struct paper){ .r = r, .page = 1, .y = PAPER_TOP };
	p->pango = pango_font_map_create_context(pango_cairo_font_map_get_default());
	/* the same places on paper whatever a screen would do */
	cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(p->pango, o);
	pango_cairo_context_set_resolution(p->pango, 72);
	pango_context_set_round_glyph_positions(p->pango, FALSE);
	pango_context_set_language(p->pango, pango_language_from_string(r->lang == REPORT_JA ? "ja" : "en"));
	pango_context_set_base_dir(p->pango, PANGO_DIRECTION_LTR);
	cairo_font_options_destroy(o);
	for (int i = 0; i < FACES; i++)
		p->fonts[i] = pango_font_description_from_string(faces[i].font);
}

static void
drop_pieces(struct paper *p, size_t keep)
{
	for (; p->pieces.n > keep; p->pieces.n--)
		if (p->pieces.v[p->pieces.n - 1].layout != NULL)
			g_object_unref(p->pieces.v[p->pieces.n - 1].layout);
}

void
paper_fini(struct paper *p)
{
	drop_pieces(p, 0);
	for (int i = 0; i < FACES; i++)
		pango_font_description_free(p->fonts[i]);
	g_object_unref(p->pango);
	vec_fini(&p->pieces);
	vec_fini(&p->entries);
}

/* ---- text ---- */

PangoLayout *
paper_layout(struct paper *p, enum face f, enum side side, double width, int most, const char *text)
{
	static const PangoAlignment aligns[] = { PANGO_ALIGN_LEFT, PANGO_ALIGN_RIGHT, PANGO_ALIGN_CENTER };
	PangoLayout *l = pango_layout_new(p->pango);
	PangoAttrList *attrs = pango_attr_list_new();

	pango_attr_list_insert(attrs, pango_attr_line_height_new_absolute((int)(faces[f].line * PANGO_SCALE)));
	pango_attr_list_insert(attrs, pango_attr_insert_hyphens_new(FALSE)); /* what is cut is not ours to write on */
	pango_attr_list_insert(attrs, pango_attr_font_features_new("liga=0, clig=0")); /* one letter, one glyph: so it is found and read out */
	pango_layout_set_attributes(l, attrs);
	pango_attr_list_unref(attrs);
	pango_layout_set_font_description(l, p->fonts[f]);
	pango_layout_set_auto_dir(l, FALSE); /* a text of another script may not change sides */
	pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_alignment(l, aligns[side]);
	if (width > 0)
		pango_layout_set_width(l, (int)(width * PANGO_SCALE));
	if (most > 0) {
		pango_layout_set_height(l, -most);
		pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
	}
	pango_layout_set_text(l, text, -1);
	return l;
}

double
paper_height(PangoLayout *l)
{
	PangoRectangle r;

	pango_layout_get_extents(l, NULL, &r);
	return (double)r.height / PANGO_SCALE;
}

double
paper_natural(PangoLayout *l)
{
	PangoRectangle r;

	pango_layout_get_extents(l, NULL, &r);
	return (double)r.width / PANGO_SCALE;
}

static void
add(struct paper *p, struct piece piece)
{
	piece.page = p->page;
	if (piece.kind == PIECE_TEXT && p->silent)
		piece.tag = NULL;
	vec_push(&p->pieces, piece);
}

double
paper_put(struct paper *p, PangoLayout *l, double x, double y, double w, enum ink ink, const char *tag)
{
	double h = paper_height(l);

	add(p, (struct piece){ .kind = PIECE_TEXT, .ink = ink, .x = x, .y = y, .w = w, .h = h, .layout = l, .lines = pango_layout_get_line_count(l), .tag = tag,
	                       .entry = -1 });
	return h;
}

double
paper_text(struct paper *p, double x, double y, double w, enum face f, enum side side, enum ink ink, int most, const char *text)
{
	return text[0] != '\0' ? paper_put(p, paper_layout(p, f, side, w, most, text), x, y, w, ink, "P") : 0;
}

static double
last_line(PangoLayout *l)
{
	PangoRectangle r;

	pango_layout_line_get_extents(pango_layout_get_line_readonly(l, pango_layout_get_line_count(l) - 1), NULL, &r);
	return (double)r.width / PANGO_SCALE;
}

/* A paragraph does not end with a word or two alone: its lines are made shorter until some more join them, where that costs no line. */
static PangoLayout *
pretty(struct paper *p, enum face f, double w, const char *text)
{
	PangoLayout *l = paper_layout(p, f, SIDE_LEFT, w, 0, text);
	double em = faces[f].line * 0.65;
	int lines = pango_layout_get_line_count(l);

	for (int k = 1; k <= NARROWER_BY && lines > 1 && last_line(l) < LAST_LINE_LEAST * em && strchr(text, '\n') == NULL; k++) {
		PangoLayout *other = paper_layout(p, f, SIDE_LEFT, w - k * em, 0, text);
		bool same = pango_layout_get_line_count(other) == lines;

		g_object_unref(same ? l : other);
		if (!same)
			break;
		l = other;
	}
	return l;
}

static int
together(enum face f, int lines)
{
	return f == FACE_SMALL && lines <= NOTE_LINES ? lines : lines < 2 ? lines : 2;
}

double
paper_start(struct paper *p, double w, enum face f, const char *text)
{
	PangoLayout *l = paper_layout(p, f, SIDE_LEFT, w, 0, text);
	double h = together(f, pango_layout_get_line_count(l)) * faces[f].line;

	g_object_unref(l);
	return h;
}

void
paper_paragraph(struct paper *p, double x, double w, enum face f, enum ink ink, const char *text)
{
	PangoLayout *l = pretty(p, f, w, text);
	int all = pango_layout_get_line_count(l), done = 0;
	double line = faces[f].line;

	if (text[0] != '\0')
		paper_need(p, together(f, all) * line);
	for (; text[0] != '\0' && done < all;) {
		int fit = (int)(paper_room(p) / line), n = all - done < fit ? all - done : fit;

		if (n < all - done && all - done - n == 1)
			n = n > 2 ? n - 1 : 0; /* no line alone on the next page */
		if (n <= 0 || (n == 1 && done == 0 && all > 1)) {
			paper_turn(p);
			continue;
		}
		add(p, (struct piece){ .kind = PIECE_TEXT, .ink = ink, .x = PAPER_LEFT + x, .y = p->y, .w = w, .h = n * line, .layout = g_object_ref(l), .line = done,
		                       .lines = n, .tag = "P", .entry = -1 });
		p->y += n * line;
		done += n;
	}
	g_object_unref(l);
}

void
paper_heading(struct paper *p, int level, enum word w, double then)
{
	const char *title = rep_word(p->r, w);
	enum face f = level == 1 ? FACE_HEAD : FACE_SUBHEAD;

	paper_gap(p, level == 1 ? 26 : 14);
	paper_need(p, faces[f].line + 8 + then);
	vec_push(&p->entries, ((struct entry){ title, p->page, level, p->y }));
	p->y += paper_put(p, paper_layout(p, f, SIDE_LEFT, PAPER_WIDTH, 1, title), PAPER_LEFT, p->y, PAPER_WIDTH, INK_TEXT, level == 1 ? "H1" : "H2");
	p->pieces.v[p->pieces.n - 1].entry = (int)p->entries.n - 1;
	if (level == 1)
		paper_fill(p, PAPER_LEFT, p->y + 2, PAPER_WIDTH, 0.8, INK_TEXT);
	p->y += level == 1 ? 10 : 4;
}

static const char *
tidy(const struct rep *r, const char *s, size_t most, bool lines)
{
	auto_buf struct buf b = { 0 };
	struct slice rest = slice_trim(slice_str(s));
	int marks = 0, breaks = 0;
	bool after_blank = false;

	while (rest.n != 0) {
		uint32_t c;
		size_t n = utf8_next(rest, &c);
		bool line = lines && c == '\n', blank = !line && (c == '\n' || c == '\r' || c == '\t' || c == ' ');

		marks = g_unichar_ismark(c) ? marks + 1 : 0;
		breaks = line ? breaks + 1 : 0;
		if (b.n + n > most) {
			buf_put_str(&b, "…");
			break;
		}
		if (blank && !after_blank)
			buf_put_byte(&b, ' ');
		else if (!blank && marks <= 3 && breaks <= 3)
			buf_put(&b, rest.p, n);
		after_blank = blank;
		rest = slice_sub(rest, n, rest.n);
	}
	return arena_cstr(r->a, buf_slice(&b));
}

const char *
paper_line(const struct rep *r, const char *s, size_t most)
{
	return tidy(r, s, most, false);
}

const char *
paper_words(const struct rep *r, const char *s)
{
	return tidy(r, s, 9000, true);
}

/* ---- shapes ---- */

void
paper_fill(struct paper *p, double x, double y, double w, double h, enum ink ink)
{
	add(p, (struct piece){ .kind = PIECE_FILL, .ink = ink, .x = x, .y = y, .w = w, .h = h, .entry = -1 });
}

void
paper_frame(struct paper *p, double x, double y, double w, double h, double pen, enum ink ink)
{
	add(p, (struct piece){ .kind = PIECE_FRAME, .ink = ink, .x = x, .y = y, .w = w, .h = h, .pen = pen, .entry = -1 });
}

void
paper_rule(struct paper *p, double x, double y, double w, enum ink ink)
{
	paper_fill(p, x, y - 0.25, w, 0.5, ink);
}

void
paper_hatch(struct paper *p, double x, double y, double w, double h)
{
	add(p, (struct piece){ .kind = PIECE_HATCH, .ink = INK_HATCH, .x = x, .y = y, .w = w, .h = h, .entry = -1 });
}

void
paper_mark(struct paper *p, enum mark m, double x, double y, double size, enum ink ink)
{
	double w = m == MARK_WORD ? size * 142 / 32 : size;

	if (m != MARK_NONE)
		add(p, (struct piece){ .kind = PIECE_MARK, .ink = ink, .mark = m, .x = x, .y = y, .w = w, .h = size, .entry = -1 });
}

enum mark
paper_severity(const char *severity)
{
	static const char *const keys[] = { "emergency", "critical", "warning", "informational" };

	for (int i = 0; i < 4; i++)
		if (strcmp(severity, keys[i]) == 0)
			return (enum mark)i;
	return MARK_NONE;
}

enum ink
paper_ink(enum mark severity, bool text)
{
	return severity < MARK_EM || severity > MARK_IN ? INK_TEXT : (enum ink)((text ? INK_EM_TEXT : INK_EM) + severity);
}

/* ---- structure ---- */

static void
bracket(struct paper *p, enum piece_kind kind, const char *tag, const char *alt)
{
	add(p, (struct piece){ .kind = kind, .x = PAPER_LEFT, .y = PAPER_MARGIN, .tag = tag, .alt = alt, .entry = -1 });
}

void
paper_open(struct paper *p, const char *tag)
{
	bracket(p, PIECE_OPEN, tag, NULL);
}

void
paper_close(struct paper *p, const char *tag)
{
	bracket(p, PIECE_CLOSE, tag, NULL);
}

void
paper_figure(struct paper *p, const char *alt)
{
	bracket(p, PIECE_OPEN, "Figure", alt);
	p->silent = true;
}

void
paper_figure_end(struct paper *p)
{
	p->silent = false;
	bracket(p, PIECE_CLOSE, "Figure", NULL);
}

bool
paper_has_glyphs(struct paper *p, const char *text)
{
	PangoLayout *l = paper_layout(p, FACE_BODY, SIDE_LEFT, -1, 0, text);
	bool all = pango_layout_get_unknown_glyphs_count(l) == 0;

	g_object_unref(l);
	return all;
}

/* ---- flow ---- */

double
paper_room(const struct paper *p)
{
	return PAPER_BOTTOM - p->y;
}

void
paper_turn(struct paper *p)
{
	p->page++;
	p->y = PAPER_TOP;
}

void
paper_need(struct paper *p, double h)
{
	if (paper_room(p) < h && p->y > PAPER_TOP)
		paper_turn(p);
}

void
paper_gap(struct paper *p, double h)
{
	if (p->y > PAPER_TOP)
		p->y += h;
}

void
paper_keep(struct paper *p, paper_fn *fn, const void *ctx)
{
	size_t pieces = p->pieces.n, entries = p->entries.n;
	double y = p->y;
	int page = p->page;

	fn(p, ctx);
	if (p->page == page || y <= PAPER_TOP)
		return;
	drop_pieces(p, pieces);
	p->entries.n = entries;
	p->page = page;
	paper_turn(p);
	fn(p, ctx);
}
