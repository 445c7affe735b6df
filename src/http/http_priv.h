/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of http: a server, its connections and requests.  One request per connection at a time
 * (HTTP/1.1 without pipelining on our side: libmicrohttpd serialises).
 */
#ifndef NZ_HTTP_HTTP_PRIV_H
#define NZ_HTTP_HTTP_PRIV_H

#include <microhttpd.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/vec.h"
#include "http/http.h"

#define STREAM_QUEUE_MAX (1u << 20)
#define DISCARD_MAX (1u << 20) /* of a chunked body past its limit, so that 413 can still be said */

enum req_state { REQ_READING, REQ_ASKED, REQ_ANSWERED, REQ_STREAM };

struct conn {
	struct conn *next, **at;
	int fd;
	int64_t deadline;  /* monotonic; 0 = a request is being worked on */
	bool peer_known;
	struct http_peer peer;
};

struct http_req {
	struct http *h;
	struct MHD_Connection *mc;
	struct conn *conn;
	uint64_t id;
	enum req_state state;
	const struct http_route *route;
	struct http_match match;
	const char *method;
	struct slice path;
	struct arena arena;
	struct buf body;
	size_t body_seen;
	bool over, suspended, ended;
	int64_t asked_at;
	struct MHD_Response *answer;
	unsigned status;
	void *note;
	struct buf out;       /* stream: bytes not yet taken */
	http_gone_fn *on_gone;
	void *gone_ctx;
};

struct http {
	struct loop *loop;
	struct http_conf conf;
	struct MHD_Daemon *daemon;
	struct watch *watch;
	struct timer *tick, *again;
	struct conn *conns;
	VEC(struct http_req *) slots;
	uint64_t generation;
	size_t body_now;
	bool local, pumping, closing;
	struct http_stats stats;
};

/* http.c */
void http_wake(struct http *h);
/* request.c */
struct http_req *req_find(struct http *h, uint64_t id);
void req_free(struct http_req *r);
enum MHD_Result req_access(void *cls, struct MHD_Connection *mc, const char *url, const char *method,
                           const char *version, const char *data, size_t *size, void **con_cls);
void req_completed(void *cls, struct MHD_Connection *mc, void **con_cls, enum MHD_RequestTerminationCode why);
/* answer.c */
enum MHD_Result answer_queue(struct http_req *r);
void answer_resume(struct http_req *r);
/* peer.c */
void peer_fill(struct http *h, struct MHD_Connection *mc, struct http_peer *ret);

#endif
