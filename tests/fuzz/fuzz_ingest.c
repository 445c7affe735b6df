/* SPDX-License-Identifier: Apache-2.0
 *
 * What strangers and the desk say to ingest: enrolment, heartbeat, table of collectors, answers, batches.
 * The first byte chooses; the truth that is checked: what was accepted can be read again by the next one.
 */
#include <stdlib.h>

#include "base/must.h"
#include "role/ingest_priv.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct batch_zip *z;
	struct slice s = slice_of(data + 1, size - 1);
	auto_buf struct buf out = { 0 }, again = { 0 };
	struct lcp_table t = { 0 };
	const char *why;

	if (size == 0)
		return 0;
	if (z == NULL)
		z = batch_zip_new();
	if (data[0] % 5 == 0 && enrol_read(s, &out) == 0)
		must(enrol_read(buf_slice(&out), &again) == 0 && slice_eq(buf_slice(&out), buf_slice(&again)));
	if (data[0] % 5 == 1 && heartbeat_read(s, &(struct beat_from){ "aoba", "t-1", "5e", "::1" }, &out) == 0)
		must(heartbeat_read(buf_slice(&out), &(struct beat_from){ "aoba", "t-1", "5e", "::1" }, &again) == 0);
	if (data[0] % 5 == 2 && lcps_read(&t, s) == 0)
		for (size_t i = 0; i < t.list.n; i++)
			must(t.list.v[i].revoked || t.list.v[i].serial[0][0] == 0 ||
			     lcps_find(&t, t.list.v[i].tenant, t.list.v[i].lcp, t.list.v[i].serial[0]) != NULL || t.list.n > 1);
	if (data[0] % 5 == 3)
		(void)enrolled_read(s, &out);
	if (data[0] % 5 == 4) {
		struct post *p = calloc(1, sizeof *p);

		buf_put_slice(&p->wire, s);
		if (post_look(p, z, &why) == 0)
			must(p->wire.n == p->head.wire_len + p->head.devices * sizeof(struct msg_device));
		else
			must(why != NULL);
		post_free(p);
	}
	lcps_fini(&t);
	return 0;
}
