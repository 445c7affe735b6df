/* SPDX-License-Identifier: Apache-2.0
 *
 * inquiry: list, held, show, open, reply, note, save, assign, change, cause, close, reopen, place, discard, restore, senders, forget.  Text comes
 * from --text or, with --text -, from standard input.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/act.h"
#include "sys/fd.h"

#define FILES_MAX (5u << 20) /* of all together, and so of one */

/* Mails that are nobody's yet, and what became of all of the last 30 days. */
static int
held(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "AT=opened_at", "HELD=held", "FROM=last.who.en", "SUBJECT=subject", NULL }, *const counts[] = { "MAILS=n", "BECAME=result", "WHY=why", NULL };
	json_t *out = NULL;
	int r = remote_do(c, "GET", "/api/v1/inquiries?state=held&limit=500", NULL, &out);

	if (r == CLI_DONE && cli_has(c, "--json")) {
		remote_print_json(out);
	} else if (r == CLI_DONE) {
		remote_print_table(json_object_get(out, "items"), columns);
		putchar('\n');
		remote_print_table(json_object_get(out, "mails"), counts);
	}
	json_decref(out);
	return r;
}

/* A mail's lines, indented. */
static void
put_text(const char *s)
{
	struct slice rest = slice_str(s);

	do {
		struct slice line = slice_cut(&rest, '\n');

		fputs("  ", stdout);
		while (line.n != 0) {
			struct slice part = slice_cut(&line, '\t');

			remote_print_text(part, part.n);
			fputs(line.n != 0 ? "    " : "", stdout);
		}
		putchar('\n');
	} while (rest.n != 0);
}

static void
print_thread(const json_t *o)
{
	const json_t *m, *f;
	char a[64], b[64], d[64], e[64];
	size_t i, k;

	printf("%s %s %s %s %s\n", remote_text(o, "number", a, sizeof a), remote_text(o, "state", b, sizeof b), remote_text(o, "priority", d, sizeof d),
	       remote_text(o, "tenant.id", e, sizeof e), json_is_string(json_object_get(o, "held")) ? json_string_value(json_object_get(o, "held")) : "");
	put_text(json_string_value(json_object_get(o, "subject")) ?: "");
	json_array_foreach(json_object_get(o, "messages"), i, m) {
		printf("\n%s %s %s%s ", remote_text(m, "n", a, sizeof a), remote_text(m, "at", b, sizeof b), remote_text(m, "door", d, sizeof d),
		       json_is_true(json_object_get(m, "visible")) ? "" : " internal");
		put_text(json_string_value(json_object_get(json_object_get(m, "who"), "en")) ?: "");
		put_text(json_string_value(json_object_get(m, "text")) ?: "");
		if (json_is_string(json_object_get(m, "proof"))) {
			fputs("  [mail server] ", stdout);
			put_text(json_string_value(json_object_get(m, "proof")));
		}
		json_array_foreach(json_object_get(m, "files"), k, f) {
			printf("  [%s bytes%s] ", remote_text(f, "size", a, sizeof a), json_is_true(json_object_get(f, "kept")) ? "" : ", not kept");
			put_text(json_string_value(json_object_get(f, "name")) ?: "");
		}
	}
}

static int
show(struct cli *c, const char *id)
{
	auto_free char *path = remote_path("/api/v1/inquiries/%s", id);
	json_t *out = NULL;
	int r = remote_do(c, "GET", path, NULL, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		print_thread(out);
	json_decref(out);
	return r;
}

/* Each --file PATH as the API wants them; false, told, when one cannot be read. */
static bool
put_files(struct cli *c, json_t *body)
{
	json_t *list = json_array();
	const char *path;

	for (int i = 0; (path = cli_opt_at(c, "--file", i)) != NULL; i++) {
		auto_buf struct buf bytes = { 0 };
		auto_free char *data = NULL;
		const char *name = strrchr(path, '/');

		if (file_read(path, &bytes, FILES_MAX) != 0) {
			cli_could_not(c, "%s: cannot be read, or is larger than 5 MiB", path);
			json_decref(list);
			return false;
		}
		data = x_malloc(bytes.n / 3 * 4 + 5);
		EVP_EncodeBlock((unsigned char *)data, (const unsigned char *)bytes.p, (int)bytes.n);
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", name != NULL ? name + 1 : path, "data", data));
	}
	if (json_array_size(list) != 0)
		json_object_set(body, "files", list);
	json_decref(list);
	return true;
}

/* Sends body (taken over) with the files that are named. */
static int
send_with_files(struct cli *c, const char *path, const char *id, json_t *body)
{
	if (put_files(c, body))
		return act_tell(c, "POST", path, id, body);
	json_decref(body);
	return CLI_COULD_NOT;
}

/* The note of a telephone call. */
static int
open_it(struct cli *c)
{
	json_t *body = NULL;
	int r = act_body(c, "open", "!tenant !subject !text@ lang kind priority incident name contact answered?", &body);

	if (r != CLI_DONE)
		return r;
	json_object_set_new(body, "door", json_string("phone"));
	if (json_object_get(body, "lang") == NULL)
		json_object_set_new(body, "lang", json_string("ja"));
	return send_with_files(c, "/api/v1/inquiries", NULL, body);
}

/* reply and note, which the customer does not see; close and reopen, with a last word if wanted. */
static int
write_it(struct cli *c, const char *what, const char *id)
{
	bool reply = strcmp(what, "reply") == 0 || strcmp(what, "answer") == 0, message = reply || strcmp(what, "note") == 0;
	auto_free char *path = x_asprintf("/api/v1/inquiries/%%s/%s", message ? "messages" : what);
	json_t *body = NULL;
	int r = act_body(c, what, message ? "!text@ lang" : "text@ lang", &body);

	if (r != CLI_DONE)
		return r;
	if (json_object_get(body, "lang") == NULL)
		json_object_set_new(body, "lang", json_string("ja"));
	if (message)
		json_object_set_new(body, "visible", json_boolean(reply));
	return message ? send_with_files(c, path, id, body) : act_tell(c, "POST", path, id, body);
}

/* A file of a message, written to -o PATH. */
static int
save(struct cli *c, const char *id)
{
	const char *message = cli_opt(c, "--message", NULL), *n = cli_opt(c, "--number", "1"), *to = cli_opt(c, "--output", NULL);
	auto_buf struct buf bytes = { 0 };
	auto_free char *at = NULL, *path = NULL, *fmt = NULL;
	int r;

	if (message == NULL || to == NULL || strspn(message, "0123456789") != strlen(message) || strspn(n, "0123456789") != strlen(n))
		return cli_usage(c, "save wants --message N and -o PATH, and --number N for another file than the first");
	fmt = x_asprintf("/api/v1/inquiries/%%s/messages/%s/files/%s/raw", message, n);
	path = remote_path(fmt, id);
	r = remote_file(c, path, &bytes);
	if (r == CLI_DONE && file_write_atomic(to, buf_slice(&bytes), 0600) != 0)
		r = cli_could_not(c, "%s: cannot be written", to);
	return r;
}

/* A held mail: whose it is, or which thread it belongs to. */
static int
place(struct cli *c, const char *id)
{
	json_t *body = NULL;
	int r;

	if (!cli_has(c, "--tenant") && !cli_has(c, "--into"))
		return cli_usage(c, "place wants --tenant or --into");
	r = act_body(c, "place", "tenant into remember?", &body);
	return r == CLI_DONE ? act_tell(c, "POST", "/api/v1/inquiries/%s/place", id, body) : r;
}

static int
forget(struct cli *c, const char *address)
{
	json_t *body = NULL;
	int r = act_body(c, "forget", "!tenant", &body);

	if (r != CLI_DONE)
		return r;
	json_object_set_new(body, "address", json_string(address));
	r = remote_do(c, "POST", "/api/v1/senders/forget", body, NULL);
	json_decref(body);
	return r;
}

/* What a row cannot say; NULL for the others. */
typedef int with_id_fn(struct cli *c, const char *id);

static with_id_fn *
own_word(const char *what)
{
	static const struct {
		const char *what;
		with_id_fn *fn;
	} own[] = { { "show", show }, { "save", save }, { "place", place }, { "forget", forget } };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcmp(own[i].what, what) == 0)
			return own[i].fn;
	return NULL;
}

static bool
is_writing(const char *what)
{
	static const char *const words[] = { "reply", "answer", "note", "close", "reopen" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], what) == 0)
			return true;
	return false;
}

int
cli_inquiry(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "WAITS=waits", "DUE=clock.due_at", "PRIORITY=priority", "KIND=kind", "DOOR=door", "TENANT=tenant.id",
		                               "OWNER=owner.name.en", "HELD=held", "SUBJECT=subject", NULL };
	static const char *const senders[] = { "ADDRESS=address", "TENANT=tenant.id", "SINCE=at", "BY=by.name.en", "INQUIRY=inquiry", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/inquiries?limit=500", "tenant state", columns },
		{ "senders", "GET", "/api/v1/senders", NULL, senders },
		{ "assign", "POST", "/api/v1/inquiries/%s/assign", "!to", NULL },
		{ "change", "PATCH", "/api/v1/inquiries/%s", "kind priority incident", NULL },
		{ "cause", "POST", "/api/v1/inquiries/%s/cause", "!code=cause !text@", NULL },
		{ "discard", "POST", "/api/v1/inquiries/%s/discard", "!reason text@", NULL },
		{ "restore", "POST", "/api/v1/inquiries/%s/restore", NULL, NULL },
		{ 0 },
	};
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && id == NULL && strcmp(what, "held") == 0)
		return held(c);
	if (what != NULL && id == NULL && strcmp(what, "open") == 0)
		return open_it(c);
	if (what != NULL && id != NULL && own_word(what) != NULL)
		return own_word(what)(c, id);
	if (what != NULL && id != NULL && is_writing(what))
		return write_it(c, what, id);
	return act_run(c, acts);
}
