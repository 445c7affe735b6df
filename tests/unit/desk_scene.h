/* SPDX-License-Identifier: Apache-2.0
 *
 * What the desk's tests share: two tenants, people, a way to say detections in one line, a false telephone.
 */
#ifndef NZ_TESTS_DESK_SCENE_H
#define NZ_TESTS_DESK_SCENE_H

#include "unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "desk/desk.h"

#define T0 1795000000000000000LL /* 2026-11-18T11:06:40Z, a Wednesday: 20:06 in Tokyo */
#define SEC NS_PER_S

static const char desk_yaml[] =
        "tenants:\n"
        "  - id: aoba\n    name: {ja: 青葉精機株式会社, en: Aoba Seiki}\n    kana: アオバセイキ\n    short: AOBA\n    zone: Asia/Tokyo\n"
        "    code_word: {ja: カワセミ, en: kingfisher}\n"
        "    contacts:\n"
        "      - {id: odagiri, name: 小田切 直人, kana: オダギリ ナオト, lang: ja, numbers: ['+81311112222', '+81333334444'], mail: odagiri@aoba.example, mail_for: [emergency, critical, warning]}\n"
        "      - {id: shimamura, name: 島村 由佳, kana: シマムラ ユカ, numbers: ['+81355556666'], pin: '4821'}\n"
        "    assets:\n"
        "      - {name: srv-file-01, value: 3, addresses: [10.1.0.20], hosts: [srv-file-01]}\n"
        "      - {name: dc01, value: 3, addresses: [10.1.0.10], hosts: [dc01], shared: true}\n"
        "  - id: harbor\n    name: {ja: ハーバー, en: Harbor Freight Lines Ltd}\n    kana: ハーバー\n    short: HARBOR\n    zone: Europe/London\n    lang: en\n"
        "    code_word: {ja: イカリ, en: anchor}\n"
        "    contacts:\n      - {id: lowe, name: H. Lowe, kana: ロウ, lang: en, numbers: ['+442011112222']}\n"
        "accounts:\n"
        "  - {login: miyoshi, name: {ja: 三好 香奈, en: K. Miyoshi}, role: analyst}\n"
        "  - {login: wood, name: {ja: ウッド, en: J. Wood}, role: analyst, lang: en}\n"
        "  - {login: otomo, name: {ja: 大友 修, en: O. Otomo}, role: lead}\n"
        "  - {login: odagiri, name: {ja: 小田切 直人, en: N. Odagiri}, role: customer, tenant: aoba}\n"
        "  - {login: lowe, name: {ja: H. Lowe, en: H. Lowe}, role: customer, tenant: harbor, lang: en}\n";

struct scene {
	struct db *db;
	struct desk *d;
	int64_t now;
	char path[64];
	int64_t seq;
};

static const struct desk_settings scene_settings = { .providers = { "first", "second" }, .alarm_mail = "duty@soc.example",
	                                                 .url = "https://soc.example" };

static inline struct desk_actor
actor_of(struct scene *s, const char *login, char id[32])
{
	struct rows r = db_query(s->db, "SELECT id, name_ja, name_en, role, tenant FROM users WHERE login = ?", Q(login));
	static char ja[8][64], en[8][64], role[8][16], tenant[8][32];
	static int k;

	k = (k + 1) % 8;
	assert_true(rows_next(&r));
	snprintf(id, 32, "%s", row_str(&r, 0));
	snprintf(ja[k], 64, "%s", row_str(&r, 1));
	snprintf(en[k], 64, "%s", row_str(&r, 2));
	snprintf(role[k], 16, "%s", row_str(&r, 3));
	snprintf(tenant[k], 32, "%s", row_str(&r, 4) != NULL ? row_str(&r, 4) : "");
	struct desk_actor a = { .user = id, .ja = ja[k], .en = en[k], .role = role[k], .tenant = tenant[k][0] != '\0' ? tenant[k] : NULL };

	rows_close(&r);
	return a;
}

static inline void
scene_open(struct scene *s)
{
	assert_int_equal(db_open(s->path[0] != '\0' ? s->path : ":memory:", &s->db), 0);
	assert_int_equal(desk_open(s->db, &scene_settings, &s->d), 0);
}

static inline void
scene_begin(struct scene *s)
{
	struct whys ws = { 0 };
	json_t *args;

	*s = (struct scene){ .now = T0 };
	scene_open(s);
	args = desk_import_read(slice_str(desk_yaml), "t.yaml", &ws);
	if (args == NULL) {
		struct buf b = { 0 };

		why_print(&ws.list.v[0], &b);
		fail_msg("%s", buf_cstr(&b));
	}
	json_object_del(args, "secrets");
	struct desk_answer a = desk_apply(s->d, "tenant.import", &desk_service, args, s->now);
	assert_int_equal(a.status, 200);
	json_decref(a.body);
	json_decref(args);
	whys_fini(&ws);
}

static inline void
scene_end(struct scene *s)
{
	desk_close(s->d);
	db_close(s->db);
}

/* detections: JSON array text */
static inline void
scene_detect(struct scene *s, const char *tenant, const char *detections)
{
	struct desk_position at = { tenant, "lcp-1", "00112233445566778899aabbccddeeff", ++s->seq };

	assert_int_equal(desk_detections(s->d, &at, slice_str(detections), s->now), 0);
}

/* Runs a verb as login; the answer's status must be `want`. Returns the body (a new reference). */
static inline json_t *
scene_do(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	char id[32] = "";
	struct desk_actor who = login != NULL ? actor_of(s, login, id) : desk_service;
	struct desk_answer a = desk_do(s->d, verb, &who, args, s->now);

	if (a.status != want) {
		char *t = a.body != NULL ? json_dumps(a.body, 0) : NULL;

		fail_msg("%s as %s: %d, wanted %d: %s", verb, login != NULL ? login : "the service", a.status, want, t != NULL ? t : "");
	}
	json_decref(args);
	return a.body;
}

static inline const char *
jstr(const json_t *o, const char *key)
{
	const char *t = json_string_value(json_object_get(o, key));

	return t != NULL ? t : "";
}

static inline json_t *
decision(struct scene *s, const char *candidate, const char *severity)
{
	bool e = strcmp(severity, "emergency") == 0, c = strcmp(severity, "critical") == 0, w = strcmp(severity, "warning") == 0;
	char *det = db_text(s->db, "SELECT d.id FROM detections d JOIN candidates c ON c.id = d.candidate WHERE c.id = ? OR ('C-' || c.number) = ? LIMIT 1",
	                    Q(candidate), Q(candidate));
	json_t *o = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:[s], s:s}", "id", candidate, "severity", severity, "answers", "real", "yes", "success",
	                      e ? "yes" : "no", "possible", e || c ? "yes" : "unlikely", "check", w || e || c ? "yes" : "no", "evidence", det, "reason", "r");

	free(det);
	return o;
}

/* Whatever has to follow has its timer: the auditor looks. */
static inline void
scene_misses_no_timer(struct scene *s)
{
	struct desk_overdue all[32];
	size_t n = desk_audit(s->db, s->now, all, 32);

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].kind, "missing") == 0)
			fail_msg("no timer: %s", all[i].id);
}

/* The journal in an empty database gives the same tables, byte for byte; and its chain is whole. */
static inline void
scene_replays(struct scene *s)
{
	struct buf a = { 0 }, b = { 0 };
	struct desk_verified v;
	struct db *copy;

	scene_misses_no_timer(s);
	assert_int_equal(desk_verify(s->db, &v), 0);
	assert_int_equal(db_open(":memory:", &copy), 0);
	assert_int_equal(desk_replay(s->db, copy, &scene_settings), 0);
	desk_dump(s->db, &a);
	desk_dump(copy, &b);
	assert_true(a.n > 2000);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	db_close(copy);
	buf_fini(&a);
	buf_fini(&b);
}

static inline int64_t
scene_count(struct scene *s, const char *sql)
{
	return db_int(s->db, -1, sql);
}

static inline void
scene_tick(struct scene *s)
{
	int error;

	desk_tick(s->d, s->now, &error);
	assert_int_equal(error, 0);
}

/* One plain detection of aoba; severity comes out as Critical. */
#define DETECTION(key, rule, extra)                                                                                            \
	"[{\"key\":\"" key "\",\"kind\":\"rule\",\"rule\":{\"id\":\"" rule "\",\"name\":\"Rule " rule "\",\"level\":\"high\",\"tags\":[" extra "]}," \
	"\"at\":1795000000000000000,\"first_at\":1794999999000000000,\"count\":1,\"entities\":[{\"kind\":\"host\",\"value\":\"srv-file-01\","   \
	"\"role\":\"target\",\"internal\":true}],\"evidence\":{\"blocked\":\"none\",\"direction\":\"internal\"},\"dataset\":\"windows.security\"," \
	"\"device\":\"dc01\",\"line\":\"x\"}]"

/* Decides the first candidate of a fresh scene and returns the incident's number in ret. */
static inline void
scene_incident(struct scene *s, const char *severity, char ret[64])
{
	json_t *body;

	scene_detect(s, "aoba", DETECTION("k1", "r1", ""));
	body = scene_do(s, "miyoshi", "candidate.decide", 200, decision(s, "C-1", severity));
	snprintf(ret, 64, "%s", jstr(body, "id"));
	json_decref(body);
}

#endif
