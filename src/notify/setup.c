/* SPDX-License-Identifier: Apache-2.0
 *
 * From the configuration to struct post_conf.  Passwords and webhook secrets are files, read before the jail.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "codec/reach.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "notify/notify.h"
#include "sys/fd.h"

struct setup {
	const struct conf *conf;
	struct whys *ws;
	int code;
};

static struct why *
complain(struct setup *s, const char *id)
{
	s->code = E_CONFIG;
	return whys_add(s->ws, WHY_ERROR, E_CONFIG, id, conf_file(s->conf), 0, 0);
}

static void
copy(struct setup *s, const char *key, char *out, size_t cap)
{
	const char *v = conf_str(s->conf, key);

	if (strlen(v) >= cap) {
		struct why *w = complain(s, "MAIL-LONG");

		why_found(w, "%s of %zu bytes", key, strlen(v));
		why_wanted(w, "at most %zu", cap - 1);
		return;
	}
	snprintf(out, cap, "%s", v);
}

static bool
read_secret(const char *path, char *out, size_t cap)
{
	struct buf b = { 0 };
	struct slice t;
	bool ok = file_read(path, &b, cap - 1) == 0;

	if (ok) {
		t = slice_trim(buf_slice(&b));
		memcpy(out, t.p, t.n);
		out[t.n] = '\0';
		ok = t.n != 0;
	}
	if (b.p != NULL)
		explicit_bzero(b.p, b.n);
	buf_fini(&b);
	return ok;
}

static void
password(struct setup *s, char *out, size_t cap)
{
	char *path;

	if (conf_str(s->conf, "mail.password_file")[0] == '\0')
		return;
	path = conf_path(s->conf, "mail.password_file");
	if (!read_secret(path, out, cap)) {
		struct why *w = complain(s, "MAIL-SECRET");

		why_found(w, "%s, which cannot be read or is empty", path);
		why_wanted(w, "a file with the password");
	}
	free(path);
}

static void
secrets(struct setup *s, struct post_conf *c)
{
	char *dir;
	DIR *d;

	if (conf_str(s->conf, "webhook.secrets")[0] == '\0')
		return;
	dir = conf_path(s->conf, "webhook.secrets");
	d = opendir(dir);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL && c->secrets_n < POST_SECRETS;) {
		char *path;

		if (e->d_name[0] == '.' || strlen(e->d_name) > 64)
			continue;
		path = x_asprintf("%s/%s", dir, e->d_name);
		if (read_secret(path, c->secrets[c->secrets_n].secret, sizeof c->secrets[0].secret))
			snprintf(c->secrets[c->secrets_n++].name, sizeof c->secrets[0].name, "%.64s", e->d_name);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(dir);
}

static void
networks(struct setup *s, struct post_conf *c)
{
	const struct ynode *list = conf_tree(s->conf, "webhook.allow");

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind == Y_SCALAR && c->allow_n < POST_ALLOW && ip_parse_cidr(n->text, &c->allow[c->allow_n].net, &c->allow[c->allow_n].bits)) {
			c->allow_n++;
		} else {
			struct why *w = complain(s, "WEBHOOK-ALLOW");

			why_found(w, "webhook.allow " SL_FMT, SL_ARG(n->text));
			why_wanted(w, "at most %d networks such as 10.20.0.0/16", POST_ALLOW);
		}
	}
}

int
post_conf_load(const struct conf *conf, struct post_conf *ret, struct whys *ws)
{
	struct setup s = { .conf = conf, .ws = ws };
	struct post_conf *c = x_calloc(1, sizeof *c);
	const char *tls = conf_str(conf, "mail.starttls");

	copy(&s, "mail.url", c->url, sizeof c->url);
	copy(&s, "mail.from", c->from, sizeof c->from);
	copy(&s, "mail.from_name", c->from_name, sizeof c->from_name);
	copy(&s, "mail.inquiries", c->inquiries, sizeof c->inquiries);
	copy(&s, "mail.user", c->user, sizeof c->user);
	if (conf_str(conf, "mail.ca")[0] != '\0') {
		char *path = conf_path(conf, "mail.ca");

		snprintf(c->ca, sizeof c->ca, "%s", path);
		free(path);
	}
	c->starttls = strcmp(tls, "must") == 0 ? 2 : strcmp(tls, "try") == 0 ? 1 : 0;
	c->connections = (int)conf_int(conf, "mail.connections");
	c->timeout_ns = conf_int(conf, "mail.timeout");
	c->hook_plain = conf_bool(conf, "webhook.plain_loopback");
	c->hook_timeout_ns = conf_int(conf, "webhook.timeout");
	networks(&s, c);
	if (c->url[0] != '\0' && strncmp(c->url, "smtp://", 7) != 0 && strncmp(c->url, "smtps://", 8) != 0) {
		struct why *w = complain(&s, "MAIL-URL");

		why_found(w, "mail.url %s", c->url);
		why_wanted(w, "smtp://host:port or smtps://host:port");
	}
	if (!reach_is_mail(slice_str(c->from))) {
		struct why *w = complain(&s, "MAIL-FROM");

		why_found(w, "mail.from %s", c->from);
		why_wanted(w, "a mail address");
	}
	if (c->inquiries[0] != '\0' && (!reach_is_mail(slice_str(c->inquiries)) || strlen(c->inquiries) > 200)) {
		struct why *w = complain(&s, "MAIL-INQUIRIES");

		why_found(w, "mail.inquiries %s", c->inquiries);
		why_wanted(w, "a mail address");
	}
	password(&s, c->password, sizeof c->password);
	secrets(&s, c);
	if (s.code == 0)
		*ret = *c;
	explicit_bzero(c, sizeof *c);
	free(c);
	return s.code;
}
