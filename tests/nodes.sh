#!/usr/bin/env bash
# Nodes under load, and nodes that are killed at random moments. Needs release builds: cargo build --release -p smpcc -p smpcc-node
# --bins --examples. The load takes a minute, each seed of the crashes two or three (WINDOW is how many seconds the study is open).
#   tests/nodes.sh load            1000 contributions from 50 clients at once; then the log of 10^6 lines
#   tests/nodes.sh ranges           contributors who lie about a range are left out, and the run goes on; half a minute
#   tests/nodes.sh full             a node whose disk is full refuses, answers, and goes on when there is room, also when the study closes; needs root, a minute
#   tests/nodes.sh lost            five nodes of which two are killed while they compute: the others end the run; a minute
#   tests/nodes.sh crashes FROM TO  for each seed 200 contributions and a run, while fifty times a node is killed and started again
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${SMPCC_BIN:-${CARGO_TARGET_DIR:-$root/target}/release}
smpcc=$bin/smpcc
# For the crashes there may be others, with their suite in OPTIONS: NAMES="a b c d e" OPTIONS="--suite bgw --threshold 1".
read -ra names <<<"${NAMES:-a b c}"
dir=$(mktemp -d)
declare -A pids=()
trap 'for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null || true; done; umount -l "$dir/full/data-a" "$dir/full/run/data-a" 2>/dev/null || true; rm -rf "$dir"' EXIT

# site PEOPLE SECONDS PORT: a study in the working folder, with nodes that are not started yet.
site() {
  sed "s/secret u32 from/secret u32${RANGE:-} from/" "$root/examples/study/sum.smpc" >sum.smpc
  for name in "${names[@]}" institute; do "$smpcc" keygen --name "$name" --out keys --study >/dev/null; done
  local at=$3 nodes=()
  for name in "${names[@]}"; do
    nodes+=(--node "keys/$name.pub@127.0.0.1:$at")
    at=$((at + 2))
  done
  # shellcheck disable=SC2086
  "$smpcc" study new sum.smpc --contributors person --receiver analyst=keys/institute.pub "${nodes[@]}" --invitations "$1" ${OPTIONS:-} >/dev/null
  local closes
  closes=$(date -u -d "@$(($(date +%s) + $2))" +%Y-%m-%dT%H:%M:%SZ)
  sed -i "s/^closes = .*/closes = $closes/; s/^purpose = .*/purpose = \"A trial.\"/; s/^least = [0-9].*/least = 2/" study.toml
  at=$3
  for name in "${names[@]}"; do
    "$smpcc" --quiet study sign study.toml --key "keys/$name.sign.key" --yes >/dev/null
    printf 'listen = "127.0.0.1:%s"\ndata = "data-%s"\nkey = "keys/%s.key"\ncert = "keys/%s.crt"\nsign = "keys/%s.sign.key"\nseal = "keys/%s.seal.key"\nstudies = ["study.toml"]\nsmpcc = "%s"\ntick_s = 1\n' \
      "$at" "$name" "$name" "$name" "$name" "$name" "$smpcc" >"$name.toml"
    at=$((at + 2))
  done
}

start() {
  "$bin/smpcc-node" serve "$1.toml" 2>>"$1.log" &
  pids[$1]=$!
}

listening() {
  for _ in $(seq 200); do grep -q listening "$1.log" 2>/dev/null && return; sleep 0.05; done
  echo "node $1 does not listen"; cat "$1.log"; exit 1
}

load() {
  mkdir "$dir/load"; cd "$dir/load"
  site 1000 3600 7543
  for name in "${names[@]}"; do start "$name"; done
  for name in "${names[@]}"; do listening "$name"; done
  "$bin/examples/load" study.toml invitations 50 | tee load.txt
  grep -q '^3000 confirmed, 0 refused' load.txt || { echo "not all were taken"; exit 1; }
  awk '{ for (i = 2; i < NF; i++) if ($(i - 1) == "percentile" && $i >= 300) exit 1 }' load.txt || { echo "too slow"; exit 1; }
  for name in "${names[@]}"; do
    grep -E 'VmHWM' "/proc/${pids[$name]}/status" | sed "s/^/node $name: /"
  done
  "$bin/examples/long_log" 1000000 .
  time "$bin/smpcc-node" log verify audit.log --node "$(cat key)" --heads head
}

ranges() {
  mkdir "$dir/ranges"; cd "$dir/ranges"
  # Contribution i is 1000 + i, so that four of twelve are out of this range.
  RANGE=' in 0..=1007' site 12 10 7643
  for name in "${names[@]}"; do start "$name"; done
  for name in "${names[@]}"; do listening "$name"; done
  "$bin/examples/load" study.toml invitations 4
  for _ in $(seq 120); do
    if "$smpcc" --quiet result --key keys/institute.sign.key --seal keys/institute.seal.key >result.txt 2>errors.txt; then break; fi
    sleep 0.5
  done
  cat result.txt
  grep -q "count: 8, sum: $((8 * 1000 + 28))" result.txt
  for name in "${names[@]}"; do
    [ "$(grep -c contribution-left-out "data-$name/audit.log")" = 4 ] || { echo "node $name did not say whom it left out"; exit 1; }
  done
}

full() {
  mkdir -p "$dir/full/data-a"; cd "$dir/full"
  mount -t tmpfs -o size=1536k smpcc "$dir/full/data-a"
  site 200 3600 7743
  for name in "${names[@]}"; do start "$name"; done
  for name in "${names[@]}"; do listening "$name"; done
  "$bin/examples/load" study.toml invitations 8 | tee first.txt
  grep -q ', 0 refused' first.txt && { echo "the disk was not full"; exit 1; }
  mount -o remount,size=64m "$dir/full/data-a"
  # Each invitation is good once at each node: now those are taken that were refused, and no other.
  "$bin/examples/load" study.toml invitations 8 | tee second.txt
  stored=$(($(awk '{print $1}' first.txt) + $(awk '{print $1}' second.txt)))
  [ $stored = 600 ] || { echo "$stored were confirmed, not 600"; exit 1; }
  kill -9 "${pids[a]}"; wait "${pids[a]}" 2>/dev/null || true
  : >a.log; start a; listening a
  "$bin/smpcc-node" log verify data-a/audit.log --node "$(sed -n 's/^sign = "\(.*\)"/\1/p' keys/a.pub)"
  [ "$(grep -c contribution-received data-a/audit.log)" = 200 ]
  for name in "${names[@]}"; do kill -9 "${pids[$name]}" 2>/dev/null || true; done
  umount -l "$dir/full/data-a"

  # Full when the study closes and when it runs: nothing is lost, and it runs when there is room.
  mkdir -p "$dir/full/run/data-a"; cd "$dir/full/run"
  mount -t tmpfs -o size=8m smpcc "$dir/full/run/data-a"
  site 20 12 7763
  for name in "${names[@]}"; do : >"$name.log"; start "$name"; done
  for name in "${names[@]}"; do listening "$name"; done
  "$bin/examples/load" study.toml invitations 8
  dd if=/dev/zero of=data-a/filler bs=4k 2>/dev/null || true
  sleep 25
  "$smpcc" --quiet result --key keys/institute.sign.key --seal keys/institute.seal.key >result.txt 2>&1 && { echo "it ran on a full disk"; exit 1; }
  rm data-a/filler
  for _ in $(seq 400); do
    if "$smpcc" --quiet result --key keys/institute.sign.key --seal keys/institute.seal.key --run "$(last_run)" >result.txt 2>errors.txt; then break; fi
    sleep 0.5
  done
  cat result.txt errors.txt
  grep -q "count: 20, sum: $((20 * 1000 + 19 * 20 / 2))" result.txt
}

lost() {
  mkdir "$dir/lost"; cd "$dir/lost"
  names=(a b c d e)
  OPTIONS="--suite bgw --threshold 1" site 200 12 7843
  for name in "${names[@]}"; do start "$name"; done
  for name in "${names[@]}"; do listening "$name"; done
  "$bin/examples/load" study.toml invitations 8
  # As soon as all compute, two are gone for good, and what computes for them too.
  for _ in $(seq 600); do [ "$(cat data-?/audit.log | grep -c run-started)" = 5 ] && break; sleep 0.02; done
  for name in d e; do
    pkill -9 -P "${pids[$name]}" 2>/dev/null || true
    kill -9 "${pids[$name]}"
    wait "${pids[$name]}" 2>/dev/null || true
  done
  for _ in $(seq 400); do
    if "$smpcc" --quiet result --key keys/institute.sign.key --seal keys/institute.seal.key --run "$(last_run)" >result.txt 2>errors.txt; then break; fi
    sleep 0.5
  done
  cat result.txt errors.txt
  grep -h 'run-' data-a/audit.log || true
  tail -n 3 [abc].log
  grep -q "count: 200, sum: $((200 * 1000 + 199 * 200 / 2))" result.txt
}

crashes() {
  for seed in $(seq "$1" "$2"); do
    rm -rf "$dir/crash"; mkdir "$dir/crash"; cd "$dir/crash"
    RANDOM=$seed
    site 200 "${WINDOW:-90}" $((8000 + seed % 1000 * 10))
    for name in "${names[@]}"; do start "$name"; done
    for name in "${names[@]}"; do listening "$name"; done
    "$bin/examples/load" study.toml invitations 4 patient >load.txt &
    loading=$!
    for _ in $(seq 50); do
      sleep "$(printf '%d.%02d' $((RANDOM % 2)) $((RANDOM % 100)))"
      name=${names[RANDOM % ${#names[@]}]}
      # Sometimes what computes dies with its node, as on a machine that loses power, and sometimes it outlives it.
      if [ $((RANDOM % 2)) = 0 ]; then pkill -9 -P "${pids[$name]}" 2>/dev/null || true; fi
      kill -9 "${pids[$name]}" 2>/dev/null || true
      wait "${pids[$name]}" 2>/dev/null || true
      sleep "0.0$((RANDOM % 10))"
      start "$name"
    done
    wait $loading || true
    ended=no
    for _ in $(seq 240); do
      if "$smpcc" --quiet result --key keys/institute.sign.key --seal keys/institute.seal.key --run "$(last_run)" >result.txt 2>errors.txt; then ended=yes; break; fi
      sleep 0.5
    done
    taken=$(grep -ho 'set-frozen [0-9a-f]* [0-9]*' data-*/audit.log | awk '{print $3}' | sort -u | tr '\n' ' ')
    if [ $ended = yes ]; then
      # Contribution i is 1000 + i, and all that were confirmed by all nodes take part. On a slow machine the study may close before.
      expected="count: ${taken% },"
      if grep -q "^$((200 * ${#names[@]})) confirmed" load.txt; then expected="count: 200, sum: $((200 * 1000 + 199 * 200 / 2))"; fi
      grep -q "$expected" result.txt || { echo "seed $seed: WRONG: $(cat result.txt), not $expected (taken: $taken)"; exit 1; }
      echo "seed $seed: $(head -1 result.txt) (taken: $taken)"
    else
      echo "seed $seed: refused: $(tail -1 errors.txt); $(tail -qn1 ./*.log | tr '\n' ';') (taken: $taken)"
    fi
    for name in "${names[@]}"; do kill -9 "${pids[$name]}" 2>/dev/null || true; done
  done
}

# The newest run that ended well at any node.
last_run() {
  local n
  n=$(grep -ho 'run-finished [0-9a-f]* [0-9]*' data-*/audit.log 2>/dev/null | awk '{print $3}' | sort -n | tail -1) || true
  echo "${n:-1}"
}

case ${1:-} in
  load) load ;;
  ranges) ranges ;;
  full) full ;;
  lost) lost ;;
  crashes) crashes "$2" "$3" ;;
  *) sed -n '2,9p' "$0"; exit 2 ;;
esac
