/* SPDX-License-Identifier: Apache-2.0
 *
 * Severity as proposed: the worked examples, from evidence to the line of the table.
 */
#include "unit.h"

#include <jansson.h>
#include <stdio.h>

#include "desk/desk_priv.h"

struct d {
	const char *kind, *rule, *level, *tags, *blocked, *dir, *more, *entity, *dataset;
};

static void
put(char *out, size_t size, const struct d *d, int at)
{
	snprintf(out, size,
	         "{\"kind\":\"%s\",\"rule\":{\"id\":\"%s\",\"name\":\"%s\",\"level\":\"%s\",\"tags\":[%s]},\"at\":%d,\"count\":1,\"dataset\":\"%s\","
	         "\"entities\":[{\"kind\":\"%s\",\"value\":\"x\"}],\"evidence\":{\"blocked\":\"%s\",\"direction\":\"%s\"%s%s}}",
	         d->kind != NULL ? d->kind : "rule", d->rule, d->rule, d->level != NULL ? d->level : "high", d->tags != NULL ? d->tags : "", at,
	         d->dataset != NULL ? d->dataset : "ids", d->entity != NULL ? d->entity : "host", d->blocked, d->dir != NULL ? d->dir : "unknown",
	         d->more != NULL ? "," : "", d->more != NULL ? d->more : "");
}

static void
want(const char *story, const char *severity, const char *line, const struct d *v, size_t n)
{
	json_t *list = json_array();
	struct proposal p;
	char text[1024];

	for (size_t i = 0; i < n; i++) {
		json_t *o;

		put(text, sizeof text, &v[i], (int)i + 1);
		o = json_loads(text, 0, NULL);
		assert_non_null(o);
		json_array_append_new(list, o);
	}
	propose(list, &p);
	if (strcmp(p.severity, severity) != 0 || strcmp(p.line, line) != 0)
		fail_msg("%s: %s by %s, wanted %s by %s", story, p.severity, p.line, severity, line);
	/* the form begins with answers that say the same */
	assert_string_equal(answers_say(json_object_get(p.doc, "answers")), severity);
	assert_true(json_array_size(json_object_get(p.doc, "reasons")) != 0);
	json_decref(p.doc);
	json_decref(list);
}

#define WANT(story, severity, line, ...)                                                                                       \
	do {                                                                                                                   \
		const struct d v_[] = { __VA_ARGS__ };                                                                         \
		want(story, severity, line, v_, sizeof v_ / sizeof *v_);                                                       \
	} while (0)

static void
worked_examples(void **s)
{
	(void)s;
	WANT("1 all blocked", "informational", "I1", { .rule = "ids", .blocked = "all", .dir = "inbound" },
	     { .rule = "fw", .blocked = "all", .dir = "inbound", .dataset = "fw" });
	WANT("2a alert only", "critical", "C1", { .rule = "ids", .blocked = "none", .dir = "inbound", .more = "\"target_vulnerable\":\"unknown\"" });
	WANT("2b webshell follows", "emergency", "E1", { .rule = "ids", .blocked = "none", .dir = "inbound" },
	     { .rule = "webshell", .tags = "\"nezuban.success\"", .blocked = "none", .dataset = "sysmon", .entity = "process" });
	WANT("3 other product", "informational", "I2", { .rule = "ids", .blocked = "none", .more = "\"target_vulnerable\":\"no\"" });
	WANT("4a listed url", "critical", "C1",
	     { .kind = "indicator", .rule = "intel", .blocked = "none", .dir = "outbound", .more = "\"intel_confidence\":90" });
	WANT("4b quarantined at write", "warning", "W0",
	     { .kind = "indicator", .rule = "intel", .blocked = "none", .dir = "outbound", .more = "\"intel_confidence\":90" },
	     { .rule = "av", .blocked = "all", .entity = "hash", .dataset = "av" });
	WANT("4c ran before", "critical", "C2",
	     { .kind = "indicator", .rule = "intel", .blocked = "none", .dir = "outbound", .more = "\"intel_confidence\":90" },
	     { .rule = "proc", .blocked = "none", .entity = "process", .dataset = "sysmon" },
	     { .rule = "av", .blocked = "all", .entity = "hash", .dataset = "av" });
	WANT("4d persistence", "emergency", "E1",
	     { .kind = "indicator", .rule = "intel", .blocked = "none", .dir = "outbound", .more = "\"intel_confidence\":90" },
	     { .rule = "run key", .tags = "\"nezuban.success\"", .blocked = "unknown", .entity = "process", .dataset = "sysmon" });
	WANT("5 denied scanner", "informational", "I1",
	     { .kind = "indicator", .rule = "intel", .blocked = "all", .dir = "inbound", .more = "\"intel_confidence\":95" });
	WANT("6a spray inside", "critical", "C1",
	     { .kind = "correlation", .rule = "spray", .level = "medium", .tags = "\"attack.t1110.003\"", .blocked = "unknown", .dir = "internal" });
	WANT("6b spray from outside", "warning", "W1",
	     { .kind = "correlation", .rule = "spray", .tags = "\"attack.t1110.003\"", .blocked = "unknown", .dir = "inbound", .more = "\"asset_value\":3" });
	WANT("6c then success", "emergency", "E1",
	     { .kind = "correlation", .rule = "spray", .tags = "\"attack.t1110.003\"", .blocked = "unknown", .dir = "internal" },
	     { .rule = "logon", .tags = "\"nezuban.success\",\"attack.t1078\"", .blocked = "none", .dir = "internal" });
	WANT("7 macro ran, theft blocked", "critical", "C2", { .rule = "macro", .blocked = "none", .entity = "process" },
	     { .rule = "lsass", .blocked = "all", .entity = "process", .tags = "\"nezuban.damage\"" });
	WANT("8 dcsync", "emergency", "E2", { .rule = "dcsync", .tags = "\"nezuban.damage\"", .blocked = "unknown" });
	WANT("8b approved account", "informational", "A1",
	     { .rule = "dcsync", .tags = "\"nezuban.damage\"", .blocked = "unknown", .more = "\"authorised\":\"sync\"" });
	WANT("9 beacon", "critical", "C1", { .kind = "model", .rule = "beacon", .blocked = "none", .dir = "outbound", .more = "\"two_way\":true" });
	WANT("10a upload alone", "warning", "W1",
	     { .kind = "model", .rule = "exfil", .tags = "\"attack.exfiltration\"", .blocked = "none", .dir = "outbound" });
	WANT("10b with impossible travel", "emergency", "E3",
	     { .kind = "model", .rule = "travel", .tags = "\"attack.t1078.004\"", .blocked = "none" },
	     { .kind = "model", .rule = "exfil", .tags = "\"attack.exfiltration\"", .blocked = "none", .dir = "outbound" });
	WANT("11 change window", "informational", "A1",
	     { .rule = "1102", .tags = "\"attack.t1070.001\"", .blocked = "unknown", .more = "\"authorised\":\"change window\"" });
}

static void
unknown_is_never_safe(void **s)
{
	(void)s;
	WANT("nothing known", "critical", "C1", { .rule = "x", .blocked = "unknown" });
	WANT("lone success", "critical", "C3", { .rule = "x", .blocked = "unknown", .tags = "\"nezuban.success\"" });
	WANT("weak sign", "warning", "W1", { .rule = "x", .blocked = "none", .level = "low" });
	WANT("weak sign on a crown jewel", "critical", "C4", { .rule = "x", .blocked = "none", .level = "low", .more = "\"asset_value\":3" });
	WANT("harmless", "informational", "I3", { .rule = "x", .blocked = "none", .tags = "\"nezuban.harmless\"" });
	/* one authorised thing does not cover another */
	WANT("authorised and not", "critical", "C1", { .rule = "a", .blocked = "none", .more = "\"authorised\":\"scan\"" },
	     { .rule = "b", .blocked = "none" });
	WANT("success needs more than an authorised companion", "critical", "C3",
	     { .rule = "a", .blocked = "none", .more = "\"authorised\":\"scan\"" }, { .rule = "b", .blocked = "none", .tags = "\"nezuban.success\"" });
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(worked_examples), cmocka_unit_test(unknown_is_never_safe) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
