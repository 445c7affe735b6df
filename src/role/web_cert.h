/* SPDX-License-Identifier: Apache-2.0
 *
 * The web's own certificate, and the name that it has to be good for.
 */
#ifndef NZ_ROLE_WEB_CERT_H
#define NZ_ROLE_WEB_CERT_H

#include <stddef.h>
#include <stdint.h>

struct conf;

/* Where neither web.certificate nor web.key is there: makes both, for the names of the configuration and of desk.url, good for 397 days.
 * Browsers warn about it, once, as they must. What is there stays. 0 or an error of the disk (logged). */
int web_cert_make(const struct conf *conf, int64_t now);
/* Host name under which customers come: web.name, else that of desk.url. "soc.example", "127.0.0.1" or "[::1]". */
void web_cert_name(const struct conf *conf, char *out, size_t size);

#endif
