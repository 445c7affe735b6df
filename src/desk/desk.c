/* SPDX-License-Identifier: Apache-2.0
 *
 * One command: begin, run its function, write the journal row, commit, tell the changes.  A function that
 * refuses leaves nothing behind, no journal row either.
 */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/utf8.h"
#include "desk/apikey_priv.h"
#include "desk/journal_priv.h"
#include "desk/roster_priv.h"

const struct desk_actor desk_service = { .user = "", .ja = "システム", .en = "System", .role = "service" };

static const struct {
	const char *name;
	cmd_fn *fn;
} commands[] = {
#define COMMAND(name, fn) { name, fn },
#include "tbl/commands.tbl"
#undef COMMAND
};

static const struct {
	const char *name;
	ask_fn *fn;
} questions[] = {
#define QUESTION(name, fn) { name, fn },
#include "tbl/questions.tbl"
#undef QUESTION
};

int
desk_open(struct db *db, const struct desk_settings *s, struct desk **ret)
{
	struct desk *d;
	int r;

	if (sodium_init() < 0)
		return E_UNSUPPORTED;
	r = db_migrate(db, desk_schema, desk_schema_steps);
	if (r != 0)
		return r;
	d = x_calloc(1, sizeof *d);
	d->db = db;
	if (s != NULL)
		d->s = *s;
	if (d->s.silent_ns == 0)
		d->s.silent_ns = 600 * NS_PER_S;
	if (d->s.maintenance_notice_ns == 0)
		d->s.maintenance_notice_ns = 72 * 3600 * NS_PER_S;
	if (d->s.lcp_late_ns == 0)
		d->s.lcp_late_ns = 120 * NS_PER_S;
	*ret = d;
	return 0;
}

void
desk_close(struct desk *d)
{
	if (d == NULL)
		return;
	vec_fini(&d->changes);
	roster_free(d->roster);
	free(d);
}

void
desk_on_change(struct desk *d, desk_change_fn *fn, void *ctx)
{
	d->on_change = fn;
	d->on_change_ctx = ctx;
}

/* ---- what commands use ---- */

void
cmd_refuse(struct cmd *c, int status, const char *type, const char *field, const char *fmt, ...)
{
	va_list ap;

	if (c->status != 0)
		return;
	c->status = status;
	c->type = type;
	c->field = field;
	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof c->detail, fmt, ap);
	va_end(ap);
	db_fail(c->db, E_STATE); /* the rest of the function changes nothing any more */
}

void
cmd_new_id(struct cmd *c, char ret[27])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t in[20], h[crypto_hash_sha256_BYTES];

	memcpy(in, c->rnd, 16);
	c->ids++;
	for (int i = 0; i < 4; i++)
		in[16 + i] = (uint8_t)(c->ids >> (8 * i));
	crypto_hash_sha256(h, in, sizeof in);
	for (int i = 0; i < 26; i++) {
		int bit = i * 5, v = 0;

		for (int k = 0; k < 5; k++)
			v = v << 1 | (h[(bit + k) / 8] >> (7 - (bit + k) % 8) & 1);
		ret[i] = letters[v];
	}
	ret[26] = '\0';
}

int64_t
cmd_count(struct cmd *c, const char *name)
{
	db_run(c->db, "INSERT INTO counters(name, n) VALUES(?, 1) ON CONFLICT(name) DO UPDATE SET n = counters.n + 1", Q(name));
	return db_int(c->db, 0, "SELECT n FROM counters WHERE name = ?", Q(name));
}

void
cmd_changed(struct cmd *c, const char *noun, const char *id, const char *tenant, const char *number)
{
	struct change ch;

	for (size_t i = 0; i < c->d->changes.n; i++)
		if (strcmp(c->d->changes.v[i].noun, noun) == 0 && strcmp(c->d->changes.v[i].id, id) == 0)
			return;
	snprintf(ch.noun, sizeof ch.noun, "%s", noun);
	snprintf(ch.id, sizeof ch.id, "%s", id);
	snprintf(ch.tenant, sizeof ch.tenant, "%s", tenant != NULL ? tenant : "");
	snprintf(ch.number, sizeof ch.number, "%s", number != NULL ? number : "");
	vec_push(&c->d->changes, ch);
}

bool
cmd_is_customer(const struct cmd *c)
{
	return strcmp(c->who->role, "customer") == 0;
}

bool
desk_sees(const struct desk_actor *who, const char *tenant)
{
	const json_t *v;
	size_t i;

	if (tenant == NULL || tenant[0] == '\0')
		return strcmp(who->role, "customer") != 0;
	if (strcmp(who->role, "customer") == 0)
		return who->tenant != NULL && strcmp(who->tenant, tenant) == 0;
	if (who->tenants == NULL || json_array_size(who->tenants) == 0)
		return true;
	json_array_foreach(who->tenants, i, v)
		if (json_is_string(v) && strcmp(json_string_value(v), tenant) == 0)
			return true;
	return false;
}

const char *
arg_str(struct cmd *c, const char *key, size_t max)
{
	const json_t *v = json_object_get(c->args, key);

	if (v == NULL || json_is_null(v))
		return NULL;
	if (!json_is_string(v) || json_string_length(v) > max ||
	    memchr(json_string_value(v), 0, json_string_length(v)) != NULL) {
		cmd_refuse(c, 422, "invalid", key, "wanted a text of at most %zu bytes", max);
		return NULL;
	}
	return json_string_value(v);
}

const char *
arg_need(struct cmd *c, const char *key, size_t max)
{
	const char *v = arg_str(c, key, max);

	if (v == NULL || v[0] == '\0')
		cmd_refuse(c, 422, "invalid", key, "it is missing");
	return v != NULL ? v : ""; /* refused: the caller goes on with nothing until it looks */
}

bool
arg_bool(struct cmd *c, const char *key, bool otherwise)
{
	const json_t *v = json_object_get(c->args, key);

	if (v == NULL)
		return otherwise;
	if (!json_is_boolean(v))
		cmd_refuse(c, 422, "invalid", key, "wanted true or false");
	return json_is_true(v);
}

int64_t
arg_int(struct cmd *c, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(c->args, key);
	int64_t n;

	if (v == NULL || json_is_null(v))
		return otherwise;
	if (json_is_integer(v))
		return json_integer_value(v);
	/* path parameters arrive as text */
	if (json_is_string(v) && slice_i64(slice_str(json_string_value(v)), &n))
		return n;
	cmd_refuse(c, 422, "invalid", key, "wanted a whole number");
	return otherwise;
}

/* ---- answers ---- */

struct desk_answer
desk_problem(int status, const char *type, const char *field, const char *detail)
{
	static const struct {
		const char *type, *ja, *en;
	} words[] = {
		{ "invalid", "入力に誤りがあります。", "The request is not valid." },
		{ "not_found", "見つかりません。", "There is no such thing." },
		{ "conflict", "ほかの人が先に変更しました。", "Somebody else was first." },
		{ "forbidden", "この操作の権限がありません。", "You may not do this." },
		{ "unauthenticated", "サインインしてください。", "Sign in first." },
		{ "step_up", "もう一度、二要素目で確認してください。", "Confirm with your second factor first." },
		{ "csrf", "画面を読み込み直してください。", "Reload the page." },
		{ "limited", "試行が多すぎます。しばらくお待ちください。", "Too many attempts. Wait a while." },
		{ "idempotency", "同じ Idempotency-Key が別の内容に使われています。", "The Idempotency-Key was used for another request." },
		{ "state", "今の状態ではできません。", "Not possible in the present state." },
		{ "unavailable", "保存できませんでした。もう一度お試しください。", "Not saved. Try again." },
	};
	const char *ja = "", *en = "";
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].type, type) == 0) {
			ja = words[i].ja;
			en = words[i].en;
		}
	json_object_set_new(o, "type", json_string(type));
	json_object_set_new(o, "title", texts(ja, en));
	json_object_set_new(o, "status", json_integer(status));
	if (field != NULL)
		json_object_set_new(o, "field", json_string(field));
	if (detail != NULL && detail[0] != '\0')
		json_object_set_new(o, "detail", json_string(detail));
	return (struct desk_answer){ .status = status, .body = o };
}

static struct desk_answer
problem_of(struct cmd *c)
{
	struct desk_answer a = desk_problem(c->status, c->type, c->field, c->detail);

	if (c->more != NULL)
		json_object_update_missing(a.body, c->more);
	return a;
}

/* ---- apply ---- */

static cmd_fn *
command_find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].fn;
	return NULL;
}

static void
tell_changes(struct desk *d, int64_t seq)
{
	for (size_t i = 0; i < d->changes.n && d->on_change != NULL; i++) {
		struct change *ch = &d->changes.v[i];

		d->on_change(d->on_change_ctx, &(struct desk_change){ seq, ch->noun, ch->id, ch->tenant,
		                                                     ch->number[0] != '\0' ? ch->number : NULL });
	}
}

/* Runs fn inside the open transaction and commits. *ret_c keeps what the answer needs. */
static int
run_command(struct cmd *c, const char *command, cmd_fn *fn)
{
	c->d->changes.n = 0;
	c->seq = db_int(c->db, 0, "SELECT max(seq) FROM journal") + 1;
	fn(c);
	if (!cmd_failed(c))
		journal_append(c, command);
	if (c->once && !cmd_failed(c))
		once_keep(c);
	return db_commit(c->db);
}

static struct desk_answer
answer_of(struct cmd *c, int r)
{
	struct desk_answer a;

	if (c->status != 0 || r != 0)
		c->d->roster_id[0] = '\0'; /* it may have been made from rows that are not there */
	if (c->status != 0) {
		a = problem_of(c);
	} else if (r != 0) {
		a = desk_problem(503, "unavailable", NULL, err_text(r));
		a.error = r;
		log_error("desk.commit", kv_err(r));
	} else {
		a = (struct desk_answer){ .status = c->body != NULL ? 200 : 204, .body = c->body };
		c->body = NULL;
		tell_changes(c->d, c->seq);
	}
	json_decref(c->body);
	json_decref(c->more);
	json_decref(c->facts);
	return a;
}

static struct desk_answer
apply(struct desk *d, const char *command, cmd_fn *fn, const struct desk_actor *who, const json_t *args, int64_t now,
      const struct desk_blob *blobs, size_t n, bool once, struct cmd *c)
{
	*c = (struct cmd){ .d = d, .db = d->db, .now = now, .v = JOURNAL_V, .who = who, .args = args, .once = once && d->once.key[0] != '\0' };
	randombytes_buf(c->rnd, sizeof c->rnd);
	db_begin(d->db);
	for (size_t i = 0; i < n; i++)
		db_run(d->db, "INSERT INTO blobs(sha256, at, body) VALUES(?, ?, ?) ON CONFLICT DO NOTHING", Q(blobs[i].sha256), Q(now), Q_BLOB(blobs[i].body.p, blobs[i].body.n));
	return answer_of(c, run_command(c, command, fn));
}

struct desk_answer
desk_apply(struct desk *d, const char *command, const struct desk_actor *who, const json_t *args, int64_t now)
{
	cmd_fn *fn = command_find(command);
	struct cmd c;

	if (fn == NULL)
		return desk_problem(404, "not_found", NULL, command);
	return apply(d, command, fn, who, args, now, NULL, 0, false, &c);
}

int
desk_apply_more(struct desk *d, const char *command, const json_t *args, int64_t now, void (*more)(struct cmd *c, void *ctx),
                void *ctx)
{
	struct cmd c = { .d = d, .db = d->db, .now = now, .v = JOURNAL_V, .who = &desk_service, .args = args };
	struct desk_answer a;
	int r;

	randombytes_buf(c.rnd, sizeof c.rnd);
	db_begin(d->db);
	more(&c, ctx);
	r = command != NULL ? run_command(&c, command, command_find(command)) : db_commit(d->db);
	if (command == NULL)
		return r;
	a = answer_of(&c, r);
	json_decref(a.body);
	return a.status < 300 ? 0 : r != 0 && r != E_STATE ? r : E_SYNTAX;
}

int
desk_apply_recorded(struct desk *d, const char *command, const struct desk_actor *who, const json_t *args, int64_t now,
                    const uint8_t rnd[16], int v)
{
	struct cmd c = { .d = d, .db = d->db, .now = now, .v = v, .again = true, .who = who, .args = args };
	cmd_fn *fn = command_find(command);
	struct desk_answer a;

	if (fn == NULL)
		return E_UNSUPPORTED;
	memcpy(c.rnd, rnd, sizeof c.rnd);
	db_begin(d->db);
	a = answer_of(&c, run_command(&c, command, fn));
	json_decref(a.body);
	return a.status < 300 ? 0 : E_CORRUPT;
}

/* ---- ask ---- */

static ask_fn *
question_find(const char *name)
{
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		if (strcmp(questions[i].name, name) == 0)
			return questions[i].fn;
	return NULL;
}

struct desk_answer
desk_ask(struct desk *d, const char *question, const struct desk_actor *who, const json_t *args, int64_t now)
{
	struct ask a = { .d = d, .db = d->db, .who = who, .args = args, .now = now, .customer = strcmp(who->role, "customer") == 0 };
	ask_fn *fn = question_find(question);
	struct desk_answer no;
	json_t *body;
	int r;

	if (fn == NULL)
		return desk_problem(404, "not_found", NULL, question);
	db_missed(d->db);
	body = fn(&a);
	r = db_missed(d->db);
	if (r != 0) { /* half an answer is none */
		json_decref(body);
		no = desk_problem(503, "unavailable", NULL, err_text(r));
		no.error = r;
		return no;
	}
	if (body != NULL)
		return (struct desk_answer){ .status = 200, .body = body };
	return desk_problem(a.status != 0 ? a.status : 404, a.type != NULL ? a.type : "not_found", a.field, NULL);
}

json_t *
ask_no(struct ask *a, int status, const char *type, const char *field)
{
	a->status = status;
	a->type = type;
	a->field = field;
	return NULL;
}

const char *
ask_str(const struct ask *a, const char *key)
{
	const char *s = json_string_value(json_object_get(a->args, key));

	return s != NULL && s[0] != '\0' ? s : NULL;
}

int64_t
ask_int(const struct ask *a, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(a->args, key);
	int64_t n;

	if (json_is_integer(v))
		return json_integer_value(v);
	return json_is_string(v) && slice_i64(slice_str(json_string_value(v)), &n) ? n : otherwise;
}

const char *
ask_tenant(struct ask *a)
{
	const char *t = ask_str(a, "tenant");

	if (a->customer) {
		if (t != NULL && !desk_sees(a->who, t))
			ask_no(a, 404, "not_found", "tenant");
		return a->who->tenant;
	}
	if (t == NULL)
		return NULL;
	if (!desk_sees(a->who, t) || db_int(a->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(t)) == 0)
		ask_no(a, 404, "not_found", "tenant");
	return t;
}

void
desk_blob_hash(struct slice body, char ret[65])
{
	uint8_t h[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(h, (const unsigned char *)body.p, body.n);
	sodium_bin2hex(ret, 65, h, sizeof h);
}

struct desk_answer
desk_do(struct desk *d, const char *verb, const struct desk_actor *who, const json_t *args, int64_t now)
{
	return desk_do_with(d, verb, who, args, now, NULL, 0);
}

static bool
is_blank(uint32_t ch)
{
	return ch <= 0x20 || ch == 0xa0 || ch == 0x3000 || ch == 0xfeff || (ch >= 0x2000 && ch <= 0x200f);
}

/* What is wrong with a text of people, or NULL.  It goes into mails, onto screens and terminals: a control character has no business there,
 * whichever command brings it.  Tabs and line ends are what people paste; mails are cleaned of them (outbox.c).  And blanks are no reason,
 * cause or word: whoever has nothing to say leaves it empty. */
static const char *
text_fault(struct slice s)
{
	bool blank = s.n != 0;
	uint32_t ch;

	while (s.n != 0) {
		s = slice_sub(s, utf8_next(s, &ch), s.n);
		if ((ch < 0x20 && ch != '\t' && ch != '\n' && ch != '\r') || (ch >= 0x7f && ch < 0xa0))
			return "it holds control characters";
		blank = blank && is_blank(ch);
	}
	return blank ? "it is nothing but blanks" : NULL;
}

/* The first fault in the arguments, with the name of the argument; or NULL. */
static const char *
unfit_text(const json_t *v, const char *name, const char **ret_name)
{
	const char *key, *why = json_is_string(v) ? text_fault(slice_of(json_string_value(v), json_string_length(v))) : NULL;
	json_t *part;
	size_t i;

	if (why != NULL)
		*ret_name = name;
	json_array_foreach(v, i, part)
		if (why == NULL)
			why = unfit_text(part, name, ret_name);
	json_object_foreach((json_t *)v, key, part)
		if (why == NULL)
			why = unfit_text(part, name != NULL ? name : key, ret_name);
	return why;
}

/* A letter and names out of logs are what they are; so are those in a report's frozen figures. */
static const char *
unfit_args(const char *verb, const json_t *args, const char **ret_field)
{
	const char *key, *why = NULL;
	json_t *v;

	if (word_in(verb, "inquiry.receive advisory.counted"))
		return NULL;
	json_object_foreach((json_t *)args, key, v)
		if (why == NULL && !(strcmp(verb, "report.publish") == 0 && strcmp(key, "data") == 0))
			why = unfit_text(v, key, ret_field);
	return why;
}

struct desk_answer
desk_do_with(struct desk *d, const char *verb, const struct desk_actor *who, const json_t *args, int64_t now, const struct desk_blob *blobs, size_t n)
{
	cmd_fn *fn = command_find(verb);
	const char *unfit, *field = NULL;
	struct desk_answer a;
	struct cmd c;
	json_t *q;
	char show[24];

	if (fn == NULL)
		return desk_ask(d, verb, who, args, now);
	unfit = unfit_args(verb, args, &field);
	if (unfit != NULL)
		return desk_problem(422, "invalid", field, unfit);
	a = apply(d, verb, fn, who, args, now, blobs, n, true, &c);
	if (a.status != 204 || c.noun[0] == '\0')
		return a;
	q = json_pack("{s:s}", "id", c.id);
	snprintf(show, sizeof show, "%s.show", c.noun);
	a = desk_ask(d, show, who, q, now);
	json_decref(q);
	return a;
}
