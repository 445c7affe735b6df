/* SPDX-License-Identifier: Apache-2.0
 *
 * Each role cannot do what its row of tbl/roles.tbl says it must not.  A forked child enters the role's jail as the
 * running service does and tries the act; its exit status tells.  The users of the roles need not exist here.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "role/frame_priv.h"
#include "sys/fd.h"

static char home[64];
static struct conf *conf;

enum { DID, REFUSED, KILLED, NO_JAIL };

static bool
try_open(const char *below, int flags)
{
	char path[160];

	snprintf(path, sizeof path, "%s%s%s", below[0] == '/' ? "" : home, below[0] == '/' ? "" : "/", below);
	return open(path, flags, 0600) >= 0;
}

static bool read_secret(void) { return try_open("keys/sign.key", O_RDONLY); }
static bool read_shadow(void) { return try_open("/etc/shadow", O_RDONLY); }
static bool write_archive(void) { return try_open("archive/x", O_WRONLY | O_CREAT); }
static bool write_desk(void) { return try_open("desk/x", O_WRONLY | O_CREAT); }
static bool write_store(void) { return try_open("store/x", O_WRONLY | O_CREAT); }
static bool write_intel(void) { return try_open("intel/x", O_WRONLY | O_CREAT); }
static bool read_archive(void) { return try_open("archive/there", O_RDONLY); }
static bool read_desk(void) { return try_open("desk/there", O_RDONLY); }
static bool read_store(void) { return try_open("store/there", O_RDONLY); }
static bool inet(void) { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }
static bool packet(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }

static bool
bind_udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	return s >= 0 && bind(s, (struct sockaddr *)&a, sizeof a) == 0;
}

static bool
accept_one(void)
{
	return accept4(0, NULL, NULL, 0) >= 0 || errno != EPERM; /* no listener here: only whether the call is allowed */
}

static bool
run(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return false;
}

static bool trace(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0; }
static bool mounting(void) { (void)!chroot(home); return true; }

static bool
make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static const struct {
	const char *name;
	bool (*fn)(void);
} acts[] = {
	{ "secret", read_secret }, { "shadow", read_shadow }, { "w-archive", write_archive }, { "w-desk", write_desk },
	{ "w-store", write_store }, { "w-intel", write_intel }, { "r-archive", read_archive }, { "r-desk", read_desk },
	{ "r-store", read_store }, { "inet", inet }, { "packet", packet }, { "bind", bind_udp }, { "accept", accept_one },
	{ "exec", run }, { "ptrace", trace }, { "chroot", mounting }, { "code", make_code },
};
#define ACTS (sizeof acts / sizeof *acts)

/* What each role may; everything else must fail. */
static const struct {
	enum role_id role;
	const char *may;
} rights[] = {
	{ ROLE_INGEST, "accept" },
	{ ROLE_ARCHIVE, "w-archive r-archive" },
	{ ROLE_ENGINE, "code" },
	{ ROLE_STORE, "w-store r-store code" },
	{ ROLE_DESK, "w-desk r-desk" },
	{ ROLE_NOTIFY, "inet code" },
	{ ROLE_CALL, "inet bind accept code" },
	{ ROLE_WEB, "accept" },
	{ ROLE_MAIL, "accept" },
	{ ROLE_INTEL, "inet w-intel code" },
	{ ROLE_VERIFY, "" },
	{ ROLE_PRINT, "exec code" },
};

static bool
has_word(const char *list, const char *word)
{
	struct slice rest = slice_str(list);

	while (rest.n != 0)
		if (slice_eq(slice_cut(&rest, ' '), slice_str(word)))
			return true;
	return false;
}

static int
attempt(enum role_id role, bool (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct role_env env = { .conf = conf, .id = role, .copies = 1 };

		if (frame_jail(&env) != 0)
			_exit(NO_JAIL);
		_exit(fn() ? DID : REFUSED);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? KILLED : WEXITSTATUS(status);
}

static void
no_role_can_do_what_it_must_not(void **state)
{
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
		for (size_t k = 0; k < ACTS; k++) {
			bool may = has_word(rights[i].may, acts[k].name);
			int got = attempt(rights[i].role, acts[k].fn);

			if (got == NO_JAIL || (got == DID) != may)
				bad++, print_message("%s: %s %s (%d)\n", role_name(rights[i].role), acts[k].name,
				         may ? "must work and did not" : "must not work and did", got);
		}
	assert_int_equal(bad, 0);
}

/* A role that was added to the table without a jail of its own would run free. */
static void
every_role_has_its_row(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		bool seen = r == ROLE_PARENT;

		for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
			seen = seen || rights[i].role == r;
		if (!seen)
			fail_msg("%s is not tested", role_name((enum role_id)r));
	}
}

static void
only_the_table_s_pairs_talk(void **state)
{
	(void)state;
	assert_true(msg_is_allowed(MSG_PUT, ROLE_INGEST, ROLE_ARCHIVE));
	assert_false(msg_is_allowed(MSG_PUT, ROLE_WEB, ROLE_ARCHIVE));
	assert_false(msg_is_allowed(MSG_RECEIPT, ROLE_INGEST, ROLE_ARCHIVE));
	assert_false(msg_is_allowed(MSG_ENROLLED, ROLE_ENGINE, ROLE_INGEST));
	assert_false(msg_is_allowed(9999, ROLE_DESK, ROLE_INGEST));
}

static int
rm(const char *p, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(p);
}

static int
set_up(void **state)
{
	char path[160], text[300];
	struct whys ws = { 0 };
	static const char *const there[] = { "archive/there", "desk/there", "store/there" };

	(void)state;
	snprintf(home, sizeof home, "/tmp/nezuban-confine-XXXXXX");
	if (mkdtemp(home) == NULL || chmod(home, 0755) != 0)
		return -1;
	log_init("test", LOG_ALERT);
	snprintf(path, sizeof path, "%s/c.yaml", home);
	snprintf(text, sizeof text, "data: %s\n", home);
	if (file_write_atomic(path, slice_str(text), 0644) != 0 || conf_load(CONF_NEZUBAND, path, &conf, &ws) != 0)
		return -1;
	if (frame_folders(conf) != 0 || frame_keys(conf) != 0)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", home, there[i]);
		if (file_write_atomic(path, SL("x"), 0666) != 0)
			return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	conf_free(conf);
	return nftw(home, rm, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_role_can_do_what_it_must_not),
		cmocka_unit_test(every_role_has_its_row),
		cmocka_unit_test(only_the_table_s_pairs_talk),
	};

	return cmocka_run_group_tests_name("confine", tests, set_up, tear_down);
}
