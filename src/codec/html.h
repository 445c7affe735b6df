/* SPDX-License-Identifier: Apache-2.0
 *
 * Text as HTML: the five characters with a meaning are escaped, a line feed becomes <br>.
 */
#ifndef NZ_CODEC_HTML_H
#define NZ_CODEC_HTML_H

#include "base/buf.h"

void html_text(struct buf *out, const char *s);

#endif
