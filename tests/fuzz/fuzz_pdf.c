/* SPDX-License-Identifier: Apache-2.0
 *
 * Any JSON as the data set of the document, in both languages: it is placed within the margins of its pages, and drawn.
 */
#include <stdlib.h>

#include "base/must.h"
#include "report/paper_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_places(const json_t *o, enum report_lang lang)
{
	struct arena a;
	struct paper p;
	struct rep r;
	int pages;

	arena_init(&a, 0, 0);
	rep_init(&r, o, lang, &a);
	paper_init(&p, &r);
	pages = paper_make(&p);
	for (size_t i = 0; i < p.pieces.n; i++) {
		const struct piece *t = &p.pieces.v[i];

		must(t->page >= 1 && t->page <= pages && t->h >= 0);
		must(t->y >= PAPER_MARGIN - 1 && t->y + t->h <= PAPER_H - PAPER_MARGIN + 1);
		must(t->x >= PAPER_MARGIN - 0.1 && (t->kind == PIECE_TEXT || t->x + t->w <= PAPER_W - PAPER_MARGIN + 0.6));
	}
	paper_fini(&p);
	arena_fini(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	json_t *o = json_loadb((const char *)p, n, JSON_REJECT_DUPLICATES, NULL);
	auto_buf struct buf out = { 0 };

	for (int lang = 0; lang < REPORT_LANGS && json_is_object(o); lang++) {
		check_places(o, (enum report_lang)lang);
		buf_clear(&out);
		must(report_pdf(o, (enum report_lang)lang, &out) == 0 && out.n > 1000);
	}
	json_decref(o);
	return 0;
}
