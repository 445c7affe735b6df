/* SPDX-License-Identifier: Apache-2.0
 *
 * A collector's certificate: enrolled, used, renewed beside the old one, the old one's end, one that is not renewed in
 * time, revocation, and the wrong order of all that.
 */
#include "desk_scene.h"

#define DAY NS_PER_DAY

static void
enrol(struct scene *s, const char *serial, int64_t life)
{
	char token[27], hash[65];
	struct desk_enrol e;

	desk_token_make(token, hash);
	json_decref(scene_do(s, "otomo", "lcp.enroll", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "lcp", "l1", "token_hash", hash)));
	assert_int_equal(desk_enrol(s->d, slice_str(token), "print", serial, s->now + life, s->now, &e), 0);
}

/* The serials that ingest lets in, "a b". */
static const char *
serials(struct scene *s)
{
	static char text[256];
	auto_buf struct buf b = { 0 };
	json_t *doc, *row, *v;
	size_t i;

	desk_lcps_json(s->d, &b);
	doc = json_loads(buf_cstr(&b), 0, NULL);
	row = json_array_get(json_object_get(doc, "lcps"), 0);
	text[0] = '\0';
	if (!json_is_true(json_object_get(row, "revoked")))
		json_array_foreach(json_object_get(row, "serials"), i, v)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i != 0 ? " " : "", json_string_value(v));
	json_decref(doc);
	return text;
}

static int
renew(struct scene *s, const char *old, const char *fresh)
{
	return desk_renew(s->d, "aoba", "l1", old, "print", fresh, s->now + 90 * DAY, s->now);
}

static int
seen(struct scene *s, const char *serial)
{
	return desk_lcp_seen(s->d, "aoba", "l1", serial, s->now);
}

static json_t *
listed(struct scene *s)
{
	json_t *all = scene_do(s, "otomo", "lcp.list", 200, json_object()), *o = json_incref(json_array_get(json_object_get(all, "items"), 0));

	json_decref(all);
	return o;
}

static void
both_are_good_until_a_day_after_the_first_use(void **st)
{
	struct scene s;
	json_t *o;

	(void)st;
	scene_begin(&s);
	enrol(&s, "a1", 90 * DAY);
	assert_int_equal(seen(&s, "a1"), 0);
	s.now += 60 * DAY;
	assert_int_equal(renew(&s, "a1", "b1"), 0);
	assert_string_equal(serials(&s), "a1 b1");
	o = listed(&s);
	assert_string_equal(jstr(o, "serial"), "a1"); /* it is what it uses that is shown */
	assert_true(json_is_null(json_object_get(o, "renewed_at")));
	json_decref(o);
	s.now += 5 * DAY; /* the collector takes its time: nothing ends */
	scene_tick(&s);
	assert_string_equal(serials(&s), "a1 b1");
	assert_int_equal(seen(&s, "a1"), 0);
	assert_int_equal(seen(&s, "b1"), 0);
	o = listed(&s);
	assert_string_equal(jstr(o, "serial"), "b1");
	assert_true(json_is_string(json_object_get(o, "renewed_at")));
	json_decref(o);
	s.now += DAY - SEC;
	scene_tick(&s);
	assert_string_equal(serials(&s), "a1 b1");
	assert_int_equal(seen(&s, "a1"), 0); /* a connection that still stands; changes nothing */
	s.now += SEC;
	scene_tick(&s);
	assert_string_equal(serials(&s), "b1");
	assert_int_equal(renew(&s, "a1", "c1"), E_DENIED);
	scene_replays(&s);
	scene_end(&s);
}

/* The answer is lost twice: what was never used goes; not faster than one in ten minutes. */
static void
a_lost_answer_is_asked_for_again(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	enrol(&s, "a1", 90 * DAY);
	assert_int_equal(renew(&s, "a1", "b1"), E_AGAIN);
	s.now += 60 * DAY;
	assert_int_equal(renew(&s, "a1", "b1"), 0);
	s.now += 599 * SEC;
	assert_int_equal(renew(&s, "a1", "b2"), E_AGAIN);
	s.now += SEC;
	assert_int_equal(renew(&s, "a1", "b2"), 0);
	assert_string_equal(serials(&s), "a1 b2");
	assert_int_equal(seen(&s, "b1"), 0);
	assert_string_equal(serials(&s), "a1 b2");
	scene_replays(&s);
	scene_end(&s);
}

/* Two renewals within a day: each old one has its own day. */
static void
each_old_one_has_its_day(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	enrol(&s, "a1", 90 * DAY);
	s.now += 60 * DAY;
	assert_int_equal(renew(&s, "a1", "b1"), 0);
	assert_int_equal(seen(&s, "b1"), 0);
	s.now += DAY / 2;
	assert_int_equal(renew(&s, "b1", "c1"), 0);
	assert_int_equal(seen(&s, "c1"), 0);
	assert_string_equal(serials(&s), "a1 b1 c1");
	s.now += DAY / 2;
	scene_tick(&s);
	assert_string_equal(serials(&s), "b1 c1");
	s.now += DAY / 2;
	scene_tick(&s);
	assert_string_equal(serials(&s), "c1");
	scene_replays(&s);
	scene_end(&s);
}

static void
revoked_and_enrolled_anew(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	enrol(&s, "a1", 90 * DAY);
	s.now += 60 * DAY;
	assert_int_equal(renew(&s, "a1", "b1"), 0);
	json_decref(scene_do(&s, "otomo", "lcp.revoke", 204, json_pack("{s:s, s:s}", "tenant", "aoba", "lcp", "l1")));
	assert_string_equal(serials(&s), "");
	s.now += DAY;
	assert_int_equal(renew(&s, "a1", "c1"), E_DENIED);
	assert_int_equal(renew(&s, "b1", "c1"), E_DENIED);
	assert_int_equal(seen(&s, "b1"), E_DENIED);
	s.now += 29 * DAY;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'certificate'"), 0);
	enrol(&s, "d1", 90 * DAY);
	assert_string_equal(serials(&s), "d1");
	assert_int_equal(renew(&s, "a1", "e1"), E_DENIED);
	scene_replays(&s);
	scene_end(&s);
}

static bool
doctor_is_content(struct scene *s)
{
	json_t *doc = scene_do(s, NULL, "doctor.show", 200, json_object()), *c;
	bool ok = true;
	size_t i;

	json_array_foreach(json_object_get(doc, "checks"), i, c)
		if (strcmp(jstr(c, "id"), "certificates") == 0)
			ok = json_is_true(json_object_get(c, "ok"));
	json_decref(doc);
	return ok;
}

/* Not renewed: fourteen days before the end somebody is told, once; an expired one renews nothing. */
static void
told_in_time(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	enrol(&s, "a1", 90 * DAY);
	s.now += 76 * DAY - SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'certificate'"), 0);
	assert_true(doctor_is_content(&s));
	s.now += 2 * SEC;
	scene_tick(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'certificate' AND ack_at IS NULL"), 1);
	assert_false(doctor_is_content(&s));
	assert_int_equal(renew(&s, "a1", "b1"), 0);
	assert_int_equal(seen(&s, "b1"), 0);
	assert_true(doctor_is_content(&s));
	s.now += 90 * DAY;
	assert_int_equal(renew(&s, "b1", "c1"), E_DENIED);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_are_good_until_a_day_after_the_first_use),
		cmocka_unit_test(a_lost_answer_is_asked_for_again),
		cmocka_unit_test(each_old_one_has_its_day),
		cmocka_unit_test(revoked_and_enrolled_anew),
		cmocka_unit_test(told_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
