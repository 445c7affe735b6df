/* SPDX-License-Identifier: Apache-2.0
 *
 * Auditor: looks at the rows themselves and says what should have happened more than 15 s ago.  It shares no
 * code with the path that fires timers, and its queries run on indexes: a timer that did not fire, a call
 * that nobody took up, a clock past its time that nobody marked, an incident that should be ringing and has
 * neither a chain, nor a person's word, nor an alarm, a tenant whose reports nothing is waiting to make.
 */
#include <stdio.h>

#include "base/clock.h"
#include "desk/desk.h"

#define SLACK (15 * NS_PER_S)
#define PUNCTUAL (5 * NS_PER_S)

size_t
desk_audit(struct db *db, int64_t now, struct desk_overdue *ret, size_t max)
{
	int64_t limit = now - SLACK;
	struct rows r = db_query(db,
	                         "SELECT 'timer', CAST(id AS TEXT), due_at FROM timers WHERE due_at < ?"
	                         " UNION ALL SELECT 'job', CAST(id AS TEXT), not_before FROM outbox WHERE state = 'open' AND kind = 'call' AND cancel = 0"
	                         "   AND not_before < ? AND dialled_at IS NULL AND events = '[]'"
	                         " UNION ALL SELECT 'clock', id, due_at FROM clocks WHERE stopped_at IS NULL AND broken = 0 AND due_at < ?"
	                         " UNION ALL SELECT 'incident', id, decided_at FROM incidents i WHERE ack_at IS NULL AND state = 'open' AND decided_at < ?"
	                         "   AND severity IN ('emergency','critical') AND NOT EXISTS(SELECT 1 FROM chains h WHERE h.incident = i.id)"
	                         " UNION ALL SELECT 'report', t.id, ? FROM tenants t WHERE (SELECT count(*) FROM timers x WHERE x.ref = t.id AND"
	                         "   x.kind IN ('report.daily','report.draft')) <> 2"
	                         " ORDER BY 3 LIMIT ?",
	                         Q(limit), Q(limit), Q(limit), Q(limit), Q(limit), Q((int64_t)max));
	size_t n = 0;

	while (rows_next(&r) && n < max) {
		snprintf(ret[n].kind, sizeof ret[n].kind, "%s", row_str(&r, 0));
		snprintf(ret[n].id, sizeof ret[n].id, "%s", row_str(&r, 1));
		ret[n++].due_at = row_int(&r, 2);
	}
	rows_close(&r);
	return n;
}

void
desk_punctual(struct db *db, int64_t from, struct desk_punctual *ret)
{
	struct rows r = db_query(db, "SELECT at, record FROM journal WHERE noun = 'timer' AND at >= ?", Q(from));
	struct desk_punctual p = { 0 };

	while (rows_next(&r)) {
		json_t *o = json_loadb(row_text(&r, 1).p, row_text(&r, 1).n, 0, NULL), *due = json_object_get(json_object_get(o, "args"), "due_at");
		int64_t late = json_is_integer(due) ? row_int(&r, 0) - json_integer_value(due) : 0;

		p.fired++;
		p.late += late > PUNCTUAL;
		p.worst_ns = late > p.worst_ns ? late : p.worst_ns;
		json_decref(o);
	}
	p.twice = db_int(db, 0, "SELECT count(*) FROM (SELECT noun_id FROM journal WHERE noun = 'timer' AND at >= ? GROUP BY noun_id HAVING count(*) > 1)",
	                 Q(from));
	*ret = p;
}
