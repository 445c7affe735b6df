/* SPDX-License-Identifier: Apache-2.0
 *
 * tenant, user, lcp, doctor: the administrator's verbs at the local socket.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "main/cli/act.h"
#include "main/cli/report.h"
#include "sys/fd.h"

static int
show(struct cli *c, const char *method, const char *path, const json_t *body)
{
	json_t *out = NULL;
	int r = remote_do(c, method, path, body, &out);

	if (r == CLI_DONE && out != NULL)
		remote_print_json(out);
	json_decref(out);
	return r;
}

/* ---- tenant ---- */

static int
tenant_import(struct cli *c, const char *file)
{
	auto_buf struct buf text = { 0 };
	json_t *body, *out = NULL;
	int r = strcmp(file, "-") == 0 ? fd_read_all(0, &text, 4u << 20) : file_read(file, &text, 4u << 20);

	if (r != 0)
		return cli_could_not(c, "%s: %s", file, err_text(r));
	body = json_pack("{s:s%, s:s, s:b}", "yaml", text.p != NULL ? text.p : "", text.n, "file", file, "check", cli_has(c, "--check"));
	if (body == NULL)
		return cli_could_not(c, "%s: it is not UTF-8", file);
	r = remote_do(c, "POST", "/api/v1/tenants/import", body, &out);
	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%lld tenants, %lld contacts, %lld accounts\n", (long long)json_integer_value(json_object_get(out, "tenants")),
		       (long long)json_integer_value(json_object_get(out, "contacts")), (long long)json_integer_value(json_object_get(out, "users")));
	json_decref(body);
	json_decref(out);
	return r;
}

int
cli_tenant(struct cli *c)
{
	static const char *const columns[] = { "ID=id", "NAME=name.en", "名前=name.ja", "ZONE=zone", "LCPS=lcps", "CANDIDATES=open_candidates", "INCIDENTS=open_incidents", NULL };
	const char *what = cli_operand(c, 0), *arg = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && arg == NULL)
		return remote_list(c, "/api/v1/tenants", columns);
	if (what != NULL && strcmp(what, "show") == 0 && arg != NULL) {
		auto_free char *path = remote_path("/api/v1/tenants/%s", arg);

		return show(c, "GET", path, NULL);
	}
	if (what != NULL && strcmp(what, "import") == 0 && arg != NULL)
		return tenant_import(c, arg);
	return cli_usage(c, "wanted list, show ID, or import FILE");
}

/* ---- user ---- */

/* From --password-file or the first line of standard input; never from an argument. */
static int
read_password(struct cli *c, struct buf *out)
{
	const char *file = cli_opt(c, "--password-file", NULL);
	int r;

	if (file == NULL)
		fprintf(stderr, "password (one line): ");
	r = file != NULL ? file_read(file, out, 2048) : fd_read_all(0, out, 2048);
	if (r != 0)
		return cli_could_not(c, "%s: %s", file != NULL ? file : "standard input", err_text(r));
	while (out->n != 0 && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
		out->n--;
	return CLI_DONE;
}

static int
user_add(struct cli *c, const char *login)
{
	const char *role = cli_opt(c, "--role", NULL), *name = cli_opt(c, "--name", login);
	auto_buf struct buf password = { 0 };
	json_t *body;
	int r;

	if (role == NULL)
		return cli_usage(c, "user add wants --role");
	if ((r = read_password(c, &password)) != CLI_DONE)
		return r;
	body = json_pack("{s:s, s:s, s:{s:s, s:s}, s:s, s:s%}", "login", login, "role", role, "name", "ja", cli_opt(c, "--name-ja", name), "en", name, "lang",
	                 cli_opt(c, "--lang", "en"), "password", password.n != 0 ? password.p : "", password.n);
	if (body == NULL)
		return cli_could_not(c, "that is not UTF-8");
	if (cli_opt(c, "--tenant", NULL) != NULL)
		json_object_set_new(body, "tenant", json_string(cli_opt(c, "--tenant", NULL)));
	r = show(c, "POST", "/api/v1/users", body);
	json_decref(body);
	return r;
}

static int
user_passwd(struct cli *c, const char *login)
{
	auto_free char *path = remote_path("/api/v1/users/%s/password", login);
	auto_buf struct buf password = { 0 };
	json_t *body;
	int r = read_password(c, &password);

	if (r != CLI_DONE)
		return r;
	body = json_pack("{s:s%}", "password", password.n != 0 ? password.p : "", password.n);
	if (body == NULL)
		return cli_could_not(c, "that is not UTF-8");
	r = remote_do(c, "POST", path, body, NULL);
	json_decref(body);
	return r;
}

static int
user_change(struct cli *c, const char *login)
{
	json_t *body = NULL;
	int r;

	if (cli_has(c, "--disable") && cli_has(c, "--enable"))
		return cli_usage(c, "--disable or --enable, not both");
	if ((r = act_body(c, "change", "name role sees+=tenants disable?=disabled", &body)) != CLI_DONE)
		return r;
	if (cli_has(c, "--enable"))
		json_object_set_new(body, "disabled", json_false());
	return act_tell(c, "PATCH", "/api/v1/users/%s", login, body);
}

int
cli_user(struct cli *c)
{
	static const char *const columns[] = { "LOGIN=login", "NAME=name.en", "ROLE=role", "TENANT=tenant", "LANG=lang", "DISABLED=disabled", NULL };
	const char *what = cli_operand(c, 0), *login = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && login == NULL)
		return remote_list(c, "/api/v1/users", columns);
	if (what != NULL && login != NULL && strcmp(what, "add") == 0)
		return user_add(c, login);
	if (what != NULL && login != NULL && strcmp(what, "change") == 0)
		return user_change(c, login);
	if (what != NULL && login != NULL && strcmp(what, "passwd") == 0)
		return user_passwd(c, login);
	if (what != NULL && login != NULL && strcmp(what, "totp") == 0) {
		auto_free char *path = remote_path("/api/v1/users/%s/totp", login);

		return show(c, "POST", path, NULL);
	}
	if (what != NULL && login != NULL && strcmp(what, "sessions") == 0) {
		static const char *const sessions[] = { "SESSION=id", "SINCE=started_at", "SEEN=seen_at", "ADDRESS=address", "BROWSER=agent", NULL };
		auto_free char *path = remote_path("/api/v1/users/%s/sessions", login);

		return remote_list(c, path, sessions);
	}
	if (what != NULL && login != NULL && strcmp(what, "revoke") == 0 && cli_operand(c, 2) != NULL) {
		auto_free char *front = remote_path("/api/v1/users/%s/sessions/", login), *back = remote_path("%s", cli_operand(c, 2)), *path = x_asprintf("%s%s", front, back);

		return remote_do(c, "DELETE", path, NULL, NULL);
	}
	return cli_usage(c, "wanted list; add, change, passwd, totp or sessions with a LOGIN; or revoke LOGIN SESSION|all");
}

/* ---- lcp ---- */

static int
lcp_enroll(struct cli *c, const char *tenant, const char *lcp)
{
	json_t *body = json_pack("{s:s, s:s}", "tenant", tenant, "lcp", lcp), *out = NULL;
	int r = remote_do(c, "POST", "/api/v1/lcps", body, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s\n", json_string_value(json_object_get(out, "token")));
	json_decref(body);
	json_decref(out);
	return r;
}

int
cli_lcp(struct cli *c)
{
	static const char *const columns[] = { "TENANT=tenant", "LCP=id", "STATE=state", "LAST=last_at", "VERSION=version", "DEVICES=devices", "EXPIRES=expires_at", NULL };
	const char *what = cli_operand(c, 0), *tenant = cli_operand(c, 1), *lcp = cli_operand(c, 2);

	if (what != NULL && strcmp(what, "list") == 0 && tenant == NULL)
		return remote_list(c, "/api/v1/lcps", columns);
	if (what != NULL && lcp != NULL && strcmp(what, "enroll") == 0)
		return lcp_enroll(c, tenant, lcp);
	if (what != NULL && lcp != NULL && strcmp(what, "revoke") == 0) {
		auto_free char *front = remote_path("/api/v1/lcps/%s/", tenant), *back = remote_path("%s", lcp);
		auto_free char *path = x_asprintf("%s%s", front, back);

		return remote_do(c, "DELETE", path, NULL, NULL);
	}
	return cli_usage(c, "wanted list, or enroll or revoke with TENANT LCP");
}

/* ---- doctor ---- */

/* Documents are printed on the service's own host; so the local program is asked. */
static bool
add_fonts(json_t *body)
{
	char *argv[] = { "nezuban-print", "--check", NULL };
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r = null >= 0 ? report_print_run(argv, null, null) : PRINT_LOST;
	bool ok = r == 0;
	const char *ja = ok ? "文書の印刷に要る文字の書体があります"
	                 : r == PRINT_ABSENT ? "nezuban-print がありません。報告書の PDF は作れません" : "日本語の書体がありません。報告書の PDF は作れません（Debian では fonts-noto-cjk）";
	const char *en = ok ? "the fonts that documents need are there"
	                 : r == PRINT_ABSENT ? "nezuban-print is not installed: reports have no PDF" : "fonts for Japanese are missing: reports have no PDF (Debian: fonts-noto-cjk)";

	json_array_append_new(json_object_get(body, "checks"), json_pack("{s:s, s:b, s:i, s:{s:s, s:s}}", "id", "fonts", "ok", ok, "value", ok ? 0 : 1, "text", "ja", ja, "en", en));
	return ok;
}

static const char *
word_of_level(const json_t *check)
{
	const char *level = json_string_value(json_object_get(check, "level"));

	return level != NULL && strcmp(level, "warning") == 0 ? "note" : "BAD";
}

int
cli_doctor(struct cli *c)
{
	json_t *body = NULL, *v;
	bool ok;
	size_t i;
	int r = remote_do(c, "GET", "/api/v1/doctor", NULL, &body);

	if (r != CLI_DONE)
		return r;
	ok = add_fonts(body) && json_is_true(json_object_get(body, "ok"));
	json_object_set_new(body, "ok", json_boolean(ok));
	if (cli_has(c, "--json")) {
		remote_print_json(body);
	} else {
		json_array_foreach(json_object_get(body, "checks"), i, v)
			printf("%-4s %-12s %s (%lld)%s%s\n", json_is_true(json_object_get(v, "ok")) ? "ok" : word_of_level(v), json_string_value(json_object_get(v, "id")),
			       json_string_value(json_object_get(json_object_get(v, "text"), "en")), (long long)json_integer_value(json_object_get(v, "value")),
			       json_is_true(json_object_get(v, "ok")) || json_object_get(v, "act") == NULL ? "" : "; to act: ",
			       json_is_true(json_object_get(v, "ok")) || json_object_get(v, "act") == NULL ? "" : json_string_value(json_object_get(v, "act")));
	}
	json_decref(body);
	return ok ? CLI_DONE : CLI_PROBLEMS;
}
