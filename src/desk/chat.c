/* SPDX-License-Identifier: Apache-2.0
 *
 * Chat: the door at which somebody waits.  The inquiry keeps the promise of its kind and priority; besides it
 *
 *     a customer's word by chat ─▶ chat.waits (3 min without an answer): the lead on duty is alarmed
 *     an answer by chat         ─▶ chat.gone  (2 min without another word of the customer): the answer goes by mail as well
 *
 * so nobody who typed is left alone in front of the screen, and nobody who went misses the answer.
 */
#include <stdlib.h>

#include "desk/inquiry_priv.h"

#define WAITS (180 * NS_PER_S)
#define GONE (120 * NS_PER_S)

static void
once(struct cmd *c, const char *kind, const char *id, int64_t span)
{
	if (db_int(c->db, 0, "SELECT 1 FROM timers WHERE ref = ? AND kind = ?", Q(id), Q(kind)) == 0)
		timer_set(c, kind, id, c->now + span, 0);
}

void
chat_asked(struct cmd *c, const struct inquiry_now *n, const char *door)
{
	if (c->v < CHAT_V)
		return;
	timer_drop_kind(c, n->id, "chat.gone"); /* they are there */
	if (strcmp(door, "chat") == 0)
		once(c, "chat.waits", n->id, WAITS);
}

void
chat_answered(struct cmd *c, const struct inquiry_now *n, const char *door)
{
	if (c->v < CHAT_V)
		return;
	timer_drop_kind(c, n->id, "chat.waits");
	if (strcmp(door, "chat") == 0)
		once(c, "chat.gone", n->id, GONE);
}

void
chat_waits(struct cmd *c, const char *id)
{
	struct inquiry_now n;

	if (!inquiry_fetch(c->db, id, &n) || strcmp(n.waits, "us") != 0 || n.held)
		return;
	auto_free char *ja = x_asprintf("お問い合わせ %s：お客様がチャットで 3 分お待ちです。", n.number);
	auto_free char *en = x_asprintf("Inquiry %s: the customer has waited in the chat for 3 minutes.", n.number);

	snprintf(c->tenant, sizeof c->tenant, "%s", n.tenant);
	alarm_raise(c, "chat_waits", n.id, "alarm", n.tenant, NULL, ja, en);
	cmd_changed(c, "inquiry", n.id, n.tenant, n.number);
}

void
chat_gone(struct cmd *c, const char *id)
{
	struct inquiry_now n;
	struct rows r;

	if (!inquiry_fetch(c->db, id, &n))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", n.tenant);
	r = db_query(c->db,
	             "SELECT n FROM inquiry_messages WHERE inquiry = ? AND side = 'soc' AND visible <> 0 AND door = 'chat' AND n > (SELECT coalesce(max(n), 0) FROM"
	             " inquiry_messages WHERE inquiry = ? AND side = 'customer') ORDER BY n",
	             Q(n.id), Q(n.id));
	while (rows_next(&r))
		inquiry_mail(c, &n, row_int(&r, 0), "answer");
}
