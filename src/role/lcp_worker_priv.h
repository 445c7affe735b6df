/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the worker share.  One open group at a time (spool_in); inputs add to it and remember what
 * to do when it is durable; commit() does the rest.
 */
#ifndef NZ_ROLE_LCP_WORKER_PRIV_H
#define NZ_ROLE_LCP_WORKER_PRIV_H

#include "base/clock.h"
#include "base/map.h"
#include "codec/frame.h"
#include "role/lcp.h"
#include "sys/chan.h"

#define PEEK_BYTES (512u << 10)
#define PEEK_MUCH (128u << 10)     /* so much waited: more will not come by waiting, it is synced at once */
#define PART_AT (64u << 10)        /* an unfinished line of this length goes to its own file */
#define GROUP_LINES 30000u
#define NAMES_CACHED 256

struct input;

/* First byte of an origin's state: what kind it is. */
enum origin_kind { ORIGIN_CONN = 'c', ORIGIN_SOCKET = 's', ORIGIN_INTAKE = 'u', ORIGIN_FILE = 'f' };

/* An over-long line so far. Its first bytes are in a file of their own, its hash in the origin's state. */
struct part {
	uint64_t total, kept;
	uint32_t sha[28];            /* SHA256_CTX of OpenSSL: 112 bytes */
};

/* State of an origin that is a stream; stored as it is. */
struct stream_state {
	uint8_t kind, reserved[7];
	struct frame frame;
	struct part part;
	uint64_t file[4];            /* files: inode, device, length and hash of the first bytes */
};

struct stream {
	uint64_t id[2];
	uint64_t end;                /* taken from the input; durable */
	size_t take;                 /* in the open group behind it */
	struct stream_state st;
	bool part_over;              /* its file can go when the group is durable */
	const struct lcp_listener *listener;
	const char *peer, *source;
	bool by_header;
	enum batch_transport transport;
};

struct conn {
	struct stream s;
	struct worker *w;
	struct lcp_conn_msg msg;
	int fd;
	struct watch *watch;
	bool hup, ready, waiting, closing;
	struct conn *next_ready, *next_waiting;
};

struct name_slot {
	uint32_t group;
	uint16_t number;
	uint8_t len;
	const void *owner;           /* listener or file: the same host can have two sources */
	char name[40];
};

struct told;                         /* what the SOC told about devices (lcp_names.c) */
struct told_device {
	struct slice name, source;   /* source may be empty: the listener's */
};

struct worker {
	const struct conf *conf;
	struct lcp_setup setup;
	struct spool_opts opts;
	struct spool_in *in;
	struct loop *loop;
	struct chan *parent;
	struct lcp_board *board;
	int bell;
	bool going, full, stopping;
	int64_t now_ns;              /* wall time of this round */
	int64_t commit_wait;
	struct timer *commit_timer, *retry_timer;
	/* names of devices */
	struct name_slot names[NAMES_CACHED];
	uint32_t group;              /* counts commits; 0 is never used */
	struct told *told;           /* NULL: nothing yet */
	struct map known;
	size_t known_max;
	uint64_t unnamed;
	int64_t canary;              /* minute of the last one */
	bool canaries;
	/* inputs */
	struct map conns;            /* id → struct conn * */
	struct conn *ready, **ready_tail, *waiting;
	struct lcp_intake *intake;
	unsigned slots_used;
	VEC(struct udp *) sockets;
	VEC(struct follow *) follows;
	struct buf scratch;
};

/* lcp_worker.c */
void worker_commit_soon(struct worker *w);
int worker_commit(struct worker *w);  /* 0 or E_FULL; ends the process on E_IO */
bool worker_must_commit(const struct worker *w);
/* Adds a line whose bytes are already kept in the group at off. False: the group is full, commit first. */
bool worker_line(struct worker *w, const struct stream *s, uint32_t off, struct slice line, uint8_t flags);
void worker_gap(struct worker *w, const char *reason, uint64_t count, const char *unit, const char *where);

/* lcp_names.c */
void names_take(struct worker *w, int fd); /* a table that cannot be read changes nothing; fd stays the caller's */
/* The device of a line: by the host of its header, else by where it came from; NULL when the SOC told of neither. */
const struct told_device *names_find(const struct worker *w, struct slice host, const char *peer);
/* One of a minute, in the minute's middle by the SOC's clock; called every second. Not while the spool is full. */
void worker_canary(struct worker *w);

/* lcp_stream.c: framing shared by connections and files */
/* Takes what it can of n bytes at p, which were just kept in the group at base; `last`: nothing will follow them.
 * Returns how many bytes of the input are used up; what is not leaves the group. */
size_t stream_take(struct worker *w, struct stream *s, uint32_t base, const char *p, size_t n, bool last,
                   bool *ret_commit);
void stream_settled(struct worker *w, struct stream *s);
void stream_load(struct stream *s, const struct spool_origin *o);

/* lcp_tcp.c */
void tcp_add(struct worker *w, const struct lcp_conn_msg *m, int fd);
void tcp_start(struct worker *w);     /* all descriptors are here: forget origins of others */
void tcp_gone(struct worker *w, const struct lcp_conn_msg *m);
void tcp_run(struct worker *w);       /* reads the ready ones */
void tcp_settled(struct worker *w);   /* the group is durable: takes the bytes from the kernel */

/* lcp_udp.c */
void udp_open(struct worker *w);
void udp_add(struct worker *w, const struct lcp_conn_msg *m, int fd);
void udp_recover(struct worker *w);
void udp_settled(struct worker *w);
void udp_pause(struct worker *w, bool paused);
void udp_sample(struct worker *w);    /* once a second: drops since */

/* lcp_follow.c */
void follow_open(struct worker *w);
void follow_run(struct worker *w);
void follow_settled(struct worker *w);

#endif
