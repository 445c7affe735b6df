/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of the simulated world: a database for each hundred decisions, the figures out of its tables; and one
 * decision at a given time, told dial by dial.
 */
#define _GNU_SOURCE
#include "main/cli/simulate_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROMISE (600 * NS_PER_S)
#define CHUNK 100
#define PAUSE_MOST 18000 /* ms between two decisions, at least 2000 */
#define SETTLE (15 * NS_PER_S)

struct spans {
	int64_t *v; /* ns */
	size_t n, cap;
};

static bool
is_call_tenant(const struct sim_conf *conf, const char *id)
{
	return conf->tenant == NULL || strcmp(conf->tenant, id) == 0;
}

static void
add_decision(struct world *w, int64_t n)
{
	const json_t *tenants = json_object_get(w->conf->tenants, "tenants"), *t;
	struct decision d = { .unreachable = world_strikes(w, "nobody_there") };
	VEC(const char *) ids = { 0 };
	size_t i;

	json_array_foreach(tenants, i, t)
		if (is_call_tenant(w->conf, json_string_value(json_object_get(t, "id"))))
			vec_push(&ids, json_string_value(json_object_get(t, "id")));
	must(ids.n != 0);
	snprintf(d.tenant, sizeof d.tenant, "%s", ids.v[(size_t)n % ids.n]);
	vec_fini(&ids);
	vec_push(&w->decisions, d);
}

static void
add_analyst(struct world *w, int i)
{
	struct desk_answer a = world_apply(w, "user.add", &desk_service,
	                             json_pack("{s:s, s:s, s:{s:s, s:s}}", "login", i == 0 ? "simulation-1" : "simulation-2", "role", "lead", "name", "ja", "模擬",
	                                       "en", "Simulation"));
	auto_free char *id = db_text(w->db, "SELECT id FROM users WHERE login = ?", Q(i == 0 ? "simulation-1" : "simulation-2"));

	snprintf(w->analyst[i], sizeof w->analyst[i], "%s", id != NULL ? id : "");
	json_decref(a.body);
}

static void
begin(struct world *w, const struct sim_conf *conf, const char *path, uint64_t seed)
{
	struct desk_answer a;

	*w = (struct world){ .conf = conf, .dice = seed, .mono = 1000 * NS_PER_S,
		             .settings = { .providers = { "first", "second" }, .alarm_mail = "duty@soc.example", .alarm_mail_next = "administrator@soc.example", .url = "https://soc.example" } };
	snprintf(w->path, sizeof w->path, "%s", path);
	w->wall = conf->at != 0 ? conf->at : days_from_civil(2026, 1, 1) * NS_PER_DAY + (int64_t)(world_dice(w) % (3 * 365 * 86400)) * NS_PER_S;
	world_open_desk(w);
	if (w->error != 0)
		return;
	a = world_apply(w, "tenant.import", &desk_service, json_pack("{s:O}", "tenants", json_object_get(conf->tenants, "tenants")));
	json_decref(a.body);
	add_analyst(w, 0);
	add_analyst(w, 1);
}

static void
end(struct world *w)
{
	desk_close(w->desk);
	db_close(w->db);
	if (w->killed)
		unlink(w->path);
	vec_fini(&w->events);
	vec_fini(&w->jobs);
	vec_fini(&w->decisions);
}

/* What came of each decision, out of the tables.  An alarm counts from when a mail server has taken it for somebody, not from when it was raised. */
static void
count_up(struct world *w, struct spans *rang)
{
	struct rows r = db_query(w->db, "SELECT decided_at, rang_at, ack_at, (SELECT min(o.ended_at) FROM alarms a JOIN outbox o ON o.alarm = a.id AND o.outcome ="
	                                " 'sent' WHERE a.incident = i.id AND a.kind IN ('call_late','duty_manager')), (SELECT max(state = 'alarmed' AND ended_at < due_at) FROM chains h WHERE"
	                                " h.incident = i.id) FROM incidents i");
	struct desk_punctual p;
	struct desk_verified v;

	while (rows_next(&r)) {
		int64_t end = row_int(&r, 0) + PROMISE, ack = row_int(&r, 2), alarm = row_int(&r, 3);

		w->f->decisions++;
		w->f->reached += ack != 0 && ack <= end;
		w->f->lead += !(ack != 0 && ack <= end) && alarm != 0 && alarm <= end;
		w->f->late += !(ack != 0 && ack <= end) && !(alarm != 0 && alarm <= end) && (ack != 0 || alarm != 0);
		w->f->forgotten += ack == 0 && alarm == 0;
		if (row_int(&r, 1) != 0)
			vec_push(rang, row_int(&r, 1) - row_int(&r, 0));
		else if (row_int(&r, 4) != 0)
			w->f->nobody_to_call++; /* no number was left, and the alarm did not wait for the deadline */
		else if (ack == 0)
			vec_push(rang, PROMISE);
	}
	w->f->handovers += db_int(w->db, 0, "SELECT count(*) FROM handovers WHERE state = 'accepted'");
	desk_punctual(w->db, 0, &p);
	w->f->timers += p.fired;
	w->f->timers_late += p.late;
	w->f->timers_twice += p.twice;
	w->f->journal_whole &= desk_verify(w->db, &v) == 0;
}

/* Every chain has ended, and no alarm is on its way, looked at now and then. */
static bool
is_settled(const struct world *w)
{
	return w->desk != NULL && w->mono % SETTLE == 0 && db_int(w->db, 1, "SELECT count(*) FROM chains WHERE state IN ('running','waiting')") == 0 &&
	       db_int(w->db, 1, "SELECT count(*) FROM alarms a JOIN outbox o ON o.alarm = a.id AND o.state = 'open' WHERE a.kind IN ('call_late','duty_manager') AND"
	                        " NOT EXISTS(SELECT 1 FROM outbox x WHERE x.alarm = a.id AND x.outcome = 'sent')") == 0;
}

static int
run_chunk(const struct sim_conf *conf, const char *path, int64_t from, int64_t n, struct sim_figures *f, struct spans *rang)
{
	struct world w;
	int64_t next;
	int error;

	begin(&w, conf, path, conf->seed * 1000003 + (uint64_t)from);
	w.f = f;
	next = w.mono + 1;
	for (int64_t i = 0; i < n && w.error == 0; i++) {
		add_decision(&w, from + i);
		while (w.mono < next && w.error == 0)
			world_tick(&w);
		while (!w.decisions.v[i].decided && w.error == 0) {
			if (w.desk != NULL)
				world_decide(&w, (size_t)i);
			world_tick(&w);
		}
		next = w.mono + world_between_ms(&w, 2000, PAUSE_MOST);
	}
	while (w.error == 0 && !is_settled(&w))
		world_tick(&w);
	if (w.error == 0)
		count_up(&w, rang);
	error = w.error;
	end(&w);
	return error;
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* A folder in memory where there is one: the service's fsyncs are kept, a disk's time for them is not. */
static bool
make_folder(char *ret, size_t n)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(ret, n, "%s/nezuban-simulate-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : tmp != NULL ? tmp : "/tmp");
	return mkdtemp(ret) != NULL;
}

int
sim_run(const struct sim_conf *conf, struct sim_figures *ret)
{
	char folder[200], path[220];
	struct sim_figures f = { .journal_whole = true };
	struct spans rang = { 0 };
	int r = 0;

	if (!make_folder(folder, sizeof folder))
		return E_IO;
	snprintf(path, sizeof path, "%s/desk.db", folder);
	for (int64_t from = 0; from < conf->count && r == 0; from += CHUNK)
		r = run_chunk(conf, path, from, conf->count - from < CHUNK ? conf->count - from : CHUNK, &f, &rang);
	rmdir(folder);
	if (r == 0 && rang.n != 0) {
		qsort(rang.v, rang.n, sizeof *rang.v, by_size);
		f.ring_p50_s = (double)rang.v[(rang.n - 1) / 2] / NS_PER_S;
		f.ring_p99_s = (double)rang.v[(rang.n * 99 + 99) / 100 - 1] / NS_PER_S;
		f.ring_max_s = (double)rang.v[rang.n - 1] / NS_PER_S;
	}
	vec_fini(&rang);
	*ret = f;
	return r;
}

/* ---- one decision, told ---- */

static json_t *
attempts_of(struct world *w)
{
	struct rows r = db_query(w->db, "SELECT queued_at - (SELECT decided_at FROM incidents), contact, name, shown, provider FROM outbox WHERE kind = 'call'"
	                                " ORDER BY id");
	json_t *a = json_array();

	while (rows_next(&r))
		json_array_append_new(a, json_pack("{s:I, s:s, s:s, s:s, s:s}", "after_s", (json_int_t)(row_int(&r, 0) / NS_PER_S), "contact", row_str(&r, 1), "name",
		                                   row_str(&r, 2), "number", row_str(&r, 3), "provider", row_str(&r, 4)));
	return a;
}

json_t *
sim_timeline(const struct sim_conf *conf, const char *tenant, int *ret_error)
{
	struct sim_conf one = *conf;
	struct sim_figures f = { 0 };
	struct desk_answer a = { 0 };
	struct world w;
	json_t *args;
	char at[36];

	one.tenant = tenant;
	begin(&w, &one, "", 1);
	w.f = &f;
	w.quiet = true;
	time_format_rfc3339(at, conf->at, 0);
	args = json_pack("{s:s, s:s}", "id", tenant, "at", at);
	if (w.error == 0)
		a = desk_ask(w.desk, "calltree.show", &desk_service, args, world_time(&w));
	json_decref(args);
	if (w.error == 0 && a.status == 200) {
		add_decision(&w, 0);
		world_decide(&w, 0);
		while (w.mono < 1000 * NS_PER_S + PROMISE && w.error == 0)
			world_tick(&w);
		json_object_set_new(a.body, "attempts", attempts_of(&w));
	} else {
		json_decref(a.body);
		a.body = NULL;
	}
	*ret_error = w.error != 0 ? w.error : a.body == NULL ? E_NOTFOUND : 0;
	end(&w);
	return a.body;
}
