"""What goes in comes out: exact, and of the type that the program declares."""

from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import smpcc
from smpcc._values import value

UTC = datetime.timezone.utc

PROGRAM = """
enum Smokes { Never, #[name("gave up")] Once, Daily(u8), Odd { kind: str<4>, since: date } }

struct Row {
    small: u8,
    wide: i128,
    ok: bool,
    weight: fixed<32, 8>,
    born: date,
    seen: datetime,
    name: str<12>,
    pulse: Option<u8>,
    smokes: Smokes,
    pair: (u16, fixed<16, 4>),
    x: f64,
    y: f32,
}

fn main(row: secret Row from each) -> Row { row[0] }
"""

ROW: dict[str, Any] = {
    "small": 255,
    "wide": -(2**127),
    "ok": True,
    "weight": Decimal("-81.25"),
    "born": datetime.date(1958, 11, 30),
    "seen": datetime.datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
    "name": "2024-01-01",
    "pulse": None,
    "smokes": {"Daily": 20},
    "pair": (65535, Decimal("2.5")),
    "x": 0.1,
    "y": 0.5,
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"wide": 2**127 - 1, "pulse": 0, "smokes": "gave up", "x": -0.0, "y": -math.inf},
        {"smokes": {"Odd": {"kind": "pipe", "since": datetime.date(1970, 1, 1)}}, "ok": False},
        {"weight": Decimal(3), "name": "Åsa", "x": 1e300, "y": 2.0**-149},
    ],
)
def test_every_type_comes_back_as_it_went_in(change: dict[str, Any]) -> None:
    row = {**ROW, **change}
    program = smpcc.Text(PROGRAM)
    run = smpcc.run(program, [{"row": row}, {"row": ROW}, {"row": ROW}], protocol="boolean")
    assert run.result == row
    for name, there in run.result.items():
        assert type(there) is type(row[name]), name
    assert math.copysign(1, run.result["x"]) == math.copysign(1, row["x"])


def test_a_result_that_is_no_number_is_the_same_for_all() -> None:
    program = smpcc.Text("fn main(x: secret f64 from each) -> [f64; 2] { [x[0] / x[1], x[0]] }")
    result = smpcc.run(program, [{"x": 0}, {"x": 0}], protocol="boolean").result
    assert math.isnan(result[0]) and result[1] == 0


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    program = smpcc.Text("fn main(t: secret datetime from each) -> datetime { t[0] }")
    there = datetime.datetime(2024, 3, 1, 10, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    assert smpcc.run(program, [{"t": there}, {"t": there}]).result == there


def test_types_say_how_json_is_read() -> None:
    for data, kind, want in [
        ("[1, 2]", {"array": "u8", "len": 2}, [1, 2]),
        ('["2024-02-29"]', {"array": "date", "len": 1}, [datetime.date(2024, 2, 29)]),
        ('["2024-02-29"]', {"array": "str<10>", "len": 1}, ["2024-02-29"]),
        ("[1, 0.5]", {"tuple": ["u8", "fixed<8, 1>"]}, (1, Decimal("0.5"))),
        ("[]", {"tuple": []}, ()),
        ("null", {"option": {"option": "date"}}, None),
        ('{"Some": null}', {"option": {"option": "date"}}, {"Some": None}),
        ('"A"', {"enum": {"A": None, "B": "f64"}}, "A"),
        ('{"B": 2}', {"enum": {"A": None, "B": "f64"}}, {"B": 2.0}),
        (
            '{"a": [[1]]}',
            {"struct": {"a": {"array": {"array": "fixed<8, 0>", "len": 1}, "len": 1}}},
            {"a": [[Decimal(1)]]},
        ),
        ('"+20000-01-01"', "date", "+20000-01-01"),
        ("12345678901234567890.123", "fixed<128, 10>", Decimal("12345678901234567890.123")),
    ]:
        got = value(json.loads(data, parse_float=Decimal), kind)
        assert got == want and type(got) is type(want), data
    assert math.isnan(value("NaN", "f32"))
    # Not the double that is called 0.1, but the float of 32 bits.
    assert value(Decimal("0.1"), "f32") == 0.10000000149011612


def test_parties_learn_what_is_for_them() -> None:
    program = smpcc.Text("party a; party b;\nfn main(x: secret u8 from a) -> u8 to b { x + 1 }")
    run = smpcc.run(program, {"a": {"x": 41}, "b": {}})
    assert run.outputs == {1: 42} and run[1] == 42 and run.result == 42
    assert run.suite == "two-party" and run.parties == 2 and run.threat == "semi-honest"
    assert run.rounds >= 1 and set(run.bytes_sent) == {0, 1} and run.time_ms["total"] > 0
    assert "party 1 learns 42" in repr(run) and "<td" in run._repr_html_()
    each = smpcc.Text("fn main(x: secret u8 from each) -> [u8; _] to each { x }")
    differs = smpcc.run(each, [{"x": 1}, {"x": 2}])
    assert differs.outputs == {0: 1, 1: 2}
    with pytest.raises(ValueError, match="different things"):
        assert differs.result


@pytest.mark.parametrize(
    ("name", "options"), [("avg", {}), ("auction", {}), ("hospital", {"args": {"level": 6}}), ("vote", {})]
)
def test_examples_have_the_results_that_they_say(examples: Path, name: str, options: dict[str, Any]) -> None:
    expected = json.loads((examples / f"{name}.expected.json").read_text())
    run = smpcc.run(examples / f"{name}.smpc", **options)
    assert run.outputs == {int(party): result for party, result in expected.items()}
