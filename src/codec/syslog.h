/* SPDX-License-Identifier: Apache-2.0
 *
 * Syslog header of a line, taken apart: RFC 5424, RFC 3164 and what devices make of it (no PRI, no time, no host,
 * a year, ISO time, Cisco's sequence number, a time that ends in a colon).  sysloghead.h only names the
 * device for the collector; this one feeds events.  Nothing is decoded, never fails: what is not header
 * is body.  Absent parts have p == NULL.
 */
#ifndef NZ_CODEC_SYSLOG_H
#define NZ_CODEC_SYSLOG_H

#include "base/slice.h"

struct syslog {
	int pri;               /* -1 without one */
	struct slice pri_text;
	bool rfc5424;
	struct slice time;     /* for timefmt: TF_RFC3164 or TF_RFC3339 (iso) */
	bool iso;
	struct slice host, program, pid, msgid, structured;
	struct slice body;
};

void syslog_split(struct slice line, struct syslog *ret);

#endif
