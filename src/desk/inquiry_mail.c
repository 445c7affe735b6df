/* SPDX-License-Identifier: Apache-2.0
 *
 * Mails of inquiries, both ways.
 *
 * Out: an answer is one outbox row for each person of the thread.  Its Message-ID and References are made of the
 * thread's token (q-TOKEN-N), the subject and the address to answer to carry it too: whatever a mail program keeps
 * of these leads back to the thread.
 *
 * In: role mail has read the mail, this decides what it is.  A token is a hint, never a right:
 *
 *     seen before (Message-ID)                      nothing happens
 *     it killed the process that reads, twice       held, unread, its bytes as a file (role/mail.c); an alarm of its own
 *     more than `rate` of one sender in ten minutes held, all in one thread of the flood; of its files nothing is kept
 *     made by a machine (auto-reply, bounce, list)  an internal note of the thread it names, else only counted
 *     sender not proved by our own mail server      held for a person, with what that server found: whatever it claims, it is nobody's
 *     sender is no contact, or of several tenants   held
 *     token of a thread of the sender's tenant      a message of that thread; it is open again
 *     else                                          a new thread of the sender's tenant, with a receipt
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/inquiry_priv.h"

#define REFS_MAX 10
#define PART_MAX (48u << 10) /* a JOB holds 64 KiB */
#define RATE_WINDOW (600 * NS_PER_S)
#define RATE_ALL 5      /* times the rate: of all senders together that were not proved */
#define FLOOD_KEPT 50   /* messages of a flood that are kept; the rest is counted */
#define HELD_MAX 2000 /* open mails of nobody; above it the mail server keeps them */

/* ---- out ---- */

static json_t *
refs_of(struct db *db, const char *inquiry, int64_t before)
{
	struct rows r = db_query(db, "SELECT mail_id FROM inquiry_messages WHERE inquiry = ? AND n < ? AND mail_id IS NOT NULL AND auto = 0 ORDER BY n", Q(inquiry), Q(before));
	json_t *a = json_array();

	while (rows_next(&r))
		json_array_append_new(a, json_string(row_str(&r, 0)));
	while (json_array_size(a) > REFS_MAX)
		json_array_remove(a, 1); /* the first one names the thread */
	return a;
}

/* What does not fit is left out; the portal has it. */
static void
fit(json_t *part)
{
	for (;;) {
		auto_free char *whole = json_text(part), *text = x_strdup(json_string_value(json_object_get(part, "text")));
		auto_free char *less = NULL;

		if (strlen(whole) < PART_MAX)
			return;
		less = x_asprintf("%.*s…", text_clip(text, (int)strlen(text) / 2), text);
		json_object_set_new(part, "text", json_string(less));
	}
}

/* What goes with the mail, by its hash: role notify fetches the bytes. */
static json_t *
files_of(struct db *db, const char *inquiry, int64_t message)
{
	struct rows r = db_query(db, "SELECT name, sha256, size FROM inquiry_files WHERE inquiry = ? AND message = ? AND sha256 IS NOT NULL ORDER BY n", Q(inquiry), Q(message));

	return rows_json(&r);
}

static json_t *
part_of(struct cmd *c, const struct inquiry_now *n, int64_t message, const char *what)
{
	struct rows r = db_query(c->db,
	                         "SELECT i.subject, m.text, m.who_ja, m.who_en, i.door, (SELECT due_at FROM clocks k WHERE k.candidate = i.id AND k.kind = 'inquiry' AND"
	                         " k.stopped_at IS NULL) FROM inquiries i JOIN inquiry_messages m ON m.inquiry = i.id AND m.n = ? WHERE i.id = ?",
	                         Q(message), Q(n->id));
	bool answer = strcmp(what, "answer") == 0;
	auto_free char *id = x_asprintf("q-%s-%lld%s", n->token, (long long)message, answer ? "" : "-r");
	auto_free char *text = NULL, *subject = NULL;
	json_t *o;

	if (!rows_next(&r))
		return NULL;
	subject = text_plain(row_str(&r, 0));
	text = text_plain(row_str(&r, 1));
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:o}", "number", n->number, "token", n->token, "id", id, "what", what, "subject", subject,
	              "text", text, "by", texts(row_str(&r, 2), row_str(&r, 3)), "reply", strcmp(row_str(&r, 4), "mail") == 0, "refs",
	              refs_of(c->db, n->id, answer ? message : message + 1));
	if (row_int(&r, 5) != 0)
		json_object_set_new(o, "due_at", time_json(row_int(&r, 5)));
	if (c->d->s.url != NULL) {
		auto_free char *url = x_asprintf("%s/portal/inquiries/%s", c->d->s.url, n->number);

		json_object_set_new(o, "url", json_string(url));
	}
	rows_close(&r);
	if (answer && db_int(c->db, 0, "SELECT count(*) FROM inquiry_files WHERE inquiry = ? AND message = ? AND sha256 IS NOT NULL", Q(n->id), Q(message)) != 0)
		json_object_set_new(o, "files", files_of(c->db, n->id, message));
	fit(o);
	if (answer)
		db_run(c->db, "UPDATE inquiry_messages SET mail_id = ? WHERE inquiry = ? AND n = ?", Q(id), Q(n->id), Q(message));
	return o;
}

static void
mail_to(struct cmd *c, const struct inquiry_now *n, json_t *part, const char *address, const char *name, const char *contact)
{
	struct rows r = db_query(c->db, "SELECT name_ja, name_en, zone FROM tenants WHERE id = ?", Q(n->tenant));
	auto_free char *key = x_asprintf("%s/%s/%.60s", n->number, json_string_value(json_object_get(part, "id")), address);
	json_t *doc;
	int64_t job;

	if (!rows_next(&r))
		return;
	doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:O}", "notice", "inquiry", "to", "address", address, "name", name, "lang", n->lang, "zone", row_str(&r, 2),
	                "company", texts(row_str(&r, 0), row_str(&r, 1)), "inquiry", part);
	rows_close(&r);
	job = outbox_mail(c, doc, contact, name, address, key);
	db_run(c->db, "UPDATE outbox SET inquiry = ? WHERE id = ?", Q(n->id), Q(job));
}

void
inquiry_mail(struct cmd *c, const struct inquiry_now *n, int64_t message, const char *what)
{
	struct rows r = db_query(c->db, "SELECT address, name, contact FROM inquiry_people WHERE inquiry = ? ORDER BY address LIMIT 20", Q(n->id));
	json_t *part = part_of(c, n, message, what);
	bool any = false;

	while (part != NULL && rows_next(&r)) {
		mail_to(c, n, part, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2));
		any = true;
	}
	if (part != NULL && !any) {
		r = db_query(c->db, "SELECT mail, name, id FROM contacts WHERE tenant = ? AND active <> 0 AND mail IS NOT NULL ORDER BY ord LIMIT 1", Q(n->tenant));
		while (rows_next(&r))
			mail_to(c, n, part, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2));
	}
	rows_close(&r);
	json_decref(part);
}

void
inquiry_mail_failed(struct cmd *c, const char *inquiry, const char *name, const char *address)
{
	auto_free char *text = NULL;
	struct inquiry_now n;

	if (!inquiry_fetch(c->db, inquiry, &n))
		return;
	text = strcmp(n.lang, "ja") == 0 ? x_asprintf("%s様（%s）へのメールが届きません。", name, address) : x_asprintf("The mail to %s (%s) cannot be delivered.", name, address);
	inquiry_say(c, &n, &(struct inquiry_message){ .door = "mail", .side = "soc", .lang = n.lang, .text = text, .is_auto = true });
	cmd_changed(c, "inquiry", n.id, n.tenant, n.number);
}

/* ---- in ---- */

struct letter {
	const char *from, *name, *subject, *text, *lang, *message_id, *auth;
	const char *why, *proof; /* since the journal knows them; NULL before */
	bool is_auto, cut;
	int64_t rate;              /* mails of one sender in RATE_WINDOW; 0: the journal's older rows know no limit */
	char sender[272];          /* who is counted: the address, with a ? before it when it was not proved */
	char once[540];            /* what tells that it came before: a Message-ID is the word of whoever wrote it, so it counts for that sender only */
	const json_t *files;
};

static void
read_letter(struct cmd *c, struct letter *l)
{
	*l = (struct letter){ .from = arg_str(c, "from", 254), .name = arg_str(c, "name", 200), .subject = arg_str(c, "subject", INQUIRY_SUBJECT_MAX),
		              .text = arg_str(c, "text", INQUIRY_TEXT_MAX), .lang = arg_lang(c), .message_id = arg_need(c, "message_id", 255),
		              .auth = arg_need(c, "auth", 8), .why = arg_str(c, "why", 16), .proof = arg_str(c, "proof", 600), .is_auto = arg_bool(c, "auto", false), .cut = arg_bool(c, "cut", false), .files = inquiry_files(c) };
	l->from = l->from != NULL ? l->from : "";
	l->name = l->name != NULL && l->name[0] != '\0' ? l->name : l->from;
	l->text = l->text != NULL ? l->text : "";
	l->subject = l->subject != NULL && l->subject[0] != '\0' ? l->subject : strcmp(l->lang, "ja") == 0 ? "（件名なし）" : "(no subject)";
	if (!word_in(l->auth, "pass fail none"))
		cmd_refuse(c, 422, "invalid", "auth", "wanted pass, fail or none");
	l->rate = arg_int(c, "rate", 0);
	snprintf(l->sender, sizeof l->sender, "%s%s", l->auth != NULL && strcmp(l->auth, "pass") == 0 ? "" : "?", l->from);
	for (char *p = l->sender; *p != '\0'; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 32 : *p);
	snprintf(l->once, sizeof l->once, "%s%s%s", c->v >= 11 ? l->sender : "", c->v >= 11 ? " " : "", l->message_id);
	l->why = l->why != NULL && word_in(l->why, "forged changed foreign unreadable") ? l->why : "not_authentic";
}

/* The first thread that one of the tokens names. */
static bool
thread_named(struct cmd *c, struct inquiry_now *ret)
{
	const json_t *list = json_object_get(c->args, "tokens"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		auto_free char *id = json_is_string(v) ? db_text(c->db, "SELECT id FROM inquiries WHERE token = ?", Q(json_string_value(v))) : NULL;

		if (id != NULL && inquiry_fetch(c->db, id, ret))
			return true;
	}
	return false;
}

/* How many tenants know the address, as a contact's or as one that a person said is theirs; the first one, and its
 * contact ("" for the latter). `of`: only that tenant. */
static int
tenants_of(struct cmd *c, const char *address, const char *of, char ret_tenant[32], char ret_contact[128], char ret_lang[4])
{
	struct rows r = db_query(c->db,
	                         "SELECT tenant, id, lang, ord FROM contacts WHERE active <> 0 AND lower(mail) = lower(?) AND (? IS NULL OR tenant = ?) UNION ALL"
	                         " SELECT s.tenant, '', t.lang, 100000 FROM inquiry_senders s JOIN tenants t ON t.id = s.tenant WHERE s.address = lower(?) AND"
	                         " (? IS NULL OR s.tenant = ?) ORDER BY 1, 4",
	                         Q(address), Q(of), Q(of), Q(address), Q(of), Q(of));
	int n = 0;

	ret_tenant[0] = '\0';
	while (rows_next(&r)) {
		if (n != 0 && strcmp(ret_tenant, row_str(&r, 0)) == 0)
			continue;
		if (n++ != 0)
			continue;
		snprintf(ret_tenant, 32, "%s", row_str(&r, 0));
		snprintf(ret_contact, 128, "%s", row_str(&r, 1));
		snprintf(ret_lang, 4, "%s", row_str(&r, 2));
	}
	return n;
}

static void
remember(struct cmd *c, const struct letter *l, const struct inquiry_now *n, int64_t message, const char *result, const char *why)
{
	db_run(c->db, "INSERT INTO inquiry_mails(message_id, at, inquiry, n, result, why, sender) VALUES(?, ?, ?, ?, ?, ?, ?)", Q(l->once),
	       Q(c->now), Q(n != NULL ? n->id : NULL), Q_MAYBE(message), Q(result), Q(why), Q(l->rate != 0 ? l->sender : NULL));
	c->body = json_pack("{s:s, s:s?}", "result", result, "inquiry", n != NULL ? n->number : NULL);
}

static int64_t
put_letter(struct cmd *c, const struct letter *l, const struct inquiry_now *n)
{
	snprintf(c->tenant, sizeof c->tenant, "%s", n->tenant);
	snprintf(c->noun, sizeof c->noun, "inquiry");
	snprintf(c->id, sizeof c->id, "%s", n->id);
	db_run(c->db, "UPDATE inquiries SET updated_at = ? WHERE id = ?", Q(c->now), Q(n->id));
	cmd_changed(c, "inquiry", n->id, n->tenant, n->number);
	return inquiry_say(c, n, &(struct inquiry_message){ .door = "mail", .side = "customer", .lang = l->lang, .text = l->text, .visible = !l->is_auto,
	                                                    .is_auto = l->is_auto, .cut = l->cut, .who_ja = l->name, .who_en = l->name, .address = l->from,
	                                                    .mail_id = l->message_id, .proof = l->proof, .files = l->files });
}

static void
receive_auto(struct cmd *c, const struct letter *l, const struct inquiry_now *thread)
{
	if (thread != NULL && strcmp(thread->state, "discarded") != 0)
		remember(c, l, thread, put_letter(c, l, thread), "noted", NULL);
	else
		remember(c, l, NULL, 0, "counted", NULL);
}

static void
receive_held(struct cmd *c, const struct letter *l, const char *why)
{
	struct inquiry_now n = { 0 };

	if (db_int(c->db, 0, "SELECT count(*) FROM inquiries WHERE tenant IS NULL AND state = 'open'") >= HELD_MAX) {
		cmd_refuse(c, 429, "limited", NULL, "too many mails wait for a person");
		return;
	}
	inquiry_create(c, &(struct inquiry_new){ .held = why, .kind = "question", .priority = "normal", .door = "mail", .subject = l->subject, .lang = l->lang }, &n);
	if (l->from[0] != '\0')
		inquiry_write_to(c, n.id, l->from, l->name, NULL);
	remember(c, l, &n, put_letter(c, l, &n), "held", why);
	inquiry_our_turn(c, &n);
	held_begin(c, &n);
	if (strcmp(why, "unreadable") == 0)
		alarm_raise(c, "inquiry_unreadable", "inbox", "alarm", NULL, NULL, "メールを読み取る処理が同じメールで 2 回落ちました。そのメールは読まずに保留しています。",
		            "The process that reads mails died twice at the same mail. It is held, unread.");
	/* one alarm for all that wait: a flood of them is one word to the lead */
	alarm_raise(c, "inquiry_held", "inbox", "warning", NULL, NULL, "差出人を確かめる必要のあるメールがあります。", "Mails wait for somebody to say whose they are.");
}

/* ---- floods ---- */

/* The name under which a flood is collected, "" when it is none: the sender's, or "?" of all who were not proved. */
static const char *
flood_of(struct cmd *c, const struct letter *l)
{
	int64_t from = c->now - RATE_WINDOW;

	if (l->rate == 0)
		return "";
	if (db_int(c->db, 0, "SELECT count(*) FROM inquiry_mails WHERE sender = ? AND at > ?", Q(l->sender), Q(from)) >= l->rate)
		return l->sender;
	if (l->sender[0] == '?' && db_int(c->db, 0, "SELECT count(*) FROM inquiry_mails WHERE at > ? AND substr(sender, 1, 1) = '?'", Q(from)) >= l->rate * RATE_ALL)
		return "?";
	return "";
}

/* Bytes that came with a mail and that nothing names. A replay has none. */
static void
forget_bytes(struct cmd *c, const json_t *files)
{
	const json_t *f;
	size_t i;

	json_array_foreach(files, i, f)
		if (!c->again)
			db_run(c->db, "DELETE FROM blobs WHERE sha256 = ? AND NOT EXISTS(SELECT 1 FROM inquiry_files f WHERE f.sha256 = blobs.sha256)",
			       Q(json_string_value(json_object_get(f, "sha256"))));
}

static void
open_flood(struct cmd *c, const struct letter *l, const char *flood, struct inquiry_now *n)
{
	auto_free char *ja = NULL, *en = NULL;

	inquiry_create(c, &(struct inquiry_new){ .held = "flood", .kind = "question", .priority = "normal", .door = "mail", .subject = l->subject, .lang = l->lang }, n);
	db_run(c->db, "UPDATE inquiries SET flood = ? WHERE id = ?", Q(flood), Q(n->id));
	if (strcmp(flood, "?") != 0 && l->from[0] != '\0')
		inquiry_write_to(c, n->id, l->from, l->name, NULL);
	inquiry_our_turn(c, n);
	ja = x_asprintf("メールが短時間に大量に届いています。まとめて %s に保留しています。", n->number);
	en = x_asprintf("Too many mails came within a short time. They are held together in %s.", n->number);
	alarm_raise(c, "inquiry_flood", n->id, "warning", NULL, NULL, ja, en);
}

static void
receive_flood(struct cmd *c, struct letter *l, const char *flood)
{
	auto_free char *id = db_text(c->db, "SELECT id FROM inquiries WHERE flood = ? AND tenant IS NULL AND state = 'open' AND held = 'flood' ORDER BY number DESC LIMIT 1", Q(flood));
	int64_t message = 0;
	struct inquiry_now n;

	if (id == NULL || !inquiry_fetch(c->db, id, &n))
		open_flood(c, l, flood, &n);
	forget_bytes(c, l->files);
	l->cut = l->cut || json_array_size(l->files) != 0;
	l->files = NULL;
	if (db_int(c->db, 0, "SELECT messages FROM inquiries WHERE id = ?", Q(n.id)) < FLOOD_KEPT)
		message = put_letter(c, l, &n);
	remember(c, l, &n, message, "held", "flood");
}

static void
receive_new(struct cmd *c, const struct letter *l, const char *tenant, const char *contact, const char *lang)
{
	struct inquiry_now n = { 0 };
	int64_t k;

	inquiry_create(c, &(struct inquiry_new){ .tenant = tenant, .kind = "question", .priority = "normal", .door = "mail", .subject = l->subject, .lang = lang }, &n);
	inquiry_write_to(c, n.id, l->from, l->name, contact[0] != '\0' ? contact : NULL);
	k = put_letter(c, l, &n);
	remember(c, l, &n, k, "opened", NULL);
	inquiry_our_turn(c, &n);
	inquiry_mail(c, &n, k, "received");
}

/* A contact is shown by the name we know, not by the one a mail gives itself: that may be anybody's address.  Heap, and in l. */
static char *
name_registered(struct cmd *c, const char *contact, struct letter *l)
{
	char *name = c->v >= 11 && contact[0] != '\0' ? db_text(c->db, "SELECT name FROM contacts WHERE id = ?", Q(contact)) : NULL;

	if (name != NULL)
		l->name = name;
	return name;
}

void
cmd_inquiry_receive(struct cmd *c)
{
	char tenant[32], contact[128] = "", lang[4] = "ja";
	struct inquiry_now n = { 0 };
	struct letter l;
	auto_free char *registered = NULL;
	const char *flood;
	bool named;
	int owners;

	read_letter(c, &l);
	if (cmd_failed(c))
		return;
	if (db_int(c->db, 0, "SELECT 1 FROM inquiry_mails WHERE message_id = ?", Q(l.once)) != 0) {
		cmd_refuse(c, 409, "state", NULL, "it came before");
		return;
	}
	named = thread_named(c, &n);
	flood = flood_of(c, &l);
	if (l.is_auto) {
		receive_auto(c, &l, named && flood[0] == '\0' ? &n : NULL);
		return;
	}
	if (flood[0] != '\0' && strcmp(l.why, "unreadable") != 0) {
		receive_flood(c, &l, flood);
		return;
	}
	if (strcmp(l.auth, "pass") != 0) {
		receive_held(c, &l, l.why);
		return;
	}
	if (named && !n.held && strcmp(n.state, "discarded") != 0 && tenants_of(c, l.from, n.tenant, tenant, contact, lang) == 1) {
		registered = name_registered(c, contact, &l);
		inquiry_write_to(c, n.id, l.from, l.name, contact[0] != '\0' ? contact : NULL);
		remember(c, &l, &n, put_letter(c, &l, &n), "added", NULL);
		inquiry_our_turn(c, &n);
		return;
	}
	owners = tenants_of(c, l.from, NULL, tenant, contact, lang);
	if (owners == 1) {
		registered = name_registered(c, contact, &l);
		receive_new(c, &l, tenant, contact, lang);
	} else {
		receive_held(c, &l, owners == 0 ? "unknown_sender" : "ambiguous");
	}
}
