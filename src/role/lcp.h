/* SPDX-License-Identifier: Apache-2.0
 *
 * The collector, nezuban-lcp.  Four processes:
 *
 *   parent   keeps descriptors: opens listeners, accepts, gives every connection a 128-bit id, starts the others
 *            and starts them again.  Reads no byte of any log.  Only its death breaks connections.
 *   worker   reads, frames, names the device, writes to the spool.  Bytes of TCP stay in the kernel (MSG_PEEK) until
 *            they are synced, and only then are they taken (MSG_TRUNC); so its death loses nothing.
 *   uplink   packs what is durable into batches and sends them; holds the collector's key.
 *   tls      only with TLS listeners: ends the sessions, and hands plain bytes to the worker through a loopback
 *            TCP connection, so that the worker's way is one.  Its own death can lose what it holds in memory
 *            (stated in the manual); the worker's cannot.
 *
 * A child is exec'd anew with: descriptor 3 channel to the parent, 4 the board, 5 the bell, 6 the intake.
 *
 * The board is shared memory with single-writer words.  Neither side believes more than a number from it.
 * The intake is shared memory into which datagrams are received: a datagram that was taken from the kernel
 * but is not yet durable is still there when the next worker starts.
 */
#ifndef NZ_ROLE_LCP_H
#define NZ_ROLE_LCP_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/vec.h"
#include "batch/batch.h"
#include "spool/spool.h"
#include "sys/loop.h"

struct conf;

#define LCP_FD_CHAN 3
#define LCP_FD_BOARD 4
#define LCP_FD_BELL 5
#define LCP_FD_INTAKE 6

struct lcp_board {
	/* written by the worker */
	_Atomic uint64_t in_log, in_durable, in_bytes;
	_Atomic uint64_t lines, connections, full_since_ns, in_damage;
	_Atomic uint64_t worker_starts;
	/* written by the uplink */
	_Atomic uint64_t packed_log, packed_seq, out_bytes;
	_Atomic uint64_t sealed, stored, uplink_starts;
	_Atomic int64_t clock_ahead_ns;  /* our wall clock less the SOC's, as far as it is known */
	/* written by the parent */
	_Atomic uint64_t worker_pid, uplink_pid, tls_pid, refused;
};

/* ---- intake: where datagrams are received ---- */

#define INTAKE_SLOTS 1024 /* a group is synced at 256 kB, so large datagrams only ever touch the first few */
#define INTAKE_BYTES 65536
#define INTAKE_EMPTY UINT32_MAX

struct lcp_slot {
	struct sockaddr_storage from;
	uint64_t socket[2];          /* id of the socket it came from */
	uint32_t listener;
	uint32_t reserved;
	char control[64];
};

struct lcp_intake {
	uint64_t id[2];              /* its origin in the spool, random: a new parent makes a new intake */
	uint64_t round;              /* durable when the origin's end is this number */
	struct mmsghdr head[INTAKE_SLOTS]; /* msg_len is written by the kernel: INTAKE_EMPTY = nothing there */
	struct lcp_slot slot[INTAKE_SLOTS];
	_Alignas(4096) char bytes[INTAKE_SLOTS][INTAKE_BYTES];
};

/* ---- messages on the channels; body of every one: struct lcp_conn_msg ---- */

enum lcp_msg {
	LCP_SOCKET = 200, /* parent → worker: a UDP socket with its descriptor */
	LCP_CONN,         /* parent → worker: a connection with its descriptor */
	LCP_GO,           /* parent → worker: that was all there is */
	LCP_CLOSE,        /* worker, tls → parent: done with this connection */
	LCP_GONE,         /* parent → worker: it is closed, its origin can be forgotten */
	LCP_RAW,          /* parent → tls: connection of the device */
	LCP_PLAIN,        /* parent → tls: where its plain bytes go; same id */
	LCP_DEVICES,      /* uplink → parent → worker: descriptor of the table of devices (lcp_names.c) */
};

struct lcp_conn_msg {
	uint64_t id[2];
	uint32_t listener;
	uint32_t reserved;
	char peer[64];               /* address as text */
};

/* ---- configuration ---- */

enum lcp_kind { LCP_UDP, LCP_TCP, LCP_TLS };

struct lcp_listener {
	enum lcp_kind kind;
	char *address, *port;
	char *name;                  /* "udp:0.0.0.0:514" */
	char *source;                /* "" = auto */
	char *certificate, *key;     /* TLS */
	bool by_header;              /* devices named by the header's host, else by address */
};

struct lcp_file {
	char *path, *source, *device;
};

struct lcp_setup {
	VEC(struct lcp_listener) listeners;
	VEC(struct lcp_file) files;
};

/* Reads `listen` and `files`; faults go to ws. 0 or E_CONFIG. */
int lcp_setup_read(const struct conf *c, struct lcp_setup *ret, struct whys *ws);
void lcp_setup_fini(struct lcp_setup *s);
void lcp_spool_opts(const struct conf *c, struct spool_opts *ret); /* dir is heap */

/* ---- command line ---- */

struct lcp_args {
	const char *path, *child, *verb, *url, *token, *ca, *receipt_key; /* NULL: not given; path has its default */
};

bool lcp_args_read(int argc, char **argv, struct lcp_args *ret); /* false: usage */
/* Configuration and log as the arguments say; faults are printed and end the process with 2. */
struct conf *lcp_load(const struct lcp_args *a);
/* The program that speaks TLS lies beside this one: a descriptor for lcp_net_become, negative when it does not. Held from
 * the start, so that it is the same build as ours whatever is installed meanwhile. */
int lcp_net_open(void);
void lcp_net_become(int fd, char **argv); /* returns only when it fails */

/* Each runs one process until it is told to stop; returns the exit status. */
int lcp_parent_main(const struct conf *c, const char *conf_path);
int lcp_worker_main(const struct conf *c);
int lcp_uplink_main(const struct conf *c);
int lcp_tls_main(const struct conf *c);
/* Makes the key, asks for a certificate with the one-time token, stores both. receipt_key: file with the SOC's public
 * key for receipts when its answer does not bring it; may be NULL. Exit status. */
int lcp_enrol_main(const struct conf *c, const char *url, const char *token, const char *ca_path,
                   const char *receipt_key);

char *lcp_proxy_secret(const struct conf *c); /* USER:PASSWORD, heap; NULL: none; dies when it cannot be read */
bool lcp_proxy_wants_login(long status);          /* by the status of its answer to CONNECT */

struct lcp_board *lcp_board_map(int fd); /* dies when it cannot */

#endif
