/* SPDX-License-Identifier: Apache-2.0 */
#include "role/web_cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "sys/fd.h"
#include "sys/pki.h"

#define LIFE (397 * NS_PER_DAY)
#define NAMES 36

void
web_cert_name(const struct conf *conf, char *out, size_t size)
{
	const char *name = conf_str(conf, "web.name"), *url = conf_str(conf, "desk.url"), *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	if (name[0] != '\0')
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%.*s", (int)(host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#")), host);
}

static int
make_pair(const struct conf *conf, int64_t now, struct buf *cert, struct buf *secret)
{
	struct pki_key *ca = pki_key_make(PKI_P256), *key = pki_key_make(PKI_P256);
	const struct ynode *names = conf_tree(conf, "names");
	const char *hosts[NAMES] = { "localhost", "127.0.0.1", "::1" };
	auto_buf struct buf ca_pem = { 0 };
	char own[256];
	int n = 3, r;

	web_cert_name(conf, own, sizeof own);
	for (const struct ynode *x = names != NULL ? names->child : NULL; x != NULL && n < NAMES - 2; x = x->next)
		if (x->kind == Y_SCALAR)
			hosts[n++] = x->text.p;
	if (own[0] != '\0' && own[0] != '[')
		hosts[n++] = own;
	struct pki_ask ask = { .cn = n > 3 ? hosts[3] : "localhost", .hosts = hosts, .use = PKI_SERVER, .from_ns = now - NS_PER_DAY, .to_ns = now + LIFE };

	pki_ca_make(ca, "Nezuban web, made here", ask.from_ns, ask.to_ns, &ca_pem);
	r = pki_cert_make(key, buf_slice(&ca_pem), ca, &ask, cert);
	buf_put_slice(cert, buf_slice(&ca_pem));
	pki_key_write(key, secret);
	pki_key_free(ca);
	pki_key_free(key);
	return r;
}

/* The folder of a file, made. */
static void
make_room(const char *path)
{
	auto_free char *folder = x_strdup(path);
	char *slash = strrchr(folder, '/');

	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	dir_make(folder, 0755);
}

int
web_cert_make(const struct conf *conf, int64_t now)
{
	auto_free char *cert_path = conf_path(conf, "web.certificate"), *key_path = conf_path(conf, "web.key");
	auto_buf struct buf cert = { 0 }, secret = { 0 };
	int r;

	if (access(cert_path, F_OK) == 0 || access(key_path, F_OK) == 0)
		return 0;
	make_room(cert_path);
	make_room(key_path);
	r = make_pair(conf, now, &cert, &secret);
	if (r == 0)
		r = file_write_atomic(key_path, buf_slice(&secret), 0600);
	if (r == 0)
		r = file_write_atomic(cert_path, buf_slice(&cert), 0644);
	if (secret.n != 0)
		explicit_bzero(secret.p, secret.n);
	if (r == 0)
		log_info("web.certificate.made", kv_str("file", cert_path));
	else
		log_error("web.certificate", kv_str("file", cert_path), kv_err(r));
	return r;
}
