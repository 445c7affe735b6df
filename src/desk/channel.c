/* SPDX-License-Identifier: Apache-2.0
 *
 * Which notice goes to whom by which channel, and when: the rows of `channels` in the tenant's document,
 *
 *     {severity: [warning], channel: mail, when: off_hours, lang: ja, send: digest}
 *
 * The first row that fits decides.  Where none fits: calls and webhooks now, mails as the contact's mail_for
 * says.  What a row calls `digest` is collected and sent to the person once a day, at the tenant's hour in the
 * person's own zone; a notice that asks the customer to do something is never kept for it.
 */
#include <stdio.h>

#include "desk/desk_priv.h"

#define DIGEST_MOST 60 /* of titles up to 400 bytes: a job holds 64 KiB */

static bool
fits(const json_t *row, const char *key, const char *word)
{
	const json_t *list = json_object_get(row, key), *v;
	size_t i;

	if (!json_is_array(list))
		return true;
	json_array_foreach(list, i, v)
		if (strcmp(json_string_value(v), word) == 0)
			return true;
	return false;
}

static bool
when_fits(const json_t *row, enum hours hours)
{
	const char *when = json_string_value(json_object_get(row, "when"));

	return when == NULL || strcmp(when, "always") == 0 || (strcmp(when, "hours") == 0) == (hours == HOURS_IN);
}

static enum send
send_of(const char *channels, const struct receiver *who, const char *severity, const char *channel)
{
	json_t *rows = json_loads(channels, 0, NULL);
	enum send send = SEND_UNSAID;
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *lang = json_string_value(json_object_get(row, "lang")), *word = json_string_value(json_object_get(row, "send"));

		if (!fits(row, "severity", severity) || !fits(row, "channel", channel) || !when_fits(row, who->hours) || (lang != NULL && strcmp(lang, who->lang) != 0))
			continue;
		send = strcmp(word, "now") == 0 ? SEND_NOW : strcmp(word, "digest") == 0 ? SEND_DIGEST : SEND_NEVER;
		break;
	}
	json_decref(rows);
	return send;
}

enum send
channel_send(struct db *db, const char *tenant, const struct receiver *who, const char *severity, const char *channel)
{
	auto_free char *channels = db_text(db, "SELECT channels FROM tenants WHERE id = ?", Q(tenant));

	return send_of(channels != NULL ? channels : "[]", who, severity, channel);
}

enum send
channel_mail(struct db *db, const char *contact, const char *severity, int64_t now)
{
	struct rows r = db_query(db,
	                         "SELECT c.tenant, c.hours, c.zone, c.lang, c.mail_for, CASE WHEN c.country <> '' THEN c.country ELSE t.country END, t.channels"
	                         " FROM contacts c JOIN tenants t ON t.id = c.tenant WHERE c.id = ?",
	                         Q(contact));
	enum send send;

	if (!rows_next(&r))
		return SEND_NEVER;
	struct day_off off = { db, row_str(&r, 0), row_str(&r, 5) };
	struct receiver who = { .lang = row_str(&r, 3), .hours = hours_at(row_str(&r, 1), row_str(&r, 2), &off, now) };

	send = send_of(row_str(&r, 6), &who, severity, "mail");
	if (send == SEND_UNSAID)
		send = word_in(severity, row_str(&r, 4)) ? SEND_NOW : SEND_NEVER;
	rows_close(&r);
	return send;
}

/* ---- the digest ---- */

bool
asks_for_action(struct db *db, const char *incident)
{
	return db_int(db, 0, "SELECT 1 FROM actions WHERE incident = ? AND done_at IS NULL", Q(incident)) != 0;
}

void
digest_add(struct cmd *c, const char *contact, const char *incident)
{
	struct rows r = db_query(c->db, "SELECT p.zone, t.digest_at FROM contacts p JOIN tenants t ON t.id = p.tenant WHERE p.id = ?", Q(contact));
	int64_t day, at;

	if (!rows_next(&r))
		return;
	day = local_day(row_str(&r, 0), c->now);
	at = local_ns(row_str(&r, 0), day, row_int(&r, 1) * 60);
	if (at <= c->now)
		at = local_ns(row_str(&r, 0), day + 1, row_int(&r, 1) * 60);
	rows_close(&r);
	db_run(c->db, "INSERT INTO digests(contact, incident, at) VALUES(?, ?, ?) ON CONFLICT DO NOTHING", Q(contact), Q(incident), Q(c->now));
	if (db_int(c->db, 0, "SELECT 1 FROM timers WHERE kind = 'digest.due' AND ref = ?", Q(contact)) == 0)
		timer_set(c, "digest.due", contact, at, 0);
}

static json_t *
digest_items(struct cmd *c, const char *contact, int64_t *ret_more)
{
	struct rows r = db_query(c->db,
	                         "SELECT i.id, i.severity, i.title_ja, i.title_en, i.decided_at FROM digests d JOIN incidents i ON i.id = d.incident"
	                         " WHERE d.contact = ? ORDER BY i.decided_at, i.id",
	                         Q(contact));
	json_t *items = json_array(), *o;

	*ret_more = 0;
	while (rows_next(&r)) {
		if (json_array_size(items) == DIGEST_MOST) {
			++*ret_more;
			continue;
		}
		o = json_pack("{s:s, s:s, s:o, s:o}", "id", row_str(&r, 0), "severity", row_str(&r, 1), "title", texts(row_str(&r, 2), row_str(&r, 3)), "decided_at",
		              time_json(row_int(&r, 4)));
		json_array_append_new(items, o);
	}
	return items;
}

void
digest_due(struct cmd *c, const char *contact)
{
	auto_free char *tenant = db_text(c->db, "SELECT tenant FROM contacts WHERE id = ? AND active <> 0 AND mail IS NOT NULL", Q(contact));
	int64_t more;
	json_t *items = digest_items(c, contact, &more);

	if (tenant != NULL && json_array_size(items) != 0) {
		snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
		outbox_digest(c, contact, items, more);
	}
	json_decref(items);
	db_run(c->db, "DELETE FROM digests WHERE contact = ?", Q(contact));
}
