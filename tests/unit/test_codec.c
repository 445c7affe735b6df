/* SPDX-License-Identifier: Apache-2.0
 *
 * The codecs of log lines: good input, bad input, and how the work grows.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/csv.h"
#include "codec/ip.h"
#include "codec/json.h"
#include "codec/kv.h"
#include "codec/pattern.h"
#include "codec/syslog.h"
#include "codec/timefmt.h"
#include "codec/url.h"
#include "codec/xml.h"
#include "unit.h"

static struct arena arena;

#define NOW (1795392000 * NS_PER_S) /* 2026-11-23 */

static void
time_is(const char *text, const char *format, const char *want)
{
	struct timefmt_context c = { .zone = zone_open(SL("Asia/Tokyo")), .now_ns = NOW };
	char got[40];
	int64_t ns;

	assert_int_equal(timefmt_parse((enum timefmt)timefmt_find(slice_str(format)), slice_str(text), &c, &ns), 0);
	got[time_format_rfc3339(got, ns, 3)] = '\0';
	assert_string_equal(got, want);
}

static void
times(void **state)
{
	struct timefmt_context c = { .now_ns = NOW };
	int64_t ns;

	(void)state;
	time_is("2026-11-23T04:05:06.789Z", "rfc3339", "2026-11-23T04:05:06.789Z");
	time_is("2026-11-23 04:05:06,789 +0100", "auto", "2026-11-23T03:05:06.789Z");
	time_is("2026-11-23 09:00:00", "auto", "2026-11-23T00:00:00.000Z");
	time_is("Nov 23 09:00:00", "syslog", "2026-11-23T00:00:00.000Z");
	time_is("Dec 31 23:59:59", "syslog", "2026-12-31T14:59:59.000Z"); /* nearest year to now */
	time_is("Jan  2 09:00:00", "syslog", "2027-01-02T00:00:00.000Z");
	time_is("Mar  1 2020 09:00:00", "syslog", "2020-03-01T00:00:00.000Z");
	time_is("2026/11/23 09:00:00", "slash", "2026-11-23T00:00:00.000Z");
	time_is("23/Nov/2026:09:00:00 +0000", "clf", "2026-11-23T09:00:00.000Z");
	time_is("1795392000.123", "epoch", "2026-11-23T00:00:00.123Z");
	time_is("1795392000123", "epoch", "2026-11-23T00:00:00.123Z");
	time_is("1795392000123456789", "epoch", "2026-11-23T00:00:00.123Z");
	time_is("11/23/2026 1:02:03 PM", "us", "2026-11-23T04:02:03.000Z");
	assert_int_equal(timefmt_parse(TF_RFC3339, SL("2026-13-23T04:05:06Z"), &c, &ns), E_RANGE);
	assert_int_equal(timefmt_parse(TF_RFC3339, SL("2026-02-29T04:05:06Z"), &c, &ns), E_RANGE);
	assert_int_equal(timefmt_parse(TF_RFC3339, SL("2024-02-29T04:05:06Z"), &c, &ns), 0);
	assert_int_equal(timefmt_parse(TF_CLF, SL("31/Apr/2026:09:00:00 +0000"), &c, &ns), E_RANGE);
	assert_int_equal(timefmt_parse(TF_SLASH, SL("2026/11/23 24:00:01"), &c, &ns), E_RANGE);
	assert_int_equal(timefmt_parse(TF_SLASH, SL("2026/11/23 24:00:00"), &c, &ns), 0);
	assert_int_equal(timefmt_parse(TF_RFC3339, SL("2026-11-23T04:05"), &c, &ns), 0);
	assert_int_equal(timefmt_parse(TF_RFC3339, SL("2026-11-23T04:05:06Zebra"), &c, &ns), E_SYNTAX);
	assert_int_equal(timefmt_parse(TF_AUTO, SL(""), &c, &ns), E_SYNTAX);
	assert_int_equal(timefmt_parse(TF_EPOCH, SL("99999999999999999999999"), &c, &ns), E_SYNTAX);
}

static void
zones(void **state)
{
	const struct zone *london = zone_open(SL("Europe/London"));

	(void)state;
	assert_non_null(london);
	assert_int_equal(zone_offset_utc(london, 1795392000), 0);          /* November */
	assert_int_equal(zone_offset_utc(london, 1782864000), 3600);       /* July */
	assert_int_equal(zone_offset_local(london, 1774747800), 3600);     /* 01:30 on the night it is skipped, 2026-03-29 */
	assert_ptr_equal(zone_open(SL("Europe/London")), london);
	assert_null(zone_open(SL("../../etc/passwd")));
	assert_null(zone_open(SL("Nowhere/Land")));
	assert_int_equal(zone_offset_utc(zone_open(SL("+09:30")), 0), 34200);
}

static void
key_value(void **state)
{
	struct kv_iter it;
	struct kv_pair p;

	(void)state;
	kv_init(&it, SL("a=1 bare b=\"x \\\"y\\\" z\" c= d=\"torn"));
	assert_true(kv_skip(&it) && kv_key(&it, &p.key));
	kv_value(&it, &p);
	assert_slice(p.value, "1");
	assert_true(kv_skip(&it));
	assert_false(kv_key(&it, &p.key));
	assert_int_equal(it.bare, 1);
	assert_true(kv_skip(&it) && kv_key(&it, &p.key));
	kv_value(&it, &p);
	assert_true(p.escaped);
	assert_slice(kv_unescape(&arena, p.value), "x \"y\" z");
	assert_true(kv_skip(&it) && kv_key(&it, &p.key));
	kv_value(&it, &p);
	assert_int_equal(p.value.n, 0);
	assert_true(kv_skip(&it) && kv_key(&it, &p.key));
	kv_value(&it, &p);
	assert_slice(p.value, "torn");
	assert_true(it.torn);
}

static void
separated(void **state)
{
	struct slice c[8];

	(void)state;
	assert_int_equal(csv_split(SL("a,,\"b, \"\"c\"\"\",d"), ',', true, &arena, c, 8), 4);
	assert_slice(c[0], "a");
	assert_int_equal(c[1].n, 0);
	assert_slice(c[2], "b, \"c\"");
	assert_slice(c[3], "d");
	assert_int_equal(csv_split(SL("a,b,c,d,e,f,g,h,i,j"), ',', true, &arena, c, 8), 10);
	assert_int_equal(csv_split(SL("\"never closed, x"), ',', true, &arena, c, 8), 1);
	assert_int_equal(csv_split(SL(""), ',', true, &arena, c, 8), 0);
	assert_int_equal(csv_split(SL("x,"), ',', true, &arena, c, 8), 2);
}

static void
collect(void *ctx, struct slice path, enum json_kind kind, struct slice text, bool copied)
{
	struct buf *out = ctx;

	(void)copied;
	buf_printf(out, SL_FMT "%c" SL_FMT ";", SL_ARG(path), "sidbn"[kind], SL_ARG(text));
}

/* What an enemy may have in a name does not hide the rest of the line. */
static void
json_mends_what_a_name_can_break(void **state)
{
	static const struct {
		const char *text, *value;
	} tries[] = {
		{ "{\"a\":\"x\\ud800y\",\"b\":1}", "x\xef\xbf\xbdy" },       { "{\"a\":\"\\uDFFF\\uD800\",\"b\":1}", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "{\"a\":\"\\ud83d\\ude00\",\"b\":1}", "\xf0\x9f\x98\x80" }, { "{\"a\":\"\\\\ud800\",\"b\":1}", "\\ud800" },
		{ "{\"a\":\"\\\\\\ud800\",\"b\":1}", "\\\xef\xbf\xbd" },     { "{\"a\":\"\\ud800\\u0041\",\"b\":1}", "\xef\xbf\xbd" "A" },
		{ "{\"a\":\"x\x1b[2Jy\",\"b\":1}", "x\x1b[2Jy" },            { "{\"a\":\"x\ty\",\t\"b\":1}", "x\ty" },
	};
	struct json_reader *r = json_reader_new();
	auto_buf struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		auto_free char *want = x_asprintf("as%s;bi1;", tries[i].value);

		buf_clear(&out);
		assert_int_equal(json_flatten(r, slice_str(tries[i].text), collect, &out), 0);
		assert_string_equal(buf_cstr(&out), want);
		assert_int_equal(json_was_mended(r), i != 2 && i != 3);
	}
	assert_int_equal(json_flatten(r, SL("{\"a\":\"\\ud80\"}"), collect, &out), E_SYNTAX);
	json_reader_free(r);
}

static void
json(void **state)
{
	struct json_reader *r = json_reader_new();
	auto_buf struct buf out = { 0 }, deep = { 0 };

	(void)state;
	assert_int_equal(json_flatten(r, SL("{\"a\":{\"b\":-1,\"c\":[true,\"x\\ny\",1.5]},\"d\":null,\"\\u0065\":\"\"}"), collect, &out), 0);
	assert_string_equal(buf_cstr(&out), "a.bi-1;a.cbtrue;a.csx\ny;a.cd1.5;dnnull;es;");
	assert_int_equal(json_flatten(r, SL("{\"a\":1,}"), collect, &out), E_SYNTAX);
	assert_int_equal(json_flatten(r, SL("{\"a\":1} x"), collect, &out), E_SYNTAX);
	assert_int_equal(json_flatten(r, SL("[1]"), collect, &out), E_SYNTAX);
	assert_int_equal(json_flatten(r, SL(""), collect, &out), E_SYNTAX);
	assert_int_equal(json_flatten(r, SL("{\"a\":01x}"), collect, &out), E_SYNTAX);
	assert_int_equal(json_flatten(r, SL("{\"a\":\"\xff\"}"), collect, &out), E_CORRUPT);
	for (int i = 0; i < 200000; i++)
		buf_put_str(&deep, "{\"a\":");
	assert_true(json_flatten(r, buf_slice(&deep), collect, &out) < 0);
	for (int i = 0; i < 200000; i++)
		buf_put_byte(&deep, '}');
	assert_true(json_flatten(r, slice_sub(buf_slice(&deep), 0, 1u << 20), collect, &out) < 0);
	buf_clear(&deep);
	buf_put_str(&deep, "{\"a\":[");
	for (int i = 0; i < 70; i++)
		buf_put_byte(&deep, '[');
	for (int i = 0; i < 70; i++)
		buf_put_byte(&deep, ']');
	buf_put_str(&deep, "]}");
	assert_int_equal(json_flatten(r, buf_slice(&deep), collect, &out), E_DEPTH);
	buf_clear(&deep);
	buf_put_byte(&deep, '{');
	for (int i = 0; i < 5000; i++)
		buf_printf(&deep, "%s\"k%d\":1", i != 0 ? "," : "", i);
	buf_put_byte(&deep, '}');
	assert_int_equal(json_flatten(r, buf_slice(&deep), collect, &out), E_LIMIT);
	json_reader_free(r);
}

static void
collect_xml(void *ctx, struct slice path, struct slice text)
{
	buf_printf(ctx, SL_FMT "=" SL_FMT ";", SL_ARG(path), SL_ARG(text));
}

static void
xml(void **state)
{
	auto_buf struct buf out = { 0 }, deep = { 0 };

	(void)state;
	assert_int_equal(xml_flatten(SL("<?xml version='1.0'?><Event xmlns='x'><System><P Name='a&amp;b'/><ID>7</ID></System>"
	                                "<EventData><Data Name='X'>&#x41;&lt;</Data><Data>u</Data><Data Name='E'/></EventData></Event>\n"),
	                             &arena, collect_xml, &out), 0);
	assert_string_equal(buf_cstr(&out), "System.P.Name=a&b;System.ID=7;EventData.X=A<;EventData.param1=u;EventData.E=;");
	assert_int_equal(xml_flatten(SL("<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"), &arena, collect_xml, &out), E_UNSUPPORTED);
	assert_int_equal(xml_flatten(SL("<a><b></a></b>"), &arena, collect_xml, &out), E_SYNTAX);
	assert_int_equal(xml_flatten(SL("<a><b>&nope;</b></a>"), &arena, collect_xml, &out), E_SYNTAX);
	assert_int_equal(xml_flatten(SL("<a"), &arena, collect_xml, &out), E_SYNTAX);
	assert_int_equal(xml_flatten(SL("<a/><b/>"), &arena, collect_xml, &out), E_SYNTAX);
	for (int i = 0; i < 200000; i++)
		buf_put_str(&deep, "<a>");
	assert_int_equal(xml_flatten(buf_slice(&deep), &arena, collect_xml, &out), E_DEPTH);
}

static struct pattern *
compiled(const char *text)
{
	struct pattern *p;
	const char *why;
	size_t at;

	assert_int_equal(pattern_compile(slice_str(text), &arena, &p, &at, &why), 0);
	return p;
}

static void
patterns(void **state)
{
	struct slice c[PATTERN_CAPTURES_MAX];
	struct pattern *p = compiled("Accepted {how:word} for {user} from {ip:ip} port {port:int}[ ssh2][: {sig:rest}]");
	const char *why;
	size_t at;

	(void)state;
	assert_true(pattern_match(p, SL("Accepted  publickey for a b from ::1 port 22 ssh2: RSA x"), c));
	assert_slice(c[1], "a b");
	assert_slice(c[2], "::1");
	assert_slice(c[4], "RSA x");
	assert_true(pattern_match(p, SL("Accepted x for u from 10.0.0.1 port 22"), c));
	assert_null(c[4].p);
	assert_false(pattern_match(p, SL("Accepted x for u from 10.0.0.1 port abc"), c));
	assert_false(pattern_match(p, SL("Accepted x for u from 10.0.0.1 port 22 trailing"), c));
	assert_slice(pattern_prefix(p), "Accepted ");
	p = compiled("[[{a}]] {b:last}:{c:int}");
	assert_true(pattern_match(p, SL("[x y] a:b:9"), c));
	assert_slice(c[1], "a:b");
	p = compiled("\"{a:quoted}\" x");
	assert_true(pattern_match(p, SL("\"p \\\" q\" x"), c));
	assert_slice(c[0], "p \\\" q");
	assert_int_equal(pattern_compile(SL("ab {x"), &arena, &p, &at, &why), E_SYNTAX);
	assert_int_equal(at, 3);
	assert_int_equal(pattern_compile(SL("{a}{b}"), &arena, &p, &at, &why), E_SYNTAX);
	assert_int_equal(pattern_compile(SL("{a:nokind}"), &arena, &p, &at, &why), E_SYNTAX);
	assert_int_equal(pattern_compile(SL("a [b [c]]"), &arena, &p, &at, &why), E_SYNTAX);
	assert_int_equal(pattern_compile(SL("a ]"), &arena, &p, &at, &why), E_SYNTAX);
}

static void
headers(void **state)
{
	struct syslog h;

	(void)state;
	syslog_split(SL("<34>1 2026-11-23T04:05:06.789+09:00 fw1 app 77 ID1 [a b=\"]\"][c] \xef\xbb\xbf" "body text\r\n"), &h);
	assert_int_equal(h.pri, 34);
	assert_slice(h.host, "fw1");
	assert_slice(h.structured, "[a b=\"]\"][c]");
	assert_slice(h.body, "body text");
	syslog_split(SL("<86>Nov  3 04:05:06 web01 sshd[12]: Accepted x"), &h);
	assert_slice(h.time, "Nov  3 04:05:06");
	assert_slice(h.host, "web01");
	assert_slice(h.program, "sshd");
	assert_slice(h.pid, "12");
	assert_slice(h.body, "Accepted x");
	syslog_split(SL("<189>date=2026-11-23 time=1"), &h);
	assert_slice(h.body, "date=2026-11-23 time=1");
	syslog_split(SL("Nov 23 2026 04:05:06: %ASA-1-2: x"), &h);
	assert_slice(h.body, "%ASA-1-2: x");
	syslog_split(SL("Nov 23 04:05:06 fw1: %ASA-1-2: x"), &h);
	assert_slice(h.host, "fw1");
	syslog_split(SL("77 <14>Nov 23 04:05:06 a b"), &h);
	assert_slice(h.host, "a");
	syslog_split(SL(""), &h);
	assert_int_equal(h.body.n, 0);
	syslog_split(SL("<999999>x"), &h);
	assert_int_equal(h.pri, -1);
}

static void
urls(void **state)
{
	struct url u;

	(void)state;
	url_split(SL("https://bob:pw@[2001:db8::1]:8443/a/b.tar.gz?x=1#f"), &u);
	assert_slice(u.scheme, "https");
	assert_slice(u.username, "bob");
	assert_slice(u.host, "2001:db8::1");
	assert_slice(u.port, "8443");
	assert_slice(u.path, "/a/b.tar.gz");
	assert_slice(u.extension, "gz");
	assert_slice(u.query, "x=1");
	assert_slice(u.fragment, "f");
	url_split(SL("login.example:443"), &u);
	assert_slice(u.host, "login.example");
	assert_slice(u.port, "443");
	url_split(SL("/only/path?q"), &u);
	assert_null(u.host.p);
	assert_slice(u.query, "q");
}

/* Against the C library, over texts that are nearly addresses, each in memory of its own length. */
static void
addresses(void **state)
{
	static const char letters[] = "01259..../ a";
	unsigned seed = 7, good = 0;

	(void)state;
	for (int round = 0; round < 400000; round++) {
		char text[20], want[16];
		size_t n = 0;
		struct ip ip;
		char *tight;
		bool ok;

		for (int part = 0; part < 4; part++) {
			unsigned digits = 1 + (seed = seed * 1103515245 + 12345, seed >> 16) % 3;

			for (unsigned i = 0; i < digits; i++)
				text[n++] = "0123456789"[(seed = seed * 1103515245 + 12345, seed >> 16) % 10];
			if (part < 3)
				text[n++] = '.';
		}
		seed = seed * 1103515245 + 12345;
		if ((seed >> 16) % 4 == 0)
			text[(seed >> 8) % n] = letters[(seed >> 20) % (sizeof letters - 1)];
		text[n] = '\0';
		tight = malloc(n);
		memcpy(tight, text, n);
		ok = ip_parse(slice_of(tight, n), &ip);
		free(tight);
		assert_int_equal(ok, inet_pton(AF_INET, text, want) == 1);
		if (ok)
			assert_memory_equal(ip.b + 12, want, 4);
		good += ok;
	}
	assert_true(good > 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),   cmocka_unit_test(zones),    cmocka_unit_test(key_value),
		cmocka_unit_test(separated), cmocka_unit_test(json), cmocka_unit_test(json_mends_what_a_name_can_break),  cmocka_unit_test(xml),
		cmocka_unit_test(patterns), cmocka_unit_test(headers), cmocka_unit_test(urls),
		cmocka_unit_test(addresses),
	};
	int r;

	arena_init(&arena, 0, 0);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return r;
}
