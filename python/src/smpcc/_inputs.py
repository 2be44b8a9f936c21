"""Python values as input files: exact, and without knowing pandas, polars or pyarrow by name.

A table is whatever has columns with names; a column is whatever lists its values. What the command line expects is written as JSON: a table
as a list of objects, decimals and dates as texts, nothing as ``null``.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Optional, Union, cast

from ._binary import Workplace

#: What the parties give: by number or role, or a list in the order of numbers; or the path of a file or folder of inputs.
Inputs = Union[str, "os.PathLike[str]", Mapping[Any, Any], Sequence[Any]]

_PARTY = re.compile(r"[0-9]+|[A-Za-z_][A-Za-z0-9_]*(\[[0-9]+\])?")


def of_all(at: Workplace, inputs: Inputs) -> str:
    """The path of the inputs of all parties."""
    if isinstance(inputs, (str, os.PathLike)):
        return os.fspath(inputs)
    entries = inputs.items() if isinstance(inputs, Mapping) else enumerate(inputs)
    parties: dict[str, Any] = {}
    for party, gives in entries:
        key = str(party)
        if not _PARTY.fullmatch(key):
            raise ValueError("inputs are keyed by the parties' numbers or roles")
        if key in parties:
            raise ValueError(f"party {key} stands twice")
        parties[key] = plain(gives)
    return at.write("inputs.json", _text(parties))


def of_one(at: Workplace, inputs: Any) -> str:
    """The path of the inputs of one party."""
    if isinstance(inputs, (str, os.PathLike)):
        return os.fspath(inputs)
    return at.write("inputs.json", _text(plain(inputs)))


def arguments(at: Workplace, args: Mapping[str, Any]) -> str:
    """The path of a file with public arguments."""
    return at.write("arguments.json", _text(plain(args)))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """A value made of what JSON has. What it cannot be is said without the value."""
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a Decimal that is no finite number cannot be an input")
        return format(value, "f")
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if _is_table(value):
        return _table(value)
    if _counts_time(value):
        return _moments(value)
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return plain(value.item())
    column = _column(value)
    if column is not None:
        return column
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot be an input")


def _float(value: float) -> Union[float, str]:
    # What JSON has no number for is told by name.
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a field's name is a text, not a {type(key).__name__}")
    return str(key)


def _is_table(value: Any) -> bool:
    named = hasattr(value, "columns") or hasattr(value, "column_names")
    return named and hasattr(value, "__getitem__")


def _table(table: Any) -> list[dict[str, Any]]:
    """A table as a list of rows."""
    names = [_key(name) for name in getattr(table, "column_names", None) or table.columns]
    if len(set(names)) != len(names):
        raise ValueError("two columns of a table have one name")
    columns: list[list[Any]] = []
    for name in names:
        column = _column(table[name])
        if column is None:
            raise TypeError(f"a column is a {type(table[name]).__name__}, which lists no values")
        columns.append(column)
    return [dict(zip(names, row)) for row in zip(*columns)]


def _column(column: Any) -> Optional[list[Any]]:
    """The values of a series, an array or a chunked array; none where it is something else."""
    if _counts_time(column):
        return cast("list[Any]", _moments(column))
    for name in ("to_list", "tolist", "to_pylist"):
        if hasattr(column, name):
            values = cast("list[Any]", getattr(column, name)())
            break
    else:
        return None
    kinds = set(map(type, values))
    if kinds <= {int, bool, str, type(None)}:
        return values
    missing = _missing(column, values)
    if float in kinds and any(missing):
        # A whole number beside a missing one has become a float.
        return [None if gone else _whole(v) for v, gone in zip(values, missing)]
    return [None if gone else _moment(v) for v, gone in zip(values, missing)]


def _counts_time(value: Any) -> bool:
    """Whether an array or a scalar of numpy, or a series that counts nanoseconds, holds moments or spans of time. Its own list of them would hold integers, or moments without nanoseconds."""
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "time_unit", None) == "ns":
        return True
    return (
        getattr(dtype, "kind", None) in ("M", "m") and hasattr(value, "astype") and not hasattr(value, "isna")
    )


def _moments(times: Any) -> Any:
    """Moments of numpy as texts, which have whole seconds."""
    zone = getattr(times.dtype, "time_zone", None)
    if hasattr(times.dtype, "time_unit"):
        times = times.to_numpy()
    if times.dtype.kind == "m":
        raise TypeError("a timedelta cannot be an input: give a number of days or seconds")
    seconds = times.astype("datetime64[s]")
    # NaT differs from itself.
    if ((seconds.astype(times.dtype) != times) & (times == times)).any():
        raise ValueError(
            "a moment has parts of a second, or is too far away: moments are whole seconds. Round them first"
        )
    return _iso(seconds.astype(str).tolist(), "Z" if zone else "")


def _iso(texts: Any, zone: str) -> Any:
    """Texts of numpy as inputs: nothing as none, and midnight as a date, which both types take."""
    if isinstance(texts, list):
        return [_iso(text, zone) for text in texts]
    if texts == "NaT":
        return None
    return texts + zone if zone else cast("str", texts).removesuffix("T00:00:00")


def _whole(value: Any) -> Any:
    """A float that was a whole number, as that. From 2^53 on it may have been another one, and zeros of floats have a sign: these stay floats."""
    was_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    is_zero_below = value == 0 and str(value).startswith("-")
    return int(value) if was_whole and not is_zero_below else plain(value)


def _missing(column: Any, values: list[Any]) -> list[bool]:
    """Which values are missing. Pandas says so with numbers that are none, which are numbers elsewhere."""
    if hasattr(column, "isna"):
        return cast("list[bool]", column.isna().tolist())
    return [value is None for value in values]


def _moment(value: Any) -> Any:
    """Midnight is a date: some tables have no other. Both types take it."""
    local = isinstance(value, datetime.datetime) and value.tzinfo is None
    return value.date().isoformat() if local and value.time() == datetime.time() else plain(value)
