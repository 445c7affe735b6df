/* SPDX-License-Identifier: Apache-2.0
 *
 * The query language: what is accepted becomes this SQL, what is not is refused at its place with a repair,
 * and whatever is written, every scan has the tenant's predicate.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "role/store_schema.h"

static struct arena arena;
static struct whys ws;
static const struct slice tenants[] = { { "aoba", 4 } };
static const struct kql_scope scope = { .tenants = tenants, .tenant_count = 1, .from_ns = 1000, .to_ns = 2000,
	.now_ns = 5000000000000, .zone = "Asia/Tokyo" };

static struct kql *
parse(const char *text)
{
	struct kql *q = NULL;

	arena_reset(&arena);
	whys_fini(&ws);
	memset(&ws, 0, sizeof ws);
	return kql_parse(slice_str(text), &store_kql_schema, scope.now_ns, &arena, &q, &ws) == 0 ? q : NULL;
}

/* The condition a text becomes. */
static const char *
where(const char *text)
{
	static struct buf out;
	const char *at;
	struct kql *q = parse(text);

	if (q == NULL) {
		buf_clear(&out);
		why_print(&ws.list.v[0], &out);
		print_message("%s: %s\n", text, buf_cstr(&out));
		return "refused";
	}
	buf_clear(&out);
	kql_histogram_sql(q, &scope, 1000000000, &out);
	out.n -= strlen(" GROUP BY t ORDER BY t LIMIT 10000");
	at = strstr(buf_cstr(&out), "AND time < ");
	at = at != NULL ? strstr(at, ") AND ") : NULL;
	return at != NULL ? at + 6 : "";
}

#define becomes(text, sql) assert_string_equal(where(text), sql)

#define EXTRA(name)                                                                                  \
	"arrayElement(splitByChar('\\x1f', extra_values), 1 + countSubstrings(substring(extra_names, 1, " \
	"position(extra_names, '\\x1f" name "\\x1f')), '\\x1f'))"

static void
test_box(void **state)
{
	(void)state;
	becomes("deny", "(hasToken(lower(line), 'deny'))");
	becomes("Deny ACCEPT", "((hasToken(lower(line), 'deny')) AND (hasToken(lower(line), 'accept')))");
	becomes("user.name:sato", "(user_name = 'sato')");
	becomes("user.name:\"o'neil\\\\\"", "(user_name = 'o\\'neil\\\\')");
	becomes("source.ip:10.1.2.3", "(source_ip = toIPv6('10.1.2.3'))");
	becomes("source.ip:10.0.0.0/8", "(source_ip BETWEEN toIPv6('10.0.0.0') AND toIPv6('10.255.255.255'))");
	becomes("dns.resolved_ip:10.1.2.3", "ifNull((position(extra_values, '10.1.2.3') > 0 AND has(splitByChar('\\n', " EXTRA("dns.resolved_ip") "), '10.1.2.3')), false)");
	becomes("dns.resolved_ip:10.0.0.0/8", "ifNull((" EXTRA("dns.resolved_ip") " != '' AND arrayExists(x -> ifNull(false OR x BETWEEN toIPv6('10.0.0.0') AND "
	        "toIPv6('10.255.255.255'), false), arrayMap(x -> toIPv6OrNull(x), splitByChar('\\n', " EXTRA("dns.resolved_ip") ")))), false)");
	becomes("dns.resolved_ip in ('2001:db8::7', '10.0.0.0/8')", "ifNull((" EXTRA("dns.resolved_ip") " != '' AND arrayExists(x -> ifNull(false OR x BETWEEN toIPv6('2001:db8::7') AND "
	        "toIPv6('2001:db8::7') OR x BETWEEN toIPv6('10.0.0.0') AND toIPv6('10.255.255.255'), false), arrayMap(x -> toIPv6OrNull(x), splitByChar('\\n', " EXTRA("dns.resolved_ip") ")))), false)");
	becomes("source.port:[1 TO 1023]", "ifNull((source_port >= 1 AND source_port <= 1023), false)");
	becomes("source.port:>=1024", "ifNull((source_port >= 1024), false)");
	becomes("-event.action:accept", "(NOT ifNull((event_action = 'accept' OR (position(event_action, '\\n') > 0 AND "
	        "has(splitByChar('\\n', event_action), 'accept'))), false))");
	becomes("user.name:ad*_x", "(user_name ILIKE 'ad%\\\\_x')");
	becomes("user.name:*", "(user_name != '')");
	becomes("user.name:(a OR b)", "((user_name = 'a') OR (user_name = 'b'))");
	becomes("a and (b or not c)", "((hasToken(lower(line), 'a')) AND ((hasToken(lower(line), 'b')) OR (NOT ifNull("
	        "(hasToken(lower(line), 'c')), false))))");
	becomes("\"failed password for\"", "(hasToken(lower(line), 'password') AND positionCaseInsensitive(line, 'failed password for') > 0)");
	becomes("203.0.113.9", "(hasToken(lower(line), '203') AND hasToken(lower(line), '0') AND hasToken(lower(line), '113') AND "
	        "hasToken(lower(line), '9') AND positionCaseInsensitive(line, '203.0.113.9') > 0)");
	becomes("http://bad.example/x", "(hasToken(lower(line), 'http') AND hasToken(lower(line), 'bad') AND hasToken(lower(line), "
	        "'example') AND hasToken(lower(line), 'x') AND positionCaseInsensitive(line, 'http://bad.example/x') > 0)");
	becomes("失敗", "positionCaseInsensitiveUTF8(line, '失敗') > 0");
	becomes("fortinet.firewall.vd=root", "(position(extra_values, 'root') > 0 AND (" EXTRA("fortinet.firewall.vd") " = 'root' OR (position(" EXTRA("fortinet.firewall.vd")
	        ", '\\n') > 0 AND has(splitByChar('\\n', " EXTRA("fortinet.firewall.vd") "), 'root'))))");
	becomes("source.ip == 10.1.2.3 and user.name == \"sato\"", "((source_ip = toIPv6('10.1.2.3')) AND (user_name = 'sato'))");
	becomes("nezuban.blocked:true", "ifNull((nezuban_blocked = true), false)");
	assert_non_null(parse(""));
}

static void
test_kusto(void **state)
{
	(void)state;
	becomes("where source.ip == '10.1.2.3'", "(source_ip = toIPv6('10.1.2.3'))");
	becomes("events | where user.name in ('a', \"b\")", "(user_name = 'a' OR user_name = 'b')");
	becomes("where user.name !in ('a')", "(NOT (user_name = 'a'))");
	becomes("where user.name =~ 'ADMIN'", "(user_name ILIKE 'ADMIN')");
	becomes("where url.full contains 'x%'", "(positionCaseInsensitive(url_full, 'x%') > 0)");
	becomes("where url.full startswith 'x%'", "(url_full ILIKE 'x\\\\%%')");
	becomes("where source.port between (1 .. 10)", "ifNull((source_port >= 1 AND source_port <= 10), false)");
	becomes("where @timestamp > ago(1h)", "(time > fromUnixTimestamp64Nano(toInt64(1400000000000), 'UTC'))");
	becomes("where isnotempty(user.name) and not (user.name == 'x')", "((user_name != '') AND (NOT ifNull((user_name = 'x'), false)))");
	becomes("where ipv4_is_in_range(source.ip, '10.0.0.0/8') | where source.port == 1",
	        "((source_ip BETWEEN toIPv6('10.0.0.0') AND toIPv6('10.255.255.255')) AND ifNull((source_port = 1), false))");
	becomes("where user.name has 'a.b'", "(match(user_name, '(?i)(^|[^0-9a-z])a\\\\.b([^0-9a-z]|$)'))");
	becomes("where user.name has_any ('a.b', \"c'd\")", "(multiMatchAny(user_name, ['(?i)a\\\\.b', '(?i)c\\\\\\'d']) AND match(user_name, '(?i)(^|[^0-9a-z])(a\\\\.b|c\\\\\\'d)([^0-9a-z]|$)'))");
	becomes("where event.duration > 5", "ifNull((toInt64OrNull(" EXTRA("event.duration") ") > 5), false)");
	assert_false(kql_gives_events(parse("where user.name == 'x' | summarize n = count(), dcount(source.ip) by bin(@timestamp, 1h), user.name")));
	assert_int_equal(kql_columns(parse("where user.name == 'x' | summarize n = count(), dcount(source.ip) by d = startofday(@timestamp)")), 3);
	assert_true(kql_gives_events(parse("deny | sort by @timestamp asc | take 5")));
	assert_non_null(parse("deny | summarize c = count() by user.name | where c > 10 | sort by c | project user.name, c"));
	assert_non_null(parse("count"));
	assert_non_null(parse("counted"));
	assert_non_null(parse("take 10"));
	assert_non_null(parse("top 3 by source.bytes"));
	assert_non_null(parse("distinct user.name, source.ip"));
}

/* text, id, line, column, hint */
static const struct { const char *text, *id; unsigned col; const char *hint; } bad[] = {
	{ "where usr.name", "KQL-OPERATOR", 15, "" },
	{ "usrname:x", "KQL-FIELD", 1, NULL },
	{ "tenant:harbor", "KQL-FIELD", 1, "" },
	{ "nezuban.tenant == \"harbor\"", "KQL-FIELD", 1, "" },
	{ "where tenant == 'harbor'", "KQL-FIELD", 7, "" },
	{ "source.ip:10.1.*", "KQL-TYPE", 11, "write 10.1.* as 10.1.0.0/16" },
	{ "source.port:abc", "KQL-TYPE", 13, "" },
	{ "where user.name = 'x'", "KQL-OPERATOR", 17, "==" },
	{ "where user.name == x", "KQL-VALUE", 20, "put quotes around the text" },
	{ "(a or b", "KQL-PAREN", 1, "" },
	{ "\"open", "KQL-STRING", 1, "" },
	{ "deny | sumarize count()", "KQL-STAGE", 8, "summarize" },
	{ "deny | extend x = 1", "KQL-STAGE", 8, "" },
	{ "deny | join (x) on y", "KQL-STAGE", 8, "" },
	{ "deny | summarize coun() by user.name", "KQL-AGGREGATE", 18, "count" },
	{ "deny | summarize sum(user.name)", "KQL-TYPE", 22, "" },
	{ "deny | take 0", "KQL-COUNT", 13, "" },
	{ "deny | take 1000000", "KQL-COUNT", 13, "" },
	{ "deny | summarize count() by user.name | where x == 1", "KQL-FIELD", 47, "" },
	{ "deny |", "KQL-STAGE", 7, "" },
	{ "where source.ip has_any ('10')", "KQL-TYPE", 26, "for addresses write a network: 10.1.0.0/16" },
	{ "where user.name has_any ('')", "KQL-VALUE", 26, "" },
	{ "where user.name has_any 'x'", "KQL-LIST", 25, "" },
	{ "where source.ip has '10'", "KQL-TYPE", 21, "for addresses write a network: 10.1.0.0/16" },
	{ "where @timestamp > 'yesterday'", "KQL-TYPE", 20, "" },
	{ "source.port:[1 2]", "KQL-RANGE", 16, "" },
	{ "where sqrt(source.port) == 2", "KQL-CALL", 7, "" },
	{ "user.name:", "KQL-VALUE", 11, "" },
	{ "deny | summarize count() by bin(@timestamp, 5)", "KQL-BIN", 45, "" },
};

static void
test_faults(void **state)
{
	struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (parse(bad[i].text) != NULL)
			fail_msg("accepted: %s", bad[i].text);
		buf_clear(&text);
		why_print(&ws.list.v[0], &text);
		print_message("%-50s %s\n", bad[i].text, buf_cstr(&text));
		assert_string_equal(ws.list.v[0].id, bad[i].id);
		assert_int_equal(ws.list.v[0].col, bad[i].col);
		if (bad[i].hint != NULL)
			assert_string_equal(ws.list.v[0].hint, bad[i].hint);
	}
	buf_fini(&text);
}

static void
test_bounds(void **state)
{
	static char deep[20000];

	(void)state;
	memset(deep, '(', 15000);
	assert_null(parse(deep));
	assert_string_equal(ws.list.v[0].id, "KQL-DEPTH");
	for (int i = 0; i < 16000; i += 2)
		memcpy(deep + i, "a ", 2);
	deep[16000] = '\0';
	assert_null(parse(deep));
	assert_string_equal(ws.list.v[0].id, "KQL-TERMS");
	memset(deep, 'a', 19999);
	assert_null(parse(deep));
	assert_string_equal(ws.list.v[0].id, "KQL-SIZE");
}

static unsigned
count_of(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* Literals blanked out, so that only the skeleton is looked at. */
static void
blank_literals(char *s)
{
	bool in = false;

	for (; *s != '\0'; s++) {
		if (in && *s == '\\' && s[1] != '\0') {
			*s++ = ' ';
			*s = ' ';
		} else if (*s == '\'') {
			in = !in;
		} else if (in) {
			*s = ' ';
		}
	}
	assert_false(in); /* no value ends a literal early */
}

/* Random queries out of pieces that try to get out: each scan carries the predicate, nothing else is read. */
static void
test_every_scan_has_the_tenant(void **state)
{
	static const char *const pieces[] = {
		"deny", "source.ip:10.0.0.1", "user.name:\"a' OR 1=1 --\"", "| where user.name == 'x\\\\'", "or", "and", "not", "(", ")",
		"| summarize count() by user.name", "| take 5", "| sort by @timestamp", "| count", "| distinct source.ip",
		"| project a = user.name, source.port", "| where a == 'harbor'", "\"tenant = 'harbor'\"", "') UNION ALL SELECT * FROM nz.events --",
		"\\", "'", "tenant", "| summarize n = count(), make_set(user.name) by bin(@timestamp, 1h)", "| top 3 by source.port",
		"fortinet.x'y:z", "x.y:\"\\\\\"", "*'*", "/* */", "-- x", "失敗'",
	};
	uint64_t seed = 1;
	unsigned good = 0;
	struct buf sql = { 0 };

	(void)state;
	for (int round = 0; round < 30000; round++) {
		char text[600] = "";
		struct kql *q;

		for (int k = 0; k < 1 + round % 6; k++) {
			seed = hash_mix(seed + 0x9e3779b97f4a7c15ULL);
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", pieces[seed % (sizeof pieces / sizeof *pieces)]);
		}
		q = parse(text);
		if (q == NULL) {
			assert_true(ws.errors > 0);
			continue;
		}
		good++;
		for (int view = 0; view < 3; view++) {
			buf_clear(&sql);
			if (view == 0)
				kql_sql(q, &scope, "line", &sql);
			else if (view == 1)
				kql_histogram_sql(q, &scope, 60000000000, &sql);
			else
				kql_facet_sql(q, &scope, SL("user.name"), 5, &sql);
			assert_int_equal(count_of(buf_cstr(&sql), "FROM nz.events WHERE tenant IN ('aoba') AND time >= "), 1);
			blank_literals(sql.p);
			assert_int_equal(count_of(sql.p, "nz.events"), 1);
			assert_null(strstr(sql.p, "--"));
			assert_null(strstr(sql.p, "UNION"));
			assert_null(strstr(sql.p, ";"));
		}
	}
	print_message("%u of 30000 accepted\n", good);
	assert_true(good > 3000);
	buf_fini(&sql);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_box),
		cmocka_unit_test(test_kusto),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_every_scan_has_the_tenant),
	};
	int r;

	arena_init(&arena, 0, 0);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	whys_fini(&ws);
	return r;
}
