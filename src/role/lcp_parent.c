/* SPDX-License-Identifier: Apache-2.0
 *
 * The collector's parent: keeps descriptors, and processes alive.  It reads nothing that came from outside, so
 * there is little that could end it; everything else may die at any moment.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/lcp.h"
#include "sys/chan.h"
#include "sys/fd.h"

#define UDP_BUFFER (16 << 20)

enum child_id { WORKER, UPLINK, TLS, CHILDREN };

struct parent;

struct child {
	struct parent *p;
	enum child_id id;
	const char *name;
	pid_t pid;
	struct chan *ch;
	uint64_t done_at_start; /* work it had done when it was started */
	int64_t delay_ns;
	struct timer *again;
};

struct held {                 /* a descriptor kept for the worker */
	struct lcp_conn_msg msg;
	int fd;               /* what the worker reads */
	bool udp;
};

struct listener {
	struct parent *p;
	uint32_t index;
	int fd;
	struct watch *w;
};

struct parent {
	const struct conf *conf;
	const char *conf_path;
	struct lcp_setup setup;
	struct loop *loop;
	struct child child[CHILDREN];
	VEC(struct listener *) listeners;
	struct map held;      /* 16 bytes of id → struct held * */
	size_t connections, most;
	int devices_fd;       /* what the worker is told of devices, -1 = nothing yet */
	int board_fd, bell, intake_fd, net_fd; /* net_fd: the program that speaks TLS */
	struct lcp_board *board;
	bool stopping;
};

/* ---- descriptors ---- */

static struct held *
hold(struct parent *p, int fd, uint32_t listener, const char *peer, bool udp)
{
	struct held *h = x_calloc(1, sizeof *h);

	must(getrandom(h->msg.id, sizeof h->msg.id, 0) == sizeof h->msg.id);
	h->msg.listener = listener;
	snprintf(h->msg.peer, sizeof h->msg.peer, "%s", peer);
	h->fd = fd;
	h->udp = udp;
	map_put(&p->held, slice_of(h->msg.id, 16), NULL)->ptr = h;
	p->connections += !udp;
	return h;
}

static void
tell_worker(struct parent *p, const struct held *h)
{
	if (p->child[WORKER].ch != NULL)
		chan_send(p->child[WORKER].ch, h->udp ? LCP_SOCKET : LCP_CONN, 0, slice_of(&h->msg, sizeof h->msg), h->fd);
}

static void
tell_devices(struct parent *p)
{
	if (p->child[WORKER].ch != NULL && p->devices_fd >= 0)
		chan_send(p->child[WORKER].ch, LCP_DEVICES, 0, SL(""), p->devices_fd);
}

static void
peer_text(const struct sockaddr_storage *a, char *out, size_t n)
{
	char host[64] = "unknown";

	getnameinfo((const void *)a, sizeof *a, host, sizeof host, NULL, 0, NI_NUMERICHOST);
	snprintf(out, n, "%s", strncmp(host, "::ffff:", 7) == 0 ? host + 7 : host);
}

static void
set_options(int fd)
{
	int one = 1, idle = 60, interval = 10, count = 3;

	/* Urgent data in line, or the count of unread bytes would stop short (reliability 5.4). */
	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
	/* The kernel may hold as much as a few group commits; more is the sender's to keep. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 8 * (int)SPOOL_COMMIT_BYTES }, sizeof(int));
}

/* A connected pair over loopback TCP: unlike a Unix socket it counts what it received. */
static int
loopback_pair(int ret[2])
{
	auto_close int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_close int a = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, mine, theirs;
	socklen_t n = sizeof at;

	if (l < 0 || a < 0 || bind(l, (void *)&at, sizeof at) != 0 || listen(l, 4) != 0 ||
	    getsockname(l, (void *)&at, &n) != 0 || connect(a, (void *)&at, sizeof at) != 0 ||
	    getsockname(a, (void *)&mine, &n) != 0)
		return E_IO;
	for (;;) { /* somebody else on this machine may have been faster: only our own end is taken */
		int b = accept4(l, (void *)&theirs, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (b < 0)
			return E_IO;
		if (theirs.sin_port == mine.sin_port) {
			fd_nonblock(a);
			ret[0] = fd_take(&a);
			ret[1] = b;
			return 0;
		}
		close(b);
	}
}

static void
take_tls(struct parent *p, struct held *h, int raw)
{
	struct child *t = &p->child[TLS];

	chan_send(t->ch, LCP_RAW, 0, slice_of(&h->msg, sizeof h->msg), raw);
}

static void
on_accept(void *ctx, int fd, unsigned events)
{
	struct listener *l = ctx;
	struct parent *p = l->p;
	bool tls = p->setup.listeners.v[l->index].kind == LCP_TLS;

	(void)events;
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t n = sizeof from;
		int c = accept4(fd, (void *)&from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK), pair[2];
		char peer[64];
		struct held *h;

		if (c < 0)
			return;
		peer_text(&from, peer, sizeof peer);
		if (p->connections >= p->most || (tls && (p->child[TLS].ch == NULL || loopback_pair(pair) != 0))) {
			atomic_fetch_add(&p->board->refused, 1);
			close(c);
			continue;
		}
		set_options(c);
		if (!tls) {
			tell_worker(p, hold(p, c, l->index, peer, false));
			continue;
		}
		set_options(pair[1]);
		h = hold(p, pair[1], l->index, peer, false);
		take_tls(p, h, c);
		chan_send(p->child[TLS].ch, LCP_PLAIN, 0, slice_of(&h->msg, sizeof h->msg), pair[0]);
		close(c);
		close(pair[0]);
		tell_worker(p, h);
	}
}

static int
open_socket(const struct lcp_listener *l)
{
	struct addrinfo want = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		                 .ai_socktype = l->kind == LCP_UDP ? SOCK_DGRAM : SOCK_STREAM }, *ai;
	int fd, one = 1, size = UDP_BUFFER;

	if (getaddrinfo(l->address, l->port, &want, &ai) != 0)
		return -1;
	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		if (l->kind == LCP_UDP) {
			setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
			setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one);
			if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
				setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
		}
		if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || (l->kind != LCP_UDP && listen(fd, 1024) != 0)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(ai);
	return fd;
}

static int
open_listeners(struct parent *p)
{
	for (uint32_t i = 0; i < p->setup.listeners.n; i++) {
		const struct lcp_listener *l = &p->setup.listeners.v[i];
		int fd = open_socket(l);
		struct listener *x;
		struct sockaddr_storage at = { 0 };
		socklen_t n = sizeof at;

		if (fd < 0) {
			log_alert("lcp.listen", kv_str("listener", l->name), kv_str("why", strerror(errno)));
			return E_IO;
		}
		getsockname(fd, (void *)&at, &n);
		log_info("lcp.listening", kv_str("listener", l->name),
		         kv_u64("port", ntohs(((struct sockaddr_in *)&at)->sin_port)));
		if (l->kind == LCP_UDP) {
			hold(p, fd, i, l->name, true);
			continue;
		}
		x = x_calloc(1, sizeof *x);
		*x = (struct listener){ p, i, fd, NULL };
		x->w = loop_watch(p->loop, fd, LOOP_IN, on_accept, x);
		vec_push(&p->listeners, x);
	}
	return 0;
}

/* ---- children ---- */

static void start(struct child *c);

static void
on_again(void *ctx)
{
	struct child *c = ctx;

	c->again = NULL;
	start(c);
}

static void
on_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct child *c = ctx;
	struct parent *p = c->p;
	struct lcp_conn_msg id;
	struct map_slot *s;
	struct held *h;

	(void)ch;
	if (m->type == LCP_DEVICES && c->id == UPLINK && m->fd >= 0) {
		if (p->devices_fd >= 0)
			close(p->devices_fd);
		p->devices_fd = fd_take(&m->fd);
		tell_devices(p);
		return;
	}
	if (m->type != LCP_CLOSE || m->body.n != sizeof id || c->id != WORKER)
		return;
	memcpy(&id, m->body.p, sizeof id);
	if ((s = map_get(&p->held, slice_of(id.id, 16))) == NULL || (h = s->ptr)->udp)
		return;
	close(h->fd);
	map_del(&p->held, slice_of(id.id, 16));
	free(h);
	p->connections--;
	if (c->ch != NULL)
		chan_send(c->ch, LCP_GONE, 0, slice_of(&id, sizeof id), -1);
}

static void
on_close(void *ctx, struct chan *ch)
{
	struct child *c = ctx;

	(void)ch;
	c->ch = NULL;
}

static const struct chan_ops chan_ops_ = { on_msg, on_close, NULL };

/* In the child: the right descriptors at their places, nothing else of ours. */
static _Noreturn void
become(struct child *c, int sock)
{
	struct parent *p = c->p;
	int from[4] = { sock, p->board_fd, p->bell, p->intake_fd }, net = fcntl(p->net_fd, F_DUPFD_CLOEXEC, 20);
	char *argv[] = { "nezuban-lcp", "-x", (char *)(uintptr_t)c->name, "-c", (char *)(uintptr_t)p->conf_path, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (int i = 0; i < 4; i++) /* out of the way of 3 to 6 first */
		from[i] = fcntl(from[i], F_DUPFD, 20);
	for (int i = 0; i < 4; i++)
		if (from[i] < 0 || dup2(from[i], LCP_FD_CHAN + i) < 0)
			_exit(3);
	if (net < 0 || dup3(net, LCP_FD_INTAKE + 1, O_CLOEXEC) < 0)
		_exit(3);
	closefrom(LCP_FD_INTAKE + 2);
	if (c->id != WORKER)
		lcp_net_become(LCP_FD_INTAKE + 1, argv);
	else
		execv("/proc/self/exe", argv);
	_exit(3);
}

/* What a child achieves, to tell one that was killed from one that cannot live. */
static uint64_t
work_done(const struct child *c)
{
	const struct lcp_board *b = c->p->board;

	return c->id == WORKER ? atomic_load(&b->lines)
	       : c->id == UPLINK ? atomic_load(&b->sealed) + atomic_load(&b->stored) + atomic_load(&b->packed_seq)
	                         : 0;
}

static void
start(struct child *c)
{
	struct parent *p = c->p;
	int sv[2];
	_Atomic uint64_t *pid_at[] = { &p->board->worker_pid, &p->board->uplink_pid, &p->board->tls_pid };

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	c->done_at_start = work_done(c);
	c->pid = fork();
	must(c->pid >= 0);
	if (c->pid == 0)
		become(c, sv[1]);
	close(sv[1]);
	atomic_store(pid_at[c->id], (uint64_t)c->pid);
	chan_free(c->ch);
	c->ch = chan_new(p->loop, sv[0], &chan_ops_, c);
	if (c->id != WORKER)
		return;
	tell_devices(p);
	for (struct map_slot *s = NULL; (s = map_next(&p->held, s)) != NULL;)
		tell_worker(p, s->ptr);
	chan_send(c->ch, LCP_GO, 0, SL(""), -1);
}

static void
on_child_end(struct parent *p, struct child *c, int status)
{
	bool idle = work_done(c) == c->done_at_start;

	c->pid = 0;
	if (p->stopping)
		return;
	log_warn("lcp.child_ended", kv_str("child", c->name), kv_i64("exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
	         kv_i64("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
	/* at once after work, else slower and slower */
	c->delay_ns = !idle ? 0 : c->delay_ns == 0 ? 20 * NS_PER_MS : c->delay_ns * 2;
	if (c->delay_ns > NS_PER_S / 2)
		c->delay_ns = NS_PER_S / 2; /* what the kernel holds for us meanwhile is bounded */
	if (c->again == NULL)
		c->again = loop_timer(p->loop, c->delay_ns, 0, on_again, c);
}

static void
on_sigchld(void *ctx, int signo)
{
	struct parent *p = ctx;
	int status, left = 0;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < CHILDREN; i++)
			if (p->child[i].pid == pid)
				on_child_end(p, &p->child[i], status);
	for (int i = 0; i < CHILDREN; i++)
		left += p->child[i].pid != 0;
	if (p->stopping && left == 0)
		loop_stop(p->loop, 0);
}

static void
on_kill_late(void *ctx)
{
	struct parent *p = ctx;

	for (int i = 0; i < CHILDREN; i++)
		if (p->child[i].pid != 0)
			kill(p->child[i].pid, SIGKILL);
}

static void
on_stop(void *ctx, int signo)
{
	struct parent *p = ctx;

	(void)signo;
	if (p->stopping)
		return;
	p->stopping = true;
	for (int i = 0; i < CHILDREN; i++)
		if (p->child[i].pid != 0)
			kill(p->child[i].pid, SIGTERM);
	loop_timer(p->loop, 5 * NS_PER_S, 0, on_kill_late, p);
}

static int
shared_memory(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	must(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	return fd;
}

static void
prepare_intake(int fd)
{
	struct lcp_intake *in = mmap(NULL, sizeof *in, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(in != MAP_FAILED);
	must(getrandom(in->id, sizeof in->id, 0) == sizeof in->id);
	in->round = 1;
	for (int i = 0; i < INTAKE_SLOTS; i++)
		in->head[i].msg_len = INTAKE_EMPTY;
	munmap(in, sizeof *in);
}

int
lcp_parent_main(const struct conf *c, const char *conf_path)
{
	static const char *const names[CHILDREN] = { "worker", "uplink", "tls" };
	struct parent p = { .conf = c, .conf_path = conf_path, .devices_fd = -1, .most = (size_t)conf_int(c, "connections") };
	struct whys ws = { 0 };
	bool tls = false;
	int ret;

	signal(SIGPIPE, SIG_IGN);
	if (lcp_setup_read(c, &p.setup, &ws) != 0)
		return 2;
	p.loop = loop_new();
	p.board_fd = shared_memory("lcp-board", sizeof *p.board);
	p.board = lcp_board_map(p.board_fd);
	p.intake_fd = shared_memory("lcp-intake", sizeof(struct lcp_intake));
	prepare_intake(p.intake_fd);
	p.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(p.bell >= 0);
	p.net_fd = lcp_net_open();
	if (p.net_fd < 0) {
		log_alert("lcp.no_net_program", kv_str("why", "nezuban-lcp-net does not lie beside this program"));
		return 3;
	}
	if (open_listeners(&p) != 0)
		return 3;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	loop_signal(p.loop, SIGCHLD, on_sigchld, &p);
	loop_signal(p.loop, SIGTERM, on_stop, &p);
	loop_signal(p.loop, SIGINT, on_stop, &p);
	for (size_t i = 0; i < p.setup.listeners.n; i++)
		tls |= p.setup.listeners.v[i].kind == LCP_TLS;
	for (int i = 0; i < CHILDREN; i++) {
		p.child[i] = (struct child){ .p = &p, .id = (enum child_id)i, .name = names[i] };
		if (i != TLS || tls)
			start(&p.child[i]);
	}
	ret = loop_run(p.loop);
	for (int i = 0; i < CHILDREN; i++)
		chan_free(p.child[i].ch);
	return ret;
}
