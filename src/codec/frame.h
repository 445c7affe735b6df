/* SPDX-License-Identifier: Apache-2.0
 *
 * Syslog framing on a byte stream (RFC 6587): newline-ended lines or octet counting ("123 <14>…"), told
 * apart once per connection by its first bytes: one to seven digits, a blank and then '<' or '{' is a count; with
 * another byte behind the blank (a line may begin with a year) it is one when the bytes it counts are all
 * there, hold no line's end, and a further count or nothing stands behind them.  Pure: bytes in, lines out,
 * no copy.
 *
 * frame_next() looks at the bytes that are there and says what to do.  A line is given out without its end
 * and otherwise untouched: the end is "\n" or "\r\n".  NUL is a byte like any other.  Empty lines come out
 * as lines of no bytes; the caller passes over them.
 *
 * Counts: at most 7 digits are looked at and the value is capped before it is stored (CVE-2022-24903); a
 * count that is no number, 0, or over FRAME_COUNT_MAX breaks the frame: the connection goes on as newline-ended,
 * and what is read until the next line's end is flagged `bad`.
 *
 * Lines longer than BATCH_LINE_MAX are the caller's business: FRAME_PART gives it the bytes of an unfinished
 * line piece by piece, it hashes and counts them, and the line's end comes as FRAME_LINE with `part`.
 */
#ifndef NZ_CODEC_FRAME_H
#define NZ_CODEC_FRAME_H

#include "base/slice.h"

#define FRAME_COUNT_MAX 9999999u /* seven digits */

enum frame_mode { FRAME_UNKNOWN, FRAME_NEWLINE, FRAME_COUNTED };

/* 16 bytes that can be stored as they are. */
struct frame {
	uint8_t mode;        /* enum frame_mode */
	uint8_t bad;         /* framing was broken: flag up to the next line's end */
	uint8_t part;        /* pieces of the present line were given out already */
	uint8_t reserved[5];
	uint64_t left;       /* counted mode inside a line: bytes still to come */
};

enum frame_got {
	FRAME_MORE,          /* no whole line: read on */
	FRAME_LINE,          /* one line, or the last piece of one when part was set */
	FRAME_PART,          /* a piece of an unfinished line (only with take_part) */
};

struct frame_out {
	struct slice line;   /* inside the input */
	size_t used;         /* bytes of the input that are done with, end included */
	bool bad;            /* framing was broken here */
	bool part;           /* FRAME_LINE: pieces of it came before */
};

/* take_part: give out what is there of an unfinished line instead of FRAME_MORE. */
enum frame_got frame_next(struct frame *f, struct slice in, bool take_part, struct frame_out *ret);
/* The stream ended: is there a last line without an end? `in` is all that is left. */
enum frame_got frame_end(struct frame *f, struct slice in, struct frame_out *ret);

#endif
