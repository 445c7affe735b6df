/* SPDX-License-Identifier: Apache-2.0
 *
 * Pki: keys, certificates, signatures and random tokens, all by OpenSSL 3.  Nothing is invented here;
 * this only fixes the few choices Nezuban makes and says them in one place.
 *
 *   certificates   X.509 v3, ECDSA P-256, one CA of our own for collectors and for the ingest listener.
 *                  O = tenant, CN = LCP in a collector's certificate.  Serial: 16 random bytes whose first
 *                  is 0x40..0x7f, so every program prints the same 32 hex digits without leading zeros.
 *   signatures     Ed25519 (RFC 8032) over whole byte strings: receipts, manifests, journal heads.
 *   key id         first 16 hex digits of the SHA-256 of the public key (SubjectPublicKeyInfo, DER).
 *
 * PEM goes in and out as bytes; who owns files is the caller's business.  Functions that only fail when
 * memory or randomness is out die (must); those that read foreign bytes return E_SYNTAX or E_CERT.
 */
#ifndef NZ_SYS_PKI_H
#define NZ_SYS_PKI_H

#include "base/buf.h"
#include "base/slice.h"

enum pki_kind { PKI_P256, PKI_ED25519 };
enum pki_use { PKI_CA, PKI_SERVER, PKI_CLIENT };

struct pki_key;

struct pki_key *pki_key_make(enum pki_kind kind);
int pki_key_read(struct slice pem, struct pki_key **ret);         /* private key; E_SYNTAX */
int pki_key_read_public(struct slice pem, struct pki_key **ret);  /* "BEGIN PUBLIC KEY"; E_SYNTAX */
void pki_key_write(const struct pki_key *k, struct buf *out);     /* PKCS #8 PEM: a secret */
void pki_key_write_public(const struct pki_key *k, struct buf *out);
void pki_key_free(struct pki_key *k);                             /* NULL is fine */
void pki_key_id(const struct pki_key *k, char ret[17]);

/* What a certificate says, and what one shall say. */
struct pki_cert {
	char org[64], cn[128];
	char issuer_cn[128];
	char serial[65];              /* lower-case hex */
	int64_t from_ns, to_ns;
	enum pki_use use;
	uint8_t sha256[32];           /* of the DER: the fingerprint */
};

struct pki_ask {
	const char *org, *cn;         /* org may be NULL */
	const char *const *hosts;     /* names and addresses for subjectAltName, NULL-ended; may be NULL */
	const char *serial;           /* 32 hex digits from pki_serial, or NULL: made here */
	int64_t from_ns, to_ns;
	enum pki_use use;
};

void pki_serial(char ret[33]);
/* Self-signed certificate of a CA. */
void pki_ca_make(const struct pki_key *k, const char *cn, int64_t from_ns, int64_t to_ns, struct buf *out);
/* Certificate for k signed by the CA. E_CERT when the CA's certificate and key do not belong together. */
int pki_cert_make(const struct pki_key *k, struct slice ca_pem, const struct pki_key *ca_key,
                  const struct pki_ask *ask, struct buf *out);
/* PKCS #10 request; name is only a wish, the signer decides. */
void pki_csr_make(const struct pki_key *k, const char *org, const char *cn, struct buf *out);
/* Signs a stranger's request: only its public key is used, and only when it proves to hold the private
 * one and the key is strong enough (EC 256 bits and more, Ed25519, RSA 2048 and more). */
int pki_csr_sign(struct slice csr_pem, struct slice ca_pem, const struct pki_key *ca_key,
                 const struct pki_ask *ask, struct buf *out);
int pki_csr_fingerprint(struct slice csr_pem, uint8_t ret[32]);   /* SHA-256 of the DER */
int pki_cert_read(struct slice pem, struct pki_cert *ret);        /* E_SYNTAX */
bool pki_cert_is_for(struct slice pem, const struct pki_key *k);  /* does it certify this key? */
/* Is it signed by the CA, valid at `now`, and fit for `use`? 0 or E_CERT, *ret_why (may be NULL) a literal. */
int pki_cert_verify(struct slice pem, struct slice ca_pem, enum pki_use use, int64_t now_ns, const char **ret_why);

#define PKI_SIG_LEN 64
void pki_sign(const struct pki_key *k, struct slice bytes, uint8_t ret[PKI_SIG_LEN]); /* Ed25519 */
int pki_verify(const struct pki_key *k, struct slice bytes, struct slice sig);       /* 0 or E_SIGNATURE */

void pki_random(void *p, size_t n);
/* A token of 26 letters and digits (base32, lower case, 130 bits) for ids and secrets shown once. */
void pki_token(char ret[27]);
void pki_sha256(struct slice s, uint8_t ret[32]);
bool pki_equal(const void *a, const void *b, size_t n);           /* in constant time */
void pki_hex(const void *p, size_t n, char *ret);                 /* 2 n + 1 bytes, lower case */
int pki_unhex(struct slice s, void *ret, size_t n);               /* exactly 2 n digits; E_SYNTAX */
void pki_base64(struct slice s, struct buf *out);
int pki_unbase64(struct slice s, struct buf *out);                /* RFC 4648 with padding; E_SYNTAX */

#endif
