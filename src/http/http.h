/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP: a thin face of libmicrohttpd over one listening socket and our own loop.  No threads: MHD runs
 * in external epoll mode, its epoll descriptor is a watch of the loop.
 *
 *     request line, headers ─▶ route? limits? ─no─▶ problem+json at once, connection closed
 *                                │yes
 *     body, bounded by the route ─▶ fn(ctx, req) ─▶ http_answer(h, id, …)   now, or any time later
 *                                                  └ http_stream(h, id)     server-sent events
 *
 * A request that fn leaves unanswered is suspended; it costs a socket and its memory until http_answer
 * or until `answer_ns` have passed (504).  Answers go by id and never by pointer: the id of a request
 * that is gone is refused quietly, so a late answer of another process is harmless.
 *
 * Memory: bodies are held whole (a batch must be checked before anybody reads it), bounded by the
 * route's `body_max` and by `body_budget` over all requests (past it: 503 with Retry-After).
 * TLS is GnuTLS's, inside libmicrohttpd.  HTTP parsing and chunking are libmicrohttpd's.
 */
#ifndef NZ_HTTP_HTTP_H
#define NZ_HTTP_HTTP_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "sys/loop.h"

struct http;
struct http_req;

struct http_header {
	const char *name, *value; /* name NULL ends a list */
};

typedef void http_fn(void *ctx, struct http_req *r);

/* A row: pattern segments in braces are parameters ("/api/v1/lcps/{id}"); "{rest*}" at the end takes
 * everything that is left. */
struct http_route {
	const char *method;   /* "GET" also answers HEAD */
	const char *pattern;
	size_t body_max;      /* bytes of body accepted; 0 = a body is refused with 413 */
	http_fn *fn;
	uint64_t arg;         /* the caller's own, see http_arg */
};

struct http_conf {
	int listen_fd;                    /* taken over */
	const char *cert_pem, *key_pem;   /* NULL = plain HTTP (loopback, Unix socket) */
	const char *client_ca_pem;        /* NULL = no client certificate is asked for */
	bool tls13_only;
	const struct http_route *routes;
	size_t route_count;
	http_fn *admit;                   /* asked when the headers are read, before any byte of the body; it
	                                   * answers to refuse, or leaves the request alone; may be NULL */
	http_fn *fallback;                /* GET/HEAD of paths without a route (assets); NULL = 404 */
	void *ctx;                        /* first argument of every fn */
	const struct http_header *headers;/* put on every answer; may be NULL */
	/* Writes the body of http_problem (both languages, other names); NULL = the plain one. */
	void (*problem)(struct buf *out, unsigned status, const char *type, const char *detail);
	unsigned max_conns, max_per_ip;   /* 0 = 1,000 and no limit per address */
	size_t header_max;                /* request line and headers together; 0 = 32 KiB */
	size_t body_budget;               /* all bodies together; 0 = 64 MiB */
	int64_t idle_ns;                  /* silent connection is closed; 0 = 60 s */
	int64_t request_ns;               /* first byte to last of one request; 0 = 30 s */
	int64_t answer_ns;                /* longest wait for http_answer; 0 = 60 s */
};

/* Who is at the other end. */
struct http_peer {
	bool local;          /* Unix socket; uid and pid are the kernel's word */
	uid_t uid;
	pid_t pid;
	char address[46];    /* text of the IP address, "" for local */
	bool cert;           /* a client certificate that the client CA signed, in date */
	char cert_o[64], cert_cn[64]; /* subject; "" when absent, longer names make cert false */
	char cert_serial[65];         /* lower-case hex */
	unsigned char cert_sha256[32];
};

struct http_stats {
	uint64_t requests, refused, garbage, timeouts, conns, streams, body_bytes;
};

/* 0, or E_CERT for unusable PEM, E_IO when MHD cannot start. listen_fd is closed on failure too. */
int http_open(struct loop *l, const struct http_conf *conf, struct http **ret);
/* A listening Unix socket for its owner alone (mode 0600), an old one is replaced; the descriptor, E_TOOBIG or E_IO. */
int http_listen_local(const char *path);
void http_close(struct http *h);            /* NULL is fine */
const struct http_stats *http_stats(const struct http *h);

/* ---- the request; valid until fn returns, use the id afterwards ---- */
uint64_t http_id(const struct http_req *r);
struct http *http_server(const struct http_req *r);
const char *http_method(const struct http_req *r);  /* "GET" for HEAD too */
struct slice http_path(const struct http_req *r);   /* decoded, without query */
uint64_t http_arg(const struct http_req *r);
const char *http_pattern(const struct http_req *r); /* of the route; NULL in the fallback */
struct slice http_body(const struct http_req *r);
/* Moves the body to *ret (which must be empty): the caller's now, out of the budget. Only within fn. */
void http_take_body(struct http_req *r, struct buf *ret);
/* p == NULL when absent. Header names in any case. */
struct slice http_param(const struct http_req *r, const char *name);
struct slice http_query(const struct http_req *r, const char *name);
struct slice http_header(const struct http_req *r, const char *name);
struct slice http_cookie(const struct http_req *r, const char *name);
/* Every parameter or query value, in order; false ends. *i starts at 0. */
bool http_param_next(const struct http_req *r, size_t *i, struct slice *ret_name, struct slice *ret_value);
bool http_query_next(const struct http_req *r, size_t *i, struct slice *ret_name, struct slice *ret_value);
/* Fills *ret once per connection and keeps it there. */
const struct http_peer *http_peer(struct http_req *r);
/* Room for the caller beside the request, freed with it by free(); for a delayed answer. */
void http_set_note(struct http *h, uint64_t id, void *note);
void *http_note(struct http *h, uint64_t id);

/* ---- the answer ---- */
/* Copies body. extra (or NULL) ends with a NULL name. 0, or E_NOTFOUND when the request is gone or was answered. */
int http_answer(struct http *h, uint64_t id, unsigned status, const char *type, struct slice body,
                const struct http_header *extra);
/* The same without a copy: `body` must live as long as the server (assets). */
int http_answer_static(struct http *h, uint64_t id, unsigned status, const char *type, struct slice body,
                       const struct http_header *extra);
/* RFC 9457: {"type","title","status","detail"}; retry_s > 0 adds Retry-After. detail may be NULL. */
int http_problem(struct http *h, uint64_t id, unsigned status, const char *type, const char *detail, unsigned retry_s);

/* Server-sent events: answers 200 text/event-stream and keeps the connection. on_gone is told once,
 * when the client went or http_stream_end was called; it may be NULL. */
typedef void http_gone_fn(void *ctx, uint64_t id);
int http_stream(struct http *h, uint64_t id, http_gone_fn *on_gone, void *ctx);
/* Queues bytes. A client that lets more than 1 MiB pile up is cut off (E_FULL); E_NOTFOUND when gone. */
int http_stream_put(struct http *h, uint64_t id, struct slice bytes);
void http_stream_end(struct http *h, uint64_t id);

/* ---- pure parts, for tests and fuzzing ---- */
#define HTTP_PARAMS_MAX 6
struct http_match {
	size_t n;
	struct slice name[HTTP_PARAMS_MAX], value[HTTP_PARAMS_MAX];
};
/* %XX in place; false for a broken escape, a NUL or invalid UTF-8. *n is the new length. */
bool http_unescape(char *p, size_t *n);
/* Does the decoded path fit the pattern? "." and ".." and empty segments fit nothing. */
bool http_match(const char *pattern, struct slice path, struct http_match *ret);
/* Value of one cookie in a Cookie header. */
struct slice http_cookie_find(struct slice header, struct slice name);
const char *http_reason(unsigned status);

#endif
