/* SPDX-License-Identifier: Apache-2.0
 *
 * The notify role's receiver: any bytes as a JOB. What is accepted gives a mail whose headers stay one header each,
 * whose HTML holds no markup but ours, and a webhook body.
 */
#include <stdlib.h>

#include "base/must.h"
#include "codec/reach.h"
#include "notify/notify.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* One header: a line ends only where the next one goes on with it. */
static void
check_folds(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		must(s.p[i] != '\n' || (i > 0 && i + 1 < s.n && s.p[i - 1] == '\r' && s.p[i + 1] == ' '));
}

static void
check_header(struct slice s, bool quote)
{
	struct buf b = { 0 };

	mail_header_text(&b, s, quote);
	check_folds(buf_slice(&b));
	buf_fini(&b);
}

/* As the role hands it in. */
static void
write_report(struct slice data, int lang, struct buf *subject, struct buf *text, struct buf *html)
{
	json_t *o = json_loadb(data.p, data.n, 0, NULL);

	report_mail(o, lang == NOTE_JA ? REPORT_JA : REPORT_EN, subject, text, html);
	json_decref(o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a;
	struct notice notice;
	struct mail m;
	struct buf b = { 0 };
	char err[200];

	arena_init(&a, 0, 0);
	check_header(slice_of(p, n < 2000 ? n : 2000), n % 2 != 0);
	if (notice_read(slice_of(p, n), &a, &notice, err) == 0) {
		must(notice.channel == NOTICE_HOOK || reach_is_mail(slice_str(notice.address)));
		mail_render(&notice, "d.example", NULL, write_report, &m);
		must(memchr(m.subject.p, '\n', m.subject.n) == NULL);
		must(slice_find_slice(buf_slice(&m.html), SL("<script")) < 0 && slice_find_slice(buf_slice(&m.html), SL("<img")) < 0);
		check_header(buf_slice(&m.subject), false);
		for (int i = 0; i < notice.files_n; i++) {
			buf_clear(&b);
			mail_disposition(&b, slice_str(notice.files[i].name));
			check_folds(buf_slice(&b));
		}
		buf_clear(&b);
		hook_body(&notice, "d.example", &b);
		mail_fini(&m);
	} else {
		must(err[0] != '\0');
	}
	buf_fini(&b);
	arena_fini(&a);
	return 0;
}
