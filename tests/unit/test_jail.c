/* SPDX-License-Identifier: Apache-2.0
 *
 * Each case runs in a forked child: it enters a jail, tries one act, and tells by its exit status.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "sys/fd.h"
#include "sys/jail.h"

static char home[64];

enum { DID = 0, REFUSED = 10, NO_JAIL = 11, KILLED = 12 };

static int
run(const struct jail *j, bool (*act)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (jail_enter(j, NULL) != 0)
			_exit(NO_JAIL);
		_exit(act() ? DID : REFUSED);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
	return WEXITSTATUS(status);
}

static bool
open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool
write_home(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/w/new", home);
	return file_write_atomic(path, SL("x"), 0600) == 0 && unlink(path) == 0;
}

static bool
read_home(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/r/f", home);
	return open(path, O_RDONLY) >= 0;
}

static bool
read_own_program(void)
{
	return open("/proc/self/exe", O_RDONLY) >= 0;
}

static bool
write_read_only(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/r/f", home);
	return open(path, O_WRONLY) >= 0;
}

static bool
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool
make_raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static bool
udp_bind(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	return s >= 0 && bind(s, (struct sockaddr *)&a, sizeof a) == 0;
}

static bool
run_true(void)
{
	pid_t pid = vfork();
	int status = 1;

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
exec_only(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return false;
}

static bool
fork_only(void)
{
	return fork() >= 0;
}

static bool
trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool
make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static void *
nothing(void *ctx)
{
	return ctx;
}

static bool
ordinary_work(void)
{
	int sp[2], p[2];
	pthread_t t;
	char *m = malloc(64u << 20);

	if (m == NULL)
		return false;
	memset(m, 1, 64u << 20);
	log_debug("test.quiet");
	return socketpair(AF_UNIX, SOCK_STREAM, 0, sp) == 0 && pipe(p) == 0 && write(p[1], "x", 1) == 1 &&
	       pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0 &&
	       syscall(SYS_memfd_create, "x", 0) >= 0;
}

static bool
become_root(void)
{
	return setuid(0) == 0;
}

static void
nothing_allowed(void **state)
{
	struct jail j = { .user = "nobody" };

	(void)state;
	assert_int_equal(run(&j, ordinary_work), DID);
	assert_int_equal(run(&j, open_passwd), REFUSED);
	assert_int_equal(run(&j, write_home), REFUSED);
	assert_int_equal(run(&j, make_socket), REFUSED);
	assert_int_equal(run(&j, udp_bind), REFUSED);
	assert_int_equal(run(&j, make_code), REFUSED);
	assert_int_equal(run(&j, exec_only), KILLED);
	assert_true(run(&j, fork_only) != DID);
	assert_int_equal(run(&j, trace), KILLED);
	assert_int_equal(run(&j, become_root), KILLED);
}

static void
files_below_its_folders_only(void **state)
{
	char r[80], w[80];
	const char *rs[] = { r, NULL }, *ws[] = { w, NULL };
	struct jail j = { .may = JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES, .read = rs, .write = ws };
	struct jail_held held = { 0 };
	pid_t pid;
	int status;

	(void)state;
	snprintf(r, sizeof r, "%s/r", home);
	snprintf(w, sizeof w, "%s/w", home);
	assert_int_equal(run(&j, write_home), DID);
	assert_int_equal(run(&j, read_home), DID);
	assert_int_equal(run(&j, make_socket), REFUSED);
	pid = fork(); /* does this kernel have landlock at all? */
	if (pid == 0)
		_exit(jail_enter(&j, &held) == 0 && held.landlock ? 0 : 1);
	assert_true(waitpid(pid, &status, 0) == pid);
	if (status != 0) {
		print_message("this kernel has no landlock: folders are not checked\n");
		return;
	}
	assert_int_equal(run(&j, open_passwd), REFUSED);
	assert_int_equal(run(&j, write_read_only), REFUSED);
	assert_int_equal(run(&j, read_own_program), REFUSED);
	j.may |= JAIL_MAY_FOREIGN; /* a foreign library reads the files it was loaded from, or aborts */
	assert_int_equal(run(&j, read_own_program), DID);
}

static void
network_and_helpers(void **state)
{
	struct jail net = { .may = JAIL_MAY_CONNECT }, sip = { .may = JAIL_MAY_BIND },
		    speech = { .may = JAIL_MAY_EXEC };

	(void)state;
	assert_int_equal(run(&net, make_socket), DID);
	assert_int_equal(run(&net, make_raw_socket), REFUSED);
	assert_int_equal(run(&net, exec_only), KILLED);
	assert_int_equal(run(&sip, udp_bind), DID);
	assert_int_equal(run(&speech, run_true), DID);
	assert_int_equal(run(&speech, make_socket), REFUSED);
	assert_int_equal(run(&speech, trace), KILLED);
}

static int
set_up(void **state)
{
	char path[128];

	(void)state;
	snprintf(home, sizeof home, "/tmp/nezuban-jail-XXXXXX");
	if (mkdtemp(home) == NULL || chmod(home, 0755) != 0)
		return -1;
	snprintf(path, sizeof path, "%s/w", home);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s/r", home);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/r/f", home);
	return file_write_atomic(path, SL("x"), 0666);
}

static int
tear_down(void **state)
{
	static const char *const parts[] = { "/r/f", "/r", "/w", "" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s%s", home, parts[i]);
		remove(path);
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_allowed),
		cmocka_unit_test(files_below_its_folders_only),
		cmocka_unit_test(network_and_helpers),
	};

	return cmocka_run_group_tests_name("jail", tests, set_up, tear_down);
}
