/* SPDX-License-Identifier: Apache-2.0
 *
 * Report: the desk's data set (desk/view_report.c, ReportData in docs/openapi.yaml) → mail, CSV.  Floor 3, pure: the same
 * data set and language give the same bytes.
 *
 *     report.show at the desk ─▶ data set (JSON) ─┬▶ report_mail   text and HTML      role notify
 *                                                 ├▶ report_csv    for spreadsheets   role web
 *                                                 └▶ report_pdf    pages (pdf.h)      nezuban-print
 *
 * The data set comes from another process and holds names out of logs: nothing in it is trusted.  A key that is missing or has another
 * type reads as nothing or 0; control and bidirectional characters become U+FFFD before either sees them.
 *
 * Instead of a data set, the answer of report.show may be given, which holds it as `data`: then what became of that revision since it was frozen
 * (`replaced_by`, `correction`) is marked too.  The hash in the document is that of the data set either way.
 */
#ifndef NZ_REPORT_REPORT_H
#define NZ_REPORT_REPORT_H

#include <jansson.h>

#include "base/buf.h"

enum report_lang { REPORT_JA, REPORT_EN, REPORT_LANGS };

/* Daily report, or word that a monthly one is out, or out again corrected (kind "published"). Lines end with \n; the subject is one line. */
void report_mail(const json_t *data, enum report_lang lang, struct buf *subject, struct buf *text, struct buf *html);
/* RFC 4180 with a byte order mark; no cell can be a formula. table NULL: all, one below the other under their names; otherwise that one alone,
 * heads in the first row. 0, or E_NOTFOUND for a name that report_csv_table does not give. */
int report_csv(const json_t *data, enum report_lang lang, const char *table, struct buf *out);
/* Names of the tables: "sla", "incidents", …; NULL past the end. */
const char *report_csv_table(size_t i);

#endif
