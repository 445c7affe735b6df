/* SPDX-License-Identifier: Apache-2.0
 *
 * Api: what lies between an HTTP request and the role that answers it, without any process in it.
 *
 *   table     tbl/routes.tbl as an array, rights as bits
 *   spec      docs/openapi.yaml, inside the program: checks requests (unknown fields, types, lengths) and,
 *             in tests, answers.  One file describes the API and guards it, so the two cannot differ.
 *   args      path parameters + query + body → one JSON object for MSG_ASK
 *   problem   application/problem+json with the title in both languages
 *   events    which change may be seen by whom, and the ring for Last-Event-ID
 *   assets    the two web apps in memory, with ETag and gzip
 *
 * The owner of a route (desk, store) checks rights again by itself; nothing here is the last word.
 */
#ifndef NZ_API_API_H
#define NZ_API_API_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/http.h"

enum api_owner { API_DESK, API_STORE, API_WEB };

/* Bits of `who` in routes.tbl. */
enum {
	API_ANALYST = 1,
	API_LEAD = 2,
	API_ENGINEER = 4,
	API_ADMIN = 8,
	API_AUDITOR = 16,
	API_CUSTOMER = 32,
	API_ANYBODY = 64,
	API_HALF = 128
};

struct api_route {
	const char *method, *path;
	enum api_owner owner;
	const char *verb;
	unsigned who;
	const char *doc;
};

extern const struct api_route api_routes[];
extern const size_t api_route_count;
unsigned api_role_bit(const char *role); /* 0 for an unknown word */

/* ---- the description ---- */
struct api_spec;
struct slice api_spec_text(void);
/* 0, or E_SYNTAX with the faults in ws. */
int api_spec_load(struct slice yaml, struct api_spec **ret, struct whys *ws);
void api_spec_free(struct api_spec *s);
bool api_spec_has(const struct api_spec *s, const struct api_route *r);
/* How many operations the description holds; for the test that each is a route. */
size_t api_spec_operations(const struct api_spec *s);
struct api_fault {
	char field[120]; /* "severity", "actions[2].ja"; "" = the whole */
	char text[160];
};
/* body may be NULL. 0, or E_TYPE/E_RANGE with the fault. */
int api_spec_check_body(const struct api_spec *s, const struct api_route *r, const json_t *body, struct api_fault *ret);
/* A path or query value; name unknown to the operation gives E_NOTFOUND. */
int api_spec_check_param(const struct api_spec *s, const struct api_route *r, bool query, struct slice name,
                         struct slice value, struct api_fault *ret);
/* Is this answer one that the description promises? For tests and for web's debug mode. */
int api_spec_check_answer(const struct api_spec *s, const struct api_route *r, unsigned status, const json_t *body,
                          struct api_fault *ret);

/* ---- a request ---- */
/* args of MSG_ASK, or NULL: then *ret_status and *ret_fault say why (400, 415, 422). */
json_t *api_args(const struct api_spec *s, const struct api_route *r, struct http_req *req, unsigned *ret_status,
                 struct api_fault *ret_fault);
/* May a browser at another site have sent it? Looks at Origin, Sec-Fetch-Site and Host. */
bool api_is_cross_site(const struct http_req *req);

/* Appends a problem document; field and detail may be NULL. Fits http_conf.problem. */
void api_problem(struct buf *out, unsigned status, const char *type, const char *field, const char *detail);
void api_problem_http(struct buf *out, unsigned status, const char *type, const char *detail);

/* ---- events ---- */
struct api_viewer {
	unsigned role;       /* one bit */
	char tenant[64];     /* of a customer */
	json_t *tenants;     /* mask of staff, owned by the caller; NULL or empty = all */
};
struct api_events;
struct api_events *api_events_new(size_t keep);
void api_events_free(struct api_events *e);
/* Takes a MSG_CHANGED body; false when it is not one. */
bool api_events_add(struct api_events *e, struct slice json, uint64_t *ret_seq);
/* Appends the event `seq` in SSE form when v may see it. */
bool api_events_put(const struct api_events *e, uint64_t seq, const struct api_viewer *v, struct buf *out);
/* Appends all behind `seq`; false when the ring does not reach back that far (the client starts anew). */
bool api_events_since(const struct api_events *e, uint64_t seq, const struct api_viewer *v, struct buf *out);
uint64_t api_events_last(const struct api_events *e);

/* ---- assets ---- */
struct api_assets;
/* Reads a folder (web/dist) whole into memory; E_NOTFOUND when it is absent. */
int api_assets_load(const char *folder, struct api_assets **ret);
void api_assets_free(struct api_assets *a);
/* Answers a GET outside the API: a file, a page of one of the apps, a redirect or 404. */
void api_assets_answer(const struct api_assets *a, struct http_req *req);

#endif
