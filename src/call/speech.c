/* SPDX-License-Identifier: Apache-2.0
 *
 * Speech: text → samples, by espeak-ng run as a program (it is GPL-3 and parses text: neither its
 * licence nor its faults come into our address space).
 *
 *     engine ──chan──▶ helper (forked before the jail) ──fork, exec──▶ espeak-ng --stdin --stdout
 *            ◀──samples at 8 kHz──                     ◀──WAV──
 *
 * The helper exists so that the role itself may be jailed without the right to run programs.  One
 * sentence at a time; each run is bounded in time (10 s), processor (5 s), memory (512 MiB), files
 * (none written) and output (8 MiB).  No shell; the text goes through standard input.
 * Sentences are kept in memory (16 MiB), so the fixed ones cost nothing after the first call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "call/call_priv.h"
#include "sys/chan.h"
#include "sys/fd.h"

#define RUN_FOR (10 * NS_PER_S)
#define WAV_MAX (8u << 20)
#define TEXT_MAX 4096u
#define CACHE_MAX (16u << 20)

struct speech {
	pid_t helper;
	int fd;              /* until attached */
	struct chan *ch;
	speech_fn *fn;
	void (*on_lost)(void *ctx);
	void *ctx;
	struct map cache;    /* "ja:text" → struct pcm * */
	size_t cached;       /* bytes */
	struct map asked;    /* id (8 bytes) → key, as a heap string */
};

/* ---- in the helper ---- */

static void
limit(int what, rlim_t most)
{
	struct rlimit r = { most, most };

	setrlimit(what, &r);
}

static _Noreturn void
run_voice(const char *program, enum lang lang, int in, int out)
{
	char *const argv[] = { (char *)"espeak-ng", (char *)"-v", (char *)(lang == LANG_JA ? "ja" : "en"), (char *)"-s",
		(char *)(lang == LANG_JA ? "185" : "165"), (char *)"-b", (char *)"1", (char *)"--stdin", (char *)"--stdout",
		NULL };
	char *const env[] = { (char *)"LANG=C.UTF-8", (char *)"HOME=/nonexistent",
		(char *)"PULSE_SERVER=/nonexistent", NULL }; /* --stdout, yet it looks for a sound server */
	int null = open("/dev/null", O_WRONLY);

	dup2(in, 0);
	dup2(out, 1);
	dup2(null, 2);
	close_range(3, ~0u, 0);
	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_CPU, 5);
	limit(RLIMIT_AS, 512u << 20);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
	execve(program, argv, env);
	_exit(127);
}

/* Reads to the end or until the time is up; false when it was cut. */
static bool
collect(int fd, struct buf *out)
{
	int64_t until = loop_mono_ns() + RUN_FOR;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = (until - loop_mono_ns()) / NS_PER_MS;
		ssize_t n;

		if (left <= 0 || out->n > WAV_MAX)
			return false;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		buf_reserve(out, 65536);
		n = read(fd, out->p + out->n, 65536);
		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			out->n += (size_t)n;
	}
}

/* One run of the program; 0 and its WAV, or E_…. */
static int
speak(const char *program, enum lang lang, struct slice text, struct buf *wav)
{
	int in[2], out[2], status;
	bool whole;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) != 0)
		return E_IO;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return E_IO;
	}
	pid = fork();
	if (pid == 0)
		run_voice(program, lang, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (pid > 0)
		fd_write_all(in[1], text.p, text.n); /* TEXT_MAX fits a pipe: never blocks */
	close(in[1]);
	whole = pid > 0 && collect(out[0], wav);
	close(out[0]);
	if (pid < 0)
		return E_IO;
	if (!whole)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		return E_TIMEOUT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : E_IO;
}

static void
helper_msg(void *ctx, struct chan *ch, struct msg *m)
{
	struct buf wav = { 0 };
	struct pcm pcm = { 0 };
	int r = m->type < LANG_COUNT && m->body.n <= TEXT_MAX ? 0 : E_RANGE;

	if (r == 0)
		r = speak(ctx, (enum lang)m->type, m->body, &wav);
	if (r == 0)
		r = pcm_from_wav(buf_slice(&wav), &pcm);
	chan_send(ch, (uint16_t)-r, m->id, slice_of(pcm.v, r == 0 ? pcm.n * sizeof *pcm.v : 0), -1);
	pcm_fini(&pcm);
	buf_fini(&wav);
}

static void
helper_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
	_exit(0);
}

/* The role's own user comes with its jail, later than this fork: the helper lets root go by itself. */
static bool
drop_root(void)
{
	struct passwd *pw;

	if (geteuid() != 0)
		return true;
	pw = getpwnam("nezuban-call");
	if (setgroups(0, NULL) != 0)
		return false;
	return setgid(pw != NULL ? pw->pw_gid : 65534) == 0 && setuid(pw != NULL ? pw->pw_uid : 65534) == 0;
}

static _Noreturn void
helper_main(int fd, const char *espeak)
{
	static const struct chan_ops ops = { .on_msg = helper_msg, .on_close = helper_close };
	struct loop *l;
	sigset_t none;

	/* Keeps 0..2 and the channel, whatever else the role had open. */
	if (dup2(fd, 3) < 0 || !drop_root())
		_exit(3);
	close_range(4, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* meant for the whole group; the closed channel ends us */
	signal(SIGTERM, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "nezuban-speech");
	l = loop_new();
	chan_new(l, 3, &ops, (void *)(uintptr_t)espeak);
	_exit(loop_run(l));
}

/* ---- in the role ---- */

struct speech *
speech_start(const char *espeak)
{
	struct speech *s;
	int sv[2];
	pid_t pid;

	if (access(espeak, X_OK) != 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) != 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		helper_main(sv[1], espeak);
	close(sv[1]);
	if (pid < 0) {
		close(sv[0]);
		return NULL;
	}
	s = x_calloc(1, sizeof *s);
	s->helper = pid;
	s->fd = sv[0];
	return s;
}

static void
cache_clear(struct speech *s)
{
	for (struct map_slot *m = NULL; (m = map_next(&s->cache, m)) != NULL;) {
		pcm_fini(m->ptr);
		free(m->ptr);
	}
	map_fini(&s->cache);
	s->cached = 0;
}

void
speech_stop(struct speech *s)
{
	if (s == NULL)
		return;
	if (s->ch != NULL)
		chan_free(s->ch);
	else if (s->fd >= 0)
		close(s->fd);
	/* The closed channel ends it; a sentence it still works on is not waited for. */
	kill(s->helper, SIGKILL);
	while (waitpid(s->helper, NULL, 0) < 0 && errno == EINTR)
		;
	cache_clear(s);
	for (struct map_slot *m = NULL; (m = map_next(&s->asked, m)) != NULL;)
		free(m->ptr);
	map_fini(&s->asked);
	free(s);
}

static struct pcm
pcm_copy(const struct pcm *p)
{
	struct pcm c = { x_malloc(p->n * sizeof *p->v + 1), p->n };

	memcpy(c.v, p->v, p->n * sizeof *p->v);
	return c;
}

static void
cache_put(struct speech *s, char *key, const struct pcm *p)
{
	struct map_slot *m;
	bool fresh;

	if (s->cached + p->n * sizeof *p->v > CACHE_MAX)
		cache_clear(s);
	m = map_put(&s->cache, slice_str(key), &fresh);
	if (!fresh)
		return;
	m->ptr = x_malloc(sizeof *p);
	*(struct pcm *)m->ptr = pcm_copy(p);
	s->cached += p->n * sizeof *p->v;
}

static void
on_spoken(void *ctx, struct chan *ch, struct msg *m)
{
	struct speech *s = ctx;
	struct map_slot *a = map_get(&s->asked, slice_of(&m->id, sizeof m->id));
	struct pcm pcm = { 0 };
	int err = -(int)m->type;

	(void)ch;
	if (a == NULL)
		return;
	if (err == 0 && (m->body.n == 0 || m->body.n % 2 != 0))
		err = E_CORRUPT;
	if (err == 0) {
		pcm = (struct pcm){ x_malloc(m->body.n), m->body.n / 2 };
		memcpy(pcm.v, m->body.p, m->body.n);
		cache_put(s, a->ptr, &pcm);
	}
	free(a->ptr);
	map_del(&s->asked, slice_of(&m->id, sizeof m->id));
	s->fn(s->ctx, m->id, err, &pcm);
	pcm_fini(&pcm);
}

static void
on_helper_lost(void *ctx, struct chan *ch)
{
	struct speech *s = ctx;

	(void)ch;
	s->ch = NULL;
	s->fd = -1;
	log_error("call.speech.lost", kv_i64("pid", s->helper));
	s->on_lost(s->ctx);
}

int
speech_attach(struct speech *s, struct loop *l, speech_fn *fn, void (*on_lost)(void *ctx), void *ctx)
{
	static const struct chan_ops ops = { .on_msg = on_spoken, .on_close = on_helper_lost };

	s->fn = fn;
	s->on_lost = on_lost;
	s->ctx = ctx;
	s->ch = chan_new(l, s->fd, &ops, s);
	s->fd = -1;
	return 0;
}

void
speech_say(struct speech *s, uint64_t id, enum lang lang, struct slice text)
{
	char *key = x_asprintf("%d:" SL_FMT, (int)lang, SL_ARG(text));
	struct map_slot *known = map_get(&s->cache, slice_str(key));

	if (known != NULL) {
		struct pcm copy = pcm_copy(known->ptr);

		free(key);
		s->fn(s->ctx, id, 0, &copy);
		pcm_fini(&copy);
		return;
	}
	if (s->ch == NULL || text.n > TEXT_MAX) {
		struct pcm none = { 0 };

		free(key);
		s->fn(s->ctx, id, s->ch == NULL ? E_EOF : E_TOOBIG, &none);
		return;
	}
	map_put(&s->asked, slice_of(&id, sizeof id), NULL)->ptr = key;
	chan_send(s->ch, (uint16_t)lang, id, text, -1);
}
