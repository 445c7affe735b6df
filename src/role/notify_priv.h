/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of role notify: notify.c takes jobs and sends, notify_paper.c keeps the mails that wait for a document or for files.
 */
#ifndef NZ_ROLE_NOTIFY_PRIV_H
#define NZ_ROLE_NOTIFY_PRIV_H

#include "base/vec.h"
#include "notify/notify.h"
#include "role/outbox_priv.h"

#define PAPER_MAX (5u << 20)         /* of a document in a mail; what is larger is fetched in the portal */
#define PAPER_PATIENCE (60 * NS_PER_S)

struct paper_mail {
	char job[65], id[48];
	bool files;                  /* it waits for files of an answer, not for a report */
	uint32_t lang;
	int revision;
	uint64_t ask;                /* number of what was asked last */
	enum role_id of;             /* whom: the desk for the data set, then print */
	int64_t until;
	struct buf body;             /* the JOB, read again when it is sent */
};

struct notifier {
	struct outbox out;
	struct post_conf conf;
	struct post *post;
	struct probe *probe;
	struct buf trusted;          /* web.certificate as it was at the start: what the probe believes */
	uint64_t probe_id;           /* of the question under way */
	struct role_env *env;
	struct chan *print;
	VEC(struct paper_mail *) waiting;
	uint64_t asked;
	struct timer *tick;          /* while somebody waits */
};

/* Is it word of a published report? Then its mail waits for the document (or, after a minute, goes without), and true. An answer with
 * files waits for them too, but never goes without: it is deferred, and the desk asks again. */
bool paper_begin(struct notifier *n, const struct notice *notice, struct slice body);
void paper_msg(struct notifier *n, enum role_id peer, struct msg *m);
void paper_lost(struct notifier *n, enum role_id peer);
bool paper_cancel(struct notifier *n, const char *job); /* true: it waited, and is forgotten */
void paper_fini(struct notifier *n);
/* notify.c: sends a JOB that was read before, with these files; name NULL: the JOB's own. */
void notify_send(struct notifier *n, struct slice body, const struct notice_file *files, int files_n);
/* notify.c: tells the desk to ask again later. */
void notify_defer(struct notifier *n, const char *job, const char *why);

#endif
