/* SPDX-License-Identifier: Apache-2.0
 *
 * Jail: confines a process by purpose, after it opened what it needs.  Floor 1: it knows no role; the
 * caller (role/, the collector) says what is still wanted, this turns it into
 *
 *   own user     setgroups, setgid, setuid when we are root and the user exists
 *   no new privileges, not dumpable, no core, RLIMITs
 *   landlock     only the folders named, read or write, and TCP ports none (raw system calls; ABI asked)
 *   seccomp      an allow-list made of the groups in `may`.  A call outside it fails with EPERM; a call that
 *                no honest line of ours makes (exec without leave, ptrace, mount, bpf, …) ends the process
 *
 * What the kernel cannot do is said in the log once ("jail.partial") and does not stop the process:
 * seccomp alone must hold what matters, so a jail without seccomp is an error.
 */
#ifndef NZ_SYS_JAIL_H
#define NZ_SYS_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every jail may use memory, clocks, epoll, threads, and read and write descriptors it already holds. */
enum jail_may {
	JAIL_MAY_READ_FILES = 1,   /* open for reading, below `read` folders */
	JAIL_MAY_WRITE_FILES = 2,  /* create, rename, remove, below `write` folders */
	JAIL_MAY_ACCEPT = 4,       /* accept on listeners it was given */
	JAIL_MAY_CONNECT = 8,      /* sockets to the outside: inet and, for name service, unix */
	JAIL_MAY_BIND = 16,        /* bind and listen on its own ports (UDP for SIP and RTP) */
	JAIL_MAY_EXEC = 32,        /* start helper programs (speech) */
	JAIL_MAY_FOREIGN = 64,     /* a large library lives here (libchdb): wide list, still no network, no exec */
	JAIL_MAY_MAKE_CODE = 128,  /* executable memory made at run time (compiled regular expressions) */
};

struct jail {
	const char *user;          /* NULL: stay */
	unsigned may;
	const char *const *read;   /* folders or files, NULL-ended; may be NULL */
	const char *const *write;
	const char *const *exec;   /* with JAIL_MAY_EXEC: programs of ours, beside the system's folders; may be NULL */
	uint64_t max_memory;       /* RLIMIT_AS in bytes, 0 = no limit */
	uint64_t max_files;        /* RLIMIT_NOFILE, 0 = 65,536 */
};

/* What of it holds, for the log and for tests. */
struct jail_held {
	bool own_user, landlock, seccomp;
};

/* 0, or E_UNSUPPORTED without seccomp, E_DENIED when dropping rights failed half-way (the caller exits). */
int jail_enter(const struct jail *j, struct jail_held *ret_held);
/* Gives path (and what is directly in it) to user when we are root and the user exists; 0 or E_IO. */
int jail_give(const char *path, const char *user);

#endif
