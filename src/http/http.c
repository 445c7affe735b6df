/* SPDX-License-Identifier: Apache-2.0
 *
 * The server: starts libmicrohttpd on a socket and drives it from the loop.  MHD keeps connections
 * that are ready in a list of its own (edge-triggered epoll), so pump() runs it until it has nothing
 * ready.  A tick a second closes slow requests and answers 504 for those nobody answered: MHD's own
 * time-out sees only silence, not a client that drips one byte a second.
 */
#define _GNU_SOURCE
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/http_priv.h"

static size_t
leave_escapes(void *cls, struct MHD_Connection *mc, char *s)
{
	(void)cls;
	(void)mc;
	return strlen(s);
}

static void
on_log(void *cls, const char *fmt, va_list ap)
{
	struct http *h = cls;

	(void)fmt;
	(void)ap;
	h->stats.garbage++;
}

static void
on_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	(void)cls;
	log_alert("http.panic", kv_str("file", file), kv_u64("line", line), kv_str("reason", reason != NULL ? reason : ""));
	abort();
}

static void
on_again(void *ctx);

static void
pump(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG wait = 1;

	if (h->pumping)
		return;
	h->pumping = true;
	for (int i = 0; i < 64; i++) {
		MHD_run(h->daemon);
		if (MHD_get_timeout(h->daemon, &wait) != MHD_YES)
			wait = 1;
		if (wait != 0)
			break;
	}
	h->pumping = false;
	if (wait == 0)
		http_wake(h);
}

/* Without threads a resumed connection wakes nobody: MHD has to be run once more, soon. */
void
http_wake(struct http *h)
{
	if (h->again == NULL && !h->pumping && !h->closing)
		h->again = loop_timer(h->loop, 0, 0, on_again, h);
}

static void
on_again(void *ctx)
{
	struct http *h = ctx;

	h->again = NULL;
	pump(h);
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	pump(ctx);
}

static void
on_tick(void *ctx)
{
	struct http *h = ctx;
	int64_t now = loop_mono_ns();

	for (struct conn *c = h->conns; c != NULL; c = c->next)
		if (c->deadline != 0 && c->deadline < now) {
			c->deadline = now + 10 * NS_PER_S;
			h->stats.timeouts++;
			shutdown(c->fd, SHUT_RDWR);
		}
	for (size_t i = 0; i < h->slots.n; i++) {
		struct http_req *r = h->slots.v[i];

		if (r != NULL && r->state == REQ_ASKED && now - r->asked_at > h->conf.answer_ns) {
			h->stats.timeouts++;
			http_problem(h, r->id, 504, "timeout", NULL, 5);
		}
	}
	if (h->conns != NULL)
		pump(h);
}

static void
on_conn(void *cls, struct MHD_Connection *mc, void **ctx, enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	struct conn *c = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (c != NULL) {
			*c->at = c->next;
			if (c->next != NULL)
				c->next->at = c->at;
			free(c);
		}
		*ctx = NULL;
		return;
	}
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);

	c = x_calloc(1, sizeof *c);
	c->fd = info != NULL ? info->connect_fd : -1;
	c->deadline = loop_mono_ns() + h->conf.request_ns;
	c->next = h->conns;
	c->at = &h->conns;
	if (c->next != NULL)
		c->next->at = &c->next;
	h->conns = c;
	h->stats.conns++;
	*ctx = c;
}

static void
fill_defaults(struct http_conf *c)
{
	if (c->max_conns == 0)
		c->max_conns = 1000;
	if (c->header_max == 0)
		c->header_max = 32u << 10;
	if (c->body_budget == 0)
		c->body_budget = 64u << 20;
	if (c->idle_ns == 0)
		c->idle_ns = 60 * NS_PER_S;
	if (c->request_ns == 0)
		c->request_ns = 30 * NS_PER_S;
	if (c->answer_ns == 0)
		c->answer_ns = 60 * NS_PER_S;
}

/* MHD takes unusable PEM with a log line only; it must be an error here. */
static bool
pem_is_good(const struct http_conf *c)
{
	gnutls_certificate_credentials_t cred = NULL;
	gnutls_datum_t cert, key, ca;
	bool good;

	if (c->cert_pem == NULL)
		return true;
	if (c->key_pem == NULL || gnutls_certificate_allocate_credentials(&cred) != 0)
		return false;
	cert = (gnutls_datum_t){ (unsigned char *)(uintptr_t)c->cert_pem, (unsigned)strlen(c->cert_pem) };
	key = (gnutls_datum_t){ (unsigned char *)(uintptr_t)c->key_pem, (unsigned)strlen(c->key_pem) };
	good = gnutls_certificate_set_x509_key_mem(cred, &cert, &key, GNUTLS_X509_FMT_PEM) >= 0;
	if (good && c->client_ca_pem != NULL) {
		ca = (gnutls_datum_t){ (unsigned char *)(uintptr_t)c->client_ca_pem,
			               (unsigned)strlen(c->client_ca_pem) };
		good = gnutls_certificate_set_x509_trust_mem(cred, &ca, GNUTLS_X509_FMT_PEM) > 0;
	}
	gnutls_certificate_free_credentials(cred);
	return good;
}

static struct MHD_Daemon *
start(struct http *h)
{
	const struct http_conf *c = &h->conf;
	struct MHD_OptionItem tls[5];
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	int n = 0;

	if (c->cert_pem != NULL) {
		flags |= MHD_USE_TLS;
		tls[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)c->key_pem };
		tls[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)c->cert_pem };
		tls[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
			c->tls13_only ? (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3"
			              : (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" };
		if (c->client_ca_pem != NULL)
			tls[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0,
				(void *)(uintptr_t)c->client_ca_pem };
	}
	tls[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return MHD_start_daemon(flags, 0, NULL, NULL, req_access, h,
	                        MHD_OPTION_EXTERNAL_LOGGER, on_log, h,
	                        MHD_OPTION_LISTEN_SOCKET, c->listen_fd,
	                        MHD_OPTION_NOTIFY_COMPLETED, req_completed, h,
	                        MHD_OPTION_NOTIFY_CONNECTION, on_conn, h,
	                        MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, h,
	                        MHD_OPTION_CONNECTION_LIMIT, c->max_conns,
	                        MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->max_per_ip,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, c->header_max,
	                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(c->idle_ns / NS_PER_S),
	                        MHD_OPTION_STRICT_FOR_CLIENT, 1,
	                        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	                        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

int
http_open(struct loop *l, const struct http_conf *conf, struct http **ret)
{
	struct sockaddr_storage at = { 0 };
	socklen_t at_len = sizeof at;
	struct http *h;

	if (!pem_is_good(conf)) {
		close(conf->listen_fd);
		return E_CERT;
	}
	signal(SIGPIPE, SIG_IGN);
	MHD_set_panic_func(on_panic, NULL);
	h = x_calloc(1, sizeof *h);
	h->loop = l;
	h->conf = *conf;
	fill_defaults(&h->conf);
	h->local = getsockname(conf->listen_fd, (struct sockaddr *)&at, &at_len) == 0 && at.ss_family == AF_UNIX;
	h->daemon = start(h);
	if (h->daemon == NULL) {
		close(conf->listen_fd);
		free(h);
		return E_IO;
	}
	h->watch = loop_watch(l, MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, LOOP_IN,
	                      on_ready, h);
	h->tick = loop_timer(l, NS_PER_S, NS_PER_S, on_tick, h);
	*ret = h;
	return 0;
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	h->closing = true;
	watch_free(h->watch);
	timer_free(h->tick);
	timer_free(h->again);
	for (size_t i = 0; i < h->slots.n; i++)
		if (h->slots.v[i] != NULL)
			answer_resume(h->slots.v[i]);
	MHD_stop_daemon(h->daemon);
	vec_fini(&h->slots);
	free(h);
}

const struct http_stats *
http_stats(const struct http *h)
{
	return &h->stats;
}
