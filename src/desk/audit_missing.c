/* SPDX-License-Identifier: Apache-2.0
 *
 * Auditor: timers that are not there.  A timer that is late is seen by its own row; one that was lost has none.  So every state that
 * something has to follow is asked for the timer that will do it, or for what that timer leaves behind.  State and timer are written in
 * one transaction: no slack is needed, and a clock that is set changes nothing.
 */
#include <stdio.h>

#include "desk/audit_priv.h"

#define TIMER(kind, ref) "EXISTS(SELECT 1 FROM timers t WHERE t.ref = " ref " AND t.kind = '" kind "')"
#define ALARM(kind, key) "EXISTS(SELECT 1 FROM alarms a WHERE a.kind = '" kind "' AND a.key = " key ")"

static const char what_has_none[] =
        "SELECT 'clock.broken', k.id FROM clocks k WHERE k.stopped_at IS NULL AND k.broken = 0 AND NOT " TIMER("clock.broken", "k.id")
        " UNION ALL SELECT 'chain.duty', h.incident FROM chains h WHERE h.state IN ('running','waiting') AND NOT " TIMER("chain.duty", "h.id")
        " UNION ALL SELECT 'chain.next', h.incident FROM chains h WHERE h.state IN ('running','waiting') AND NOT (" TIMER("chain.next", "h.id") " OR "
                TIMER("chain.watch", "h.id") " OR " TIMER("chain.analyst", "h.id") ")"
        " UNION ALL SELECT 'chain.lead', h.incident FROM chains h WHERE h.state IN ('running','waiting') AND NOT " ALARM("call_late", "h.incident || '/1'")
        "   AND NOT EXISTS(SELECT 1 FROM timers t WHERE t.ref = h.id AND t.kind = 'chain.lead' AND t.attempt = 1)"
        " UNION ALL SELECT 'chain.lead', h.incident FROM chains h WHERE h.state IN ('running','waiting') AND NOT " ALARM("call_late", "h.incident || '/2'")
        "   AND NOT EXISTS(SELECT 1 FROM timers t WHERE t.ref = h.id AND t.kind = 'chain.lead' AND t.attempt = 2)"
        " UNION ALL SELECT 'second.waits', d.incident FROM downgrades d WHERE d.state = 'open' AND NOT " TIMER("second.waits", "d.id") " AND NOT "
                ALARM("second_person", "d.id")
        " UNION ALL SELECT 'task.due', x.incident || '/' || x.n FROM tasks x WHERE x.done_at IS NULL AND x.due_at IS NOT NULL AND NOT " TIMER("task.due", "x.id")
        "   AND NOT " ALARM("task_late", "x.id")
        " UNION ALL SELECT 'inquiry.due', k.candidate FROM clocks k WHERE k.kind = 'inquiry' AND k.stopped_at IS NULL AND NOT " TIMER("inquiry.due", "k.candidate")
        "   AND NOT " ALARM("inquiry_due", "k.candidate")
        " UNION ALL SELECT 'exception.over', 'X-' || e.number FROM exceptions e WHERE e.state IN ('proposed','active') AND NOT " TIMER("exception.over", "e.id")
        " UNION ALL SELECT 'digest.due', d.contact FROM digests d WHERE NOT " TIMER("digest.due", "d.contact")
        " UNION ALL SELECT 'appointment.due', p.id FROM appointments p WHERE p.ended_at IS NULL AND NOT " TIMER("appointment.due", "p.id")
        " UNION ALL SELECT 'webhook.failing', e.id FROM endpoints e WHERE e.state = 'active' AND e.failing_at IS NOT NULL AND NOT " TIMER("webhook.failing", "e.id")
        " UNION ALL SELECT 'report.alarm', r.id FROM reports r WHERE r.state = 'draft' AND NOT " TIMER("report.alarm", "r.id") " AND NOT " ALARM("report_late", "r.id")
        " UNION ALL SELECT 'roster.prove', 'roster' WHERE EXISTS(SELECT 1 FROM rosters) AND NOT " TIMER("roster.prove", "'roster'")
        " UNION ALL SELECT 'handover.offer', 'H-' || h.number FROM handovers h WHERE h.state IN ('draft','offered') AND NOT (" TIMER("handover.offer", "h.id")
        "   OR (h.state = 'offered' AND " TIMER("handover.late", "h.id") "))"
        " LIMIT ?";

static size_t
put(const char *kind, const char *ref, int64_t now, struct desk_overdue *ret, size_t n)
{
	char id[sizeof ret->id];

	snprintf(id, sizeof id, "%.20s %.40s", kind, ref);
	audit_put(&ret[n], "missing", id, "", now);
	return n + 1;
}

size_t
audit_missing(struct db *db, int64_t now, struct desk_overdue *ret, size_t n, size_t max)
{
	struct rows r = db_query(db, what_has_none, Q((int64_t)(max - n)));

	while (n < max && rows_next(&r))
		n = put(row_str(&r, 0), row_str(&r, 1), now, ret, n);
	rows_close(&r);
	return n;
}

/* The first change that is not drafted yet; false when there will be none. */
static bool
next_change(struct db *db, const struct roster *roster, const char *id, int64_t now)
{
	struct duty on = { .to = now };

	do {
		if (!roster_duty_of(roster, id, on.to, &on) || on.to == INT64_MAX)
			return false;
	} while (db_int(db, 0, "SELECT 1 FROM handovers WHERE roster = ? AND at = ? AND state <> 'void'", Q(id), Q(on.to)) != 0);
	return true;
}

/* Each roster whose crew will change has a timer that drafts the next hand-over. */
size_t
audit_missing_changes(struct db *db, const struct roster *roster, int64_t now, struct desk_overdue *ret, size_t n, size_t max)
{
	for (size_t i = 0; roster != NULL && i < roster_count(roster) && n < max; i++) {
		const char *id = roster_id(roster, i);

		if (next_change(db, roster, id, now) && db_int(db, 0, "SELECT 1 FROM timers WHERE kind = 'handover.draft' AND ref LIKE ? || '@%'", Q(id)) == 0)
			n = put("handover.draft", id, now, ret, n);
	}
	return n;
}
