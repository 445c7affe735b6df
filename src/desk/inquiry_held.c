/* SPDX-License-Identifier: Apache-2.0
 *
 * Mails that are nobody's, and what a person says about them.
 *
 *     held ──place {tenant}──▶ a thread of the tenant         ┐
 *       ├────place {into}───▶ messages of one of its threads  ├──restore──▶ held
 *       └────discard {reason}─▶ discarded                     ┘
 *
 * Restoring is for a wrong click: it goes as long as nobody wrote after it and no promise was broken meanwhile.  What
 * was before stands in the row itself (`placed`), so that a replay restores the same.
 *
 * `remember`: the sender's address is this tenant's from now on, and gets its answers.  Only of a mail whose sender was proved:
 * who remembers a forged address gives the tenant's answers to whoever forges it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/inquiry_priv.h"
#include "desk/roster_priv.h"

#define HELD_WAITS (1800 * NS_PER_S)

static const char *const reasons[] = {
#define INQUIRY_DISCARD(id, ja, en) id,
#include "tbl/inquiry.tbl"
};

static bool
reason_is(const char *s)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (strcmp(reasons[i], s) == 0)
			return true;
	return false;
}

/* Held and open, or refused. */
static bool
load_held(struct cmd *c, struct inquiry_now *n, char ret_held[24])
{
	auto_free char *held = NULL;

	if (!inquiry_load(c, n))
		return false;
	held = db_text(c->db, "SELECT held FROM inquiries WHERE id = ?", Q(n->id));
	if (!n->held || held == NULL || strcmp(n->state, "open") != 0) {
		cmd_refuse(c, 409, "state", NULL, "%s is not held", n->number);
		return false;
	}
	snprintf(ret_held, 24, "%s", held);
	return true;
}

/* ---- place ---- */

static void
remember(struct cmd *c, const struct inquiry_now *n, const char *tenant)
{
	db_run(c->db, "INSERT INTO inquiry_senders(address, tenant, at, by, inquiry) SELECT address, ?, ?, ?, ? FROM inquiry_people WHERE inquiry = ? ON CONFLICT DO NOTHING",
	       Q(tenant), Q(c->now), Q(c->who->user), Q(n->id), Q(n->id));
}

/* Answers go to people the tenant knows: who wrote is one of them, or nobody is. */
static void
keep_known(struct cmd *c, const char *inquiry, const char *tenant)
{
	db_run(c->db,
	       "DELETE FROM inquiry_people WHERE inquiry = ? AND address NOT IN (SELECT lower(mail) FROM contacts WHERE tenant = ? AND active <> 0 AND mail IS NOT NULL)"
	       " AND address NOT IN (SELECT address FROM inquiry_senders WHERE tenant = ?)",
	       Q(inquiry), Q(tenant), Q(tenant));
}

static void
note_before(struct cmd *c, const struct inquiry_now *n, json_t *before)
{
	auto_free char *text = json_text(before);

	db_run(c->db, "UPDATE inquiries SET placed = ? WHERE id = ?", Q(text), Q(n->id));
	json_decref(before);
}

static json_t *
people_of(struct db *db, const char *inquiry)
{
	struct rows r = db_query(db, "SELECT address, name, contact FROM inquiry_people WHERE inquiry = ? ORDER BY address", Q(inquiry));

	return rows_json(&r);
}

/* The customer has waited since the mail came, not since somebody said whose it is. */
static int64_t
arrived(struct cmd *c, const struct inquiry_now *n)
{
	return c->v >= 13 ? db_int(c->db, c->now, "SELECT opened_at FROM inquiries WHERE id = ?", Q(n->id)) : c->now;
}

void
held_begin(struct cmd *c, const struct inquiry_now *n)
{
	if (c->v >= 13)
		timer_set(c, "held.waits", n->id, c->now + HELD_WAITS, 0);
}

void
held_waits(struct cmd *c, const char *id)
{
	auto_free char *tenant = db_text(c->db, "SELECT min(id) FROM tenants"), *lead = tenant != NULL ? duty_lead(c->d, tenant, c->now) : NULL;
	auto_free char *ja = NULL, *en = NULL;
	struct inquiry_now n;

	if (!inquiry_fetch(c->db, id, &n) || !n.held || strcmp(n.state, "open") != 0)
		return;
	ja = x_asprintf("保留のメール %s が、誰のものか確かめられないまま 30 分以上たっています。", n.number);
	en = x_asprintf("The held mail %s has waited more than 30 minutes for somebody to say whose it is.", n.number);
	alarm_raise_for(c, &(struct alarm){ "held_waits", n.id, "alarm", NULL, NULL, lead }, ja, en);
	held_begin(c, &n);
}

static void
place_alone(struct cmd *c, struct inquiry_now *n, const char *tenant)
{
	db_run(c->db, "UPDATE inquiries SET tenant = ?, held = NULL, owner = coalesce(owner, ?) WHERE id = ?", Q(tenant), Q(c->who->user[0] != '\0' ? c->who->user : NULL),
	       Q(n->id));
	keep_known(c, n->id, tenant);
	snprintf(n->tenant, sizeof n->tenant, "%s", tenant);
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	n->held = false;
	inquiry_our_turn_since(c, n, arrived(c, n));
}

/* What was said, as it came and when, behind what stands in the thread. Returns the number of the first of it. */
static int64_t
copy_messages(struct cmd *c, const struct inquiry_now *from, const struct inquiry_now *into)
{
	struct rows r = db_query(c->db, "SELECT n, at, lang, text, cut, who_ja, who_en, address, mail_id, proof FROM inquiry_messages WHERE inquiry = ? AND side = 'customer' ORDER BY n",
	                         Q(from->id));
	int64_t first = 0;

	while (rows_next(&r)) {
		int64_t k = inquiry_say(c, into, &(struct inquiry_message){ .door = "mail", .side = "customer", .lang = row_str(&r, 2), .text = row_str(&r, 3), .visible = true,
		                                                            .cut = row_int(&r, 4) != 0, .who_ja = row_str(&r, 5), .who_en = row_str(&r, 6),
		                                                            .address = row_str(&r, 7), .mail_id = row_str(&r, 8), .proof = row_str(&r, 9) });

		db_run(c->db, "UPDATE inquiry_messages SET at = ?, by = NULL WHERE inquiry = ? AND n = ?", Q(row_int(&r, 1)), Q(into->id), Q(k));
		db_run(c->db, "INSERT INTO inquiry_files(inquiry, message, n, name, type, size, sha256, note) SELECT ?, ?, n, name, type, size, sha256, note FROM inquiry_files"
		              " WHERE inquiry = ? AND message = ?",
		       Q(into->id), Q(k), Q(from->id), Q(row_int(&r, 0)));
		first = first != 0 ? first : k;
	}
	return first;
}

static void
place_into(struct cmd *c, const struct inquiry_now *n, const struct inquiry_now *into, json_t *before)
{
	int64_t first = copy_messages(c, n, into);

	json_object_update_new(before, json_pack("{s:s, s:I, s:s, s:s}", "into", into->id, "first", (json_int_t)first, "waits", into->waits, "state", into->state));
	db_run(c->db, "INSERT INTO inquiry_people(inquiry, address, name, contact) SELECT ?, address, name, contact FROM inquiry_people WHERE inquiry = ? ON CONFLICT DO NOTHING",
	       Q(into->id), Q(n->id));
	keep_known(c, into->id, into->tenant);
	db_run(c->db, "UPDATE inquiries SET state = 'discarded', waits = 'customer', closed_at = ?, closed_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n->id));
	db_run(c->db, "UPDATE inquiries SET updated_at = ? WHERE id = ?", Q(c->now), Q(into->id));
	inquiry_our_turn_since(c, into, arrived(c, n));
	cmd_changed(c, "inquiry", into->id, into->tenant, into->number);
}

/* Whose: of a thread, or by name. False, refused, when it is nobody's or out of sight. */
static bool
whose(struct cmd *c, const char *tenant, const char *key, struct inquiry_now *into)
{
	if (key == NULL) {
		if (tenant != NULL && desk_sees(c->who, tenant) && db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) != 0)
			return true;
		cmd_refuse(c, 422, "invalid", "tenant", "no such tenant");
	} else if (!inquiry_fetch(c->db, key, into) || into->held || strcmp(into->state, "discarded") == 0 || !desk_sees(c->who, into->tenant) ||
	           (tenant != NULL && strcmp(tenant, into->tenant) != 0)) {
		cmd_refuse(c, 422, "invalid", "into", "wanted an inquiry of a tenant");
	} else {
		return true;
	}
	return false;
}

void
cmd_inquiry_place(struct cmd *c)
{
	const char *key = arg_str(c, "into", 64), *tenant = key != NULL ? arg_str(c, "tenant", 31) : arg_need(c, "tenant", 31);
	bool keep = arg_bool(c, "remember", false);
	struct inquiry_now n, into = { 0 };
	char held[24];
	json_t *before;

	if (cmd_failed(c) || !load_held(c, &n, held) || !whose(c, tenant, key, &into))
		return;
	if (db_int(c->db, 0, "SELECT 1 FROM inquiries WHERE id = ? AND flood = '?'", Q(n.id)) != 0) {
		cmd_refuse(c, 422, "invalid", "tenant", "its mails are of several senders");
		return;
	}
	if (keep && strcmp(held, "unknown_sender") != 0 && strcmp(held, "ambiguous") != 0) {
		cmd_refuse(c, 422, "invalid", "remember", "its sender was not proved");
		return;
	}
	timer_drop_kind(c, n.id, "held.waits");
	before = json_pack("{s:s, s:o}", "held", held, "people", people_of(c->db, n.id));
	if (keep)
		remember(c, &n, key != NULL ? into.tenant : tenant);
	if (key != NULL)
		place_into(c, &n, &into, before);
	else
		place_alone(c, &n, tenant);
	note_before(c, &n, before);
}

/* ---- discard ---- */

void
cmd_inquiry_discard(struct cmd *c)
{
	const char *reason = arg_str(c, "reason", 16), *text = arg_str(c, "text", 500); /* the journal's older rows have none */
	struct inquiry_now n;
	char held[24];

	if (reason != NULL && !reason_is(reason))
		cmd_refuse(c, 422, "invalid", "reason", "no such reason");
	if (cmd_failed(c) || !load_held(c, &n, held))
		return;
	timer_drop_kind(c, n.id, "held.waits");
	db_run(c->db, "UPDATE inquiries SET state = 'discarded', waits = 'customer', closed_at = ?, closed_by = ?, reason = ?, reason_text = ? WHERE id = ?", Q(c->now),
	       Q(c->who->user), Q(reason), Q(text), Q(n.id));
}

/* ---- restore ---- */

/* The promise that began by it never was. */
static void
drop_promise(struct cmd *c, const char *inquiry)
{
	auto_free char *clock = db_text(c->db, "SELECT id FROM clocks WHERE candidate = ? AND kind = 'inquiry' AND stopped_at IS NULL", Q(inquiry));

	if (clock == NULL)
		return;
	timer_drop(c, clock);
	timer_drop_kind(c, inquiry, "inquiry.due");
	db_run(c->db, "DELETE FROM clocks WHERE id = ?", Q(clock));
}

/* Nobody wrote behind message n of it, and its promise, if one runs, is not broken. */
static bool
untouched(struct cmd *c, const char *inquiry, int64_t n)
{
	return db_int(c->db, 0, "SELECT messages FROM inquiries WHERE id = ?", Q(inquiry)) == n &&
	       db_int(c->db, 0, "SELECT 1 FROM clocks WHERE candidate = ? AND kind = 'inquiry' AND (broken <> 0 OR (stopped_at IS NULL AND due_at <= ?))", Q(inquiry), Q(c->now)) == 0;
}

static int64_t
count_messages(struct cmd *c, const char *inquiry)
{
	return db_int(c->db, 0, "SELECT count(*) FROM inquiry_messages WHERE inquiry = ? AND side = 'customer'", Q(inquiry));
}

/* Out of the other thread again: its messages are for staff only, where they were. */
static bool
take_out(struct cmd *c, const struct inquiry_now *n, const json_t *before)
{
	const char *waits = json_string_value(json_object_get(before, "waits")), *state = json_string_value(json_object_get(before, "state"));
	int64_t first = json_integer_value(json_object_get(before, "first"));
	struct inquiry_now into;

	if (!inquiry_fetch(c->db, json_string_value(json_object_get(before, "into")), &into) || !untouched(c, into.id, first + count_messages(c, n->id) - 1))
		return false;
	db_run(c->db, "UPDATE inquiry_messages SET visible = 0, auto = 1 WHERE inquiry = ? AND n >= ?", Q(into.id), Q(first));
	if (strcmp(waits, "customer") == 0)
		drop_promise(c, into.id);
	db_run(c->db, "UPDATE inquiries SET waits = ?, state = ?, updated_at = ? WHERE id = ?", Q(waits), Q(state), Q(c->now), Q(into.id));
	cmd_changed(c, "inquiry", into.id, into.tenant, into.number);
	return true;
}

static void
hold_again(struct cmd *c, const struct inquiry_now *n, const json_t *before)
{
	const json_t *p;
	size_t i;

	db_run(c->db, "DELETE FROM inquiry_senders WHERE inquiry = ?", Q(n->id));
	db_run(c->db, "DELETE FROM inquiry_people WHERE inquiry = ?", Q(n->id));
	json_array_foreach(json_object_get(before, "people"), i, p)
		inquiry_write_to(c, n->id, json_string_value(json_object_get(p, "address")), json_string_value(json_object_get(p, "name")), NULL);
	db_run(c->db,
	       "UPDATE inquiries SET tenant = NULL, held = coalesce(?, held), owner = NULL, placed = NULL, state = 'open', waits = 'us', closed_at = NULL, closed_by = NULL,"
	       " reason = NULL, reason_text = NULL WHERE id = ?",
	       Q(json_string_value(json_object_get(before, "held"))), Q(n->id));
	c->tenant[0] = '\0';
}

void
cmd_inquiry_restore(struct cmd *c)
{
	auto_free char *text = NULL;
	struct inquiry_now n;
	json_t *before;
	bool ok;

	if (!inquiry_load(c, &n))
		return;
	text = db_text(c->db, "SELECT placed FROM inquiries WHERE id = ?", Q(n.id));
	before = text != NULL ? json_loads(text, 0, NULL) : NULL;
	if (json_object_get(before, "into") != NULL) {
		ok = take_out(c, &n, before);
	} else if (before != NULL) {
		ok = strcmp(n.state, "open") == 0 && untouched(c, n.id, count_messages(c, n.id));
		if (ok)
			drop_promise(c, n.id);
	} else {
		ok = strcmp(n.state, "discarded") == 0;
	}
	if (ok)
		held_begin(c, &n);
	if (!ok) {
		cmd_refuse(c, 409, "state", NULL, before != NULL ? "somebody wrote after it" : "it was no held mail");
	} else if (before != NULL) {
		hold_again(c, &n, before);
	} else {
		db_run(c->db, "UPDATE inquiries SET state = 'open', waits = 'us', closed_at = NULL, closed_by = NULL, reason = NULL, reason_text = NULL WHERE id = ?", Q(n.id));
	}
	json_decref(before);
}

/* ---- senders that a person said are a tenant's ---- */

void
cmd_sender_forget(struct cmd *c)
{
	const char *address = arg_need(c, "address", 254), *tenant = arg_need(c, "tenant", 31);

	if (cmd_failed(c))
		return;
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM inquiry_senders WHERE address = lower(?) AND tenant = ?", Q(address), Q(tenant)) == 0) {
		cmd_refuse(c, 404, "not_found", "address", "%s", "");
		return;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	db_run(c->db, "DELETE FROM inquiry_senders WHERE address = lower(?) AND tenant = ?", Q(address), Q(tenant));
	c->body = json_pack("{s:s, s:s}", "address", address, "tenant", tenant);
}

json_t *
ask_sender_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	json_t *items = json_array(), *o;
	struct rows r;

	if (a->status != 0) {
		json_decref(items);
		return NULL;
	}
	r = db_query(a->db, "SELECT s.address, s.tenant, s.at AS \"at:t\", s.by, 'Q-' || q.number AS inquiry FROM inquiry_senders s JOIN inquiries q ON q.id = s.inquiry"
	                    " WHERE (? IS NULL OR s.tenant = ?) ORDER BY s.tenant, s.address",
	             Q(tenant), Q(tenant));
	while (rows_next(&r)) {
		if (!desk_sees(a->who, row_str(&r, 1)))
			continue;
		o = row_json(&r);
		json_object_set_new(o, "tenant", tenant_ref(a->db, row_str(&r, 1)));
		json_object_set_new(o, "by", person(a->db, row_str(&r, 3)));
		json_array_append_new(items, o);
	}
	rows_close(&r);
	return json_pack("{s:o}", "items", items);
}
