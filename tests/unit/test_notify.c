/* SPDX-License-Identifier: Apache-2.0
 *
 * Mails: what is read, what is written (against tests/golden/mail, byte for byte), what cannot be injected.
 * NEZUBAN_GOLDEN=write writes the golden files anew; look at them before committing.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "notify/notify.h"
#include "sys/fd.h"

#ifndef GOLDEN
#define GOLDEN "tests/golden/mail"
#endif

static const char incident_ja[] =
        "{\"v\":1,\"job\":\"4711\",\"kind\":\"mail\",\"key\":\"AOBA-2026-0007/emergency/mail/odagiri\",\"tenant\":\"aoba\","
        "\"at\":\"2026-11-23T04:05:06.789Z\",\"notice\":\"incident\","
        "\"to\":{\"address\":\"odagiri@aoba.example\",\"name\":\"小田切 直人\",\"lang\":\"ja\"},\"zone\":\"Asia/Tokyo\","
        "\"company\":{\"ja\":\"青葉精機株式会社\",\"en\":\"Aoba Seiki\"},"
        "\"incident\":{\"id\":\"AOBA-2026-0007\",\"severity\":\"emergency\","
        "\"title\":{\"ja\":\"ファイルサーバーでランサムウェアの動き\",\"en\":\"Ransomware activity on a file server\"},"
        "\"summary\":{\"ja\":\"srv-file-01 で多数のファイルが短時間に書き換えられました。\\n復元用の控えも削除されました。\","
        "\"en\":\"Many files on srv-file-01 were rewritten within minutes.\\nShadow copies were deleted.\"},"
        "\"action\":{\"ja\":\"srv-file-01 を網から切り離してください。電源は切らないでください。\","
        "\"en\":\"Disconnect srv-file-01 from the network. Leave it powered on.\"},"
        "\"first_at\":\"2026-11-23T03:51:00Z\",\"decided_at\":\"2026-11-23T04:05:00Z\","
        "\"affected\":[\"srv-file-01\",\"10.1.2.3\"],\"url\":\"https://soc.example:8443/portal/incidents/AOBA-2026-0007\"},"
        "\"calling\":true,\"acknowledged\":{\"by\":\"小田切 直人\",\"at\":\"2026-11-23T04:07:30Z\",\"how\":\"phone\"},"
        "\"alarm\":{\"id\":\"call-late\",\"level\":\"alarm\",\"title\":{\"ja\":\"電話の期限が近づいています\",\"en\":\"The call clock runs out\"},"
        "\"text\":{\"ja\":\"AOBA-2026-0007 の確認が 6 分取れていません。\",\"en\":\"Nobody has acknowledged AOBA-2026-0007 for 6 minutes.\"}}}";

static int32_t
zone(const char *name, int64_t utc_s)
{
	(void)utc_s;
	return strcmp(name, "Asia/Tokyo") == 0 ? 9 * 3600 : 0;
}

static struct arena arena;

/* The good job with one part replaced. */
static struct notice
variant(const char *from, const char *to, int want)
{
	char job[4096], err[200];
	const char *at = strstr(incident_ja, from);
	struct notice n;

	assert_non_null(at);
	snprintf(job, sizeof job, "%.*s%s%s", (int)(at - incident_ja), incident_ja, to, at + strlen(from));
	assert_int_equal(notice_read(slice_str(job), &arena, &n, err), want);
	if (want != 0)
		assert_true(err[0] != '\0');
	return n;
}

static void
golden(const struct notice *n, const char *name)
{
	struct buf got = { 0 }, wanted = { 0 };
	char path[300];
	struct mail m;

	mail_render(n, "soc.example", zone, NULL, &m);
	buf_printf(&got, "%s\n%s\n%s\n----\n%s----\n%s", m.message_id, m.date, buf_cstr(&m.subject), buf_cstr(&m.text), buf_cstr(&m.html));
	snprintf(path, sizeof path, "%s/%s.txt", GOLDEN, name);
	if (getenv("NEZUBAN_GOLDEN") != NULL)
		assert_int_equal(file_write_atomic(path, buf_slice(&got), 0644), 0);
	assert_int_equal(file_read(path, &wanted, 1 << 20), 0);
	assert_string_equal(buf_cstr(&got), buf_cstr(&wanted));
	buf_fini(&got);
	buf_fini(&wanted);
	mail_fini(&m);
}

/* As the desk writes it when the alarm is nobody's: the service's own. */
static void
test_alarm_of_the_service(void **state)
{
	static const char job[] = "{\"v\":1,\"job\":\"1\",\"kind\":\"mail\",\"key\":\"alarm/x\",\"tenant\":\"\",\"at\":\"2026-11-23T04:05:06.789Z\",\"notice\":\"alarm\","
	                          "\"to\":{\"address\":\"duty@soc.example\",\"name\":\"SOC\",\"lang\":\"en\"},\"company\":{\"ja\":\"Nezuban\",\"en\":\"Nezuban\"},\"alarm\":{\"id\":\"handover_late\","
	                          "\"level\":\"alarm\",\"title\":{\"ja\":\"あ\",\"en\":\"H-1 was not accepted\"},\"text\":{\"ja\":\"あ\",\"en\":\"H-1 was not accepted\\nLead on duty: A. Bell\"}}}";
	struct notice n;
	struct mail m;
	char err[200];

	(void)state;
	if (notice_read(slice_str(job), &arena, &n, err) != 0)
		fail_msg("%s", err);
	mail_render(&n, "soc.example", zone, NULL, &m);
	assert_string_equal(buf_cstr(&m.subject), "[SOC alarm] handover_late Nezuban");
	assert_non_null(strstr(buf_cstr(&m.text), "Lead on duty: A. Bell"));
	mail_fini(&m);
	variant("\"tenant\":\"aoba\"", "\"tenant\":\"\"", E_RANGE); /* an incident is somebody's */
}

static void
test_golden_mails(void **state)
{
	struct notice n = variant("\"v\":1", "\"v\":1", 0);

	(void)state;
	golden(&n, "incident-ja");
	n = variant("\"lang\":\"ja\"", "\"lang\":\"en\"", 0);
	golden(&n, "incident-en");
	n = variant("\"notice\":\"incident\"", "\"notice\":\"acknowledged\"", 0);
	golden(&n, "acknowledged-ja");
	n.lang = NOTE_EN;
	golden(&n, "acknowledged-en");
	n = variant("\"notice\":\"incident\"", "\"notice\":\"alarm\"", 0);
	golden(&n, "alarm-ja");
	n.lang = NOTE_EN;
	golden(&n, "alarm-en");

	n = variant("\"notice\":\"incident\",", "\"notice\":\"digest\",\"url\":\"https://soc.example:8443/portal/incidents\",\"more\":3,\"items\":["
	            "{\"id\":\"AOBA-2026-0005\",\"severity\":\"warning\",\"title\":{\"ja\":\"<b>探索</b>\\n番号: 偽\",\"en\":\"Scan\"},\"decided_at\":\"2026-11-23T01:00:00Z\"},"
	            "{\"id\":\"AOBA-2026-0006\",\"severity\":\"informational\",\"title\":{\"ja\":\"情報\",\"en\":\"Info\"},\"decided_at\":\"2026-11-23T02:00:00Z\"}],", 0);
	golden(&n, "digest-ja");
	n.lang = NOTE_EN;
	golden(&n, "digest-en");
}

/* An advisory as the desk writes it: step and language by hand. */
static const char advisory_job[] =
        "{\"v\":1,\"job\":\"12\",\"kind\":\"mail\",\"key\":\"A-3/odagiri\",\"tenant\":\"aoba\",\"at\":\"2026-11-23T04:05:06.789Z\",\"notice\":\"advisory\",\"to\":{\"address\":\"odagiri@aoba.example\","
        "\"name\":\"小田切 直人\",\"lang\":\"%s\"},\"zone\":\"Asia/Tokyo\",\"company\":{\"ja\":\"青葉精機株式会社\",\"en\":\"Aoba Seiki\"},\"advisory\":{\"id\":\"A-3\",\"what\":\"%s\",\"severity\":\"critical\",\"days\":92,"
        "\"title\":{\"ja\":\"更新サーバーを装う C2\",\"en\":\"Command and control that looks like updates\"},\"summary\":{\"ja\":\"観測されています。\",\"en\":\"It is being seen.\"},"
        "\"action\":{\"ja\":\"宛先を遮断してください。\",\"en\":\"Please block the name.\"},\"reason\":{\"ja\":\"指標が誤りでした。\",\"en\":\"The indicators were wrong.\"},"
        "\"products\":[\"apache httpd 2.4.49\",\"fortinet\"],\"cves\":[\"CVE-2021-41773\"],\"indicators\":[{\"kind\":\"ip\",\"value\":\"203.0.113.199\"},{\"kind\":\"ip\",\"value\":\"2001:db8::7\"},"
        "{\"kind\":\"net\",\"value\":\"198.51.100.0/24\"},{\"kind\":\"domain\",\"value\":\"cdn-telemetry-sync.example\"},{\"kind\":\"url\",\"value\":\"https://evil.example:8443/a.exe?http\"},{\"kind\":\"hash\",\"value\":\"d41d8cd98f00b204e9800998ecf8427e\"}],"
        "\"seen\":60,\"found\":[{\"device\":\"zeek1\",\"count\":59,\"last\":\"2026-11-22T15:00:00.000Z\"},{\"device\":\"proxy1\",\"count\":1,\"last\":\"2026-11-23T01:02:03.000Z\"}],\"found_devices\":5,"
        "\"affected\":[\"AOB-FW-01\"],\"affected_total\":1,\"maybe\":[\"AOB-ML-01\"],\"maybe_total\":1,\"assets\":[{\"name\":\"harbor-web1\",\"where\":[\"10.20.30.20\",\"harbor-web1\"],\"cves\":[\"CVE-2021-41773\"],\"products\":[]},"
        "{\"name\":\"Apache front\",\"where\":[],\"cves\":[],\"products\":[\"apache httpd 2.4.49\"]}],\"assets_total\":2,\"unknown\":[\"Vendor Thing 1.0\"],\"url\":\"https://soc.example:8443/portal/advisories/A-3\"}}";

static void
golden_advisory(const char *lang, const char *step)
{
	char job[8192], err[200], name[40];
	struct notice n;

	snprintf(job, sizeof job, advisory_job, lang, step);
	if (notice_read(slice_str(job), &arena, &n, err) != 0)
		fail_msg("%s", err);
	snprintf(name, sizeof name, "advisory-%s-%s", step, lang);
	golden(&n, name);
}

static void
test_advisories(void **state)
{
	static const char old[] = "{\"v\":1,\"job\":\"12\",\"kind\":\"mail\",\"key\":\"k\",\"tenant\":\"aoba\",\"at\":\"2026-11-23T04:05:06Z\",\"notice\":\"advisory\",\"to\":{\"address\":\"a@aoba.example\",\"lang\":\"en\"},"
	                          "\"company\":{\"en\":\"Aoba\"},\"advisory\":{\"id\":\"A-1\",\"severity\":\"warning\",\"title\":{\"en\":\"T\"},\"summary\":{\"en\":\"S\"},\"affected\":[\"fw\"]}}";
	struct notice n;
	struct mail m;
	char err[200];

	(void)state;
	golden_advisory("ja", "sent");
	golden_advisory("en", "sent");
	golden_advisory("ja", "found");
	golden_advisory("en", "found");
	golden_advisory("ja", "withdrawn");
	golden_advisory("en", "withdrawn");
	/* one that waits in the outbox since before it said all that */
	assert_int_equal(notice_read(slice_str(old), &arena, &n, err), 0);
	mail_render(&n, "soc.example", zone, NULL, &m);
	assert_string_equal(buf_cstr(&m.subject), "[Advisory, Warning] A-1 (Aoba)");
	assert_non_null(strstr(buf_cstr(&m.text), "still being counted"));
	mail_fini(&m);
}

static void
test_a_repeat_is_the_same_mail(void **state)
{
	struct notice a = variant("\"job\":\"4711\"", "\"job\":\"1\"", 0), b = variant("\"job\":\"4711\"", "\"job\":\"2\"", 0);
	struct notice c = variant("mail/odagiri", "mail/other", 0);
	char x[128], y[128], z[128];

	(void)state;
	notice_message_id(&a, "d.example", x);
	notice_message_id(&b, "d.example", y);
	notice_message_id(&c, "d.example", z);
	assert_string_equal(x, y);
	assert_string_not_equal(x, z);
}

static void
test_bad_jobs(void **state)
{
	static const struct { const char *from, *to; int want; } rows[] = {
		{ "odagiri@aoba.example", "a@b\\r\\nBcc: x@y", E_RANGE }, { "odagiri@aoba.example", "a b@c", E_RANGE },
		{ "odagiri@aoba.example", "<a@b>", E_RANGE }, { "odagiri@aoba.example", "nobody", E_RANGE },
		{ "odagiri@aoba.example", "あ@b", E_RANGE }, { "odagiri@aoba.example", "a@b@c", E_RANGE },
		{ "AOBA-2026-0007\",\"sev", "AOBA\\r\\nX: y\",\"sev", E_RANGE }, { "小田切 直人\",\"lang", "a\\nb\",\"lang", E_RANGE },
		{ "\"notice\":\"incident\"", "\"notice\":\"spam\"", E_RANGE }, { "\"notice\":\"incident\"", "\"notice\":7", E_SYNTAX },
		{ "\"notice\":\"incident\"", "\"notice\":\"digest\"", E_RANGE }, { "\"notice\":\"incident\"", "\"notice\":\"digest\",\"items\":[]", E_RANGE },
		{ "\"notice\":\"incident\"", "\"notice\":\"digest\",\"items\":[{\"id\":\"X\"}]", E_SYNTAX },
		{ "https://soc", "javascript://soc", E_RANGE }, { "https://soc", "https://\\\"soc", E_RANGE },
		{ "2026-11-23T04:05:06.789Z", "yesterday", E_SYNTAX }, { "\"severity\":\"emergency\"", "\"severity\":\"x\"", E_RANGE },
		{ "\"kind\":\"mail\"", "\"kind\":\"fax\"", E_RANGE },
	};
	struct notice n;
	char err[200];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		variant(rows[i].from, rows[i].to, rows[i].want);
	assert_int_equal(notice_read(SL("{"), &arena, &n, err), E_SYNTAX);
	assert_int_equal(notice_read(SL("{\"job\":\"9\"}"), &arena, &n, err), E_SYNTAX);
	assert_string_equal(n.job, "9");
}

static void
test_hostile_text_is_inert(void **state)
{
	struct notice n = variant("Ransomware activity on a file server", "<script>alert(1)</script>\\n-- \\nSubject: x", 0);
	struct mail m;

	(void)state;
	n.lang = NOTE_EN;
	n.affected[0] = "\"><img src=x onerror=alert(1)>";
	mail_render(&n, "soc.example", zone, NULL, &m);
	assert_null(strstr(buf_cstr(&m.html), "<script"));
	assert_null(strstr(buf_cstr(&m.html), "<img"));
	assert_null(strstr(buf_cstr(&m.subject), "script"));
	assert_null(strstr(buf_cstr(&m.subject), "\n"));
	assert_non_null(strstr(buf_cstr(&m.text), "Title: <script>alert(1)</script> --  Subject: x\n"));
	mail_fini(&m);
}

static const char *
encoded(struct slice s, bool quote)
{
	static struct buf b;

	buf_clear(&b);
	mail_header_text(&b, s, quote);
	return buf_cstr(&b);
}

static void
test_header_texts(void **state)
{
	const char *e;

	(void)state;
	assert_string_equal(encoded(SL("plain"), false), "plain");
	assert_string_equal(encoded(SL("O\"Neil"), true), "\"O\\\"Neil\"");
	assert_string_equal(encoded(SL("緊急"), false), "=?UTF-8?B?57eK5oCl?=");
	/* What looks like an encoded word is not taken for one. */
	assert_string_equal(encoded(SL("=?x"), false), "=?UTF-8?B?PT94?=");
	assert_string_equal(encoded(SL("a\r\nBcc: b"), false), "=?UTF-8?B?YSAgQmNjOiBi?=");
	e = encoded(SL("【緊急】インシデント AOBA-2026-0007（青葉精機株式会社）長い件名は折り返されます"), false);
	for (const char *line = e; line != NULL; line = strstr(line + 1, "\r\n ")) {
		const char *next = strstr(line + 1, "\r\n ");

		assert_true((next != NULL ? (size_t)(next - line) : strlen(line)) <= 78);
	}
	assert_non_null(strstr(e, "?=\r\n =?UTF-8?B?"));
}

static void
test_names_of_files(void **state)
{
	static const struct { const char *name, *want; } rows[] = {
		{ "report 1.pdf", "attachment;\r\n filename=\"report 1.pdf\"" },
		{ "図面.pdf", "attachment;\r\n filename*0*=UTF-8''%E5%9B%B3%E9%9D%A2.pdf" },
		{ "a\"b;c.txt", "attachment;\r\n filename*0*=UTF-8''a%22b%3Bc.txt" },
		{ "x\r\nBcc: a@b", "attachment;\r\n filename*0*=UTF-8''x__Bcc%3A%20a%40b" },
	};
	struct buf b = { 0 };
	char name[256];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_clear(&b);
		mail_disposition(&b, slice_str(rows[i].name));
		assert_string_equal(buf_cstr(&b), rows[i].want);
	}
	/* long ones in pieces of whole characters, no line too long */
	for (int i = 0; i < 60; i++)
		memcpy(name + i * 3, "図", 4);
	buf_clear(&b);
	mail_disposition(&b, slice_str(name));
	assert_non_null(strstr(buf_cstr(&b), "%E5%9B%B3;\r\n filename*1*=%E5%9B%B3"));
	assert_non_null(strstr(buf_cstr(&b), "filename*9*="));
	for (char *line = strtok(b.p, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 78);
	buf_fini(&b);
	assert_string_equal(mail_file_type("a.PDF"), "application/pdf");
	assert_string_equal(mail_file_type("a.pdf.html"), "application/octet-stream");
	assert_string_equal(mail_file_type("a.svg"), "application/octet-stream");
	assert_string_equal(mail_file_type("pdf"), "application/octet-stream");
}

static void
test_webhook(void **state)
{
	struct buf b = { 0 };
	struct notice n = variant("\"kind\":\"mail\"", "\"kind\":\"webhook\",\"hook\":{\"url\":\"https://x.example/\",\"secret\":\"aoba\"}", 0);

	(void)state;
	hook_sign(SL("key"), 1795464502, SL("{}"), &b);
	/* printf '1795464502.{}' | openssl dgst -sha256 -hmac key */
	assert_string_equal(buf_cstr(&b), "t=1795464502,v1=" "2a6ff2118cb451e8cee1340a0790215c38a10f715f6fde1141ad6452920a031c");
	buf_clear(&b);
	hook_body(&n, "soc.example", &b);
	assert_non_null(strstr(buf_cstr(&b), "\"notice\":\"incident\",\"tenant\":\"aoba\",\"at\":\"2026-11-23T04:05:06.789Z\","
	                                     "\"incident\":{\"id\":\"AOBA-2026-0007\",\"severity\":\"emergency\""));
	buf_fini(&b);
}

/* A job for an endpoint whose every text was written by an enemy. */
static const char event_job[] =
        "{\"v\":1,\"job\":\"88\",\"kind\":\"webhook\",\"key\":\"incident.opened/7/e\",\"tenant\":\"aoba\",\"at\":\"2026-11-23T04:05:06.789Z\",\"notice\":\"event\","
        "\"event\":\"incident.opened\",\"seq\":7,\"hook\":{\"endpoint\":\"e\",\"format\":\"FORMAT\",\"lang\":\"en\",\"url\":\"https://x.example/\",\"keys\":[\"new\",\"old\"]},"
        "\"company\":{\"ja\":\"青葉\",\"en\":\"Aoba <!here>\"},\"data\":{\"incident\":{\"id\":\"AOBA-2026-0007\"}},"
        "\"card\":{\"title\":{\"ja\":\"件\",\"en\":\"An incident was confirmed\"},\"severity\":\"critical\",\"url\":\"https://soc.example/portal/incidents/AOBA-2026-0007\","
        "\"text\":{\"ja\":\"x\",\"en\":\"<!channel> <https://evil.example|click> *bold* _i_ `c` [a](https://evil.example) **b**\"},"
        "\"facts\":[{\"name\":{\"ja\":\"件名\",\"en\":\"Title\"},\"value\":{\"ja\":\"y\",\"en\":\"<@U123> & [x](javascript:alert(1))\"}}]}}";

static json_t *
event_as(const char *format)
{
	struct buf job = { 0 }, out = { 0 };
	const char *at = strstr(event_job, "FORMAT");
	struct notice n;
	char err[200];
	json_t *o;

	buf_printf(&job, "%.*s%s%s", (int)(at - event_job), event_job, format, at + 6);
	if (notice_read(buf_slice(&job), &arena, &n, err) != 0)
		fail_msg("%s", err);
	hook_body(&n, "soc.example", &out);
	o = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	buf_fini(&job);
	buf_fini(&out);
	return o;
}

/* Every string of the kind `key` inside objects whose "type" is `type`. */
static void
walk(const json_t *o, void (*look)(const char *type, const char *text))
{
	const json_t *v;
	const char *key;
	size_t i;

	if (json_is_object(o) && json_is_string(json_object_get(o, "text")))
		look(json_string_value(json_object_get(o, "type")) != NULL ? json_string_value(json_object_get(o, "type")) : "", json_string_value(json_object_get(o, "text")));
	json_object_foreach((json_t *)o, key, v)
		walk(v, look);
	json_array_foreach(o, i, v)
		walk(v, look);
}

static int texts_seen;

static void
slack_is_inert(const char *type, const char *text)
{
	texts_seen++;
	if (strcmp(type, "mrkdwn") == 0) {
		assert_string_equal(text, "<https://soc.example/portal/incidents/AOBA-2026-0007|Open in the portal>");
		return;
	}
	assert_true(strcmp(type, "plain_text") == 0 || strcmp(type, "") == 0);
	assert_null(strpbrk(text, "<>"));
	if (strcmp(type, "") == 0) /* mrkdwn by default: nothing of others in it */
		assert_string_equal(text, "◆ Critical: An incident was confirmed");
}

static void
teams_is_inert(const char *type, const char *text)
{
	texts_seen++;
	(void)text;
	assert_string_equal(type, "TextRun"); /* knows no markdown */
}

static void
test_chats_are_inert(void **state)
{
	json_t *o = event_as("slack"), *card;

	(void)state;
	texts_seen = 0;
	walk(o, slack_is_inert);
	assert_int_equal(texts_seen, 6);
	assert_null(json_object_get(o, "id"));
	json_decref(o);
	o = event_as("teams");
	texts_seen = 0;
	walk(o, teams_is_inert);
	assert_int_equal(texts_seen, 5);
	card = json_object_get(json_array_get(json_object_get(o, "attachments"), 0), "content");
	assert_string_equal(json_string_value(json_object_get(card, "type")), "AdaptiveCard");
	assert_int_equal(json_array_size(json_object_get(card, "actions")), 1);
	json_decref(o);
	o = event_as("json");
	assert_string_equal(json_string_value(json_object_get(o, "event")), "incident.opened");
	assert_int_equal(strncmp(json_string_value(json_object_get(o, "id")), "evt_", 4), 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json_object_get(o, "data"), "incident"), "id")), "AOBA-2026-0007");
	json_decref(o);
}

static void
test_two_secrets_sign(void **state)
{
	struct buf b = { 0 };

	(void)state;
	hook_sign(SL("new"), 5, SL("{}"), &b);
	hook_sign(SL("old"), 5, SL("{}"), &b);
	assert_int_equal(b.n, 3 + 2 * (4 + 64));
	assert_int_equal(strncmp(buf_cstr(&b), "t=5,v1=", 7), 0);
	assert_int_equal(strncmp(buf_cstr(&b) + 3 + 68, ",v1=", 4), 0);
	buf_fini(&b);
}

static void
test_where_webhooks_may_go(void **state)
{
	static const struct {
		const char *to;
		bool may;
	} v[] = {
		{ "93.184.216.34", true }, { "2606:2800:220:1::1", true }, { "127.0.0.1", false }, { "127.9.9.9", false }, { "::1", false }, { "10.1.2.3", false }, { "172.16.0.1", false },
		{ "172.32.0.1", true }, { "192.168.1.1", false }, { "169.254.169.254", false }, { "100.64.0.1", false }, { "0.0.0.0", false }, { "224.0.0.1", false }, { "255.255.255.255", false },
		{ "::ffff:10.0.0.1", false }, { "::", false }, { "fe80::1", false }, { "fd00::1", false }, { "64:ff9b::a00:1", false }, { "2002:a00:1::1", false }, { "::10.0.0.1", false },
		{ "10.20.3.4", true }, /* webhook.allow */
	};
	struct post_conf c = { .allow_n = 1 };
	struct sockaddr_in lo = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in out = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x5db8d822) };

	(void)state;
	assert_true(ip_parse_cidr(SL("10.20.0.0/16"), &c.allow[0].net, &c.allow[0].bits));
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
		struct sockaddr_in four = { .sin_family = AF_INET };
		bool is4 = strchr(v[i].to, ':') == NULL;

		assert_int_equal(inet_pton(is4 ? AF_INET : AF_INET6, v[i].to, is4 ? (void *)&four.sin_addr : (void *)&six.sin6_addr), 1);
		if (guard_allows(&c, "https://x.example/", is4 ? (struct sockaddr *)&four : (struct sockaddr *)&six) != v[i].may)
			fail_msg("%s", v[i].to);
	}
	assert_false(guard_allows(&c, "http://x.example/", (struct sockaddr *)&out));
	c.hook_plain = true; /* trials: this machine, and plain only there */
	assert_true(guard_allows(&c, "http://x.example/", (struct sockaddr *)&lo));
	assert_false(guard_allows(&c, "http://127.0.0.1.evil.example/", (struct sockaddr *)&out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_mails), cmocka_unit_test(test_advisories),
		cmocka_unit_test(test_alarm_of_the_service), cmocka_unit_test(test_a_repeat_is_the_same_mail), cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_hostile_text_is_inert), cmocka_unit_test(test_header_texts), cmocka_unit_test(test_names_of_files), cmocka_unit_test(test_webhook),
		cmocka_unit_test(test_chats_are_inert), cmocka_unit_test(test_two_secrets_sign), cmocka_unit_test(test_where_webhooks_may_go),
	};
	int r;

	arena_init(&arena, 0, 0);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return r;
}
