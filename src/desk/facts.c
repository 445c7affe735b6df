/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/facts_priv.h"

#include <stdlib.h>

void
fact_add(struct cmd *c, const char *list, json_t *value)
{
	json_t *a;

	if (c->facts == NULL)
		c->facts = json_object();
	a = json_object_get(c->facts, list);
	if (a == NULL)
		json_object_set_new(c->facts, list, a = json_array());
	json_array_append_new(a, value);
}

void
fact_time(struct cmd *c, const char *incident, const char *name, int64_t at)
{
	fact_add(c, "incidents", json_pack("{s:s, s:I}", "id", incident, name, (json_int_t)at));
}

void
case_opened(struct cmd *c, const char *candidate)
{
	db_run(c->db, "UPDATE candidates SET first_claim_at = ? WHERE id = ? AND first_claim_at IS NULL", Q(c->now), Q(candidate));
	if (db_error(c->db) == 0 && db_changed(c->db) == 1)
		fact_add(c, "opened", json_string(candidate));
}

void
incident_rang(struct cmd *c, const char *incident, int64_t at)
{
	db_run(c->db, "UPDATE incidents SET rang_at = ? WHERE id = ? AND rang_at IS NULL", Q(at), Q(incident));
	if (db_error(c->db) == 0 && db_changed(c->db) == 1)
		fact_time(c, incident, "rang", at);
}

void
fact_decision(struct cmd *c, const char *incident)
{
	struct rows r = db_query(c->db,
	                         "SELECT candidate, severity, happened_at, lcp_at, soc_at, detected_at, opened_at, decided_at FROM incidents WHERE id = ?", Q(incident)), d;
	static const char *const names[] = { "happened", "lcp", "soc", "detected", "opened", "decided" };
	json_t *o, *keys = json_array();

	if (!rows_next(&r)) {
		json_decref(keys);
		return;
	}
	d = db_query(c->db, "SELECT key FROM detections WHERE candidate = ? ORDER BY first_at, at, id", Q(row_str(&r, 0)));
	while (rows_next(&d))
		json_array_append_new(keys, json_string(row_str(&d, 0)));
	o = json_pack("{s:s, s:s, s:s, s:o, s:O*}", "id", incident, "candidate", row_str(&r, 0), "severity", row_str(&r, 1), "keys", keys, "first", json_array_get(keys, 0));
	for (int i = 0; i < 6; i++)
		json_object_set_new(o, names[i], row_kind(&r, i + 2) != DB_NULL ? json_integer(row_int(&r, i + 2)) : json_null());
	rows_close(&r);
	fact_add(c, "incidents", o);
}

char *
facts_text(struct cmd *c, const char *command)
{
	json_t *o = c->facts != NULL ? json_incref(c->facts) : json_object();
	auto_free char *counter = NULL;
	char *text;

	json_object_set_new(o, "seq", json_integer(c->seq));
	json_object_set_new(o, "at", json_integer(c->now));
	json_object_set_new(o, "cmd", json_string(command));
	json_object_set_new(o, "tenant", json_null());
	if (c->tenant[0] != '\0') {
		counter = x_asprintf("journal:%s", c->tenant);
		json_object_set_new(o, "tenant", json_string(c->tenant));
		json_object_set_new(o, "nth", json_integer(cmd_count(c, counter)));
	}
	text = json_text(o);
	json_decref(o);
	return text;
}
