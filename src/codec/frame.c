/* SPDX-License-Identifier: Apache-2.0
 *
 * See frame.h.  State is sixteen bytes and no pointer, so that a reader that died can go on from it.
 */
#include "codec/frame.h"

#define DIGITS_MAX 7

/* "123 " at the start: number of bytes it takes. 0 = needs more bytes, -1 = is no count. */
static int
read_count(struct slice in, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < in.n && in.p[i] >= '0' && in.p[i] <= '9'; i++) {
		if (i == DIGITS_MAX || (i == 0 && in.p[0] == '0'))
			return -1;
		v = v * 10 + (uint64_t)(in.p[i] - '0');
	}
	if (i == in.n)
		return 0;
	if (i == 0 || in.p[i] != ' ')
		return -1;
	*ret = v;
	return (int)i + 1;
}

/* The first bytes decide once; FRAME_UNKNOWN = more are needed. */
static enum frame_mode
guess_mode(struct frame *f, struct slice in)
{
	uint64_t count = 0;
	int head = read_count(in, &count);
	struct slice rest, body;

	if (head < 0) {
		/* eight digits and more before " <" were meant as a count */
		size_t i = 0;

		while (i < in.n && i < 32 && in.p[i] >= '0' && in.p[i] <= '9')
			i++;
		if (i + 1 >= in.n && i < 32)
			return FRAME_UNKNOWN;
		f->bad = i > DIGITS_MAX && i + 1 < in.n && in.p[i] == ' ' && in.p[i + 1] == '<';
		return FRAME_NEWLINE;
	}
	if (head == 0 || (size_t)head == in.n)
		return slice_find(in, '\n') >= 0 ? FRAME_NEWLINE : FRAME_UNKNOWN;
	rest = slice_sub(in, (size_t)head, in.n);
	if (rest.p[0] == '<' || rest.p[0] == '{')
		return FRAME_COUNTED;
	body = slice_sub(rest, 0, (size_t)count);
	if (slice_find(body, '\n') >= 0)
		return FRAME_NEWLINE;
	if (body.n < count)
		return FRAME_UNKNOWN;
	if (rest.n == count || (rest.p[count] >= '1' && rest.p[count] <= '9'))
		return FRAME_COUNTED;
	return FRAME_NEWLINE;
}

static enum frame_got
give(struct frame *f, struct frame_out *ret, enum frame_got got, struct slice line, size_t used)
{
	ret->line = line;
	ret->used = used;
	ret->bad = f->bad != 0;
	ret->part = f->part != 0;
	if (got == FRAME_LINE) {
		f->part = 0;
		f->bad = 0;
	} else {
		f->part = 1;
	}
	return got;
}

static enum frame_got
next_newline(struct frame *f, struct slice in, bool take_part, struct frame_out *ret)
{
	const char *end = in.n != 0 ? memchr(in.p, '\n', in.n) : NULL;
	size_t n;

	if (end != NULL) {
		n = (size_t)(end - in.p);
		return give(f, ret, FRAME_LINE, slice_sub(in, 0, n != 0 && in.p[n - 1] == '\r' ? n - 1 : n), n + 1);
	}
	/* a last "\r" may turn out to belong to the end */
	n = in.n != 0 && in.p[in.n - 1] == '\r' ? in.n - 1 : in.n;
	if (!take_part || n == 0)
		return FRAME_MORE;
	return give(f, ret, FRAME_PART, slice_sub(in, 0, n), n);
}

static enum frame_got
next_counted(struct frame *f, struct slice in, bool take_part, struct frame_out *ret)
{
	struct slice all = in, body;
	uint64_t count = f->left;
	size_t head = 0;

	if (count == 0) {
		int h;

		while (in.n != 0 && (in.p[0] == '\n' || in.p[0] == '\r')) /* some senders end the frame too */
			in = slice_sub(in, 1, in.n);
		h = read_count(in, &count);
		if (h == 0)
			return FRAME_MORE;
		if (h < 0 || count == 0) {
			f->mode = FRAME_NEWLINE;
			f->bad = 1;
			return frame_next(f, all, take_part, ret);
		}
		head = (size_t)(in.p - all.p) + (size_t)h;
	}
	body = slice_sub(all, head, all.n);
	if (body.n >= count) {
		f->left = 0;
		return give(f, ret, FRAME_LINE, slice_sub(body, 0, (size_t)count), head + (size_t)count);
	}
	if (!take_part || body.n == 0)
		return FRAME_MORE;
	f->left = count - body.n;
	return give(f, ret, FRAME_PART, body, all.n);
}

enum frame_got
frame_next(struct frame *f, struct slice in, bool take_part, struct frame_out *ret)
{
	if (f->mode == FRAME_UNKNOWN) {
		f->mode = (uint8_t)guess_mode(f, in);
		if (f->mode == FRAME_UNKNOWN && !take_part)
			return FRAME_MORE;
		if (f->mode == FRAME_UNKNOWN)
			f->mode = FRAME_NEWLINE;
	}
	return f->mode == FRAME_COUNTED ? next_counted(f, in, take_part, ret)
	                                : next_newline(f, in, take_part, ret);
}

enum frame_got
frame_end(struct frame *f, struct slice in, struct frame_out *ret)
{
	uint64_t count;
	int h;

	if (in.n == 0 && f->part == 0)
		return FRAME_MORE;
	if (f->mode == FRAME_COUNTED && f->left == 0 && (h = read_count(in, &count)) > 0 && (size_t)h < in.n) {
		size_t all = in.n;

		in = slice_sub(in, (size_t)h, in.n); /* the count goes, what came of the line stays */
		f->left = 0;
		return give(f, ret, FRAME_LINE, in, all);
	}
	f->left = 0;
	return give(f, ret, FRAME_LINE, in, in.n);
}
