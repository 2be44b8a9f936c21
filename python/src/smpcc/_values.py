"""Results as Python values of the types that the program declares.

The command line says the type beside each result. Integers are exact, at every width.
"""

from __future__ import annotations

import datetime
import struct
from decimal import Decimal
from typing import Any, Callable, Optional

#: Makes a value of what JSON has in its place.
Read = Callable[[Any], Any]


def value(data: Any, kind: Any) -> Any:
    """A result by its type: ``u8`` … ``i128`` are ``int``, ``bool`` and ``str<N>`` as they are, ``fixed<W, F>`` is a ``Decimal`` (the shortest that
    the type reads as the same number), ``f32`` and
    ``f64`` are ``float``, ``date`` and ``datetime`` are those of Python (a moment is in UTC; a year that Python does not have stays text).
    An array is a list, a tuple a tuple, a struct a dict by fields. Of an ``Option`` nothing is ``None``, all else the value. A variant of
    another enum is its name, or a dict from its name to what it holds.
    """
    read = _reader(kind)
    return data if read is None else read(data)


def _reader(kind: Any) -> Optional[Read]:
    """How to read a type; none where JSON has it as it is."""
    if isinstance(kind, str):
        return _scalar(kind)
    if "array" in kind:
        item = _reader(kind["array"])
        return None if item is None else lambda data: [item(x) for x in data]
    if "tuple" in kind:
        items = [_reader(k) for k in kind["tuple"]]
        return lambda data: tuple(r(x) if r else x for r, x in zip(items, data))
    if "struct" in kind:
        return _fields(kind["struct"])
    if "option" in kind:
        return _option(kind["option"])
    return _enum(kind["enum"])


def _scalar(name: str) -> Optional[Read]:
    if name.startswith("fixed<"):
        return Decimal
    if name == "f32":
        return _f32
    if name == "f64":
        return float
    if name == "date":
        return _date
    if name == "datetime":
        return _datetime
    return None


def _f32(data: Any) -> float:
    # The nearest float of 32 bits, which is the one that was computed: the text is the shortest that tells it.
    (exact,) = struct.unpack("f", struct.pack("f", float(data)))
    assert isinstance(exact, float)
    return exact


def _date(text: str) -> Any:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return text


def _datetime(text: str) -> Any:
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text


def _fields(kinds: dict[str, Any]) -> Optional[Read]:
    readers = {name: _reader(kind) for name, kind in kinds.items()}
    some = {name: read for name, read in readers.items() if read is not None}
    if not some:
        return None
    return lambda data: {k: some[k](v) if k in some else v for k, v in data.items()}


def _option(kind: Any) -> Optional[Read]:
    read = _reader(kind)
    if read is None:
        return None
    inner = read
    if isinstance(kind, dict) and "option" in kind:
        # A value that is optional twice is written out.
        return lambda data: None if data is None else {k: inner(v) for k, v in data.items()}
    return lambda data: None if data is None else inner(data)


def _enum(variants: dict[str, Any]) -> Optional[Read]:
    readers = {name: _reader(kind) for name, kind in variants.items() if kind is not None}
    some = {name: read for name, read in readers.items() if read is not None}
    if not some:
        return None

    def read(data: Any) -> Any:
        if isinstance(data, str):
            return data
        return {name: some[name](v) if name in some else v for name, v in data.items()}

    return read
