#!/usr/bin/env bash
# Drives `smpcc lsp` from headless Neovim (0.7 to 0.9). $SMPCC names the binary, which else is built.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${SMPCC:-}" ]; then
    cargo build --release --locked -p smpcc
    SMPCC=${CARGO_TARGET_DIR:-target}/release/smpcc
fi
SMPCC=$(realpath "$SMPCC")
export SMPCC
session=$PWD/tests/neovim/session.lua
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '%s\n' 'fn main(salary: secret u32 from each) -> u32 {' '    let mut n = 0u32;' '    if salary[0] > 5000 {' '        n = 1;' '    }' '    n' '}' \
    '' 'fn total<const N: usize>(xs: [secret u32; N]) -> secret u32 {' '    xs.sum() as u32' '}' >main.smpc
echo '{"0": {"salary": 1}, "1": {"salary": 2}, "2": {"salary": 3}}' >main.inputs.json
timeout 120 nvim --headless --clean -i NONE -c "luafile $session"
echo "Neovim's session is as it should be"
