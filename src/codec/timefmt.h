/* SPDX-License-Identifier: Apache-2.0
 *
 * Times as devices write them.  Floor 1, pure; zones are the exception: zone_open reads the system's
 * TZif file (RFC 9636) once and keeps it forever.
 *
 * Every reader takes the text and gives nanoseconds UTC.  A text without a zone is read in the zone given
 * (NULL = UTC); a text without a year (RFC 3164) takes the year that puts it nearest to `now_ns`.
 */
#ifndef NZ_CODEC_TIMEFMT_H
#define NZ_CODEC_TIMEFMT_H

#include "base/slice.h"

struct zone;

/* "Asia/Tokyo", "+09:00", "+0900", "UTC", "Z". NULL when there is no such zone. Lives forever, thread-safe.
 * Zones never opened before need files: a jailed role calls zone_preload() first. */
const struct zone *zone_open(struct slice name);
void zone_preload(void);
/* Seconds east of UTC at a local time (seconds since 1970 as if it were UTC). */
int32_t zone_offset_local(const struct zone *z, int64_t local_s);
int32_t zone_offset_utc(const struct zone *z, int64_t utc_s);
/* The first moment (UTC seconds) at which a clock on the wall there shows local_s or a later time: the first one of
 * an hour that comes twice, the leap itself for an hour that is left out.  Never falls when local_s grows. */
int64_t zone_first_utc(const struct zone *z, int64_t local_s);
bool zone_parse_offset(struct slice s, int32_t *ret_seconds); /* +hh:mm, +hhmm, +hh, Z, UTC, GMT */

enum timefmt {
	TF_AUTO,      /* by its shape: any of the below except the epochs with other units */
	TF_RFC3339,   /* 2026-11-23T04:05:06.789Z; blank or T; zone +hh:mm, +hhmm, Z or none */
	TF_RFC3164,   /* Nov 23 04:05:06; also with a year before or behind the time */
	TF_SLASH,     /* 2026/11/23 04:05:06 (PAN-OS) */
	TF_CLF,       /* 23/Nov/2026:04:05:06 +0900 (Apache, nginx) */
	TF_EPOCH,     /* seconds with a fraction; 13, 16 and 19 digits are ms, µs and ns */
	TF_US,        /* 11/23/2026 4:05:06 AM */
	TF_COUNT
};

struct timefmt_context {
	const struct zone *zone;
	int64_t now_ns;       /* for the missing year */
	/* set by the reader */
	bool had_zone, had_year;
};

int timefmt_find(struct slice name); /* "auto", "rfc3339", "syslog", "slash", "clf", "epoch", "us"; or E_NOTFOUND */
/* The whole of s must be the time. 0, E_SYNTAX or E_RANGE. */
int timefmt_parse(enum timefmt f, struct slice s, struct timefmt_context *c, int64_t *ret_ns);

#endif
