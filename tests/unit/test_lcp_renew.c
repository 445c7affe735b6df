/* SPDX-License-Identifier: Apache-2.0
 *
 * When a collector renews its certificate, and what it takes for one: names, key, end and the SOC's clock are looked at.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/role/lcp_renew.c"

#define DAY NS_PER_DAY

/* the rest of the uplink */
int calls, beats;

void
http_call_init(struct uplink *u, struct call *c, const char *path, const char *type)
{
	(void)type;
	assert_string_equal(path, "/v1/renew");
	c->u = u;
}

void
http_call_start(struct call *c)
{
	c->busy = true;
	calls++;
}

void
beat_now(struct uplink *u)
{
	(void)u;
	beats++;
}

void
fetch_learn(struct uplink *u, const char *pem)
{
	(void)u;
	(void)pem;
}

struct fixture {
	struct uplink u;
	struct pki_key *ca_key, *key;
	char folder[64];
};

static void
make(struct fixture *f, const struct pki_key *key, const char *org, const char *cn, int64_t from, int64_t to, struct buf *out)
{
	buf_clear(out);
	assert_int_equal(pki_cert_make(key, buf_slice(&f->u.ca), f->ca_key, &(struct pki_ask){ .org = org, .cn = cn, .from_ns = from, .to_ns = to, .use = PKI_CLIENT }, out), 0);
}

static void
begin(struct fixture *f, int64_t left)
{
	int64_t now = clock_now(clock_real());

	*f = (struct fixture){ .folder = "/tmp/nezuban-renew-XXXXXX" };
	assert_non_null(mkdtemp(f->folder));
	f->u.identity = f->folder;
	f->u.enrolled = true;
	f->ca_key = pki_key_make(PKI_P256);
	f->key = pki_key_make(PKI_P256);
	pki_ca_make(f->ca_key, "ca", now - 400 * DAY, now + 400 * DAY, &f->u.ca);
	pki_key_write(f->key, &f->u.key);
	make(f, f->key, "aoba", "l1", now + left - 90 * DAY, now + left, &f->u.cert);
	f->u.loop = loop_new();
	calls = beats = 0;
	renew_open(&f->u);
	on_look(&f->u);
}

static void
end(struct fixture *f)
{
	auto_free char *path = x_asprintf("%s/cert.pem", f->folder);

	unlink(path);
	rmdir(f->folder);
	loop_free(f->u.loop);
	pki_key_free(f->ca_key);
	pki_key_free(f->key);
	buf_fini(&f->u.ca);
	buf_fini(&f->u.key);
	buf_fini(&f->u.cert);
	buf_fini(&f->u.renewal.call.body);
	buf_fini(&f->u.renewal.call.answer);
}

/* Answers the request under way with this certificate. */
static void
answer(struct fixture *f, const struct buf *cert)
{
	struct call *c = &f->u.renewal.call;

	assert_true(c->busy);
	c->busy = false;
	buf_clear(&c->answer);
	buf_put_byte(&c->answer, '{');
	jsonw_kv(&c->answer, "cert", buf_slice(cert));
	jsonw_kv(&c->answer, "ca", buf_slice(&f->u.ca));
	jsonw_kv_str(&c->answer, "tenant", "aoba");
	jsonw_kv_str(&c->answer, "lcp", "l1");
	buf_put_byte(&c->answer, '}');
	c->done(c, 200, 0);
}

static void
at_two_thirds_of_its_life(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(renew_due_ns(0, 90 * DAY), 60 * DAY);
	begin(&f, 31 * DAY);
	assert_int_equal(calls, 0);
	end(&f);
	begin(&f, 29 * DAY);
	assert_int_equal(calls, 1);
	end(&f);
}

/* Our clock is wrong by months; the SOC's counts. */
static void
by_the_clock_of_the_soc(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 29 * DAY);
	f.u.renewal.call.busy = false;
	f.u.offset_known = true;
	f.u.clock_offset_ns = 60 * DAY; /* we are ahead */
	on_look(&f.u);
	assert_int_equal(calls, 1);
	f.u.clock_offset_ns = -3 * DAY;
	on_look(&f.u);
	assert_int_equal(calls, 2);
	end(&f);
}

static void
only_one_that_can_replace_ours(void **state)
{
	int64_t now = clock_now(clock_real());
	struct pki_key *other = pki_key_make(PKI_P256);
	struct buf cert = { 0 };
	struct fixture f;

	(void)state;
	begin(&f, 20 * DAY);
	for (int i = 0; i < 6; i++) {
		static const char *const why[] = { "names somebody else", "names somebody else", "ends no later", "another key", "not yet valid", "expired" };

		make(&f, i == 3 ? other : f.key, i == 0 ? "harbor" : "aoba", i == 1 ? "l2" : "l1", i == 4 ? now + DAY : i == 5 ? now - 80 * DAY : now - DAY,
		     i == 2 ? now + 19 * DAY : i == 5 ? now - DAY : now + 90 * DAY, &cert);
		answer(&f, &cert);
		assert_non_null(strstr(f.u.renewal.why, why[i]));
		assert_int_equal(f.u.renewal.tries, i + 1);
		assert_int_equal(f.u.cert_version, 0);
		on_look(&f.u); /* it waits */
		assert_false(f.u.renewal.call.busy);
		f.u.renewal.next_mono_ns = 0;
		on_look(&f.u);
	}
	make(&f, f.key, "aoba", "l1", now - DAY, now + 90 * DAY, &cert);
	answer(&f, &cert);
	assert_int_equal(f.u.cert_version, 1);
	assert_int_equal(beats, 1);
	assert_int_equal(f.u.renewal.tries, 0);
	assert_string_equal(f.u.renewal.why, "");
	on_look(&f.u);
	assert_false(f.u.renewal.call.busy);
	{
		auto_free char *path = x_asprintf("%s/cert.pem", f.folder);
		auto_buf struct buf kept = { 0 };

		assert_int_equal(file_read(path, &kept, 1 << 16), 0);
		assert_true(slice_eq(buf_slice(&kept), buf_slice(&cert)));
	}
	pki_key_free(other);
	buf_fini(&cert);
	end(&f);
}

/* Without answer, refused, too soon: all are tried again, slower and slower, and never slower than a 360th of a life. */
static void
back_off(void **state)
{
	struct fixture f;
	int64_t last = 0;

	(void)state;
	begin(&f, 20 * DAY);
	for (unsigned i = 0; i < 4; i++) {
		f.u.renewal.call.busy = false;
		f.u.renewal.call.done(&f.u.renewal.call, i == 0 ? 0 : i == 1 ? 403 : i == 2 ? 429 : 503, 0);
		assert_int_equal(f.u.renewal.tries, i + 1);
		assert_true(f.u.renewal.next_mono_ns > loop_mono_ns() + 20 * NS_PER_S);
	}
	end(&f);
	for (unsigned tries = 1; tries < 40; tries++) {
		int64_t least = renew_wait_ns(tries, 90 * DAY, 0), most = renew_wait_ns(tries, 90 * DAY, UINT32_MAX);

		assert_true(least >= last / 2 && most <= 6 * 3600 * NS_PER_S && least >= 30 * NS_PER_S && most <= 2 * least);
		last = most;
	}
	assert_true(renew_wait_ns(39, 40 * NS_PER_S, UINT32_MAX) <= 2 * NS_PER_S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_two_thirds_of_its_life),
		cmocka_unit_test(by_the_clock_of_the_soc),
		cmocka_unit_test(only_one_that_can_replace_ours),
		cmocka_unit_test(back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
