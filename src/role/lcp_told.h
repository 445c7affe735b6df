/* SPDX-License-Identifier: Apache-2.0
 *
 * What the SOC tells a collector about its devices: signed, numbered, for one collector only.  Pure, fuzzed.
 *
 *   {"v":1,"config":"<text>","key":"<id>","sig":"<base64>"}     Ed25519 of the desk over LCP_TOLD_PREFIX and the text
 *   text = {"v":1,"tenant","lcp","version","at","devices":[{"id","source","transport","address"}]}
 *
 * The text is kept and verified as bytes: nothing is parsed before its signature was right.  What comes out for the worker
 * is a table of lines KEY TAB NAME TAB SOURCE: a key is a device's name or its address.
 */
#ifndef NZ_ROLE_LCP_TOLD_H
#define NZ_ROLE_LCP_TOLD_H

#include "base/buf.h"
#include "base/slice.h"
#include "sys/pki.h"

#define LCP_TOLD_PREFIX "nezuban collector configuration 1\n"
#define LCP_TOLD_MAX (2u << 20)
#define LCP_TOLD_DEVICES 8192

struct lcp_told {
	uint64_t version;
	size_t devices;
	struct buf table;
};

/* E_SYNTAX; E_SIGNATURE: by nobody or another key; E_DENIED: for another collector; E_REPLAY: its number is below `least`.
 * *ret is untouched on failure; its table is the caller's. */
int lcp_told_read(struct slice envelope, const struct pki_key *key, const char *tenant, const char *lcp, uint64_t least, struct lcp_told *ret);

#endif
