/* SPDX-License-Identifier: Apache-2.0
 *
 * See jail.h.  The seccomp list is written as groups of system call names: names that this machine's
 * kernel headers do not know are skipped, so one list serves x86-64 and arm64.
 */
#define _GNU_SOURCE
#include "sys/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <link.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "sys/fd.h"

/* ---- landlock: https://docs.kernel.org/userspace-api/landlock.html; newer rights than our headers know ---- */

#define LL_EXECUTE (1ULL << 0)
#define LL_WRITE_FILE (1ULL << 1)
#define LL_READ_FILE (1ULL << 2)
#define LL_READ_DIR (1ULL << 3)
#define LL_ALL_V1 ((1ULL << 13) - 1)
#define LL_REFER (1ULL << 13)    /* ABI 2 */
#define LL_TRUNCATE (1ULL << 14) /* ABI 3 */
#define LL_NET_ALL 3ULL          /* ABI 4: bind and connect over TCP */
#define LL_FILE_ONLY (LL_EXECUTE | LL_WRITE_FILE | LL_READ_FILE | LL_TRUNCATE)

struct ll_attr {
	uint64_t fs, net;
};

static const char *const read_for_all[] = { "/usr/share/zoneinfo", "/etc/localtime", "/dev/null", "/dev/urandom", NULL };
/* Of /etc only what name service and TLS read: where the roles' own users do not exist, root would see all of it. */
static const char *const read_for_net[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf",
	"/etc/host.conf", "/etc/services", "/etc/protocols", "/etc/ssl", "/etc/ld.so.cache", "/etc/gnutls", "/usr/lib", "/lib",
	"/usr/share", "/usr/local/share/ca-certificates", "/run/systemd/resolve", NULL };
static const char *const read_for_exec[] = { "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", NULL };
static const char *const read_for_foreign[] = { "/proc", "/sys", NULL };

static void
ll_allow(int rules, const char *const *paths, uint64_t rights)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		auto_close int fd = open(*paths, O_PATH | O_CLOEXEC);
		struct landlock_path_beneath_attr a = { .allowed_access = rights, .parent_fd = fd };
		struct stat st;

		if (fd < 0 || fstat(fd, &st) != 0)
			continue; /* what is not there cannot be opened either */
		if (!S_ISDIR(st.st_mode))
			a.allowed_access &= LL_FILE_ONLY;
		if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) != 0)
			log_warn("jail.landlock_rule", kv_str("path", *paths), kv_i64("errno", errno));
	}
}

/* The files this process runs from.  A foreign library names the places of its exceptions out of them; libchdb
 * aborts when it may not (seen where no cgroup is mounted, which it reports by an exception at its start). */
static int
ll_allow_loaded(struct dl_phdr_info *info, size_t size, void *rules)
{
	const char *path[] = { info->dlpi_name[0] != '\0' ? info->dlpi_name : "/proc/self/exe", NULL };

	(void)size;
	ll_allow(*(int *)rules, path, LL_READ_FILE);
	return 0;
}

static bool
enter_landlock(const struct jail *j)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ll_attr a = { .fs = LL_ALL_V1 | (abi >= 2 ? LL_REFER : 0) | (abi >= 3 ? LL_TRUNCATE : 0) };
	bool net = (j->may & (JAIL_MAY_CONNECT | JAIL_MAY_BIND)) != 0;
	uint64_t look = LL_READ_FILE | LL_READ_DIR;
	auto_close int rules = -1;

	if (abi < 1)
		return false;
	if (abi >= 4 && !net)
		a.net = LL_NET_ALL;
	rules = (int)syscall(SYS_landlock_create_ruleset, &a, abi >= 4 ? sizeof a : sizeof a.fs, 0);
	if (rules < 0)
		return false;
	ll_allow(rules, read_for_all, look | LL_WRITE_FILE);
	if (net)
		ll_allow(rules, read_for_net, look | LL_EXECUTE);
	if ((j->may & JAIL_MAY_EXEC) != 0) {
		ll_allow(rules, read_for_exec, look | LL_EXECUTE);
		ll_allow(rules, j->exec, look | LL_EXECUTE);
	}
	if ((j->may & JAIL_MAY_FOREIGN) != 0) {
		ll_allow(rules, read_for_foreign, look);
		dl_iterate_phdr(ll_allow_loaded, &rules);
	}
	if ((j->may & (JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES)) != 0)
		ll_allow(rules, j->read, look);
	if ((j->may & JAIL_MAY_WRITE_FILES) != 0)
		ll_allow(rules, j->write, a.fs & ~LL_EXECUTE);
	return syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

/* ---- seccomp ---- */

static const char *const call_always[] = { "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev",
	"close", "close_range", "fstat", "newfstatat", "fstatfs", "lseek", "munmap", "brk", "mremap", "madvise", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "poll", "ppoll", "select", "pselect6", "epoll_create1",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime",
	"timerfd_gettime", "signalfd4", "pipe", "pipe2", "dup", "dup2", "dup3", "fcntl", "futex", "futex_waitv",
	"set_robust_list", "get_robust_list", "set_tid_address", "rseq", "exit", "exit_group", "gettid", "getpid", "getppid",
	"getuid", "geteuid", "getgid", "getegid", "getgroups", "getrandom", "clock_gettime", "clock_getres",
	"clock_nanosleep", "nanosleep", "gettimeofday", "time", "times", "getrusage", "sysinfo", "uname", "sched_yield",
	"sched_getaffinity", "sched_getparam", "sched_getscheduler", "getcpu", "getrlimit", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg",
	"recvmmsg", "shutdown", "getsockopt", "setsockopt", "getsockname", "getpeername", "tgkill",
	"restart_syscall", "fdatasync", "fsync", "fallocate", "ftruncate", "memfd_create", "fadvise64", "membarrier",
	"msync", "mlock", "munlock", "mincore", "flock", "alarm", "setitimer", "getitimer", NULL };

static const char *const call_read[] = { "open", "openat", "openat2", "stat", "lstat", "statx", "access", "faccessat",
	"faccessat2", "readlink", "readlinkat", "getdents64", "getdents", "getcwd", "statfs", NULL };
static const char *const call_write[] = { "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat",
	"rmdir", "link", "linkat", "chmod", "fchmod", "fchmodat", "utimensat", "sync_file_range", "truncate", "umask",
	"fchown", "lchown", "chown", "fchownat", "copy_file_range", "sendfile", "symlink", "symlinkat", NULL };
static const char *const call_accept[] = { "accept", "accept4", "sendfile", "listen", NULL };
static const char *const call_connect[] = { "connect", NULL };
static const char *const call_bind[] = { "bind", "listen", "accept", "accept4", NULL };
static const char *const call_exec[] = { "execve", "execveat", "wait4", "waitid", "vfork", "fork", "kill", "pidfd_open",
	"pidfd_send_signal", "setpgid", "getpgrp", "chdir", "prctl", "arch_prctl", "prlimit64",
	/* a program may confine itself further */
	"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", NULL };
static const char *const call_foreign[] = { "sched_setaffinity", "sched_setscheduler", "sched_setparam", "setpriority", "getpriority", "timer_create", "timer_settime",
	"timer_gettime", "timer_delete", "rt_tgsigqueueinfo", "rt_sigqueueinfo", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"io_setup", "io_submit", "io_getevents", "io_destroy", "get_mempolicy", "set_mempolicy", "mbind", "chdir", "fchdir", "personality",
	"prctl", "arch_prctl", "process_mrelease", "fsetxattr", "fgetxattr", "getxattr", "flistxattr", "ioprio_get", "ioprio_set", "rt_sigsuspend", "pause",
	"pkey_alloc", "pkey_free", "preadv2", "pwritev2", "capget", "epoll_create", "copy_file_range", "sched_getattr", "setxattr", "lgetxattr", "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "kill", "wait4", NULL };
/* No honest line of ours makes these: whoever tries is not us any more. */
static const char *const call_kill[] = { "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "pivot_root",
	"chroot", "setns", "unshare", "bpf", "perf_event_open", "init_module", "finit_module", "delete_module", "kexec_load",
	"kexec_file_load", "reboot", "swapon", "swapoff", "keyctl", "add_key", "request_key", "userfaultfd", "open_by_handle_at",
	"setuid", "setgid", "setresuid", "setresgid", "setreuid", "setregid", "acct", "settimeofday", "clock_settime",
	"adjtimex", "sethostname", "setdomainname", "iopl", "ioperm", "mknod", "mknodat", NULL };

static int
add_names(scmp_filter_ctx f, uint32_t action, const char *const *names)
{
	for (; *names != NULL; names++) {
		int nr = seccomp_syscall_resolve_name(*names), r;

		if (nr == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add(f, action, nr, 0);
		if (r != 0 && r != -EEXIST && r != -EDOM)
			return E_UNSUPPORTED;
	}
	return 0;
}

/* Calls whose arguments are looked at. */
static int
add_careful(scmp_filter_ctx f, unsigned may)
{
	int r = 0;

	/* Threads, not processes; clone3 hides its flags in memory, ENOSYS makes libc take clone. */
	r |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if ((may & JAIL_MAY_EXEC) != 0)
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0);
	else
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		                      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if ((may & (JAIL_MAY_FOREIGN | JAIL_MAY_MAKE_CODE | JAIL_MAY_EXEC | JAIL_MAY_CONNECT)) != 0) {
		/* name service loads libraries, so whoever may connect may map code too */
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 0);
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 0);
	} else {
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	}
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if ((may & (JAIL_MAY_CONNECT | JAIL_MAY_BIND)) != 0) {
		static const int families[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK };

		for (size_t i = 0; i < sizeof families / sizeof *families; i++)
			r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			                      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	}
	/* Asking for limits is harmless, changing them is not. */
	if ((may & JAIL_MAY_EXEC) == 0)
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
	if ((may & (JAIL_MAY_EXEC | JAIL_MAY_FOREIGN)) == 0)
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	/* Only what asks about a descriptor: TIOCSTI and its kind put bytes into a terminal. */
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, 0x541B)); /* FIONREAD */
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, 0x5421)); /* FIONBIO */
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, 0x5401)); /* TCGETS */
	return r == 0 ? 0 : E_UNSUPPORTED;
}

static int
enter_seccomp(unsigned may)
{
	static const char *const no_exec[] = { "execve", "execveat", "fork", "vfork", NULL };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	unsigned files = may & (JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES | JAIL_MAY_CONNECT | JAIL_MAY_EXEC);
	int r;

	if (f == NULL)
		return E_UNSUPPORTED;
	r = add_names(f, SCMP_ACT_KILL_PROCESS, call_kill);
	r |= (may & JAIL_MAY_EXEC) == 0 ? add_names(f, SCMP_ACT_KILL_PROCESS, no_exec) : add_names(f, SCMP_ACT_ALLOW, call_exec);
	r |= add_names(f, SCMP_ACT_ALLOW, call_always) | add_careful(f, may);
	if (files != 0)
		r |= add_names(f, SCMP_ACT_ALLOW, call_read);
	if ((may & JAIL_MAY_WRITE_FILES) != 0)
		r |= add_names(f, SCMP_ACT_ALLOW, call_write);
	if ((may & JAIL_MAY_ACCEPT) != 0)
		r |= add_names(f, SCMP_ACT_ALLOW, call_accept);
	if ((may & JAIL_MAY_CONNECT) != 0)
		r |= add_names(f, SCMP_ACT_ALLOW, call_connect);
	if ((may & JAIL_MAY_BIND) != 0)
		r |= add_names(f, SCMP_ACT_ALLOW, call_bind);
	if ((may & JAIL_MAY_FOREIGN) != 0)
		r |= add_names(f, SCMP_ACT_ALLOW, call_foreign);
	if (r == 0 && seccomp_load(f) != 0)
		r = E_UNSUPPORTED;
	seccomp_release(f);
	return r != 0 ? E_UNSUPPORTED : 0;
}

/* ---- user and limits ---- */

static int
drop_user(const char *user, bool *ret_done)
{
	struct passwd *pw;

	if (user == NULL || geteuid() != 0 || (pw = getpwnam(user)) == NULL || pw->pw_uid == 0)
		return 0;
	if (setgroups(0, NULL) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return E_DENIED;
	*ret_done = true;
	return 0;
}

static void
set_limit(int what, rlim_t value)
{
	struct rlimit rl = { value, value }, now;

	if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < value)
		rl.rlim_cur = rl.rlim_max = now.rlim_max;
	if (setrlimit((__rlimit_resource_t)what, &rl) != 0)
		log_warn("jail.limit", kv_i64("resource", what), kv_i64("errno", errno));
}

int
jail_enter(const struct jail *j, struct jail_held *ret_held)
{
	struct jail_held held = { 0 };
	int r;

	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NOFILE, j->max_files != 0 ? j->max_files : 65536);
	if (j->max_memory != 0)
		set_limit(RLIMIT_AS, j->max_memory);
	if ((r = drop_user(j->user, &held.own_user)) != 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return E_UNSUPPORTED;
	held.landlock = enter_landlock(j);
	if ((r = enter_seccomp(j->may)) != 0)
		return r;
	held.seccomp = true;
	if (ret_held != NULL)
		*ret_held = held;
	return 0;
}

static int
give_one(int dir, const char *name, const struct passwd *pw)
{
	return fchownat(dir, name, pw->pw_uid, pw->pw_gid, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : E_IO;
}

int
jail_give(const char *path, const char *user)
{
	struct passwd *pw = geteuid() == 0 && user != NULL ? getpwnam(user) : NULL;
	struct dirent *e;
	DIR *d;
	int r;

	if (pw == NULL)
		return 0;
	r = give_one(AT_FDCWD, path, pw);
	if ((d = opendir(path)) == NULL)
		return r;
	while (r == 0 && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			r = give_one(dirfd(d), e->d_name, pw);
	closedir(d);
	return r;
}
