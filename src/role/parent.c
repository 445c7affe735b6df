/* SPDX-License-Identifier: Apache-2.0
 *
 * The parent: starts a process per role, makes the channels between those that may talk, opens listeners,
 * starts again whoever dies, and touches no byte of a log.
 *
 *     for each role: socket pair, fork, exec "PROGRAM -x NAME -i INDEX -n COPIES -c FILE", fd 3 = channel
 *     for each PEER row with both ends running: a socket pair, one end to each
 *     LISTEN (ports, scratch memory of engine and mail), then GO
 *
 * A role that dies is started at once; one that dies again and again waits longer each time, up to 5 s.
 * Its peers get a new channel and go on from their positions.  A role that gives no beat for a while hangs
 * and is killed.
 *
 * The lock of the data folder goes to every role too and is free when the last of them is gone: so a parent
 * started right after one was killed waits for the roles that still die, and two services never write one folder.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "conf/conf.h"
#include "role/frame_priv.h"
#include "role/parent.h"
#include "sys/fd.h"

#define BACKOFF_MIN (100 * NS_PER_MS)
#define BACKOFF_MAX (5 * NS_PER_S)
#define CALM_AFTER (10 * NS_PER_S)   /* alive this long: the next death starts at once */
#define HANGS_AFTER (60 * NS_PER_S)  /* without a beat; the store may wait long for its library */
#define STOP_PATIENCE (15 * NS_PER_S)
#define SCRATCH_BYTES (64u * 1024)
#define ROLE_FD 3
#define LOCK_FD_LEAST 10             /* above what a role expects at a number */
#define LOCK_PATIENCE (5 * NS_PER_S) /* for the roles of a parent that was killed */
#define PORT_PATIENCE (2 * NS_PER_S)
#define RETRY_EVERY (10 * NS_PER_MS)

struct proc {
	struct parent *p;
	const struct role *role;
	unsigned index, copies;
	pid_t pid;                 /* 0: not running */
	struct chan *ch;
	int64_t started, beat, backoff;
	uint64_t deaths;
	int scratch;               /* engine, mail: shared memory that outlives them; else -1 */
	struct timer *again;
};

struct listener {
	const char *name, *key;    /* key of the configuration */
	enum role_id role;
	int fd;
};

struct parent {
	struct loop *loop;
	const struct conf *conf;
	const char *program, *conf_path;
	VEC(struct proc *) procs;
	bool stopping;
	int status, lock;
	pid_t checking;            /* looks at what a reload would bring; 0: none */
};

static struct listener listeners[] = {
	{ "ingest", "ingest.listen", ROLE_INGEST, -1 },
	{ "web", "web.listen", ROLE_WEB, -1 },
	{ "mail", "mail.listen", ROLE_MAIL, -1 }, /* empty: none */
};

static const struct {
	enum role_id a, b;
} pairs[] = {
#define PEER(a, b) { ROLE_##a, ROLE_##b },
#include "tbl/roles.tbl"
#undef PEER
};

/* ---- channels ---- */

static void
introduce(struct proc *a, struct proc *b)
{
	struct msg_peer to_a = { (uint32_t)b->role->id, b->index }, to_b = { (uint32_t)a->role->id, a->index };
	int sv[2];

	if (a->ch == NULL || b->ch == NULL)
		return;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	chan_send(a->ch, MSG_PEER, 0, slice_of(&to_a, sizeof to_a), sv[0]);
	chan_send(b->ch, MSG_PEER, 0, slice_of(&to_b, sizeof to_b), sv[1]);
	close(sv[0]);
	close(sv[1]);
}

static bool
may_talk(enum role_id a, enum role_id b)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if ((pairs[i].a == a && pairs[i].b == b) || (pairs[i].a == b && pairs[i].b == a))
			return true;
	return false;
}

static void
give(struct proc *pr, const char *name, int fd)
{
	json_t *doc = json_pack("{s:s}", "name", name);
	char *text = json_dumps(doc, JSON_COMPACT);

	must(text != NULL);
	chan_send(pr->ch, MSG_LISTEN, 0, slice_str(text), fd);
	free(text);
	json_decref(doc);
}

/* ---- life and death ---- */

static void start_proc(struct proc *pr);
static void checked(struct parent *p, int status);

static void
start_again(void *ctx)
{
	struct proc *pr = ctx;

	pr->again = NULL;
	if (!pr->p->stopping)
		start_proc(pr);
}

static bool
all_gone(const struct parent *p)
{
	for (size_t i = 0; i < p->procs.n; i++)
		if (p->procs.v[i]->pid != 0)
			return false;
	return true;
}

static void
died(struct proc *pr, int status)
{
	struct parent *p = pr->p;
	int64_t now = loop_mono_ns(), delay;

	log_warn("role.died", kv_str("role", role_name(pr->role->id)), kv_u64("index", pr->index), kv_i64("pid", pr->pid),
	         kv_i64("exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
	         kv_i64("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
	pr->pid = 0;
	pr->deaths++;
	chan_free(pr->ch);
	pr->ch = NULL;
	if (p->stopping) {
		if (all_gone(p))
			loop_stop(p->loop, p->status);
		return;
	}
	if (now - pr->started > CALM_AFTER)
		pr->backoff = 0;
	delay = pr->backoff;
	pr->backoff = pr->backoff == 0 ? BACKOFF_MIN : pr->backoff * 2 < BACKOFF_MAX ? pr->backoff * 2 : BACKOFF_MAX;
	pr->again = loop_timer(p->loop, delay, 0, start_again, pr);
}

static void
on_child(void *ctx, int signo)
{
	struct parent *p = ctx;
	int status;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->checking)
			checked(p, status);
		for (size_t i = 0; i < p->procs.n; i++)
			if (p->procs.v[i]->pid == pid)
				died(p->procs.v[i], status);
	}
}

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct proc *pr = ctx;

	(void)ch;
	pr->beat = loop_mono_ns();
	if (m->type == MSG_READY)
		log_info("role.ready", kv_str("role", role_name(pr->role->id)), kv_u64("index", pr->index),
		         kv_i64("pid", pr->pid), kv_i64("ms", (pr->beat - pr->started) / NS_PER_MS));
}

static void
on_close(void *ctx, struct chan *ch)
{
	struct proc *pr = ctx;

	(void)ch;
	pr->ch = NULL; /* its death comes by SIGCHLD */
}

static const struct chan_ops ops = { on_msg, on_close, NULL };

/* In the child, between fork and exec: only async-signal-safe calls. */
static _Noreturn void
become(const struct proc *pr, int fd, char *const argv[])
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd == ROLE_FD)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, ROLE_FD);
	fcntl(pr->p->lock, F_SETFD, 0); /* held as long as one of us lives */
	execv(pr->p->program, argv);
	_exit(127);
}

static void
hand_over(struct proc *pr)
{
	struct parent *p = pr->p;

	for (size_t i = 0; i < p->procs.n; i++)
		if (p->procs.v[i] != pr && may_talk(pr->role->id, p->procs.v[i]->role->id))
			introduce(pr, p->procs.v[i]);
	for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++)
		if (listeners[i].role == pr->role->id && listeners[i].fd >= 0)
			give(pr, listeners[i].name, listeners[i].fd);
	if (pr->scratch >= 0)
		give(pr, "scratch", pr->scratch);
	chan_send(pr->ch, MSG_GO, 0, SL(""), -1);
}

static void
start_proc(struct proc *pr)
{
	char index[16], copies[16];
	char *argv[] = { (char *)(uintptr_t)pr->p->program, "-x", (char *)(uintptr_t)role_name(pr->role->id), "-i", index,
		         "-n", copies, "-c", (char *)(uintptr_t)pr->p->conf_path, NULL };
	int sv[2];

	snprintf(index, sizeof index, "%u", pr->index);
	snprintf(copies, sizeof copies, "%u", pr->copies);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	pr->started = pr->beat = loop_mono_ns();
	pr->pid = fork();
	must(pr->pid >= 0);
	if (pr->pid == 0)
		become(pr, sv[1], argv);
	close(sv[1]);
	pr->ch = chan_new(pr->p->loop, sv[0], &ops, pr);
	hand_over(pr);
}

/* ---- watching and stopping ---- */

static void
look_for_hangs(void *ctx)
{
	struct parent *p = ctx;

	for (size_t i = 0; i < p->procs.n; i++) {
		struct proc *pr = p->procs.v[i];

		if (pr->pid != 0 && loop_mono_ns() - pr->beat > HANGS_AFTER) {
			log_alert("role.hangs", kv_str("role", role_name(pr->role->id)), kv_i64("pid", pr->pid));
			kill(pr->pid, SIGKILL);
			pr->beat = loop_mono_ns();
		}
	}
}

static void
kill_rest(void *ctx)
{
	struct parent *p = ctx;

	for (size_t i = 0; i < p->procs.n; i++)
		if (p->procs.v[i]->pid != 0) {
			log_warn("role.stop_late", kv_str("role", role_name(p->procs.v[i]->role->id)));
			kill(p->procs.v[i]->pid, SIGKILL);
		}
}

static void
on_stop(void *ctx, int signo)
{
	struct parent *p = ctx;

	if (p->stopping)
		return;
	p->stopping = true;
	log_info("parent.stop", kv_i64("signal", signo));
	for (size_t i = 0; i < p->procs.n; i++)
		if (p->procs.v[i]->ch != NULL)
			chan_send(p->procs.v[i]->ch, MSG_STOP, 0, SL(""), -1);
	loop_timer(p->loop, STOP_PATIENCE, 0, kill_rest, p);
	if (all_gone(p))
		loop_stop(p->loop, 0);
}

/* New rules, sources, settings: a process of its own looks at them, so that no fault of theirs reaches us; only when it finds
 * nothing wrong the roles are started again, which loses nothing.  Otherwise everything stays. */
static void
on_reload(void *ctx, int signo)
{
	struct parent *p = ctx;
	char *argv[] = { (char *)(uintptr_t)p->program, "--check-config", "-c", (char *)(uintptr_t)p->conf_path, NULL };

	(void)signo;
	if (p->stopping || p->checking != 0)
		return;
	p->checking = fork();
	must(p->checking >= 0);
	if (p->checking == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv(p->program, argv);
		_exit(127);
	}
}

static void
checked(struct parent *p, int status)
{
	p->checking = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		log_error("parent.reload_refused", kv_i64("exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
		          kv_str("hint", "the faults stand before this line; what runs stays as it is"));
		return;
	}
	log_info("parent.reload");
	for (size_t i = 0; i < p->procs.n && !p->stopping; i++)
		if (p->procs.v[i]->ch != NULL)
			chan_send(p->procs.v[i]->ch, MSG_STOP, 0, SL(""), -1);
}

/* ---- start ---- */

static int
open_listener(const char *where, int *ret)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV }, *at;
	auto_free char *host = x_strdup(where);
	char *port = strrchr(host, ':');
	auto_close int fd = -1;
	int one = 1, r = E_CONFIG;

	if (port == NULL)
		return E_CONFIG;
	*port++ = '\0';
	if (getaddrinfo(host[0] != '\0' ? host : NULL, port, &want, &at) != 0)
		return E_CONFIG;
	fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 1024) == 0)
		r = 0;
	else
		r = E_IO;
	freeaddrinfo(at);
	if (r == 0)
		*ret = fd_take(&fd);
	return r;
}

static void
pause_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = RETRY_EVERY }, NULL);
}

static int
open_listeners(const struct conf *conf)
{
	int64_t end = loop_mono_ns() + PORT_PATIENCE;

	for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) {
		int r;

		if (conf_str(conf, listeners[i].key)[0] == '\0' && listeners[i].role == ROLE_MAIL)
			continue;
		while ((r = open_listener(conf_str(conf, listeners[i].key), &listeners[i].fd)) == E_IO && errno == EADDRINUSE &&
		       loop_mono_ns() < end)
			pause_a_little();
		if (r != 0) {
			log_error("parent.listen", kv_str("key", listeners[i].key),
			          kv_str("where", conf_str(conf, listeners[i].key)), kv_err(r), kv_str("reason", strerror(errno)));
			return r;
		}
	}
	return 0;
}

/* The one service of this data folder; E_IO when another one runs. */
static int
lock_folder(const struct conf *conf, int *ret)
{
	auto_free char *path = x_asprintf("%s/lock", conf_str(conf, "data"));
	auto_close int low = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	auto_close int fd = low >= 0 ? fcntl(low, F_DUPFD_CLOEXEC, LOCK_FD_LEAST) : -1;
	int64_t end = loop_mono_ns() + LOCK_PATIENCE;
	int r = -1;

	while (fd >= 0 && (r = flock(fd, LOCK_EX | LOCK_NB)) != 0 && (errno == EWOULDBLOCK || errno == EINTR) &&
	       loop_mono_ns() < end)
		pause_a_little();
	if (r != 0) {
		log_error("parent.lock", kv_str("file", path), kv_str("reason", strerror(errno)),
		          kv_str("hint", "does a service run on this folder already?"));
		return E_IO;
	}
	*ret = fd_take(&fd);
	return 0;
}

static void
add_procs(struct parent *p, const struct role *role, unsigned copies)
{
	for (unsigned i = 0; i < copies; i++) {
		struct proc *pr = x_calloc(1, sizeof *pr);

		*pr = (struct proc){ .p = p, .role = role, .index = i, .copies = copies, .scratch = -1 };
		if (role->id == ROLE_ENGINE || role->id == ROLE_MAIL) { /* what they read may kill them again and again */
			pr->scratch = memfd_create("nezuban-scratch", MFD_CLOEXEC);
			must(pr->scratch >= 0 && ftruncate(pr->scratch, SCRATCH_BYTES) == 0);
		}
		vec_push(&p->procs, pr);
	}
}

int
parent_main(const struct conf *conf, const char *program, const char *conf_path, const struct role *const *roles,
            size_t role_n)
{
	struct parent p = { .loop = loop_new(), .conf = conf, .program = program, .conf_path = conf_path, .lock = -1 };

	signal(SIGPIPE, SIG_IGN);
	if (frame_folders(conf) != 0 || lock_folder(conf, &p.lock) != 0 || frame_keys(conf) != 0 ||
	    open_listeners(conf) != 0)
		return 3;
	loop_signal(p.loop, SIGCHLD, on_child, &p);
	loop_signal(p.loop, SIGTERM, on_stop, &p);
	loop_signal(p.loop, SIGINT, on_stop, &p);
	loop_signal(p.loop, SIGHUP, on_reload, &p);
	for (size_t i = 0; i < role_n; i++)
		add_procs(&p, roles[i], roles[i]->id == ROLE_ENGINE ? (unsigned)conf_int(conf, "engines") : 1);
	for (size_t i = 0; i < p.procs.n; i++)
		start_proc(p.procs.v[i]);
	loop_timer(p.loop, NS_PER_S, NS_PER_S, look_for_hangs, &p);
	return loop_run(p.loop);
}
