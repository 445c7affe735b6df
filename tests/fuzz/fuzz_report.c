/* SPDX-License-Identifier: Apache-2.0
 *
 * Any JSON as the data set of a report: mail and CSV in both languages stay what they are.  The subject is one line, the HTML holds no
 * markup but ours, no cell of the CSV begins like a formula.
 */
#include <stdlib.h>

#include "base/must.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_mail(const json_t *o, enum report_lang lang)
{
	auto_buf struct buf subject = { 0 }, text = { 0 }, html = { 0 };

	report_mail(o, lang, &subject, &text, &html);
	must(memchr(subject.p, '\n', subject.n) == NULL && memchr(subject.p, '\r', subject.n) == NULL);
	must(slice_find_slice(buf_slice(&html), SL("<script")) < 0 && slice_find_slice(buf_slice(&html), SL("<img")) < 0);
	must(memchr(text.p, 0x1b, text.n) == NULL && memchr(html.p, 0x1b, html.n) == NULL);
}

static void
check_csv(const json_t *o, enum report_lang lang)
{
	auto_buf struct buf csv = { 0 };
	bool quoted = false, begins = true;

	report_csv(o, lang, NULL, &csv);
	for (size_t i = 3; i < csv.n; i++) {
		char c = csv.p[i];

		must(!begins || quoted || strchr("=+@\t", c) == NULL || c == '\0');
		if (begins && c == '"' && i + 1 < csv.n)
			must(strchr("=+-@\t|", csv.p[i + 1]) == NULL || csv.p[i + 1] == '\0');
		if (c == '"')
			quoted = !quoted;
		begins = !quoted && (c == ',' || c == '\n');
	}
	must(!quoted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	json_t *o = json_loadb((const char *)p, n, JSON_REJECT_DUPLICATES, NULL);

	for (int lang = 0; lang < REPORT_LANGS; lang++) {
		check_mail(o, (enum report_lang)lang);
		check_csv(o, (enum report_lang)lang);
	}
	json_decref(o);
	return 0;
}
