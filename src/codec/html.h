/* SPDX-License-Identifier: Apache-2.0
 *
 * Text as HTML: the five characters with a meaning are escaped, a line feed becomes <br>; DEL, C1 controls and marks that turn
 * the writing are left out.
 */
#ifndef NZ_CODEC_HTML_H
#define NZ_CODEC_HTML_H

#include "base/buf.h"

void html_text(struct buf *out, const char *s);
/* One character of a text, or nothing when it is one of those; *at ends on its last byte. */
void text_put_seen(struct buf *out, const char **at);

#endif
