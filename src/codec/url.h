/* SPDX-License-Identifier: Apache-2.0
 *
 * URL split as logs write them: absolute (https://u@h:8443/p?q#f), authority only (host:443, as in CONNECT),
 * or a bare path.  Nothing is decoded; parts are slices of the text; absent parts have p == NULL.
 */
#ifndef NZ_CODEC_URL_H
#define NZ_CODEC_URL_H

#include "base/slice.h"

struct url {
	struct slice scheme, username, host, port, path, query, fragment, extension;
};

void url_split(struct slice s, struct url *ret);

#endif
