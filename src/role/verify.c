/* SPDX-License-Identifier: Apache-2.0
 *
 * Role verify: reads what security keys say.
 *
 *     desk ── KEY_ASK ─▶ libfido2 ─▶ KEY_SAID ── desk
 *
 * CBOR and COSE from a stranger's browser are taken apart here, in a process that holds no key, no file, no
 * database and no socket.  What brings it down costs the sign-in that was under way; the parent starts it again.
 */
#include "auth/webauthn.h"
#include "base/must.h"
#include "role/role.h"

struct verify_role {
	struct chan *desk;
};

static int
verify_open(struct role_env *env)
{
	env->state = x_calloc(1, sizeof(struct verify_role));
	return 0;
}

static void
verify_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct verify_role *v = env->state;

	(void)index;
	if (peer == ROLE_DESK)
		v->desk = ch;
}

static void
verify_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct verify_role *v = env->state;

	(void)index;
	if (peer == ROLE_DESK)
		v->desk = NULL;
}

static void
verify_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct verify_role *v = env->state;
	auto_buf struct buf out = { 0 };

	(void)index;
	if (peer != ROLE_DESK || m->type != MSG_KEY_ASK || v->desk == NULL)
		return;
	webauthn_answer(m->body, &out);
	chan_send(v->desk, MSG_KEY_SAID, m->id, buf_slice(&out), -1);
}

const struct role role_verify = {
	.id = ROLE_VERIFY,
	.open = verify_open,
	.on_peer = verify_peer,
	.on_peer_lost = verify_peer_lost,
	.on_msg = verify_msg,
};
