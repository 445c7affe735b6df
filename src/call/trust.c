/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom we believe over SIP with TLS: a trunk whose certificate leads to an authority of its provider's `ca` (else
 * the system's) and names that provider's domain.  libre makes the connections in one context for all trunks,
 * and asks neither; therefore both are asked here, in the context's own callback.
 *
 * The authorities are read with the configuration, before the jail.
 */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/err.h"
#include "call/call_priv.h"

/* "host", "host:port" or "[v6]:port" without the port. */
static void
host_of(const char *domain, char out[129])
{
	struct slice s = slice_str(domain), host;

	if (s.n != 0 && s.p[0] == '[') {
		host = slice_sub(s, 1, strcspn(domain, "]"));
	} else {
		host = slice_sub(s, 0, strcspn(domain, ":"));
	}
	snprintf(out, 129, SL_FMT, SL_ARG(host));
}

static bool
names_a_trunk(X509 *cert, const struct call_conf *conf)
{
	for (size_t i = 0; i < conf->providers_n; i++) {
		char host[129];

		if (!conf->providers[i].tls)
			continue;
		host_of(conf->providers[i].domain, host);
		if (X509_check_host(cert, host, 0, 0, NULL) == 1 || X509_check_ip_asc(cert, host, 0) == 1)
			return true;
	}
	return false;
}

static int conf_index = -1;

static int
on_verify(int ok, X509_STORE_CTX *x)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct call_conf *conf = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), conf_index);

	if (ok != 1 || X509_STORE_CTX_get_error_depth(x) != 0)
		return ok;
	if (names_a_trunk(X509_STORE_CTX_get_current_cert(x), conf))
		return 1;
	X509_STORE_CTX_set_error(x, X509_V_ERR_HOSTNAME_MISMATCH);
	return 0;
}

static int
add_authorities(SSL_CTX *ctx, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert;
	int n = 0;

	while (bio != NULL && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert);
		X509_free(cert);
	}
	BIO_free(bio);
	return n;
}

int
trust_set(struct ssl_ctx_st *ctx, const struct call_conf *conf)
{
	int n = 0;

	if (conf_index < 0)
		conf_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	for (size_t i = 0; i < conf->providers_n; i++)
		if (conf->providers[i].tls && conf->providers[i].ca != NULL)
			n += add_authorities(ctx, conf->providers[i].ca);
	if (n == 0 || SSL_CTX_set_ex_data(ctx, conf_index, (void *)(uintptr_t)conf) != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return E_CERT;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return 0;
}
