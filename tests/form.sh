#!/usr/bin/env bash
# The page for contributors in a real browser: whole studies (examples/study/demo.sh), one for each suite, whose last contribution is typed
# into it, so that the result shows whether its shares open to what was typed; and one whose program takes every type that the page has
# fields for. Needs npm, Chromium and release builds of both binaries; four minutes.
#   tests/form.sh             all of them
#   tests/form.sh SUITE       rep3, rep4, bgw or types
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${SMPCC_BIN:-${CARGO_TARGET_DIR:-$root/target}/release}
smpcc=$bin/smpcc
out=${OUT:-$(mktemp -d)}
mkdir -p "$out/tool"
cp "$root/tests/form/"*.mjs "$out/tool/"
(cd "$out/tool" && npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.56.1)

# suite NAME OPTIONS NODE…
suite() {
  local name=$1 options=$2
  shift 2
  PEOPLE=${PEOPLE:-6} WINDOW=${WINDOW:-45} DEMO_DIR=$out/$name CLINICS="$*" NODES=$# OPTIONS=$options LAST="node $out/tool/fill.mjs" \
    "$root/examples/study/demo.sh"
}

# The same values from the command and from the page: they are equal in the run, and come out as they were typed.
types() {
  mkdir -p "$out/types"
  cd "$out/types"
  cat >types.smpc <<'SMPC'
party analyst;
party person[2..];

enum Ward { North, South, West }
struct Visit { on: date, ward: Ward, cost: fixed<32, 8>, score: Option<i8> }
struct Home { rooms: u8 in 1..=40, own: bool }
enum Living { Own, Rented(u32), Shared { rent: u32, with: Option<Ward> } }

fn main(
    day: secret date from each person,
    moment: secret datetime from each person,
    name: secret str<8> from each person,
    rate: secret fixed<32, 8> from each person,
    weight: secret f64 from each person,
    big: secret u128 from each person,
    small: secret i5 from each person,
    sure: secret bool from each person,
    half: secret f32 from each person,
    home: secret Home from each person,
    ward: secret Ward from each person,
    left: secret Option<u16> from each person,
    three: [secret i12; 3] from each person,
    visits: [secret Visit; _] from each person,
    words: [(secret str<8>, [secret bool; 2]); _] from each person,
    living: secret Living from each person,
    second: secret Option<Home> from each person,
    third: secret Option<Home> from each person,
    past: [secret Living; _] from each person,
    homes: [secret Option<Home>; _] from each person,
    grid: [[secret i8; _]; _] from each person,
    pairs: [[(secret u8, secret bool); 2]; _] from each person,
) -> (
    ([bool; 15], date, datetime, str<8>, fixed<32, 8>, f64, u128, i5, bool, f32, Home, Ward, Option<u16>, [i12; 3], [Visit; 2], [(str<8>, [bool; 2]); 2]),
    ([bool; 7], Living, Option<Home>, Option<Home>, [Living; 3], [Option<Home>; 2], [[i8; 3]; 2], [[(u8, bool); 2]; 1]),
) to analyst {
    ((
        [day[0] == day[1], moment[0] == moment[1], name[0] == name[1], rate[0] == rate[1], weight[0] == weight[1], big[0] == big[1],
            small[0] == small[1], sure[0] == sure[1], half[0] == half[1], home[0] == home[1], ward[0] == ward[1], left[0] == left[1],
            three[0] == three[1], visits[0] == visits[1], words[0] == words[1]],
        day[0], moment[0], name[0], rate[0], weight[0], big[0], small[0], sure[0], half[0], home[0], ward[0], left[0], three[0], visits[0], words[0],
    ), (
        [living[0] == living[1], second[0] == second[1], third[0] == third[1], past[0] == past[1], homes[0] == homes[1], grid[0] == grid[1], pairs[0] == pairs[1]],
        living[0], second[0], third[0], past[0], homes[0], grid[0], pairs[0],
    ))
}
SMPC
  local name at=7943 nodes=()
  pids=()
  for name in a b c institute; do "$smpcc" keygen --name $name --out keys --study >/dev/null; done
  for name in a b c; do nodes+=(--node "keys/$name.pub@127.0.0.1:$at"); at=$((at + 2)); done
  "$smpcc" study new types.smpc --contributors person --receiver analyst=keys/institute.pub "${nodes[@]}" --invitations 2 >/dev/null
  sed -i "s/^closes = .*/closes = $(date -u -d "@$(($(date +%s) + 25))" +%Y-%m-%dT%H:%M:%SZ)/; s/^purpose = .*/purpose = \"Every type.\"/" study.toml
  at=7943
  for name in a b c; do "$smpcc" --quiet study sign study.toml --key keys/$name.sign.key --yes >/dev/null; done
  trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT
  for name in a b c; do
    printf 'listen = "127.0.0.1:%s"\ndata = "data-%s"\nkey = "keys/%s.key"\ncert = "keys/%s.crt"\nsign = "keys/%s.sign.key"\nseal = "keys/%s.seal.key"\nstudies = ["study.toml"]\nsmpcc = "%s"\ntick_s = 1\n' \
      $at $name $name $name $name $name "$smpcc" >$name.toml
    "$bin/smpcc-node" serve $name.toml 2>$name.log &
    pids+=($!)
    at=$((at + 2))
  done
  for name in a b c; do for _ in $(seq 100); do grep -q listening $name.log && break; sleep 0.1; done; done
  echo '{"day": "2024-02-29", "moment": "1969-07-20T20:17:40Z", "name": "Zoë ß", "rate": -2.501953125, "weight": 0.1,
    "big": 340282366920938463463374607431768211455, "small": -16, "sure": true, "half": 1.00000005960464477539063,
    "home": {"rooms": 3, "own": true}, "ward": "South", "left": null, "three": [-5, 0, 2047],
    "visits": [{"on": "2024-02-29", "ward": "West", "cost": 12.5, "score": null}, {"on": "1999-12-31", "ward": "North", "cost": -0.25, "score": -128}],
    "words": [["ab, \"c", [true, false]], ["ß", [false, true]]],
    "living": {"Shared": {"rent": 450, "with": "West"}}, "second": {"rooms": 2, "own": false}, "third": null,
    "past": ["Own", {"Rented": 700}, {"Shared": {"rent": 4294967295, "with": null}}], "homes": [{"rooms": 40, "own": true}, null],
    "grid": [[1, -2, 3], [-128, 0, 127]], "pairs": [[[7, true], [255, false]]]}' >mine.json
  "$smpcc" contribute --inputs mine.json --invitation invitations/00001.invitation >/dev/null
  node "$out/tool/types.mjs" invitations/00002.invitation https://127.0.0.1:7943 \
    2024-02-29 1969-07-20T20:17:40 "Zoë ß" -2.501953125 0.1 340282366920938463463374607431768211455 -16 yes \
    1.00000005960464477539063 3 yes South "" $'-5\n0\n2047' $'2024-02-29,West,12.5,\n1999-12-31; North; -0.25; -128' $'"ab, ""c",yes,no\nß\tno\tyes' \
    Shared - 450 West yes 2 no no - - $'Own,,,\nRented;700;;\nShared\t\t4294967295\t' $'40,yes\n,' $'1,-2,3\n-128,0,127' '7,yes,255,no'
  for _ in $(seq 240); do
    if "$smpcc" --quiet result --key keys/institute.sign.key --seal keys/institute.seal.key >result.txt 2>errors.txt; then break; fi
    sleep 0.5
  done
  cat result.txt
  grep -qF '(([yes, yes, yes, yes, yes, yes, yes, yes, yes, yes, yes, yes, yes, yes, yes], 2024-02-29, 1969-07-20T20:17:40Z, "Zoë ß", -2.5, 0.1, 340282366920938463463374607431768211455, -16, yes, 1.0000001, {rooms: 3, own: yes}, South, None, [-5, 0, 2047], [{on: 2024-02-29, ward: West, cost: 12.5, score: None}, {on: 1999-12-31, ward: North, cost: -0.25, score: -128}], [("ab, \"c", [yes, no]), ("ß", [no, yes])]), ([yes, yes, yes, yes, yes, yes, yes], Shared {rent: 450, with: West}, {rooms: 2, own: no}, None, [Own, Rented(700), Shared {rent: 4294967295, with: None}], [{rooms: 40, own: yes}, None], [[1, -2, 3], [-128, 0, 127]], [[(7, yes), (255, no)]]))' \
    result.txt
}

case ${1:-all} in
  rep3 | all) suite rep3 "" clinic-a clinic-b clinic-c ;;&
  rep4 | all) suite rep4 "--suite rep4 --threat malicious" clinic-a clinic-b clinic-c clinic-d ;;&
  bgw | all) suite bgw "--suite bgw --threshold 1" clinic-a clinic-b clinic-c clinic-d clinic-e ;;&
  types | all) types ;;
esac
echo "pictures: $out/*/form-*.png"
