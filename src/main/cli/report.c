/* SPDX-License-Identifier: Apache-2.0
 *
 * report: the monthly report from draft to document; of a day there is one too.  `render` needs no service: it hands a data set to nezuban-print, which is a
 * program of its own (main/nezuban_print.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "codec/timefmt.h"
#include "main/cli/act.h"
#include "main/cli/report.h"
#include "report/report.h"
#include "sys/fd.h"

#define FILE_MAX (32u << 20)
#define PDF_MAX (64u << 20)

/* 0, or what cli_usage returned. */
static int
lang_of(struct cli *c, const char **ret)
{
	*ret = cli_opt(c, "--lang", "ja");
	return strcmp(*ret, "ja") == 0 || strcmp(*ret, "en") == 0 ? CLI_DONE : cli_usage(c, "--lang is ja or en");
}

/* To --output or standard output. */
static int
deliver(struct cli *c, struct slice bytes)
{
	const char *file = cli_opt(c, "--output", NULL);
	int r;

	if (file == NULL && bytes.n > 4 && memcmp(bytes.p, "%PDF", 4) == 0 && isatty(1))
		return cli_usage(c, "a PDF is nothing for a terminal: name a file with -o");
	r = file != NULL ? file_write_atomic(file, bytes, 0644) : fd_write_all(1, bytes.p, bytes.n);
	return r == 0 ? CLI_DONE : cli_could_not(c, "%s: not everything could be written", file != NULL ? file : "standard output");
}

static int
read_file(struct cli *c, const char *path, struct buf *out)
{
	int r = strcmp(path, "-") == 0 ? fd_read_all(0, out, FILE_MAX) : file_read(path, out, FILE_MAX);

	if (r == E_TOOBIG)
		return cli_could_not(c, "%s is larger than 32 MiB", path);
	return r == 0 ? CLI_DONE : cli_could_not(c, "%s cannot be read", path);
}

/* ---- render: without the service ---- */

int
report_print_run(char *const argv[], int in, int out)
{
	auto_free char *program = program_path("nezuban-print");
	int status = 0;
	pid_t pid;

	if (program == NULL)
		return PRINT_ABSENT;
	pid = fork();
	if (pid == 0) {
		if (dup2(in, 0) == 0 && dup2(out, 1) == 1)
			execv(program, argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127 ? PRINT_LOST : WEXITSTATUS(status);
}

static int
run_print(struct cli *c, const char *lang, int in, int out)
{
	char *argv[] = { "nezuban-print", "--lang", strcmp(lang, "ja") == 0 ? "ja" : "en", NULL };
	int r = report_print_run(argv, in, out);

	if (r == PRINT_ABSENT)
		return cli_could_not(c, "the program nezuban-print is not installed beside this one");
	if (r == PRINT_LOST)
		return cli_could_not(c, "nezuban-print did not end well");
	return r == 0 ? CLI_DONE : r == 1 ? CLI_PROBLEMS : CLI_COULD_NOT;
}

static int
render_pdf(struct cli *c, const char *lang, struct slice data)
{
	auto_close int in = memfd_create("data", MFD_CLOEXEC), out = memfd_create("pdf", MFD_CLOEXEC);
	auto_buf struct buf pdf = { 0 };
	int r;

	if (in < 0 || out < 0 || fd_write_all(in, data.p, data.n) != 0 || lseek(in, 0, SEEK_SET) != 0)
		return cli_could_not(c, "no memory for the data set");
	r = run_print(c, lang, in, out);
	if (r != CLI_DONE)
		return r;
	if (lseek(out, 0, SEEK_SET) != 0 || fd_read_all(out, &pdf, PDF_MAX) != 0)
		return cli_could_not(c, "the document is larger than 64 MiB");
	return deliver(c, buf_slice(&pdf));
}

static int
render_csv(struct cli *c, const char *lang, struct slice bytes)
{
	json_t *o = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	auto_buf struct buf csv = { 0 };
	int r;

	if (!json_is_object(o)) {
		json_decref(o);
		fprintf(stderr, "nezuban report: this is no data set: wanted one JSON object\n");
		return CLI_PROBLEMS;
	}
	r = report_csv(o, strcmp(lang, "ja") == 0 ? REPORT_JA : REPORT_EN, cli_opt(c, "--table", NULL), &csv);
	json_decref(o);
	return r != 0 ? cli_usage(c, "there is no table %s", cli_opt(c, "--table", "")) : deliver(c, buf_slice(&csv));
}

static int
render(struct cli *c, const char *path)
{
	auto_buf struct buf data = { 0 };
	const char *lang;
	int r = lang_of(c, &lang);

	if (r == CLI_DONE && cli_has(c, "--table") && !cli_has(c, "--csv"))
		r = cli_usage(c, "--table goes with --csv");
	if (r == CLI_DONE)
		r = read_file(c, path, &data);
	if (r != CLI_DONE)
		return r;
	return cli_has(c, "--csv") ? render_csv(c, lang, buf_slice(&data)) : render_pdf(c, lang, buf_slice(&data));
}

/* ---- with the service ---- */

static int
list(struct cli *c)
{
	static const char *const columns[] = { "ID=id", "REV=revision", "TENANT=tenant", "MONTH=month", "STATE=state", "DUE=due_at", "PUBLISHED=published_at", "BY=published_by.en", NULL };
	const char *tenant = cli_opt(c, "--tenant", NULL);
	auto_buf struct buf path = { 0 };

	buf_put_str(&path, "/api/v1/reports");
	if (tenant != NULL)
		remote_query(&path, "tenant", tenant);
	return remote_list(c, buf_cstr(&path), columns);
}

static void
print_line(const json_t *o, const char *name, const char *key)
{
	char scratch[32];
	const char *text = remote_text(o, key, scratch, sizeof scratch);

	printf("%-12s %s\n", name, text[0] != '\0' ? text : "-");
}

/* Which one it replaces, by which one it was replaced, that it is being corrected; each with its reason. */
static void
print_standing(const json_t *o)
{
	static const char *const lines[][3] = { { "reason", "reason", NULL }, { "replaced_by", "replaced by", "replaced_by.revision" }, { "correction", "correcting", "correction.since" } };
	char one[32], two[32];

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		auto_free char *reason = x_asprintf("%s%s", lines[i][0], i == 0 ? ".en" : ".reason.en");

		if (json_is_object(json_object_get(o, lines[i][0])))
			printf("%-12s %s%s%s\n", lines[i][1], lines[i][2] != NULL ? remote_text(o, lines[i][2], one, sizeof one) : "", lines[i][2] != NULL ? ": " : "",
			       remote_text(o, reason, two, sizeof two));
	}
}

static void
print_report(const json_t *o)
{
	static const char *const lines[][2] = { { "id", "id" }, { "revision", "revision" }, { "state", "state" }, { "drafted", "drafted_at" }, { "due", "due_at" }, { "published", "published_at" },
		                                { "by", "published_by.en" }, { "lines", "data.funnel.lines" }, { "incidents", "data.incidents_total" },
		                                { "emergency", "data.funnel.by_severity.emergency" }, { "critical", "data.funnel.by_severity.critical" },
		                                { "devices", "data.devices_total" }, { "troubled", "data.devices_troubled" } };
	const json_t *words = json_object_get(o, "words");
	size_t without = 0, i;
	const json_t *v;

	for (i = 0; i < sizeof lines / sizeof *lines; i++)
		print_line(o, lines[i][0], lines[i][1]);
	json_array_foreach(json_object_get(json_object_get(o, "data"), "breaches"), i, v)
		without += !json_is_object(json_object_get(v, "cause"));
	printf("%-12s %zu, %zu without a cause\n", "missed", json_array_size(json_object_get(json_object_get(o, "data"), "breaches")), without);
	print_standing(o);
	printf("%-12s ja %s, en %s\n", "words", json_string_length(json_object_get(words, "ja")) != 0 ? "yes" : "no",
	       json_string_length(json_object_get(words, "en")) != 0 ? "yes" : "no");
}

static void
put_revision(struct cli *c, struct buf *path)
{
	if (cli_has(c, "--revision"))
		remote_query(path, "revision", cli_opt(c, "--revision", ""));
}

static int
show(struct cli *c, const char *id)
{
	auto_free char *part = remote_path("/api/v1/reports/%s", id);
	auto_buf struct buf path = { 0 };
	json_t *o = NULL;
	int r;

	buf_put_str(&path, part);
	put_revision(c, &path);
	r = remote_do(c, "GET", buf_cstr(&path), NULL, &o);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(o);
	else if (r == CLI_DONE)
		print_report(o);
	json_decref(o);
	return r;
}

static int
act(struct cli *c, const char *id, const char *what, json_t *body)
{
	auto_free char *part = remote_path("/api/v1/reports/%s", id), *path = x_asprintf("%s/%s", part, what);
	json_t *out = NULL;
	int r = remote_do(c, "POST", path, body, &out);

	if (r == CLI_DONE && cli_has(c, "--json"))
		remote_print_json(out);
	else if (r == CLI_DONE)
		printf("%s %s, revision %lld\n", id, json_string_value(json_object_get(out, "state")), (long long)json_integer_value(json_object_get(out, "revision")));
	json_decref(out);
	json_decref(body);
	return r;
}

static int
put_words(struct cli *c, const char *option, const char *key, json_t *words)
{
	const char *path = cli_opt(c, option, NULL);
	auto_buf struct buf text = { 0 };
	struct slice s;
	json_t *v;
	int r = path != NULL ? read_file(c, path, &text) : CLI_DONE;

	if (path == NULL || r != CLI_DONE)
		return r;
	s = slice_trim(buf_slice(&text));
	v = json_stringn(s.n != 0 ? s.p : "", s.n);
	if (v == NULL)
		return cli_could_not(c, "%s is not UTF-8", path);
	json_object_set_new(words, key, v);
	return CLI_DONE;
}

static int
words(struct cli *c, const char *id)
{
	const char *file = cli_opt(c, "--recommendations", NULL);
	auto_buf struct buf text = { 0 };
	json_t *body = json_object(), *both = json_object(), *list_of = NULL;
	int r = CLI_DONE;

	if (!cli_has(c, "--ja") && !cli_has(c, "--en") && file == NULL)
		r = cli_usage(c, "words wants --ja, --en or --recommendations");
	if (r == CLI_DONE)
		r = put_words(c, "--ja", "ja", both);
	if (r == CLI_DONE)
		r = put_words(c, "--en", "en", both);
	if (r == CLI_DONE && file != NULL && (r = read_file(c, file, &text)) == CLI_DONE && (list_of = json_loadb(text.p, text.n, 0, NULL)) == NULL)
		r = cli_could_not(c, "%s is no JSON", file);
	if (json_object_size(both) != 0)
		json_object_set(body, "words", both);
	if (list_of != NULL)
		json_object_set_new(body, "recommendations", list_of);
	json_decref(both);
	if (r != CLI_DONE) {
		json_decref(body);
		return r;
	}
	return act(c, id, "words", body);
}

/* The next revision of a published one. */
static int
correct(struct cli *c, const char *id)
{
	const char *ja = cli_opt(c, "--reason-ja", NULL), *en = cli_opt(c, "--reason-en", NULL);
	json_t *body;

	if (ja == NULL || en == NULL)
		return cli_usage(c, "correct wants --reason-ja and --reason-en: customers read them");
	body = json_pack("{s:{s:s, s:s}, s:s}", "reason", "ja", ja, "en", en, "figures", cli_has(c, "--keep-figures") ? "kept" : "anew");
	return body != NULL ? act(c, id, "correct", body) : cli_could_not(c, "the reason is not UTF-8");
}

/* ---- documents of the service ---- */

static int
fetch(struct cli *c, const char *id, bool as_csv)
{
	auto_free char *part = remote_path("/api/v1/reports/%s", id);
	auto_buf struct buf path = { 0 }, file = { 0 };
	const char *lang;
	int r = lang_of(c, &lang);

	if (r == CLI_DONE && cli_has(c, "--table") && !as_csv)
		r = cli_usage(c, "--table goes with csv");
	if (r != CLI_DONE)
		return r;
	buf_printf(&path, "%s/%s", part, as_csv ? "csv" : "pdf");
	remote_query(&path, "lang", lang);
	put_revision(c, &path);
	if (cli_has(c, "--table"))
		remote_query(&path, "table", cli_opt(c, "--table", ""));
	r = remote_file(c, buf_cstr(&path), &file);
	return r == CLI_DONE ? deliver(c, buf_slice(&file)) : r;
}

/* Yesterday, or last month, where the tenant is: "2026-11-26", "2026-10".  Heap; NULL when that was told. */
static char *
last(struct cli *c, const char *tenant, bool daily, int *ret)
{
	auto_free char *path = remote_path("/api/v1/tenants/%s", tenant);
	int64_t now = clock_now(clock_real()) / NS_PER_S, day, year;
	const struct zone *z;
	json_t *body = NULL;
	unsigned month, mday;

	*ret = remote_do(c, "GET", path, NULL, &body);
	if (*ret != CLI_DONE)
		return NULL;
	z = zone_open(slice_str(json_string_value(json_object_get(body, "zone")) ?: "UTC"));
	json_decref(body);
	day = (now + (z != NULL ? zone_offset_utc(z, now) : 0)) / 86400;
	civil_from_days(day, &year, &month, &mday);
	civil_from_days(daily ? day - 1 : days_from_civil(year, month, 1) - 1, &year, &month, &mday);
	return daily ? x_asprintf("%04d-%02u-%02u", (int)year, month, mday) : x_asprintf("%04d-%02u", (int)year, month);
}

static int
of_tenant(struct cli *c, bool daily)
{
	const char *tenant = cli_opt(c, "--tenant", NULL), *when = cli_opt(c, daily ? "--day" : "--month", NULL);
	auto_free char *span = NULL, *id = NULL;
	int r = CLI_DONE;

	if (tenant == NULL || cli_operands(c) != 1)
		return cli_usage(c, "%s wants --tenant", daily ? "daily" : "monthly");
	span = when != NULL ? x_asprintf("%.10s", when) : last(c, tenant, daily, &r);
	if (span == NULL)
		return r;
	id = x_asprintf("%s-%s", tenant, span);
	return fetch(c, id, cli_has(c, "--csv"));
}

int
cli_report(struct cli *c)
{
	const char *what = cli_operand(c, 0), *id = cli_operand(c, 1);

	if (what != NULL && strcmp(what, "list") == 0 && id == NULL)
		return list(c);
	if (what != NULL && (strcmp(what, "monthly") == 0 || strcmp(what, "daily") == 0))
		return of_tenant(c, strcmp(what, "daily") == 0);
	if (what == NULL || id == NULL || cli_operands(c) != 2)
		return cli_usage(c, "wanted list, or show, draft, words, publish, correct, abandon, cause, pdf, csv with an ID, or monthly, daily, or render with a FILE");
	if (strcmp(what, "show") == 0)
		return show(c, id);
	if (strcmp(what, "correct") == 0)
		return correct(c, id);
	if (strcmp(what, "draft") == 0 || strcmp(what, "publish") == 0 || strcmp(what, "abandon") == 0)
		return act(c, id, what, NULL);
	if (strcmp(what, "words") == 0)
		return words(c, id);
	if (strcmp(what, "cause") == 0) {
		json_t *body = NULL;
		int e = act_body(c, what, "!code=cause !text@", &body);

		return e == CLI_DONE ? act(c, id, what, body) : e;
	}
	if (strcmp(what, "pdf") == 0 || strcmp(what, "csv") == 0)
		return fetch(c, id, strcmp(what, "csv") == 0);
	if (strcmp(what, "render") == 0)
		return render(c, id);
	return cli_usage(c, "wanted list, or show, draft, words, publish, correct, abandon, cause, pdf, csv with an ID, or monthly, daily, or render with a FILE");
}
