/* SPDX-License-Identifier: Apache-2.0
 *
 * The desk from detection to decision: grouping, claim, close, decide, what each tenant sees, the journal.
 */
#include "desk_scene.h"

#define ENT(kind, value, role, internal) "{\"kind\":\"" kind "\",\"value\":\"" value "\",\"role\":\"" role "\",\"internal\":" internal "}"
#define DET(key, rule, at, ents, ev)                                                                                           \
	"{\"key\":\"" key "\",\"kind\":\"rule\",\"rule\":{\"id\":\"" rule "\",\"name\":\"" rule "\",\"level\":\"high\",\"tags\":[]},\"at\":" at \
	",\"count\":1,\"entities\":[" ents "],\"evidence\":{" ev "},\"dataset\":\"ds\",\"device\":\"dev\"}"
#define AT0 "1795000000000000000"
#define AT1H "1795003600000000000"
#define AT3D "1795259200000000000"

static int64_t
count(struct scene *s, const char *sql)
{
	return db_int(s->db, -1, sql);
}

static void
what_shares_a_host_is_one_candidate(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	/* the same machine under its address, its name and its full name, seen by three devices */
	scene_detect(&s, "aoba", "[" DET("a", "ids", AT0, ENT("ip", "10.1.0.20", "destination", "true"), "\"blocked\":\"none\"") "]");
	scene_detect(&s, "aoba", "[" DET("b", "proc", AT1H, ENT("host", "SRV-FILE-01.aoba.example", "subject", "true"), "\"blocked\":\"none\"") "]");
	scene_detect(&s, "aoba", "[" DET("c", "user", AT1H, ENT("user", "AOBA\\\\h.tanaka", "subject", "true"), "\"blocked\":\"none\"") "]");
	scene_detect(&s, "aoba", "[" DET("d", "vpn", AT1H, ENT("user", "h.tanaka@aoba.example", "subject", "true"), "\"blocked\":\"none\"") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates"), 2);
	assert_int_equal(count(&s, "SELECT detections FROM candidates WHERE number = 1"), 2);
	/* another tenant's equal host is another host */
	scene_detect(&s, "harbor", "[" DET("e", "ids", AT0, ENT("ip", "10.1.0.20", "destination", "true"), "\"blocked\":\"none\"") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates"), 3);
	/* three days later the tie has faded: 2^-3 */
	scene_detect(&s, "aoba", "[" DET("f", "ids", AT3D, ENT("ip", "10.1.0.20", "destination", "true"), "\"blocked\":\"none\"") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates"), 4);
	scene_end(&s);
}

static void
one_that_joins_two_merges_them(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", "[" DET("a", "r1", AT0, ENT("host", "pc-1", "subject", "true"), "") "," DET("b", "r2", AT0, ENT("user", "h.tanaka", "subject", "true"), "") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates WHERE state = 'open'"), 2);
	scene_detect(&s, "aoba", "[" DET("c", "r3", AT0, ENT("host", "pc-1", "subject", "true") "," ENT("user", "h.tanaka", "subject", "true"), "") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates WHERE state = 'open'"), 1);
	assert_int_equal(count(&s, "SELECT number FROM candidates WHERE state = 'open'"), 1);
	assert_int_equal(count(&s, "SELECT detections FROM candidates WHERE number = 1"), 3);
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates WHERE state = 'merged' AND merged_into IS NOT NULL"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL"), 1);
	assert_true(count(&s, "SELECT count(*) FROM entries WHERE kind = 'merge'") >= 2);
	scene_end(&s);
}

static void
noise_does_not_glue(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	/* the authorised scanner touches everything; a true attack on one of its targets stays apart */
	scene_detect(&s, "aoba", "[" DET("a", "scan", AT0, ENT("ip", "10.1.9.5", "source", "true") "," ENT("host", "pc-1", "target", "true"), "\"authorised\":\"weekly scan\"") ","
	             DET("b", "scan", AT0, ENT("ip", "10.1.9.5", "source", "true") "," ENT("host", "pc-2", "target", "true"), "\"authorised\":\"weekly scan\"") ","
	             DET("c", "evil", AT0, ENT("host", "pc-1", "subject", "true"), "\"blocked\":\"none\"") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates"), 2);
	assert_int_equal(count(&s, "SELECT detections FROM candidates WHERE lane = 'auth:weekly scan'"), 2);
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates WHERE severity = 'critical'"), 1);
	/* everybody asks the domain controller; SYSTEM is nobody */
	scene_detect(&s, "aoba", "[" DET("d", "x", AT0, ENT("host", "pc-3", "subject", "true") "," ENT("ip", "10.1.0.10", "destination", "true") "," ENT("user", "SYSTEM", "subject", "true"), "") ","
	             DET("e", "x", AT0, ENT("host", "pc-4", "subject", "true") "," ENT("ip", "10.1.0.10", "destination", "true") "," ENT("user", "SYSTEM", "subject", "true"), "") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates"), 4);
	/* blocked from outside: one per attacker's /24, whatever it hit */
	scene_detect(&s, "aoba", "[" DET("f", "ips", AT0, ENT("ip", "203.0.113.7", "source", "false") "," ENT("host", "web-1", "target", "true"), "\"blocked\":\"all\",\"direction\":\"inbound\"") ","
	             DET("g", "ips", AT0, ENT("ip", "203.0.113.99", "source", "false") "," ENT("host", "web-2", "target", "true"), "\"blocked\":\"all\",\"direction\":\"inbound\"") ","
	             DET("h", "hit", AT0, ENT("ip", "198.51.100.1", "source", "false") "," ENT("host", "web-1", "target", "true"), "\"blocked\":\"none\",\"direction\":\"inbound\"") "]");
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates"), 6);
	assert_int_equal(count(&s, "SELECT detections FROM candidates WHERE lane = 'scan:203.0.113'"), 2);
	/* the same attacker gets through: now it is one story */
	scene_detect(&s, "aoba", "[" DET("i", "shell", AT0, ENT("ip", "203.0.113.7", "source", "false") "," ENT("host", "web-2", "target", "true"), "\"blocked\":\"none\",\"direction\":\"inbound\"") "]");
	assert_int_equal(count(&s, "SELECT detections FROM candidates WHERE number = 5"), 3);
	assert_int_equal(count(&s, "SELECT lane = '' FROM candidates WHERE number = 5"), 1);
	scene_end(&s);
}

static void
a_detection_counts_once(void **st)
{
	struct desk_position at = { "aoba", "lcp-1", "00112233445566778899aabbccddeeff", 1 };
	const char *d = DETECTION("k1", "r1", "");
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", d);
	/* the same batch again, and the same detection in a later batch */
	assert_int_equal(desk_detections(s.d, &at, slice_str(d), s.now), 0);
	scene_detect(&s, "aoba", d);
	assert_int_equal(count(&s, "SELECT count(*) FROM detections"), 1);
	assert_int_equal(count(&s, "SELECT detections FROM days"), 1);
	assert_int_equal(count(&s, "SELECT seq FROM positions"), 2);
	at.seq = 9;
	assert_int_equal(desk_detections(s.d, &at, SL("{\"x\":1"), s.now), E_SYNTAX);
	assert_int_equal(desk_detections(s.d, &at, SL("17"), s.now), E_SYNTAX);
	assert_int_equal(count(&s, "SELECT seq FROM positions"), 2);
	/* malformed ones are counted, the position moves on */
	scene_detect(&s, "aoba", "[1, {}, {\"key\":\"q\"}, null]");
	assert_int_equal(count(&s, "SELECT n FROM counters WHERE name = 'detections_refused'"), 4);
	assert_int_equal(count(&s, "SELECT seq FROM positions"), 3);
	at.seq = 10;
	assert_int_equal(desk_detections(s.d, &at, SL("{\"detections\":[],\"counts\":{\"lines\":10,\"events\":9,\"unparsed\":1}}"), s.now), 0);
	assert_int_equal(count(&s, "SELECT events FROM lines"), 9);
	scene_end(&s);
}

static void
only_one_can_claim(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	b = scene_do(&s, "miyoshi", "candidate.claim", 200, json_pack("{s:s}", "id", "C-1"));
	assert_string_equal(jstr(json_object_get(json_object_get(b, "owner"), "name"), "en"), "K. Miyoshi");
	json_decref(b);
	b = scene_do(&s, "wood", "candidate.claim", 409, json_pack("{s:s}", "id", "C-1"));
	assert_string_equal(jstr(b, "by"), "K. Miyoshi");
	json_decref(b);
	json_decref(scene_do(&s, "wood", "candidate.close", 409, json_pack("{s:s, s:s}", "id", "C-1", "reason", "expected")));
	json_decref(scene_do(&s, "wood", "candidate.release", 409, json_pack("{s:s}", "id", "C-1")));
	json_decref(scene_do(&s, "otomo", "candidate.release", 200, json_pack("{s:s}", "id", "C-1")));
	json_decref(scene_do(&s, "wood", "candidate.claim", 200, json_pack("{s:s}", "id", "C-1")));
	/* refused commands leave no journal row */
	assert_int_equal(count(&s, "SELECT count(*) FROM journal"), 5);
	scene_end(&s);
}

static void
closed_ones_are_visible_with_the_reason(void **st)
{
	struct scene s;
	json_t *b;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	json_decref(scene_do(&s, "odagiri", "candidate.show", 404, json_pack("{s:s}", "id", "C-1")));
	json_decref(scene_do(&s, "miyoshi", "candidate.close", 422, json_pack("{s:s, s:s}", "id", "C-1", "reason", "bored")));
	json_decref(scene_do(&s, "miyoshi", "candidate.note", 200, json_pack("{s:s, s:s}", "id", "C-1", "text", "secret thought")));
	json_decref(scene_do(&s, "miyoshi", "candidate.close", 200,
	                     json_pack("{s:s, s:s, s:{s:s}}", "id", "C-1", "reason", "expected", "facts", "ja", "夜間バックアップ")));
	b = scene_do(&s, "odagiri", "candidate.show", 200, json_pack("{s:s}", "id", "C-1"));
	assert_string_equal(jstr(json_object_get(b, "closed"), "reason"), "expected");
	char *text = json_dumps(b, 0);
	assert_null(strstr(text, "secret thought"));
	free(text);
	json_decref(b);
	json_decref(scene_do(&s, "lowe", "candidate.show", 404, json_pack("{s:s}", "id", "C-1")));
	json_decref(scene_do(&s, "lowe", "candidate.again", 404, json_pack("{s:s}", "id", "C-1")));
	json_decref(scene_do(&s, "odagiri", "candidate.again", 404, json_pack("{s:s}", "id", "C-99")));
	b = scene_do(&s, "lowe", "candidate.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 0);
	json_decref(b);
	json_decref(scene_do(&s, "miyoshi", "candidate.reopen", 200, json_pack("{s:s}", "id", "C-1")));
	assert_int_equal(count(&s, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL"), 1);
	assert_int_equal(count(&s, "SELECT closed FROM days"), 0);
	scene_end(&s);
}

static void
a_decision_keeps_its_rules(void **st)
{
	struct scene s;
	json_t *d, *b;

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	d = decision(&s, "C-1", "emergency");
	json_object_set_new(d, "evidence", json_array());
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 422, d));
	d = decision(&s, "C-1", "emergency");
	json_object_set_new(d, "evidence", json_pack("[s]", "not-of-this-candidate"));
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 422, d));
	/* proposed Critical: below it wants a reason */
	d = decision(&s, "C-1", "informational");
	json_object_del(d, "reason");
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 422, json_incref(d)));
	b = scene_do(&s, "miyoshi", "candidate.preview", 200, d);
	assert_true(json_is_true(json_object_get(b, "reason_needed")));
	assert_int_equal(json_array_size(json_object_get(b, "faults")), 1);
	json_decref(b);
	d = decision(&s, "C-1", "critical");
	json_object_set_new(json_object_get(d, "answers"), "real", json_string("no"));
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 422, d));
	b = scene_do(&s, "miyoshi", "candidate.preview", 200, decision(&s, "C-1", "critical"));
	assert_int_equal(json_array_size(json_object_get(b, "chain")), 2);
	assert_null(strstr(jstr(json_object_get(json_array_get(json_object_get(b, "chain"), 0), "numbers"), "x"), "1111"));
	json_decref(b);
	assert_int_equal(count(&s, "SELECT count(*) FROM incidents"), 0);
	b = scene_do(&s, "miyoshi", "candidate.decide", 200, decision(&s, "C-1", "critical"));
	assert_string_equal(jstr(b, "id"), "AOBA-2026-0001");
	json_decref(b);
	json_decref(scene_do(&s, "miyoshi", "candidate.decide", 409, decision(&s, "C-1", "critical")));
	json_decref(scene_do(&s, "lowe", "incident.show", 404, json_pack("{s:s}", "id", "AOBA-2026-0001")));
	b = scene_do(&s, "odagiri", "incident.show", 200, json_pack("{s:s}", "id", "AOBA-2026-0001"));
	assert_null(json_object_get(b, "hypothesis"));
	assert_non_null(json_object_get(b, "stamps"));
	json_decref(b);
	assert_int_equal(count(&s, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL AND kind IN ('call','answer')"), 2);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE kind = 'call'"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail'"), 1);
	scene_end(&s);
}

static void
warning_calls_nobody(void **st)
{
	char id[64];
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "warning", id);
	assert_int_equal(count(&s, "SELECT count(*) FROM chains"), 0);
	assert_int_equal(count(&s, "SELECT count(*) FROM outbox WHERE kind = 'mail'"), 1); /* odagiri wants them */
	/* later evidence of damage: it joins, and the analyst is told */
	scene_detect(&s, "aoba", DETECTION("k2", "r2", "\"nezuban.damage\""));
	assert_int_equal(count(&s, "SELECT count(*) FROM candidates"), 1);
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'raised'"), 1);
	json_t *d = decision(&s, "C-1", "emergency");
	json_object_set_new(d, "id", json_string(id));
	json_decref(scene_do(&s, "miyoshi", "incident.severity", 200, d));
	assert_int_equal(count(&s, "SELECT count(*) FROM chains WHERE state = 'running'"), 1);
	/* and not down again while the telephone rings */
	d = decision(&s, "C-1", "warning");
	json_object_set_new(d, "id", json_string(id));
	json_decref(scene_do(&s, "miyoshi", "incident.severity", 409, d));
	json_decref(scene_do(&s, "miyoshi", "incident.close", 409, json_pack("{s:s, s:s}", "id", id, "code", "resolved")));
	scene_end(&s);
}

static void
clocks_are_computed(void **st)
{
	struct scene s;
	json_t *b;
	static const struct {
		int64_t after;
		const char *state;
	} v[] = { { 1, "ample" }, { 500, "half" }, { 800, "short" }, { 901, "broken" } };

	(void)st;
	scene_begin(&s);
	scene_detect(&s, "aoba", DETECTION("k1", "r1", ""));
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		s.now = T0 + v[i].after * SEC;
		scene_tick(&s);
		b = scene_do(&s, "miyoshi", "queue.list", 200, json_object());
		assert_string_equal(jstr(json_object_get(json_array_get(json_object_get(b, "items"), 0), "clock"), "state"), v[i].state);
		json_decref(b);
	}
	assert_int_equal(count(&s, "SELECT count(*) FROM alarms WHERE kind = 'clock_broken'"), 1);
	scene_end(&s);
}

static void
the_tables_follow_from_the_journal(void **st)
{
	char id[64];
	struct scene s;

	(void)st;
	scene_begin(&s);
	scene_incident(&s, "critical", id);
	scene_detect(&s, "aoba", DETECTION("k2", "r2", "\"nezuban.success\""));
	json_decref(scene_do(&s, "odagiri", "incident.comment", 200, json_pack("{s:s, s:s}", "id", id, "text", "見ました <b>\u202e")));
	for (int i = 0; i < 12; i++) {
		s.now += 61 * SEC;
		scene_tick(&s);
	}
	json_decref(scene_do(&s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", id)));
	scene_replays(&s);
	scene_end(&s);
}

static void
a_touched_journal_is_found(void **st)
{
	static const char *const hands[] = { "UPDATE journal SET record = CAST(replace(CAST(record AS TEXT), 'miyoshi', 'nobody') AS BLOB) WHERE seq = 1",
		"DELETE FROM journal WHERE seq = 2", "UPDATE journal SET at = at + 1 WHERE seq = 3", "UPDATE journal SET actor = 'x' WHERE seq = 3",
		"UPDATE journal SET command = 'candidate.close' WHERE seq = 3",
		"UPDATE journal SET seq = CASE seq WHEN 2 THEN 103 ELSE 102 END WHERE seq IN (2, 3); ",
		"UPDATE journal SET hash = prev WHERE seq = 2" };
	struct desk_verified v;
	char id[64];

	(void)st;
	for (size_t i = 0; i < sizeof hands / sizeof *hands; i++) {
		struct scene s;

		scene_begin(&s);
		scene_incident(&s, "critical", id);
		assert_int_equal(desk_verify(s.db, &v), 0);
		assert_int_equal(v.rows, 3);
		assert_int_equal(db_run(s.db, hands[i]), 0);
		if (desk_verify(s.db, &v) != E_CHAIN)
			fail_msg("not found: %s", hands[i]);
		assert_non_null(v.fault);
		scene_end(&s);
	}
}

static void
a_token_opens_once(void **st)
{
	char token[27], hash[65];
	struct desk_enrol e;
	struct scene s;

	(void)st;
	scene_begin(&s);
	desk_token_make(token, hash);
	json_decref(scene_do(&s, "otomo", "lcp.enroll", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "lcp", "aoba-tokyo-1", "token_hash", hash)));
	assert_int_equal(desk_enrol(s.d, SL("wrong"), "csr", "serial", 0, s.now, &e), E_DENIED);
	assert_int_equal(desk_token(s.d, slice_str(token), s.now, &e), 0);
	assert_int_equal(desk_enrol(s.d, slice_str(token), "csr", "40aa", 5, s.now + 899 * SEC, &e), 0);
	assert_string_equal(e.tenant, "aoba");
	assert_string_equal(e.lcp, "aoba-tokyo-1");
	assert_int_equal(desk_enrol(s.d, slice_str(token), "csr", "40ab", 5, s.now + 899 * SEC, &e), E_DENIED);
	desk_token_make(token, hash);
	json_decref(scene_do(&s, "otomo", "lcp.enroll", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "lcp", "aoba-tokyo-1", "token_hash", hash)));
	assert_int_equal(desk_enrol(s.d, slice_str(token), "csr", "40ac", 5, s.now + 901 * SEC, &e), E_DENIED);
	json_decref(scene_do(&s, "otomo", "lcp.enroll", 422, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "lcp", "../x", "token_hash", hash)));
	json_decref(scene_do(&s, "otomo", "lcp.revoke", 204, json_pack("{s:s, s:s}", "tenant", "aoba", "lcp", "aoba-tokyo-1")));
	struct buf b = { 0 };
	desk_lcps_json(s.d, &b);
	assert_non_null(strstr(buf_cstr(&b), "\"revoked\":true"));
	buf_fini(&b);
	scene_end(&s);
}

static void
documents_of_tenants_are_strict(void **st)
{
	static const struct {
		const char *yaml, *id;
		unsigned line;
	} v[] = {
		{ "tenants:\n  - {id: a, name: x, kana: 漢字, short: A, code_word: {ja: カ, en: k}}\n", "TENANT-KANA", 2 },
		{ "tenants:\n  - id: a\n    name: x\n    kana: カ\n    short: A\n    code_word: カ\n    contcts: []\n", "TENANT-KEY", 7 },
		{ "tenants:\n  - {id: A!, name: x, kana: カ, short: A, code_word: カ}\n", "TENANT-ID", 2 },
		{ "tenants:\n  - {id: a, name: x, kana: カ, short: A, code_word: {ja: カ, en: k}, zone: Mars/Base}\n", "TENANT-ZONE", 2 },
		{ "tenants:\n  - {id: a, name: x, kana: カ, short: A, code_word: {ja: カ, en: k}, contacts: [{id: c, name: n, kana: カ, numbers: [911]}]}\n", "TENANT-NUMBER", 2 },
		{ "tenants:\n  - {id: a, name: x, kana: カ, short: A, code_word: {ja: カ, en: k}, contacts: [{id: c, name: n, kana: カ, hours: 'Mon 9-5', mail: a@b}]}\n", "TENANT-HOURS", 2 },
		{ "tenants:\n  - {id: a, name: x, kana: カ, short: A, code_word: {ja: カ, en: k}, networks: [{name: n, cidr: 10.0.0.0/8}, {name: m, cidr: 0.0.0.0/0}]}\n", "TENANT-NETWORK", 2 },
		{ "accounts:\n  - {login: x y, name: x, role: analyst}\n", "TENANT-LOGIN", 2 },
		{ "accounts:\n  - {login: xy, name: x, role: king}\n", "TENANT-WORD", 2 },
		{ "tenants: 5\n", "TENANT-TYPE", 1 },
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct whys ws = { 0 };

		assert_null(desk_import_read(slice_str(v[i].yaml), "f.yaml", &ws));
		assert_true(ws.list.n != 0);
		assert_string_equal(ws.list.v[0].id, v[i].id);
		assert_int_equal(ws.list.v[0].line, v[i].line);
		whys_fini(&ws);
	}
}

static void
devices_fall_silent_and_counts_add_up(void **st)
{
	struct scene s;
	json_t *beat, *b;

	(void)st;
	scene_begin(&s);
	json_decref(scene_do(&s, NULL, "lcp.enroll", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "lcp", "l1", "token_hash", "h")));
	beat = json_pack("{s:i, s:[{s:s, s:i, s:i, s:{s:i}}]}", "v", 1, "devices", "id", "fw-1", "lines", 100, "bytes", 1000, "drops", "udp_kernel", 3);
	assert_int_equal(desk_heartbeat(s.d, "aoba", "l1", beat, s.now), 0);
	assert_int_equal(desk_heartbeat(s.d, "aoba", "l1", beat, s.now + 30 * SEC), 0);
	assert_int_equal(desk_heartbeat(s.d, "nobody", "l1", beat, s.now), E_NOTFOUND);
	assert_int_equal(count(&s, "SELECT received FROM lines"), 100);
	s.now += 700 * SEC;
	assert_int_equal(desk_heartbeat(s.d, "aoba", "l1", beat, s.now), 0);
	b = scene_do(&s, "odagiri", "device.list", 200, json_object());
	assert_string_equal(jstr(json_array_get(json_object_get(b, "items"), 0), "state"), "silent");
	json_decref(b);
	b = scene_do(&s, "odagiri", "ledger.show", 200, json_object());
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b, "total"), "received")), 103);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(b, "total"), "kept")), 100);
	json_decref(b);
	json_t *m = json_pack("{s:s, s:s, s:[{s:s, s:i}]}", "tenant", "aoba", "day", "2026-11-18", "devices", "device", "fw-1", "lines", 99);
	assert_int_equal(desk_manifest(s.d, m, s.now), 0);
	json_decref(m);
	b = scene_do(&s, "odagiri", "ledger.show", 200, json_object());
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(b, "rows"), 0), "difference")), -1);
	json_decref(b);
	b = scene_do(&s, "lowe", "device.list", 200, json_object());
	assert_int_equal(json_array_size(json_object_get(b, "items")), 0);
	json_decref(b);
	json_decref(scene_do(&s, "odagiri", "home.show", 200, json_object()));
	json_decref(scene_do(&s, "odagiri", "funnel.show", 200, json_object()));
	json_decref(scene_do(&s, "otomo", "doctor.show", 200, json_object()));
	json_decref(scene_do(&s, "otomo", "tenant.show", 200, json_pack("{s:s}", "id", "aoba")));
	json_decref(scene_do(&s, "lowe", "tenant.show", 404, json_pack("{s:s}", "id", "aoba")));
	json_decref(beat);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_shares_a_host_is_one_candidate), cmocka_unit_test(one_that_joins_two_merges_them),
		cmocka_unit_test(noise_does_not_glue), cmocka_unit_test(a_detection_counts_once), cmocka_unit_test(only_one_can_claim),
		cmocka_unit_test(closed_ones_are_visible_with_the_reason), cmocka_unit_test(a_decision_keeps_its_rules),
		cmocka_unit_test(warning_calls_nobody), cmocka_unit_test(clocks_are_computed),
		cmocka_unit_test(the_tables_follow_from_the_journal), cmocka_unit_test(a_touched_journal_is_found), cmocka_unit_test(a_token_opens_once),
		cmocka_unit_test(documents_of_tenants_are_strict), cmocka_unit_test(devices_fall_silent_and_counts_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
