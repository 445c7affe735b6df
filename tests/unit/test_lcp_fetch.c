/* SPDX-License-Identifier: Apache-2.0
 *
 * What a collector takes as the SOC's list of devices, and what it does not: another key, another collector's, an older
 * one, any changed byte.  What runs stays; the fault is counted and told.  And what the worker makes of the table.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/role/lcp_fetch.c"
#include "../../src/role/lcp_names.c"

/* the rest of the uplink */
static int calls, beats;

void
http_call_init(struct uplink *u, struct call *c, const char *path, const char *type)
{
	(void)type;
	assert_string_equal(path, "/v1/config");
	c->u = u;
	c->easy = curl_easy_init();
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

int
lcp_setup_read(const struct conf *c, struct lcp_setup *ret, struct whys *ws)
{
	static struct lcp_listener l = { .name = "udp:0.0.0.0:514" };

	(void)c;
	(void)ws;
	*ret = (struct lcp_setup){ .listeners = { .v = &l, .n = 1 } };
	return 0;
}

void
lcp_setup_fini(struct lcp_setup *s)
{
	*s = (struct lcp_setup){ 0 };
}

struct fixture {
	struct uplink u;
	struct worker w;
	struct chan *parent;
	struct pki_key *desk;
	char folder[64];
	int tables; /* how many the parent got */
};

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct fixture *f = ctx;

	(void)ch;
	assert_int_equal(m->type, LCP_DEVICES);
	assert_true(m->fd >= 0);
	f->tables++;
	names_take(&f->w, m->fd);
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static const struct chan_ops ops = { .on_msg = on_msg, .on_close = on_close };

static void
write_in(struct fixture *f, const char *name, struct slice bytes)
{
	auto_free char *path = x_asprintf("%s/%s", f->folder, name);

	assert_int_equal(file_write_atomic(path, bytes, 0600), 0);
}

static void
begin(struct fixture *f)
{
	int64_t now = clock_now(clock_real());
	struct pki_key *ca = pki_key_make(PKI_P256), *own = pki_key_make(PKI_P256);
	struct buf crt = { 0 }, pem = { 0 };
	int fd[2];

	*f = (struct fixture){ .folder = "/tmp/nezuban-fetch-XXXXXX" };
	assert_non_null(mkdtemp(f->folder));
	f->u.identity = f->folder;
	f->u.enrolled = true;
	f->u.loop = loop_new();
	f->desk = pki_key_make(PKI_ED25519);
	pki_ca_make(ca, "ca", now - NS_PER_DAY, now + NS_PER_DAY, &crt);
	assert_int_equal(pki_cert_make(own, buf_slice(&crt), ca, &(struct pki_ask){ .org = "aoba", .cn = "l1", .from_ns = now - 3600 * NS_PER_S, .to_ns = now + NS_PER_DAY / 2, .use = PKI_CLIENT }, &f->u.cert), 0);
	pki_key_write_public(f->desk, &pem);
	write_in(f, "config-key.pem", buf_slice(&pem));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	f->u.parent = chan_new(f->u.loop, fd[0], &ops, f);
	f->parent = chan_new(f->u.loop, fd[1], &ops, f);
	calls = beats = 0;
	fetch_open(&f->u);
	pki_key_free(ca);
	pki_key_free(own);
	buf_fini(&crt);
	buf_fini(&pem);
}

static void
again(struct fixture *f)
{
	pki_key_free(f->u.fetch.key);
	curl_easy_cleanup(f->u.fetch.call.easy);
	curl_slist_free_all(f->u.fetch.call.headers);
	f->u.fetch = (struct fetch){ 0 };
	fetch_open(&f->u);
}

static void
end(struct fixture *f)
{
	static const char *const names[] = { "config-key.pem", "config.json", "devices.tsv" };

	for (size_t i = 0; i < 3; i++) {
		auto_free char *path = x_asprintf("%s/%s", f->folder, names[i]);

		unlink(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	chan_free(f->u.parent);
	chan_free(f->parent);
	told_free(f->w.told);
	pki_key_free(f->desk);
	pki_key_free(f->u.fetch.key);
	curl_easy_cleanup(f->u.fetch.call.easy);
	curl_slist_free_all(f->u.fetch.call.headers);
	buf_fini(&f->u.fetch.call.answer);
	buf_fini(&f->u.cert);
	buf_fini(&f->u.fetch.where);
	loop_free(f->u.loop);
}

static void
envelope(const struct pki_key *key, const char *tenant, const char *lcp, int version, const char *devices, struct buf *out)
{
	auto_buf struct buf text = { 0 }, bytes = { 0 }, sig = { 0 };
	uint8_t raw[PKI_SIG_LEN];

	buf_clear(out);
	buf_printf(&text, "{\"v\":1,\"tenant\":\"%s\",\"lcp\":\"%s\",\"version\":%d,\"devices\":[%s]}", tenant, lcp, version, devices);
	buf_put_str(&bytes, LCP_TOLD_PREFIX);
	buf_put(&bytes, text.p, text.n);
	pki_sign(key, buf_slice(&bytes), raw);
	pki_base64(slice_of(raw, sizeof raw), &sig);
	buf_put_byte(out, '{');
	jsonw_kv_i64(out, "v", 1);
	jsonw_kv(out, "config", buf_slice(&text));
	jsonw_kv_str(out, "key", "x");
	jsonw_kv_str(out, "sig", buf_cstr(&sig));
	buf_put_byte(out, '}');
}

#define FW "{\"id\":\"fw-1\",\"source\":\"fortinet.fortigate\",\"transport\":\"udp\",\"address\":\"10.1.0.1\"}"

static void
answered(struct fixture *f, const struct buf *body)
{
	f->u.fetch.call.busy = false;
	buf_clear(&f->u.fetch.call.answer);
	buf_put(&f->u.fetch.call.answer, body->p, body->n);
	on_answer(&f->u.fetch.call, 200, 0);
	for (int i = 0; i < 20; i++)
		loop_once(f->u.loop, 0);
}

static void
a_newer_one_is_fetched_and_runs(void **st)
{
	struct fixture f;
	struct buf e = { 0 };
	const struct told_device *d;

	(void)st;
	begin(&f);
	fetch_wanted(&f.u, 0); /* the SOC does not say */
	assert_int_equal(calls, 0);
	fetch_wanted(&f.u, 3);
	fetch_wanted(&f.u, 3); /* one is under way */
	assert_int_equal(calls, 1);
	envelope(f.desk, "aoba", "l1", 3, FW ",{\"id\":\"px-1\",\"source\":\"\",\"address\":\"\"}", &e);
	answered(&f, &e);
	assert_int_equal(f.u.fetch.version, 3);
	assert_int_equal(f.tables, 1);
	assert_int_equal(beats, 1);
	fetch_wanted(&f.u, 3);
	assert_int_equal(calls, 1);
	/* by name, by address, not at all */
	d = names_find(&f.w, SL("fw-1"), "10.9.9.9");
	assert_true(d != NULL && slice_eq(d->name, SL("fw-1")) && slice_eq(d->source, SL("fortinet.fortigate")));
	d = names_find(&f.w, SL("another"), "10.1.0.1");
	assert_true(d != NULL && slice_eq(d->name, SL("fw-1")));
	d = names_find(&f.w, SL("px-1"), "10.9.9.9");
	assert_true(d != NULL && d->source.n == 0);
	assert_null(names_find(&f.w, SL("another"), "10.9.9.9"));
	/* the next start reads what was kept */
	again(&f);
	assert_int_equal(f.u.fetch.version, 3);
	buf_fini(&e);
	end(&f);
}

static void
stays_at(struct fixture *f, const struct buf *e, uint64_t version, enum fetch_fault why, uint64_t times)
{
	int tables = f->tables;

	answered(f, e);
	if (f->u.fetch.version != version || f->u.fetch.refused[why] != times || strcmp(f->u.fetch.why, faults[why]) != 0)
		fail_msg("runs %llu, %s %llu, why %s", (unsigned long long)f->u.fetch.version, faults[why], (unsigned long long)f->u.fetch.refused[why], f->u.fetch.why);
	assert_int_equal(f->tables, tables);
}

static void
what_is_not_ours_is_refused(void **st)
{
	struct pki_key *stranger = pki_key_make(PKI_ED25519);
	struct fixture f;
	struct buf e = { 0 }, beat = { 0 };

	(void)st;
	begin(&f);
	envelope(f.desk, "aoba", "l1", 5, FW, &e);
	answered(&f, &e);
	envelope(stranger, "aoba", "l1", 6, FW, &e);
	stays_at(&f, &e, 5, FETCH_SIGNATURE, 1);
	envelope(f.desk, "harbor", "l1", 6, FW, &e);
	stays_at(&f, &e, 5, FETCH_OTHER, 1);
	envelope(f.desk, "aoba", "l2", 6, FW, &e);
	stays_at(&f, &e, 5, FETCH_OTHER, 2);
	envelope(f.desk, "aoba", "l1", 4, FW, &e);
	stays_at(&f, &e, 5, FETCH_OLDER, 1);
	envelope(f.desk, "aoba", "l1", 6, "{\"id\":\"a b\"}", &e);
	stays_at(&f, &e, 5, FETCH_SYNTAX, 1);
	envelope(f.desk, "aoba", "l1", 6, "{\"id\":\"a\",\"source\":\"x\\ty\"}", &e);
	stays_at(&f, &e, 5, FETCH_SYNTAX, 2);
	buf_clear(&e);
	buf_put_str(&e, "{\"v\":1}");
	stays_at(&f, &e, 5, FETCH_SYNTAX, 3);
	assert_non_null(names_find(&f.w, SL("fw-1"), ""));
	fetch_where(&f.u);
	fetch_put(&f.u, &beat);
	assert_non_null(strstr(buf_cstr(&beat), ",\"listen\":[\"udp:0.0.0.0:514\"]"));
	assert_non_null(strstr(buf_cstr(&beat), "\"version\":5"));
	assert_non_null(strstr(buf_cstr(&beat), "\"other\":2"));
	assert_non_null(strstr(buf_cstr(&beat), "\"why\":\"syntax\""));
	/* a good one makes it good again */
	envelope(f.desk, "aoba", "l1", 6, "", &e);
	answered(&f, &e);
	assert_int_equal(f.u.fetch.version, 6);
	assert_string_equal(f.u.fetch.why, "");
	assert_null(names_find(&f.w, SL("fw-1"), "10.1.0.1"));
	pki_key_free(stranger);
	buf_fini(&e);
	buf_fini(&beat);
	end(&f);
}

static void
no_changed_byte_passes(void **st)
{
	struct pki_key *key = pki_key_make(PKI_ED25519);
	struct buf e = { 0 };
	struct lcp_told t;

	(void)st;
	envelope(key, "aoba", "l1", 7, FW, &e);
	assert_int_equal(lcp_told_read(buf_slice(&e), key, "aoba", "l1", 7, &t), 0);
	assert_int_equal(t.devices, 1);
	buf_fini(&t.table);
	for (size_t i = 0; i < e.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			size_t at = (size_t)(strstr(buf_cstr(&e), "\"key\"") - e.p);

			/* the id of the key is a hint for people and not signed; blanks between tokens are none of the text's */
			if (i >= at && i < at + 11)
				continue;
			e.p[i] = (char)(e.p[i] ^ 1 << bit);
			if (lcp_told_read(buf_slice(&e), key, "aoba", "l1", 7, &t) == 0) {
				assert_int_equal(t.version, 7);
				assert_int_equal(t.devices, 1);
				buf_fini(&t.table);
			}
			e.p[i] = (char)(e.p[i] ^ 1 << bit);
		}
	buf_fini(&e);
	pki_key_free(key);
}

static void
without_the_key_nothing_is_taken(void **st)
{
	struct fixture f;
	struct buf pem = { 0 };

	(void)st;
	begin(&f);
	{
		auto_free char *path = x_asprintf("%s/config-key.pem", f.folder);

		unlink(path);
	}
	again(&f);
	fetch_wanted(&f.u, 2);
	assert_int_equal(calls, 0);
	assert_int_equal(f.u.fetch.refused[FETCH_KEY], 1);
	/* a renewal brings it; another one later changes nothing */
	pki_key_write_public(f.desk, &pem);
	fetch_learn(&f.u, buf_cstr(&pem));
	fetch_wanted(&f.u, 2);
	assert_int_equal(calls, 1);
	fetch_learn(&f.u, "-----BEGIN PUBLIC KEY-----\n");
	buf_fini(&pem);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_newer_one_is_fetched_and_runs), cmocka_unit_test(what_is_not_ours_is_refused), cmocka_unit_test(no_changed_byte_passes),
		cmocka_unit_test(without_the_key_nothing_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
