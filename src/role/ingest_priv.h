/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of role ingest.  ingest_read.c: bytes of strangers into checked values, pure.  ingest_lane.c:
 * whose turn is it, and in what order; pure.  ingest.c: the role's page.
 */
#ifndef NZ_ROLE_INGEST_PRIV_H
#define NZ_ROLE_INGEST_PRIV_H

#include <jansson.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "role/msg.h"

/* ---- who may come ---- */

#define LCP_SERIALS 4 /* the old certificate stays good while the new one is being fetched */

struct lcp_entry {
	char tenant[BATCH_ID_MAX], lcp[BATCH_ID_MAX];
	char serial[LCP_SERIALS][65];
	bool revoked;
	uint64_t config;          /* number of the configuration it should run; 0 = the desk does not say */
};

struct lcp_table {
	VEC(struct lcp_entry) list;
	struct map by_name; /* tenant NUL lcp → index */
	bool known;         /* the desk has spoken */
};

/* Replaces the table by the desk's document; E_SYNTAX leaves it as it was. */
int lcps_read(struct lcp_table *t, struct slice json);
void lcps_fini(struct lcp_table *t);
/* May the holder of this certificate speak as O/CN? NULL when not. */
const struct lcp_entry *lcps_find(const struct lcp_table *t, const char *tenant, const char *lcp, const char *serial);

/* ---- bodies ---- */

/* {"token","csr"}, nothing else: a new JSON text for the desk in out. E_SYNTAX. */
int enrol_read(struct slice body, struct buf *out);
/* {"csr"}, nothing else: {"tenant","lcp","serial","csr"} for the desk. E_SYNTAX. */
int renew_read(struct slice body, const char *tenant, const char *lcp, const char *serial, struct buf *out);
/* A heartbeat, made into the desk's form with what the certificate says. E_SYNTAX. */
struct beat_from {
	const char *tenant, *lcp, *serial, *address;
};
int heartbeat_read(struct slice body, const struct beat_from *from, struct buf *out);
/* The desk's answer to ENROL or RENEW: 0 and the text for the collector, E_DENIED, E_AGAIN, or E_SYNTAX. */
int enrolled_read(struct slice body, struct buf *out);

/* The desk's CONFIG: 0 with the envelope's text and its number, E_DENIED, or E_SYNTAX. */
int config_read(struct slice body, uint64_t *ret_version, struct buf *out);

/* ---- one batch on its way ---- */

struct lane;

struct post {
	uint64_t id;              /* of the HTTP request and of PUT */
	struct msg_batch head;    /* tenant, lcp, received_ns at once; the rest after post_look */
	struct buf wire;          /* wire form, then struct msg_device[] */
	struct lane *lane;
	int64_t hold_until;
	bool waited;              /* it waited for its forerunner once */
	struct post *next;
};

void post_free(struct post *p);
/* Unpacks and checks; fills head and puts the devices behind the wire form. 0, E_TOOBIG, E_CORRUPT,
 * E_UNSUPPORTED with the reason. */
int post_look(struct post *p, struct batch_zip *z, const char **ret_why);

/* ---- lanes: deficit round robin over tenants (Shreedhar, Varghese 1995), measured in wire bytes ---- */

struct lane {
	char tenant[BATCH_ID_MAX];
	struct post *first, **last;
	size_t bytes;             /* accepted and not yet answered */
	size_t posts;
	int64_t deficit;
	struct lane *next;        /* in the ring of those with something waiting */
	bool active;
};

struct lanes {
	struct map by_tenant;
	struct lane *first, **last;
	size_t bytes;
};

void lanes_init(struct lanes *ls);
void lanes_fini(struct lanes *ls); /* frees what still waits */
struct lane *lanes_get(struct lanes *ls, const char *tenant);
void lanes_push(struct lanes *ls, struct post *p);
struct post *lanes_next(struct lanes *ls); /* whose turn it is, or NULL */
void lanes_done(struct lanes *ls, struct post *p); /* answered: gives its bytes back and frees it */

/* ---- streams: batches of one epoch in order ---- */

#define HELD_MAX 64
#define STREAMS_MAX 4096u

struct stream {
	uint64_t sent;            /* highest number given to the archive without a gap before it */
	bool known;
	VEC(struct post *) held;
};

struct streams {
	struct map by_key;
};

void streams_fini(struct streams *ss);
struct stream *streams_get(struct streams *ss, const struct batch_key *key);
/* True: give it to the archive now. False: it waits in the stream until `until`. */
bool stream_take(struct stream *s, struct post *p, int64_t until);
/* The next one that need not wait any more: in order, or over its time (then with `waited` set). */
struct post *stream_ready(struct stream *s, int64_t now);
/* The archive answered; returns true when the post shall wait instead of being refused for a gap. */
bool stream_receipt(struct stream *s, struct post *p, enum receipt_status status, uint64_t want, int64_t until);

#endif
