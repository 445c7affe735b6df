/* SPDX-License-Identifier: Apache-2.0
 *
 * The child's side of role.h: the page every role shares.
 */
#define _GNU_SOURCE
#include "role/role.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "conf/conf.h"
#include "role/frame_priv.h"

#define BEAT_EVERY NS_PER_S

static const char *const names[ROLE_COUNT] = {
#define ROLE(id, name, copies, user, does, may, from) [ROLE_##id] = name,
#include "tbl/roles.tbl"
#undef ROLE
};

const char *
role_name(enum role_id id)
{
	return id < ROLE_COUNT ? names[id] : "nobody";
}

enum role_id
role_find(const char *name)
{
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return (enum role_id)i;
	return ROLE_COUNT;
}

bool
msg_is_allowed(unsigned type, enum role_id from, enum role_id to)
{
	static const struct {
		uint16_t type, from, to;
	} rows[] = {
#define MSG(id, number, from, to, body) { number, ROLE_##from, ROLE_##to },
#include "tbl/messages.tbl"
#undef MSG
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].type == type)
			return (rows[i].from == ROLE_ANY || rows[i].from == from) && (rows[i].to == ROLE_ANY || rows[i].to == to);
	return false;
}

struct peer {
	struct frame *f;
	enum role_id role;
	unsigned index;
	struct chan *ch;
};

struct frame {
	struct role_env env;
	const struct role *role;
	VEC(struct peer *) peers;
	bool going;
};

/* ---- peers ---- */

static void
peer_gone(struct peer *p)
{
	p->ch = NULL;
	if (p->f->role->on_peer_lost != NULL)
		p->f->role->on_peer_lost(&p->f->env, p->role, p->index);
}

static void
peer_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct peer *p = ctx;

	if (!msg_is_allowed(m->type, p->role, p->f->env.id)) {
		log_error("role.peer_broke_protocol", kv_str("peer", role_name(p->role)), kv_u64("type", m->type));
		peer_gone(p);
		chan_free(ch);
		return;
	}
	p->f->role->on_msg(&p->f->env, p->role, p->index, m);
}

static void
peer_close(void *ctx, struct chan *ch)
{
	struct peer *p = ctx;

	if (p->ch == ch)
		peer_gone(p);
}

static void
peer_drain(void *ctx, struct chan *ch)
{
	struct peer *p = ctx;

	(void)ch;
	if (p->f->role->on_drain != NULL)
		p->f->role->on_drain(&p->f->env, p->role, p->index);
}

static const struct chan_ops peer_ops = { peer_msg, peer_close, peer_drain };

static struct peer *
peer_of(struct frame *f, enum role_id role, unsigned index)
{
	struct peer *p;

	for (size_t i = 0; i < f->peers.n; i++)
		if (f->peers.v[i]->role == role && f->peers.v[i]->index == index)
			return f->peers.v[i];
	p = x_calloc(1, sizeof *p);
	*p = (struct peer){ f, role, index, NULL };
	vec_push(&f->peers, p);
	return p;
}

static void
take_peer(struct frame *f, struct msg *m)
{
	struct msg_peer head;
	struct peer *p;

	if (m->body.n != sizeof head || m->fd < 0)
		return;
	memcpy(&head, m->body.p, sizeof head);
	p = peer_of(f, (enum role_id)head.role, head.index);
	if (p->ch != NULL) {
		struct chan *old = p->ch;

		peer_gone(p);
		chan_free(old);
	}
	p->ch = chan_new(f->env.loop, m->fd, &peer_ops, p);
	m->fd = -1;
	f->role->on_peer(&f->env, p->role, p->index, p->ch);
}

/* ---- the parent's words ---- */

static void
take_listener(struct frame *f, struct msg *m)
{
	json_t *doc = json_loadb(m->body.p, m->body.n, 0, NULL);
	const char *name = json_string_value(json_object_get(doc, "name"));

	if (name != NULL && m->fd >= 0 && f->role->on_listen != NULL) {
		f->role->on_listen(&f->env, name, m->fd);
		m->fd = -1;
	}
	json_decref(doc);
}

static void
beat(void *ctx)
{
	struct frame *f = ctx;

	chan_send(f->env.parent, MSG_BEAT, 0, SL("{}"), -1);
}

static void
go(struct frame *f)
{
	if (f->going)
		return;
	f->going = true;
	if (f->role->on_go != NULL)
		f->role->on_go(&f->env);
	chan_send(f->env.parent, MSG_READY, 0, SL(""), -1);
	loop_timer(f->env.loop, BEAT_EVERY, BEAT_EVERY, beat, f);
}

static void
stop(struct frame *f)
{
	if (f->role->on_stop != NULL)
		f->role->on_stop(&f->env);
	else
		loop_stop(f->env.loop, 0);
}

static void
parent_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct frame *f = ctx;

	(void)ch;
	switch (m->type) {
	case MSG_PEER:
		take_peer(f, m);
		break;
	case MSG_LISTEN:
		take_listener(f, m);
		break;
	case MSG_GO:
		go(f);
		break;
	case MSG_STOP:
		stop(f);
		break;
	default:
		break;
	}
}

static void
parent_close(void *ctx, struct chan *ch)
{
	struct frame *f = ctx;

	(void)ch;
	loop_stop(f->env.loop, 1); /* without a parent there is no service */
}

static const struct chan_ops parent_ops = { parent_msg, parent_close, NULL };

int
role_main(const struct role *r, unsigned index, unsigned copies, const struct conf *conf, int parent_fd)
{
	struct frame f = { .role = r,
		           .env = { .loop = loop_new(), .clock = clock_real(), .conf = conf, .id = r->id, .index = index,
		                    .copies = copies } };
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	/* The parent stops roles by message, so that a Ctrl-C at a terminal does not end them in any order. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	rc = r->open(&f.env);
	if (rc != 0) {
		log_error("role.open", kv_str("role", role_name(r->id)), kv_err(rc));
		return 3;
	}
	rc = frame_jail(&f.env);
	if (rc != 0)
		return 3;
	f.env.parent = chan_new(f.env.loop, parent_fd, &parent_ops, &f);
	rc = loop_run(f.env.loop);
	return rc;
}
