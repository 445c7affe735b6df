/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the uplink share: packing (lcp_uplink.c), sending (lcp_send.c), HTTP by libcurl in our loop
 * (lcp_http.c), the heartbeat (lcp_beat.c), the certificate's renewal (lcp_renew.c).
 */
#ifndef NZ_ROLE_LCP_UPLINK_PRIV_H
#define NZ_ROLE_LCP_UPLINK_PRIV_H

#include <curl/curl.h>

#include "base/clock.h"
#include "base/map.h"
#include "role/lcp.h"
#include "role/lcp_answer.h"
#include "sys/chan.h"
#include "sys/pki.h"

#define FLIGHTS_MAX 16
#define DROP_REASONS 6

struct uplink;

/* ---- HTTP ---- */

struct call {                        /* one request; reused */
	struct uplink *u;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body, answer;
	bool busy, get;              /* get: no body is sent */
	size_t most;                 /* bytes of an answer; 0 = LCP_ANSWER_MAX */
	unsigned cert_version;       /* which certificate it shows */
	char why[CURL_ERROR_SIZE];   /* libcurl's sentence when there was no answer */
	void (*done)(struct call *c, long status, long retry_after_s); /* status 0: no answer */
};

int http_open(struct uplink *u);
void http_call_init(struct uplink *u, struct call *c, const char *path, const char *type);
void http_call_start(struct call *c);        /* posts c->body */

/* ---- sending ---- */

struct flight {
	struct call call;            /* first: the callback gets this */
	struct spool_sealed b;
	bool probe;                  /* sent only to learn whether the one before is stored */
	bool acked;
};

struct device {
	char *id, *source;
	uint64_t lines, bytes;
	int64_t last_ns;
	struct {
		char reason[24];
		uint64_t count;
	} drops[DROP_REASONS];
};

struct renewal {
	struct call call;
	int64_t from_ns, to_ns, next_mono_ns;
	unsigned tries;              /* failed since it is due */
	char serial[65], why[96];    /* why the last one failed, "" = it did not */
};

enum fetch_fault { FETCH_SYNTAX, FETCH_SIGNATURE, FETCH_OTHER, FETCH_OLDER, FETCH_KEY, FETCH_DISK, FETCH_FAULTS };

struct fetch {                       /* the SOC's list of devices (lcp_fetch.c) */
	struct call call;
	struct pki_key *key;         /* of the desk; NULL: not known */
	char tenant[64], lcp[128];
	uint64_t version, refused[FETCH_FAULTS];
	const char *why;             /* why the last one was refused, "" = it was not */
	struct buf where;            /* JSON members: our listeners and addresses */
};

struct uplink {
	const struct conf *conf;
	struct loop *loop;
	struct chan *parent;
	struct lcp_board *board;
	struct spool_opts opts;
	struct spool_out *out;
	struct spool_pack *pack;
	size_t batch_bytes;
	int64_t batch_wait, started_ns;
	int level;
	bool full;
	/* HTTP */
	CURLM *multi;
	struct timer *curl_timer;
	char *url, *proxy, *proxy_secret, *identity;
	struct buf cert, key, ca;
	unsigned cert_version;       /* counts renewals: a call takes over the certificate when it starts */
	struct renewal renewal;
	struct fetch fetch;
	struct pki_key *receipt_keys[4];
	unsigned nkeys;
	bool unverified_told, enrolled;
	bool away;                   /* the last request had no answer; told once */
	long proxy_status;           /* what the proxy said instead, 0 = nothing */
	uint64_t unanswered, proxy_refused;
	/* sending */
	struct flight flights[FLIGHTS_MAX];
	unsigned parallel;
	uint64_t next;               /* batch to be sent next */
	bool careful;                /* one at a time, in order */
	uint64_t damaged;            /* this one cannot be read; 0 = none */
	struct timer *wait_timer;    /* backing off */
	int64_t backoff_ns;
	int receipts_fd;
	char receipts_day[16];
	bool receipts_dirty;
	/* heartbeat */
	struct call beat;
	struct map devices;          /* id NUL source → struct device * */
	int64_t beat_sent_ns, clock_offset_ns;
	bool offset_known;
};

void send_open(struct uplink *u);
void send_more(struct uplink *u);
void send_save(struct uplink *u);
bool send_idle(const struct uplink *u);
void keys_learn(struct uplink *u, const char *pem);
void keys_load(struct uplink *u);

/* When a certificate is to be renewed, and how long to wait after so many failures. Pure. */
int64_t renew_due_ns(int64_t from_ns, int64_t to_ns);
int64_t renew_wait_ns(unsigned tries, int64_t life_ns, uint32_t random);
void renew_open(struct uplink *u);
void renew_put(struct uplink *u, struct buf *beat); /* the heartbeat's part */

/* lcp_fetch.c; fetch_open after the channel to the parent is there */
void fetch_where(struct uplink *u); /* before the jail */
void fetch_open(struct uplink *u);
void fetch_wanted(struct uplink *u, uint64_t version); /* the SOC has this one; 0 = it does not say */
void fetch_learn(struct uplink *u, const char *pem);   /* the key that signs; NULL or a second one: nothing happens */
void fetch_put(struct uplink *u, struct buf *beat);

void beat_open(struct uplink *u);
void beat_now(struct uplink *u);
void beat_line(void *ctx, struct slice device, struct slice source, const struct spool_line *l, struct slice bytes);

#endif
