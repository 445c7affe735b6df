/* SPDX-License-Identifier: Apache-2.0
 *
 * simulate calls: what the telephone promise is worth, tried on simulated time with the service's own desk.
 *
 *     nezuban simulate calls --count 10000 --seed 1            figures as JSON; 1 when a promise did not hold
 *     nezuban simulate calls --at 2027-01-01T03:00:00+09:00    who would be called then, when nobody answers
 *     nezuban simulate month --month 2026-05                   what is owed in that month, and what happens when nobody does it
 *
 * The tenants come from a document (--tenants), else from the running service.  Of the service's answer the
 * telephone numbers are masked; their count is all that matters here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "desk/desk.h"
#include "main/cli/remote.h"
#include "main/cli/simulate.h"
#include "sys/fd.h"

#define RING_GOAL_S 15.0

static json_t *
from_file(struct cli *c, const char *file)
{
	auto_buf struct buf text = { 0 }, told = { 0 };
	struct whys ws = { 0 };
	int r = strcmp(file, "-") == 0 ? fd_read_all(0, &text, 4u << 20) : file_read(file, &text, 4u << 20);
	json_t *o = NULL;

	if (r != 0) {
		cli_could_not(c, "%s: %s", file, err_text(r));
		return NULL;
	}
	o = desk_import_read(buf_slice(&text), file, &ws);
	for (size_t i = 0; i < ws.list.n; i++) {
		buf_clear(&told);
		why_print(&ws.list.v[i], &told);
		fprintf(stderr, "%s\n", buf_cstr(&told));
	}
	whys_fini(&ws);
	return o;
}

/* tenant.show → a tenant of tenant.import. */
static json_t *
contact_back(const json_t *shown, int *number)
{
	json_t *o = json_deep_copy(shown), *numbers = json_array();
	const char *id = json_string_value(json_object_get(shown, "id")), *slash = id != NULL ? strchr(id, '/') : NULL;
	const char *backup = json_string_value(json_object_get(shown, "backup")), *cut = backup != NULL ? strchr(backup, '/') : NULL;

	json_object_set_new(o, "id", json_string(slash != NULL ? slash + 1 : id));
	json_object_set_new(o, "backup", cut != NULL ? json_string(cut + 1) : json_null());
	for (size_t i = 0; i < json_array_size(json_object_get(shown, "numbers")); i++) {
		auto_free char *n = x_asprintf("+81%08d", ++*number);

		json_array_append_new(numbers, json_string(n));
	}
	json_object_set_new(o, "numbers", numbers);
	json_object_del(o, "mail_for");
	return o;
}

/* Dates as days since 1970. */
static json_t *
days_back(const json_t *dates)
{
	json_t *days = json_array();
	const json_t *v;
	int64_t at;
	size_t i;

	json_array_foreach(dates, i, v) {
		auto_free char *stamp = x_asprintf("%sT00:00:00Z", json_string_value(v));

		if (time_parse_rfc3339(slice_str(stamp), &at) == 0)
			json_array_append_new(days, json_integer(at / NS_PER_DAY));
	}
	return days;
}

static json_t *
from_service(struct cli *c)
{
	json_t *list = NULL, *tenants = json_array(), *v, *p;
	int number = 0, r = remote_do(c, "GET", "/api/v1/tenants", NULL, &list);
	size_t i, k;

	json_array_foreach(json_object_get(list, "items"), i, v) {
		auto_free char *path = remote_path("/api/v1/tenants/%s", json_string_value(json_object_get(v, "id")));
		json_t *shown = NULL, *contacts = json_array();

		if (r == CLI_DONE)
			r = remote_do(c, "GET", path, NULL, &shown);
		json_array_foreach(json_object_get(shown, "contacts"), k, p)
			json_array_append_new(contacts, contact_back(p, &number));
		json_object_set_new(shown, "contacts", contacts);
		json_object_set_new(shown, "days_off", days_back(json_object_get(shown, "days_off")));
		json_object_set_new(shown, "doc", json_object()); /* networks and the like play no part here */
		json_array_append_new(tenants, shown);
	}
	json_decref(list);
	if (r == CLI_DONE)
		return json_pack("{s:o}", "tenants", tenants);
	json_decref(tenants);
	return NULL;
}

static bool
has_tenant(const json_t *doc, const char *id)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(doc, "tenants"), i, v)
		if (id == NULL || strcmp(json_string_value(json_object_get(v, "id")), id) == 0)
			return true;
	return false;
}


static int
figures(struct cli *c, const struct sim_conf *conf)
{
	struct sim_figures f;
	int r = sim_run(conf, &f);
	json_t *o, *faults;

	if (r != 0)
		return cli_could_not(c, "the simulated desk: %s", err_text(r));
	faults = json_object();
	o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "decisions", (json_int_t)f.decisions, "reached",
	              (json_int_t)f.reached, "lead", (json_int_t)f.lead, "late", (json_int_t)f.late, "forgotten", (json_int_t)f.forgotten, "duplicates",
	              (json_int_t)f.duplicates, "ring_p99_s", f.ring_p99_s, "ring_p50_s", f.ring_p50_s, "ring_max_s", f.ring_max_s,
	              "nobody_to_call", (json_int_t)f.nobody_to_call, "calls", (json_int_t)f.calls, "mails", (json_int_t)f.mails, "restarts", (json_int_t)f.restarts, "overdue", (json_int_t)f.overdue,
	              "stuck", (json_int_t)f.stuck, "handovers", (json_int_t)f.handovers, "timers", (json_int_t)f.timers, "timers_late", (json_int_t)f.timers_late, "timers_twice", (json_int_t)f.timers_twice, "journal_whole",
	              f.journal_whole);
	for (size_t i = 0; i < SIM_FAULTS; i++)
		json_object_set_new(faults, sim_fault_name(i), json_integer(f.faults[i]));
	json_object_set_new(o, "faults", faults);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	printf("\n");
	json_decref(o);
	return f.decisions == conf->count && f.late == 0 && f.forgotten == 0 && f.duplicates * 100 <= f.decisions && f.ring_p99_s <= RING_GOAL_S &&
	                       f.stuck == 0 && f.timers_twice == 0 && f.journal_whole
	               ? CLI_DONE
	               : CLI_PROBLEMS;
}

static void
print_tree(const json_t *o, bool explain)
{
	const json_t *v;
	size_t i;

	printf("%s  %s%s\n", json_string_value(json_object_get(o, "tenant")), json_string_value(json_object_get(o, "at")),
	       json_is_true(json_object_get(o, "day_off")) ? "  (day off)" : "");
	json_array_foreach(json_object_get(o, "steps"), i, v)
		printf("  %lld. %-24s %s %s  %-13s %s\n", (long long)json_integer_value(json_object_get(v, "order")), json_string_value(json_object_get(v, "name")),
		       json_string_value(json_object_get(v, "local_time")), json_string_value(json_object_get(v, "zone")),
		       json_string_value(json_object_get(v, "reason")), json_string_value(json_object_get(json_object_get(v, "note"), "en")));
	if (json_array_size(json_object_get(o, "steps")) == 0)
		printf("  nobody has a number: the duty manager is alarmed at once\n");
	json_array_foreach(json_object_get(o, "attempts"), i, v)
		if (explain)
			printf("  %4lld s  %-24s %s  %s\n", (long long)json_integer_value(json_object_get(v, "after_s")), json_string_value(json_object_get(v, "name")),
			       json_string_value(json_object_get(v, "number")), json_string_value(json_object_get(v, "provider")));
}

static int
timeline(struct cli *c, const struct sim_conf *conf)
{
	json_t *all = json_array();
	const json_t *t;
	size_t i;

	json_array_foreach(json_object_get(conf->tenants, "tenants"), i, t) {
		const char *id = json_string_value(json_object_get(t, "id"));
		json_t *o;
		int r = 0;

		if (conf->tenant != NULL && strcmp(conf->tenant, id) != 0)
			continue;
		o = sim_timeline(conf, id, &r);
		if (o == NULL) {
			json_decref(all);
			return cli_could_not(c, "%s: %s", id, err_text(r));
		}
		if (!cli_has(c, "--json"))
			print_tree(o, cli_has(c, "--explain"));
		json_array_append_new(all, o);
	}
	if (cli_has(c, "--json"))
		remote_print_json(all);
	json_decref(all);
	return CLI_DONE;
}

static void
print_month(const json_t *o)
{
	const json_t *v;
	size_t i;

	printf("%s  %s  %s\n", json_string_value(json_object_get(o, "tenant")), json_string_value(json_object_get(o, "month")), json_string_value(json_object_get(o, "zone")));
	json_array_foreach(json_object_get(o, "steps"), i, v) {
		const char *what = json_string_value(json_object_get(v, "what")), *text = json_string_value(json_object_get(json_object_get(v, "text"), "en"));

		printf("  %s  %-7s", json_string_value(json_object_get(v, "local")), what);
		if (text != NULL)
			printf("%s\n", text);
		else if (strcmp(what, "daily") == 0)
			printf("%s, %lld mails\n", json_string_value(json_object_get(v, "about")), (long long)json_integer_value(json_object_get(v, "mails")));
		else
			printf("%s\n", json_string_value(json_object_get(v, "about")));
	}
}

static int
month(struct cli *c, const struct sim_conf *conf, const char *text)
{
	uint64_t y, m;
	json_t *all;
	const json_t *o;
	size_t i;
	int r;

	if (strlen(text) != 7 || text[4] != '-' || !slice_u64(slice_of(text, 4), &y) || !slice_u64(slice_of(text + 5, 2), &m) || y < 1980 || y > 2099 || m < 1 || m > 12)
		return cli_usage(c, "month wants --month YYYY-MM, 1980-01 to 2099-12");
	all = sim_month(conf, (int64_t)y, (unsigned)m, &r);
	if (all == NULL)
		return cli_could_not(c, "the simulated desk: %s", err_text(r));
	if (cli_has(c, "--json"))
		remote_print_json(all);
	else
		json_array_foreach(all, i, o)
			print_month(o);
	json_decref(all);
	return CLI_DONE;
}

int
cli_simulate(struct cli *c)
{
	struct sim_conf conf = { .tenant = cli_opt(c, "--tenant", NULL), .count = 1000, .seed = 1 };
	const char *file = cli_opt(c, "--tenants", NULL), *at = cli_opt(c, "--at", NULL);
	uint64_t count = 1000;
	int r;

	if (cli_operands(c) != 1 || (strcmp(cli_operand(c, 0), "calls") != 0 && strcmp(cli_operand(c, 0), "month") != 0))
		return cli_usage(c, "wants: calls or month");
	if (!slice_u64(slice_str(cli_opt(c, "--count", "1000")), &count) || count < 1 || count > 1000000)
		return cli_usage(c, "--count wants 1 to 1000000");
	if (!slice_u64(slice_str(cli_opt(c, "--seed", "1")), &conf.seed))
		return cli_usage(c, "--seed wants a whole number");
	if (at != NULL && time_parse_rfc3339(slice_str(at), &conf.at) != 0)
		return cli_usage(c, "--at wants a time such as 2027-01-01T03:00:00+09:00");
	conf.count = (int64_t)count;
	conf.tenants = file != NULL ? from_file(c, file) : from_service(c);
	if (conf.tenants == NULL)
		return CLI_COULD_NOT;
	if (!has_tenant(conf.tenants, conf.tenant))
		r = cli_could_not(c, "there is no tenant %s", conf.tenant != NULL ? conf.tenant : "at all");
	else if (strcmp(cli_operand(c, 0), "month") == 0)
		r = month(c, &conf, cli_opt(c, "--month", ""));
	else
		r = at != NULL && !cli_has(c, "--count") ? timeline(c, &conf) : figures(c, &conf);
	json_decref(conf.tenants);
	return r;
}
