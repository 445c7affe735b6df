/* SPDX-License-Identifier: Apache-2.0
 *
 * store_kill: a process that inserts is killed with -9 again and again, around the insert, its sync and the
 * file `positions`; each successor asks the rows where they are and goes on from there.  In the end every
 * row is there once.  The twin (a build with -DNEZUBAN_TWIN, argument "twin") believes the file `positions`
 * and does not ask the rows: it must be found out.
 *
 *     store_kill kill|twin [ROUNDS]        runs the test; 77 without libchdb
 *     store_kill child FOLDER              the process that is killed
 */
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "main/cli/blocks.h"
#include "base/err.h"
#include "store/store.h"

#define STREAMS 3
#define EACH 4      /* batches of a stream per insert */
#define LINES 400
#define INSERTS_MAX 100000

static const char *const streams[STREAMS] = { "aoba", "harbor", "third" };

static void
open_all(const char *folder, struct store **st, struct store_conn **conn, store_positions_vec *at)
{
	struct store_conf conf = { .folder = folder };
	struct buf err = { 0 };

	if (store_open(&conf, st, &err) != 0 || store_conn_new(*st, conn, &err) != 0 || store_positions(*conn, at, &err) != 0)
		die(2, "open: %s", err.n != 0 ? buf_cstr(&err) : "?");
	buf_fini(&err);
}

/* ---- the child ---- */

static int
insert_round(struct store_conn *conn, struct blocks_maker *m, uint64_t next[STREAMS])
{
	static struct store_block blk[STREAMS * EACH];
	static struct buf bytes[STREAMS * EACH];
	const struct store_block *list[STREAMS * EACH];
	struct buf err = { 0 };
	size_t n = 0;
	int r;

	for (int s = 0; s < STREAMS; s++)
		for (int k = 0; k < EACH; k++, n++) {
			buf_clear(&bytes[n]);
			blocks_make(m, streams[s], next[s] + (uint64_t)k, LINES, &bytes[n]);
			must(store_block_check(buf_slice(&bytes[n]), &blk[n], NULL) == 0);
			list[n] = &blk[n];
		}
	r = store_insert(conn, list, n, &err);
	buf_fini(&err);
	for (int s = 0; s < STREAMS; s++)
		next[s] += EACH;
	return r;
}

static int
child(const char *folder)
{
	uint64_t next[STREAMS] = { 1, 1, 1 };
	store_positions_vec at = { 0 };
	struct blocks_maker m;
	struct store_conn *conn;
	struct store *st;

	blocks_init(&m);
	m.batches = 1000000;
	open_all(folder, &st, &conn, &at);
	for (size_t i = 0; i < at.n; i++)
		for (int s = 0; s < STREAMS; s++)
			if (strcmp(at.v[i].key.tenant, streams[s]) == 0)
				next[s] = at.v[i].key.seq + 1;
	if (write(STDOUT_FILENO, "r", 1) != 1)
		return 2;
	for (int i = 0; i < INSERTS_MAX; i++) {
		if (insert_round(conn, &m, next) != 0)
			return 2;
		if (write(STDOUT_FILENO, "i", 1) != 1)
			return 2;
	}
	return 0;
}

/* ---- the test ---- */

static pid_t
start(const char *self, const char *folder, int *ret_fd)
{
	int p[2];
	pid_t pid;

	must(pipe(p) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		dup2(p[1], STDOUT_FILENO);
		close(p[0]);
		close(p[1]);
		execl(self, self, "child", folder, (char *)NULL);
		_exit(3);
	}
	close(p[1]);
	*ret_fd = p[0];
	return pid;
}

/* Waits for ready and the first insert of this process, then a random while, then kills. */
static bool
one_round(const char *self, const char *folder, uint64_t *seed)
{
	struct timespec nap;
	int fd, status;
	char c = 0;
	pid_t pid = start(self, folder, &fd);
	bool progress = false;

	while (!progress) {
		struct pollfd pf = { .fd = fd, .events = POLLIN };

		if (poll(&pf, 1, 60000) != 1 || read(fd, &c, 1) != 1)
			break;
		progress = c == 'i';
	}
	*seed = hash_mix(*seed + 0x9e3779b97f4a7c15ULL);
	nap = (struct timespec){ 0, (long)(*seed % 200000000) };
	nanosleep(&nap, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fd);
	return progress && WIFSIGNALED(status);
}

static uint64_t
number(struct store_conn *c, const char *sql)
{
	struct buf out = { 0 }, err = { 0 };
	uint64_t v;

	if (store_run(c, sql, "TSV", &out, &err) != 0)
		die(2, "%s: %s", sql, buf_cstr(&err));
	v = strtoull(buf_cstr(&out), NULL, 10);
	buf_fini(&out);
	buf_fini(&err);
	return v;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int
judge(const char *folder, unsigned kills, bool twin)
{
	store_positions_vec at = { 0 };
	struct store_conn *conn;
	struct store *st;
	uint64_t rows, distinct, wanted = 0, broken = 0;
	bool good;

	open_all(folder, &st, &conn, &at);
	for (size_t i = 0; i < at.n; i++) {
		wanted += at.v[i].key.seq * LINES;
		broken += at.v[i].broken || at.v[i].first != 1;
	}
	rows = number(conn, "SELECT count() FROM nz.events");
	distinct = number(conn, "SELECT uniqExact(tenant, lcp, epoch, seq, n) FROM nz.events");
	good = rows == wanted && distinct == wanted && broken == 0 && wanted != 0;
	printf("{\"kills\":%u,\"streams\":%zu,\"wanted\":%llu,\"rows\":%llu,\"distinct\":%llu,\"lost\":%lld,\"doubled\":%llu}\n", kills,
	       at.n, (unsigned long long)wanted, (unsigned long long)rows, (unsigned long long)distinct,
	       (long long)(wanted - distinct), (unsigned long long)(rows - distinct));
	if (twin)
		puts(good ? "the twin was not found out" : "the twin was found out");
	store_conn_free(conn);
	store_close(st);
	vec_fini(&at);
	return good != twin ? 0 : 1;
}

/* The judge is a process of its own as well: one store per process, and this one forks. */
int
main(int argc, char **argv)
{
	char folder[64] = "/tmp/nezuban-kill-XXXXXX", self[300];
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 12, kills = 0;
	char *library = store_find_library(NULL);
	uint64_t seed = 7;
	ssize_t n;
	int r;

	if (argc > 2 && strcmp(argv[1], "child") == 0)
		return child(argv[2]);
	if (library == NULL) {
		puts("skipped: libchdb is not installed (npm ci in src/store/chdb)");
		return 77;
	}
	free(library);
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	must(n > 0 && argc > 1 && mkdtemp(folder) != NULL);
	self[n] = '\0';
	for (unsigned i = 0; i < rounds; i++)
		kills += one_round(self, folder, &seed);
	if (kills < rounds)
		fprintf(stderr, "only %u of %u children were killed at work\n", kills, rounds);
	r = kills == rounds ? judge(folder, kills, strcmp(argv[1], "twin") == 0) : 1;
	fflush(stdout);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return r;
}
