/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples: WAV (RIFF) in and out, and any rate down to the telephone's 8,000 Hz.
 *
 * The resampler is a windowed sinc (Smith, "Digital Audio Resampling"), computed directly: a sentence
 * is rendered once and kept, so clarity beats speed here.  Cut-off at 0.45 of the lower rate.
 */
#include "call/call_priv.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"

#define TAPS 24 /* zero crossings on each side */
#define SAMPLES_MAX (PCM_RATE * 120u)

void
pcm_fini(struct pcm *p)
{
	free(p->v);
	*p = (struct pcm){ 0 };
}

static uint32_t
le(const char *p, int n)
{
	uint32_t v = 0;

	for (int i = n; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static int16_t
sample(struct slice data, int64_t i)
{
	return i >= 0 && (size_t)i * 2 + 1 < data.n ? (int16_t)le(data.p + i * 2, 2) : 0;
}

static int16_t
clip(double v)
{
	return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
}

/* One output sample: the input around position `at`, weighted by a Hann-windowed sinc. */
static int16_t
interpolate(struct slice data, double at, double cutoff)
{
	int64_t reach = (int64_t)(TAPS / cutoff / 2), mid = (int64_t)at;
	double sum = 0, weights = 0;

	for (int64_t i = mid - reach; i <= mid + reach; i++) {
		double x = at - (double)i, a = M_PI * x * cutoff;
		double w = (fabs(a) < 1e-9 ? 1 : sin(a) / a) * (0.5 + 0.5 * cos(M_PI * x / (double)(reach + 1)));

		sum += w * sample(data, i);
		weights += w;
	}
	return clip(sum / weights);
}

static struct pcm
resample(struct slice data, uint32_t rate)
{
	struct pcm out = { .n = (size_t)((uint64_t)(data.n / 2) * PCM_RATE / rate) };
	double step = (double)rate / PCM_RATE, cutoff = rate > PCM_RATE ? 0.9 * PCM_RATE / rate : 0.9;

	out.v = x_calloc(out.n + 1, sizeof *out.v);
	for (size_t i = 0; i < out.n; i++)
		out.v[i] = rate == PCM_RATE ? sample(data, (int64_t)i) : interpolate(data, (double)i * step, cutoff);
	return out;
}

int
pcm_from_wav(struct slice wav, struct pcm *ret)
{
	uint32_t rate = 0;

	if (wav.n < 12 || memcmp(wav.p, "RIFF", 4) != 0 || memcmp(wav.p + 8, "WAVE", 4) != 0)
		return E_SYNTAX;
	wav = slice_sub(wav, 12, wav.n);
	while (wav.n >= 8) {
		struct slice id = slice_sub(wav, 0, 4);
		size_t len = le(wav.p + 4, 4);

		wav = slice_sub(wav, 8, wav.n);
		if (slice_eq(id, SL("fmt "))) {
			if (len < 16 || wav.n < len || le(wav.p, 2) != 1 || le(wav.p + 2, 2) != 1 || le(wav.p + 14, 2) != 16)
				return E_UNSUPPORTED;
			rate = le(wav.p + 4, 4);
			if (rate < 4000 || rate > 96000)
				return E_RANGE;
		} else if (slice_eq(id, SL("data"))) {
			struct slice data = slice_sub(wav, 0, len == 0 ? wav.n : len);

			if (rate == 0)
				return E_SYNTAX;
			if ((uint64_t)(data.n / 2) * PCM_RATE / rate > SAMPLES_MAX)
				return E_TOOBIG;
			*ret = resample(data, rate);
			return 0;
		}
		wav = slice_sub(wav, len + (len & 1), wav.n);
	}
	return E_SYNTAX;
}

static void
put_le(struct buf *out, uint32_t v, int n)
{
	for (int i = 0; i < n; i++, v >>= 8)
		buf_put_byte(out, (char)(v & 0xff));
}

void
pcm_to_wav(struct buf *out, const int16_t *left, size_t left_n, const int16_t *right, size_t right_n)
{
	size_t n = left_n > right_n ? left_n : right_n;

	must(n <= PCM_RATE * 3600u);
	buf_put_str(out, "RIFF");
	put_le(out, (uint32_t)(36 + n * 4), 4);
	buf_put_str(out, "WAVEfmt ");
	put_le(out, 16, 4);
	put_le(out, 1, 2);
	put_le(out, 2, 2);
	put_le(out, PCM_RATE, 4);
	put_le(out, PCM_RATE * 4, 4);
	put_le(out, 4, 2);
	put_le(out, 16, 2);
	buf_put_str(out, "data");
	put_le(out, (uint32_t)(n * 4), 4);
	for (size_t i = 0; i < n; i++) {
		put_le(out, i < left_n ? (uint16_t)left[i] : 0, 2);
		put_le(out, i < right_n ? (uint16_t)right[i] : 0, 2);
	}
}
