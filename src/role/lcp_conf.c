/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, and the lists of lcp.yaml that conf leaves to their owner: listeners and followed files.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "codec/sysloghead.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "role/lcp.h"
#include "sys/fd.h"

bool
lcp_args_read(int argc, char **argv, struct lcp_args *ret)
{
	*ret = (struct lcp_args){ .path = "/etc/nezuban/lcp.yaml" };
	for (int i = 1; i < argc; i++) {
		const char **into = strcmp(argv[i], "-c") == 0              ? &ret->path
		                    : strcmp(argv[i], "-x") == 0            ? &ret->child
		                    : strcmp(argv[i], "--url") == 0         ? &ret->url
		                    : strcmp(argv[i], "--token") == 0       ? &ret->token
		                    : strcmp(argv[i], "--ca") == 0          ? &ret->ca
		                    : strcmp(argv[i], "--receipt-key") == 0 ? &ret->receipt_key
		                                                            : NULL;

		if (into != NULL && i + 1 < argc)
			*into = argv[++i];
		else if (into != NULL || argv[i][0] == '-' || ret->verb != NULL)
			return false;
		else
			ret->verb = argv[i];
	}
	return true;
}

static enum log_level
level_of(const char *name)
{
	static const char *const names[] = { "debug", "info", "warn", "error", "alert" };

	for (int i = 0; i < 5; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

struct conf *
lcp_load(const struct lcp_args *a)
{
	struct lcp_setup setup;
	struct whys ws = { 0 };
	struct conf *c = NULL;

	if (conf_load(CONF_LCP, a->path, &c, &ws) == 0 && lcp_setup_read(c, &setup, &ws) == 0)
		lcp_setup_fini(&setup);
	for (size_t i = 0; i < ws.list.n; i++) {
		auto_buf struct buf b = { 0 };

		why_print(&ws.list.v[i], &b);
		fprintf(stderr, "%s\n", buf_cstr(&b));
	}
	if (ws.errors != 0)
		exit(2);
	log_init(a->child != NULL ? a->child : "lcp", level_of(conf_str(c, "log.level")));
	return c;
}

int
lcp_net_open(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 5);

	if (n <= 0)
		return -1;
	memcpy(path + n, "-net", 5);
	return open(path, O_PATH | O_CLOEXEC);
}

void
lcp_net_become(int fd, char **argv)
{
	execveat(fd, "", argv, environ, AT_EMPTY_PATH);
}

static void
fault(struct whys *ws, const struct conf *c, const struct ynode *n, const char *id, const char *found,
      const char *wanted)
{
	struct why *w = whys_add(ws, WHY_ERROR, E_CONFIG, id, conf_file(c), n->line, n->col);

	why_found(w, "%s", found);
	why_wanted(w, "%s", wanted);
}

static char *
text_of(const struct ynode *n)
{
	return n != NULL && n->kind == Y_SCALAR ? strndup(n->text.p, n->text.n) : strdup("");
}

/* Every key of the map is one of `words`? The nearest good word is the hint. */
static bool
only(const struct conf *c, const struct ynode *map, const char *const *words, size_t count, struct whys *ws)
{
	bool good = true;

	for (const struct ynode *k = map->child; k != NULL; k = k->next) {
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known |= slice_eq(k->key, slice_str(words[i]));
		if (!known || k->kind != Y_SCALAR) {
			const char *near = near_word(k->key, words, count);
			struct why *w = whys_add(ws, WHY_ERROR, E_CONFIG, known ? "LCP-TYPE" : "LCP-KEY", conf_file(c), k->key_line, k->key_col);

			why_found(w, "key " SL_FMT, SL_ARG(k->key));
			why_wanted(w, known ? "a single value" : "a key of this list");
			if (near != NULL && !known)
				why_hint(w, "%s", near);
			good = false;
		}
	}
	return good;
}

/* "0.0.0.0:514", "[::]:6514" */
static bool
split_address(struct slice s, char **ret_address, char **ret_port)
{
	ssize_t colon = -1;
	uint64_t port;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ':')
			colon = (ssize_t)i;
	if (colon < 1 || !slice_u64(slice_sub(s, (size_t)colon + 1, s.n), &port) || port > 65535)
		return false;
	*ret_port = strndup(s.p + colon + 1, s.n - (size_t)colon - 1);
	s = slice_sub(s, 0, (size_t)colon);
	if (s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = slice_sub(s, 1, s.n - 1);
	*ret_address = strndup(s.p, s.n);
	return true;
}

static void
read_listener(const struct conf *c, const struct ynode *n, struct lcp_setup *ret, struct whys *ws)
{
	static const char *const words[] = { "udp", "tcp", "tls", "source", "name", "certificate", "key" };
	struct lcp_listener l = { .by_header = true };
	const struct ynode *at = NULL, *name;
	unsigned kinds = 0;

	if (n->kind != Y_MAP) {
		fault(ws, c, n, "LCP-LISTEN", y_kind_name(n->kind), "a map such as {udp: 0.0.0.0:514}");
		return;
	}
	if (!only(c, n, words, sizeof words / sizeof *words, ws))
		return;
	for (unsigned k = 0; k < 3; k++) {
		const struct ynode *v = y_get(n, slice_str(words[k]));

		if (v != NULL) {
			at = v;
			l.kind = (enum lcp_kind)k;
			kinds++;
		}
	}
	if (kinds != 1 || !split_address(at->text, &l.address, &l.port)) {
		fault(ws, c, at != NULL ? at : n, "LCP-ADDRESS", at != NULL ? at->text.p : "no address",
		      "exactly one of udp, tcp, tls with ADDRESS:PORT");
		return;
	}
	name = y_get(n, SL("name"));
	if (name != NULL && !slice_eq(name->text, SL("header")) && !slice_eq(name->text, SL("address")))
		fault(ws, c, name, "LCP-NAME", name->text.p, "header or address");
	l.by_header = name == NULL || slice_eq(name->text, SL("header"));
	l.source = text_of(y_get(n, SL("source")));
	if (strcmp(l.source, "auto") == 0)
		l.source[0] = '\0';
	l.certificate = text_of(y_get(n, SL("certificate")));
	l.key = text_of(y_get(n, SL("key")));
	if (l.kind == LCP_TLS && (l.certificate[0] == '\0' || l.key[0] == '\0'))
		fault(ws, c, n, "LCP-TLS", "a TLS listener without certificate and key", "both, as PEM files");
	l.name = x_asprintf("%s:%s:%s", words[l.kind], l.address, l.port);
	vec_push(&ret->listeners, l);
}

static void
read_file(const struct conf *c, const struct ynode *n, struct lcp_setup *ret, struct whys *ws)
{
	static const char *const words[] = { "path", "source", "device" };
	struct lcp_file f;

	if (n->kind != Y_MAP || y_get(n, SL("path")) == NULL) {
		fault(ws, c, n, "LCP-FILE", y_kind_name(n->kind), "a map such as {path: /var/log/auth.log, source: linux.auth}");
		return;
	}
	if (!only(c, n, words, sizeof words / sizeof *words, ws))
		return;
	f.path = text_of(y_get(n, SL("path")));
	f.source = text_of(y_get(n, SL("source")));
	f.device = text_of(y_get(n, SL("device")));
	if (f.path[0] != '/')
		fault(ws, c, y_get(n, SL("path")), "LCP-PATH", f.path, "an absolute path");
	if (f.device[0] != '\0' && !sysloghead_name_is_good(slice_str(f.device)))
		fault(ws, c, y_get(n, SL("device")), "LCP-DEVICE", f.device, "letters, digits and . - _ :");
	if (strcmp(f.source, "auto") == 0)
		f.source[0] = '\0';
	vec_push(&ret->files, f);
}

static void
each(const struct conf *c, const char *key, struct lcp_setup *ret, struct whys *ws,
     void (*fn)(const struct conf *, const struct ynode *, struct lcp_setup *, struct whys *))
{
	const struct ynode *list = conf_tree(c, key);

	if (list == NULL || y_is_null(list))
		return;
	if (list->kind != Y_SEQ) {
		fault(ws, c, list, "LCP-LIST", y_kind_name(list->kind), "a list");
		return;
	}
	for (const struct ynode *n = list->child; n != NULL; n = n->next)
		fn(c, n, ret, ws);
}

int
lcp_setup_read(const struct conf *c, struct lcp_setup *ret, struct whys *ws)
{
	struct lcp_setup s = { 0 };

	each(c, "listen", &s, ws, read_listener);
	each(c, "files", &s, ws, read_file);
	if (ws->errors != 0) {
		lcp_setup_fini(&s);
		return E_CONFIG;
	}
	*ret = s;
	return 0;
}

void
lcp_setup_fini(struct lcp_setup *s)
{
	for (size_t i = 0; i < s->listeners.n; i++) {
		struct lcp_listener *l = &s->listeners.v[i];

		free(l->address);
		free(l->port);
		free(l->name);
		free(l->source);
		free(l->certificate);
		free(l->key);
	}
	for (size_t i = 0; i < s->files.n; i++) {
		free(s->files.v[i].path);
		free(s->files.v[i].source);
		free(s->files.v[i].device);
	}
	vec_fini(&s->listeners);
	vec_fini(&s->files);
}

void
lcp_spool_opts(const struct conf *c, struct spool_opts *ret)
{
	uint64_t segment = (uint64_t)conf_int(c, "spool.segment"), limit = (uint64_t)conf_int(c, "spool.limit");

	*ret = (struct spool_opts){ .dir = conf_path(c, "spool.folder"), .segment = segment,
		                    .limit = limit > 5 * segment ? limit : 5 * segment,
		                    .reserve = (uint64_t)conf_int(c, "spool.reserve") };
}

char *
lcp_proxy_secret(const struct conf *c)
{
	const char *set = conf_str(c, "soc.proxy_secret");
	auto_free char *path = NULL;
	auto_buf struct buf b = { 0 };
	struct slice line;

	if (set == NULL || set[0] == '\0')
		return NULL;
	path = conf_path(c, "soc.proxy_secret");
	if (file_read(path, &b, 1024) != 0)
		die(3, "cannot read the proxy's secret %s", path);
	line = slice_trim(buf_slice(&b));
	return strndup(line.p, line.n);
}

/* 407 by the book; tinyproxy says 401. */
bool
lcp_proxy_wants_login(long status)
{
	return status == 407 || status == 401;
}

struct lcp_board *
lcp_board_map(int fd)
{
	void *p = mmap(NULL, sizeof(struct lcp_board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die(3, "no board on descriptor %d: this is started by nezuban-lcp itself", fd);
	return p;
}
