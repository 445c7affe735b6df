/* SPDX-License-Identifier: Apache-2.0
 *
 * The eight times: percentiles, and the customer working them out again from a slice of the journal.
 */
#include "desk_scene.h"

#include "desk/slice.h"

#define AT(key, host, first, lcp)                                                                                              \
	"[{\"key\":\"" key "\",\"kind\":\"rule\",\"rule\":{\"id\":\"r\",\"name\":\"r\",\"level\":\"high\",\"tags\":[]},\"at\":1795000000000000000," \
	"\"first_at\":" first ",\"lcp_at\":" lcp ",\"soc_at\":1795000001000000000,\"count\":1,\"entities\":[{\"kind\":\"host\",\"value\":\"" host \
	"\",\"role\":\"target\",\"internal\":true}],\"evidence\":{\"blocked\":\"none\",\"direction\":\"internal\"},\"dataset\":\"ds\",\"device\":\"dev\"}]"

static void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

static void
phone(struct scene *s, const char *incident, int ring_s, int answer_s)
{
	int64_t job = db_int(s->db, 0, "SELECT max(id) FROM outbox WHERE kind = 'call' AND incident = ?", Q(incident));
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)job);
	s->now += ring_s * SEC;
	doit(s, NULL, "job.event", 204, json_pack("{s:s, s:s}", "job", text, "what", "ringing"));
	s->now += answer_s * SEC;
	doit(s, NULL, "job.done", 204, json_pack("{s:s, s:s}", "job", text, "outcome", "acknowledged"));
}

/* Three incidents of aoba, one of harbor, notes, a merge, a raised severity. */
static void
a_busy_evening(struct scene *s)
{
	scene_detect(s, "aoba", AT("a1", "pc-1", "1794999990000000000", "1794999991000000000"));
	scene_detect(s, "aoba", AT("a2", "pc-1", "1794999980000000000", "1794999995000000000"));
	scene_detect(s, "aoba", AT("b1", "pc-2", "1794999999000000000", "1794999999500000000"));
	scene_detect(s, "harbor", AT("h1", "pc-1", "1794999999000000000", "1794999999500000000"));
	s->now += 30 * SEC;
	doit(s, "miyoshi", "candidate.claim", 200, json_pack("{s:s}", "id", "C-1"));
	doit(s, "miyoshi", "candidate.note", 200, json_pack("{s:s, s:s}", "id", "C-1", "text", "between us"));
	s->now += 60 * SEC;
	doit(s, "miyoshi", "candidate.decide", 200, decision(s, "C-1", "critical"));
	phone(s, "AOBA-2026-0001", 4, 20);
	doit(s, "wood", "candidate.decide", 200, decision(s, "C-3", "critical"));
	phone(s, "HARBOR-2026-0001", 9, 9);
	doit(s, "wood", "candidate.decide", 200, decision(s, "C-2", "warning"));
	s->now += 100 * SEC;
	json_t *d = decision(s, "C-2", "critical");
	json_object_set_new(d, "id", json_string("AOBA-2026-0002"));
	doit(s, "wood", "incident.severity", 200, d);
	phone(s, "AOBA-2026-0002", 8, 30);
	/* a month later, merged before it was decided: opened is the earlier one's */
	s->now += 30 * 86400 * SEC;
	scene_detect(s, "aoba", AT("c1", "pc-7", "1797590000000000000", "1797590001000000000"));
	scene_detect(s, "aoba", AT("c2", "pc-8", "1797590000000000000", "1797590001000000000"));
	doit(s, "wood", "candidate.claim", 200, json_pack("{s:s}", "id", "C-4"));
	s->now += 10 * SEC;
	doit(s, "wood", "candidate.merge", 200, json_pack("{s:s, s:s}", "id", "C-4", "into", "C-5"));
	s->now += 10 * SEC;
	doit(s, "wood", "candidate.decide", 200, decision(s, "C-5", "warning"));
}

static int64_t
ms_of(const json_t *month, const char *id, const char *key)
{
	const json_t *o;
	size_t i;

	json_array_foreach(json_object_get(month, "intervals"), i, o)
		if (strcmp(jstr(o, "id"), id) == 0)
			return json_is_integer(json_object_get(o, key)) ? json_integer_value(json_object_get(o, key)) : -1;
	fail_msg("no %s", id);
	return 0;
}

static void
percentiles_by_month_and_tenant(void **st)
{
	struct scene s;
	json_t *b, *items, *m;

	(void)st;
	scene_begin(&s);
	a_busy_evening(&s);
	b = scene_do(&s, "odagiri", "sla.show", 200, json_object());
	items = json_object_get(b, "items");
	assert_int_equal(json_array_size(items), 2);
	m = json_array_get(items, 1);
	assert_string_equal(jstr(m, "month"), "2026-11");
	assert_int_equal(json_integer_value(json_object_get(m, "incidents")), 2);
	assert_int_equal(ms_of(m, "decided_to_rang", "n"), 2);
	assert_int_equal(ms_of(m, "decided_to_rang", "p50_ms"), 4000);
	assert_int_equal(ms_of(m, "decided_to_rang", "p99_ms"), 8000);
	assert_int_equal(ms_of(m, "decided_to_acknowledged", "max_ms"), 38000);
	assert_int_equal(ms_of(m, "detected_to_opened", "p50_ms"), 30000);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json_object_get(m, "clocks"), "call"), "met")), 2);
	json_decref(b);
	b = scene_do(&s, "otomo", "sla.show", 200, json_pack("{s:s}", "month", "2026-11"));
	assert_int_equal(json_array_size(json_object_get(b, "items")), 2);
	json_decref(b);
	doit(&s, "odagiri", "sla.show", 404, json_pack("{s:s}", "tenant", "harbor"));
	scene_replays(&s);
	scene_end(&s);
}

/* What `nezuban journal export` writes, signed with key. */
static void
export_slice(struct scene *s, const char *login, const char *tenant, const struct pki_key *key, int limit, struct buf *out)
{
	int64_t after = 0, to = 0;

	do {
		json_t *args = json_pack("{s:s, s:I, s:i}", "tenant", tenant, "after", (json_int_t)after, "limit", limit), *b, *v, *head;
		size_t i;
		char *t;

		if (to != 0)
			json_object_set_new(args, "to", json_integer(to));
		b = scene_do(s, login, "journal.export", 200, args);
		head = json_object_get(b, "head");
		if (to == 0)
			buf_printf(out, "{\"kind\":\"nezuban.journal\",\"tenant\":\"%s\",\"v\":1,\"zone\":\"%s\"}\n", jstr(b, "tenant"), jstr(b, "zone"));
		to = json_integer_value(json_object_get(head, "seq"));
		json_array_foreach(json_object_get(b, "rows"), i, v) {
			t = json_dumps(v, JSON_COMPACT);
			buf_printf(out, "%s\n", t);
			free(t);
		}
		after = json_integer_value(json_object_get(b, "next"));
		if (after == 0) {
			struct buf text = { 0 }, sig = { 0 };
			uint8_t bytes[PKI_SIG_LEN];
			char id[17];

			slice_signed(head, jstr(b, "tenant"), jstr(b, "zone"), &text);
			pki_sign(key, buf_slice(&text), bytes);
			pki_base64(slice_of(bytes, sizeof bytes), &sig);
			pki_key_id(key, id);
			t = json_dumps(head, JSON_COMPACT);
			buf_printf(out, "{\"head\":%s,\"key\":\"%s\",\"signature\":\"%s\"}\n", t, id, buf_cstr(&sig));
			free(t);
			buf_fini(&text);
			buf_fini(&sig);
		}
		json_decref(b);
	} while (after != 0);
}

static void
show(void *ctx, int64_t line, const char *what)
{
	(void)ctx;
	print_error("line %lld: %s\n", (long long)line, what);
}

static void
quiet(void *ctx, int64_t line, const char *what)
{
	(void)ctx;
	(void)line;
	(void)what;
}

static void
the_customer_gets_the_same_figures(void **st)
{
	struct pki_key *key = pki_key_make(PKI_ED25519), *other = pki_key_make(PKI_ED25519);
	struct buf file = { 0 }, paged = { 0 };
	struct scene s;
	json_t *report, *b, *v, *mine, *theirs;
	size_t i;

	(void)st;
	scene_begin(&s);
	a_busy_evening(&s);
	export_slice(&s, "odagiri", "aoba", key, 1000, &file);
	export_slice(&s, "odagiri", "aoba", key, 3, &paged);
	assert_string_equal(buf_cstr(&file), buf_cstr(&paged));
	/* neither what others do nor what was written among ourselves */
	assert_null(strstr(buf_cstr(&file), "HARBOR"));
	assert_null(strstr(buf_cstr(&file), "between us"));
	assert_null(strstr(buf_cstr(&file), "miyoshi"));
	report = slice_check(buf_slice(&file), key, show, NULL);
	assert_int_equal(json_integer_value(json_object_get(report, "fault_count")), 0);
	assert_true(json_is_true(json_object_get(report, "signature_checked")));
	b = scene_do(&s, "odagiri", "sla.show", 200, json_object());
	json_array_foreach(json_object_get(b, "items"), i, v) {
		mine = json_object_get(json_array_get(json_object_get(report, "months"), i), "intervals");
		theirs = json_object_get(v, "intervals");
		assert_true(json_equal(mine, theirs));
	}
	json_decref(b);
	b = scene_do(&s, "odagiri", "incident.show", 200, json_pack("{s:s}", "id", "AOBA-2026-0002"));
	v = json_array_get(json_object_get(report, "incidents"), 1);
	assert_string_equal(jstr(v, "decided"), jstr(json_object_get(b, "stamps"), "decided"));
	assert_string_equal(jstr(v, "acknowledged"), jstr(json_object_get(b, "stamps"), "acknowledged"));
	json_decref(b);
	json_decref(report);
	report = slice_check(buf_slice(&file), other, quiet, NULL);
	assert_int_equal(json_integer_value(json_object_get(report, "fault_count")), 1);
	json_decref(report);
	doit(&s, "odagiri", "journal.export", 404, json_pack("{s:s}", "tenant", "harbor"));
	doit(&s, "otomo", "journal.export", 422, json_object());
	buf_fini(&file);
	buf_fini(&paged);
	pki_key_free(key);
	pki_key_free(other);
	scene_replays(&s);
	scene_end(&s);
}

static int64_t
faults_of(struct slice text, const struct pki_key *key)
{
	json_t *report = slice_check(text, key, quiet, NULL);
	int64_t n = json_integer_value(json_object_get(report, "fault_count"));

	json_decref(report);
	return n;
}

static void
every_touched_byte_is_found(void **st)
{
	struct pki_key *key = pki_key_make(PKI_ED25519);
	struct buf file = { 0 };
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "harbor", AT("h1", "pc-1", "1794999999000000000", "1794999999500000000"));
	scene_detect(&s, "aoba", AT("a1", "pc-1", "1794999990000000000", "1794999991000000000"));
	doit(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-2", "critical"));
	phone(&s, "AOBA-2026-0001", 4, 20);
	export_slice(&s, "odagiri", "aoba", key, 1000, &file);
	assert_int_equal(faults_of(buf_slice(&file), key), 0);
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= 1;
		if (faults_of(buf_slice(&file), key) == 0)
			fail_msg("byte %zu of %zu: %.60s", i, file.n, file.p + (i > 30 ? i - 30 : 0));
		file.p[i] ^= 1;
	}
	/* lines taken out, one after the other; and the end cut off */
	for (size_t from = 0, to; from < file.n; from = to) {
		struct buf cut = { 0 };

		to = (size_t)((char *)memchr(file.p + from, '\n', file.n - from) - file.p) + 1;
		buf_put(&cut, file.p, from);
		buf_put(&cut, file.p + to, file.n - to);
		assert_true(faults_of(buf_slice(&cut), key) > 0);
		buf_fini(&cut);
	}
	assert_true(faults_of(SL(""), key) > 0);
	buf_fini(&file);
	pki_key_free(key);
	scene_end(&s);
}

static void
rows_of_before_are_still_walked(void **st)
{
	struct pki_key *key = pki_key_make(PKI_ED25519);
	struct desk_verified v;
	struct buf file = { 0 };
	struct scene s;

	(void)st;
	scene_begin(&s);
	/* the first row as an older program wrote it: no facts, and another hash */
	assert_int_equal(db_run(s.db, "UPDATE journal SET facts = x'' WHERE seq = 1"), 0);
	assert_int_equal(desk_verify(s.db, &v), E_CHAIN);
	scene_end(&s);
	buf_printf(&file, "{\"kind\":\"nezuban.journal\",\"tenant\":\"aoba\",\"v\":1,\"zone\":\"UTC\"}\n{\"seq\":1,\"old\":\"%064d\"}\n", 7);
	buf_printf(&file, "{\"head\":{\"seq\":1,\"hash\":\"%064d\",\"at\":\"x\"}}\n", 7);
	assert_int_equal(faults_of(buf_slice(&file), NULL), 0);
	buf_fini(&file);
	pki_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_by_month_and_tenant), cmocka_unit_test(the_customer_gets_the_same_figures),
		cmocka_unit_test(every_touched_byte_is_found), cmocka_unit_test(rows_of_before_are_still_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
