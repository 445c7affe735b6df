/* SPDX-License-Identifier: Apache-2.0
 *
 * What the desk says to notify and call besides the jobs themselves (fuzz_notice, fuzz_call_job): the same job again, cancellations.
 * Each byte is a move with one of four jobs; the rest of the input is a JOB_CANCEL.  Truths: a job that is done is answered again
 * on every repeat and never begun twice; a cancellation names a job of 1 to 64 bytes or is refused.
 */
#include "role_world.h"

#include "role/outbox_priv.h"

static size_t done_heard;

static void
heard(struct msg *m)
{
	done_heard += m->type == MSG_JOB_DONE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	static struct loop *loop;
	static struct chan *desk;
	struct outbox *o = x_calloc(1, sizeof *o);
	enum { NEVER, ACTIVE, DONE } is[4] = { NEVER, NEVER, NEVER, NEVER };
	size_t want = 0;
	char job[65];

	if (loop == NULL) {
		loop = loop_new();
		desk = world_channel(loop, heard);
	}
	o->desk = desk;
	done_heard = 0;
	for (size_t i = 0; i < size && i < 64; i++) {
		unsigned j = data[i] & 3;

		if ((data[i] & 4) == 0) {
			must(outbox_begin(o, names[j], i) == (is[j] == NEVER));
			want += is[j] == DONE;
			is[j] = is[j] == NEVER ? ACTIVE : is[j];
		} else if (is[j] == ACTIVE) {
			outbox_done(o, names[j], slice_of(data, i));
			is[j] = DONE;
			want++;
		} else {
			outbox_event(o, names[j], SL("{}"));
		}
	}
	for (int i = 0; i < 100 && done_heard < want; i++)
		loop_once(loop, 1);
	must(done_heard == want);
	if (outbox_read_cancel(slice_of(data, size), job) == 0)
		must(job[0] != '\0' && strlen(job) <= 64);
	outbox_fini(o);
	free(o);
	return 0;
}
