/* SPDX-License-Identifier: Apache-2.0
 *
 * Pdf: the desk's data set → a document of A4 pages.  Floor 3, pure: the same data set and language give the same bytes, dates of the
 * metadata included.
 *
 *     data set ─▶ pieces (text, lines, bars: where on which page)  ─▶ PDF
 *                 paper.c grid.c chart.c, pango measures              draw.c, cairo
 *
 * It stands apart from report.h because of its libraries: only nezuban-print links them (main/nezuban_print.c), no role does.
 * What is not `published` says so on every page.  Texts are real text in reading order and the file is tagged: headings (bookmarks too), paragraphs,
 * tables with rows and heads, contents with links, charts as figures with a sentence; language and title are said.  Characters that no installed font has
 * are drawn as boxes, and the cover names their pages.
 */
#ifndef NZ_REPORT_PDF_H
#define NZ_REPORT_PDF_H

#include "report/report.h"

#define REPORT_PDF_PAGES_MAX 2000

/* 0, E_TOOBIG for more pages than that, E_NOTFOUND when no font has the letters of the language itself (out is untouched in both), E_IO when cairo fails. */
int report_pdf(const json_t *data, enum report_lang lang, struct buf *out);
/* Whether there are fonts for it. */
bool report_pdf_has_fonts(enum report_lang lang);

#endif
