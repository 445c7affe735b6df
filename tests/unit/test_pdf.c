/* SPDX-License-Identifier: Apache-2.0
 *
 * The document: whatever the data set holds, every piece lies within the margins, no two texts lie on each other, tables begin anew with
 * their heads, pages are numbered, and what is read out of the file (pdftotext) is what was written.
 */
#define _GNU_SOURCE
#include "report_scene.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/paper_priv.h"

struct made {
	struct arena a;
	struct rep r;
	struct paper p;
	int pages;
};

static void
make(struct made *m, const json_t *data, enum report_lang lang)
{
	arena_init(&m->a, 0, 0);
	rep_init(&m->r, data, lang, &m->a);
	paper_init(&m->p, &m->r);
	m->pages = paper_make(&m->p);
}

static void
unmake(struct made *m)
{
	paper_fini(&m->p);
	arena_fini(&m->a);
}

/* Where a text really is: the logical box of its lines. */
struct box {
	double x, y, w, h;
};

static struct box
box_of(const struct piece *t)
{
	struct box b = { t->x, t->y, 0, t->h };
	double left = 1e9, right = 0;
	PangoLayoutIter *i;
	int n = 0;

	if (t->kind != PIECE_TEXT)
		return (struct box){ t->x, t->y, t->w, t->h };
	i = pango_layout_get_iter(t->layout);
	do {
		PangoRectangle r;

		pango_layout_iter_get_line_extents(i, NULL, &r);
		if (n >= t->line && n < t->line + t->lines && r.width != 0) {
			left = (double)r.x / PANGO_SCALE < left ? (double)r.x / PANGO_SCALE : left;
			right = (double)(r.x + r.width) / PANGO_SCALE > right ? (double)(r.x + r.width) / PANGO_SCALE : right;
		}
		n++;
	} while (pango_layout_iter_next_line(i));
	pango_layout_iter_free(i);
	if (right > 0) {
		b.x += left;
		b.w = right - left;
	}
	return b;
}

static bool
overlap(const struct box *a, const struct box *b)
{
	return a->w > 0 && b->w > 0 && a->x + a->w > b->x + 0.6 && b->x + b->w > a->x + 0.6 && a->y + a->h > b->y + 1.0 && b->y + b->h > a->y + 1.0;
}

static void
nothing_leaves_its_place(const struct made *m)
{
	struct box *boxes = x_calloc(m->p.pieces.n, sizeof *boxes);

	for (size_t i = 0; i < m->p.pieces.n; i++) {
		const struct piece *t = &m->p.pieces.v[i];
		struct box *b = &boxes[i];

		*b = box_of(t);
		assert_true(t->page >= 1 && t->page <= m->pages);
		if (b->x < PAPER_MARGIN - 0.1 || b->y < PAPER_MARGIN - 1 || b->x + b->w > PAPER_W - PAPER_MARGIN + 0.6 || b->y + b->h > PAPER_H - PAPER_MARGIN + 1)
			fail_msg("page %d: kind %d at %.1f %.1f, %.1f by %.1f: %s", t->page, t->kind, b->x, b->y, b->w, b->h, t->layout != NULL ? pango_layout_get_text(t->layout) : "");
		for (size_t k = 0; t->kind == PIECE_TEXT && k < i; k++)
			if (m->p.pieces.v[k].kind == PIECE_TEXT && m->p.pieces.v[k].page == t->page && overlap(&boxes[k], b))
				fail_msg("page %d: '%s' lies on '%s'", t->page, pango_layout_get_text(t->layout), pango_layout_get_text(m->p.pieces.v[k].layout));
	}
	free(boxes);
}

static bool
has_text(const struct made *m, int page, const char *text)
{
	for (size_t i = 0; i < m->p.pieces.n; i++)
		if (m->p.pieces.v[i].kind == PIECE_TEXT && m->p.pieces.v[i].page == page && strcmp(pango_layout_get_text(m->p.pieces.v[i].layout), text) == 0)
			return true;
	return false;
}

/* Numbered "n / m", something between header and footer, and a draft says so. */
static void
pages_are_whole(const struct made *m)
{
	char number[32];

	for (int page = 1; page <= m->pages; page++) {
		int body = 0;

		for (size_t i = 0; i < m->p.pieces.n; i++)
			body += m->p.pieces.v[i].page == page && m->p.pieces.v[i].y >= PAPER_TOP - 1 && m->p.pieces.v[i].y < PAPER_BOTTOM;
		if (body == 0)
			fail_msg("page %d of %d is empty", page, m->pages);
		snprintf(number, sizeof number, "%d / %d", page, m->pages);
		assert_int_equal(has_text(m, page, number), page > 1);
		assert_int_equal(has_text(m, page, rep_word(&m->r, W_DRAFT)), m->p.draft);
	}
}

/* Where a line of a head ends, a word ends; a heading has something of its own below it on its page. */
static void
heads_stand_well(const struct made *m)
{
	for (size_t i = 0; i < m->p.pieces.n; i++) {
		const struct piece *t = &m->p.pieces.v[i];
		bool heading = t->tag != NULL && t->tag[0] == 'H' && t->kind == PIECE_TEXT, followed = false;

		for (int n = 1; t->kind == PIECE_TEXT && t->tag != NULL && strcmp(t->tag, "TH") == 0 && m->r.lang == REPORT_EN && n < pango_layout_get_line_count(t->layout); n++) {
			int at = pango_layout_get_line_readonly(t->layout, n)->start_index;

			if (pango_layout_get_text(t->layout)[at - 1] != ' ')
				fail_msg("page %d: '%s' is cut", t->page, pango_layout_get_text(t->layout));
		}
		for (size_t k = i + 1; heading && k < m->p.pieces.n && !followed; k++)
			followed = m->p.pieces.v[k].page == t->page && m->p.pieces.v[k].kind == PIECE_TEXT && m->p.pieces.v[k].y > t->y && m->p.pieces.v[k].y < PAPER_BOTTOM &&
			           (m->p.pieces.v[k].tag == NULL || m->p.pieces.v[k].tag[0] != 'H');
		if (heading && !followed)
			fail_msg("page %d ends with '%s'", t->page, pango_layout_get_text(t->layout));
	}
}

/* ---- what a reader of the file gets ---- */

static void
put_black(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > ' ')
			buf_put_byte(out, s.p[i]);
}

/* pdftotext writes a no-break blank and such as they are; ours has none. */
static void
read_back(const char *path, int page, struct buf *out)
{
	auto_free char *line = x_asprintf("pdftotext -raw -f %d -l %d %s -", page, page, path);
	FILE *f = popen(line, "r");
	char chunk[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof chunk, f)) != 0)
		put_black(out, slice_of(chunk, n));
	assert_int_equal(pclose(f), 0);
}

/* What `program` says of the file; heap. */
static void
said_of(const char *program, const char *path, struct buf *out)
{
	auto_free char *line = x_asprintf("%s %s", program, path);
	FILE *f = popen(line, "r");
	char chunk[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof chunk, f)) != 0)
		buf_put(out, chunk, n);
	assert_int_equal(pclose(f), 0);
	buf_cstr(out);
}

static size_t
times_in(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* Tagged, its language said, heads of tables and figures what they are, and what stands on every page read once. */
static void
structure_is_told(const json_t *data, enum report_lang lang, const char *file)
{
	auto_buf struct buf info = { 0 }, tree = { 0 }, raw = { 0 };
	const char *name = json_string_value(json_object_get(rep_at(data, "tenant.name"), lang == REPORT_JA ? "ja" : "en"));

	said_of("pdfinfo", file, &info);
	said_of("pdfinfo -struct-text", file, &tree);
	said_of("cat", file, &raw);
	assert_non_null(strstr(buf_cstr(&info), "Tagged:          yes"));
	assert_true(name == NULL || strstr(buf_cstr(&info), name) != NULL);
	assert_true(strncmp(buf_cstr(&tree), "Document\n", 9) == 0);
	assert_true(times_in(buf_cstr(&tree), "\n  H1 ") > 4);
	assert_true(times_in(buf_cstr(&tree), "\n  Table ") > 2);
	assert_true(times_in(buf_cstr(&tree), "\n      TH") > 12);
	assert_true(times_in(buf_cstr(&tree), "\n      Link ") > 4);
	assert_int_equal(times_in(buf_cstr(&tree), rep_word(&(struct rep){ .lang = lang }, W_CONFIDENTIAL)), 1);
	assert_non_null(memmem(raw.p, raw.n, lang == REPORT_JA ? "/Lang (ja)" : "/Lang (en)", 10));
	assert_non_null(memmem(raw.p, raw.n, "/DisplayDocTitle true", 21));
	/* every figure of the structure has its words */
	assert_int_equal(times_in(buf_cstr(&tree), "\n  Figure"), times_in(memmem(raw.p, raw.n, "\n%%EOF\n", 7), "/Alt <FEFF"));
	assert_true(times_in(buf_cstr(&tree), "\n  Figure") >= 2);
}

static bool
is_whole(const struct piece *t)
{
	return t->kind == PIECE_TEXT && !pango_layout_is_ellipsized(t->layout) && pango_layout_get_unknown_glyphs_count(t->layout) == 0;
}

static void
text_comes_back(const json_t *data, enum report_lang lang)
{
	char path[] = "/tmp/nezuban-pdf-XXXXXX";
	int fd = mkstemp(path);
	auto_buf struct buf pdf = { 0 }, again = { 0 };
	struct made m;

	make(&m, data, lang);
	assert_int_equal(report_pdf(data, lang, &pdf), 0);
	assert_int_equal(report_pdf(data, lang, &again), 0);
	assert_true(pdf.n == again.n && memcmp(pdf.p, again.p, pdf.n) == 0);
	assert_true(fd >= 0 && write(fd, pdf.p, pdf.n) == (ssize_t)pdf.n);
	for (int page = 1; page <= m.pages; page++) {
		auto_buf struct buf got = { 0 };

		read_back(path, page, &got);
		for (size_t i = 0; i < m.p.pieces.n; i++) {
			const struct piece *t = &m.p.pieces.v[i];
			auto_buf struct buf want = { 0 };

			if (t->page != page || !is_whole(t) || t->line != 0 || t->lines != pango_layout_get_line_count(t->layout))
				continue;
			put_black(&want, slice_str(pango_layout_get_text(t->layout)));
			if (strstr(buf_cstr(&got), buf_cstr(&want)) == NULL)
				fail_msg("page %d lost '%s' of\n%s", page, buf_cstr(&want), buf_cstr(&got));
		}
	}
	if (m.pages < 20 && json_array_size(json_object_get(data, "clocks")) > 4 && json_is_array(json_object_get(data, "incidents")))
		structure_is_told(data, lang, path);
	close(fd);
	unlink(path);
	unmake(&m);
}

static void
check(const json_t *data, int least, int most)
{
	for (int lang = 0; lang < REPORT_LANGS; lang++) {
		struct made m;

		make(&m, data, (enum report_lang)lang);
		nothing_leaves_its_place(&m);
		pages_are_whole(&m);
		heads_stand_well(&m);
		if (m.pages < least || m.pages > most)
			fail_msg("%d pages, wanted %d to %d", m.pages, least, most);
		unmake(&m);
		text_comes_back(data, (enum report_lang)lang);
	}
}

/* ---- data sets ---- */

static void
a_month_without_anything(void **st)
{
	struct scene s;
	struct made m;
	json_t *data;

	(void)st;
	data = report_month(&s, 0, "");
	json_object_set_new(data, "state", json_string("published"));
	assert_true(report_pdf_has_fonts(REPORT_JA) && report_pdf_has_fonts(REPORT_EN));
	check(data, 4, 6);
	make(&m, data, REPORT_EN);
	assert_true(has_text(&m, 2, "There were no incidents."));
	assert_true(has_text(&m, 2, "Nothing came up that a time was promised for."));
	unmake(&m);
	json_decref(data);
	scene_end(&s);
}

/* Whoever has the data set can check the hash on the pages with jq and sha256sum: no fraction is in it, no order but that of the keys. */
static bool
has_fraction(const json_t *o)
{
	const char *key;
	json_t *v;
	size_t i;

	json_array_foreach(o, i, v)
		if (has_fraction(v))
			return true;
	json_object_foreach((json_t *)(uintptr_t)o, key, v)
		if (has_fraction(v))
			return true;
	return json_is_real(o);
}

static void
the_hash_can_be_checked(const json_t *data)
{
	char path[] = "/tmp/nezuban-pdf-XXXXXX", said[80] = "";
	int fd = mkstemp(path);
	auto_free char *line = x_asprintf("jq -cSj . %s | sha256sum", path);
	struct made m;
	FILE *f;

	assert_false(has_fraction(data));
	assert_int_equal(json_dumpfd(data, fd, JSON_INDENT(2)), 0);
	close(fd);
	f = popen(line, "r");
	assert_non_null(f);
	assert_non_null(fgets(said, sizeof said, f));
	assert_int_equal(pclose(f), 0);
	unlink(path);
	said[64] = '\0';
	make(&m, data, REPORT_EN);
	assert_string_equal(m.p.sha256, said);
	assert_true(has_text(&m, 2, said));
	unmake(&m);
}

static void
an_ordinary_month_and_its_draft(void **st)
{
	struct scene s;
	struct made m;
	json_t *data;

	(void)st;
	data = report_month(&s, 25, "host");
	check(data, 6, 12);
	the_hash_can_be_checked(data);
	report_words(data);
	json_object_set_new(data, "state", json_string("published"));
	check(data, 6, 12);
	make(&m, data, REPORT_JA);
	assert_true(has_text(&m, 2, "今月は外部からの試行が中心で、侵入に至ったものはありません。"));
	assert_true(m.p.entries.n > 8);
	unmake(&m);
	json_decref(data);
	scene_end(&s);
}

/* On every page with rows of a table the head stands above them. */
static void
heads_are_repeated(const struct made *m)
{
	int pages_with_rows = 0;

	for (int page = 2; page <= m->pages; page++) {
		double head = 1e9, row = 1e9;

		for (size_t i = 0; i < m->p.pieces.n; i++) {
			const struct piece *t = &m->p.pieces.v[i];

			if (t->page != page || t->kind != PIECE_TEXT)
				continue;
			if (strcmp(pango_layout_get_text(t->layout), "Acknowledged") == 0 && t->y < head && t->h > 10)
				head = t->y;
			if (strncmp(pango_layout_get_text(t->layout), "AOBA-2026-", 10) == 0 && strlen(pango_layout_get_text(t->layout)) == 14 && t->y < row)
				row = t->y;
		}
		if (row < 1e9) {
			assert_true(head < row);
			pages_with_rows++;
		}
	}
	assert_true(pages_with_rows > 10);
}

static void
five_hundred_incidents(void **st)
{
	struct scene s;
	struct made m;
	json_t *data;

	(void)st;
	data = report_month(&s, 625, "host");
	json_object_set_new(data, "state", json_string("published"));
	assert_int_equal(rep_num(data, "incidents_total"), 500);
	make(&m, data, REPORT_EN);
	heads_are_repeated(&m);
	unmake(&m);
	check(data, 50, 90);
	json_decref(data);
	scene_end(&s);
}

/* What became of a revision later is marked on its cover and on every page; the hash stays that of the data set. */
static void
revisions_are_marked(void **st)
{
	struct scene s;
	struct made m;
	char before[65];
	json_t *data, *around;

	(void)st;
	data = report_month(&s, 6, "host");
	report_words(data);
	json_object_set_new(data, "state", json_string("published"));
	make(&m, data, REPORT_EN);
	memcpy(before, m.p.sha256, sizeof before);
	unmake(&m);
	around = json_pack("{s:O, s:s, s:{s:i, s:s, s:{s:s, s:s}}}", "data", data, "state", "replaced", "replaced_by", "revision", 2, "published_at", "2026-12-09T16:00:00Z", "reason", "ja",
	                   "行数の誤り", "en", "wrong lines");
	make(&m, around, REPORT_EN);
	assert_string_equal(m.p.sha256, before);
	assert_true(has_text(&m, 1, "This revision was replaced by revision 2, published on 2026-12-10 (Thu). Reason: wrong lines"));
	for (int page = 1; page <= m.pages; page++)
		assert_true(has_text(&m, page, "Replaced"));
	nothing_leaves_its_place(&m);
	unmake(&m);
	json_decref(around);
	around = json_pack("{s:O, s:s, s:{s:s, s:{s:s, s:s}}}", "data", data, "state", "correcting", "correction", "since", "2026-12-09T16:00:00Z", "reason", "ja", "行数の誤り", "en", "wrong lines");
	make(&m, around, REPORT_JA);
	assert_true(has_text(&m, 1, "この版には誤りがあり、2026年12月10日（木）から訂正しています。理由：行数の誤り"));
	for (int page = 1; page <= m.pages; page++)
		assert_true(has_text(&m, page, "訂正中"));
	unmake(&m);
	json_decref(around);
	json_object_set_new(data, "revision", json_integer(2));
	json_object_set_new(data, "replaces", json_pack("{s:i, s:s, s:{s:s, s:s}}", "revision", 1, "published_at", "2026-12-02T00:00:00Z", "reason", "ja", "行数の誤り", "en", "wrong lines"));
	check(data, 5, 12);
	make(&m, data, REPORT_EN);
	assert_true(has_text(&m, 1, "Revision 2. It corrects and replaces revision 1, published on 2026-12-02 (Wed). Reason: wrong lines"));
	for (int page = 2; page <= m.pages; page++)
		assert_true(has_text(&m, page, "Monthly report 2026-11 · Revision 2 · Confidential"));
	unmake(&m);
	json_decref(data);
	scene_end(&s);
}

/* A letter of a script that no font here has is drawn as a box, and the cover says where. */
static void
what_cannot_be_shown_is_said(void **st)
{
	struct scene s;
	struct made m;
	json_t *data;

	(void)st;
	data = report_month(&s, 0, "");
	report_words(data);
	make(&m, data, REPORT_EN);
	assert_false(has_text(&m, 1, "Some characters cannot be shown; boxes stand for them (p. 2)."));
	unmake(&m);
	json_object_set_new(json_object_get(data, "words"), "en", json_string("Quiet, says \xf0\x92\x8d\x85."));
	make(&m, data, REPORT_EN);
	assert_true(has_text(&m, 1, "Some characters cannot be shown; boxes stand for them (p. 2)."));
	nothing_leaves_its_place(&m);
	unmake(&m);
	json_decref(data);
	scene_end(&s);
}

/* First of all, in a process of its own: fontconfig looks once. */
static void
without_fonts_there_is_no_document(void **st)
{
	char path[] = "/tmp/nezuban-fonts-XXXXXX";
	int fd = mkstemp(path), status = -1;
	static const char conf[] = "<fontconfig><dir>/usr/share/fonts/truetype/dejavu</dir><cachedir>/nonexistent</cachedir></fontconfig>";
	pid_t pid;

	(void)st;
	assert_true(fd >= 0 && write(fd, conf, sizeof conf - 1) == (ssize_t)sizeof conf - 1);
	close(fd);
	pid = fork();
	if (pid == 0) {
		json_t *o = json_object();
		struct buf out = { 0 };

		setenv("FONTCONFIG_FILE", path, 1);
		_exit(report_pdf_has_fonts(REPORT_JA) ? 1 : report_pdf(o, REPORT_JA, &out) != E_NOTFOUND ? 2 : out.n != 0 ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Bytes that are no file of this cairo stay as they are, whatever they are: cut anywhere, or with numbers that lead nowhere. */
static void
an_update_only_behind_what_it_knows(void **st)
{
	static const char *const words[] = { "ja", "en" };
	auto_buf struct buf whole = { 0 };
	json_t *o = json_object();

	(void)st;
	assert_int_equal(report_pdf(o, REPORT_EN, &whole), 0);
	for (size_t n = 0; n < whole.n; n += n < whole.n - 3000 ? 997 : 1) {
		auto_buf struct buf cut = { 0 };

		buf_put(&cut, whole.p, n);
		if (pdf_amend(&cut, "en", words, 2) == E_CORRUPT)
			assert_int_equal(cut.n, n);
	}
	for (size_t i = whole.n - 1500; i < whole.n; i++) {
		auto_buf struct buf other = { 0 };

		buf_put_slice(&other, buf_slice(&whole));
		if (other.p[i] >= '0' && other.p[i] <= '9') {
			other.p[i] = '9';
			pdf_amend(&other, "en", words, 0);
		}
	}
	json_decref(o);
}

static const char *const evil[] = {
	"=cmd|' /C calc'!A0\r\nBcc: all@x.example\n<script>alert(1)</script>\xe2\x80\xae\xe2\x81\xa6\x1b[31m\x07\"',",
	"WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
	"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d 42",
	"a\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86",
	"\xf0\x9f\x98\x80\xf0\x9f\x94\xa5 \xef\xb7\x90\xef\xbf\xbf\xf3\xa0\x81\x81\xe2\x80\x8b\xe2\x80\x8d",
	"\n\n\n\n\n\n\n\nx",
	"https://evil.example/%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41",
	"%s%n%d {0} </text>",
	"                                                                                                             end",
};

static void
poison(json_t *o, size_t *n)
{
	static const char *const own[] = { "kind", "zone", "first", "last", "severity", "day", "month", "state", "owner" };
	const char *key;
	json_t *v;
	size_t i;

	json_array_foreach(o, i, v)
		poison(v, n);
	json_object_foreach(o, key, v) {
		bool ours = strlen(key) > 3 && strcmp(key + strlen(key) - 3, "_at") == 0;

		for (i = 0; i < sizeof own / sizeof *own; i++)
			ours |= strcmp(key, own[i]) == 0;
		if (json_is_string(v) && !ours)
			json_object_set_new(o, key, json_string(evil[(*n)++ % (sizeof evil / sizeof *evil)]));
		else
			poison(v, n);
	}
}

static void
hostile_texts_stay_in_their_place(void **st)
{
	struct scene s;
	json_t *data;
	size_t n = 0;

	(void)st;
	data = report_month(&s, 25, "host");
	report_words(data);
	poison(data, &n);
	assert_true(n > 100);
	for (int lang = 0; lang < REPORT_LANGS; lang++) {
		auto_buf struct buf pdf = { 0 };
		struct made m;

		make(&m, data, (enum report_lang)lang);
		nothing_leaves_its_place(&m);
		pages_are_whole(&m);
		for (size_t i = 0; i < m.p.pieces.n; i++) {
			const char *text = m.p.pieces.v[i].layout != NULL ? pango_layout_get_text(m.p.pieces.v[i].layout) : "";

			assert_null(strpbrk(text, "\x1b\x07\r"));
			assert_null(strstr(text, "\xe2\x80\xae"));
		}
		assert_int_equal(report_pdf(data, (enum report_lang)lang, &pdf), 0);
		unmake(&m);
	}
	json_decref(data);
	scene_end(&s);
}

static void
any_json_is_survived(void **st)
{
	static const char *const odd[] = { "{}", "{\"incidents\":3,\"clocks\":{\"a\":1},\"funnel\":[],\"period\":\"x\",\"tenant\":null,\"devices\":\"y\",\"days\":[1,null,{}]}",
		                           "{\"period\":{\"first\":\"2026-99-99\",\"zone\":\"../../etc/passwd\"},\"incidents_total\":-5,\"clocks\":[null,1,\"x\",{\"p50_ms\":-9}]}",
		                           "{\"funnel\":{\"lines\":9223372036854775807,\"events\":-1},\"days\":[{\"lines\":9223372036854775807,\"by_severity\":{\"emergency\":-7}}]}",
		                           "{\"made_at\":\"now\",\"incidents\":[null,{\"severity\":\"critical\",\"summary\":{}}],\"breaches\":[{\"over_s\":9223372036854775807}]}" };

	(void)st;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		json_t *o = json_loads(odd[i], 0, NULL);

		assert_non_null(o);
		check(o, 2, 12);
		json_decref(o);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_fonts_there_is_no_document), cmocka_unit_test(a_month_without_anything), cmocka_unit_test(an_ordinary_month_and_its_draft), cmocka_unit_test(five_hundred_incidents),
		cmocka_unit_test(hostile_texts_stay_in_their_place), cmocka_unit_test(any_json_is_survived),
		cmocka_unit_test(revisions_are_marked), cmocka_unit_test(what_cannot_be_shown_is_said), cmocka_unit_test(an_update_only_behind_what_it_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
