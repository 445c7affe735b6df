/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords: argon2id on threads of their own.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/err.h"
#include "base/must.h"

#define PASSES 3
#define MEMORY (64u << 20)
#define PASSWORD_MAX 1024

/* Well formed, the cost of a true one, and nobody knows a password for it: made at start from random bytes. */
static char nothing_matches[crypto_pwhash_STRBYTES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct job {
	struct job *next;
	bool make, ok;
	char hash[crypto_pwhash_STRBYTES];
	char password[PASSWORD_MAX + 1];
	size_t n;
	auth_pool_fn *fn;
	void *ctx;
};

struct auth_pool {
	struct loop *loop;
	struct watch *watch;
	pthread_t thread[8];
	unsigned threads, queued, max;
	int event;
	bool stop;
	pthread_mutex_t lock; /* guards the two lists, queued and stop */
	pthread_cond_t more;
	struct job *todo, **todo_end, *done, **done_end;
};

static void
make_nothing(void)
{
	unsigned char random[32];

	must(sodium_init() >= 0);
	randombytes_buf(random, sizeof random);
	must(crypto_pwhash_str_alg(nothing_matches, (const char *)random, sizeof random, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0);
}

bool
auth_password_make(struct slice password, char ret[128])
{
	must(sodium_init() >= 0);
	if (password.n > PASSWORD_MAX)
		return false;
	return crypto_pwhash_str_alg(ret, password.p, password.n, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool
auth_password_check(const char *hash, struct slice password)
{
	bool known = hash != NULL, ok;

	pthread_once(&once, make_nothing);
	if (password.n > PASSWORD_MAX)
		return false;
	ok = crypto_pwhash_str_verify(known ? hash : nothing_matches, password.p, password.n) == 0;
	return ok && known;
}

const char *
auth_password_fault(struct slice password)
{
	static const char *const worn[] = { "password", "passw0rd", "123456789012", "qwertyuiop", "nezuban", "letmein", "administrator" };
	size_t chars = 0, same = 0;

	for (size_t i = 0; i < password.n; i++) {
		chars += ((unsigned char)password.p[i] & 0xc0) != 0x80;
		same += password.p[i] == password.p[0];
	}
	if (chars < 12)
		return "at least 12 characters";
	if (password.n > PASSWORD_MAX)
		return "at most 1,024 bytes";
	if (same == password.n)
		return "more than one character";
	for (size_t i = 0; i < sizeof worn / sizeof *worn; i++)
		if (password.n <= strlen(worn[i]) + 4 && slice_starts(password, slice_str(worn[i])))
			return "a password that is not on every list";
	return NULL;
}

static void *
work(void *ctx)
{
	struct auth_pool *p = ctx;
	uint64_t one = 1;
	struct job *j;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (p->todo == NULL && !p->stop)
			pthread_cond_wait(&p->more, &p->lock);
		if (p->stop)
			break;
		j = p->todo;
		if ((p->todo = j->next) == NULL)
			p->todo_end = &p->todo;
		pthread_mutex_unlock(&p->lock);
		if (j->make)
			j->ok = auth_password_make(slice_of(j->password, j->n), j->hash);
		else
			j->ok = auth_password_check(j->hash[0] != '\0' ? j->hash : NULL, slice_of(j->password, j->n));
		sodium_memzero(j->password, sizeof j->password);
		pthread_mutex_lock(&p->lock);
		j->next = NULL;
		*p->done_end = j;
		p->done_end = &j->next;
		if (write(p->event, &one, sizeof one) < 0)
			continue; /* the counter is full: the loop will look anyway */
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void
on_done(void *ctx, int fd, unsigned events)
{
	struct auth_pool *p = ctx;
	struct job *list, *j;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof n) < 0)
		return;
	pthread_mutex_lock(&p->lock);
	list = p->done;
	p->done = NULL;
	p->done_end = &p->done;
	pthread_mutex_unlock(&p->lock);
	while ((j = list) != NULL) {
		list = j->next;
		pthread_mutex_lock(&p->lock);
		p->queued--;
		pthread_mutex_unlock(&p->lock);
		j->fn(j->ctx, j->ok, j->make && j->ok ? j->hash : NULL);
		free(j);
	}
}

struct auth_pool *
auth_pool_new(struct loop *l, unsigned threads, unsigned queue_max)
{
	struct auth_pool *p = x_calloc(1, sizeof *p);

	pthread_once(&once, make_nothing);
	p->loop = l;
	p->max = queue_max;
	p->todo_end = &p->todo;
	p->done_end = &p->done;
	p->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(p->event >= 0);
	p->watch = loop_watch(l, p->event, LOOP_IN, on_done, p);
	must(pthread_mutex_init(&p->lock, NULL) == 0 && pthread_cond_init(&p->more, NULL) == 0);
	for (; p->threads < threads && p->threads < 8; p->threads++)
		must(pthread_create(&p->thread[p->threads], NULL, work, p) == 0);
	return p;
}

static void
drop(struct job *list)
{
	struct job *j;

	while ((j = list) != NULL) {
		list = j->next;
		sodium_memzero(j->password, sizeof j->password);
		free(j);
	}
}

void
auth_pool_free(struct auth_pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	drop(p->todo);
	drop(p->done);
	watch_free(p->watch);
	close(p->event);
	free(p);
}

static int
submit(struct auth_pool *p, bool make, const char *hash, struct slice password, auth_pool_fn *fn, void *ctx)
{
	struct job *j;

	pthread_mutex_lock(&p->lock);
	if (p->queued >= p->max) {
		pthread_mutex_unlock(&p->lock);
		return E_LIMIT;
	}
	p->queued++;
	pthread_mutex_unlock(&p->lock);
	j = x_calloc(1, sizeof *j);
	j->make = make;
	j->fn = fn;
	j->ctx = ctx;
	if (hash != NULL && strlen(hash) < sizeof j->hash)
		memcpy(j->hash, hash, strlen(hash) + 1);
	j->n = password.n <= PASSWORD_MAX ? password.n : 0;
	if (password.n > PASSWORD_MAX)
		j->hash[0] = '\0';
	memcpy(j->password, password.p, j->n);
	pthread_mutex_lock(&p->lock);
	*p->todo_end = j;
	p->todo_end = &j->next;
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

int
auth_pool_check(struct auth_pool *p, const char *hash, struct slice password, auth_pool_fn *fn, void *ctx)
{
	return submit(p, false, hash, password, fn, ctx);
}

int
auth_pool_make(struct auth_pool *p, struct slice password, auth_pool_fn *fn, void *ctx)
{
	return submit(p, true, NULL, password, fn, ctx);
}
