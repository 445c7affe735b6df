#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a bare Debian 12 ready to build and test: packages of tools/packages.txt, Node.js, npm packages.
# Does nothing, and needs no network, when everything is there. `setup.sh build` leaves out what only
# tests need (chromium and friends are then not installed).
set -eu
cd "$(dirname "$0")/.."

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@" 2>/dev/null || sudo "$@"; fi
}

missing() {
	sed 's/#.*//' tools/packages.txt | while read -r name; do
		[ -n "$name" ] || continue
		dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' || echo "$name"
	done
	command -v node >/dev/null || echo nodejs
	command -v npm >/dev/null || echo npm
}

want=$(missing | tr '\n' ' ')
if [ -n "${want// /}" ]; then
	echo "setup: installing $want"
	as_root apt-get update -qq
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $want >/dev/null
fi

# npm: one stamp per lock file; `npm ci` only when the lock changed.
for lock in package-lock.json web/package-lock.json tests/web/package-lock.json src/store/chdb/package-lock.json; do
	[ -f "$lock" ] || continue
	dir=$(dirname "$lock")
	sum=$(sha256sum "$lock" | cut -d' ' -f1)
	if [ "$(cat "$dir/node_modules/.stamp" 2>/dev/null || true)" != "$sum" ]; then
		echo "setup: npm ci in $dir"
		(cd "$dir" && npm ci --no-audit --no-fund --loglevel=error)
		echo "$sum" > "$dir/node_modules/.stamp"
	fi
done
