/* SPDX-License-Identifier: Apache-2.0
 *
 * phone: a person with a telephone, for the demonstration and the scenes.  Runs Debian's baresip without
 * sound hardware on loopback, answers and presses keys as told, and records what it heard.
 *
 *     phone --port 5070 [--answer-after S] [--press DIGITS] [--press-after S] [--between S]
 *           [--record FILE.wav] [--hang-up-after S] [--calls N] [--refuse] [--never-answer] [--voice FILE.wav]
 *
 *   --port N            SIP over UDP and TCP at 127.0.0.1:N; call it as sip:phone@127.0.0.1:N
 *   --answer-after S    seconds between ringing and answer (default 1)
 *   --press DIGITS      keys to press after the answer, such as 1 or 94821 (default none)
 *   --press-after S     seconds between answer and the first key (default 5)
 *   --between S         seconds between two keys (default 1)
 *   --record FILE.wav   what the person heard (8 kHz, mono); from the second call on FILE-2.wav, …
 *   --hang-up-after S   hangs up so long after the answer (default: waits for the other side)
 *   --calls N           ends after N calls (default: runs until SIGTERM)
 *   --voice FILE.wav    what the person says (8 kHz, 16 bit, mono), from the answer on; default: nothing
 *   --name USER         whose telephone it is: sip:USER@… (default phone)
 *   --tls CERT.pem      SIP over TLS too, at the port above, with this certificate and key
 *   --refuse            refuses instead of answering; --never-answer lets it ring
 *
 * Prints one JSON object a line: {"what":"ready"|"ringing"|"answered"|"pressed"|"bye"|"recorded", …, "at":unix ms}.
 * Seconds may have a fraction.  Stops baresip by its own pid and removes its temporary folder.
 * Exit: 0 done, 2 usage, 3 baresip is missing or did not start.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct phone {
	int port, ctl, calls, calls_wanted, pressed;
	double answer_after, press_after, between, hang_up_after;
	const char *press, *record, *voice, *tls, *name;
	bool refuse, never;
	char dir[64];
	pid_t baresip;
	char in[65536];
	size_t in_n;
	bool ringing, up;
	int64_t answer_at, press_at, hang_up_at;
};

static volatile sig_atomic_t stopped;

static void
on_stop(int signo)
{
	(void)signo;
	stopped = 1;
}

static int64_t
now_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 2))) static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(",\"at\":%lld}\n", (long long)now_ms(CLOCK_REALTIME));
	fflush(stdout);
}

/* A port nobody listens on now. */
static int
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&a, len) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		exit(3);
	close(fd);
	return ntohs(a.sin_port);
}

static FILE *
create(const struct phone *p, const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	f = fopen(path, "we");
	if (f == NULL)
		exit(3);
	return f;
}

static void
put_le(FILE *f, uint32_t v, int n)
{
	for (; n-- > 0; v >>= 8)
		fputc((int)(v & 0xff), f);
}

/* The person's microphone: ten minutes of next to nothing. */
static void
write_silence(const struct phone *p)
{
	const uint32_t samples = 8000 * 600;
	FILE *f = create(p, "silence.wav");

	fputs("RIFF", f);
	put_le(f, 36 + samples * 2, 4);
	fputs("WAVEfmt ", f);
	put_le(f, 16, 4);
	put_le(f, 1, 2);
	put_le(f, 1, 2);
	put_le(f, 8000, 4);
	put_le(f, 16000, 4);
	put_le(f, 2, 2);
	put_le(f, 16, 2);
	fputs("data", f);
	put_le(f, samples * 2, 4);
	for (uint32_t i = 0; i < samples; i++)
		put_le(f, i % 7, 2);
	fclose(f);
}

static void
write_config(const struct phone *p, int ctl)
{
	char silence[128];
	FILE *f = create(p, "config");

	snprintf(silence, sizeof silence, "%s/silence.wav", p->dir);
	fprintf(f,
	        "sip_listen 127.0.0.1:%d\naudio_player aubridge,ear\naudio_source aufile,%s\n"
	        "audio_alert aubridge,bell\nmodule_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n"
	        "module aubridge.so\nmodule sndfile.so\nmodule_app account.so\nmodule_app menu.so\n"
	        "module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:%d\nsnd_path %s\nrtp_ports 30000-32000\nnet_interface 127.0.0.1\n",
	        p->port, p->voice != NULL ? p->voice : silence, ctl, p->dir);
	if (p->tls != NULL)
		fprintf(f, "sip_certificate %s\n", p->tls);
	fclose(f);
	f = create(p, "accounts");
	fprintf(f, "<sip:%s@127.0.0.1>;regint=0;answermode=manual;audio_codecs=pcmu,pcma\n", p->name != NULL ? p->name : "phone");
	fclose(f);
	write_silence(p);
}

static void
start_baresip(struct phone *p)
{
	pid_t parent = getpid();

	p->baresip = fork();
	if (p->baresip == 0) {
		int null = open("/dev/null", O_RDWR);
		char log[128];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(3);
		dup2(null, 0);
		snprintf(log, sizeof log, "%s/log", p->dir);
		dup2(open(log, O_WRONLY | O_CREAT, 0600), 1);
		dup2(1, 2);
		setenv("HOME", p->dir, 1);
		execlp("baresip", "baresip", "-f", p->dir, (char *)NULL);
		_exit(3);
	}
}

static int
connect_control(const struct phone *p, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	int64_t until = now_ms(CLOCK_MONOTONIC) + 10000;

	while (now_ms(CLOCK_MONOTONIC) < until && !stopped) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
			return fd;
		close(fd);
		if (waitpid(p->baresip, NULL, WNOHANG) != 0)
			return -1;
		poll(NULL, 0, 50);
	}
	return -1;
}

static void
command(const struct phone *p, const char *cmd, const char *params)
{
	char json[256], net[300];
	int n = params != NULL ? snprintf(json, sizeof json, "{\"command\":\"%s\",\"params\":\"%s\"}", cmd, params) :
	                         snprintf(json, sizeof json, "{\"command\":\"%s\"}", cmd);

	n = snprintf(net, sizeof net, "%d:%s,", n, json);
	if (write(p->ctl, net, (size_t)n) != n)
		stopped = 1;
}

static void
move_file(char *from, char *to)
{
	char *const argv[] = { (char *)"mv", (char *)"-f", from, to, NULL };
	pid_t pid;

	if (rename(from, to) == 0)
		return;
	pid = fork(); /* another file system */
	if (pid == 0) {
		execvp("mv", argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* sndfile wrote dump-…-dec.wav; it is moved away after each call, so there is one. */
static void
keep_recording(struct phone *p)
{
	DIR *d = opendir(p->dir);
	char from[400] = "", to[400];
	const char *dot = strrchr(p->record, '.');

	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		if (strstr(e->d_name, "dec.wav") != NULL)
			snprintf(from, sizeof from, "%s/%s", p->dir, e->d_name);
	if (d != NULL)
		closedir(d);
	if (from[0] == '\0')
		return;
	if (p->calls == 1 || dot == NULL)
		snprintf(to, sizeof to, "%s", p->record);
	else
		snprintf(to, sizeof to, "%.*s-%d%s", (int)(dot - p->record), p->record, p->calls, dot);
	move_file(from, to);
	say("{\"what\":\"recorded\",\"file\":\"%s\"", to);
}

static void
on_closed(struct phone *p)
{
	bool was_up = p->up;

	p->ringing = p->up = false;
	p->answer_at = p->press_at = p->hang_up_at = INT64_MAX;
	p->calls++;
	say("{\"what\":\"bye\"");
	if (was_up && p->record != NULL) {
		poll(NULL, 0, 200); /* baresip closes the file after it told us */
		keep_recording(p);
	}
	if (p->calls_wanted != 0 && p->calls >= p->calls_wanted)
		stopped = 1;
}

static void
on_event(struct phone *p, const char *type)
{
	int64_t now = now_ms(CLOCK_MONOTONIC);

	if (strcmp(type, "CALL_INCOMING") == 0) {
		p->ringing = true;
		p->answer_at = p->never ? INT64_MAX : now + (int64_t)(p->answer_after * 1000);
		say("{\"what\":\"ringing\"");
	} else if (strcmp(type, "CALL_ESTABLISHED") == 0) {
		p->up = true;
		p->pressed = 0;
		p->press_at = now + (int64_t)(p->press_after * 1000);
		p->hang_up_at = p->hang_up_after > 0 ? now + (int64_t)(p->hang_up_after * 1000) : INT64_MAX;
		say("{\"what\":\"answered\"");
	} else if (strcmp(type, "CALL_CLOSED") == 0) {
		on_closed(p);
	}
}

static void
take_netstrings(struct phone *p)
{
	size_t at = 0;

	for (;;) {
		char *colon = memchr(p->in + at, ':', p->in_n - at);
		size_t len, head;
		json_t *o;

		if (colon == NULL)
			break;
		len = strtoul(p->in + at, NULL, 10);
		head = (size_t)(colon - p->in) + 1;
		if (p->in_n < head + len + 1)
			break;
		o = json_loadb(p->in + head, len, 0, NULL);
		if (json_string_value(json_object_get(o, "type")) != NULL)
			on_event(p, json_string_value(json_object_get(o, "type")));
		json_decref(o);
		at = head + len + 1;
	}
	memmove(p->in, p->in + at, p->in_n - at);
	p->in_n -= at;
}

static void
act(struct phone *p)
{
	int64_t now = now_ms(CLOCK_MONOTONIC);

	if (p->ringing && !p->up && now >= p->answer_at) {
		p->answer_at = INT64_MAX;
		command(p, p->refuse ? "hangup" : "accept", NULL);
	}
	if (p->up && p->press != NULL && p->press[p->pressed] != '\0' && now >= p->press_at) {
		char digit[2] = { p->press[p->pressed++], '\0' };

		command(p, "sndcode", digit);
		p->press_at = now + (int64_t)(p->between * 1000);
		say("{\"what\":\"pressed\",\"digit\":\"%s\"", digit);
	}
	if (p->up && now >= p->hang_up_at) {
		p->hang_up_at = INT64_MAX;
		command(p, "hangup", NULL);
	}
}

static void
run(struct phone *p)
{
	while (!stopped) {
		struct pollfd fd = { .fd = p->ctl, .events = POLLIN };

		if (poll(&fd, 1, 50) > 0) {
			ssize_t n = read(p->ctl, p->in + p->in_n, sizeof p->in - p->in_n - 1);

			if (n <= 0)
				return;
			p->in_n += (size_t)n;
			p->in[p->in_n] = '\0';
			take_netstrings(p);
		}
		act(p);
	}
}

static void
remove_dir(const struct phone *p)
{
	DIR *d = opendir(p->dir);
	char path[400];

	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		snprintf(path, sizeof path, "%s/%s", p->dir, e->d_name);
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(p->dir);
}

static int
usage(void)
{
	fputs("usage: phone --port N [--answer-after S] [--press DIGITS] [--press-after S] [--between S] [--record FILE.wav]\n"
	      "             [--hang-up-after S] [--calls N] [--refuse] [--never-answer] [--voice FILE.wav]\n", stderr);
	return 2;
}

static bool
read_options(struct phone *p, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(o, "--refuse") == 0) {
			p->refuse = true;
			continue;
		}
		if (strcmp(o, "--never-answer") == 0) {
			p->never = true;
			continue;
		}
		if (v == NULL)
			return false;
		i++;
		if (strcmp(o, "--port") == 0)
			p->port = (int)strtol(v, NULL, 10);
		else if (strcmp(o, "--answer-after") == 0)
			p->answer_after = strtod(v, NULL);
		else if (strcmp(o, "--press") == 0 && strspn(v, "0123456789*#") == strlen(v))
			p->press = v;
		else if (strcmp(o, "--press-after") == 0)
			p->press_after = strtod(v, NULL);
		else if (strcmp(o, "--between") == 0)
			p->between = strtod(v, NULL);
		else if (strcmp(o, "--record") == 0)
			p->record = v;
		else if (strcmp(o, "--voice") == 0)
			p->voice = v;
		else if (strcmp(o, "--name") == 0)
			p->name = v;
		else if (strcmp(o, "--tls") == 0)
			p->tls = v;
		else if (strcmp(o, "--hang-up-after") == 0)
			p->hang_up_after = strtod(v, NULL);
		else if (strcmp(o, "--calls") == 0)
			p->calls_wanted = (int)strtol(v, NULL, 10);
		else
			return false;
	}
	return p->port > 0 && p->port < 65536;
}

int
main(int argc, char **argv)
{
	static struct phone p = { .answer_after = 1, .press_after = 5, .between = 1, .answer_at = INT64_MAX,
		                  .press_at = INT64_MAX, .hang_up_at = INT64_MAX };
	struct sigaction sa = { .sa_handler = on_stop };
	int ctl;

	if (!read_options(&p, argc, argv))
		return usage();
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	snprintf(p.dir, sizeof p.dir, "/tmp/nezuban-phone-XXXXXX");
	if (mkdtemp(p.dir) == NULL)
		return 3;
	ctl = free_port();
	write_config(&p, ctl);
	start_baresip(&p);
	p.ctl = connect_control(&p, ctl);
	if (p.ctl >= 0) {
		say("{\"what\":\"ready\",\"port\":%d", p.port);
		run(&p);
		close(p.ctl);
	}
	kill(p.baresip, SIGTERM);
	for (int i = 0; i < 40 && waitpid(p.baresip, NULL, WNOHANG) == 0; i++)
		poll(NULL, 0, 50);
	kill(p.baresip, SIGKILL);
	waitpid(p.baresip, NULL, 0);
	if (p.ctl < 0)
		fprintf(stderr, "phone: baresip did not start (%s/log)\n", p.dir);
	else
		remove_dir(&p);
	return p.ctl < 0 ? 3 : 0;
}
