/* SPDX-License-Identifier: Apache-2.0
 *
 * A mail while it is written: text and HTML grow side by side (mail.c); each kind of notice with many words has a file.
 */
#ifndef NZ_NOTIFY_MAIL_PRIV_H
#define NZ_NOTIFY_MAIL_PRIV_H

#include "notify/notify.h"

struct page {
	const struct notice *n;
	const struct words *w;
	notice_zone_fn *zone;
	struct buf *text, *html;
};

void page_greet(struct page *p);
void page_paragraph(struct page *p, const char *s);
void page_table(struct page *p, bool begins); /* fields stand between */
void page_field(struct page *p, const char *name, const char *value);
void page_section(struct page *p, const char *heading, const char *s);
void page_link(struct page *p, const char *heading, const char *url);
/* "2026-11-27 10:00:00 +09:00 (Asia/Tokyo)", in the zone of the notice. */
void page_time(const struct page *p, int64_t t, char ret[128]);
const char *page_severity(const struct page *p);

/* mail_advisory.c */
void mail_advisory(struct page *p);
const char *mail_advisory_subject(const struct notice *n); /* %s: severity, number, company */

#endif
