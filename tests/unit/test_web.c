/* SPDX-License-Identifier: Apache-2.0
 *
 * Role web with a desk played by the test, over real channels and sockets in one loop: every row of
 * routes.tbl as every role of person, sessions and CSRF, cookies, streams, the desk going away.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#undef MSG_BATCH /* sys/socket.h has an enumerator of that name as well: ours is never used here */
#define MSG_BATCH NZ_MSG_BATCH
#include "role/web.c"

static struct loop *loop;
static struct role_env env;
static struct web *web;
static struct chan *desk_side, *store_side, *print_side;
static uint16_t port;
static char folder[] = "/tmp/nezuban-test-web-XXXXXX";

/* what the played desk answers */
static const char *desk_role;   /* NULL: no such session */
static bool desk_half, desk_silent;
static uint32_t print_says = PRINTED_DONE; /* what the played print answers */
static char seen_data[200];
static char seen_verb[64], seen_actor[400], seen_args[400];
static int seen;

static void
reply(struct chan *ch, uint64_t id, const char *text)
{
	chan_send(ch, MSG_ANSWER, id, slice_str(text), -1);
}

static void
on_desk(void *ctx, struct chan *ch, struct msg *m)
{
	json_t *o = json_loadb(m->body.p, m->body.n, 0, NULL);
	const char *verb = json_string_value(json_object_get(o, "verb"));
	char out[400];

	(void)ctx;
	assert_non_null(verb);
	if (desk_silent) {
		json_decref(o);
		return;
	}
	if (strcmp(verb, "session.check") == 0) {
		json_t *args = json_object_get(o, "args");
		const char *csrf = json_string_value(json_object_get(args, "csrf"));
		bool write = json_is_true(json_object_get(args, "write"));

		if (desk_role == NULL || strcmp(json_string_value(json_object_get(args, "token")), "good") != 0)
			snprintf(out, sizeof out, "{\"status\":401,\"body\":{\"type\":\"unauthenticated\"}}");
		else if (write && (csrf == NULL || strcmp(csrf, "c5rf") != 0))
			snprintf(out, sizeof out, "{\"status\":403,\"body\":{\"type\":\"csrf\"}}");
		else
			snprintf(out, sizeof out,
			         "{\"status\":200,\"body\":{\"csrf\":\"c5rf\",\"actor\":{\"user\":\"u\",\"role\":\"%s\","
			         "\"tenant\":\"aoba\",\"half\":%s,\"session\":\"s\"}}}",
			         desk_role, desk_half ? "true" : "false");
		reply(ch, m->id, out);
	} else {
		char *actor = json_dumps(json_object_get(o, "actor"), JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
		char *args = json_dumps(json_object_get(o, "args"), JSON_COMPACT | JSON_SORT_KEYS);

		seen++;
		snprintf(seen_verb, sizeof seen_verb, "%s", verb);
		snprintf(seen_actor, sizeof seen_actor, "%s", actor != NULL ? actor : "");
		snprintf(seen_args, sizeof seen_args, "%s", args);
		free(actor);
		free(args);
		reply(ch, m->id,
		      strcmp(verb, "session.login") == 0
		              ? "{\"status\":200,\"body\":{\"step\":\"totp\",\"csrf\":\"x\",\"set_session\":{\"token\":\"t0ken\",\"max_age_s\":600}}}"
		      : strcmp(verb, "attachment.file") == 0
		              ? "{\"status\":200,\"body\":{\"name\":\"図 \\\"1\\\".html\",\"type\":\"html\",\"data\":\"PHA+eA==\"}}"
		              : "{\"status\":200,\"body\":{\"said\":\"yes\",\"data\":{\"v\":1}}}");
	}
	json_decref(o);
}

static void
on_print(struct chan *ch, struct msg *m)
{
	struct msg_printed head = { .status = print_says };

	must(m->body.n > sizeof(struct msg_print));
	snprintf(seen_data, sizeof seen_data, "%d %.*s", m->body.p[0], (int)(m->body.n - sizeof(struct msg_print)), m->body.p + sizeof(struct msg_print));
	chan_send2(ch, MSG_PRINTED, m->id, slice_of(&head, sizeof head), print_says == PRINTED_DONE ? SL("%PDF-1.5 x") : SL(""), -1);
}

static void
on_far(void *ctx, struct chan *ch, struct msg *m)
{
	if (m->type == MSG_PRINT)
		on_print(ch, m);
	else
		on_desk(ctx, ch, m);
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static const struct chan_ops far_ops = { .on_msg = on_far, .on_close = on_close };

static void
near_msg(void *ctx, struct chan *ch, struct msg *m)
{
	(void)ctx;
	role_web.on_msg(&env, ch == web->desk ? ROLE_DESK : ch == web->print ? ROLE_PRINT : ROLE_STORE, 0, m);
}

static const struct chan_ops near_ops = { .on_msg = near_msg, .on_close = on_close };

static struct chan *
join(enum role_id peer)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	role_web.on_peer(&env, peer, 0, chan_new(loop, pair[0], &near_ops, NULL));
	return chan_new(loop, pair[1], &far_ops, NULL);
}

static int
start(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	struct conf *conf = NULL;
	struct whys ws = { 0 };
	auto_buf struct buf text = { 0 };
	auto_free char *file = NULL;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)state;
	assert_non_null(mkdtemp(folder));
	file = x_asprintf("%s/n.yaml", folder);
	buf_printf(&text, "data: %s\nweb:\n  assets: %s\n", folder, folder);
	assert_int_equal(file_write_atomic(file, buf_slice(&text), 0600), 0);
	assert_int_equal(conf_load(CONF_NEZUBAND, file, &conf, &ws), 0);
	loop = loop_new();
	env = (struct role_env){ .loop = loop, .clock = clock_real(), .conf = conf, .id = ROLE_WEB, .copies = 1 };
	assert_int_equal(role_web.open(&env), 0);
	web = env.state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 64), 0);
	getsockname(fd, (struct sockaddr *)&at, &n);
	port = ntohs(at.sin_port);
	role_web.on_go(&env);
	web->tls = serve(web, fd, false); /* plain here: TLS is looked at with curl in the scenes */
	desk_side = join(ROLE_DESK);
	store_side = join(ROLE_STORE);
	print_side = join(ROLE_PRINT);
	return 0;
}

static int
stop(void **state)
{
	auto_free char *rm = x_asprintf("%s/api.sock", folder);
	static const char *const files[] = { "n.yaml", "web.crt", "web.key" };

	(void)state;
	http_close(web->tls);
	http_close(web->local);
	unlink(rm);
	for (size_t i = 0; i < 3; i++) {
		auto_free char *f = x_asprintf("%s/%s", folder, files[i]);

		unlink(f);
	}
	rmdir(folder);
	return 0;
}

static int
dial(const char *text)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
hear(int fd, const char *stop_at, struct buf *out)
{
	int64_t until = loop_mono_ns() + 10 * NS_PER_S;
	char piece[4096];

	while (loop_mono_ns() < until) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return;
		if (n > 0) {
			buf_put(out, piece, (size_t)n);
			if (stop_at != NULL && strstr(buf_cstr(out), stop_at) != NULL)
				return;
			continue;
		}
		loop_once(loop, 10);
	}
	fail_msg("no answer: %s", buf_cstr(out));
}

static int
status_of(const struct buf *b)
{
	return b->n > 12 && memcmp(b->p, "HTTP/1.1 ", 9) == 0 ? atoi(b->p + 9) : 0;
}

/* One request; the answer stays in *out. */
static int
ask(const char *method, const char *path, const char *headers, const char *body, struct buf *out)
{
	struct buf text = { 0 };
	int fd;

	buf_printf(&text, "%s %s HTTP/1.1\r\nHost: soc.example\r\nConnection: close\r\n%s", method, path, headers);
	if (body != NULL)
		buf_printf(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	buf_printf(&text, "\r\n%s", body != NULL ? body : "");
	fd = dial(buf_cstr(&text));
	buf_clear(out);
	hear(fd, strstr(path, "/events") != NULL && strncmp(path, "/api/v1/events", 14) == 0 ? "\n\n" : NULL, out);
	close(fd);
	buf_fini(&text);
	return status_of(out);
}

#define GOOD "Cookie: __Host-nezuban=good\r\nX-CSRF-Token: c5rf\r\n"

/* A path that fits the pattern and the description. */
static void
fill_path(const char *pattern, struct buf *out)
{
	for (const char *p = pattern; *p != 0; p++) {
		if (*p != '{') {
			buf_put_byte(out, *p);
			continue;
		}
		buf_put_str(out, strncmp(p, "{n}", 3) == 0 || strncmp(p, "{message}", 9) == 0 ? "1" : "AOBA-2026-0001");
		p = strchr(p, '}');
	}
}

static const char *
body_for(const char *verb)
{
	static const struct {
		const char *verb, *body;
	} rows[] = {
		{ "session.login", "{\"login\":\"a\",\"password\":\"b\"}" },
		{ "session.totp", "{\"code\":\"123456\"}" },
		{ "session.key", "{\"credential\":\"a\",\"client_data\":\"a\",\"authenticator_data\":\"a\",\"signature\":\"a\"}" },
		{ "session.step_up", "{\"code\":\"123456\"}" },
		{ "me.key_add", "{\"name\":\"a\",\"client_data\":\"a\",\"authenticator_data\":\"a\"}" },
		{ "me.key_change", "{\"name\":\"a\"}" },
		{ "me.totp_confirm", "{\"code\":\"123456\"}" },
		{ "me.change", "{}" },
		{ "me.password", "{\"old\":\"a\",\"new\":\"bbbbbbbbbbbb\"}" },
		{ "candidate.change", "{}" },
		{ "candidate.note", "{\"text\":\"x\"}" },
		{ "candidate.close", "{\"reason\":\"expected\"}" },
		{ "candidate.preview", "{}" },
		{ "candidate.decide", "{\"severity\":\"warning\",\"answers\":{}}" },
		{ "candidate.assign", "{\"to\":\"x\"}" },
		{ "candidate.merge", "{\"into\":\"x\"}" },
		{ "candidate.split", "{\"detections\":[\"x\"]}" },
		{ "candidate.attach", "{\"detections\":[\"x\"]}" },
		{ "incident.assign", "{\"to\":\"x\"}" },
		{ "incident.merge", "{\"into\":\"x\"}" },
		{ "incident.split", "{\"detections\":[\"x\"]}" },
		{ "incident.attach", "{\"detections\":[\"x\"]}" },
		{ "incident.relate", "{\"other\":\"x\",\"reason\":\"x\"}" },
		{ "incident.task", "{\"text\":\"x\"}" },
		{ "incident.task_change", "{}" },
		{ "incident.answer", "{\"code\":\"handled\"}" },
		{ "exception.add", "{\"tenant\":\"aoba\",\"reason\":\"x\",\"expires_at\":\"x\"}" },
		{ "apikey.add", "{\"name\":\"x\",\"scopes\":[\"incidents:read\"],\"expires_at\":\"2027-01-01T00:00:00Z\"}" },
		{ "webhook.add", "{\"name\":\"x\",\"url\":\"https://x.example/\",\"events\":[\"incident.opened\"]}" },
		{ "webhook.change", "{}" },
		{ "maintenance.add", "{\"from\":\"x\",\"to\":\"x\",\"reason\":{\"en\":\"x\"}}" },
		{ "exclusion.add", "{\"tenant\":\"aoba\",\"from\":\"x\",\"to\":\"x\",\"reason\":\"x\",\"evidence\":\"x\"}" },
		{ "appointment.add", "{\"tenant\":\"aoba\",\"weekday\":1,\"time\":\"09:30\",\"contact\":\"x\"}" },
		{ "inquiry.open", "{\"subject\":\"x\",\"text\":\"x\"}" },
		{ "inquiry.message", "{\"text\":\"x\"}" },
		{ "inquiry.change", "{}" },
		{ "inquiry.assign", "{\"to\":\"x\"}" },
		{ "inquiry.place", "{\"tenant\":\"aoba\"}" },
		{ "sender.forget", "{\"address\":\"x\",\"tenant\":\"aoba\"}" },
		{ "advisory.add", "{\"severity\":\"warning\",\"title\":{\"ja\":\"x\",\"en\":\"x\"},\"text\":{\"ja\":\"x\",\"en\":\"x\"}}" },
		{ "advisory.change", "{}" },
		{ "incident.change", "{}" },
		{ "incident.comment", "{\"text\":\"x\"}" },
		{ "incident.action", "{\"done\":true}" },
		{ "incident.severity", "{\"severity\":\"warning\",\"answers\":{}}" },
		{ "incident.attempt", "{\"contact\":\"k\",\"outcome\":\"busy\"}" },
		{ "clock.cause", "{\"kind\":\"call\",\"cause\":\"staff\",\"text\":\"x\"}" },
		{ "report.cause", "{\"cause\":\"staff\",\"text\":\"x\"}" },
		{ "inquiry.cause", "{\"cause\":\"staff\",\"text\":\"x\"}" },
		{ "exception.preview", "{\"tenant\":\"aoba\"}" },
		{ "incident.close", "{\"code\":\"resolved\"}" },
		{ "incident.reopen", "{\"text\":\"x\"}" },
		{ "report.words", "{}" },
		{ "report.correct", "{\"reason\":{\"ja\":\"x\",\"en\":\"x\"}}" },
		{ "device.register", "{\"tenant\":\"aoba\",\"device\":\"x\"}" },
		{ "device.refuse", "{\"reason\":\"x\"}" },
		{ "network.add", "{\"name\":\"x\",\"cidr\":\"10.0.0.0/8\"}" },
		{ "network.change", "{\"cidr\":\"10.0.0.0/8\"}" },
		{ "asset.add", "{\"name\":\"x\"}" },
		{ "asset.change", "{}" },
		{ "lcp.enroll", "{\"tenant\":\"aoba\",\"lcp\":\"x\"}" },
		{ "tenant.import", "{\"yaml\":\"x\"}" },
		{ "roster.import", "{\"yaml\":\"x\"}" },
		{ "site.lost", "{\"reason\":\"x\"}" },
		{ "handover.draft", "{\"to\":\"x\"}" },
		{ "handover.words", "{\"words\":\"x\"}" },
		{ "handover.refuse", "{\"reason\":\"x\"}" },
		{ "user.add", "{\"login\":\"ab\",\"role\":\"analyst\"}" },
		{ "user.change", "{}" },
		{ "user.passwd", "{\"password\":\"bbbbbbbbbbbb\"}" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].verb, verb) == 0)
			return rows[i].body;
	return NULL;
}

static void
try_route(const struct api_route *r, const char *role, bool half)
{
	struct buf path = { 0 }, out = { 0 };
	unsigned bit = api_role_bit(role);
	bool open = (r->who & API_ANYBODY) != 0, may = open || (half ? (r->who & API_HALF) != 0 : (r->who & bit) != 0);
	int before = seen, status;

	fill_path(r->path, &path);
	if (strcmp(r->verb, "log.facets") == 0)
		buf_put_str(&path, "?field=source.ip");
	if (strcmp(r->verb, "duty.show") == 0)
		buf_put_str(&path, "?tenant=aoba");
	desk_role = role;
	desk_half = half;
	status = ask(r->method, buf_cstr(&path), role != NULL ? GOOD : "", body_for(r->verb), &out);
	if (may && status != 200)
		fail_msg("%s as %s%s: %d, %s", r->verb, role != NULL ? role : "nobody", half ? " (half)" : "", status, buf_cstr(&out));
	if (!may && status != 401 && status != 403)
		fail_msg("%s is open to %s%s: %d", r->verb, role != NULL ? role : "nobody", half ? " (half)" : "", status);
	if (may && r->owner != API_WEB) {
		assert_int_equal(seen, before + 1);
		assert_string_equal(seen_verb, r->verb);
		if (!open)
			assert_non_null(strstr(seen_actor, "\"session\":\"s\""));
	} else {
		assert_int_equal(seen, before); /* nothing reached the owner */
	}
	buf_fini(&path);
	buf_fini(&out);
}

static void
test_walk(void **state)
{
	static const char *const roles[] = { "analyst", "lead", "engineer", "admin", "auditor", "customer" };

	(void)state;
	for (size_t i = 0; i < api_route_count; i++) {
		for (size_t k = 0; k < 6; k++)
			try_route(&api_routes[i], roles[k], false);
		try_route(&api_routes[i], "analyst", true);
		try_route(&api_routes[i], NULL, false);
		try_route(&api_routes[i], "emperor", false);
	}
}

static void
test_session(void **state)
{
	struct buf out = { 0 };

	(void)state;
	desk_role = "analyst";
	desk_half = false;
	assert_int_equal(ask("POST", "/api/v1/session", "", "{\"login\":\"a\",\"password\":\"b\"}", &out), 200);
	assert_non_null(strstr(buf_cstr(&out), "Set-Cookie: __Host-nezuban=t0ken; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600"));
	assert_null(strstr(strstr(buf_cstr(&out), "\r\n\r\n"), "t0ken"));
	assert_non_null(strstr(seen_actor, "\"address\":\"127.0.0.1\""));
	assert_int_equal(ask("POST", "/api/v1/candidates/c/claim", "Cookie: __Host-nezuban=good\r\n", NULL, &out), 403);
	assert_int_equal(ask("POST", "/api/v1/candidates/c/claim", GOOD "Origin: https://evil.example\r\n", NULL, &out), 403);
	assert_int_equal(ask("POST", "/api/v1/candidates/c/claim", GOOD "Sec-Fetch-Site: cross-site\r\n", NULL, &out), 403);
	assert_int_equal(ask("POST", "/api/v1/candidates/c/claim", GOOD "Origin: https://soc.example\r\n", NULL, &out), 200);
	assert_int_equal(ask("GET", "/api/v1/queue", "Cookie: __Host-nezuban=bad\r\n", NULL, &out), 401);
	assert_int_equal(ask("GET", "/api/v1/queue?limit=7", GOOD, NULL, &out), 200);
	assert_string_equal(seen_args, "{\"limit\":\"7\"}");
	assert_int_equal(ask("GET", "/api/v1/queue?order=x", GOOD, NULL, &out), 422);
	assert_int_equal(ask("GET", "/api/v1/queue?limit=1&limit=2", GOOD, NULL, &out), 422);
	assert_int_equal(ask("POST", "/api/v1/candidates/c/note", GOOD, "{\"text\":\"x\",\"id\":\"other\"}", &out), 422);
	assert_int_equal(ask("POST", "/api/v1/candidates/c/note", GOOD, "{\"text\":", &out), 400);
	assert_int_equal(ask("POST", "/api/v1/candidates/c/note", GOOD, "[1]", &out), 400);
	assert_non_null(strstr(buf_cstr(&out), "default-src 'self'"));
	buf_fini(&out);
}

static void
test_a_deep_body_is_refused(void **state)
{
	auto_buf struct buf out = { 0 }, deep = { 0 };
	int before = seen;

	(void)state;
	buf_put_str(&deep, "{\"text\":");
	for (int i = 0; i < 200000; i++)
		buf_put_byte(&deep, '[');
	assert_int_equal(ask("POST", "/api/v1/candidates/c/note", GOOD, buf_cstr(&deep), &out), 400);
	assert_int_equal(seen, before);
	assert_int_equal(ask("GET", "/api/v1/queue", GOOD, NULL, &out), 200);
}

static void
test_stream(void **state)
{
	struct buf out = { 0 };
	int fd;

	(void)state;
	desk_role = "customer";
	fd = dial("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n" GOOD "\r\n");
	hear(fd, "event: hello", &out);
	chan_send(desk_side, MSG_CHANGED, 0, SL("{\"seq\":5,\"noun\":\"incident\",\"id\":\"H\",\"tenant\":\"harbor\"}"), -1);
	chan_send(desk_side, MSG_CHANGED, 0, SL("garbage"), -1);
	chan_send(desk_side, MSG_CHANGED, 0, SL("{\"seq\":6,\"noun\":\"incident\",\"id\":\"AOBA-1\",\"tenant\":\"aoba\"}"), -1);
	hear(fd, "AOBA-1", &out);
	assert_null(strstr(buf_cstr(&out), "harbor"));
	close(fd);
	buf_clear(&out);
	/* behind a number: only what came later, and only one's own */
	fd = dial("GET /api/v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 5\r\n" GOOD "\r\n");
	hear(fd, "AOBA-1", &out);
	assert_null(strstr(buf_cstr(&out), "harbor"));
	/* the session ends: so does the stream at the next beat */
	desk_role = NULL;
	buf_clear(&out);
	web_streams_beat(web);
	hear(fd, "\r\n0\r\n\r\n", &out);
	close(fd);
	buf_fini(&out);
}

static void
test_files(void **state)
{
	struct buf out = { 0 };
	struct chan *away;

	(void)state;
	desk_role = "customer";
	desk_half = false;
	/* the desk is asked with the person, so it decides; its answer goes to print as it is */
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/pdf?lang=en", GOOD, NULL, &out), 200);
	assert_string_equal(seen_verb, "report.pdf");
	assert_non_null(strstr(seen_actor, "\"tenant\":\"aoba\""));
	assert_string_equal(seen_data, "1 {\"said\":\"yes\",\"data\":{\"v\":1}}");
	assert_non_null(strstr(buf_cstr(&out), "Content-Type: application/pdf\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "Content-Disposition: attachment; filename=\"aoba-2026-10.en.pdf\"\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "\r\n\r\n%PDF-1.5 x"));
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/pdf", GOOD, NULL, &out), 200);
	assert_string_equal(seen_data, "0 {\"said\":\"yes\",\"data\":{\"v\":1}}");
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/csv?lang=en&table=sla", GOOD, NULL, &out), 200);
	assert_non_null(strstr(buf_cstr(&out), "filename=\"aoba-2026-10.sla.en.csv\"\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "Content-Type: text/csv; charset=utf-8\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "\xef\xbb\xbf\"Promise\",\"Limit\""));
	/* a stranger's file is a download of no type, whatever its name says; its name cannot leave the header */
	assert_int_equal(ask("GET", "/api/v1/inquiries/Q-1/messages/1/files/1/raw", GOOD, NULL, &out), 200);
	assert_non_null(strstr(buf_cstr(&out), "Content-Type: application/octet-stream\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "Content-Disposition: attachment; filename*=UTF-8''%E5%9B%B3%20%221%22.html\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(buf_cstr(&out), "\r\n\r\n<p>x"));
	assert_true(out.n >= 4 && memcmp(out.p + out.n - 4, "<p>x", 4) == 0);
	/* nothing out of a path goes into a header */
	assert_int_equal(ask("GET", "/api/v1/reports/x%22%0d%0aSet-Cookie:a/csv", GOOD, NULL, &out), 200);
	assert_non_null(strstr(buf_cstr(&out), "filename=\"x.ja.csv\"\r\n"));
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/csv?table=nope", GOOD, NULL, &out), 422);
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/pdf?lang=fr", GOOD, NULL, &out), 422);
	/* print refuses, is busy, is away */
	print_says = PRINTED_BAD;
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/pdf", GOOD, NULL, &out), 422);
	print_says = PRINTED_BUSY;
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/pdf", GOOD, NULL, &out), 503);
	assert_non_null(strstr(buf_cstr(&out), "Retry-After"));
	print_says = PRINTED_DONE;
	away = web->print;
	web->print = NULL;
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/pdf", GOOD, NULL, &out), 503);
	assert_int_equal(ask("GET", "/api/v1/reports/aoba-2026-10/csv", GOOD, NULL, &out), 200);
	assert_int_equal(web->asked.n, 0);
	web->print = away;
	buf_fini(&out);
}

static void
test_desk_gone(void **state)
{
	struct buf out = { 0 };
	struct chan *ch;
	int fd;

	(void)state;
	desk_role = "analyst";
	desk_silent = true;
	fd = dial("GET /api/v1/queue HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" GOOD "\r\n");
	for (int64_t until = loop_mono_ns() + 5 * NS_PER_S; web->asked.n == 0 && loop_mono_ns() < until;)
		loop_once(loop, 10);
	assert_int_equal(web->asked.n, 1);
	ch = web->desk;
	role_web.on_peer_lost(&env, ROLE_DESK, 0);
	chan_free(ch);
	hear(fd, NULL, &out);
	close(fd);
	assert_int_equal(status_of(&out), 503);
	assert_non_null(strstr(buf_cstr(&out), "Retry-After"));
	assert_int_equal(ask("GET", "/api/v1/queue", GOOD, NULL, &out), 503);
	desk_side = join(ROLE_DESK);
	desk_silent = false;
	assert_int_equal(ask("GET", "/api/v1/queue", GOOD, NULL, &out), 200);
	/* answers that nobody asked for, and nonsense */
	reply(desk_side, 999999, "{\"status\":200,\"body\":{}}");
	reply(desk_side, 1, "not json");
	assert_int_equal(ask("GET", "/api/v1/queue", GOOD, NULL, &out), 200);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_walk), cmocka_unit_test(test_session),
		cmocka_unit_test(test_a_deep_body_is_refused),
		                            cmocka_unit_test(test_stream), cmocka_unit_test(test_files), cmocka_unit_test(test_desk_gone) };

	return cmocka_run_group_tests_name("web", tests, start, stop);
}
