/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of the lines that were decided on: what is wanted, what the store's answer becomes, that an incident shows them and a
 * replay gives them again.
 */
#include "desk_scene.h"

#define EVENT(n) "{\"lcp\":\"lcp-1\",\"epoch\":\"00112233445566778899aabbccddeeff\",\"seq\":7,\"n\":" n "}"
#define SEEN(key, rule, events)                                                                                                   \
	"[{\"key\":\"" key "\",\"kind\":\"rule\",\"rule\":{\"id\":\"" rule "\",\"name\":\"Rule\",\"level\":\"high\",\"tags\":[]},\"at\":1795000000000000000,\"first_at\":" \
	"1794999999000000000,\"count\":3,\"entities\":[{\"kind\":\"host\",\"value\":\"srv-file-01\",\"role\":\"target\",\"internal\":true}],\"evidence\":{\"blocked\":" \
	"\"none\"},\"dataset\":\"windows.security\",\"device\":\"dc01\",\"line\":\"x\",\"events\":[" events "]}]"

struct wish {
	size_t n;
	char detection[64], tenant[64], incident[64], events[1024];
};

static void
wish(void *ctx, const struct desk_copy_ask *a)
{
	struct wish *w = ctx;

	w->n++;
	snprintf(w->detection, sizeof w->detection, "%s", a->detection);
	snprintf(w->tenant, sizeof w->tenant, "%s", a->tenant);
	snprintf(w->incident, sizeof w->incident, "%s", a->incident);
	snprintf(w->events, sizeof w->events, "%s", a->events);
}

static struct wish
wanted(struct scene *s, int64_t since)
{
	struct wish w = { 0 };

	desk_copies_wanted(s->d, since, wish, &w);
	return w;
}

/* What the store says of two of three lines; one of them is longer than a copy may be. */
static json_t *
heard(const struct wish *w)
{
	struct desk_copy_ask ask = { w->detection, w->tenant, w->incident, w->events };
	char *big = malloc(20001);
	json_t *items, *args;

	memset(big, 'a', 20000);
	big[20000] = '\0';
	items = json_pack("[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}, {s:s}]", "id", "aoba.lcp-1.00.7.1", "at", "2026-11-18T11:06:40Z", "device", "dc01", "line", "<14>one", "id",
	                  "aoba.lcp-1.00.7.2", "at", "2026-11-18T11:06:41Z", "device", "dc01", "line", big, "id", "no line");
	args = desk_copies_heard(&ask, items);
	json_decref(items);
	free(big);
	return args;
}

static json_t *
evidence(struct scene *s, const char *incident)
{
	json_t *o = scene_do(s, "odagiri", "incident.show", 200, json_pack("{s:s}", "id", incident)), *e = json_incref(json_array_get(json_object_get(o, "evidence"), 0));

	json_decref(o);
	return e;
}

static void
lines_of_a_decision_are_copied_once(void **st)
{
	json_t *body, *e, *c;
	char incident[64];
	struct wish w;
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", SEEN("k1", "r1", EVENT("1") "," EVENT("2") "," EVENT("3")));
	assert_int_equal(wanted(&s, 0).n, 0); /* a candidate is nobody's incident yet */
	body = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical"));
	snprintf(incident, sizeof incident, "%s", jstr(body, "id"));
	json_decref(body);
	w = wanted(&s, 0);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.tenant, "aoba");
	assert_string_equal(w.incident, incident);
	assert_non_null(strstr(w.events, "\"n\":3"));
	assert_int_equal(wanted(&s, s.now + 1).n, 0); /* decided before that */
	e = evidence(&s, incident);
	assert_true(json_is_null(json_object_get(e, "copies")));
	json_decref(e);

	json_decref(scene_do(&s, NULL, "incident.lines", 200, heard(&w)));
	assert_int_equal(wanted(&s, 0).n, 0);
	e = evidence(&s, incident);
	c = json_object_get(e, "copies");
	assert_int_equal(json_integer_value(json_object_get(c, "wanted")), 3);
	assert_int_equal(json_integer_value(json_object_get(c, "kept")), 2);
	c = json_object_get(c, "lines");
	assert_string_equal(jstr(json_array_get(c, 0), "line"), "<14>one");
	assert_true(json_is_false(json_object_get(json_array_get(c, 0), "cut")) && json_is_true(json_object_get(json_array_get(c, 1), "cut")));
	assert_int_equal(strlen(jstr(json_array_get(c, 1), "line")), 16384);
	json_decref(e);
	json_decref(scene_do(&s, NULL, "incident.lines", 200, heard(&w))); /* again: nothing twice */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM copied_lines"), 2);
	scene_replays(&s);
	scene_end(&s);
}

static void
only_what_was_chosen(void **st)
{
	char incident[64];
	json_t *body;
	struct wish w;
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", SEEN("k1", "r1", EVENT("1")));
	scene_detect(&s, "aoba", SEEN("k2", "r2", EVENT("2")));
	scene_detect(&s, "aoba", SEEN("k3", "r3", ""));
	body = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical")); /* names one row */
	snprintf(incident, sizeof incident, "%s", jstr(body, "id"));
	json_decref(body);
	w = wanted(&s, 0);
	assert_int_equal(w.n, 1);
	body = heard(&w);
	json_object_set_new(body, "id", json_string("AOBA-2026-9999"));
	json_decref(scene_do(&s, NULL, "incident.lines", 404, body));
	db_run(s.db, "DELETE FROM evidence"); /* decided without naming any: all that name events */
	assert_int_equal(wanted(&s, 0).n, 2);
	scene_end(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_decision_are_copied_once),
		cmocka_unit_test(only_what_was_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
