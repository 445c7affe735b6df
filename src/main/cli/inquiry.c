/* SPDX-License-Identifier: Apache-2.0
 *
 * inquiry: list, held, show, save, open, reply (or answer), note, claim, close, reopen, place, discard, restore, senders, forget.  Text comes from --text or, with
 * --text -, from standard input.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "main/cli/remote.h"
#include "sys/fd.h"

#define FILES_MAX (5u << 20) /* of all together, and so of one */

static int
list(struct cli *c)
{
	static const char *const columns[] = { "NUMBER=number", "STATE=state", "WAITS=waits", "DUE=clock.due_at", "PRIORITY=priority", "KIND=kind", "DOOR=door", "TENANT=tenant.id",
		                               "OWNER=owner.name.en", "HELD=held", "SUBJECT=subject", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL), *state = cli_opt(c, "--state", NULL);
	auto_buf struct buf path = { 0 };

	buf_put_str(&path, "/api/v1/inquiries?limit=500");
	if (tenant != NULL)
		remote_query(&path, "tenant", tenant);
	if (state != NULL)
		remote_query(&path, "state", state);
	return remote_list(c, buf_cstr(&path), columns);
}

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

/* Takes body over. */
static int
post(struct cli *c, const char *fmt, const char *id, json_t *body)
{
	auto_free char *path = id != NULL ? remote_path(fmt, id) : x_strdup(fmt);
	json_t *out = NULL;
	int r = remote_do(c, "POST", path, body, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s %s\n", json_string_value(json_object_get(out, "number")), json_string_value(json_object_get(out, "state")));
	json_decref(out);
	json_decref(body);
	return r;
}

static char *
text_of(struct cli *c)
{
	const char *text = cli_opt(c, "--text", NULL);
	char *out = x_calloc(1, 40001);
	size_t n;

	if (text != NULL && strcmp(text, "-") == 0) {
		n = fread(out, 1, 40000, stdin);
		while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
			out[--n] = '\0';
		return out;
	}
	free(out);
	return text != NULL ? x_strdup(text) : NULL;
}

static json_t *
said(struct cli *c, const char *text)
{
	json_t *body = json_object();

	if (text != NULL)
		json_object_set_new(body, "text", json_string(text));
	json_object_set_new(body, "lang", json_string(cli_opt(c, "--lang", "ja")));
	return body;
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

static int
open_it(struct cli *c)
{
	static const char *const words[][2] = { { "--tenant", "tenant" }, { "--subject", "subject" }, { "--kind", "kind" }, { "--priority", "priority" },
		                                { "--incident", "incident" }, { "--name", "name" }, { "--contact", "contact" } };
	auto_free char *text = text_of(c);
	json_t *body;

	if (cli_opt(c, "--tenant", NULL) == NULL || cli_opt(c, "--subject", NULL) == NULL || text == NULL)
		return cli_usage(c, "open wants --tenant, --subject and --text");
	body = said(c, text);
	json_object_set_new(body, "door", json_string("phone"));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (cli_opt(c, words[i][0], NULL) != NULL)
			json_object_set_new(body, words[i][1], json_string(cli_opt(c, words[i][0], NULL)));
	if (cli_has(c, "--answered"))
		json_object_set_new(body, "answered", json_true());
	if (!put_files(c, body)) {
		json_decref(body);
		return CLI_COULD_NOT;
	}
	return post(c, "/api/v1/inquiries", NULL, body);
}

static int
write_it(struct cli *c, const char *id, bool visible)
{
	auto_free char *text = text_of(c);
	json_t *body;

	if (text == NULL)
		return cli_usage(c, "reply and note want --text");
	body = said(c, text);
	json_object_set_new(body, "visible", json_boolean(visible));
	if (!put_files(c, body)) {
		json_decref(body);
		return CLI_COULD_NOT;
	}
	return post(c, "/api/v1/inquiries/%s/messages", id, body);
}

static int
finish(struct cli *c, const char *what, const char *id)
{
	auto_free char *text = text_of(c), *fmt = x_asprintf("/api/v1/inquiries/%%s/%s", what);

	return post(c, fmt, id, said(c, text));
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
	static const char *const words[][2] = { { "--tenant", "tenant" }, { "--into", "into" } };
	json_t *body = json_object();

	for (size_t i = 0; i < 2; i++)
		if (cli_opt(c, words[i][0], NULL) != NULL)
			json_object_set_new(body, words[i][1], json_string(cli_opt(c, words[i][0], NULL)));
	if (json_object_size(body) == 0) {
		json_decref(body);
		return cli_usage(c, "place wants --tenant or --into");
	}
	if (cli_has(c, "--remember"))
		json_object_set_new(body, "remember", json_true());
	return post(c, "/api/v1/inquiries/%s/place", id, body);
}

static int
discard(struct cli *c, const char *id)
{
	auto_free char *text = text_of(c);
	json_t *body;

	if (cli_opt(c, "--reason", NULL) == NULL)
		return cli_usage(c, "discard wants --reason spam, forged, mistake, handled or other");
	body = json_pack("{s:s}", "reason", cli_opt(c, "--reason", NULL));
	if (text != NULL)
		json_object_set_new(body, "text", json_string(text));
	return post(c, "/api/v1/inquiries/%s/discard", id, body);
}

static int
senders(struct cli *c)
{
	static const char *const columns[] = { "ADDRESS=address", "TENANT=tenant.id", "SINCE=at", "BY=by.name.en", "INQUIRY=inquiry", NULL };

	return remote_list(c, "/api/v1/senders", columns);
}

static int
forget(struct cli *c, const char *address)
{
	const char *tenant = cli_opt(c, "--tenant", NULL);
	json_t *body, *out = NULL;
	int r;

	if (tenant == NULL)
		return cli_usage(c, "forget wants --tenant");
	body = json_pack("{s:s, s:s}", "address", address, "tenant", tenant);
	r = remote_do(c, "POST", "/api/v1/senders/forget", body, &out);
	json_decref(body);
	json_decref(out);
	return r;
}

/* Verbs that need an ID; CLI_USAGE's text when it is none of them. */
static int
with_id(struct cli *c, const char *what, const char *id)
{
	static const struct {
		const char *what;
		int (*fn)(struct cli *, const char *);
	} verbs[] = { { "show", show }, { "save", save }, { "place", place }, { "discard", discard }, { "forget", forget } };

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].what, what) == 0)
			return verbs[i].fn(c, id);
	if (strcmp(what, "reply") == 0 || strcmp(what, "answer") == 0 || strcmp(what, "note") == 0)
		return write_it(c, id, what[0] != 'n');
	if (strcmp(what, "close") == 0 || strcmp(what, "reopen") == 0)
		return finish(c, what, id);
	if (strcmp(what, "restore") == 0)
		return post(c, "/api/v1/inquiries/%s/restore", id, NULL);
	return cli_usage(c, "wanted list, held, senders, open, or show, save, reply, note, close, reopen, place, discard, restore or forget with an ID");
}

int
cli_inquiry(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && id == NULL && strcmp(what, "list") == 0)
		return list(c);
	if (what != NULL && id == NULL && strcmp(what, "held") == 0)
		return held(c);
	if (what != NULL && id == NULL && strcmp(what, "open") == 0)
		return open_it(c);
	if (what != NULL && id == NULL && strcmp(what, "senders") == 0)
		return senders(c);
	return with_id(c, what != NULL && id != NULL ? what : "", id);
}
