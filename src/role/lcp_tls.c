/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS for syslog (RFC 5425).  Ends the sessions of devices and passes the plain bytes on through the loopback
 * connection the parent made; framing and everything else is the worker's, whose death then costs nothing here either.
 * What this process holds in memory (at most one buffer per session) is lost when this process itself dies: the
 * sender cannot know, because RFC 5425 has no acknowledgement.  It holds the listener's keys and sees no disk.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/lcp.h"
#include "sys/chan.h"
#include "sys/fd.h"
#include "sys/jail.h"

#define HANDSHAKE_MOST (15 * NS_PER_S)
#define BUFFER 16384

struct tls;

struct session {
	struct tls *t;
	uint64_t id[2];
	SSL *ssl;
	int raw, plain;
	struct watch *raw_watch, *plain_watch;
	struct timer *late;
	size_t n, sent;
	bool ready, ended;
	char buf[BUFFER];
};

struct tls {
	struct lcp_setup setup;
	struct loop *loop;
	struct chan *parent;
	SSL_CTX **ctx;               /* per listener, NULL for others */
	struct map sessions;
};

static void
session_end(struct session *s)
{
	if (s->ssl != NULL)
		SSL_free(s->ssl);
	timer_free(s->late);
	watch_free(s->raw_watch);
	watch_free(s->plain_watch);
	if (s->raw >= 0)
		close(s->raw);
	if (s->plain >= 0)
		close(s->plain);
	map_del(&s->t->sessions, slice_of(s->id, 16));
	free(s);
}

/* Hands over what was read. True: everything went; false: the worker is slower, or the session is gone. */
static bool
pass_on(struct session *s)
{
	while (s->sent < s->n) {
		ssize_t w = send(s->plain, s->buf + s->sent, s->n - s->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0 && errno == EAGAIN) {
			watch_set(s->plain_watch, LOOP_OUT); /* back-pressure: the session is not read meanwhile */
			watch_set(s->raw_watch, 0);
			return false;
		}
		if (w <= 0) {
			session_end(s);
			return false;
		}
		s->sent += (size_t)w;
	}
	s->n = s->sent = 0;
	return true;
}

static void
want(struct session *s, int code)
{
	int why = SSL_get_error(s->ssl, code);

	ERR_clear_error();
	if (why == SSL_ERROR_WANT_READ)
		watch_set(s->raw_watch, LOOP_IN);
	else if (why == SSL_ERROR_WANT_WRITE)
		watch_set(s->raw_watch, LOOP_OUT);
	else
		session_end(s); /* orderly or not: the end of the plain side is the end of the line stream */
}

static void
run(struct session *s)
{
	int r;

	if (!s->ready) {
		if ((r = SSL_accept(s->ssl)) != 1) {
			want(s, r);
			return;
		}
		s->ready = true;
		timer_free(s->late);
		s->late = NULL;
	}
	for (int i = 0; i < 16; i++) {
		if (!pass_on(s))
			return;
		if ((r = SSL_read(s->ssl, s->buf, BUFFER)) <= 0) {
			want(s, r);
			return;
		}
		s->n = (size_t)r;
	}
	if (!pass_on(s))
		return;
	/* others too: what OpenSSL still holds does not wake epoll, so look again through the writable side */
	if (SSL_pending(s->ssl) != 0)
		watch_set(s->plain_watch, LOOP_OUT);
	watch_set(s->raw_watch, LOOP_IN);
}

static void
on_raw(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	run(ctx);
}

static void
on_plain(void *ctx, int fd, unsigned events)
{
	struct session *s = ctx;

	(void)fd;
	if ((events & LOOP_HUP) != 0 && (events & LOOP_OUT) == 0) {
		session_end(s);
		return;
	}
	watch_set(s->plain_watch, 0);
	watch_set(s->raw_watch, LOOP_IN);
	run(s);
}

static void
on_late(void *ctx)
{
	struct session *s = ctx;

	s->late = NULL;
	session_end(s);
}

static void
add(struct tls *t, const struct lcp_conn_msg *m, int raw, int plain)
{
	struct map_slot *slot = map_get(&t->sessions, slice_of(m->id, 16));
	struct session *s;

	if (raw >= 0) {
		if (slot != NULL || m->listener >= t->setup.listeners.n || t->ctx[m->listener] == NULL) {
			close(raw);
			return;
		}
		s = x_calloc(1, sizeof *s);
		s->t = t;
		memcpy(s->id, m->id, sizeof s->id);
		s->raw = raw;
		s->plain = -1;
		map_put(&t->sessions, slice_of(m->id, 16), NULL)->ptr = s;
		s->ssl = SSL_new(t->ctx[m->listener]);
		must(s->ssl != NULL && SSL_set_fd(s->ssl, raw) == 1);
		return;
	}
	if (slot == NULL || (s = slot->ptr)->plain >= 0) {
		close(plain);
		return;
	}
	s->plain = plain;
	s->late = loop_timer(t->loop, HANDSHAKE_MOST, 0, on_late, s);
	s->raw_watch = loop_watch(t->loop, s->raw, LOOP_IN, on_raw, s);
	s->plain_watch = loop_watch(t->loop, s->plain, 0, on_plain, s);
}

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct lcp_conn_msg c;

	(void)ch;
	if (m->body.n != sizeof c || m->fd < 0)
		return;
	memcpy(&c, m->body.p, sizeof c);
	if (m->type == LCP_RAW)
		add(ctx, &c, fd_take(&m->fd), -1);
	else if (m->type == LCP_PLAIN)
		add(ctx, &c, -1, fd_take(&m->fd));
}

static void
on_close(void *ctx, struct chan *ch)
{
	struct tls *t = ctx;

	(void)ch;
	loop_stop(t->loop, 0);
}

static SSL_CTX *
make_ctx(const struct lcp_listener *l)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	must(c != NULL);
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION); /* devices in the field have no 1.3 yet */
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	                               SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_use_certificate_chain_file(c, l->certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(c, l->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(c) != 1)
		die(3, "listener %s: certificate %s and key %s cannot be used", l->name, l->certificate, l->key);
	return c;
}

int
lcp_tls_main(const struct conf *c)
{
	static const struct chan_ops ops = { on_msg, on_close, NULL };
	struct tls t = { 0 };
	struct whys ws = { 0 };
	struct jail j = { 0 };
	struct jail_held held;

	signal(SIGPIPE, SIG_IGN);
	if (lcp_setup_read(c, &t.setup, &ws) != 0)
		return 2;
	t.ctx = x_calloc(t.setup.listeners.n, sizeof(SSL_CTX *));
	for (size_t i = 0; i < t.setup.listeners.n; i++)
		if (t.setup.listeners.v[i].kind == LCP_TLS)
			t.ctx[i] = make_ctx(&t.setup.listeners.v[i]);
	t.loop = loop_new();
	if (conf_bool(c, "jail") && jail_enter(&j, &held) != 0)
		die(3, "the TLS process cannot be confined");
	t.parent = chan_new(t.loop, LCP_FD_CHAN, &ops, &t);
	return loop_run(t.loop);
}
