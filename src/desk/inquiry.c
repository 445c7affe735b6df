/* SPDX-License-Identifier: Apache-2.0
 *
 * Inquiries: what customers ask and we answer, one thread whatever the door (portal, mail, chat, telephone).
 *
 *     open ──(customer writes)──▶ waits for us: clock `inquiry` runs ──(visible answer)──▶ waits for the customer
 *       └──▶ closed ──(reopen, or a new message of the customer)──▶ open
 *
 * The promise depends on the priority (tbl/inquiry.tbl), or on what the tenant's document says (`promises`).  The first message starts the clock, later ones do not
 * move it: the oldest question counts.  When three quarters are over the lead is alarmed; a broken one needs a
 * cause like every other clock.  It is a kind of its own, because `answer` measures how long the customer took
 * to acknowledge an incident, and the month's percentiles of two promises in one would be neither's.
 *
 * A message has a language, and stands as it was written.  Internal notes are for staff only.  Files are named
 * by their hash; the bytes are kept beside the projection (desk.c, blobs).
 */
#include "desk/hook_priv.h"
#include "desk/inquiry_priv.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const kinds[] = {
#define INQUIRY_KIND(id, ja, en) id,
#include "tbl/inquiry.tbl"
};

static const struct {
	const char *id;
	int64_t span_s;
} priorities[] = {
#define INQUIRY_PRIORITY(id, seconds, ja, en) { id, seconds },
#include "tbl/inquiry.tbl"
};

bool
inquiry_kind_is(const char *kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

int64_t
inquiry_span_s(const char *priority)
{
	for (size_t i = 0; i < sizeof priorities / sizeof *priorities; i++)
		if (strcmp(priorities[i].id, priority) == 0)
			return priorities[i].span_s;
	return 0;
}

/* A row names words, or not: then it is for all. */
static bool
row_names(const json_t *row, const char *key, const char *word)
{
	const json_t *list = json_object_get(row, key), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (strcmp(json_string_value(v), word) == 0)
			return true;
	return list == NULL;
}

int64_t
inquiry_promise_s(struct db *db, const char *tenant, const char *kind, const char *priority)
{
	auto_free char *text = db_text(db, "SELECT promises FROM tenants WHERE id = ?", Q(tenant));
	json_t *rows = text != NULL ? json_loads(text, 0, NULL) : NULL, *row;
	int64_t span = inquiry_span_s(priority);
	size_t i;

	json_array_foreach(rows, i, row)
		if (row_names(row, "kind", kind) && row_names(row, "priority", priority)) {
			span = json_integer_value(json_object_get(row, "s"));
			break;
		}
	json_decref(rows);
	return span;
}

bool
inquiry_sees(const struct desk_actor *who, const char *tenant)
{
	if (tenant == NULL || tenant[0] == '\0')
		return strcmp(who->role, "customer") != 0 && (who->tenants == NULL || json_array_size(who->tenants) == 0);
	return desk_sees(who, tenant);
}

bool
inquiry_fetch(struct db *db, const char *id, struct inquiry_now *ret)
{
	struct rows r = db_query(db, "SELECT id, tenant, state, owner, number, token, lang, priority, waits, kind FROM inquiries WHERE id = ? OR ('Q-' || number) = ?", Q(id), Q(id));
	struct inquiry_now n = { 0 };

	if (!rows_next(&r))
		return false;
	snprintf(n.id, sizeof n.id, "%s", row_str(&r, 0));
	snprintf(n.tenant, sizeof n.tenant, "%s", row_str(&r, 1) != NULL ? row_str(&r, 1) : "");
	snprintf(n.state, sizeof n.state, "%s", row_str(&r, 2));
	snprintf(n.owner, sizeof n.owner, "%s", row_str(&r, 3) != NULL ? row_str(&r, 3) : "");
	snprintf(n.number, sizeof n.number, "Q-%lld", (long long)row_int(&r, 4));
	snprintf(n.token, sizeof n.token, "%s", row_str(&r, 5));
	snprintf(n.lang, sizeof n.lang, "%s", row_str(&r, 6));
	snprintf(n.priority, sizeof n.priority, "%s", row_str(&r, 7));
	snprintf(n.waits, sizeof n.waits, "%s", row_str(&r, 8));
	snprintf(n.kind, sizeof n.kind, "%s", row_str(&r, 9));
	n.held = n.tenant[0] == '\0';
	rows_close(&r);
	*ret = n;
	return true;
}

static void
about(struct cmd *c, const struct inquiry_now *n)
{
	snprintf(c->tenant, sizeof c->tenant, "%s", n->tenant);
	snprintf(c->noun, sizeof c->noun, "inquiry");
	snprintf(c->id, sizeof c->id, "%s", n->id);
	db_run(c->db, "UPDATE inquiries SET updated_at = ? WHERE id = ?", Q(c->now), Q(n->id));
	cmd_changed(c, "inquiry", n->id, n->tenant, n->number);
}

bool
inquiry_load(struct cmd *c, struct inquiry_now *ret)
{
	const char *id = arg_need(c, "id", 64);
	struct inquiry_now n;

	if (cmd_failed(c) || !inquiry_fetch(c->db, id, &n) || !inquiry_sees(c->who, n.tenant)) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	*ret = n;
	about(c, &n);
	return true;
}

/* ---- the parts ---- */

void
inquiry_create(struct cmd *c, const struct inquiry_new *in, struct inquiry_now *ret)
{
	int64_t number = cmd_count(c, "inquiry");
	struct inquiry_now n = { .held = in->tenant == NULL };
	char id[27], token[27];

	cmd_new_id(c, id);
	cmd_new_id(c, token);
	token[16] = '\0'; /* 80 bits: nobody writes into a thread by guessing */
	db_run(c->db,
	       "INSERT INTO inquiries(id, number, token, tenant, kind, priority, door, state, held, subject, lang, incident, exclusion, owner, opened_at,"
	       " updated_at, waits, messages) VALUES(?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, 'customer', 0)",
	       Q(id), Q(number), Q(token), Q(in->tenant), Q(in->kind), Q(in->priority), Q(in->door), Q(in->held), Q(in->subject), Q(in->lang),
	       Q(in->incident), Q(in->exclusion), Q(in->owner), Q(c->now), Q(c->now));
	if (!inquiry_fetch(c->db, id, &n))
		return;
	*ret = n;
	about(c, &n);
}

static void
put_files(struct cmd *c, const struct inquiry_now *n, int64_t message, const json_t *files)
{
	const json_t *f;
	size_t i;

	json_array_foreach(files, i, f)
		db_run(c->db, "INSERT INTO inquiry_files(inquiry, message, n, name, type, size, sha256, note) VALUES(?, ?, ?, ?, ?, ?, ?, ?)", Q(n->id), Q(message),
		       Q((int64_t)i + 1), Q(json_string_value(json_object_get(f, "name"))), Q(json_string_value(json_object_get(f, "type"))),
		       Q(json_integer_value(json_object_get(f, "size"))), Q(json_string_value(json_object_get(f, "sha256"))),
		       Q(json_string_value(json_object_get(f, "note"))));
}

int64_t
inquiry_say(struct cmd *c, const struct inquiry_now *n, const struct inquiry_message *m)
{
	int64_t k;

	db_run(c->db, "UPDATE inquiries SET messages = messages + 1 WHERE id = ?", Q(n->id));
	k = db_int(c->db, 0, "SELECT messages FROM inquiries WHERE id = ?", Q(n->id));
	db_run(c->db,
	       "INSERT INTO inquiry_messages(inquiry, n, at, door, side, visible, auto, cut, lang, by, who_ja, who_en, address, mail_id, text, proof)"
	       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	       Q(n->id), Q(k), Q(c->now), Q(m->door), Q(m->side), Q((int64_t)m->visible), Q((int64_t)m->is_auto), Q((int64_t)m->cut), Q(m->lang),
	       Q(c->who->user[0] != '\0' ? c->who->user : NULL), Q(m->who_ja != NULL ? m->who_ja : c->who->ja),
	       Q(m->who_en != NULL ? m->who_en : c->who->en), Q(m->address), Q(m->mail_id), Q(m->text), Q(m->proof));
	put_files(c, n, k, m->files);
	if (m->visible && !n->held)
		hook_inquiry(c, n->id, k);
	return k;
}

void
inquiry_our_turn(struct cmd *c, const struct inquiry_now *n)
{
	inquiry_our_turn_since(c, n, c->now);
}

void
inquiry_our_turn_since(struct cmd *c, const struct inquiry_now *n, int64_t since)
{
	int64_t span = inquiry_promise_s(c->db, n->tenant, n->kind, n->priority);

	db_run(c->db, "UPDATE inquiries SET waits = 'us', state = 'open', closed_at = NULL, closed_by = NULL WHERE id = ?", Q(n->id));
	if (n->held || db_int(c->db, 0, "SELECT 1 FROM clocks WHERE candidate = ? AND kind = 'inquiry' AND stopped_at IS NULL", Q(n->id)) != 0)
		return;
	clock_start_at(c, "inquiry", n->tenant, n->id, NULL, since, since + span * NS_PER_S);
	timer_set(c, "inquiry.due", n->id, since + span * NS_PER_S / 4 * 3, 0);
}

void
inquiry_their_turn(struct cmd *c, const struct inquiry_now *n)
{
	db_run(c->db, "UPDATE inquiries SET waits = 'customer' WHERE id = ?", Q(n->id));
	clock_stop(c, n->id, "inquiry", c->now);
	timer_drop_kind(c, n->id, "inquiry.due");
}

void
inquiry_due(struct cmd *c, const char *id)
{
	struct inquiry_now n;

	if (!inquiry_fetch(c->db, id, &n) || strcmp(n.waits, "us") != 0)
		return;
	auto_free char *ja = x_asprintf("お問い合わせ %s：お約束した回答の期限が近づいています。", n.number);
	auto_free char *en = x_asprintf("Inquiry %s: the promised time of its answer is near.", n.number);

	snprintf(c->tenant, sizeof c->tenant, "%s", n.tenant);
	alarm_raise(c, "inquiry_due", n.id, c->v >= 6 ? "alarm" : "warning", n.tenant, NULL, ja, en);
	cmd_changed(c, "inquiry", n.id, n.tenant, n.number);
}

void
inquiry_write_to(struct cmd *c, const char *inquiry, const char *address, const char *name, const char *contact)
{
	db_run(c->db, "INSERT INTO inquiry_people(inquiry, address, name, contact) VALUES(?, lower(?), ?, ?) ON CONFLICT(inquiry, address) DO UPDATE SET"
	              " name = excluded.name, contact = coalesce(excluded.contact, contact)",
	       Q(inquiry), Q(address), Q(name), Q(contact));
}

/* ---- arguments ---- */

static bool
file_is_good(const json_t *f)
{
	const char *name = json_string_value(json_object_get(f, "name")), *type = json_string_value(json_object_get(f, "type"));
	const char *hash = json_string_value(json_object_get(f, "sha256"));

	return name != NULL && name[0] != '\0' && strlen(name) <= 255 && type != NULL && strlen(type) <= 16 && json_is_integer(json_object_get(f, "size")) &&
	       (hash == NULL || (strlen(hash) == 64 && strspn(hash, "0123456789abcdef") == 64));
}

const json_t *
inquiry_files(struct cmd *c)
{
	const json_t *list = json_object_get(c->args, "files"), *f;
	size_t i;

	if (list == NULL || json_is_null(list))
		return NULL;
	if (!json_is_array(list) || json_array_size(list) > INQUIRY_FILES_MAX)
		cmd_refuse(c, 422, "invalid", "files", "wanted at most %d", INQUIRY_FILES_MAX);
	json_array_foreach(list, i, f)
		if (!file_is_good(f))
			cmd_refuse(c, 422, "invalid", "files", "number %zu is not good", i + 1);
	return list;
}

static const char *
arg_kind(struct cmd *c, const char *otherwise)
{
	const char *kind = arg_str(c, "kind", 16);

	if (kind != NULL && !inquiry_kind_is(kind))
		cmd_refuse(c, 422, "invalid", "kind", "no such kind");
	return kind != NULL ? kind : otherwise;
}

static const char *
arg_priority(struct cmd *c, const char *otherwise)
{
	const char *priority = arg_str(c, "priority", 12);

	if (priority != NULL && inquiry_span_s(priority) == 0)
		cmd_refuse(c, 422, "invalid", "priority", "no such priority");
	return priority != NULL ? priority : otherwise;
}

/* "incident" of the arguments, of this tenant. */
static const char *
arg_incident(struct cmd *c, const char *tenant)
{
	const char *id = arg_str(c, "incident", 64);

	if (id != NULL && id[0] != '\0' && db_int(c->db, 0, "SELECT 1 FROM incidents WHERE id = ? AND tenant = ?", Q(id), Q(tenant)) == 0)
		cmd_refuse(c, 422, "invalid", "incident", "wanted an incident of the same tenant");
	return id != NULL && id[0] != '\0' ? id : NULL;
}

/* "exclusion" of the arguments: the minutes left out that somebody does not agree with. */
static const char *
arg_exclusion(struct cmd *c, const char *tenant)
{
	const char *id = arg_str(c, "exclusion", 64);

	if (id != NULL && db_int(c->db, 0, "SELECT 1 FROM exclusions WHERE id = ? AND tenant = ?", Q(id), Q(tenant)) == 0)
		cmd_refuse(c, 422, "invalid", "exclusion", "wanted an exclusion of the same tenant");
	return id;
}

static const char *
arg_door(struct cmd *c, const char *otherwise)
{
	const char *door = arg_str(c, "door", 8);

	if (door != NULL && !word_in(door, cmd_is_customer(c) ? "portal chat" : "portal chat phone"))
		cmd_refuse(c, 422, "invalid", "door", "wanted portal, chat or, for staff, phone");
	return door != NULL ? door : otherwise;
}

/* ---- commands ---- */

/* A contact of the tenant whom answers shall reach, by id. */
static void
take_contact(struct cmd *c, const struct inquiry_now *n, const char *contact)
{
	struct rows r = db_query(c->db, "SELECT mail, name, id FROM contacts WHERE tenant = ? AND active <> 0 AND (id = ? OR id = tenant || '/' || ?)", Q(n->tenant),
	                         Q(contact), Q(contact));

	if (!rows_next(&r)) {
		cmd_refuse(c, 422, "invalid", "contact", "wanted a contact of this tenant");
		return;
	}
	if (row_str(&r, 0) != NULL)
		inquiry_write_to(c, n->id, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2));
	rows_close(&r);
}

/* The contact that the signed-in person is, so that answers also come by mail: by name or login. */
static void
take_self(struct cmd *c, const struct inquiry_now *n)
{
	struct rows r = db_query(c->db, "SELECT p.mail, p.name, p.id FROM contacts p JOIN users u ON u.id = ? WHERE p.tenant = ? AND p.active <> 0 AND p.mail IS NOT NULL AND"
	                                " (p.name IN (u.name_ja, u.name_en) OR p.id = p.tenant || '/' || u.login OR lower(p.mail) = lower(u.login)) ORDER BY p.ord LIMIT 1",
	                         Q(c->who->user), Q(n->tenant));

	if (!rows_next(&r))
		return;
	inquiry_write_to(c, n->id, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2));
	rows_close(&r);
}

static const char *
tenant_for(struct cmd *c)
{
	const char *tenant = cmd_is_customer(c) ? c->who->tenant : arg_need(c, "tenant", 31);

	if (cmd_failed(c))
		return NULL;
	if (tenant == NULL || !desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0) {
		cmd_refuse(c, 404, "not_found", "tenant", "%s", "");
		return NULL;
	}
	return tenant;
}

void
cmd_inquiry_open(struct cmd *c)
{
	bool customer = cmd_is_customer(c), answered = !customer && arg_bool(c, "answered", false);
	const char *subject = arg_need(c, "subject", INQUIRY_SUBJECT_MAX), *text = arg_need(c, "text", INQUIRY_TEXT_MAX), *lang = arg_lang(c), *tenant = tenant_for(c);
	const char *door = arg_door(c, customer ? "portal" : "phone"), *name = customer ? NULL : arg_str(c, "name", 200), *contact = arg_str(c, "contact", 64);
	struct inquiry_new in = { .tenant = tenant, .kind = arg_kind(c, "question"), .priority = arg_priority(c, "normal"), .door = door, .subject = subject,
		                  .lang = lang };
	const json_t *files = inquiry_files(c);
	struct inquiry_now n = { 0 };

	if (strpbrk(subject, "\r\n") != NULL)
		cmd_refuse(c, 422, "invalid", "subject", "wanted one line");
	if (tenant != NULL) {
		in.incident = arg_incident(c, tenant);
		in.exclusion = arg_exclusion(c, tenant);
	}
	if (cmd_failed(c))
		return;
	in.owner = !customer && c->who->user[0] != '\0' ? c->who->user : NULL;
	inquiry_create(c, &in, &n);
	if (customer)
		take_self(c, &n);
	else if (contact != NULL)
		take_contact(c, &n, contact);
	/* of a call the note tells what the customer said, under the customer's name */
	inquiry_say(c, &n, &(struct inquiry_message){ .door = door, .side = "customer", .lang = lang, .text = text, .visible = true, .files = files,
	                                              .who_ja = name, .who_en = name });
	if (!answered)
		inquiry_our_turn(c, &n);
	if (customer)
		chat_asked(c, &n, door);
}

static void
answer(struct cmd *c, const struct inquiry_now *n, const char *door, const char *text, const char *lang, const json_t *files)
{
	int64_t k = inquiry_say(c, n, &(struct inquiry_message){ .door = door, .side = "soc", .lang = lang, .text = text, .visible = true, .files = files });

	if (n->owner[0] == '\0' && c->who->user[0] != '\0')
		db_run(c->db, "UPDATE inquiries SET owner = ? WHERE id = ?", Q(c->who->user), Q(n->id));
	inquiry_their_turn(c, n);
	chat_answered(c, n, door);
	if (strcmp(door, "chat") != 0) /* whoever chats reads it now; who has gone gets it by mail (chat.c) */
		inquiry_mail(c, n, k, "answer");
}

void
cmd_inquiry_message(struct cmd *c)
{
	const char *text = arg_need(c, "text", INQUIRY_TEXT_MAX), *lang = arg_lang(c), *door = arg_door(c, "portal");
	bool visible = cmd_is_customer(c) || arg_bool(c, "visible", true);
	const json_t *files = inquiry_files(c);
	struct inquiry_now n;

	if (cmd_failed(c) || !inquiry_load(c, &n))
		return;
	if (strcmp(n.state, "discarded") == 0 || (visible && n.held)) {
		cmd_refuse(c, 409, "state", NULL, n.held ? "say first whose it is" : "it was discarded");
		return;
	}
	if (cmd_is_customer(c)) {
		inquiry_say(c, &n, &(struct inquiry_message){ .door = door, .side = "customer", .lang = lang, .text = text, .visible = true, .files = files });
		inquiry_our_turn(c, &n);
		chat_asked(c, &n, door);
	} else if (!visible) {
		inquiry_say(c, &n, &(struct inquiry_message){ .door = door, .side = "soc", .lang = lang, .text = text, .files = files });
	} else if (strcmp(n.state, "closed") == 0) {
		cmd_refuse(c, 409, "state", NULL, "%s is closed", n.number);
	} else {
		answer(c, &n, door, text, lang, files);
	}
}

void
cmd_inquiry_claim(struct cmd *c)
{
	struct inquiry_now n;

	if (!inquiry_load(c, &n))
		return;
	if (c->who->user[0] == '\0') {
		cmd_refuse(c, 422, "invalid", NULL, "only an analyst or a lead can take it");
		return;
	}
	if (n.owner[0] != '\0' && strcmp(n.owner, c->who->user) != 0) {
		auto_free char *by = db_text(c->db, "SELECT name_ja FROM users WHERE id = ?", Q(n.owner));

		c->more = json_pack("{s:s?}", "by", by);
		cmd_refuse(c, 409, "conflict", NULL, "%s has %s", by != NULL ? by : "somebody", n.number);
		return;
	}
	db_run(c->db, "UPDATE inquiries SET owner = ? WHERE id = ?", Q(c->who->user), Q(n.id));
}

void
cmd_inquiry_assign(struct cmd *c)
{
	const char *to = arg_need(c, "to", 64);
	auto_free char *who = NULL;
	struct inquiry_now n;

	if (cmd_failed(c) || !inquiry_load(c, &n))
		return;
	if (n.held) {
		cmd_refuse(c, 409, "state", NULL, "say first whose it is");
		return;
	}
	if ((who = case_person(c, "to", to, n.tenant)) != NULL)
		db_run(c->db, "UPDATE inquiries SET owner = ? WHERE id = ?", Q(who), Q(n.id));
}

/* A running promise gets the length of the new kind and priority, counted from where it began. */
static void
change_promise(struct cmd *c, const struct inquiry_now *n, const char *kind, const char *priority)
{
	auto_free char *clock = db_text(c->db, "SELECT id FROM clocks WHERE candidate = ? AND kind = 'inquiry' AND stopped_at IS NULL AND broken = 0", Q(n->id));
	int64_t started = db_int(c->db, 0, "SELECT started_at FROM clocks WHERE id = ?", Q(clock)), span;

	span = inquiry_promise_s(c->db, n->tenant, kind, priority) * NS_PER_S;
	if (clock == NULL)
		return;
	db_run(c->db, "UPDATE clocks SET due_at = ? WHERE id = ?", Q(started + span), Q(clock));
	timer_drop(c, clock);
	timer_drop_kind(c, n->id, "inquiry.due");
	timer_set(c, "clock.broken", clock, started + span, 0);
	timer_set(c, "inquiry.due", n->id, started + span / 4 * 3, 0);
}

void
cmd_inquiry_change(struct cmd *c)
{
	const char *kind = arg_kind(c, NULL), *priority = arg_priority(c, NULL), *incident;
	struct inquiry_now n;

	if (cmd_failed(c) || !inquiry_load(c, &n))
		return;
	kind = kind != NULL ? kind : n.kind;
	priority = priority != NULL ? priority : n.priority;
	db_run(c->db, "UPDATE inquiries SET kind = ?, priority = ? WHERE id = ?", Q(kind), Q(priority), Q(n.id));
	if (!n.held && inquiry_promise_s(c->db, n.tenant, kind, priority) != inquiry_promise_s(c->db, n.tenant, n.kind, n.priority))
		change_promise(c, &n, kind, priority);
	if (json_object_get(c->args, "incident") == NULL)
		return;
	incident = arg_incident(c, n.tenant);
	db_run(c->db, "UPDATE inquiries SET incident = ? WHERE id = ?", Q(incident), Q(n.id));
}

void
cmd_inquiry_close(struct cmd *c)
{
	const char *text = arg_str(c, "text", INQUIRY_TEXT_MAX), *lang = arg_lang(c);
	struct inquiry_now n;

	if (cmd_failed(c) || !inquiry_load(c, &n))
		return;
	if (strcmp(n.state, "open") != 0 || n.held) {
		cmd_refuse(c, 409, "state", NULL, n.held ? "say first whose it is, or discard it" : "it is not open");
		return;
	}
	if (!cmd_is_customer(c) && strcmp(n.waits, "us") == 0 && (text == NULL || text[0] == '\0')) {
		cmd_refuse(c, 422, "invalid", "text", "the customer waits for an answer");
		return;
	}
	if (text != NULL && text[0] != '\0') {
		if (cmd_is_customer(c))
			inquiry_say(c, &n, &(struct inquiry_message){ .door = "portal", .side = "customer", .lang = lang, .text = text, .visible = true });
		else
			answer(c, &n, "portal", text, lang, NULL);
	}
	inquiry_their_turn(c, &n);
	db_run(c->db, "UPDATE inquiries SET state = 'closed', closed_at = ?, closed_by = ? WHERE id = ?", Q(c->now), Q(c->who->user), Q(n.id));
}

void
cmd_inquiry_reopen(struct cmd *c)
{
	const char *text = arg_str(c, "text", INQUIRY_TEXT_MAX), *lang = arg_lang(c);
	struct inquiry_now n;

	if (cmd_failed(c) || !inquiry_load(c, &n))
		return;
	if (strcmp(n.state, "closed") != 0) {
		cmd_refuse(c, 409, "state", NULL, "it is not closed");
		return;
	}
	if (text != NULL && text[0] != '\0')
		inquiry_say(c, &n, &(struct inquiry_message){ .door = "portal", .side = cmd_is_customer(c) ? "customer" : "soc", .lang = lang, .text = text,
		                                              .visible = cmd_is_customer(c) });
	inquiry_our_turn(c, &n);
}
