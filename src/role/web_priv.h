/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of role web: web.c asks and answers, web_own.c holds what web does by itself (event streams,
 * the description, the certificate), web_file.c the answers that are files.
 */
#ifndef NZ_ROLE_WEB_PRIV_H
#define NZ_ROLE_WEB_PRIV_H

#include "api/api.h"
#include "base/vec.h"
#include "role/role.h"

enum step { STEP_NONE, STEP_SESSION, STEP_OWNER, STEP_PRINT };

struct question {
	uint64_t id;
	struct http *http;
	uint64_t request;
	const struct api_route *route;
	enum step step;
	enum role_id peer;
	json_t *args, *actor;
	unsigned fault_status;   /* args is NULL: the request is not as described, and this says why */
	struct api_fault fault;
	char token[129];
	char once[129];          /* Idempotency-Key; "" without one */
	bool again;              /* the answer is that of an earlier request */
	bool last_event;
	uint64_t last_event_id;
	int64_t until;
};

struct stream {
	struct web *w;
	struct http *http;
	uint64_t request;
	uint64_t check;    /* question number of the session check under way, 0 = none */
	struct api_viewer viewer;
	char token[129];   /* "" for the local socket */
	bool gone;
};

struct web {
	struct role_env *env;
	struct api_spec *spec;
	struct api_assets *assets;
	struct api_events *events;
	struct http *tls, *local;
	int tls_fd, local_fd;
	uid_t own_uid;
	bool check;        /* compare answers with the description */
	struct buf cert, key;
	struct http_route *routes;
	struct chan *desk, *store, *print;
	struct timer *tick;
	uint64_t last_id, ticks;
	VEC(struct question *) asked;
	VEC(struct stream *) streams;
};

/* A problem of tbl/errors; type, field and detail may be NULL. */
void web_refuse(struct question *q, unsigned status, const char *type, const char *field, const char *detail);
void web_answer(struct question *q, unsigned status, json_t *body);
/* Rows owned by web; drops q. req is NULL after a session check. */
void web_own(struct web *w, struct question *q, struct http_req *req);
/* web_file.c: rows whose answer is a file, made from what the owner said (200); drops q when it is answered. */
bool web_is_file(const struct question *q);
void web_file(struct web *w, struct question *q, const json_t *body);
void web_printed(struct web *w, struct question *q, struct slice body);
void web_changed(struct web *w, struct slice json);
/* Every BEAT_S seconds: keep-alive, and is the session still good? */
void web_streams_beat(struct web *w);
/* Was that answer the check of a stream's session? */
bool web_stream_checked(struct web *w, uint64_t id, bool good);
int web_certificate(struct role_env *env, struct web *w);
void web_question_drop(struct web *w, struct question *q);

#endif
