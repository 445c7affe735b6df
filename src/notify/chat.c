/* SPDX-License-Identifier: Apache-2.0
 *
 * A message for a chat out of an event's card: Slack (blocks, as incoming webhooks take them) and Teams (an Adaptive Card, as
 * the webhook of a workflow takes it).  One language, the endpoint's.
 *
 * What is not ours cannot become markup.  Slack: such text only in plain_text objects, and & < > as entities, so that no
 * <!channel>, <@person> or <link|name> is read anywhere.  Teams: such text only in TextRuns, which know no markdown.  The
 * one link is our own address.  Slack takes at most 150 characters in a header, 3,000 in a text, 10 fields.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "codec/jsonw.h"
#include "notify/notify.h"

static const struct {
	const char *open, *severity[4], *mark[4], *style[4];
} words[NOTE_LANGS] = {
	[NOTE_JA] = { "ポータルで開く", { "緊急", "重大", "警告", "情報" }, { "■", "◆", "▲", "●" }, { "attention", "attention", "warning", "default" } },
	[NOTE_EN] = { "Open in the portal", { "Emergency", "Critical", "Warning", "Informational" }, { "■", "◆", "▲", "●" }, { "attention", "attention", "warning", "default" } },
};

/* At most max characters of s, & < > as entities when asked. */
static void
put_text(struct buf *out, const char *s, size_t max, bool entities)
{
	struct slice in = slice_str(s);
	struct buf b = { 0 };

	for (size_t n = 0; in.n != 0 && n < max; n++) {
		uint32_t c;
		size_t len = utf8_next(in, &c);

		if (entities && (c == '&' || c == '<' || c == '>'))
			buf_put_str(&b, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
		else
			buf_put(&b, in.p, len);
		in = slice_sub(in, len, in.n);
	}
	if (in.n != 0)
		buf_put_str(&b, "…");
	jsonw_string(out, buf_slice(&b));
	buf_fini(&b);
}

static void
headline(const struct notice *n, struct buf *out)
{
	if (n->severity >= 0)
		buf_printf(out, "%s %s: ", words[n->lang].mark[n->severity], words[n->lang].severity[n->severity]);
	buf_put_str(out, n->title[n->lang]);
}

/* ---- Slack ---- */

static void
slack_text(struct buf *out, const char *type, const char *s, size_t max)
{
	buf_printf(out, "{\"type\":\"%s\",\"text\":", type);
	put_text(out, s, max, true);
	buf_put_byte(out, '}');
}

static void
slack_facts(const struct notice *n, struct buf *out)
{
	buf_put_str(out, ",{\"type\":\"section\",\"fields\":[");
	for (int i = 0; i < n->facts_n; i++) {
		struct buf b = { 0 };

		buf_printf(&b, "%s: %s", n->facts[i].name[n->lang], n->facts[i].value[n->lang]);
		buf_put_str(out, i != 0 ? "," : "");
		slack_text(out, "plain_text", buf_cstr(&b), 300);
		buf_fini(&b);
	}
	buf_put_str(out, "]}");
}

void
chat_slack(const struct notice *n, struct buf *out)
{
	struct buf head = { 0 };

	headline(n, &head);
	buf_put_str(out, "{\"text\":"); /* what a notification shows */
	put_text(out, buf_cstr(&head), 150, true);
	buf_put_str(out, ",\"blocks\":[{\"type\":\"header\",\"text\":");
	slack_text(out, "plain_text", buf_cstr(&head), 140);
	buf_put_byte(out, '}');
	if (n->facts_n != 0)
		slack_facts(n, out);
	if (n->summary[n->lang][0] != '\0') {
		buf_put_str(out, ",{\"type\":\"section\",\"text\":");
		slack_text(out, "plain_text", n->summary[n->lang], 2500);
		buf_put_byte(out, '}');
	}
	if (n->url[0] != '\0') {
		struct buf b = { 0 };

		/* read_url let neither < > nor blanks in; | would end the address */
		buf_printf(&b, "<%.*s|%s>", (int)strcspn(n->url, "|"), n->url, words[n->lang].open);
		buf_put_str(out, ",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":");
		jsonw_string(out, buf_slice(&b));
		buf_put_str(out, "}}");
		buf_fini(&b);
	}
	buf_put_str(out, ",{\"type\":\"context\",\"elements\":[");
	slack_text(out, "plain_text", n->company[n->lang], 200);
	buf_put_str(out, "]}]}");
	buf_fini(&head);
}

/* ---- Teams ---- */

static void
teams_run(struct buf *out, const char *s, size_t max, const char *more)
{
	buf_put_str(out, "{\"type\":\"TextRun\",\"text\":");
	put_text(out, s, max, false);
	buf_put_str(out, more);
	buf_put_byte(out, '}');
}

static void
teams_block(struct buf *out, const char *spacing)
{
	buf_printf(out, ",{\"type\":\"RichTextBlock\",\"spacing\":\"%s\",\"inlines\":[", spacing);
}

void
chat_teams(const struct notice *n, struct buf *out)
{
	struct buf head = { 0 }, style = { 0 };

	headline(n, &head);
	buf_printf(&style, ",\"weight\":\"bolder\",\"size\":\"medium\",\"color\":\"%s\"", n->severity >= 0 ? words[n->lang].style[n->severity] : "default");
	buf_put_str(out, "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,\"content\":{"
	                 "\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\",\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":["
	                 "{\"type\":\"RichTextBlock\",\"inlines\":[");
	teams_run(out, buf_cstr(&head), 300, buf_cstr(&style));
	buf_put_str(out, "]}");
	for (int i = 0; i < n->facts_n; i++) {
		struct buf b = { 0 };

		buf_printf(&b, "%s: ", n->facts[i].name[n->lang]);
		teams_block(out, "small");
		teams_run(out, buf_cstr(&b), 100, ",\"weight\":\"bolder\"");
		buf_put_byte(out, ',');
		teams_run(out, n->facts[i].value[n->lang], 400, "");
		buf_put_str(out, "]}");
		buf_fini(&b);
	}
	if (n->summary[n->lang][0] != '\0') {
		teams_block(out, "medium");
		teams_run(out, n->summary[n->lang], 2500, "");
		buf_put_str(out, "]}");
	}
	teams_block(out, "medium");
	teams_run(out, n->company[n->lang], 200, ",\"isSubtle\":true,\"size\":\"small\"");
	buf_put_str(out, "]}]");
	if (n->url[0] != '\0') {
		buf_put_str(out, ",\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":");
		jsonw_string(out, slice_str(words[n->lang].open));
		buf_put_str(out, ",\"url\":");
		jsonw_string(out, slice_str(n->url));
		buf_put_str(out, "}]");
	}
	buf_put_str(out, "}}]}");
	buf_fini(&head);
	buf_fini(&style);
}
