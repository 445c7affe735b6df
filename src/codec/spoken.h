/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of people as the telephone's voice says it: names of companies and persons, code words.  One rule for all who ask: the
 * importer refuses what cannot be said, with the character; the call role says the rest.
 *
 *     en  Müller & Sons, Ltd.   ─▶  Müller  and  Sons, Ltd.
 *     ja  ﾐｽヾ・タロウ            ─▶  ミスズ タロウ              (kana only: the voice reads kanji as "Chinese letter")
 *
 * What comes out holds nothing but letters, digits, kana and a little punctuation: no markup of the voice ("[[phonemes]]",
 * "<say-as>"), no control character.
 */
#ifndef NZ_CODEC_SPOKEN_H
#define NZ_CODEC_SPOKEN_H

#include "base/buf.h"

enum spoken { SPOKEN_JA, SPOKEN_EN };

/* Appends the text as it is said. False when a character of it has no sound, or nothing in it has: out is unchanged then and
 * *ret_bad (may be NULL) is the character, empty when it is the whole. */
bool spoken_put(struct buf *out, enum spoken voice, struct slice text, struct slice *ret_bad);
/* Is every character one that spoken_put writes? */
bool spoken_is_clean(enum spoken voice, struct slice text);

#endif
