#!/usr/bin/env bash
# A study whose nodes work in shards: rows in contributions, N sessions over parts of them, and one that puts the results together; each
# node's tasks are started by an engine. Checks the result, and says what each step took. Needs cargo build --release -p smpcc.
#
#   tests/shards.sh local           plain processes, one shard after the other
#   tests/shards.sh slurm           job arrays of Slurm, with daemons of this script's own; needs slurm-wlm and munge, and root
#   tests/shards.sh mpi             mpirun; needs openmpi-bin
#
# ROWS (1000000) is the number of rows in each of CONTRIBUTIONS (10), SHARDS (5) how many sessions, of which Slurm runs
# PARALLEL (2) at a time.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
smpcc=${SMPCC:-${CARGO_TARGET_DIR:-$root/target}/release/smpcc}
rows=${ROWS:-1000000}
contributions=${CONTRIBUTIONS:-10}
shards=${SHARDS:-5}
parallel=${PARALLEL:-2}
port=${PORT:-27100}
engine=${1:?local, slurm or mpi}
dir=$(mktemp -d)
pids=()
finish() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"; }
trap finish EXIT
cd "$dir"
began=$(date +%s%N)
took() { local now; now=$(date +%s%N); printf '%-28s %8.1f s\n' "$1" "$(awk "BEGIN { print ($now - $began) / 1e9 }")"; began=$now; }

# The program is the one of the book.
awk '/^```smpc/ { on = 1; next } /^```/ { on = 0 } on' "$root/docs/src/shards.md" >totals.smpc
names=(a b c)
for name in "${names[@]}" institute; do "$smpcc" keygen --name "$name" --out keys --study >/dev/null; done
"$smpcc" study new totals.smpc --contributors person --receiver analyst=keys/institute.pub --node keys/a.pub@127.0.0.1:7443 \
    --node keys/b.pub@127.0.0.1:7453 --node keys/c.pub@127.0.0.1:7463 >/dev/null
sed -i 's/^least = .*/least = 1/' study.toml
for i in "${!names[@]}"; do
    name=${names[$i]}
    {
        printf 'program = "totals.smpc"\nparty = "%s"\nlisten = "127.0.0.1:%s"\n' "$name" $((port + i * 1000))
        printf 'key = "keys/%s.key"\ncert = "keys/%s.crt"\nstudy = "study.toml"\nseal = "keys/%s.seal.key"\n' "$name" "$name" "$name"
        printf 'connect_s = 600\n\n[shares]\ninputs = "shares/%s"\n' "$name"
        for j in "${!names[@]}"; do
            if [ "$i" != "$j" ]; then
                printf '\n[[peer]]\nparty = "%s"\naddress = "127.0.0.1:%s"\ncert = "keys/%s.crt"\n' "${names[$j]}" $((port + j * 1000)) "${names[$j]}"
            fi
        done
    } >"$name.toml"
done
took 'keys and study'

# Every contribution has the same rows, so that what should come out is known.
awk -v n="$rows" 'BEGIN {
    print "amount,group"
    for (i = 0; i < n; i++) { a = (i * 7919) % 100000; g = i % 8; sum += a; count[g]++; print a "," g }
    printf "%.0f", sum > "sum"
    for (g = 0; g < 8; g++) print count[g] > "counts"
}' >rows.csv
for _ in $(seq "$contributions"); do "$smpcc" share totals.smpc --study study.toml --inputs rows.csv --out shares >/dev/null; done
took "$contributions contributions"
echo "share files of a node: $(du -sm shares/a | cut -f1) MB"

case $engine in
local)
    for ((k = 0; k < shards; k++)); do
        tasks=()
        for name in "${names[@]}"; do
            "$smpcc" party $name.toml --shard "$k/$shards" --quiet --report "$name-$k.json" >$name-$k.log 2>&1 &
            tasks+=($!)
        done
        for task in "${tasks[@]}"; do wait "$task" || { cat ./*.log; exit 1; }; done
    done
    ;;
mpi)
    # Each node is a job of its own, with a rank for each shard.
    tasks=()
    for name in "${names[@]}"; do
        mpirun --allow-run-as-root --oversubscribe -n "$shards" "$smpcc" party $name.toml --shard env --quiet >$name.log 2>&1 &
        tasks+=($!)
    done
    for task in "${tasks[@]}"; do wait "$task" || { cat ./*.log; exit 1; }; done
    ;;
slurm)
    host=$(hostname -s)
    mkdir -p slurm/{state,log,spool-n1,spool-n2}
    head -c 1024 /dev/urandom >slurm/munge.key
    chmod 400 slurm/munge.key
    chmod 711 "$dir" slurm
    munged --force --foreground --key-file="$dir/slurm/munge.key" --socket="$dir/slurm/munge" --pid-file="$dir/slurm/munge.pid" \
        --log-file="$dir/slurm/log/munge.log" --seed-file="$dir/slurm/munge.seed" 2>slurm/log/munge.err &
    pids+=($!)
    export SLURM_CONF=$dir/slurm/slurm.conf
    cat >"$SLURM_CONF" <<CONF
ClusterName=shards
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/slurm/munge
StateSaveLocation=$dir/slurm/state
SlurmdSpoolDir=$dir/slurm/spool-%n
SlurmctldPidFile=$dir/slurm/ctld.pid
SlurmdPidFile=$dir/slurm/slurmd-%n.pid
SlurmctldLogFile=$dir/slurm/log/ctld.log
SlurmdLogFile=$dir/slurm/log/slurmd-%n.log
SlurmctldPort=16817
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,batch_sched_delay=0
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=2 RealMemory=1000 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=60 State=UP OverSubscribe=FORCE:8
CONF
    for _ in $(seq 50); do [ -S slurm/munge ] && break; sleep 0.1; done
    slurmctld -D -c >slurm/log/ctld.err 2>&1 &
    pids+=($!)
    for n in n1 n2; do slurmd -D -N $n >slurm/log/$n.err 2>&1 & pids+=($!); done
    for _ in $(seq 100); do [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && break; sleep 0.2; done
    sinfo
    took 'Slurm is up'
    jobs=()
    for name in "${names[@]}"; do
        # What a node's operators write: one task for each shard.
        jobs+=("$(sbatch --parsable --job-name="$name" --array="0-$((shards - 1))%$parallel" --ntasks=1 --output="$dir/$name-%a.log" \
            --chdir="$dir" --export=ALL --wrap "$smpcc party $name.toml --shard env --quiet --report $name-\$SLURM_ARRAY_TASK_ID.json")")
    done
    while squeue -h | grep -q .; do sleep 0.5; done
    for name in "${names[@]}"; do
        for ((k = 0; k < shards; k++)); do grep -q 'keeps its share' "$name-$k.log" || { cat "$name-$k.log"; exit 1; }; done
    done
    echo "arrays ${jobs[*]} are done"
    ;;
*) echo "no engine $engine" >&2; exit 2 ;;
esac
took "$shards shards ($engine)"

tasks=()
for name in "${names[@]}"; do
    "$smpcc" party $name.toml --combine "$shards" --quiet >$name-combine.log 2>&1 &
    tasks+=($!)
done
for task in "${tasks[@]}"; do wait "$task" || { cat ./*-combine.log; exit 1; }; done
took 'put together'
opened=()
for name in "${names[@]}"; do
    file=$(sed -n 's/.*keeps its share of what `analyst`.*: //p' $name-combine.log)
    "$smpcc" release "$file" --study study.toml --key keys/$name.seal.key --to keys/institute.pub -o $name.result >/dev/null
    opened+=("$name.result")
done
"$smpcc" open "${opened[@]}" --study study.toml --key keys/institute.seal.key --format json | tee result.json
want=$(awk -v n="$contributions" '{ printf "%s%.0f", (NR > 1 ? ", " : ""), $1 * n }' counts)
want="{\"rows\": $((rows * contributions)), \"sum\": $(awk -v n="$contributions" '{ printf "%.0f", $1 * n }' sum), \"groups\": [$want]}"
grep -qF "\"output\": $want" result.json || { echo "it should be $want"; exit 1; }
if [ "$engine" != mpi ]; then
    python3 - "$shards" <<'PY'
import json, sys
reports = [[json.load(open(f"{n}-{k}.json")) for n in "abc"] for k in range(int(sys.argv[1]))]
sent = sum(sum(r["bytes_sent"].values()) for s in reports for r in s)
peak = max(max(r["peak_memory"].values()) for s in reports for r in s)
slow = max(max(r["time_ms"]["total"] for r in s) for s in reports)
print(f"sent in all {sent / 1e6:.1f} MB; most memory of a task {peak / 1e6:.0f} MB; the longest session {slow / 1e3:.1f} s; rounds {reports[0][0]['rounds']}")
PY
fi
