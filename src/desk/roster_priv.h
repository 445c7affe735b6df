/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is on duty for a tenant at a time.  roster_duty is the only place that answers it: the queue, alarms, the
 * telephone's lead alarms, hand-overs, the auditor and the percentiles by site all ask here.  Pure: a roster is made
 * from its document and the outages of sites once and its answers never change (it remembers the last ones); no table, no clock.
 *
 *     {"draft_s","accept_s",
 *      "sites":[{"id","name":{"ja","en"},"zone","country","days_off":[days since 1970],"stand_in":[SITE],"lead":LOGIN}],
 *      "people":[{"login","site","lang":["ja","en"],"mail","phone"}],
 *      "rosters":[{"id","home":SITE,"tenants":["aoba"] or null = all that no other names,
 *                  "turns":[{"site","when","zone","lead","people":["login"]}]}]}
 *
 * `when` is as the hours of a contact (hours.c) in the turn's zone, otherwise the home site's; a holiday of the home
 * site's country, or one of its own days off, is `Hol` and no weekday.  An end is the same moment as the beginning of
 * what follows: a local time names one moment, the first at which the clock on the wall shows it or more
 * (zone_first_utc), so a night of 23 or 25 hours has no hole and nobody is on duty twice.
 *
 * While a site is lost (an outage) its turns are another site's (standin.c): the first of its stand-ins that is not lost, of those
 * lost then their stand-ins; and there the crew that is on duty for the first roster that has one there, else the site's lead alone.
 */
#ifndef NZ_DESK_ROSTER_PRIV_H
#define NZ_DESK_ROSTER_PRIV_H

#include "desk/desk_priv.h"

#define ROSTER_PROVEN_DAYS 400
#define ROSTER_MOMENT 96

struct roster;

/* Reads doc's shape again and keeps a reference. NULL when it is no roster. */
struct roster *roster_new(const json_t *doc);
void roster_free(struct roster *r);
const json_t *roster_doc(const struct roster *r);
int64_t roster_draft_ns(const struct roster *r);  /* a hand-over is drafted so long before the change */
int64_t roster_accept_ns(const struct roster *r); /* and goes to the lead so long after it */

/* A crew on duty without a change. Strings and lists are the roster's. */
struct duty {
	const char *roster;    /* id in the document */
	const char *site;      /* id */
	const char *lead;      /* login */
	const json_t *people;  /* logins, the lead first */
	int64_t from, to;      /* INT64_MIN, INT64_MAX: further than ROSTER_PROVEN_DAYS away */
	const char *stands_for; /* the lost site whose turn it is; NULL = its own */
};

/* A site that is lost: for [from, to) ns, to INT64_MAX while nobody said when it is back. stand_in: chosen when it was lost; "" = as
 * the document says. */
struct outage {
	char site[32], stand_in[32];
	int64_t from, to;
};
void roster_put_outage(struct roster *r, const struct outage *o);
const struct outage *roster_outages(const struct roster *r, size_t *ret_n);
/* Is the site lost at that time? *ret_o (may be NULL): by which outage. */
bool roster_is_lost(const struct roster *r, const char *site, int64_t at, const struct outage **ret_o);
/* A roster's crew as the document says, whatever is lost. i: index in the document. */
bool roster_planned(const struct roster *r, size_t i, int64_t at, struct duty *ret);
size_t roster_count(const struct roster *r);
const char *roster_id(const struct roster *r, size_t i);
/* The lead of a site, alone: [login]; the one the document names, else of its first turn. NULL when it has none. */
const json_t *roster_site_lead(const struct roster *r, const char *site);
/* Who stands in for a lost site now; false when it is not lost or nobody is left. ret->roster is NULL. */
bool roster_stand_in(const struct roster *r, const char *site, int64_t at, struct duty *ret);
/* Has the site a turn in that roster? */
bool roster_has_turn(const struct roster *r, size_t i, const char *site);

/* False when nobody is. */
bool roster_duty(const struct roster *r, const char *tenant, int64_t at, struct duty *ret);
/* The same of a roster by its id in the document. */
bool roster_duty_of(const struct roster *r, const char *id, int64_t at, struct duty *ret);
/* The roster of a tenant; NULL when there is none. */
const char *roster_of(const struct roster *r, const char *tenant);
bool duty_has(const struct duty *d, const char *login);
bool duty_same_crew(const struct duty *a, const struct duty *b);

/* The object of a site or a person; NULL when there is none. */
const json_t *roster_site(const struct roster *r, const char *id);
const json_t *roster_person(const struct roster *r, const char *login);

/* What is wrong in [from, from + ROSTER_PROVEN_DAYS): moments for which nobody or more than one crew is on duty, and people in
 * two sites at once.  Called in the order of the rosters; at most 3 times for each kind and roster or person. */
struct roster_fault {
	enum roster_wrong { ROSTER_GAP, ROSTER_OVERLAP, ROSTER_TWO_SITES } wrong;
	size_t roster, turn, other; /* indexes; turn: the one before a gap; other: its second roster's turn for TWO_SITES and OVERLAP */
	size_t other_roster;
	const char *login;
	int64_t from, to;
	size_t more; /* how many like it follow and are not told; 0 except in the last one */
};
typedef void roster_fault_fn(void *ctx, const struct roster_fault *f);
/* How many faults there are. */
size_t roster_prove(const struct roster *r, int64_t from, roster_fault_fn *fn, void *ctx);
/* "2027-03-28T01:00:00Z (02:00 Europe/London)" */
void roster_moment(int64_t ns, const char *zone, char ret[ROSTER_MOMENT]);

/* roster_desk.c: the roster in force now; NULL when none was imported. It lives until the next call. */
const struct roster *desk_roster(struct desk *d);
/* The one in force at a time, made anew; the caller's. */
struct roster *roster_in_force(struct db *db, int64_t at);
json_t *site_json(const struct roster *r, const char *id, int64_t at); /* Site of the API; null when unknown */
/* Id of the duty lead of a tenant, the person's; NULL when nobody is. Heap. */
char *duty_lead(struct desk *d, const char *tenant, int64_t at);
/* {"roster","site":{"id","name","zone"},"lead":Person,"people":[Person],"from","to","stands_for":Site or null} or null */
json_t *duty_json(struct db *db, const struct roster *r, const char *tenant, int64_t at);
/* Site where the person works for the tenant now; otherwise that of the crew on duty; NULL without one. The desk's roster's string. */
const char *duty_site_of(struct desk *d, const char *tenant, const char *user, int64_t at);
/* Writes down at which site the incident was decided. */
void duty_decided(struct cmd *c, const char *incident, const char *tenant);
/* Raises an alarm for a tenant that the roster in force does not name. */
void roster_look_for(struct cmd *c, const char *tenant);
void roster_prove_again(struct cmd *c, const char *ref);

#endif
