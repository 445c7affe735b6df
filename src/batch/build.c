/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"
#include "base/must.h"
#include "base/vec.h"
#include "batch/batch.h"
#include "batch/crc32c.h"

struct batch_builder {
	VEC(struct batch_device) devices;
	VEC(struct batch_line) lines;
	VEC(struct batch_note) notes;
	struct buf bytes;
	struct map by_name; /* id NUL source → device number */
};

struct batch_builder *
batch_builder_new(void)
{
	return x_calloc(1, sizeof(struct batch_builder));
}

void
batch_builder_free(struct batch_builder *bb)
{
	if (bb == NULL)
		return;
	vec_fini(&bb->devices);
	vec_fini(&bb->lines);
	vec_fini(&bb->notes);
	buf_fini(&bb->bytes);
	map_fini(&bb->by_name);
	free(bb);
}

void
batch_builder_reset(struct batch_builder *bb)
{
	bb->devices.n = bb->lines.n = bb->notes.n = 0;
	buf_clear(&bb->bytes);
	map_fini(&bb->by_name);
}

int
batch_add_device(struct batch_builder *bb, struct slice id, struct slice source)
{
	auto_buf struct buf name = { 0 };
	struct map_slot *slot;
	bool is_new;

	if (bb->devices.n == BATCH_DEVICES_MAX || bb->bytes.n + id.n + source.n > BATCH_BYTES_MAX)
		return E_FULL;
	buf_put_slice(&name, id);
	buf_put_byte(&name, '\0');
	buf_put_slice(&name, source);
	slot = map_put(&bb->by_name, buf_slice(&name), &is_new);
	if (is_new) {
		uint32_t at = (uint32_t)bb->bytes.n;

		buf_put_slice(&bb->bytes, id);
		buf_put_slice(&bb->bytes, source);
		slot->u = bb->devices.n;
		vec_push(&bb->devices, (struct batch_device){ at, (uint32_t)id.n, at + (uint32_t)id.n,
		                                              (uint32_t)source.n });
	}
	return (int)slot->u;
}

int
batch_add_line(struct batch_builder *bb, uint32_t device, enum batch_transport transport, uint8_t flags,
               int64_t received_ns, struct slice bytes)
{
	must(device < bb->devices.n);
	if (bytes.n > BATCH_LINE_MAX)
		return E_TOOBIG;
	if (bb->lines.n == BATCH_LINES_MAX || bb->bytes.n + bytes.n > BATCH_BYTES_MAX)
		return E_FULL;
	vec_push(&bb->lines, (struct batch_line){ .received_ns = received_ns,
	                                          .off = (uint32_t)bb->bytes.n,
	                                          .len = (uint32_t)bytes.n,
	                                          .device = device,
	                                          .transport = (uint8_t)transport,
	                                          .flags = flags });
	buf_put_slice(&bb->bytes, bytes);
	return 0;
}

void
batch_note_cut(struct batch_builder *bb, uint64_t original_len, const uint8_t sha256[32])
{
	struct batch_note note = { .original_len = original_len };

	must(bb->lines.n != 0);
	note.line = (uint32_t)bb->lines.n - 1;
	must((bb->notes.n == 0 || bb->notes.v[bb->notes.n - 1].line < note.line));
	bb->lines.v[note.line].flags |= LINE_CUT;
	memcpy(note.sha256, sha256, 32);
	vec_push(&bb->notes, note);
}

uint32_t
batch_builder_lines(const struct batch_builder *bb)
{
	return (uint32_t)bb->lines.n;
}

size_t
batch_builder_size(const struct batch_builder *bb)
{
	return sizeof(struct batch_header) + bb->devices.n * sizeof(struct batch_device) +
	       bb->lines.n * sizeof(struct batch_line) + bb->notes.n * sizeof(struct batch_note) + bb->bytes.n;
}

void
batch_build(struct batch_builder *bb, const uint64_t epoch[2], uint64_t seq, const uint8_t prev[32],
            int64_t sealed_ns, struct buf *out)
{
	struct batch_header h = { .magic = BATCH_MAGIC,
		                  .version = BATCH_VERSION,
		                  .header_len = sizeof h,
		                  .epoch = { epoch[0], epoch[1] },
		                  .seq = seq,
		                  .sealed_ns = sealed_ns,
		                  .lines = (uint32_t)bb->lines.n,
		                  .devices = (uint32_t)bb->devices.n,
		                  .notes = (uint32_t)bb->notes.n,
		                  .bytes_len = (uint32_t)bb->bytes.n };
	size_t start = out->n;

	memcpy(h.prev, prev, 32);
	buf_reserve(out, batch_builder_size(bb));
	buf_put(out, &h, sizeof h);
	buf_put(out, bb->devices.v, bb->devices.n * sizeof *bb->devices.v);
	buf_put(out, bb->lines.v, bb->lines.n * sizeof *bb->lines.v);
	buf_put(out, bb->notes.v, bb->notes.n * sizeof *bb->notes.v);
	buf_put(out, bb->bytes.p, bb->bytes.n);
	h.crc32c = crc32c(0, out->p + start + sizeof h, out->n - start - sizeof h);
	memcpy(out->p + start, &h, sizeof h);
}
