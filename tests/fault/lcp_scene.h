/* SPDX-License-Identifier: Apache-2.0
 *
 * The scene in which faults of the collector are played: unmodified senders by every transport, the collector as a process,
 * a false SOC, and the three ledgers that are compared at the end.
 */
#ifndef NZ_TESTS_LCP_SCENE_H
#define NZ_TESTS_LCP_SCENE_H

#include <inttypes.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/clock.h"
#include "fake_soc.h"

enum how { BY_NEWLINE, BY_COUNT, BY_PIECES, BY_UDP, BY_FILE, BY_TLS };

struct sender {
	pthread_t thread;
	enum how how;
	unsigned stream;
	_Atomic uint64_t sent;      /* lines the kernel took whole */
	bool closed_well;
};

struct test {
	char dir[64], data[80], conf[96], file[96], cert[96];
	char log[96];               /* "" = the collector's log goes where ours goes */
	char proxy[160];            /* more of `soc` */
	const struct passwd *user;  /* who the collector runs as; NULL: as we do */
	unsigned tcp, udp, tls;
	struct fake_soc *soc;
	pid_t lcp;
	const char *program;
	struct sender s[FAKE_STREAMS];
	unsigned nsenders;
	uint64_t pace_ns;           /* pause of a TCP sender after 64 lines */
};

extern struct test t;

int64_t mono(void);
void nap(int64_t ns);
unsigned free_port(int type);
int connect_to(int type, unsigned port);          /* dies when nobody listens within 5 s */
void send_all(int fd, const char *p, size_t n);

/* begin() is prepare(), and enrol() that must succeed. more: further lines of lcp.yaml. */
void begin(const char *program, const char *more);
void prepare(const char *program, const char *more);
int enrol(void);                                  /* exit status of the enrolment */
void launch(void);
void add_sender(enum how how);
uint64_t sent_total(void);
pid_t child_of(pid_t parent, const char *name);   /* 0 = none now */
void end_senders(void);
/* Waits until what was sent is stored or told, or nothing moves any more for `still` seconds. */
void drain(struct fake_ledger *led, int still);
uint64_t judge(const char *what, unsigned kills, struct fake_ledger *led); /* prints the ledgers; number of faults */
void finish(void);
int run_proxy(const char *program);                /* lcp_proxy.c */
void wipe(const char *dir);

#endif
