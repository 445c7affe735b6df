/* SPDX-License-Identifier: Apache-2.0
 *
 * Webauthn: what a security key said, checked (W3C Web Authentication, Level 2).  Floor 3.  It has no state and no
 * table: one question, one answer, so it can live in a process that may do nothing else (role verify).
 *
 *   question {"v":1, "op":"create"|"get", "challenge", "rp", "origins":[…], "client_data", "authenticator_data",
 *             and for get "signature", "alg", "key"}
 *   answer   {"ok":true, "counter", "uv", "backed_up", and for create "credential", "alg", "key"}
 *            {"ok":false, "fault": one of the words below}
 *
 *   faults   question   the question itself is no such object
 *            client     client data is no JSON object of that type, or was made for another site's frame
 *            challenge  it answers another challenge
 *            origin     it was made for another address
 *            data       authenticator data cannot be read, or is of another relying party, or nobody touched the key
 *            algorithm  none of ES256 (-7), EdDSA (-8), RS256 (-257)
 *            signature  it does not verify
 *
 * Bytes are base64url without padding, as browsers send them.  CBOR, COSE and signatures are libfido2's work; the
 * attestation statement is neither asked for nor looked at.
 */
#ifndef NZ_AUTH_WEBAUTHN_H
#define NZ_AUTH_WEBAUTHN_H

#include "base/buf.h"
#include "base/slice.h"

#define WEBAUTHN_TEXT_MAX 12000 /* of one base64url field */

/* Appends the answer. Any bytes may come in; an answer always goes out. */
void webauthn_answer(struct slice question, struct buf *out);

#endif
