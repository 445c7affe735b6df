/* SPDX-License-Identifier: Apache-2.0
 *
 * What pki.c and pki_cert.c share.
 */
#ifndef NZ_SYS_PKI_PRIV_H
#define NZ_SYS_PKI_PRIV_H

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "sys/pki.h"

struct pki_key {
	EVP_PKEY *pkey;
};

BIO *pki_bio(struct slice s);                    /* reads s; empty when it is over 1 MiB */
void pki_bio_take(BIO *b, struct buf *out);      /* moves what was written to out and frees b */

#endif
