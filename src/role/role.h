/* SPDX-License-Identifier: Apache-2.0
 *
 * Role: one process of nezuband.  Every role file has the same page: forget what it does not need, open
 * what it may open, confine, name its peers, loop.
 *
 *     parent: fork, exec "nezuband -x NAME -i INDEX", fd 3 = channel to the parent
 *        └─ role_main: configuration ─▶ role->open() ─▶ jail ─▶ loop
 *               parent says PEER (a channel, again whenever that peer was restarted), LISTEN, GO
 *
 * open() runs before the jail, with rights: it opens files, sockets, keys, databases.  After the jail
 * only what roles.tbl allows works.  on_peer gets each channel; messages come to on_msg.
 */
#ifndef NZ_ROLE_ROLE_H
#define NZ_ROLE_ROLE_H

#include "base/clock.h"
#include "role/msg.h"
#include "sys/chan.h"
#include "sys/loop.h"

enum role_id {
#define ROLE(id, name, copies, user, does, may, from) ROLE_##id,
#include "tbl/roles.tbl"
#undef ROLE
	ROLE_COUNT,
	ROLE_ANY = 0xffff
};

struct conf; /* conf/conf.h: the checked configuration */
struct whys;

struct role_env {
	struct loop *loop;
	const struct clock *clock;
	const struct conf *conf;
	enum role_id id;
	unsigned index, copies;
	void *state;               /* the role's own */
	struct chan *parent;
};

struct role {
	enum role_id id;
	/* Looks at the files open() will read (rules, sources, providers) without touching anything: 0, or E_CONFIG when a
	 * reload shall not happen; faults go to ws. May be NULL. */
	int (*check)(const struct conf *conf, struct whys *ws);
	/* Opens everything; 0 or an error that ends the role (status 3, not restarted in a tight loop). */
	int (*open)(struct role_env *env);
	/* A (new) channel to a peer. Keep it; it is replaced after on_peer_lost. */
	void (*on_peer)(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch);
	void (*on_peer_lost)(struct role_env *env, enum role_id peer, unsigned index);
	void (*on_msg)(struct role_env *env, enum role_id peer, unsigned index, struct msg *m);
	void (*on_drain)(struct role_env *env, enum role_id peer, unsigned index); /* may be NULL */
	void (*on_listen)(struct role_env *env, const char *name, int fd);         /* may be NULL; takes fd */
	void (*on_go)(struct role_env *env);                                       /* may be NULL */
	void (*on_stop)(struct role_env *env);                                     /* may be NULL: exit at once */
};

extern const struct role role_ingest, role_archive, role_engine, role_store, role_desk, role_notify,
        role_call, role_web, role_intel, role_verify, role_mail, role_print;

/* Runs a role in this process until it is told to stop; returns the exit status. */
int role_main(const struct role *r, unsigned index, unsigned copies, const struct conf *conf, int parent_fd);
const char *role_name(enum role_id id);
/* For scenes: role_name back to the id, ROLE_COUNT when unknown. */
enum role_id role_find(const char *name);

#endif
