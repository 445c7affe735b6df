/* SPDX-License-Identifier: Apache-2.0
 *
 * Three sites and their people, for the tests of rosters and hand-overs.
 */
#ifndef NZ_TESTS_ROSTER_SCENE_H
#define NZ_TESTS_ROSTER_SCENE_H

#include "codec/timefmt.h"
#include "desk_scene.h"

#define SITES                                                                                                                  \
	"sites:\n"                                                                                                             \
	"  - {id: tokyo, name: {ja: 東京, en: Tokyo}, zone: Asia/Tokyo, country: JP, days_off: [2026-12-29]}\n"                \
	"  - {id: reading, name: {ja: レディング, en: Reading}, zone: Europe/London, country: GB}\n"                           \
	"  - {id: herndon, name: {ja: ハーンドン, en: Herndon}, zone: America/New_York, country: US}\n"                        \
	"people:\n"                                                                                                            \
	"  - {login: otomo, site: tokyo, lang: [ja, en], mail: otomo@soc.example}\n"                                           \
	"  - {login: miyoshi, site: tokyo, lang: [ja]}\n"                                                                      \
	"  - {login: bell, site: reading, lang: [en]}\n"                                                                       \
	"  - {login: wood, site: reading, lang: [en]}\n"                                                                       \
	"  - {login: cole, site: herndon, lang: [en]}\n"
/* day at home, nights and holidays elsewhere */
#define AOBA                                                                                                                   \
	"rosters:\n"                                                                                                           \
	"  - id: aoba\n    home: tokyo\n    tenants: [aoba]\n    turns:\n"                                                     \
	"      - {site: tokyo, when: 'Mon-Fri 09:00-18:00', lead: otomo, people: [miyoshi]}\n"                                 \
	"      - {site: reading, when: 'Mon-Fri 18:00-24:00', lead: bell, people: [wood]}\n"                                   \
	"      - {site: herndon, when: 'Mon-Fri 00:00-09:00; Sat,Sun,Hol 00:00-24:00', lead: cole}\n"
#define HARBOR "  - id: rest\n    home: reading\n    tenants: all\n    turns:\n      - {site: reading, when: always, lead: bell, people: [wood]}\n"

static inline int64_t
at(const char *text)
{
	int64_t t;

	assert_int_equal(time_parse_rfc3339(slice_str(text), &t), 0);
	return t;
}

static const char roster_accounts[] = "tenants: []\naccounts:\n  - {login: bell, name: {ja: ベル, en: A. Bell}, role: lead, lang: en}\n"
                               "  - {login: cole, name: {ja: コール, en: R. Cole}, role: lead, lang: en}\n";

static inline void
import(struct scene *s, const char *yaml)
{
	struct whys ws = { 0 };
	json_t *people = desk_import_read(slice_str(roster_accounts), "a.yaml", &ws), *k, *doc;

	json_object_del(people, "secrets");
	json_decref(scene_do(s, NULL, "tenant.import", 200, people));
	k = desk_roster_known(s->d);
	doc = desk_roster_read(slice_str(yaml), "r.yaml", k, s->now, &ws);
	assert_non_null(doc);
	json_decref(scene_do(s, NULL, "roster.import", 200, doc));
	json_decref(k);
	whys_fini(&ws);
}

static inline void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

/* As the role does: every second. */
static inline void
until(struct scene *s, const char *when)
{
	for (int64_t t = at(when); s->now < t;) {
		s->now = s->now + SEC < t ? s->now + SEC : t;
		scene_tick(s);
	}
}

static inline char *
owner(struct scene *s, const char *incident)
{
	return db_text(s->db, "SELECT u.login FROM candidates c JOIN users u ON u.id = c.owner WHERE c.incident = ? OR ('C-' || c.number) = ?", Q(incident), Q(incident));
}

static inline void
owned_by(struct scene *s, const char *incident, const char *login)
{
	char *who = owner(s, incident);

	assert_non_null(who);
	assert_string_equal(who, login);
	free(who);
}

static inline int64_t
items(struct scene *s, const char *state)
{
	return db_int(s->db, -1, "SELECT count(*) FROM handover_items WHERE state = ?", Q(state));
}

static inline size_t
audit(struct scene *s, struct desk_overdue *late)
{
	struct desk_overdue all[16];
	size_t n = desk_audit(s->db, s->now, all, 16), k = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].kind, "unowned") == 0 || strcmp(all[i].kind, "uncovered") == 0 || strcmp(all[i].kind, "unfit") == 0)
			late[k++] = all[i];
	return k;
}

#endif
