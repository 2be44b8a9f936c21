"""Inputs: tables of pandas, polars and pyarrow, and whatever Python has for a value."""

from __future__ import annotations

import datetime
import enum
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pytest

import smpcc
from smpcc._inputs import plain

ROWS: list[dict[str, Any]] = [
    {
        "age": 61,
        "smokes": True,
        "name": "Doe; Jane",
        "weight": Decimal("58.25"),
        "pulse": 71,
        "born": datetime.date(1963, 5, 1),
    },
    {
        "age": 55,
        "smokes": False,
        "name": "NA",
        "weight": Decimal("81.5"),
        "pulse": None,
        "born": datetime.date(1969, 1, 31),
    },
    {
        "age": 49,
        "smokes": True,
        "name": '"Å"',
        "weight": Decimal("60"),
        "pulse": 64,
        "born": datetime.date(1975, 12, 24),
    },
]

PROGRAM = """
struct Row { age: u8, smokes: bool, name: str<12>, weight: fixed<24, 8>, pulse: Option<u8>, born: date }

fn main(rows: [secret Row; _] from each) -> [Row; _] { rows[0] }
"""


def of_pandas() -> Any:
    table = pandas.DataFrame(ROWS)
    assert str(table["pulse"].dtype) == "float64"
    return table


def of_pandas_with_moments() -> Any:
    table = pandas.DataFrame(ROWS)
    table["born"] = pandas.to_datetime(table["born"])
    table["pulse"] = table["pulse"].astype("Int64")
    table["weight"] = table["weight"].astype(float)
    table["name"] = table["name"].astype("category")
    return table


def of_polars() -> Any:
    return polars.DataFrame(ROWS)


class Chunks:
    """A column as pyarrow has it."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def to_pylist(self) -> list[Any]:
        return list(self.values)


class Arrow:
    """A table as pyarrow has it: the names apart from the columns."""

    column_names = tuple(ROWS[0])

    @property
    def columns(self) -> list[Chunks]:
        return [self[name] for name in self.column_names]

    def __getitem__(self, name: str) -> Chunks:
        return Chunks([row[name] for row in ROWS])


@pytest.mark.parametrize("make", [of_pandas, of_pandas_with_moments, of_polars, Arrow, lambda: ROWS])
def test_tables_go_in_as_they_are(make: Callable[[], Any]) -> None:
    for inputs in ([make(), ROWS[:1]], {0: {"rows": make()}, "1": ROWS[1:]}):
        run = smpcc.run(smpcc.Text(PROGRAM), inputs, protocol="boolean")
        assert run.result == ROWS


def test_columns_are_parameters() -> None:
    program = smpcc.Text(
        "fn main(dose: [secret u16; _] from each, weight: [secret u16; _] from each) -> u64 {\n"
        "    let mut sum: secret u64 = 0;\n"
        "    for i in 0..dose.flatten().len() { sum += dose.flatten()[i] as u64 * weight.flatten()[i] as u64; }\n"
        "    sum\n}"
    )
    table = pandas.DataFrame({"dose": [2, 3], "weight": [70, 81]})
    one = {"dose": table["dose"], "weight": polars.Series([70, 81])}
    two = {"dose": table["dose"].to_numpy(), "weight": (70, 81)}
    assert smpcc.run(program, [table, one, two]).result == 3 * (140 + 243)


class Sex(enum.Enum):
    F = 1
    M = 2


@dataclass
class Patient:
    age: int
    sex: Sex


def test_values_of_python() -> None:
    series = pandas.Series([1.0, None, 3.0])
    for given, want in [
        (2**200, 2**200),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (float("inf"), "inf"),
        (float("nan"), "NaN"),
        (b"\x00\xff", "0x00ff"),
        (datetime.datetime(2024, 1, 2, 0, 0), "2024-01-02T00:00:00"),
        (Patient(3, Sex.M), {"age": 3, "sex": "M"}),
        (pandas.NA, None),
        (pandas.NaT, None),
        (series, [1, None, 3]),
        (series.to_numpy()[:1], [1.0]),
        (series.to_numpy()[0], 1.0),
        (pandas.Series([0.5, None]), [0.5, None]),
        (polars.Series([0.5, None, float("nan")]), [0.5, None, "NaN"]),
        (pandas.Series(pandas.to_datetime(["2024-01-02", None])), ["2024-01-02", None]),
        (pandas.Series([[1, 2], [3]]), [[1, 2], [3]]),
        (range(3), [0, 1, 2]),
        (pandas.DataFrame({"a": []}), []),
    ]:
        got = plain(given)
        assert got == want and type(got) is type(want), given


def test_what_is_no_input_is_refused_without_its_value() -> None:
    twice = pandas.DataFrame([[1, 2]], columns=["a", "a"])
    for given, kind in [
        ({"x": object()}, TypeError),
        ({"x": {1: 2}}, TypeError),
        ({"x": Decimal("NaN")}, ValueError),
        ({"x": twice}, ValueError),
        ({"x": lambda secret=47111: secret}, TypeError),
    ]:
        with pytest.raises(kind) as refused:
            smpcc.run(smpcc.Text("fn main(x: secret u8 from each) -> u8 { x[0] }"), [given])
        assert "47111" not in str(refused.value)
    for parties in ({"../x": 1}, {0: 1, "0": 1}):
        with pytest.raises(ValueError, match=r"parties|twice"):
            smpcc.run("examples/avg.smpc", parties)


NANOSECONDS = numpy.array(["2024-01-02", "NaT", "1960-02-29T10:30:01"], dtype="datetime64[ns]")


def test_moments_of_numpy_are_texts() -> None:
    want = ["2024-01-02", None, "1960-02-29T10:30:01"]
    for unit in ("ns", "us", "ms", "s"):
        assert plain(NANOSECONDS.astype(f"datetime64[{unit}]")) == want, unit
    assert plain(NANOSECONDS[2]) == want[2]
    assert plain(NANOSECONDS.reshape(3, 1)) == [[text] for text in want]
    assert plain(NANOSECONDS.astype("datetime64[h]")[2]) == "1960-02-29T10:00:00"
    assert plain({"x": NANOSECONDS.astype("datetime64[Y]")[:2]}) == {"x": ["2024-01-01", None]}
    assert plain(polars.Series(NANOSECONDS)) == want
    in_rome = polars.Series(NANOSECONDS[:1]).dt.replace_time_zone("Europe/Rome")
    assert plain(in_rome) == ["2024-01-01T23:00:00Z"]
    rows = plain(polars.DataFrame({"at": NANOSECONDS, "n": [1, 2, 3]}))
    assert [row["at"] for row in rows] == want
    program = smpcc.Text(
        "fn main(at: [secret datetime; _] from each) -> datetime { max(at[0][0], at[1][0]) }"
    )
    found = smpcc.run(program, [{"at": NANOSECONDS[:1]}, {"at": NANOSECONDS[2:]}]).result
    assert found == datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)


def test_moments_that_are_no_whole_seconds_are_refused() -> None:
    off = NANOSECONDS + numpy.timedelta64(1, "ns")
    for given in (off, off[0], polars.Series(off), {"x": off}, pandas.DataFrame({"x": off}).to_numpy()):
        with pytest.raises(ValueError, match="whole seconds"):
            plain(given)
    for span in (off - NANOSECONDS, polars.Series(off - NANOSECONDS)):
        with pytest.raises(TypeError, match="timedelta"):
            plain(span)


def test_files_and_samples_are_inputs_too(examples: Path) -> None:
    assert smpcc.run(examples / "avg.smpc").result == 5300
    files = str(examples / "avg.inputs.json")
    assert smpcc.run(str(examples / "avg.smpc"), files).result == 5300
    with open(files) as file:
        assert smpcc.run(examples / "avg.smpc", json.load(file)).result == 5300


def test_public_arguments_are_values_too() -> None:
    program = smpcc.Text("fn main(x: secret u64 from each, w: [u64; 3], _s: str<4>) -> u64 { x[0] * w[2] }")
    w = pandas.Series([1, 2, 3])
    assert smpcc.run(program, [{"x": 5}, {"x": 6}], args={"w": w, "_s": "a=b"}).result == 15


def test_long_tables_take_seconds() -> None:
    draw = random.Random(7)
    n = 20_000
    table = pandas.DataFrame({"a": [draw.randrange(1 << 32) for _ in range(n)], "b": [True] * n})
    program = smpcc.Text(
        "struct R { a: u32, b: bool }\nfn main(r: [secret R; _] from each) -> u64 { r[0].map(|x| x.a as u64).sum() as u64 }"
    )
    assert smpcc.run(program, [table, table[:1]]).result == int(table["a"].sum())


def test_numbers_beside_missing_ones_are_those_that_were_given_or_refused() -> None:
    column = pandas.Series([3, None, -(2**53) + 1, 0.5, -0.0, 2**53 + 1])
    small, missing, least, half, zero, large = plain({"x": column})["x"]
    assert (small, missing, least, half) == (3, None, 1 - 2**53, 0.5)
    assert isinstance(small, int) and isinstance(least, int)
    # A zero of a float has a sign, and of what is 2^53 nobody knows whether it was one more.
    assert str(zero) == "-0.0" and isinstance(large, float)
    program = smpcc.Text("fn main(x: [secret Option<i64>; _] from each) -> u32 { x.flatten().len() as u32 }")
    with pytest.raises(smpcc.UsageError, match="expected an integer"):
        smpcc.run(program, [{"x": column[5:]}, {"x": pandas.Series([1, None])}])
