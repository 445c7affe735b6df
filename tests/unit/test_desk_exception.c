/* SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions: who may, what they hide, what they keep, when they stop, and that the tenant sees them.
 */
#include "desk_scene.h"

#define ENT(kind, value, role) "{\"kind\":\"" kind "\",\"value\":\"" value "\",\"role\":\"" role "\",\"internal\":true}"
#define OF(key, rule, ents)                                                                                                    \
	"[{\"key\":\"" key "\",\"kind\":\"rule\",\"rule\":{\"id\":\"" rule "\",\"name\":\"Rule " rule "\",\"level\":\"high\",\"tags\":[]},"     \
	"\"at\":1795000000000000000,\"count\":3,\"entities\":[" ents "],\"evidence\":{\"blocked\":\"none\"},\"dataset\":\"ds\",\"device\":\"dev\"," \
	"\"line\":\"the line\"}]"

static json_t *
about(const char *rule, const char *kind, const char *value, const char *until)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:[]}", "tenant", "aoba", "reason", "nightly inventory", "expires_at", until, "conditions");

	if (rule != NULL)
		json_object_set_new(o, "rule", json_string(rule));
	if (kind != NULL)
		json_array_append_new(json_object_get(o, "conditions"), json_pack("{s:s, s:s}", "kind", kind, "value", value));
	return o;
}

#define SOON "2026-12-01T00:00:00Z"

static void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

static void
add_active(struct scene *s, json_t *args, const char *number)
{
	json_t *b = scene_do(s, "miyoshi", "exception.add", 200, args);

	assert_string_equal(jstr(b, "number"), number);
	json_decref(b);
	doit(s, "otomo", "exception.approve", 200, json_pack("{s:s}", "id", number));
}

static void
it_is_checked_before_it_is_written(void **st)
{
	static const struct {
		const char *rule, *kind, *value, *until, *field;
	} v[] = {
		{ NULL, NULL, NULL, SOON, "rule" },
		{ "r1", "host", "localhost", SOON, "conditions" },
		{ "r1", "net", "10.0.0.1/8", SOON, "conditions" },
		{ "r1", "net", "0.0.0.0/0", SOON, "conditions" },
		{ "r1", "net", "128.0.0.0/7", SOON, "conditions" },
		{ "r1", "net", "::/0", SOON, "conditions" },
		{ "r1", "net", "2000::/15", SOON, "conditions" },
		{ "r1", "net", "::ffff:0:0/96", SOON, "conditions" },
		{ "r1", "net", "::/80", SOON, "conditions" },
		{ "r1", "planet", "mars", SOON, "conditions" },
		{ "r1", NULL, NULL, "2026-11-18T00:00:00Z", "expires_at" },
		{ "r1", NULL, NULL, "2027-11-20T00:00:00Z", "expires_at" },
		{ "r1", NULL, NULL, "never", "expires_at" },
	};
	struct scene s;

	(void)st;
	scene_begin(&s);
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		json_t *b = scene_do(&s, "miyoshi", "exception.add", 422, about(v[i].rule, v[i].kind, v[i].value, v[i].until));

		assert_string_equal(jstr(b, "field"), v[i].field);
		json_decref(b);
	}
	/* somebody of the house answers for it; its author does not approve it, nor does the machine's administrator */
	doit(&s, NULL, "exception.add", 422, about("r1", NULL, NULL, SOON));
	doit(&s, "miyoshi", "exception.add", 200, about("r1", NULL, NULL, SOON));
	doit(&s, "miyoshi", "exception.approve", 403, json_pack("{s:s}", "id", "X-1"));
	doit(&s, NULL, "exception.approve", 403, json_pack("{s:s}", "id", "X-1"));
	/* at the machine it is done for a person, who is another than the author and may approve */
	doit(&s, NULL, "exception.approve", 422, json_pack("{s:s, s:s}", "id", "X-1", "as", "miyoshi"));
	doit(&s, NULL, "exception.approve", 422, json_pack("{s:s, s:s}", "id", "X-1", "as", "nobody"));
	doit(&s, "miyoshi", "exception.approve", 403, json_pack("{s:s, s:s}", "id", "X-1", "as", "otomo"));
	/* proposed hides nothing */
	scene_detect(&s, "aoba", OF("a", "r1", ENT("host", "pc-1", "subject")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates"), 1);
	doit(&s, "otomo", "exception.end", 200, json_pack("{s:s}", "id", "X-1"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM exceptions WHERE state = 'refused'"), 1);
	doit(&s, "otomo", "exception.approve", 409, json_pack("{s:s}", "id", "X-1"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM timers WHERE kind = 'exception.over'"), 0);
	scene_replays(&s);
	scene_end(&s);
}

static void
only_its_scope_is_hidden_and_nothing_is_dropped(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	add_active(&s, about("r1", "ip", "10.1.0.20", SOON), "X-1"); /* the address is srv-file-01's */
	add_active(&s, about(NULL, "net", "10.9.0.0/16", SOON), "X-2");
	scene_detect(&s, "aoba", OF("a", "r1", ENT("host", "SRV-FILE-01.aoba.example", "subject")));
	scene_detect(&s, "aoba", OF("a", "r1", ENT("host", "srv-file-01", "subject"))); /* twice: once */
	scene_detect(&s, "aoba", OF("b", "r7", ENT("ip", "10.9.3.4", "source")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates"), 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM hidden"), 2);
	/* another rule, another host, another network, another tenant */
	scene_detect(&s, "aoba", OF("c", "r2", ENT("host", "srv-file-01", "subject")));
	scene_detect(&s, "aoba", OF("d", "r1", ENT("host", "pc-2", "subject")));
	scene_detect(&s, "aoba", OF("e", "r7", ENT("ip", "10.10.3.4", "source")));
	scene_detect(&s, "harbor", OF("f", "r7", ENT("ip", "10.9.3.4", "source")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates"), 4);
	assert_int_equal(scene_count(&s, "SELECT detections FROM days WHERE tenant = 'aoba'"), 5);
	assert_int_equal(scene_count(&s, "SELECT hidden FROM days WHERE tenant = 'aoba'"), 2);
	b = scene_do(&s, "odagiri", "exception.show", 200, json_pack("{s:s}", "id", "X-1"));
	assert_int_equal(json_integer_value(json_object_get(b, "detections")), 1);
	assert_int_equal(json_integer_value(json_object_get(b, "events")), 3);
	assert_string_equal(jstr(json_array_get(json_object_get(b, "samples"), 0), "line"), "the line");
	json_decref(b);
	doit(&s, "lowe", "exception.show", 404, json_pack("{s:s}", "id", "X-1"));
	b = scene_do(&s, "lowe", "exception.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 0);
	json_decref(b);
	scene_replays(&s);
	scene_end(&s);
}

static void
every_condition_has_to_hold(void **st)
{
	json_t *args = about("r1", "host", "pc-1", SOON);
	struct scene s;

	(void)st;
	scene_begin(&s);
	json_array_append_new(json_object_get(args, "conditions"), json_pack("{s:s, s:s, s:s}", "kind", "user", "value", "AOBA\\svc-scan", "role", "source"));
	add_active(&s, args, "X-1");
	scene_detect(&s, "aoba", OF("a", "r1", ENT("host", "pc-1", "subject") "," ENT("user", "svc-scan@aoba.example", "source")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM hidden"), 1);
	scene_detect(&s, "aoba", OF("b", "r1", ENT("host", "pc-1", "subject") "," ENT("user", "svc-scan", "target")));
	scene_detect(&s, "aoba", OF("c", "r1", ENT("host", "pc-1", "subject")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM hidden"), 1);
	scene_replays(&s);
	scene_end(&s);
}

static void
it_stops_in_time_and_that_is_told(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	add_active(&s, about("r1", NULL, NULL, "2026-11-18T12:06:40Z"), "X-1"); /* one hour */
	s.now = T0 + 3600 * SEC - 1;
	scene_tick(&s);
	scene_detect(&s, "aoba", OF("a", "r1", ENT("host", "pc-1", "subject")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates"), 0);
	/* over, although no timer has fired yet */
	s.now = T0 + 3600 * SEC;
	scene_detect(&s, "aoba", OF("b", "r1", ENT("host", "pc-1", "subject")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM candidates"), 1);
	scene_tick(&s);
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM exceptions WHERE state = 'expired' AND ended_at = 1795003600000000000"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'exception_expired'"), 1);
	doit(&s, "miyoshi", "exception.end", 409, json_pack("{s:s}", "id", "X-1"));
	scene_replays(&s);
	scene_end(&s);
}

static void
what_would_hide_an_attack_is_asked_twice(void **st)
{
	struct scene s;
	char id[64];
	json_t *b;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "warning", id);
	/* asked beforehand: nothing is written down, and another tenant's history is nobody's */
	b = scene_do(&s, "miyoshi", "exception.preview", 200, about("r1", "host", "srv-file-01", SOON));
	assert_int_equal(json_integer_value(json_object_get(b, "detections")), 1);
	assert_string_equal(json_string_value(json_array_get(json_object_get(b, "incidents"), 0)), id);
	assert_false(json_is_true(json_object_get(b, "cut")));
	json_decref(b);
	b = scene_do(&s, "miyoshi", "exception.preview", 200, about("r1", "host", "pc-7", SOON));
	assert_int_equal(json_integer_value(json_object_get(b, "detections")), 0);
	json_decref(b);
	doit(&s, "miyoshi", "exception.preview", 422, about("r1", "planet", "mars", SOON));
	doit(&s, "miyoshi", "exception.preview", 422, about(NULL, NULL, NULL, SOON));
	doit(&s, "miyoshi", "exception.preview", 404, json_pack("{s:s, s:s}", "tenant", "nobody", "rule", "r1"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM exceptions"), 0);
	doit(&s, "miyoshi", "exception.add", 200, about("r1", "host", "srv-file-01", SOON));
	b = scene_do(&s, "otomo", "exception.show", 200, json_pack("{s:s}", "id", "X-1"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b, "would_hide"), "detections")), 1);
	json_decref(b);
	b = scene_do(&s, "otomo", "exception.approve", 409, json_pack("{s:s}", "id", "X-1"));
	assert_string_equal(json_string_value(json_array_get(json_object_get(b, "incidents"), 0)), id);
	json_decref(b);
	doit(&s, "otomo", "exception.approve", 200, json_pack("{s:s, s:b}", "id", "X-1", "anyway", 1));
	scene_replays(&s);
	scene_end(&s);
}

static void
its_tenant_hears_of_its_end(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	add_active(&s, about("r1", NULL, NULL, SOON), "X-1");
	doit(&s, "miyoshi", "exception.add", 200, about("r2", NULL, NULL, SOON)); /* never approved: it hid nothing, nobody is told */
	add_active(&s, about("r3", NULL, NULL, SOON), "X-3");
	doit(&s, "otomo", "exception.end", 200, json_pack("{s:s, s:s}", "id", "X-1", "text", "the scanner is gone"));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND json_extract(doc, '$.notice') = 'words' AND shown = 'odagiri@aoba.example'"
	                                 " AND json_extract(doc, '$.words.text.en') LIKE 'Exception X-1 was ended.%the scanner is gone'"), 1);
	s.now += 20 * 86400 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM exceptions WHERE state = 'expired'"), 2);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE json_extract(doc, '$.notice') = 'words' AND json_extract(doc, '$.words.text.en') LIKE 'Exception X-3 has expired.%'"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE json_extract(doc, '$.notice') = 'words'"), 2);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_tenant_hears_of_its_end),
		cmocka_unit_test(it_is_checked_before_it_is_written), cmocka_unit_test(only_its_scope_is_hidden_and_nothing_is_dropped),
		cmocka_unit_test(every_condition_has_to_hold), cmocka_unit_test(it_stops_in_time_and_that_is_told),
		cmocka_unit_test(what_would_hide_an_attack_is_asked_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
