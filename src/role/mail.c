/* SPDX-License-Identifier: Apache-2.0
 *
 * Role mail: letters of customers, from the house's own mail server by LMTP (mail.listen, loopback).
 *
 *     mail server ── LMTP ─▶ lmtp_step ─▶ letter_read ── MAIL ─▶ desk (one transaction) ── MAIL_DONE ─▶ 250
 *
 * 250 is said when the desk has committed and not before; whatever stands in between (no desk, no answer in time, a
 * full disk) is 451, and the mail server keeps the mail.  A mail that came before is 250 again.  This process reads
 * what strangers wrote, with a large library: it has no file, no network of its own, no other process.  Should a mail
 * kill it, it is started anew and the mail server, which had no answer, tries again later.  A mail that killed it twice
 * (mail_state.c) is not read a third time: it goes to the desk as it is, one file, for a person.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "mail/mail.h"
#include "role/mail_priv.h"
#include "role/role.h"

#define CONNS 32
#define READ_BYTES (64u << 10)
#define IDLE (300 * NS_PER_S)   /* RFC 5321, 4.5.3.2: five minutes */
#define PATIENCE (30 * NS_PER_S) /* for the desk */
#define BATCH_READS 16

struct mail_role;

struct conn {
	struct mail_role *r;
	int fd;
	struct watch *watch;
	struct timer *timer;
	struct lmtp lmtp;
	struct buf in, out;     /* what was not looked at yet; what was not written yet */
	uint64_t waiting;       /* the question the desk has, 0 = none */
	bool closing, gone;
};

struct mail_role {
	struct role_env *env;
	struct chan *desk;
	struct letter_rules rules;
	const char *host, *address;
	size_t max;
	int listen;
	struct watch *watch;
	uint64_t last_id;
	struct mail_scratch *scratch, own_scratch;
	VEC(struct conn *) conns;
};

static void on_conn(void *ctx, int fd, unsigned events);

/* ---- connections ---- */

static void
conn_free(struct conn *c)
{
	struct mail_role *r = c->r;

	for (size_t i = 0; i < r->conns.n; i++)
		if (r->conns.v[i] == c)
			r->conns.v[i] = r->conns.v[--r->conns.n];
	watch_free(c->watch);
	timer_free(c->timer);
	close(c->fd);
	lmtp_fini(&c->lmtp);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
	if (r->conns.n == CONNS - 1 && r->watch != NULL)
		watch_set(r->watch, LOOP_IN);
}

static void
on_late(void *ctx)
{
	struct conn *c = ctx;

	c->timer = NULL;
	if (c->waiting == 0) {
		conn_free(c);
		return;
	}
	log_warn("mail.desk_late");
	c->waiting = 0;
	lmtp_done(&c->lmtp, "451 4.3.0 not kept, try again later", &c->out);
	on_conn(c, c->fd, 0);
}

static void
arm(struct conn *c)
{
	timer_free(c->timer);
	c->timer = loop_timer(c->r->env->loop, c->waiting != 0 ? PATIENCE : IDLE, 0, on_late, c);
}

/* ---- a mail ---- */

static void
ask_desk(struct conn *c, const struct letter *l)
{
	struct mail_role *r = c->r;
	struct msg_mail head = { 0 };
	struct buf json = { 0 }, body = { 0 };

	letter_json(l, &json);
	head.json = (uint32_t)json.n;
	buf_put(&body, &head, sizeof head);
	buf_put_slice(&body, buf_slice(&json));
	for (size_t i = 0; i < l->files_n; i++)
		buf_put_slice(&body, l->files[i].body);
	c->waiting = ++r->last_id;
	chan_send(r->desk, MSG_MAIL, c->waiting, buf_slice(&body), -1);
	buf_fini(&json);
	buf_fini(&body);
}

/* False when it is no mail. */
static bool
read_or_seal(struct mail_role *r, struct slice mail, const struct letter_envelope *env, struct arena *a, struct letter *ret)
{
	int e;

	if (!mail_scratch_begin(r->scratch, mail)) {
		log_alert("mail.sealed", kv_u64("bytes", mail.n));
		letter_sealed(mail, env, a, ret);
		return true;
	}
	e = letter_read(mail, &r->rules, env, a, ret);
	mail_scratch_end(r->scratch);
	return e == 0;
}

static void
take_mail(struct conn *c)
{
	const char *rcpt[LMTP_RCPTS];
	struct letter_envelope env = { c->lmtp.from, rcpt, c->lmtp.rcpts };
	struct letter l;
	struct arena a;

	for (size_t i = 0; i < c->lmtp.rcpts; i++)
		rcpt[i] = c->lmtp.rcpt[i];
	arena_init(&a, 0, 0);
	if (c->r->desk == NULL) {
		lmtp_done(&c->lmtp, "451 4.3.0 not kept, try again later", &c->out);
	} else if (!read_or_seal(c->r, buf_slice(&c->lmtp.mail), &env, &a, &l)) {
		log_info("mail.no_mail", kv_u64("bytes", c->lmtp.mail.n));
		lmtp_done(&c->lmtp, "554 5.6.0 this is no mail", &c->out);
	} else {
		log_info("mail.taken", kv_u64("bytes", c->lmtp.mail.n), kv_str("auth", l.auth), kv_u64("auto", l.is_auto), kv_u64("files", l.files_n));
		ask_desk(c, &l);
	}
	arena_fini(&a);
}

static void
on_done(struct mail_role *r, uint64_t id, struct slice body)
{
	json_t *o = json_loadb(body.p, body.n, 0, NULL);
	const char *word = json_string_value(json_object_get(o, "result"));
	const char *answer = word == NULL || strcmp(word, "later") == 0 ? "451 4.3.0 not kept, try again later"
	                     : strcmp(word, "refused") == 0           ? "554 5.6.0 not readable"
	                                                              : "250 2.0.0 kept";

	for (size_t i = 0; i < r->conns.n; i++) {
		struct conn *c = r->conns.v[i];

		if (c->waiting != id || id == 0)
			continue;
		c->waiting = 0;
		lmtp_done(&c->lmtp, answer, &c->out);
		on_conn(c, c->fd, 0);
		break;
	}
	json_decref(o);
}

/* ---- bytes ---- */

static void
run(struct conn *c)
{
	while (c->waiting == 0 && !c->closing && c->in.n != 0) {
		struct slice s = buf_slice(&c->in);
		enum lmtp_event e = lmtp_step(&c->lmtp, &s, &c->out);

		buf_drop_front(&c->in, c->in.n - s.n);
		if (e == LMTP_MAIL)
			take_mail(c);
		else if (e == LMTP_QUIT)
			c->closing = true;
	}
}

/* False when the connection is over. */
static bool
write_out(struct conn *c)
{
	while (c->out.n != 0) {
		ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			buf_drop_front(&c->out, (size_t)n);
		else if (errno != EINTR)
			return errno == EAGAIN;
	}
	return !c->closing;
}

static bool
read_in(struct conn *c)
{
	for (int i = 0; i < BATCH_READS && c->waiting == 0 && !c->closing; i++) {
		ssize_t n;

		buf_reserve(&c->in, READ_BYTES);
		n = recv(c->fd, c->in.p + c->in.n, READ_BYTES, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n < 0)
			break;
		c->in.n += (size_t)n;
		run(c);
	}
	return true;
}

static void
on_conn(void *ctx, int fd, unsigned events)
{
	struct conn *c = ctx;
	bool open = true;

	(void)fd;
	run(c); /* what came while the desk was asked */
	if ((events & (LOOP_IN | LOOP_HUP)) != 0)
		open = read_in(c);
	if (!write_out(c) || !open) {
		conn_free(c);
		return;
	}
	watch_set(c->watch, (c->waiting == 0 ? LOOP_IN : 0) | (c->out.n != 0 ? LOOP_OUT : 0));
	arm(c);
}

static void
on_listen_fd(void *ctx, int fd, unsigned events)
{
	struct mail_role *r = ctx;
	struct conn *c;
	int s;

	(void)events;
	while (r->conns.n < CONNS && (s = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		c = x_calloc(1, sizeof *c);
		c->r = r;
		c->fd = s;
		lmtp_begin(&c->lmtp, r->host, r->address, r->max, &c->out);
		c->watch = loop_watch(r->env->loop, s, LOOP_IN, on_conn, c);
		vec_push(&r->conns, c);
		on_conn(c, s, 0);
	}
	if (r->conns.n == CONNS)
		watch_set(r->watch, 0); /* the kernel keeps them */
}

/* ---- the role's page ---- */

static int
mail_open(struct role_env *env)
{
	struct mail_role *r = x_calloc(1, sizeof *r);
	const struct ynode *names = conf_tree(env->conf, "names");

	r->env = env;
	r->listen = -1;
	r->scratch = &r->own_scratch;
	r->host = names != NULL && names->child != NULL && names->child->kind == Y_SCALAR ? names->child->text.p : "localhost";
	r->address = conf_str(env->conf, "mail.inquiries");
	r->max = (size_t)conf_int(env->conf, "mail.max");
	r->rules = (struct letter_rules){ .authserv = conf_str(env->conf, "mail.authserv"), .own = conf_str(env->conf, "mail.from"),
		                          .file_max = (size_t)conf_int(env->conf, "mail.file_max"), .files_total = (size_t)conf_int(env->conf, "mail.max") };
	env->state = r;
	if (conf_str(env->conf, "mail.listen")[0] != '\0')
		letter_init();
	return 0;
}

static void
take_scratch(struct mail_role *r, int fd)
{
	void *at = mmap(NULL, sizeof *r->scratch, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return;
	r->scratch = at;
	mail_scratch_judge(r->scratch);
}

static void
mail_on_listen(struct role_env *env, const char *name, int fd)
{
	struct mail_role *r = env->state;

	if (strcmp(name, "mail") == 0 && r->listen < 0) {
		r->listen = fd;
		return;
	}
	if (strcmp(name, "scratch") == 0)
		take_scratch(r, fd);
	close(fd);
}

static void
mail_go(struct role_env *env)
{
	struct mail_role *r = env->state;

	if (r->listen >= 0)
		r->watch = loop_watch(env->loop, r->listen, LOOP_IN, on_listen_fd, r);
}

static void
mail_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct mail_role *r = env->state;

	(void)index;
	if (peer == ROLE_DESK)
		r->desk = ch;
}

/* What the desk had not answered may or may not be kept: the mail server asks again, and a second copy is known. */
static void
mail_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct mail_role *r = env->state;

	mail_peer(env, peer, index, NULL);
	for (size_t i = r->conns.n; i-- > 0;) {
		struct conn *c = r->conns.v[i];

		if (c->waiting == 0)
			continue;
		c->waiting = 0;
		lmtp_done(&c->lmtp, "451 4.3.0 not kept, try again later", &c->out);
		on_conn(c, c->fd, 0);
	}
}

static void
mail_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	(void)index;
	if (peer == ROLE_DESK && m->type == MSG_MAIL_DONE)
		on_done(env->state, m->id, m->body);
}

const struct role role_mail = {
	.id = ROLE_MAIL,
	.open = mail_open,
	.on_peer = mail_peer,
	.on_peer_lost = mail_lost,
	.on_msg = mail_msg,
	.on_listen = mail_on_listen,
	.on_go = mail_go,
};
