/* SPDX-License-Identifier: Apache-2.0
 *
 * The parent process of nezuband, as its main sees it: it starts a process per role, brings their channels
 * together, and starts again what ends.
 */
#ifndef NZ_ROLE_PARENT_H
#define NZ_ROLE_PARENT_H

#include "role/role.h"

/* Runs the service until it is told to stop; returns the exit status of the program. */
int parent_main(const struct conf *conf, const char *program, const char *conf_path, const struct role *const *roles,
                size_t role_n);

#endif
