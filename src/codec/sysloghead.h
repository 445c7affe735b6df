/* SPDX-License-Identifier: Apache-2.0
 *
 * Header of a syslog line, read only to name the device that sent it: RFC 5424 ("<34>1 2026-…Z host app …")
 * and RFC 3164 ("<34>Oct 11 22:14:15 host tag: …") with the variants that devices in the field send:
 * no <PRI>, a year behind or before the time, fractions, a zone, ISO time in an RFC 3164 line, Cisco's
 * sequence number and '*' or '.' before the time.  Never changes a byte, never fails: without a believable
 * host name the caller names the device by its address.
 */
#ifndef NZ_CODEC_SYSLOGHEAD_H
#define NZ_CODEC_SYSLOGHEAD_H

#include "base/slice.h"

#define SYSLOG_HOST_MAX 255

/* Host name inside `line`, or an empty slice. Only letters, digits and . - _ : (IPv6), at most 255 bytes,
 * and never a bare tag such as "sshd[12]:". */
struct slice sysloghead_host(struct slice line);
/* Is s fit to be shown and kept as a device's name? */
bool sysloghead_name_is_good(struct slice s);

#endif
