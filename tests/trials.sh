#!/usr/bin/env bash
# Trials for as long as is asked: runs of every suite in which something goes wrong at a random moment.
#
#     tests/trials.sh [SECONDS]        for each of the four kinds, one after the other; 300 unless given
#
# Each trial that does not end as it may is printed with its seed, and the script fails.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-300}
echo "about $((4 * seconds / 60 + 2)) minutes, and the build before"
SMPCC_TRIALS=$seconds cargo test --locked -p smpcc --test binary -- trials:: --nocapture --test-threads=1
echo "the library's ciphers and hashes among sixteen parties"
cargo run --release --locked -- test stdlib/crypto.smpc --parties 16
echo "done in $SECONDS s"
