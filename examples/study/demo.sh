#!/usr/bin/env bash
# A whole study on this machine: three nodes, fifty contributions, a run, and its result. Needs `cargo build --release -p smpcc -p smpcc-node`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${SMPCC_BIN:-${CARGO_TARGET_DIR:-$here/../../target}/release}
smpcc=$bin/smpcc
people=${PEOPLE:-50}
# For as long as this the study takes contributions, in seconds.
window=${WINDOW:-25}
port=${PORT:-7443}
# More than three nodes, and what `study new` is told of them, such as --suite bgw.
read -ra clinics <<<"${CLINICS:-clinic-a clinic-b clinic-c}"
read -ra options <<<"${OPTIONS:-}"
dir=${DEMO_DIR:-$(mktemp -d)}
mkdir -p "$dir"
cd "$dir"
nodes=()
finish() { for node in "${nodes[@]}"; do kill "$node" 2>/dev/null || true; done; wait; }
trap finish EXIT
say() { printf '\n== %s\n' "$*"; }

say "keys of ${#clinics[@]} nodes and of an institute that is to learn the result ($dir)"
cp "$here/salaries.smpc" .
for name in "${clinics[@]}" institute; do
  "$smpcc" keygen --name $name --out keys --study >/dev/null
done

say "the study: written, read aloud, signed by all nodes"
at=$port
for name in "${clinics[@]}"; do
  options+=(--node "keys/$name.pub@127.0.0.1:$at")
  at=$((at + 2))
done
"$smpcc" study new salaries.smpc --contributors person --receiver analyst=keys/institute.pub "${options[@]}" \
  --invitations "$people" >/dev/null
closes=$(date -u -d "@$(($(date +%s) + window))" +%Y-%m-%dT%H:%M:%SZ)
sed -i "s/^closes = .*/closes = $closes/; s/^purpose = .*/purpose = \"The mean salary of nurses, and how many earn less than 2,500.\"/; s/^label = .*/label = \"Salary a month\"/" study.toml
"$smpcc" study check study.toml
for name in "${clinics[@]}"; do
  "$smpcc" --quiet study sign study.toml --key keys/$name.sign.key --yes >/dev/null
done
"$smpcc" study verify study.toml

say "${#clinics[@]} nodes"
at=$port
for name in "${clinics[@]}"; do
  cat >$name.toml <<TOML
listen = "127.0.0.1:$at"
data = "data-$name"
key = "keys/$name.key"
cert = "keys/$name.crt"
sign = "keys/$name.sign.key"
seal = "keys/$name.seal.key"
studies = ["study.toml"]
smpcc = "$smpcc"
tick_s = 1
TOML
  "$bin/smpcc-node" serve $name.toml 2>$name.log &
  nodes+=($!)
  at=$((at + 2))
done
for name in "${clinics[@]}"; do
  for _ in $(seq 100); do grep -q listening $name.log && break; sleep 0.1; done
  cat $name.log
done

say "$people contributions"
sum=0
below=0
for i in $(seq "$people"); do
  salary=$((2000 + (i * 7919) % 3000))
  sum=$((sum + salary))
  if [ $salary -lt 2500 ]; then below=$((below + 1)); fi
  invitation=invitations/$(printf %05d "$i").invitation
  # The last one may come from elsewhere, such as a browser: LAST is a command that takes salary, invitation and address.
  if [ "$i" = "$people" ] && [ -n "${LAST:-}" ]; then
    $LAST $salary "$invitation" "https://127.0.0.1:$port"
    continue
  fi
  printf '{"salary": %s}\n' $salary >input.json
  "$smpcc" contribute --inputs input.json --invitation "$invitation" >/dev/null
  rm input.json
done
say "what it should be: {mean: $((sum / people)), below: $below}"

say "the study closes at $closes; the nodes agree on what takes part, and compute"
for _ in $(seq 600); do
  if "$smpcc" --quiet result --key keys/institute.sign.key --seal keys/institute.seal.key >result.txt 2>/dev/null; then break; fi
  sleep 0.5
done
"$smpcc" result --key keys/institute.sign.key --seal keys/institute.seal.key | tee result.txt
grep -q "mean: $((sum / people)), below: $below" result.txt

say "the log of a node, against the heads that contributors and other nodes hold"
key=$(sed -n 's/^sign = "\(.*\)"/\1/p' keys/clinic-b.pub)
"$bin/smpcc-node" log verify data-clinic-b/audit.log --node "$key" --heads contributions/*/clinic-b.receipt
