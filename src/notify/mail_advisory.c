/* SPDX-License-Identifier: Apache-2.0
 *
 * An advisory as a mail: what it is about, and apart from that where its indicators were seen in the tenant's logs, which
 * devices and assets are of its products, and what we cannot know.  Indicators are written so that no mail program makes
 * something to click of them: hxxps://evil[.]example.
 */
#include <stdio.h>
#include <string.h>

#include "notify/mail_priv.h"

enum { K_IP, K_NET, K_DOMAIN, K_URL, K_HASH, KINDS };
static const char *const kind_names[KINDS] = { "ip", "net", "domain", "url", "hash" };

static const struct advisory_words {
	const char *subject[3], *intro[3], *intro_seen; /* by step; intro_seen: sent, and it was seen */
	const char *f_title, *f_number, *f_severity, *f_seen, *seen_never, *seen_unknown;
	const char *h_reason, *h_summary, *h_products, *h_found, *h_devices, *maker, *h_assets, *vulnerable, *by_name, *h_unknown, *unknown, *h_advice, *h_indicators, *h_details;
	const char *kind[KINDS], *comma, *colon, *open, *close;
} both[NOTE_LANGS] = {
	[NOTE_JA] = {
		.subject = { "【注意喚起・%s】%s（%s）", "【注意喚起・御社のログで検出・%s】%s（%s）", "【注意喚起の取り下げ・%s】%s（%s）" },
		.intro = { "御社でインシデントは起きていませんが、世の中で危険が高まっているためお知らせします。",
		           "先にお送りした注意喚起の指標が、御社のログで新たに見つかりました。下記の機器をご確認ください。",
		           "先にお送りした注意喚起を取り下げます。" },
		.intro_seen = "世の中で危険が高まっているためお知らせします。御社のログにも該当する記録があります。下記の機器をご確認ください。",
		.f_title = "件名", .f_number = "番号", .f_severity = "重大度", .f_seen = "御社のログ", .seen_never = "見つかりませんでした", .seen_unknown = "集計中です。ポータルでご覧ください",
		.h_reason = "取り下げの理由", .h_summary = "分かっていること", .h_products = "影響を受ける製品", .h_found = "御社のログで見つかった機器", .h_devices = "該当製品の機器",
		.maker = "同じメーカーの機器（該当するかもしれません）", .h_assets = "該当する資産", .vulnerable = " の影響を受けると登録されています", .by_name = " かもしれません（名前から）",
		.h_unknown = "当社では分からないもの", .unknown = "次の製品をお使いかどうかは、御社のログと資産の一覧からは分かりません。御社でご確認ください。",
		.h_advice = "お願いしたいこと", .h_indicators = "指標（誤ってクリックしないように書き換えてあります）", .h_details = "詳しい内容と経過",
		.kind = { "アドレス", "ネットワーク", "ドメイン", "URL", "ハッシュ" }, .comma = "、", .colon = "：", .open = "（", .close = "）",
	},
	[NOTE_EN] = {
		.subject = { "[Advisory, %s] %s (%s)", "[Advisory, now in your logs, %s] %s (%s)", "[Advisory withdrawn, %s] %s (%s)" },
		.intro = { "There is no incident at your site. We tell you because the danger in the world is high.",
		           "Indicators of an advisory that we sent you are in your logs now. Please look at the devices below.",
		           "We withdraw an advisory that we sent you." },
		.intro_seen = "We tell you because the danger in the world is high, and signs of it are in your logs. Please look at the devices below.",
		.f_title = "Title", .f_number = "Number", .f_severity = "Severity", .f_seen = "In your logs", .seen_never = "not seen", .seen_unknown = "still being counted; see the portal",
		.h_reason = "Why", .h_summary = "What is known", .h_products = "Affected products", .h_found = "Where it was seen in your logs", .h_devices = "Your devices of these products",
		.maker = "By the same maker, perhaps affected", .h_assets = "Your assets", .vulnerable = "registered as vulnerable to ", .by_name = "by its name perhaps ",
		.h_unknown = "What we cannot know", .unknown = "Your logs and your list of assets do not tell whether you use the following. Please check yourself.",
		.h_advice = "What we ask you to do", .h_indicators = "Indicators (rewritten so that they cannot be clicked)", .h_details = "Details and progress",
		.kind = { "address", "network", "domain", "URL", "hash" }, .comma = ", ", .colon = ": ", .open = " (", .close = ")",
	},
};

/* ---- pieces ---- */

static void
put_joined(struct buf *out, const struct notice_list *list, const char *comma)
{
	for (int i = 0; i < list->n; i++)
		buf_printf(out, "%s%s", i != 0 ? comma : "", list->v[i]);
}

static void
put_more(struct buf *out, int lang, int64_t more)
{
	if (more > 0)
		buf_printf(out, lang == NOTE_JA ? "ほか %lld 件\n" : "and %lld more\n", (long long)more);
}

/* Ends with the last line's text, not with its end. */
static void
put_section(struct page *p, const char *heading, struct buf *lines)
{
	while (lines->n != 0 && lines->p[lines->n - 1] == '\n')
		lines->n--;
	page_section(p, heading, lines->n != 0 ? buf_cstr(lines) : "");
	buf_fini(lines);
}

static void
put_harmless(struct buf *out, int kind, const char *s)
{
	if (kind == K_HASH) {
		buf_put_str(out, s);
		return;
	}
	for (bool scheme = kind == K_URL; *s != '\0'; s++) {
		if (scheme && strncmp(s, "http", 4) == 0) {
			buf_put_str(out, "hxxp");
			s += 3;
		} else if (*s == '.' || (*s == ':' && kind != K_URL)) {
			buf_printf(out, "[%c]", *s);
		} else {
			buf_put_byte(out, *s);
		}
		scheme = false;
	}
}

/* ---- sections ---- */

static void
products(struct page *p, const struct notice_advisory *a, const struct advisory_words *w)
{
	struct buf b = { 0 };

	put_joined(&b, &a->products, "\n");
	put_section(p, w->h_products, &b);
}

static void
found(struct page *p, const struct notice_advisory *a, const struct advisory_words *w)
{
	struct buf b = { 0 };
	char last[128];

	for (int i = 0; i < a->found_n; i++) {
		buf_printf(&b, "%s%s", a->found[i].device, w->colon);
		buf_printf(&b, p->n->lang == NOTE_JA ? "%lld 回" : a->found[i].count == 1 ? "%lld time" : "%lld times", (long long)a->found[i].count);
		if (a->found[i].last != 0) {
			page_time(p, a->found[i].last, last);
			buf_printf(&b, p->n->lang == NOTE_JA ? "、最後は %s" : ", last %s", last);
		}
		buf_put_byte(&b, '\n');
	}
	put_more(&b, p->n->lang, a->found_more);
	put_section(p, w->h_found, &b);
}

static void
devices(struct page *p, const struct notice_advisory *a, const struct advisory_words *w)
{
	struct buf b = { 0 };

	for (int i = 0; i < p->n->affected_n; i++)
		buf_printf(&b, "%s\n", p->n->affected[i]);
	put_more(&b, p->n->lang, p->n->affected_more);
	if (a->maybe.n != 0) {
		buf_printf(&b, "%s%s", w->maker, w->colon);
		put_joined(&b, &a->maybe, w->comma);
		buf_put_byte(&b, '\n');
		put_more(&b, p->n->lang, a->maybe.more);
	}
	put_section(p, w->h_devices, &b);
}

static void
put_why(struct buf *b, int lang, const struct notice_list *list, const char *words, const char *comma)
{
	if (lang == NOTE_EN)
		buf_put_str(b, words);
	put_joined(b, list, comma);
	if (lang == NOTE_JA)
		buf_put_str(b, words);
}

static void
assets(struct page *p, const struct notice_advisory *a, const struct advisory_words *w)
{
	struct buf b = { 0 };

	for (int i = 0; i < a->assets_n; i++) {
		buf_put_str(&b, a->assets[i].name);
		if (a->assets[i].where.n != 0) {
			buf_put_str(&b, w->open);
			put_joined(&b, &a->assets[i].where, w->comma);
			buf_put_str(&b, w->close);
		}
		buf_put_str(&b, w->colon);
		if (a->assets[i].cves.n != 0)
			put_why(&b, p->n->lang, &a->assets[i].cves, w->vulnerable, w->comma);
		else
			put_why(&b, p->n->lang, &a->assets[i].products, w->by_name, w->comma);
		buf_put_byte(&b, '\n');
	}
	put_more(&b, p->n->lang, a->assets_more);
	put_section(p, w->h_assets, &b);
}

static void
unknown(struct page *p, const struct notice_advisory *a, const struct advisory_words *w)
{
	struct buf b = { 0 };

	if (a->unknown.n != 0) {
		buf_printf(&b, "%s\n", w->unknown);
		put_joined(&b, &a->unknown, "\n");
	}
	put_section(p, w->h_unknown, &b);
}

static void
indicators(struct page *p, const struct notice_advisory *a, const struct advisory_words *w)
{
	struct buf b = { 0 };

	for (int i = 0; i < a->values.n; i++) {
		int kind = 0;

		while (kind < KINDS - 1 && strcmp(kind_names[kind], a->kinds.v[i]) != 0)
			kind++;
		buf_printf(&b, "%s%s", w->kind[kind], w->colon);
		put_harmless(&b, kind, a->values.v[i]);
		buf_put_byte(&b, '\n');
	}
	put_section(p, w->h_indicators, &b);
}

static void
fields(struct page *p, const struct notice_advisory *a, const struct advisory_words *w)
{
	bool ja = p->n->lang == NOTE_JA;
	char name[64], seen[64];

	snprintf(name, sizeof name, ja ? "%s（%lld 日間）" : "%s, %lld days", w->f_seen, (long long)a->days);
	snprintf(seen, sizeof seen, ja ? "%lld 回" : a->seen == 1 ? "seen once" : "seen %lld times", (long long)a->seen);
	page_table(p, true);
	page_field(p, w->f_title, p->n->title[p->n->lang]);
	page_field(p, w->f_number, p->n->incident);
	page_field(p, w->f_severity, page_severity(p));
	if (a->searched && a->step != NOTICE_WITHDRAWN)
		page_field(p, name, a->seen > 0 ? seen : a->seen == 0 ? w->seen_never : w->seen_unknown);
	page_table(p, false);
}

void
mail_advisory(struct page *p)
{
	const struct notice_advisory *a = p->n->advisory;
	const struct advisory_words *w = &both[p->n->lang];

	page_greet(p);
	page_paragraph(p, a->step == NOTICE_SENT && a->seen > 0 ? w->intro_seen : w->intro[a->step]);
	fields(p, a, w);
	if (a->step == NOTICE_WITHDRAWN) {
		page_section(p, w->h_reason, a->reason[p->n->lang]);
	} else {
		page_section(p, w->h_summary, p->n->summary[p->n->lang]);
		products(p, a, w);
		found(p, a, w);
		devices(p, a, w);
		assets(p, a, w);
		unknown(p, a, w);
		page_section(p, w->h_advice, p->n->action[p->n->lang]);
		indicators(p, a, w);
	}
	page_link(p, w->h_details, p->n->url);
}

const char *
mail_advisory_subject(const struct notice *n)
{
	return both[n->lang].subject[n->advisory->step];
}
