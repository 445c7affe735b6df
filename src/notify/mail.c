/* SPDX-License-Identifier: Apache-2.0
 *
 * A notice as a mail: plain text first, readable without images; the HTML says the same.  Words are fixed here
 * in both languages; です・ます, no excuses, the next step named.  Titles and names are cut to one line in
 * the text so that no line of ours can be imitated, and escaped in the HTML.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "codec/html.h"
#include "notify/mail_priv.h"

struct words {
	const char *severity[4];
	const char *subject_incident, *subject_acknowledged, *subject_alarm, *subject_warning, *subject_digest, *subject_words;
	const char *decided, *acknowledged; /* first sentences */
	const char *dear_before, *dear_after;
	const char *f_title, *f_number, *f_severity, *f_decided, *f_first, *f_affected, *f_by, *f_at, *f_code_word, *f_call_back;
	const char *h_summary, *h_action, *h_details;
	const char *calling, *by_phone, *by_portal;
	const char *alarm_intro, *digest_intro, *digest_more, *h_portal;
	const char *inquiry_received, *f_subject, *f_writer, *f_due, *inquiry_how, *inquiry_foot, *f_files, *in_portal;
	const char *sign, *foot;
};

static const struct words both[NOTE_LANGS] = {
	[NOTE_JA] = {
		.severity = { "緊急", "重大", "警告", "情報" },
#define SUBJECT_INCIDENT(ja, en) .subject_incident = ja,
#include "tbl/subjects.tbl"
#undef SUBJECT_INCIDENT
		.subject_acknowledged = "【確認済み・%s】インシデント %s（%s）",
		.subject_alarm = "【SOC 警報】%s %s",
		.subject_warning = "【SOC 注意】%s %s",
		.subject_digest = "【お知らせのまとめ】%s 件（%s）", .subject_words = "【お知らせ】%s（%s）",
		.decided = "重大度「%s」のインシデントを確定しました。",
		.acknowledged = "重大度「%s」のインシデントは確認されました。続けての電話はかけません。",
		.dear_before = "", .dear_after = " 様",
		.f_title = "件名", .f_number = "番号", .f_severity = "重大度", .f_decided = "判定", .f_first = "最初の動き",
		.f_affected = "対象", .f_by = "確認した人", .f_at = "確認した時刻",
		.f_code_word = "合言葉（当センターの電話でお伝えします）", .f_call_back = "折り返し先",
		.h_summary = "何が起きたか", .h_action = "次にすること", .h_details = "詳しい内容と経過",
		.calling = "いま電話をかけています。合言葉を聞き、内容を確かめて 1 を押してください。",
		.by_phone = "（電話）", .by_portal = "（ポータル）",
		.digest_intro = "前回のまとめ以降に判定したインシデントです。いずれも、すぐに対応していただく必要はありません。",
		.digest_more = "このほかの件数", .h_portal = "一覧と詳しい内容",
		.inquiry_received = "お問い合わせを受け付けました。担当者が回答いたします。",
		.f_subject = "件名", .f_writer = "回答者", .f_due = "回答のお約束", .f_files = "添付", .in_portal = "（ポータルにあります）", .inquiry_how = "お問い合わせの画面",
		.inquiry_foot = "このメールにそのまま返信していただくと、同じお問い合わせの続きとして届きます。件名の番号は消さないでください。",
		.alarm_intro = "SOC の担当者が確認する必要があります。",
		.sign = "寝ず番 セキュリティ監視センター",
		.foot = "このメールは自動で送信しています。お問い合わせはポータルから受け付けます。",
	},
	[NOTE_EN] = {
		.severity = { "Emergency", "Critical", "Warning", "Informational" },
#define SUBJECT_INCIDENT(ja, en) .subject_incident = en,
#include "tbl/subjects.tbl"
#undef SUBJECT_INCIDENT
		.subject_acknowledged = "[Acknowledged, %s] Incident %s (%s)",
		.subject_alarm = "[SOC alarm] %s %s",
		.subject_warning = "[SOC warning] %s %s",
		.subject_digest = "[Digest] Incidents: %s (%s)", .subject_words = "[Notice] %s (%s)",
		.decided = "An incident of severity %s was confirmed.",
		.acknowledged = "The incident of severity %s was acknowledged. No further calls will be made.",
		.dear_before = "To: ", .dear_after = "",
		.f_title = "Title", .f_number = "Number", .f_severity = "Severity", .f_decided = "Decided", .f_first = "First seen",
		.f_affected = "Affected", .f_by = "Acknowledged by", .f_at = "Acknowledged at",
		.f_code_word = "Code word (we say it on the telephone)", .f_call_back = "Call us back",
		.h_summary = "What happened", .h_action = "What to do next", .h_details = "Details and progress",
		.calling = "We are calling you now. Listen for the code word and press 1 to acknowledge.",
		.by_phone = " (phone)", .by_portal = " (portal)",
		.digest_intro = "Incidents decided since the last digest. None of them asks you to act at once.",
		.digest_more = "Further incidents", .h_portal = "List and details",
		.inquiry_received = "We have your inquiry. A person will answer it.",
		.f_subject = "Subject", .f_writer = "Answered by", .f_due = "Promised by", .f_files = "Attached", .in_portal = " (in the portal)", .inquiry_how = "Your inquiry in the portal",
		.inquiry_foot = "Reply to this mail to go on with the same inquiry. Please leave the number in the subject.",
		.alarm_intro = "Somebody on duty at the SOC has to look at this.",
		.sign = "Nezuban security operations centre",
		.foot = "This mail was sent automatically. Use the portal to ask us something.",
	},
};

static const char *const colour[4] = { "#b3162d;color:#ffffff", "#b5470b;color:#ffffff", "#edc032;color:#2a2000", "#566681;color:#ffffff" };

/* The text without what a reader's terminal obeys and what turns the writing; `newline` for each line feed. */
static void
put_text(struct buf *out, const char *s, const char *newline)
{
	for (; *s != '\0'; s++)
		if (*s == '\n')
			buf_put_str(out, newline);
		else
			text_put_seen(out, &s);
}

/* Every line of a text that is not ours is indented: it cannot pose as a field or a signature. */
static void
indented(struct buf *out, const char *s)
{
	buf_put_str(out, "  ");
	put_text(out, s, "\n  ");
	buf_put_byte(out, '\n');
}

static void
one_line(struct buf *out, const char *s)
{
	put_text(out, s, " ");
}

void
page_paragraph(struct page *p, const char *s)
{
	put_text(p->text, s, "\n");
	buf_put_str(p->text, "\n\n");
	buf_put_str(p->html, "<p style=\"margin:0 0 12px\">");
	html_text(p->html, s);
	buf_put_str(p->html, "</p>\n");
}

void
page_field(struct page *p, const char *name, const char *value)
{
	buf_printf(p->text, "%s: ", name);
	one_line(p->text, value);
	buf_put_byte(p->text, '\n');
	buf_put_str(p->html, "<tr><th style=\"text-align:left;padding:2px 16px 2px 0;font-weight:normal;color:#5b6470;"
	                     "vertical-align:top;white-space:nowrap\">");
	html_text(p->html, name);
	buf_put_str(p->html, "</th><td style=\"padding:2px 0\">");
	html_text(p->html, value);
	buf_put_str(p->html, "</td></tr>\n");
}

void
page_time(const struct page *p, int64_t t, char ret[128])
{
	const char *zone = p->n->zone[0] != '\0' ? p->n->zone : "UTC";
	int32_t off = p->zone != NULL ? p->zone(zone, t / NS_PER_S) : 0;
	char s[36];

	time_format_rfc3339(s, t + off * NS_PER_S, 0);
	s[10] = ' ';
	snprintf(ret, 128, "%.19s %c%02d:%02d (%s)", s, off < 0 ? '-' : '+', abs(off) / 3600, abs(off) / 60 % 60, zone);
}

static void
field_time(struct page *p, const char *name, int64_t t)
{
	char out[128];

	if (t == 0)
		return;
	page_time(p, t, out);
	page_field(p, name, out);
}

void
page_table(struct page *p, bool begins)
{
	buf_put_str(p->html, begins ? "<table style=\"border-collapse:collapse\">\n" : "</table>\n");
}

const char *
page_severity(const struct page *p)
{
	return p->w->severity[p->n->severity];
}

void
page_section(struct page *p, const char *heading, const char *s)
{
	if (s[0] == '\0')
		return;
	buf_printf(p->text, "\n%s\n", heading);
	indented(p->text, s);
	buf_put_str(p->html, "<h2 style=\"font-size:15px;margin:20px 0 4px\">");
	html_text(p->html, heading);
	buf_put_str(p->html, "</h2>\n<p style=\"margin:0\">");
	html_text(p->html, s);
	buf_put_str(p->html, "</p>\n");
}

void
page_link(struct page *p, const char *heading, const char *url)
{
	if (url[0] == '\0')
		return;
	buf_printf(p->text, "\n%s\n  %s\n", heading, url);
	buf_put_str(p->html, "<h2 style=\"font-size:15px;margin:20px 0 4px\">");
	html_text(p->html, heading);
	buf_put_str(p->html, "</h2>\n<p style=\"margin:0\"><a href=\"");
	html_text(p->html, url);
	buf_put_str(p->html, "\">");
	html_text(p->html, url);
	buf_put_str(p->html, "</a></p>\n");
}

void
page_greet(struct page *p)
{
	struct buf b = { 0 };

	if (p->n->company[p->n->lang][0] != '\0')
		buf_printf(&b, "%s\n", p->n->company[p->n->lang]);
	if (p->n->name[0] != '\0')
		buf_printf(&b, "%s%s%s", p->w->dear_before, p->n->name, p->w->dear_after);
	if (b.n != 0)
		page_paragraph(p, slice_trim(buf_slice(&b)).n != 0 ? buf_cstr(&b) : "");
	buf_fini(&b);
}

static void
affected(struct page *p)
{
	struct buf b = { 0 };

	for (int i = 0; i < p->n->affected_n; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : ", ", p->n->affected[i]);
	if (p->n->affected_more != 0) {
		buf_put_str(&b, ", ");
		buf_printf(&b, p->w == &both[NOTE_JA] ? "ほか %d 件" : "and %d more", p->n->affected_more);
	}
	if (b.n != 0)
		page_field(p, p->w->f_affected, buf_cstr(&b));
	buf_fini(&b);
}

static void
sentence(struct page *p, const char *before, const char *word)
{
	/* `before` is one of ours with one %s; spliced by hand so that no format comes from a table. */
	const char *at = strstr(before, "%s");
	struct buf b = { 0 };

	buf_put(&b, before, (size_t)(at - before));
	buf_put_str(&b, word);
	buf_put_str(&b, at + 2);
	page_paragraph(p, buf_cstr(&b));
	buf_fini(&b);
}

static void
incident(struct page *p)
{
	const struct notice *n = p->n;
	const struct words *w = p->w;

	page_greet(p);
	sentence(p, n->what == NOTICE_ACKNOWLEDGED ? w->acknowledged : w->decided, w->severity[n->severity]);
	if (n->calling && n->what == NOTICE_INCIDENT)
		page_paragraph(p, w->calling);
	page_table(p, true);
	page_field(p, w->f_title, n->title[n->lang]);
	page_field(p, w->f_number, n->incident);
	page_field(p, w->f_severity, w->severity[n->severity]);
	if (n->what == NOTICE_ACKNOWLEDGED) {
		struct buf b = { 0 };

		buf_printf(&b, "%s%s", n->by, strcmp(n->how, "phone") == 0 ? w->by_phone : w->by_portal);
		page_field(p, w->f_by, buf_cstr(&b));
		buf_fini(&b);
		field_time(p, w->f_at, n->acknowledged_at);
	}
	field_time(p, w->f_decided, n->decided_at);
	field_time(p, w->f_first, n->first_at);
	affected(p);
	if (n->code_word[n->lang][0] != '\0')
		page_field(p, w->f_code_word, n->code_word[n->lang]);
	if (n->call_back[0] != '\0')
		page_field(p, w->f_call_back, n->call_back);
	page_table(p, false);
	page_section(p, w->h_summary, n->summary[n->lang]);
	page_section(p, w->h_action, n->action[n->lang]);
	page_link(p, w->h_details, n->url);
}

static void
alarm(struct page *p)
{
	const struct notice *n = p->n;

	page_paragraph(p, p->w->alarm_intro);
	page_section(p, n->title[n->lang], n->alarm_text[n->lang]);
	page_link(p, p->w->h_details, n->url);
}

static void
digest(struct page *p)
{
	const struct notice *n = p->n;

	page_greet(p);
	page_paragraph(p, p->w->digest_intro);
	page_table(p, true);
	for (int i = 0; i < n->items_n; i++) {
		const struct notice_item *it = &n->items[i];
		struct buf b = { 0 };

		buf_printf(&b, "[%s] %s", p->w->severity[it->severity], it->title[n->lang]);
		page_field(p, it->incident, buf_cstr(&b));
		field_time(p, p->w->f_decided, it->decided_at);
		buf_fini(&b);
	}
	if (n->items_more > 0) {
		char more[24];

		snprintf(more, sizeof more, "%lld", (long long)n->items_more);
		page_field(p, p->w->digest_more, more);
	}
	page_table(p, false);
	page_link(p, p->w->h_portal, n->url);
}

/* Paragraphs of the analyst, as they were written. */
static void
letter_text(struct page *p, const char *s)
{
	put_text(p->text, s, "\n");
	buf_put_str(p->text, "\n\n");
	buf_put_str(p->html, "<p style=\"margin:0 0 16px;white-space:pre-wrap\">");
	html_text(p->html, s);
	buf_put_str(p->html, "</p>\n");
}

static void
attached(struct page *p)
{
	struct buf b = { 0 };

	for (int i = 0; i < p->n->files_n; i++) {
		const struct notice_file *f = &p->n->files[i];

		buf_printf(&b, "%s%s%s", i != 0 ? ", " : "", f->name, f->is_there ? "" : p->w->in_portal);
	}
	if (b.n != 0)
		page_field(p, p->w->f_files, buf_cstr(&b));
	buf_fini(&b);
}

static void
inquiry(struct page *p)
{
	const struct notice *n = p->n;

	page_greet(p);
	if (n->is_receipt)
		page_paragraph(p, p->w->inquiry_received);
	else
		letter_text(p, n->words);
	page_table(p, true);
	page_field(p, p->w->f_number, n->incident);
	page_field(p, p->w->f_subject, n->asked);
	if (!n->is_receipt)
		page_field(p, p->w->f_writer, n->writer[n->lang]);
	else
		field_time(p, p->w->f_due, n->due_at);
	attached(p);
	page_table(p, false);
	page_link(p, p->w->inquiry_how, n->url);
}

static void
own_words(struct page *p)
{
	page_greet(p);
	page_section(p, p->n->title[p->n->lang], p->n->summary[p->n->lang]);
	page_link(p, p->w->h_portal, p->n->url);
}

/* Re: what was asked [Q-12 TOKEN]. */
static void
inquiry_subject(const struct notice *n, struct buf *out)
{
	bool has = strncasecmp(n->asked, "re:", 3) == 0;

	buf_put_str(out, n->is_reply && !has ? "Re: " : "");
	one_line(out, n->asked);
	buf_printf(out, " [%s %s]", n->incident, n->token);
}

/* The %s of an incident's subject are severity, number, company; of an alarm's its id and the tenant; of a
 * digest's how many, company. */
static void
subject(struct page *p, struct buf *out)
{
	const struct notice *n = p->n;
	char many[24];
	const char *const alarm_args[] = { n->alarm, n->tenant[0] != '\0' ? n->tenant : n->company[n->lang] }, *const digest_args[] = { many, n->company[n->lang] }, *const words_args[] = { n->title[n->lang], n->company[n->lang] };
	const char *const args[] = { p->w->severity[n->severity < 0 ? 3 : n->severity], n->incident, n->company[n->lang] };
	const char *const *next = n->what == NOTICE_ALARM ? alarm_args : n->what == NOTICE_DIGEST ? digest_args : n->what == NOTICE_WORDS ? words_args : args;
	const char *fmt = n->what == NOTICE_INCIDENT ? p->w->subject_incident :
	                  n->what == NOTICE_ACKNOWLEDGED ? p->w->subject_acknowledged :
	                  n->what == NOTICE_DIGEST ? p->w->subject_digest :
	                  n->what == NOTICE_WORDS ? p->w->subject_words :
	                  n->what == NOTICE_ADVISORY ? mail_advisory_subject(n) :
	                  n->alarm_is_warning ? p->w->subject_warning : p->w->subject_alarm;

	snprintf(many, sizeof many, "%lld", (long long)(n->items_n + n->items_more));
	for (const char *at; (at = strstr(fmt, "%s")) != NULL; fmt = at + 2) {
		buf_put(out, fmt, (size_t)(at - fmt));
		one_line(out, *next++);
	}
	buf_put_str(out, fmt);
}

static void
rfc5322_date(int64_t t, char out[48])
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t s = t / NS_PER_S, day = s / 86400, year;
	unsigned month, mday;
	int in_day = (int)(s % 86400);

	civil_from_days(day, &year, &month, &mday);
	snprintf(out, 48, "%s, %02u %s %04d %02d:%02d:%02d +0000", days[(day % 7 + 7) % 7], mday, months[month - 1], (int)year,
	         in_day / 3600, in_day / 60 % 60, in_day % 60);
}

void
mail_render(const struct notice *n, const char *domain, notice_zone_fn *zone, notice_report_fn *report, struct mail *ret)
{
	struct page p = { n, &both[n->lang], zone, &ret->text, &ret->html };
	const char *foot;

	*ret = (struct mail){ 0 };
	notice_message_id(n, domain, ret->message_id);
	rfc5322_date(n->at, ret->date);
	if (n->what == NOTICE_REPORT) {
		report(n->report, n->lang, &ret->subject, &ret->text, &ret->html);
		return;
	}
	if (n->what == NOTICE_INQUIRY)
		inquiry_subject(n, &ret->subject);
	else
		subject(&p, &ret->subject);
	buf_printf(&ret->html, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>", n->lang == NOTE_JA ? "ja" : "en");
	html_text(&ret->html, buf_cstr(&ret->subject));
	buf_put_str(&ret->html, "</title></head>\n<body style=\"font-family:sans-serif;font-size:14px;line-height:1.6;"
	                        "color:#1d232b;max-width:640px\">\n");
	if (n->what == NOTICE_INCIDENT || n->what == NOTICE_ACKNOWLEDGED || n->what == NOTICE_ADVISORY)
		buf_printf(&ret->html, "<p style=\"margin:0 0 12px\"><span style=\"background:%s;padding:2px 10px;font-weight:bold\">%s</span></p>\n",
		           colour[n->severity], p.w->severity[n->severity]);
	if (n->what == NOTICE_ALARM)
		alarm(&p);
	else if (n->what == NOTICE_DIGEST)
		digest(&p);
	else if (n->what == NOTICE_INQUIRY)
		inquiry(&p);
	else if (n->what == NOTICE_WORDS)
		own_words(&p);
	else if (n->what == NOTICE_ADVISORY)
		mail_advisory(&p);
	else
		incident(&p);
	foot = n->what == NOTICE_INQUIRY ? p.w->inquiry_foot : p.w->foot;
	buf_printf(&ret->text, "\n-- \n%s\n%s\n", p.w->sign, foot);
	buf_printf(&ret->html, "<p style=\"margin:24px 0 0;color:#5b6470;font-size:12px\">%s<br>\n%s</p>\n</body></html>\n", p.w->sign, foot);
}

void
mail_fini(struct mail *m)
{
	buf_fini(&m->subject);
	buf_fini(&m->text);
	buf_fini(&m->html);
}
