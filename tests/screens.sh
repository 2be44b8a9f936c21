#!/usr/bin/env bash
# Shows the pages that smpcc writes, the playground and the book in headless Chromium, checks them, and leaves pictures in target/screens.
#
# Needs node, Chromium (/usr/bin/chromium or $CHROMIUM), the binary (built unless $SMPCC names one), for the playground
# target/playground/smpcc.wasm (playground/build), and for the book mdbook in PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath "${CARGO_TARGET_DIR:-target}")
if [ -z "${SMPCC:-}" ]; then
    cargo build --release --locked
    SMPCC=$target/release/smpcc
fi
export SMPCC
pages=$target/pages
rm -rf "$pages" "$target/screens"
mkdir -p "$pages"
"$SMPCC" graph examples/auction.smpc -o "$pages/graph.html"
"$SMPCC" run examples/auction.smpc --trace "$pages/trace.html" --quiet
"$SMPCC" audit examples/hospital.smpc --parties 3 -o "$pages/audit.html"
if [ -e "$target/playground/smpcc.wasm" ]; then
    "$SMPCC" playground --module "$target/playground/smpcc.wasm" -o "$pages/playground.html"
else
    echo "no playground: target/playground/smpcc.wasm is not built" >&2
fi
if command -v mdbook >/dev/null; then
    CARGO_TARGET_DIR=$target docs/build
    cp -r "$target/book" "$pages/book"
else
    echo "no book: mdbook is not here" >&2
fi
cd tests/screens
npm ci --ignore-scripts --no-audit --no-fund
node run.mjs "$pages" "$target/screens"
