/* SPDX-License-Identifier: Apache-2.0
 *
 * The daily mail, and the word that a monthly report is out.  Text first, readable without images; the HTML says the same.  What a
 * manager looks for on a telephone stands on top: the headline, what was examined, were the promises kept.
 */
#include <stdio.h>

#include "codec/html.h"
#include "report/report_priv.h"

#define TH "text-align:left;padding:2px 16px 2px 0;font-weight:normal;color:#475062;vertical-align:top;white-space:nowrap"
#define TD "padding:2px 0;text-align:right;font-variant-numeric:tabular-nums"

struct letter {
	const struct rep *r;
	struct buf *text, *html;
};

static void
paragraph(struct letter *l, const char *s, const char *style)
{
	buf_printf(l->text, "%s\n\n", s);
	buf_printf(l->html, "<p style=\"margin:0 0 12px;%s\">", style);
	html_text(l->html, s);
	buf_put_str(l->html, "</p>\n");
}

static void
section(struct letter *l, enum word w)
{
	const char *s = rep_word(l->r, w);

	buf_printf(l->text, "\n%s%s\n", l->r->lang == REPORT_JA ? "■ " : "* ", s);
	buf_put_str(l->html, "<h2 style=\"font-size:15px;margin:20px 0 4px\">");
	html_text(l->html, s);
	buf_put_str(l->html, "</h2>\n");
}

static void
line(struct letter *l, const char *s)
{
	buf_printf(l->text, "  %s\n", s);
	buf_put_str(l->html, "<p style=\"margin:0\">");
	html_text(l->html, s);
	buf_put_str(l->html, "</p>\n");
}

static void
table_begin(struct letter *l)
{
	buf_put_str(l->html, "<table style=\"border-collapse:collapse\">\n");
}

static void
table_end(struct letter *l)
{
	buf_put_str(l->html, "</table>\n");
}

static void
row(struct letter *l, const char *name, const char *value)
{
	buf_printf(l->text, "  %s: %s\n", name, value);
	buf_put_str(l->html, "<tr><th style=\"" TH "\">");
	html_text(l->html, name);
	buf_put_str(l->html, "</th><td style=\"" TD "\">");
	html_text(l->html, value);
	buf_put_str(l->html, "</td></tr>\n");
}

static void
link_to(struct letter *l, const char *name, const char *url)
{
	buf_printf(l->text, "  %s\n    %s\n", name, url);
	buf_put_str(l->html, "<p style=\"margin:4px 0 0\"><a href=\"");
	html_text(l->html, url);
	buf_put_str(l->html, "\">");
	html_text(l->html, name);
	buf_put_str(l->html, "</a></p>\n");
}

/* ---- sections ---- */

static void
incidents(struct letter *l)
{
	static const char *const keys[] = { "emergency", "critical", "warning", "informational" };
	const struct rep *r = l->r;
	const json_t *list = rep_at(r->data, "incidents"), *v;
	int64_t total = rep_num(r->data, "incidents_total");
	size_t i;

	if (total == 0)
		return;
	section(l, W_INCIDENTS);
	table_begin(l);
	for (i = 0; i < 4; i++)
		row(l, rep_severity(r, keys[i]), rep_figure(r, rep_num(rep_at(r->data, "funnel.by_severity"), keys[i])));
	table_end(l);
	json_array_foreach(list, i, v) {
		const char *name = rep_printf(r, "%s %s %s", rep_text(r, v, "id"), rep_severity(r, rep_text(r, v, "severity")), rep_text2(r, v, "title"));

		link_to(l, name, rep_printf(r, "%s/portal/incidents/%s", rep_text(r, r->data, "url"), rep_text(r, v, "id")));
	}
	if (total > (int64_t)json_array_size(list))
		line(l, SAY(r, W_AND_MORE, rep_figure(r, total - (int64_t)json_array_size(list))));
}

static void
clocks(struct letter *l)
{
	const struct rep *r = l->r;
	const json_t *k;
	size_t i;

	section(l, W_CLOCKS);
	line(l, rep_promises(r));
	table_begin(l);
	json_array_foreach(rep_at(r->data, "clocks"), i, k)
		if (rep_num(k, "count") != 0)
			row(l, rep_clock(r, rep_text(r, k, "kind")),
			    rep_printf(r, "%s %s · %s %s · %s %s", rep_word(r, W_MET), rep_figure(r, rep_num(k, "met")), rep_word(r, W_BROKEN), rep_figure(r, rep_num(k, "broken")),
			            rep_word(r, W_LONGEST), rep_ms(r, k, "max_ms")));
	table_end(l);
}

static void
devices(struct letter *l)
{
	const struct rep *r = l->r;
	const json_t *d;
	size_t i;

	section(l, W_DEVICES);
	line(l, rep_devices(r));
	table_begin(l);
	json_array_foreach(rep_at(r->data, "devices"), i, d)
		if (rep_is_troubled(d))
			row(l, rep_text(r, d, "id"), rep_printf(r, "%s %s · %s %s · %s %s", rep_word(r, W_DAYS_SILENT), rep_figure(r, rep_num(d, "days_silent")), rep_word(r, W_LOST),
			                                 rep_figure(r, rep_num(d, "dropped")), rep_word(r, W_LAST_LINE), rep_moment(r, rep_text(r, d, "last_at"))));
	table_end(l);
}

static void
funnel(struct letter *l)
{
	const char *name;
	int64_t n = 0;

	section(l, W_FUNNEL);
	table_begin(l);
	for (size_t i = 0; (name = rep_funnel(l->r, i, &n)) != NULL; i++)
		row(l, name, rep_figure(l->r, n));
	row(l, rep_word(l->r, W_UNPARSED), rep_figure(l->r, rep_num(l->r->data, "funnel.unparsed")));
	table_end(l);
}

static void
facts(struct letter *l)
{
	const struct rep *r = l->r;
	const json_t *list = rep_at(r->data, "facts"), *v;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	section(l, W_RECOMMENDATIONS);
	json_array_foreach(list, i, v)
		line(l, rep_printf(r, r->lang == REPORT_JA ? "・%s：%s" : "- %s: %s", rep_owner(r, rep_text(r, v, "owner")), rep_text2(r, v, "text")));
}

static void
daily(struct letter *l)
{
	const struct rep *r = l->r;

	paragraph(l, rep_headline(r), "font-size:17px;font-weight:bold");
	paragraph(l, rep_volume(r), "");
	incidents(l);
	clocks(l);
	devices(l);
	funnel(l);
	section(l, W_LEDGER);
	line(l, rep_ledger(r));
	section(l, W_AVAILABILITY);
	line(l, rep_availability(r));
	facts(l);
	if (rep_has(r->data, "url")) {
		buf_put_byte(l->text, '\n');
		link_to(l, rep_word(r, W_OPEN_PORTAL), rep_printf(r, "%s/portal/", rep_text(r, r->data, "url")));
	}
}

static void
published(struct letter *l)
{
	const struct rep *r = l->r;
	const char *first = rep_text(r, r->data, "period.first");

	const char *month = rep_month(r, rep_printf(r, "%.7s", first)), *revision = rep_revision(r), *replaces = rep_replaces(r);

	paragraph(l, revision != NULL ? SAY(r, W_CORRECTED, month, revision) : SAY(r, W_PUBLISHED, month), "font-size:17px;font-weight:bold");
	if (replaces != NULL)
		paragraph(l, replaces, "");
	paragraph(l, rep_headline(r), "");
	paragraph(l, rep_volume(r), "");
	paragraph(l, rep_promises(r), "");
	if (rep_has(r->data, "url"))
		link_to(l, rep_word(r, W_OPEN_PORTAL), rep_printf(r, "%s/portal/reports", rep_text(r, r->data, "url")));
}

/* The subject: what, when, whose. Never a word out of a log. */
static const char *
subject_of(const struct rep *r, bool is_daily)
{
	const char *first = rep_text(r, r->data, "period.first"), *name = rep_text2(r, r->data, "tenant.name");
	const char *when = is_daily ? rep_day(r, first) : rep_month(r, rep_printf(r, "%.7s", first));

	if (!is_daily && rep_revision(r) != NULL)
		return rep_printf(r, r->lang == REPORT_JA ? "【%s（%s）】%s %s：%s" : "[%s, %s] %s, %s: %s", rep_word(r, W_MONTHLY), rep_word(r, W_CORRECTED_REPORT), when, name,
		                  rep_revision(r));
	return rep_printf(r, r->lang == REPORT_JA ? "【%s】%s %s：%s" : "[%s] %s, %s: %s", rep_word(r, is_daily ? W_DAILY : W_MONTHLY), when, name, rep_headline(r));
}

void
report_mail(const json_t *data, enum report_lang lang, struct buf *subject, struct buf *ret_text, struct buf *html)
{
	bool is_daily;
	struct arena a;
	struct rep r;
	struct letter l = { &r, ret_text, html };

	arena_init(&a, 0, 0);
	rep_init(&r, data, lang, &a);
	is_daily = strcmp(rep_text(&r, data, "kind"), "published") != 0;
	buf_put_str(subject, subject_of(&r, is_daily));
	for (size_t i = 0; i < subject->n; i++)
		if (subject->p[i] == '\n')
			subject->p[i] = ' ';
	buf_printf(html, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>", lang == REPORT_JA ? "ja" : "en");
	html_text(html, buf_cstr(subject));
	buf_put_str(html, "</title></head>\n<body style=\"font-family:sans-serif;font-size:14px;line-height:1.6;color:#191d26;max-width:640px\">\n");
	paragraph(&l, rep_printf(&r, "%s\n%s %s", rep_text2(&r, data, "tenant.name"), rep_word(&r, is_daily ? W_DAILY : W_MONTHLY),
	                      is_daily ? rep_day(&r, rep_text(&r, data, "period.first")) : rep_month(&r, rep_printf(&r, "%.7s", rep_text(&r, data, "period.first")))), "color:#475062");
	if (is_daily)
		daily(&l);
	else
		published(&l);
	buf_printf(ret_text, "\n-- \n%s\n%s\n", rep_word(&r, W_SIGN), rep_word(&r, W_MAIL_FOOT));
	buf_printf(html, "<p style=\"margin:24px 0 0;color:#5f6879;font-size:12px\">%s<br>\n%s</p>\n</body></html>\n", rep_word(&r, W_SIGN), rep_word(&r, W_MAIL_FOOT));
	arena_fini(&a);
}
