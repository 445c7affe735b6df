/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is at the other end of a connection: the kernel's word on a Unix socket, the verified client
 * certificate under TLS.  A name that does not fit its field, or holds a NUL, counts as no certificate.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/socket.h>

#include "http/http_priv.h"

static bool
dn_part(gnutls_x509_crt_t crt, const char *oid, char *out, size_t cap)
{
	size_t n = cap;
	int rc = gnutls_x509_crt_get_dn_by_oid(crt, oid, 0, 0, out, &n);

	if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
		out[0] = 0;
		return true;
	}
	return rc == 0 && n < cap && strlen(out) == n;
}

static bool
cert_read(const gnutls_datum_t *der, struct http_peer *ret)
{
	gnutls_x509_crt_t crt;
	unsigned char serial[32];
	size_t n = sizeof serial, hash_n = sizeof ret->cert_sha256;
	bool good;

	if (gnutls_x509_crt_init(&crt) != 0)
		return false;
	good = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == 0 &&
	       dn_part(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, ret->cert_o, sizeof ret->cert_o) &&
	       dn_part(crt, GNUTLS_OID_X520_COMMON_NAME, ret->cert_cn, sizeof ret->cert_cn) &&
	       gnutls_x509_crt_get_serial(crt, serial, &n) == 0 &&
	       gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, ret->cert_sha256, &hash_n) == 0;
	for (size_t i = 0; good && i < n; i++)
		snprintf(ret->cert_serial + 2 * i, 3, "%02x", serial[i]);
	gnutls_x509_crt_deinit(crt);
	return good;
}

static void
fill_cert(struct MHD_Connection *mc, struct http_peer *ret)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *chain;
	unsigned status, count = 0;

	if (info == NULL || info->tls_session == NULL)
		return;
	chain = gnutls_certificate_get_peers(info->tls_session, &count);
	if (chain == NULL || count == 0 || gnutls_certificate_verify_peers2(info->tls_session, &status) != 0 ||
	    status != 0)
		return;
	ret->cert = cert_read(&chain[0], ret);
}

static void
fill_address(struct MHD_Connection *mc, struct http_peer *ret)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info != NULL ? info->client_addr : NULL;

	if (sa == NULL)
		return;
	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, ret->address,
		          sizeof ret->address);
	else if (sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, ret->address,
		          sizeof ret->address);
}

void
peer_fill(struct http *h, struct MHD_Connection *mc, struct http_peer *ret)
{
	*ret = (struct http_peer){ .uid = (uid_t)-1, .pid = -1 };
	if (h->local) {
		const union MHD_ConnectionInfo *info =
		        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
		struct ucred cred;
		socklen_t n = sizeof cred;

		if (info != NULL && getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0) {
			ret->local = true;
			ret->uid = cred.uid;
			ret->pid = cred.pid;
		}
		return;
	}
	fill_address(mc, ret);
	if (h->conf.client_ca_pem != NULL)
		fill_cert(mc, ret);
}
