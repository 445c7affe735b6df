/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords, second factors, sessions, tries, and who may do what.
 */
#include "unit.h"

#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/err.h"

#define T0 1795000000000000000LL
#define SEC NS_PER_S

static struct auth *
fresh(struct db **db)
{
	struct auth *a;

	assert_int_equal(db_open(":memory:", db), 0);
	assert_int_equal(auth_open(*db, NULL, &a), 0);
	return a;
}

struct got {
	struct loop *l;
	int calls, yes;
	char hash[128];
};

static void
on_pool(void *ctx, bool ok, const char *hash)
{
	struct got *g = ctx;

	g->calls++;
	g->yes += ok;
	if (hash != NULL)
		snprintf(g->hash, sizeof g->hash, "%s", hash);
}

static void
wait_for(struct got *g, int calls)
{
	for (int i = 0; i < 300 && g->calls < calls; i++)
		loop_once(g->l, 100);
	assert_int_equal(g->calls, calls);
}

static void
passwords_are_checked_beside_the_loop(void **st)
{
	struct loop *l = loop_new();
	struct auth_pool *p = auth_pool_new(l, 2, 3);
	struct got g = { .l = l };

	(void)st;
	assert_int_equal(auth_pool_make(p, SL("correct horse battery"), on_pool, &g), 0);
	wait_for(&g, 1);
	assert_non_null(strstr(g.hash, "$argon2id$v=19$m=65536,t=3,"));
	assert_int_equal(auth_pool_check(p, g.hash, SL("correct horse battery"), on_pool, &g), 0);
	assert_int_equal(auth_pool_check(p, g.hash, SL("correct horse batterz"), on_pool, &g), 0);
	assert_int_equal(auth_pool_check(p, NULL, SL("correct horse battery"), on_pool, &g), 0);
	/* a flood is refused, not queued */
	assert_int_equal(auth_pool_check(p, NULL, SL("x"), on_pool, &g), E_LIMIT);
	g.yes = 0;
	wait_for(&g, 4);
	assert_int_equal(g.yes, 1);
	auth_pool_free(p);
	loop_free(l);
}

static void
weak_passwords_are_refused(void **st)
{
	(void)st;
	assert_non_null(auth_password_fault(SL("short")));
	assert_non_null(auth_password_fault(SL("aaaaaaaaaaaaaaaa")));
	assert_non_null(auth_password_fault(SL("password1234")));
	assert_non_null(auth_password_fault(SL("123456789012")));
	assert_null(auth_password_fault(SL("寝ずの番は十二文字以上です")));
	assert_null(auth_password_fault(SL("four random words here")));
}

static void
code_at(const char *base32, int64_t now, char out[7])
{
	char *bytes;
	size_t n;

	assert_int_equal(oath_base32_decode(base32, strlen(base32), &bytes, &n), OATH_OK);
	assert_int_equal(oath_totp_generate(bytes, n, (time_t)(now / SEC), 30, 0, 6, out), OATH_OK);
	free(bytes);
}

static void
a_code_works_once(void **st)
{
	struct auth_totp t;
	struct db *db;
	struct auth *a = fresh(&db);
	char code[7], old[7];

	(void)st;
	assert_false(auth_totp_check(a, "u", "000000", T0));
	assert_int_equal(auth_totp_make(a, "u", true, T0, &t), 0);
	assert_false(auth_totp_has(a, "u"));
	/* recovery codes mean nothing before the secret was proven */
	assert_false(auth_totp_check(a, "u", t.recovery[0], T0));
	code_at(t.secret, T0, code);
	assert_true(auth_totp_check(a, "u", code, T0));
	assert_true(auth_totp_has(a, "u"));
	assert_false(auth_totp_check(a, "u", code, T0));
	assert_false(auth_totp_check(a, "u", code, T0 + 10 * SEC));
	/* nor an earlier one that the slack would let through */
	code_at(t.secret, T0 - 30 * SEC, old);
	assert_false(auth_totp_check(a, "u", old, T0));
	code_at(t.secret, T0 + 60 * SEC, code);
	assert_true(auth_totp_check(a, "u", code, T0 + 60 * SEC));
	code_at(t.secret, T0 + 600 * SEC, code);
	assert_false(auth_totp_check(a, "u", code, T0 + 900 * SEC));
	assert_true(auth_totp_check(a, "u", t.recovery[3], T0));
	assert_false(auth_totp_check(a, "u", t.recovery[3], T0));
	assert_false(auth_totp_check(a, "other", t.recovery[4], T0));
	assert_int_equal(auth_totp_set(a, "u", "not base 32!"), E_SYNTAX);
	auth_close(a);
	db_close(db);
}

static void
sessions_end(void **st)
{
	struct auth_session s, x;
	struct db *db;
	struct auth *a = fresh(&db);
	char token[33], other[33];

	(void)st;
	assert_int_equal(auth_session_begin(a, "u", AUTH_STEP_DONE, false, "127.0.0.1", "Firefox 128, Linux", T0, token, &s), 0);
	assert_int_equal(auth_session_find(a, slice_str(token), T0 + 600 * SEC, &x), 0);
	assert_string_equal(x.user, "u");
	/* only a hash is kept */
	assert_int_equal(db_int(db, 0, "SELECT count(*) FROM sessions WHERE hash = ? OR id = ?", Q(token), Q(token)), 0);
	assert_int_equal(auth_session_find(a, SL("wrong"), T0, &x), E_NOTFOUND);
	/* idle 15 minutes */
	assert_int_equal(auth_session_find(a, slice_str(token), T0 + 1499 * SEC, &x), 0);
	assert_int_equal(auth_session_find(a, slice_str(token), T0 + 2400 * SEC, &x), E_NOTFOUND);
	/* 12 hours, however busy */
	assert_int_equal(auth_session_begin(a, "u", AUTH_STEP_DONE, false, NULL, NULL, T0, token, &s), 0);
	for (int64_t t = 0; t < 43200; t += 600)
		assert_int_equal(auth_session_find(a, slice_str(token), T0 + t * SEC, &x), 0);
	assert_int_equal(auth_session_find(a, slice_str(token), T0 + 43200 * SEC, &x), E_NOTFOUND);
	/* half a session lives 10 minutes */
	assert_int_equal(auth_session_begin(a, "u", AUTH_STEP_TOTP, false, NULL, NULL, T0, token, &s), 0);
	assert_int_equal(auth_session_find(a, slice_str(token), T0 + 601 * SEC, &x), E_NOTFOUND);
	assert_int_equal(auth_session_begin(a, "u", AUTH_STEP_DONE, true, NULL, NULL, T0, token, &s), 0);
	assert_int_equal(auth_session_begin(a, "u", AUTH_STEP_DONE, true, NULL, NULL, T0, other, &x), 0);
	auth_session_end_all(a, "u", s.id);
	assert_int_equal(auth_session_find(a, slice_str(token), T0, &x), 0);
	assert_int_equal(auth_session_find(a, slice_str(other), T0, &x), E_NOTFOUND);
	auth_close(a);
	db_close(db);
}

static void
tries_are_counted(void **st)
{
	struct db *db;
	struct auth *a = fresh(&db);
	int through = 0;

	(void)st;
	for (int i = 0; i < 10000; i++)
		through += auth_try(a, "login:u", 10, 900 * SEC, T0 + i);
	assert_int_equal(through, 10);
	assert_true(auth_try(a, "login:other", 10, 900 * SEC, T0));
	assert_true(auth_try(a, "login:u", 10, 900 * SEC, T0 + 901 * SEC));
	auth_try_forget(a, "login:u");
	assert_true(auth_try(a, "login:u", 1, 900 * SEC, T0));
	assert_false(auth_try(a, "login:u", 1, 900 * SEC, T0));
	auth_close(a);
	db_close(db);
}

static void
rights_are_a_table(void **st)
{
	static const struct {
		const char *role, *verb;
		bool may;
	} v[] = {
		{ "analyst", "candidate.decide", true }, { "lead", "candidate.decide", true }, { "engineer", "candidate.decide", false },
		{ "admin", "candidate.decide", false }, { "auditor", "candidate.decide", false }, { "customer", "candidate.decide", false },
		{ "customer", "incident.show", true }, { "customer", "report.pdf", true }, { "customer", "report.publish", false }, { "customer", "queue.list", false }, { "customer", "journal.list", false },
		{ "auditor", "journal.list", true }, { "analyst", "user.add", false }, { "admin", "user.add", true }, { "engineer", "lcp.enroll", true },
		{ "analyst", "lcp.enroll", false }, { "king", "incident.show", false }, { "admin", "no.such", false }, { "admin", "timer.fire", false },
		{ "admin", "job.done", false }, { "admin", "detections.add", false },
	};

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		if (auth_may(v[i].role, v[i].verb) != v[i].may)
			fail_msg("%s %s", v[i].role, v[i].verb);
	/* an auditor changes nothing but its own account; a verb without anybody is a fault of the table */
	for (size_t i = 0; auth_verb_at(i) != NULL; i++) {
		const char *verb = auth_verb_at(i), *dot = strchr(verb, '.');

		assert_int_not_equal(auth_who_may(verb), 0);
		assert_non_null(dot);
		if (auth_may("auditor", verb) && strncmp(verb, "me.", 3) != 0 && strncmp(verb, "session.", 8) != 0 &&
		    strcmp(dot, ".list") != 0 && strcmp(dot, ".show") != 0 && strcmp(dot, ".verify") != 0 && strcmp(dot, ".export") != 0 && strcmp(dot, ".stream") != 0 &&
		    strcmp(dot, ".pdf") != 0 && strcmp(dot, ".csv") != 0 && strcmp(dot, ".file") != 0 &&
		    strncmp(verb, "log", 3) != 0 && strncmp(verb, "query", 5) != 0 && strncmp(verb, "store", 5) != 0)
			fail_msg("an auditor may %s", verb);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_are_checked_beside_the_loop), cmocka_unit_test(weak_passwords_are_refused), cmocka_unit_test(a_code_works_once),
		cmocka_unit_test(sessions_end), cmocka_unit_test(tries_are_counted), cmocka_unit_test(rights_are_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
