/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of the lines that were decided on.  A detection names its events (at most 32) by their place in the archive and
 * carries one of them; the store forgets lines, the archive too, an incident stays.  So the lines of an incident's
 * evidence are asked of the store and journalled:
 *
 *     evidence without `copies` ─▶ desk_copies_wanted ─▶ the store's evidence.lines ─▶ incident.lines ─▶ copies, copied_lines
 *
 * What has to be asked is what the tables lack, so a restart forgets nothing, and what joins an incident later is copied
 * too.  An incident without chosen evidence has that of its candidate's detections copied.
 */
#include <stdlib.h>

#include "desk/work_priv.h"

#define LINE_MOST 16384 /* bytes of one line; a longer one is cut, and says so */

void
desk_copies_wanted(struct desk *d, int64_t since, desk_copy_fn *fn, void *ctx)
{
	struct rows r = db_query(d->db,
	                         "SELECT d.id, d.tenant, i.id, json_extract(d.doc, '$.events') FROM incidents i JOIN detections d ON d.candidate = i.candidate WHERE i.decided_at >= ?"
	                         " AND json_array_length(d.doc, '$.events') > 0 AND NOT EXISTS(SELECT 1 FROM copies c WHERE c.detection = d.id) AND (EXISTS(SELECT 1 FROM"
	                         " evidence e WHERE e.incident = i.id AND e.detection = d.id) OR NOT EXISTS(SELECT 1 FROM evidence e WHERE e.incident = i.id))"
	                         " ORDER BY i.decided_at DESC, d.at LIMIT 200",
	                         Q(since));

	while (rows_next(&r))
		fn(ctx, &(struct desk_copy_ask){ row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), row_str(&r, 3) });
}

json_t *
desk_copies_heard(const struct desk_copy_ask *ask, const json_t *items)
{
	json_t *events = json_loads(ask->events, 0, NULL), *lines = json_array(), *o;
	const json_t *v;
	size_t i;

	json_array_foreach(items, i, v) {
		const char *line = json_string_value(json_object_get(v, "line"));
		size_t n = line != NULL ? (size_t)text_clip(line, LINE_MOST) : 0;

		if (line == NULL)
			continue;
		o = json_pack("{s:O*, s:O*, s:O*, s:s%, s:b}", "event", json_object_get(v, "id"), "at", json_object_get(v, "at"), "device", json_object_get(v, "device"), "line", line, n,
		              "cut", n != strlen(line));
		json_array_append_new(lines, o);
	}
	o = json_pack("{s:s, s:s, s:I, s:o}", "id", ask->incident, "detection", ask->detection, "wanted", (json_int_t)json_array_size(events), "lines", lines);
	json_decref(events);
	return o;
}

void
cmd_incident_lines(struct cmd *c)
{
	const char *id = arg_need(c, "id", 63), *detection = arg_need(c, "detection", 31);
	const json_t *lines = json_object_get(c->args, "lines"), *v;
	int64_t wanted = arg_int(c, "wanted", 0);
	auto_free char *tenant = cmd_failed(c) ? NULL : db_text(c->db, "SELECT d.tenant FROM detections d JOIN incidents i ON i.candidate = d.candidate WHERE d.id = ? AND i.id = ?", Q(detection), Q(id));
	size_t i;

	if (tenant == NULL || !json_is_array(lines)) {
		cmd_refuse(c, 404, "not_found", "id", "%s", "");
		return;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	snprintf(c->noun, sizeof c->noun, "incident");
	snprintf(c->id, sizeof c->id, "%s", id);
	db_run(c->db, "INSERT INTO copies(detection, at, wanted, kept) VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING", Q(detection), Q(c->now), Q(wanted), Q((int64_t)json_array_size(lines)));
	json_array_foreach(lines, i, v)
		db_run(c->db, "INSERT INTO copied_lines(detection, nth, event, at, device, line, cut) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", Q(detection), Q((int64_t)i),
		       Q(json_string_value(json_object_get(v, "event")) ?: ""), Q(json_string_value(json_object_get(v, "at")) ?: ""), Q(json_string_value(json_object_get(v, "device")) ?: ""),
		       Q(json_string_value(json_object_get(v, "line")) ?: ""), Q((int64_t)json_is_true(json_object_get(v, "cut"))));
	cmd_changed(c, "incident", id, tenant, id);
}

json_t *
view_copies(struct db *db, const char *detection)
{
	struct rows r = db_query(db, "SELECT at, wanted, kept FROM copies WHERE detection = ?", Q(detection));
	json_t *o, *lines = json_array();

	if (!rows_next(&r)) {
		json_decref(lines);
		return json_null();
	}
	o = json_pack("{s:o, s:I, s:I, s:o}", "at", time_json(row_int(&r, 0)), "wanted", (json_int_t)row_int(&r, 1), "kept", (json_int_t)row_int(&r, 2), "lines", lines);
	rows_close(&r);
	r = db_query(db, "SELECT event, at, device, line, cut AS \"cut:b\" FROM copied_lines WHERE detection = ? ORDER BY nth", Q(detection));
	while (rows_next(&r))
		json_array_append_new(lines, row_json(&r));
	return o;
}
