/* SPDX-License-Identifier: Apache-2.0
 *
 * Advisories inside the desk: commands (advisory.c), what leaves the house (advisory_mail.c), whom they concern
 * (advisory_match.c), indicators (indicator.c), what is asked of the store and shown (view_advisory.c).
 */
#ifndef NZ_DESK_ADVISORY_PRIV_H
#define NZ_DESK_ADVISORY_PRIV_H

#include "desk/work_priv.h"

/* Since records of this version: mails say what an advisory is about and go out when it is withdrawn or found later too, a
 * withdrawal has a reason, a count names its question. */
#define ADVISORY_V 9
#define ADVISORY_DAYS 92
#define ADVISORY_VALUES 50    /* products, CVEs, indicators */
#define ADVISORY_DEVICES 500  /* of the products, kept for a tenant */
#define ADVISORY_SEEN 100     /* devices with the indicators, kept for a tenant */
#define ADVISORY_ASSETS 200   /* kept for a tenant */
#define ADVISORY_QUERY 16000  /* bytes of a search; the search takes 16,384 with its stages */
#define INDICATOR_MAX 500
#define PRODUCT_MAX 120
#define CVE_MAX 32

struct advisory_now {
	char id[32], state[12], made_by[32], number[24];
};

/* ---- indicator.c ---- */

/* Is it a value of that kind (ip, net, domain, url, hash) as it is kept? */
bool indicator_is_good(const char *kind, const char *value);
/* As people paste it, in capitals or made harmless → as it is kept, heap; an address with a prefix becomes a net. False
 * when it is none of that kind, and for other kinds. */
bool indicator_fold(const char *kind, const char *value, const char **ret_kind, char **ret);
bool cve_fold(const char *value, char ret[CVE_MAX]); /* CVE-2021-44228 */
/* The condition that finds the indicators of the list [{kind, value}]. Heap; NULL without any. */
char *indicator_query(const json_t *list);

/* ---- advisory_match.c ---- */

enum match { MATCH_NO, MATCH_HINT, MATCH_YES };
/* Is what speaks that format (fortinet.fortigate) the product? HINT: by the same maker. */
enum match product_is_source(const char *product, const char *source);
/* Does a name or a host name of somebody's asset name the product? */
bool product_is_in_name(const char *product, const char *name);
/* {lcp, id, source}, hint: true when it is only by the same maker; NULL when it is none of the products. */
json_t *device_of_products(const json_t *products, const char *lcp, const char *id, const char *source);
/* The products and CVEs about which nothing of this tenant is known: no device, no asset. */
json_t *advisory_unknown(const json_t *products, const json_t *cves, const json_t *devices, const json_t *assets);

/* ---- advisory_mail.c ---- */

enum advisory_word { ADVISORY_SENT, ADVISORY_FOUND, ADVISORY_WITHDRAWN };
/* Mail to a tenant's contacts and its endpoints' event. */
void advisory_tell(struct cmd *c, const struct advisory_now *n, const char *tenant, enum advisory_word what);

void advisory_again(struct cmd *c, const char *id); /* the timer: counts are a day old */

#endif
