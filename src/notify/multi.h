/* SPDX-License-Identifier: Apache-2.0
 *
 * Multi: libcurl's multi interface driven by our loop.  Handles are the caller's: made by it, added here, and taken out (multi_drop)
 * before they are freed, also in on_done.
 */
#ifndef NZ_NOTIFY_MULTI_H
#define NZ_NOTIFY_MULTI_H

#include <curl/curl.h>

#include "sys/loop.h"

struct multi;

struct multi_ops {
	void (*on_done)(void *ctx, CURL *easy, CURLcode r); /* each handle once; it is still added */
	void (*on_round)(void *ctx);                        /* after each look at what ended: room for more; may be NULL */
	void (*on_socket)(void *ctx, CURL *easy, int fd, bool gone); /* libcurl waits on it for this handle, or no more; may be NULL */
};

struct multi *multi_open(struct loop *l, const struct multi_ops *ops, void *ctx);
void multi_add(struct multi *m, CURL *easy);
void multi_drop(struct multi *m, CURL *easy);
void multi_close(struct multi *m); /* every handle is out; NULL is fine */

#endif
