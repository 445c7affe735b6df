/* SPDX-License-Identifier: Apache-2.0
 *
 * Role print: documents, one at a time.  It looks at no byte of a data set: it starts nezuban-print (main/nezuban_print.c), which confines
 * itself further, gives it the data set on standard input, takes the PDF from standard output, and sees to it that this ends.
 *
 *     web, notify ── PRINT ──▶ queue ─▶ fork, exec nezuban-print ─▶ PRINTED (PDF, or why not)
 *
 * Limits: 16 documents and 64 MiB of data sets wait, a data set is at most 32 MiB, a document 32 MiB, 40 s and 60 s of processor; memory
 * is the program's own limit.  Past them the answer is BUSY or FAILED, and the asker says so or does without.  A document belongs to the
 * channel it was asked on: when that peer is gone, it is not made.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "role/role.h"
#include "sys/fd.h"

#define QUEUE_MAX 16
#define QUEUE_BYTES (64u << 20)
#define DATA_MAX (32u << 20)
#define PDF_MAX (32u << 20)
#define RUN_FOR (40 * NS_PER_S)
#define CPU_S 60

struct job {
	uint64_t id;
	enum role_id from;
	bool gone;              /* nobody waits for it */
	uint32_t lang;
	struct buf data;
};

struct printer {
	struct role_env *env;
	char *program;
	struct chan *peers[ROLE_COUNT];
	VEC(struct job *) waiting;
	size_t bytes;           /* of the data sets that wait */
	struct job *now;
	pid_t pid;
	int status;             /* of the program, when it ended */
	bool ended, cut;        /* cut: we ended it */
	int in, out;            /* its standard input and output, ours to write and read; -1: closed */
	struct watch *in_watch, *out_watch;
	size_t written;
	struct buf pdf;
	struct timer *late;
};

static void start_next(struct printer *p);

static void
answer(struct printer *p, const struct job *j, enum printed_status status, struct slice pdf)
{
	struct msg_printed head = { .status = status };
	struct chan *to = p->peers[j->from];

	if (to != NULL && !j->gone)
		chan_send2(to, MSG_PRINTED, j->id, slice_of(&head, sizeof head), pdf, -1);
}

static void
job_free(struct job *j)
{
	buf_fini(&j->data);
	free(j);
}

static void
close_in(struct printer *p)
{
	watch_free(p->in_watch);
	p->in_watch = NULL;
	if (p->in >= 0)
		close(fd_take(&p->in));
}

static void
close_out(struct printer *p)
{
	watch_free(p->out_watch);
	p->out_watch = NULL;
	if (p->out >= 0)
		close(fd_take(&p->out));
}

static void
cut(struct printer *p, const char *why)
{
	if (p->pid == 0 || p->cut)
		return;
	log_warn("print.cut", kv_str("why", why));
	p->cut = true;
	kill(p->pid, SIGKILL);
}

static void
on_late(void *ctx)
{
	struct printer *p = ctx;

	p->late = NULL;
	cut(p, "it takes too long");
}

/* When the program has ended and its last byte was read. */
static void
finish(struct printer *p)
{
	bool good = !p->cut && WIFEXITED(p->status) && WEXITSTATUS(p->status) == 0 && p->pdf.n > 4;
	bool bad = !p->cut && WIFEXITED(p->status) && WEXITSTATUS(p->status) == 1;

	if (!p->ended || p->out >= 0)
		return;
	if (!good)
		log_error("print.failed", kv_i64("exit", WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1),
		          kv_i64("signal", WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0), kv_u64("bytes", p->now->data.n));
	else
		log_info("print.done", kv_u64("bytes", p->pdf.n));
	answer(p, p->now, good ? PRINTED_DONE : bad ? PRINTED_BAD : PRINTED_FAILED, good ? buf_slice(&p->pdf) : SL(""));
	timer_free(p->late);
	p->late = NULL;
	close_in(p);
	job_free(p->now);
	buf_fini(&p->pdf);
	p->pdf = (struct buf){ 0 };
	p->now = NULL;
	p->pid = 0;
	start_next(p);
}

static void
on_in(void *ctx, int fd, unsigned events)
{
	struct printer *p = ctx;
	ssize_t n = write(fd, p->now->data.p + p->written, p->now->data.n - p->written);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	p->written += n > 0 ? (size_t)n : 0;
	if (n < 0 || p->written == p->now->data.n)
		close_in(p); /* a program that reads no further says why by its exit status */
}

static void
on_out(void *ctx, int fd, unsigned events)
{
	struct printer *p = ctx;
	ssize_t n;

	(void)events;
	buf_reserve(&p->pdf, 65536);
	n = read(fd, p->pdf.p + p->pdf.n, 65536);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_out(p);
		finish(p);
		return;
	}
	p->pdf.n += (size_t)n;
	if (p->pdf.n > PDF_MAX) {
		cut(p, "the document is too large");
		close_out(p);
		finish(p);
	}
}

static void
on_child(void *ctx, int signo)
{
	struct printer *p = ctx;

	(void)signo;
	if (p->pid == 0 || p->ended || waitpid(p->pid, &p->status, WNOHANG) != p->pid)
		return;
	p->ended = true;
	finish(p);
}

/* ---- in the child, between fork and exec ---- */

static void
limit(int what, rlim_t most)
{
	struct rlimit r = { most, most };

	setrlimit((__rlimit_resource_t)what, &r);
}

static _Noreturn void
become(const struct printer *p, int in, int out)
{
	char *argv[] = { "nezuban-print", "--lang", p->now->lang == 0 ? "ja" : "en", NULL };
	char *env[] = { "LANG=C.UTF-8", "HOME=/nonexistent", NULL };
	int null = open("/dev/null", O_WRONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(3);
	close_range(3, ~0u, 0);
	limit(RLIMIT_CPU, CPU_S);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	execve(p->program, argv, env);
	_exit(127);
}

/* false: not even that was possible. */
static bool
run(struct printer *p)
{
	int in[2], out[2];

	if (p->program == NULL || pipe2(in, O_CLOEXEC) != 0)
		return false;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return false;
	}
	p->written = 0;
	p->ended = p->cut = false;
	p->pid = fork();
	if (p->pid == 0)
		become(p, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	p->in = in[1];
	p->out = out[0];
	if (p->pid < 0) {
		p->pid = 0;
		close_in(p);
		close_out(p);
		return false;
	}
	fd_nonblock(p->in);
	fd_nonblock(p->out);
	p->in_watch = loop_watch(p->env->loop, p->in, LOOP_OUT, on_in, p);
	p->out_watch = loop_watch(p->env->loop, p->out, LOOP_IN, on_out, p);
	p->late = loop_timer(p->env->loop, RUN_FOR, 0, on_late, p);
	return true;
}

static void
start_next(struct printer *p)
{
	while (p->now == NULL && p->waiting.n != 0) {
		struct job *j = p->waiting.v[0];

		memmove(p->waiting.v, p->waiting.v + 1, --p->waiting.n * sizeof *p->waiting.v);
		p->bytes -= j->data.n;
		p->now = j;
		if (!j->gone && run(p))
			return;
		if (!j->gone)
			log_error("print.start", kv_str("program", p->program != NULL ? p->program : "nezuban-print"), kv_i64("errno", errno));
		answer(p, j, PRINTED_FAILED, SL(""));
		job_free(j);
		p->now = NULL;
	}
}

/* ---- the role ---- */

static int
print_open(struct role_env *env)
{
	struct printer *p = x_calloc(1, sizeof *p);

	p->env = env;
	p->in = p->out = -1;
	p->program = program_path("nezuban-print");
	if (p->program == NULL)
		log_warn("print.absent", kv_str("hint", "nezuban-print does not lie beside this program: there are no documents"));
	loop_signal(env->loop, SIGCHLD, on_child, p);
	env->state = p;
	return 0;
}

static void
print_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct printer *p = env->state;
	struct msg_print head;
	struct job *j;

	(void)index;
	if (m->type != MSG_PRINT || m->body.n < sizeof head)
		return;
	memcpy(&head, m->body.p, sizeof head);
	j = x_calloc(1, sizeof *j);
	*j = (struct job){ .id = m->id, .from = peer, .lang = head.lang };
	if (head.lang > 1 || m->body.n - sizeof head > DATA_MAX) {
		answer(p, j, PRINTED_BAD, SL(""));
		job_free(j);
	} else if (p->waiting.n >= QUEUE_MAX || p->bytes + m->body.n > QUEUE_BYTES) {
		answer(p, j, PRINTED_BUSY, SL(""));
		job_free(j);
	} else {
		buf_put(&j->data, m->body.p + sizeof head, m->body.n - sizeof head);
		p->bytes += j->data.n;
		vec_push(&p->waiting, j);
		start_next(p);
	}
}

static void
print_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct printer *p = env->state;

	(void)index;
	p->peers[peer] = ch;
}

static void
print_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct printer *p = env->state;

	print_peer(env, peer, index, NULL);
	for (size_t i = 0; i < p->waiting.n; i++)
		p->waiting.v[i]->gone |= p->waiting.v[i]->from == peer;
	if (p->now != NULL && p->now->from == peer) {
		p->now->gone = true;
		cut(p, "nobody waits for it");
	}
}

static void
print_stop(struct role_env *env)
{
	struct printer *p = env->state;

	if (p->pid != 0)
		kill(p->pid, SIGKILL);
	loop_stop(env->loop, 0);
}

const struct role role_print = {
	.id = ROLE_PRINT,
	.open = print_open,
	.on_peer = print_peer,
	.on_peer_lost = print_lost,
	.on_msg = print_msg,
	.on_stop = print_stop,
};
