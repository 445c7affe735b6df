/* SPDX-License-Identifier: Apache-2.0
 *
 * What the desk does when the server's clock is set.  Every stored time is wall time (UTC), because people,
 * journals and customers read it; but a promise of ten minutes is a span.  Therefore the desk watches the wall
 * clock against the clock that counts since boot, at every reading:
 *
 *     step = (wall - wall before) - (since boot - since boot before)
 *
 * From half a second on a step moves, in one journalled command, everything that is a span under way by the
 * same amount: timers of chains and clocks, waiting outbox rows, running clocks.  So nothing fires early,
 * late or twice, whichever way the clock went.  Timers that mean an hour of the day (a task's due time, a
 * digest) stay where they are.  Slewing is slower than that and moves nothing.
 *
 * The last pair of readings is kept in the database, in the transaction of the step itself: a step while the
 * desk was down is found at its start.  After a reboot only a wall clock that went back can be noticed.
 * A machine that was suspended or paused without its boot clock running looks like a step; the alarm says so.
 */
#include <stdio.h>

#include "desk/journal_priv.h"
#include "desk/site_priv.h"
#include "desk/watch_priv.h"

#define STEP_LEAST (500 * NS_PER_MS)
#define KEEP_EVERY (60 * NS_PER_S)
#define READ_WITHIN (50 * NS_PER_MS) /* both clocks are read in that time, or again */

static struct clock_pair
read_pair(const struct clock *clock)
{
	struct clock_pair p;

	for (int i = 0; i < 8; i++) {
		int64_t before = clock_mono(clock);

		p.wall = clock_now(clock);
		p.mono = clock_mono(clock);
		if (p.mono - before < READ_WITHIN)
			break;
	}
	return p;
}

static const char *
boot_of(const struct desk *d)
{
	return d->s.boot != NULL ? d->s.boot : "";
}

static void
keep_pair(struct cmd *c, void *ctx)
{
	const struct clock_pair *p = ctx;

	db_run(c->db, "INSERT INTO clock_pair(one, boot, mono, wall) VALUES(1, ?, ?, ?) ON CONFLICT(one) DO UPDATE SET boot = excluded.boot,"
	              " mono = excluded.mono, wall = excluded.wall",
	       Q(boot_of(c->d)), Q(p->mono), Q(p->wall));
}

/* The pair the desk had when it was last alive. */
static int64_t
step_while_down(struct desk *d, const struct clock_pair *now)
{
	struct rows r = db_query(d->db, "SELECT boot, mono, wall FROM clock_pair WHERE one = 1");
	int64_t step = 0;

	if (!rows_next(&r))
		return 0;
	if (strcmp(row_str(&r, 0), boot_of(d)) == 0)
		step = (now->wall - row_int(&r, 2)) - (now->mono - row_int(&r, 1));
	else if (now->wall < row_int(&r, 2))
		step = now->wall - row_int(&r, 2);
	rows_close(&r);
	return step;
}

static int
take_step(struct desk *d, int64_t step, struct clock_pair *now)
{
	json_t *args = json_pack("{s:I, s:b}", "by_ns", (json_int_t)step, "sites", true);
	int r = desk_apply_more(d, "time.step", args, now->wall, keep_pair, now);

	json_decref(args);
	return r;
}

int64_t
desk_now(struct desk *d, const struct clock *clock, int *ret_error)
{
	struct clock_pair now = read_pair(clock);
	int64_t step = d->kept_at == 0 ? step_while_down(d, &now) : (now.wall - d->pair.wall) - (now.mono - d->pair.mono);
	bool stepped = step >= STEP_LEAST || step <= -STEP_LEAST, keep = d->kept_at == 0 || now.mono - d->kept_at >= KEEP_EVERY;

	*ret_error = 0;
	if (stepped)
		*ret_error = take_step(d, step, &now);
	else if (keep)
		*ret_error = desk_apply_more(d, NULL, NULL, now.wall, keep_pair, &now);
	if (*ret_error != 0)
		return now.wall; /* nothing was moved: the next reading finds the same step */
	if (stepped || keep)
		d->kept_at = now.mono;
	d->pair = now;
	return now.wall;
}

static void
tell_chains(struct cmd *c, const char *ja, const char *en)
{
	struct rows r = db_query(c->db, "SELECT i.candidate FROM chains h JOIN incidents i ON i.id = h.incident WHERE h.state IN ('running','waiting')");
	VEC(char *) ids = { 0 };

	while (rows_next(&r))
		vec_push(&ids, x_strdup(row_str(&r, 0)));
	for (size_t i = 0; i < ids.n; i++) {
		entry_say(c, ids.v[i], "alarm", false, ja, en);
		free(ids.v[i]);
	}
	vec_fini(&ids);
}

void
cmd_time_step(struct cmd *c)
{
	int64_t by = arg_int(c, "by_ns", 0);
	auto_free char *ja = x_asprintf("サーバーの時計が %+.1f 秒動きました。期限も同じだけ動かしました。", (double)by / NS_PER_S);
	auto_free char *en = x_asprintf("The server's clock was set by %+.1f s; what was promised moved with it.", (double)by / NS_PER_S);

	timers_move(c, by);
	if (by >= WATCH_MINUTE / 2) /* minutes that never were; and one more, until collectors know the new time */
		watch_mark(c->db, "", "", "step", (c->now - by) / WATCH_MINUTE, c->now / WATCH_MINUTE + 1);
	db_run(c->db,
	       "UPDATE outbox SET not_before = not_before + ?, queued_at = queued_at + ?, dialled_at = dialled_at + ?, ringing_at = ringing_at + ?,"
	       " answered_at = answered_at + ? WHERE state = 'open'",
	       Q(by), Q(by), Q(by), Q(by), Q(by));
	db_run(c->db, "UPDATE clocks SET started_at = started_at + ?, due_at = due_at + ? WHERE stopped_at IS NULL AND kind <> 'report'", Q(by), Q(by));
	db_run(c->db, "UPDATE chains SET started_at = started_at + ?, due_at = due_at + ?, step_at = step_at + ? WHERE state IN ('running','waiting')",
	       Q(by), Q(by), Q(by));
	if (json_is_true(json_object_get(c->args, "sites"))) /* a journal of before does not say it */
		site_clock_set(c, by);
	tell_chains(c, ja, en);
	alarm_raise(c, "clock_step", "server", "alarm", NULL, NULL, ja, en);
}
