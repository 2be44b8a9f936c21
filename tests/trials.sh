#!/usr/bin/env bash
# Trials for as long as is asked: runs of every suite in which something goes wrong at a random moment.
#
#     tests/trials.sh [SECONDS]        for each of the four kinds, one after the other; 300 unless given
#
# Each trial that does not end as it may is printed with its seed, and the script fails.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-300}
echo "about $((4 * seconds / 60 + 13)) minutes, and the build before"
SMPCC_TRIALS=$seconds cargo test --locked -p smpcc --test binary -- trials:: --nocapture --test-threads=1
echo "inputs from Parquet files, which other builds leave out"
cargo test --locked -p smpcc --lib --features parquet inputs::
echo "what leaks are called, by five seeds"
cargo test --locked -p smpcc --test whole -- --ignored names_are_the_same_by_all_seeds
echo "the whole library in every suite, and among sixteen parties"
for options in "--parties 3 --suite bgw" "--parties 3 --suite gmw" "--parties 5" "--parties 16"; do
    # shellcheck disable=SC2086
    cargo run --release --locked -- test stdlib $options
done
echo "done in $SECONDS s"
