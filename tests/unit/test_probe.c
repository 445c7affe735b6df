/* SPDX-License-Identifier: Apache-2.0
 *
 * The synthetic log-in against a server of its own: what a good door is, and that a certificate which is over, another's or for another
 * name, a closed port, a refusal and a second factor that is still wanted are told as what they are.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http.h"
#include "notify/notify.h"
#include "sys/pki.h"

static struct {
	struct loop *loop;
	struct http *srv;
	uint16_t port;
	struct pki_key *ca, *key;
	struct buf ca_pem, cert, secret;
	const char *session;            /* what the server answers a log-in with */
	unsigned status;
	int logged_in, asked, left, told;
	struct probe_end end;
	char fault[40], step[40];
} w;

static void
answer(struct http_req *r, unsigned status, const char *json)
{
	http_answer(http_server(r), http_id(r), status, json != NULL ? "application/json" : NULL, slice_str(json != NULL ? json : ""), NULL);
}

static void
on_login(void *ctx, struct http_req *r)
{
	(void)ctx;
	w.logged_in += slice_eq(http_body(r), SL("{\"login\":\"canary-1\"}"));
	answer(r, w.status, w.session);
}

static void
on_me(void *ctx, struct http_req *r)
{
	(void)ctx;
	w.asked++;
	answer(r, 200, "{}");
}

static void
on_logout(void *ctx, struct http_req *r)
{
	(void)ctx;
	w.left += slice_eq(http_header(r, "X-CSRF-Token"), SL("c5rf"));
	answer(r, 204, NULL);
}

static const struct http_route routes[] = {
	{ "POST", "/api/v1/session", 4096, on_login, 0 },
	{ "GET", "/api/v1/me", 0, on_me, 0 },
	{ "DELETE", "/api/v1/session", 0, on_logout, 0 },
};

static void
certificate(const struct pki_key *ca, struct slice ca_pem, const char *host, int64_t from, int64_t to, struct buf *out)
{
	const char *hosts[] = { host, NULL };
	struct pki_ask ask = { .cn = host, .hosts = hosts, .use = PKI_SERVER, .from_ns = from, .to_ns = to };

	assert_int_equal(pki_cert_make(w.key, ca_pem, ca, &ask, out), 0);
	buf_put_slice(out, ca_pem);
}

static void
serve(const struct buf *cert)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	struct http_conf conf = { .routes = routes, .route_count = 3, .cert_pem = cert->p, .key_pem = w.secret.p };

	conf.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(conf.listen_fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(conf.listen_fd, 16), 0);
	getsockname(conf.listen_fd, (struct sockaddr *)&at, &n);
	w.port = ntohs(at.sin_port);
	assert_int_equal(http_open(w.loop, &conf, &w.srv), 0);
}

static int
start(void **st)
{
	int64_t now = clock_now(clock_real());

	(void)st;
	memset(&w, 0, sizeof w);
	w.loop = loop_new();
	w.ca = pki_key_make(PKI_P256);
	w.key = pki_key_make(PKI_P256);
	w.status = 200;
	w.session = "{\"csrf\":\"c5rf\",\"step\":\"done\"}";
	pki_ca_make(w.ca, "house", now - 30 * NS_PER_DAY, now + 30 * NS_PER_DAY, &w.ca_pem);
	pki_key_write(w.key, &w.secret);
	buf_cstr(&w.secret);
	certificate(w.ca, buf_slice(&w.ca_pem), "soc.example", now - 2 * NS_PER_DAY, now + NS_PER_DAY, &w.cert);
	buf_cstr(&w.cert);
	return 0;
}

static int
stop(void **st)
{
	(void)st;
	http_close(w.srv);
	loop_free(w.loop);
	pki_key_free(w.ca);
	pki_key_free(w.key);
	buf_fini(&w.ca_pem);
	buf_fini(&w.cert);
	buf_fini(&w.secret);
	return 0;
}

static void
on_end(void *ctx, const struct probe_end *e)
{
	(void)ctx;
	w.told++;
	w.end = *e;
	snprintf(w.fault, sizeof w.fault, "%s", e->fault);
	snprintf(w.step, sizeof w.step, "%s", e->step);
}

/* One log-in at the server, believing `trusted`, for the name of the address. */
static void
try(const char *name, const struct buf *trusted)
{
	struct probe *p = probe_open(w.loop, on_end, NULL);
	auto_free char *url = x_asprintf("https://%s:%u", name, w.port), *at = x_asprintf("127.0.0.1:%u", w.port);
	int64_t until = loop_mono_ns() + 20 * NS_PER_S;

	w.told = 0;
	probe_start(p, &(struct probe_door){ url, at, buf_slice(trusted) }, SL("{\"login\":\"canary-1\"}"));
	while (w.told == 0 && loop_mono_ns() < until)
		loop_once(w.loop, 50);
	assert_int_equal(w.told, 1);
	probe_close(p);
}

static void
expect(const char *fault, const char *step)
{
	assert_string_equal(w.fault, fault);
	assert_string_equal(w.step, step);
	assert_true(w.end.ok == (fault[0] == '\0'));
}

static void
a_good_door(void **st)
{
	(void)st;
	serve(&w.cert);
	try("soc.example", &w.cert);
	expect("", "");
	try("soc.example", &w.ca_pem); /* by its authority as well */
	expect("", "");
	assert_int_equal(w.logged_in, 2);
	assert_int_equal(w.asked, 2);
	assert_int_equal(w.left, 2);
}

static void
a_certificate_that_is_over(void **st)
{
	int64_t now = clock_now(clock_real());
	struct buf old = { 0 };

	(void)st;
	certificate(w.ca, buf_slice(&w.ca_pem), "soc.example", now - 3 * NS_PER_DAY, now - NS_PER_DAY, &old);
	buf_cstr(&old);
	serve(&old);
	try("soc.example", &old);
	expect("certificate_expired", "log in");
	try("soc.example", &w.ca_pem);
	expect("certificate_expired", "log in");
	assert_int_equal(w.logged_in, 0); /* no password went there */
	buf_fini(&old);
}

static void
a_certificate_of_somebody_else(void **st)
{
	int64_t now = clock_now(clock_real());
	struct pki_key *ca = pki_key_make(PKI_P256);
	struct buf pem = { 0 }, other = { 0 };

	(void)st;
	pki_ca_make(ca, "elsewhere", now - NS_PER_DAY, now + NS_PER_DAY, &pem);
	certificate(ca, buf_slice(&pem), "soc.example", now - NS_PER_DAY, now + NS_PER_DAY, &other);
	buf_cstr(&other);
	serve(&other);
	try("soc.example", &w.cert);
	expect("certificate", "log in");
	assert_int_equal(w.logged_in, 0);
	pki_key_free(ca);
	buf_fini(&pem);
	buf_fini(&other);
}

static void
a_certificate_for_another_name(void **st)
{
	(void)st;
	serve(&w.cert);
	try("portal.example", &w.cert);
	expect("certificate_name", "log in");
	try("127.0.0.1", &w.cert);
	expect("certificate_name", "log in");
	assert_int_equal(w.logged_in, 0);
}

static void
a_door_that_does_not_open(void **st)
{
	(void)st;
	serve(&w.cert);
	w.status = 401;
	try("soc.example", &w.cert);
	expect("answer", "log in");
	assert_int_equal(w.end.code, 401);
	w.status = 200;
	w.session = "{\"csrf\":\"c5rf\",\"step\":\"totp\"}";
	try("soc.example", &w.cert);
	expect("answer", "second factor");
	assert_int_equal(w.asked, 0);
	http_close(w.srv);
	w.srv = NULL;
	try("soc.example", &w.cert);
	expect("connection", "log in");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_door, start, stop),
		cmocka_unit_test_setup_teardown(a_certificate_that_is_over, start, stop),
		cmocka_unit_test_setup_teardown(a_certificate_of_somebody_else, start, stop),
		cmocka_unit_test_setup_teardown(a_certificate_for_another_name, start, stop),
		cmocka_unit_test_setup_teardown(a_door_that_does_not_open, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
