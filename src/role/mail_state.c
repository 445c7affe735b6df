/* SPDX-License-Identifier: Apache-2.0
 *
 * The mail that kills.  Its bytes' hash is written into the parent's memory before it is read; whoever comes after a
 * death finds it there.  A restart of the whole service forgets: then two more deaths are the price.
 */
#include <openssl/evp.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "role/mail_priv.h"

static struct mail_suspect *
find(struct mail_scratch *s, const unsigned char hash[32])
{
	for (size_t i = 0; i < MAIL_SUSPECTS; i++)
		if (s->suspect[i].deaths != 0 && memcmp(s->suspect[i].hash, hash, 32) == 0)
			return &s->suspect[i];
	return NULL;
}

void
mail_scratch_judge(struct mail_scratch *s)
{
	struct mail_suspect *at = find(s, s->now.hash);

	if (s->busy != 1)
		return;
	s->busy = 0;
	if (at == NULL) { /* in the place of the one that killed least: strangers do not push out what is proven */
		at = &s->suspect[0];
		for (size_t i = 1; i < MAIL_SUSPECTS; i++)
			if (s->suspect[i].deaths < at->deaths)
				at = &s->suspect[i];
		*at = s->now;
		at->deaths = 0;
	}
	at->deaths++;
	log_alert("mail.crashed_at", kv_u64("times", at->deaths));
}

bool
mail_scratch_begin(struct mail_scratch *s, struct slice mail)
{
	const struct mail_suspect *known;
	unsigned n = 0;

	must(EVP_Digest(mail.p, mail.n, s->now.hash, &n, EVP_sha256(), NULL) == 1 && n == sizeof s->now.hash);
	known = find(s, s->now.hash);
	if (known != NULL && known->deaths >= MAIL_DEATHS)
		return false;
	s->busy = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* for whoever comes after a death */
	return true;
}

void
mail_scratch_end(struct mail_scratch *s)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	s->busy = 0;
}
