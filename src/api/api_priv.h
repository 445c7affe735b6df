/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of api.
 */
#ifndef NZ_API_API_PRIV_H
#define NZ_API_API_PRIV_H

#include "api/api.h"
#include "codec/yaml.h"

struct api_spec {
	struct arena arena;
	const struct ynode *root;
};

#endif
