/* SPDX-License-Identifier: Apache-2.0
 *
 * Behind the file that cairo 1.16 wrote: an update that says what that cairo has no call for.
 *
 *     file … xref trailer startxref │ the same objects again, with more in them │ xref of these, trailer with /Prev, startxref
 *
 * The catalog gets /Lang and /DisplayDocTitle, each figure of the structure gets /Alt.  Not in here: marks for what is only decoration
 * (rules, hatches, page rims), which would have to stand inside the pages; therefore the document does not call itself PDF/UA.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "report/paper_priv.h"

#define ENTRY 20 /* bytes of a row of the cross-reference table */

struct file {
	struct slice s;
	size_t xref;         /* where the table stands */
	size_t first_row;    /* where its first row stands */
	uint64_t size, root; /* objects, number of the catalog */
	struct slice info;   /* "915 0 R" */
};

static bool
has_at(struct slice s, size_t at, const char *what)
{
	size_t n = strlen(what);

	return at + n <= s.n && memcmp(s.p + at, what, n) == 0;
}

/* Behind the last `what`; 0 when it is nowhere. */
static size_t
behind_last(struct slice s, const char *what)
{
	for (size_t i = s.n; i-- > 0;)
		if (has_at(s, i, what))
			return i + strlen(what);
	return 0;
}

static bool
number_at(struct slice s, size_t at, uint64_t *ret)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
		n++;
	return n != 0 && slice_u64(slice_sub(s, at, at + n), ret);
}

static bool
number_behind(struct slice s, const char *key, uint64_t *ret)
{
	size_t at = behind_last(s, key);

	return at != 0 && number_at(s, at, ret);
}

static bool
read_file(struct file *f, struct slice s)
{
	size_t trailer = behind_last(s, "\ntrailer\n"), info;
	uint64_t xref, rows;
	char head[40];

	*f = (struct file){ .s = s };
	if (trailer == 0)
		return false;
	s = slice_sub(s, trailer, s.n);
	info = behind_last(s, "/Info ");
	if (!number_behind(s, "/Size ", &f->size) || !number_behind(s, "/Root ", &f->root) || !number_behind(s, "startxref\n", &xref) || info == 0)
		return false;
	f->info = slice_trim(slice_sub(s, info, info + strcspn(s.p + info, "\n")));
	f->xref = (size_t)xref;
	snprintf(head, sizeof head, "xref\n0 %llu\n", (unsigned long long)f->size);
	f->first_row = f->xref + strlen(head);
	rows = f->size;
	return f->root < f->size && xref < f->s.n && has_at(f->s, f->xref, head) && rows < f->s.n / ENTRY && f->first_row + rows * ENTRY <= f->s.n;
}

/* What stands between "<<" and ">>" of an object, without them; n 0: it is none of that form. */
static struct slice
dictionary(const struct file *f, uint64_t id)
{
	struct slice row = slice_sub(f->s, f->first_row + id * ENTRY, f->first_row + (id + 1) * ENTRY), s;
	char head[40];
	uint64_t at;
	size_t end;

	snprintf(head, sizeof head, "%llu 0 obj\n<< ", (unsigned long long)id);
	if (row.p[17] != 'n' || !slice_u64(slice_sub(row, 0, 10), &at) || !has_at(f->s, (size_t)at, head))
		return (struct slice){ 0 };
	s = slice_sub(f->s, (size_t)at + strlen(head), f->s.n);
	for (end = 0; end < s.n && !has_at(s, end, "\n>>\nendobj"); end++)
		if (has_at(s, end, "stream\n"))
			return (struct slice){ 0 };
	return end < s.n ? slice_sub(s, 0, end) : (struct slice){ 0 };
}

/* A text string: UTF-16, big-endian, in hexadecimal digits. */
static void
put_text(struct buf *out, const char *text)
{
	struct slice s = slice_str(text);

	buf_put_str(out, "<FEFF");
	while (s.n != 0) {
		uint32_t c;
		size_t n = utf8_next(s, &c);

		if (c >= 0x10000)
			buf_printf(out, "%04X%04X", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
		else
			buf_printf(out, "%04X", c);
		s = slice_sub(s, n, s.n);
	}
	buf_put_byte(out, '>');
}

struct update {
	struct file f;
	struct buf body, rows;
};

/* The object again with `more` in front of what it had. */
static void
put_object(struct update *u, uint64_t id, struct slice had, const char *more)
{
	buf_printf(&u->rows, "%llu 1\n%010zu 00000 n \n", (unsigned long long)id, u->f.s.n + u->body.n);
	buf_printf(&u->body, "%llu 0 obj\n<< %s\n   ", (unsigned long long)id, more);
	buf_put_slice(&u->body, had);
	buf_put_str(&u->body, "\n>>\nendobj\n");
}

static bool
put_figures(struct update *u, const char *const *alts, size_t n)
{
	size_t found = 0;

	for (uint64_t id = 1; id < u->f.size; id++) {
		struct slice d = dictionary(&u->f, id);
		auto_buf struct buf more = { 0 };

		if (!has_at(d, 0, "/Type /StructElem\n   /S /Figure\n") || found == n)
			continue;
		buf_put_str(&more, "/Alt ");
		put_text(&more, alts[found++]);
		put_object(u, id, d, buf_cstr(&more));
	}
	return found == n;
}

int
pdf_amend(struct buf *pdf, const char *lang, const char *const *alts, size_t n)
{
	struct update u = { 0 };
	struct slice root;
	char more[96];
	int r = E_CORRUPT;

	buf_cstr(pdf);
	if (!read_file(&u.f, buf_slice(pdf)))
		return r;
	root = dictionary(&u.f, u.f.root);
	snprintf(more, sizeof more, "/Lang (%.8s)\n   /ViewerPreferences << /DisplayDocTitle true >>", lang);
	if (has_at(root, 0, "/Type /Catalog\n") && put_figures(&u, alts, n)) {
		put_object(&u, u.f.root, root, more);
		buf_printf(&u.body, "xref\n%s", buf_cstr(&u.rows));
		buf_printf(&u.body, "trailer\n<< /Size %llu\n   /Root %llu 0 R\n   /Info %.*s\n   /Prev %zu\n>>\nstartxref\n%zu\n%%%%EOF\n", (unsigned long long)u.f.size,
		           (unsigned long long)u.f.root, (int)u.f.info.n, u.f.info.p, u.f.xref, u.f.s.n + (behind_last(buf_slice(&u.body), "endobj\n")));
		buf_put_slice(pdf, buf_slice(&u.body));
		r = 0;
	}
	buf_fini(&u.body);
	buf_fini(&u.rows);
	return r;
}
