/* SPDX-License-Identifier: Apache-2.0
 *
 * Sites as the API shows them: the clock there, whether the site is there, and who stands in while it is not.
 */
#include "desk/site_priv.h"

static json_t *
lost_json(struct ask *a, const char *site)
{
	struct rows r = db_query(a->db,
	                         "SELECT said_at AS \"at:t\", reason, lang, by, (SELECT b.at FROM site_changes b WHERE b.site = x.site AND b.lost = 0 AND b.n > x.n) AS \"back_at:t\""
	                         " FROM site_changes x WHERE site = ? AND lost = 1 ORDER BY n DESC LIMIT 1",
	                         Q(site));
	json_t *o = NULL;

	if (rows_next(&r)) {
		o = row_json(&r);
		json_object_set_new(o, "by", person(a->db, row_str(&r, 3)));
		rows_close(&r);
	}
	return o != NULL ? o : json_null();
}

static json_t *
stand_in_json(struct ask *a, const struct roster *r, const char *site)
{
	auto_free char *lead = NULL;
	struct duty on;

	if (!roster_stand_in(r, site, a->now, &on))
		return json_null();
	lead = db_text(a->db, "SELECT id FROM users WHERE login = ?", Q(on.lead));
	return json_pack("{s:o, s:o}", "site", site_json(r, on.site, a->now), "lead", person(a->db, lead));
}

static json_t *
site_view(struct ask *a, const struct roster *r, const json_t *in)
{
	static const char *const words[] = { [SITE_HERE] = "here", [SITE_LOST] = "lost", [SITE_RETURNING] = "returning" };
	const char *id = json_string_value(json_object_get(in, "id"));
	enum site_state state = site_state(a->db, id, a->now);
	json_t *o = site_json(r, id, a->now), *stand_in = json_object_get(in, "stand_in");

	json_object_set(o, "country", json_object_get(in, "country"));
	json_object_set_new(o, "state", json_string(words[state]));
	json_object_set_new(o, "stand_in", stand_in != NULL ? json_incref(stand_in) : json_array());
	json_object_set_new(o, "lost", state != SITE_HERE ? lost_json(a, id) : json_null());
	json_object_set_new(o, "stood_in_by", stand_in_json(a, r, id));
	return o;
}

json_t *
site_views(struct ask *a, const struct roster *r)
{
	json_t *list = json_array();
	const json_t *v;
	size_t i;

	json_array_foreach(r != NULL ? json_object_get(roster_doc(r), "sites") : NULL, i, v)
		json_array_append_new(list, site_view(a, r, v));
	return list;
}

json_t *
ask_site_list(struct ask *a)
{
	return json_pack("{s:o, s:o}", "now", time_json(a->now), "items", site_views(a, desk_roster(a->d)));
}

json_t *
ask_site_show(struct ask *a)
{
	const struct roster *r = desk_roster(a->d);
	const json_t *site = r != NULL ? roster_site(r, ask_str(a, "id")) : NULL;

	return site != NULL ? site_view(a, r, site) : NULL;
}
