/* SPDX-License-Identifier: Apache-2.0
 *
 * From the configuration to struct call_conf.  Providers are a list of maps:
 *
 *     call:
 *       providers:
 *         - name: first
 *           domain: sip.example.net
 *           user: "0312345678"
 *           password_file: secrets/first      # below `data` when not absolute
 *           register: true
 *           tls: true                         # SIP over TLS
 *           ca: trunk-ca.pem                  # whom to believe then; absent: the system's authorities
 *
 * Passwords are read here, before the jail.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "call/call.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "sys/fd.h"

struct setup {
	const struct conf *conf;
	struct whys *ws;
	int code;
};

static struct why *
complain(struct setup *s, const struct ynode *n, const char *id)
{
	s->code = E_CONFIG;
	return whys_add(s->ws, WHY_ERROR, E_CONFIG, id, conf_file(s->conf), n->line, n->col);
}

static void
copy_text(struct setup *s, const struct ynode *n, char *out, size_t cap)
{
	if (n->kind != Y_SCALAR || n->text.n == 0 || n->text.n >= cap) {
		struct why *w = complain(s, n, "CALL-PROVIDER-TEXT");

		why_found(w, "%s", n->kind != Y_SCALAR ? y_kind_name(n->kind) : n->text.n == 0 ? "nothing" : "a long text");
		why_wanted(w, "a text of 1 to %zu bytes", cap - 1);
		return;
	}
	memcpy(out, n->text.p, n->text.n);
	out[n->text.n] = '\0';
}

static void
read_secret(struct setup *s, const struct ynode *n, char *out, size_t cap)
{
	char name[512] = { 0 };
	struct buf b = { 0 };
	char *path;

	copy_text(s, n, name, sizeof name);
	if (name[0] == '\0')
		return;
	path = name[0] == '/' ? x_strdup(name) : x_asprintf("%s/%s", conf_str(s->conf, "data"), name);
	if (file_read(path, &b, cap - 1) != 0) {
		struct why *w = complain(s, n, "CALL-PROVIDER-SECRET");

		why_found(w, "%s, which cannot be read", path);
		why_wanted(w, "a file with the password, at most %zu bytes", cap - 1);
	} else {
		struct slice t = slice_trim(buf_slice(&b));

		memcpy(out, t.p, t.n);
		out[t.n] = '\0';
		explicit_bzero(b.p, b.n);
	}
	buf_fini(&b);
	free(path);
}

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define CA_MOST (4u << 20)

static void
read_ca(struct setup *s, const struct ynode *map, const struct ynode *n, struct call_provider *p)
{
	char name[512] = SYSTEM_CA;
	struct buf b = { 0 };
	char *path;

	if (n != NULL)
		copy_text(s, n, name, sizeof name);
	path = name[0] == '/' ? x_strdup(name) : x_asprintf("%s/%s", conf_str(s->conf, "data"), name);
	if (file_read(path, &b, CA_MOST) != 0) {
		struct why *w = complain(s, n != NULL ? n : map, "CALL-PROVIDER-CA");

		why_found(w, "%s, which cannot be read", path);
		why_wanted(w, "a PEM file with the authorities that are believed");
	} else {
		p->ca = x_strdup(buf_cstr(&b));
	}
	buf_fini(&b);
	free(path);
}

static void
read_provider(struct setup *s, const struct ynode *map, struct call_provider *p)
{
	static const char *const keys[] = { "name", "domain", "user", "password_file", "register", "tls", "ca" };
	const struct ynode *ca = NULL;

	*p = (struct call_provider){ 0 };
	for (const struct ynode *n = map->child; n != NULL; n = n->next) {
		if (slice_eq(n->key, SL("name")))
			copy_text(s, n, p->name, sizeof p->name);
		else if (slice_eq(n->key, SL("domain")))
			copy_text(s, n, p->domain, sizeof p->domain);
		else if (slice_eq(n->key, SL("user")))
			copy_text(s, n, p->user, sizeof p->user);
		else if (slice_eq(n->key, SL("password_file")))
			read_secret(s, n, p->password, sizeof p->password);
		else if (slice_eq(n->key, SL("register"))) {
			if (!y_bool(n, &p->registers))
				why_wanted(complain(s, n, "CALL-PROVIDER-REGISTER"), "true or false");
		} else if (slice_eq(n->key, SL("tls"))) {
			if (!y_bool(n, &p->tls))
				why_wanted(complain(s, n, "CALL-PROVIDER-TLS"), "true or false");
		} else if (slice_eq(n->key, SL("ca"))) {
			ca = n;
		} else {
			struct why *w = whys_add(s->ws, WHY_ERROR, E_CONFIG, "CALL-PROVIDER-KEY", conf_file(s->conf),
			                         n->key_line, n->key_col);
			const char *near = near_word(n->key, keys, sizeof keys / sizeof *keys);

			s->code = E_CONFIG;
			why_found(w, SL_FMT, SL_ARG(n->key));
			why_wanted(w, "name, domain, user, password_file, register, tls or ca");
			if (near != NULL)
				why_hint(w, "did you mean %s", near);
		}
	}
	if (p->tls)
		read_ca(s, map, ca, p);
	if (p->name[0] == '\0' || p->domain[0] == '\0')
		why_wanted(complain(s, map, "CALL-PROVIDER-NAME"), "name and domain");
	else if (p->registers && p->user[0] == '\0')
		why_wanted(complain(s, map, "CALL-PROVIDER-USER"), "user, because it registers");
}

int
call_conf_load(const struct conf *conf, struct call_conf *ret, struct whys *ws)
{
	struct setup s = { .conf = conf, .ws = ws };
	const struct ynode *list = conf_tree(conf, "call.providers");
	struct call_conf c;
	char *path;

	call_conf_default(&c);
	snprintf(c.listen, sizeof c.listen, "%s", conf_str(conf, "call.listen"));
	snprintf(c.from, sizeof c.from, "%s", conf_str(conf, "call.from"));
	c.rtp_min = (int)conf_int(conf, "call.rtp_first");
	c.rtp_max = (int)conf_int(conf, "call.rtp_last");
	c.lines = (int)conf_int(conf, "call.lines");
	c.greet_wait_ns = conf_int(conf, "call.greet_wait");
	path = conf_path(conf, "call.espeak");
	snprintf(c.espeak, sizeof c.espeak, "%s", path);
	free(path);
	if (conf_str(conf, "call.recordings")[0] != '\0') {
		path = conf_path(conf, "call.recordings");
		snprintf(c.recordings, sizeof c.recordings, "%s", path);
		free(path);
	}
	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind != Y_MAP || c.providers_n == CALL_PROVIDERS_MAX) {
			why_wanted(complain(&s, n, "CALL-PROVIDERS"), "at most %d maps with name and domain", CALL_PROVIDERS_MAX);
			break;
		}
		read_provider(&s, n, &c.providers[c.providers_n++]);
	}
	if (s.code == 0)
		*ret = c;
	return s.code;
}
