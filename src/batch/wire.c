/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/err.h"
#include "base/must.h"
#include "batch/batch.h"

#define SWELL_FREE (1u << 20) /* below this the ratio is not looked at */
#define SWELL_MAX 100u
#define WINDOW_LOG_MAX 23     /* 8 MiB */
#define UNPACKED_MAX                                                                                       \
	((size_t)BATCH_BYTES_MAX + sizeof(struct batch_header) +                                           \
	 BATCH_LINES_MAX * (sizeof(struct batch_line) + sizeof(struct batch_note)) +                       \
	 BATCH_DEVICES_MAX * sizeof(struct batch_device))

struct batch_zip {
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
	struct buf out;
};

struct batch_zip *
batch_zip_new(void)
{
	struct batch_zip *z = x_calloc(1, sizeof *z);

	z->pack = ZSTD_createCCtx();
	z->unpack = ZSTD_createDCtx();
	must(z->pack != NULL && z->unpack != NULL);
	must(!ZSTD_isError(ZSTD_DCtx_setParameter(z->unpack, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)));
	return z;
}

void
batch_zip_free(struct batch_zip *z)
{
	if (z == NULL)
		return;
	ZSTD_freeCCtx(z->pack);
	ZSTD_freeDCtx(z->unpack);
	buf_fini(&z->out);
	free(z);
}

void
batch_pack(struct batch_zip *z, struct slice block, int level, struct buf *out)
{
	size_t bound = ZSTD_compressBound(block.n), n;

	buf_reserve(out, bound);
	n = ZSTD_compressCCtx(z->pack, out->p + out->n, bound, block.p, block.n, level);
	must(!ZSTD_isError(n));
	out->n += n;
}

/* The declared size is only a promise of the sender: room is taken step by step as bytes come. */
int
batch_unpack(struct batch_zip *z, struct slice wire, struct slice *ret)
{
	ZSTD_inBuffer in = { wire.p, wire.n, 0 };
	size_t left = 1;

	if (wire.n > BATCH_WIRE_MAX)
		return E_TOOBIG;
	must(!ZSTD_isError(ZSTD_DCtx_reset(z->unpack, ZSTD_reset_session_only)));
	buf_clear(&z->out);
	while (left != 0) {
		ZSTD_outBuffer o;
		size_t before = in.pos;

		if (z->out.n > UNPACKED_MAX || (z->out.n > SWELL_FREE && z->out.n / SWELL_MAX > wire.n))
			return E_TOOBIG;
		buf_reserve(&z->out, z->out.n < SWELL_FREE ? SWELL_FREE : z->out.n / 2);
		o = (ZSTD_outBuffer){ z->out.p + z->out.n, z->out.cap - z->out.n - 1, 0 };
		left = ZSTD_decompressStream(z->unpack, &o, &in);
		if (ZSTD_isError(left))
			return ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge ? E_TOOBIG : E_CORRUPT;
		z->out.n += o.pos;
		if (left != 0 && in.pos == in.size && o.pos == 0 && in.pos == before)
			return E_CORRUPT; /* cut short */
	}
	if (in.pos != in.size)
		return E_CORRUPT; /* something stands behind the frame */
	*ret = buf_slice(&z->out);
	return 0;
}

void
batch_hash(struct slice wire, uint8_t ret[32])
{
	unsigned n = 0;

	must(EVP_Digest(wire.p, wire.n, ret, &n, EVP_sha256(), NULL) == 1 && n == 32);
}
