#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the console and the portal into web/dist when their sources changed; needs no network.
set -eu
cd "$(dirname "$0")/.."
sum=$(find web src/tbl docs/openapi.yaml -path web/node_modules -prune -o -path web/dist -prune -o -path web/generated -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
[ "$(cat web/dist/.stamp 2>/dev/null || true)" = "$sum" ] && exit 0
(cd web && npm run -s build)
echo "$sum" > web/dist/.stamp
