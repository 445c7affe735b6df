/* SPDX-License-Identifier: Apache-2.0
 *
 * First start: the keys of this SOC.  Below `data`/keys:
 *
 *     ca.key ca.crt          signs collectors' certificates (desk) and ingest's own
 *     ingest.key ingest.crt  what collectors see
 *     sign.key sign.pub      Ed25519: receipts and manifests (archive)
 *     desk.key desk.pub      Ed25519: heads of the journal (desk)
 *     token.key              32 bytes: what API keys are hashed with (desk)
 *
 * And the web's certificate, where the configuration says (web_cert.h): two roles want it.
 *
 * A pair that is there is never replaced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "role/frame_priv.h"
#include "role/web_cert.h"
#include "sys/fd.h"
#include "sys/jail.h"
#include "sys/pki.h"

#define YEAR (366LL * NS_PER_DAY)

static char *
path_of(const struct conf *conf, const char *name)
{
	return x_asprintf("%s/keys/%s", conf_str(conf, "data"), name);
}

static bool
is_there(const struct conf *conf, const char *name)
{
	auto_free char *path = path_of(conf, name);

	return access(path, F_OK) == 0;
}

static int
keep(const struct conf *conf, const char *name, struct slice bytes, bool secret, const char *user)
{
	auto_free char *path = path_of(conf, name);
	int r = file_write_atomic(path, bytes, secret ? 0600 : 0644);

	return r != 0 || user == NULL ? r : jail_give(path, user);
}

static int
make_ca(const struct conf *conf)
{
	struct pki_key *key = pki_key_make(PKI_P256);
	auto_buf struct buf secret = { 0 }, cert = { 0 };
	int64_t now = clock_now(clock_real());
	int r;

	pki_ca_make(key, "Nezuban collectors", now - NS_PER_DAY, now + 10 * YEAR, &cert);
	pki_key_write(key, &secret);
	pki_key_free(key);
	r = keep(conf, "ca.key", buf_slice(&secret), true, "nezuban-desk");
	return r != 0 ? r : keep(conf, "ca.crt", buf_slice(&cert), false, NULL);
}

/* Names under which collectors reach us, from the configuration; this host alone when none are given. */
static const char **
host_names(const struct conf *conf)
{
	const struct ynode *list = conf_tree(conf, "names");
	VEC(const char *) v = { 0 };

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL; n = n->next)
		if (n->kind == Y_SCALAR)
			vec_push(&v, n->text.p);
	if (v.n == 0) {
		vec_push(&v, "localhost");
		vec_push(&v, "127.0.0.1");
	}
	vec_push(&v, NULL);
	return v.v;
}

static int
make_ingest(const struct conf *conf)
{
	auto_free char *ca_path = path_of(conf, "ca.crt"), *ca_key_path = path_of(conf, "ca.key");
	auto_buf struct buf ca = { 0 }, ca_pem = { 0 }, secret = { 0 }, cert = { 0 };
	const char **hosts = host_names(conf);
	int64_t now = clock_now(clock_real());
	struct pki_ask ask = { .cn = hosts[0], .hosts = hosts, .from_ns = now - NS_PER_DAY, .to_ns = now + 2 * YEAR,
		               .use = PKI_SERVER };
	struct pki_key *ca_key = NULL, *key = pki_key_make(PKI_P256);
	int r = file_read(ca_path, &ca, 1 << 20);

	if (r == 0)
		r = file_read(ca_key_path, &ca_pem, 1 << 20);
	if (r == 0)
		r = pki_key_read(buf_slice(&ca_pem), &ca_key);
	if (r == 0)
		r = pki_cert_make(key, buf_slice(&ca), ca_key, &ask, &cert);
	if (r == 0) {
		pki_key_write(key, &secret);
		r = keep(conf, "ingest.key", buf_slice(&secret), true, "nezuban-ingest");
	}
	if (r == 0)
		r = keep(conf, "ingest.crt", buf_slice(&cert), false, NULL);
	pki_key_free(key);
	pki_key_free(ca_key);
	free(hosts);
	return r;
}

static int
make_signing(const struct conf *conf, const char *secret_name, const char *public_name, const char *user)
{
	struct pki_key *key = pki_key_make(PKI_ED25519);
	auto_buf struct buf secret = { 0 }, public = { 0 };
	int r;

	pki_key_write(key, &secret);
	pki_key_write_public(key, &public);
	pki_key_free(key);
	r = keep(conf, public_name, buf_slice(&public), false, NULL);
	return r != 0 ? r : keep(conf, secret_name, buf_slice(&secret), true, user);
}

static int
make_token_key(const struct conf *conf)
{
	uint8_t bytes[32];
	int r;

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return E_IO;
	r = keep(conf, "token.key", slice_of(bytes, sizeof bytes), true, "nezuban-desk");
	explicit_bzero(bytes, sizeof bytes);
	return r;
}

int
frame_keys(const struct conf *conf)
{
	auto_free char *dir = x_asprintf("%s/keys", conf_str(conf, "data"));
	int r = dir_make(dir, 0711);

	if (r == 0 && !is_there(conf, "ca.key"))
		r = make_ca(conf);
	if (r == 0 && !is_there(conf, "ingest.crt"))
		r = make_ingest(conf);
	if (r == 0 && !is_there(conf, "sign.key"))
		r = make_signing(conf, "sign.key", "sign.pub", "nezuban-archive");
	if (r == 0 && !is_there(conf, "desk.key"))
		r = make_signing(conf, "desk.key", "desk.pub", "nezuban-desk");
	if (r == 0 && !is_there(conf, "token.key"))
		r = make_token_key(conf);
	if (r == 0)
		r = web_cert_make(conf, clock_now(clock_real()));
	if (r != 0)
		log_error("keys.make", kv_str("folder", dir), kv_err(r));
	return r;
}
