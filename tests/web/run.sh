#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the apps when their sources are newer, then runs one test file of this folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd); web=$here/../../web
command -v node > /dev/null && [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { echo "skipped: node or chromium is absent"; exit 77; }
[ -d "$web/node_modules" ] || (cd "$web" && npm ci --no-audit --no-fund > /dev/null) || { echo "skipped: no packages for the apps"; exit 77; }
if [ ! -f "$web/dist/console/index.html" ] || [ -n "$(find "$web" "$here/../../docs/openapi.yaml" -newer "$web/dist/console/index.html" \
	\( -name '*.ts*' -o -name '*.css' -o -name '*.mjs' -o -name '*.yaml' -o -name '*.html' \) -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '*.gen.ts' -print -quit)" ]; then
	(cd "$web" && npm run -s build)
fi
exec node "$here/$1" "${@:2}"
