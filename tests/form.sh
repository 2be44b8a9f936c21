#!/usr/bin/env bash
# The page for contributors in a real browser: a whole study (examples/study/demo.sh) whose last contribution is typed into it, so that
# the result shows whether its shares open to what was typed. Needs npm, Chromium and release builds of both binaries; a minute.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=${OUT:-$(mktemp -d)}
mkdir -p "$out/tool"
cp "$root/tests/form/fill.mjs" "$out/tool/"
(cd "$out/tool" && npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.56.1)
PEOPLE=${PEOPLE:-6} WINDOW=${WINDOW:-45} DEMO_DIR=$out/study LAST="node $out/tool/fill.mjs" "$root/examples/study/demo.sh"
echo "pictures: $out/study/form-*.png"
