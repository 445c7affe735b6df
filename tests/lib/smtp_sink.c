/* SPDX-License-Identifier: Apache-2.0
 *
 * smtp_sink: a mail server that keeps what it gets, for the demonstration and for fault tests.
 *
 *     smtp_sink --port N --dir FOLDER [--script WORD[,WORD…]] [--mails N]
 *
 *   --port N     127.0.0.1:N; 0 takes a free one (it is printed)
 *   --dir FOLDER one file per mail: 0001.eml, 0002.eml, … as it came (dots unstuffed, CRLF kept)
 *   --script     what happens to the 1st, 2nd, … connection; the last word goes on for all that follow (default ok)
 *                  ok          takes the mail
 *                  4xx-hello   421 instead of a greeting      4xx-rcpt  451 to RCPT     4xx-data  451 after the mail
 *                  5xx-rcpt    550 to RCPT                    5xx-data  554 after the mail
 *                  tarpit      greets and then says nothing   reset     takes the mail, resets before the 250
 *                  close       closes at once             mute-quit takes the mail, never answers QUIT
 *   --mails N    ends after N mails (default: runs until SIGTERM)
 *
 * Prints one JSON object a line: {"what":"ready","port":N}, {"what":"connection","script":…}, and per mail
 * {"what":"mail","file","from","to","message_id","subject","bytes"} (subject as it stands in the header, unfolded).
 * A mail that is reset is kept too and says "reset":true.  Exit: 0 done, 2 usage, 3 could not listen.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNS 64
#define LINE_MAX_ 4096
#define MAIL_MAX (32u << 20)

struct conn {
	int fd;
	char script[16];
	char line[LINE_MAX_];
	size_t line_n;
	char from[300], to[600];
	bool in_data, over;
	char *mail;
	size_t mail_n, mail_cap;
};

static struct conn conns[CONNS];
static const char *dir;
static const char *script = "ok";
static int kept, wanted;
static volatile sig_atomic_t stopped;

static void
on_stop(int signo)
{
	(void)signo;
	stopped = 1;
}

static void
answer(struct conn *c, const char *text)
{
	size_t n = strlen(text);

	if (send(c->fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
		c->over = true;
}

static void
end(struct conn *c)
{
	close(c->fd);
	free(c->mail);
	*c = (struct conn){ .fd = -1 };
}

/* The header's value, unfolded; the mail is NUL-terminated. */
static void
header(const char *mail, const char *name, char *out, size_t cap)
{
	size_t n = strlen(name), at = 0;

	out[0] = '\0';
	for (const char *p = mail; *p != '\0' && strncmp(p, "\r\n", 2) != 0;) {
		const char *nl = strstr(p, "\r\n");

		if (nl == NULL)
			return;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			while (*p == ' ')
				p++;
			for (; *p != '\0' && at + 1 < cap; p++) {
				if (strncmp(p, "\r\n", 2) == 0) {
					if (p[2] != ' ' && p[2] != '\t')
						break;
					p++;
					continue;
				}
				out[at++] = *p;
			}
			out[at] = '\0';
			return;
		}
		p = nl + 2;
	}
}

static void
keep(struct conn *c, bool reset)
{
	char path[600], id[300], subject[2000];
	json_t *o;
	FILE *f;

	snprintf(path, sizeof path, "%s/%04d.eml", dir, ++kept);
	f = fopen(path, "we");
	if (f == NULL || fwrite(c->mail, 1, c->mail_n, f) != c->mail_n || fclose(f) != 0)
		exit(3);
	header(c->mail, "Message-ID", id, sizeof id);
	header(c->mail, "Subject", subject, sizeof subject);
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "what", "mail", "file", path, "from", c->from, "to", c->to, "message_id",
	              id, "subject", subject, "bytes", (int)c->mail_n);
	if (o != NULL && reset)
		json_object_set_new(o, "reset", json_true());
	if (o == NULL)
		o = json_pack("{s:s, s:s}", "what", "mail", "file", path); /* bytes that are no UTF-8 */
	json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	putchar('\n');
	fflush(stdout);
}

static void
mail_ends(struct conn *c)
{
	c->in_data = false;
	if (c->mail == NULL)
		c->mail = calloc(1, 1);
	if (strcmp(c->script, "4xx-data") == 0) {
		answer(c, "451 4.3.0 later\r\n");
	} else if (strcmp(c->script, "5xx-data") == 0) {
		answer(c, "554 5.6.0 not this\r\n");
	} else if (strcmp(c->script, "reset") == 0) {
		struct linger hard = { 1, 0 };

		keep(c, true);
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
		c->over = true;
	} else {
		keep(c, false);
		answer(c, "250 2.0.0 kept\r\n");
	}
	c->mail_n = 0;
}

static void
data_line(struct conn *c, const char *line, size_t n)
{
	if (n == 1 && line[0] == '.') {
		mail_ends(c);
		return;
	}
	if (n != 0 && line[0] == '.') {
		line++;
		n--;
	}
	if (c->mail_n + n + 3 > MAIL_MAX) {
		c->over = true;
		return;
	}
	if (c->mail_n + n + 3 > c->mail_cap) {
		c->mail_cap = (c->mail_n + n + 3) * 2;
		c->mail = realloc(c->mail, c->mail_cap);
	}
	memcpy(c->mail + c->mail_n, line, n);
	memcpy(c->mail + c->mail_n + n, "\r\n", 3);
	c->mail_n += n + 2;
}

static void
command_line(struct conn *c, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0 || strncasecmp(line, "HELO", 4) == 0) {
		answer(c, "250-sink\r\n250-8BITMIME\r\n250 SIZE 33554432\r\n");
	} else if (strncasecmp(line, "MAIL FROM:", 10) == 0) {
		snprintf(c->from, sizeof c->from, "%s", line + 10);
		if (strchr(c->from, '>') != NULL)
			strchr(c->from, '>')[1] = '\0'; /* SIZE= and the like */
		c->to[0] = '\0';
		answer(c, "250 2.1.0 ok\r\n");
	} else if (strncasecmp(line, "RCPT TO:", 8) == 0) {
		snprintf(c->to, sizeof c->to, "%s", line + 8);
		answer(c, strcmp(c->script, "4xx-rcpt") == 0 ? "451 4.2.1 greylisted\r\n" :
		          strcmp(c->script, "5xx-rcpt") == 0 ? "550 5.1.1 no such user\r\n" : "250 2.1.5 ok\r\n");
	} else if (strcasecmp(line, "DATA") == 0) {
		c->in_data = true;
		answer(c, "354 go on\r\n");
	} else if (strcasecmp(line, "QUIT") == 0 && strcmp(c->script, "mute-quit") == 0) {
		return;
	} else if (strcasecmp(line, "QUIT") == 0) {
		answer(c, "221 2.0.0 bye\r\n");
		c->over = true;
	} else if (strcasecmp(line, "RSET") == 0 || strcasecmp(line, "NOOP") == 0) {
		answer(c, "250 2.0.0 ok\r\n");
	} else {
		answer(c, "502 5.5.2 not known\r\n");
	}
}

static void
take(struct conn *c)
{
	char in[16384];
	ssize_t n = recv(c->fd, in, sizeof in, 0);

	if (n <= 0) {
		end(c);
		return;
	}
	for (ssize_t i = 0; i < n && !c->over; i++) {
		if (strcmp(c->script, "tarpit") == 0)
			continue;
		if (in[i] != '\n') {
			if (c->line_n + 1 < sizeof c->line)
				c->line[c->line_n++] = in[i];
			continue;
		}
		if (c->line_n != 0 && c->line[c->line_n - 1] == '\r')
			c->line_n--;
		c->line[c->line_n] = '\0';
		if (c->in_data)
			data_line(c, c->line, c->line_n);
		else
			command_line(c, c->line);
		c->line_n = 0;
	}
	if (c->over)
		end(c);
}

/* The next word of the script; the last stays. */
static void
next_word(char out[16])
{
	const char *comma = strchr(script, ',');
	size_t n = comma != NULL ? (size_t)(comma - script) : strlen(script);

	snprintf(out, 16, "%.*s", (int)n, script);
	if (comma != NULL)
		script = comma + 1;
}

static void
accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), i;

	if (fd < 0)
		return;
	for (i = 0; i < CONNS && conns[i].fd >= 0; i++)
		;
	if (i == CONNS) {
		close(fd);
		return;
	}
	conns[i] = (struct conn){ .fd = fd };
	next_word(conns[i].script);
	printf("{\"what\":\"connection\",\"script\":\"%s\"}\n", conns[i].script);
	fflush(stdout);
	if (strcmp(conns[i].script, "4xx-hello") == 0) {
		answer(&conns[i], "421 4.3.2 busy\r\n");
		end(&conns[i]);
	} else if (strcmp(conns[i].script, "close") == 0) {
		end(&conns[i]);
	} else {
		answer(&conns[i], "220 sink ESMTP\r\n");
	}
}

static int
open_listener(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
		fprintf(stderr, "smtp_sink: port %d: %s\n", port, strerror(errno));
		exit(3);
	}
	printf("{\"what\":\"ready\",\"port\":%d}\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static void
serve(int listener)
{
	while (!stopped && (wanted == 0 || kept < wanted)) {
		struct pollfd p[CONNS + 1] = { { .fd = listener, .events = POLLIN } };

		for (int i = 0; i < CONNS; i++)
			p[i + 1] = (struct pollfd){ .fd = conns[i].fd, .events = POLLIN };
		if (poll(p, CONNS + 1, -1) < 0)
			continue;
		for (int i = 0; i < CONNS; i++)
			if (p[i + 1].fd >= 0 && p[i + 1].revents != 0)
				take(&conns[i]);
		if (p[0].revents != 0)
			accept_one(listener);
	}
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_stop };
	int port = -1;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--port") == 0)
			port = (int)strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--dir") == 0)
			dir = argv[i + 1];
		else if (strcmp(argv[i], "--script") == 0)
			script = argv[i + 1];
		else if (strcmp(argv[i], "--mails") == 0)
			wanted = (int)strtol(argv[i + 1], NULL, 10);
		else
			port = -2;
	}
	if (port < 0 || port > 65535 || dir == NULL || argc % 2 != 1) {
		fputs("usage: smtp_sink --port N --dir FOLDER [--script WORD[,WORD…]] [--mails N]\n", stderr);
		return 2;
	}
	mkdir(dir, 0755);
	for (int i = 0; i < CONNS; i++)
		conns[i].fd = -1;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	serve(open_listener(port));
	return 0;
}
