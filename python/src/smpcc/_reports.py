"""What the compiler says of a program before it runs: figures, disclosures, an audit, a picture.

Each keeps all that the command line said in ``data``, and shows itself in a notebook.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from ._errors import Diagnostic
from ._html import number, paragraph, table


@dataclass(frozen=True)
class Figures:
    """What a program costs in all. Where revealed values steer it and there are no sample inputs, counts are not known: ``None``."""

    #: AND gates times lanes, and the longest chain of them.
    and_gates: Optional[int]
    and_depth: Optional[int]
    xor_gates: Optional[int]
    #: Products of arithmetic shares times lanes, and the longest chain of them.
    products: Optional[int]
    product_depth: Optional[int]
    rounds: Optional[int]
    #: Bytes sent by all parties together, and by each.
    bytes: Optional[int]
    bytes_sent: dict[int, int]
    #: About how much memory a party needs, in bytes.
    memory_bytes: int
    #: Estimated milliseconds among machines in one building, and among cities.
    lan_ms: Optional[float]
    wan_ms: Optional[float]


class Stats:
    """What a run will cost: exact, before it runs."""

    def __init__(self, data: dict[str, Any], messages: list[Diagnostic]) -> None:
        #: All that ``stats --format json`` said.
        self.data = data
        #: What was said on the way.
        self.messages = messages

    @property
    def parties(self) -> int:
        """The number of parties."""
        return int(self.data["parties"])

    @property
    def suite(self) -> str:
        """The protocol family."""
        return str(self.data["suite"])

    @property
    def exact(self) -> bool:
        """Whether the figures hold for all inputs; else they are those of a clear run on the sample inputs."""
        return bool(self.data["exact"])

    @property
    def program(self) -> str:
        """The hash of the compiled program."""
        return str(self.data["program"])

    @property
    def totals(self) -> Figures:
        """Of the whole program."""
        t, ms = self.data["totals"], self.data["estimate_ms"]
        return Figures(
            and_gates=t["and"],
            and_depth=t["and_depth"],
            xor_gates=t["xor"],
            products=t["mul"],
            product_depth=t["mul_depth"],
            rounds=t["rounds"],
            bytes=t["bytes"],
            bytes_sent={int(p): n for p, n in (t["bytes_sent"] or {}).items()},
            memory_bytes=t["memory_bytes"],
            lan_ms=ms["lan"],
            wan_ms=ms["wan"],
        )

    @property
    def sections(self) -> list[dict[str, Any]]:
        """By section of the plan."""
        return list(self.data["sections"])

    @property
    def functions(self) -> list[dict[str, Any]]:
        """By function, those that cost something."""
        return list(self.data["functions"])

    @property
    def lines(self) -> list[dict[str, Any]]:
        """By line, those that cost something."""
        return list(self.data["lines"])

    @property
    def alternatives(self) -> list[dict[str, Any]]:
        """What else could have been chosen, if that was asked for."""
        return list(self.data.get("alternatives", ()))

    def _rows(self) -> list[tuple[str, str]]:
        t = self.totals
        rows = [
            ("AND gates", f"{number(t.and_gates)}, depth {number(t.and_depth)}"),
            ("products", f"{number(t.products)}, depth {number(t.product_depth)}"),
            ("rounds", number(t.rounds)),
            ("bytes", number(t.bytes)),
            ("memory", f"{number(t.memory_bytes)} bytes, about, of each party"),
            ("estimate", f"{number(t.lan_ms)} ms on a local network, {number(t.wan_ms)} ms on a wide one"),
        ]
        if not self.exact:
            rows.append(("exact", "no: revealed values steer this program"))
        return rows

    def __repr__(self) -> str:
        head = f"Stats: {self.suite} among {self.parties} parties"
        return "\n".join([head, *(f"  {name:<10} {text}" for name, text in self._rows())])

    def _repr_html_(self) -> str:
        sections = [
            (
                s["id"],
                s["domain"],
                _place(s),
                s["lanes"],
                s["and"],
                s["mul"],
                s["rounds"],
                s["bytes"],
                s["why"],
            )
            for s in self.sections
        ]
        head = ("section", "domain", "lines", "lanes", "AND", "products", "rounds", "bytes", "why")
        return (
            paragraph(f"{self.suite} among {self.parties} parties")
            + table(("", ""), self._rows())
            + table(head, sections)
        )


def _place(section: dict[str, Any]) -> str:
    first, last = section["lines"]
    if not section["file"]:
        return ""
    return f"{section['file']}:{first}" + (f"–{last}" if last != first else "")


class Reveals:
    """Every value that leaves secrecy, in the order of the program."""

    def __init__(self, data: dict[str, Any], messages: list[Diagnostic]) -> None:
        #: All that ``reveals --format json`` said.
        self.data = data
        #: What was said on the way.
        self.messages = messages

    @property
    def parties(self) -> int:
        """The number of parties."""
        return int(self.data["parties"])

    @property
    def values(self) -> list[dict[str, Any]]:
        """Each with ``kind``, ``place``, ``label``, ``type``, ``to``, ``depends_on``, …"""
        return list(self.data["reveals"])

    def __len__(self) -> int:
        return len(self.values)

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        rows = []
        for v in self.values:
            lanes = v["type"] if v["lanes"] == 1 else f"{v['lanes']} × {v['type']}"
            everybody = len(v["to"]) == self.parties
            to = "all parties" if everybody else ", ".join(f"party {p}" for p in v["to"])
            inputs: dict[str, list[str]] = {}
            for d in v["depends_on"]:
                inputs.setdefault(d["input"], []).append(str(d["party"]))
            of = "; ".join(f"{name} of {', '.join(who)}" for name, who in inputs.items())
            if v["random"]:
                of = f"{of}; randomness" if of else "randomness"
            what = f"{v['kind']} {v['label']}".strip()
            rows.append((v["place"], what, lanes, to, of))
        return rows

    def __repr__(self) -> str:
        if not self.values:
            return "Reveals: nothing leaves secrecy"
        lines = (f"  {at}: {what} ({kind}) to {to}; from {of}" for at, what, kind, to, of in self._rows())
        return "\n".join([f"Reveals: {len(self)} among {self.parties} parties", *lines])

    def _repr_html_(self) -> str:
        if not self.values:
            return paragraph("nothing leaves secrecy")
        return table(("place", "what", "type", "to", "from"), self._rows())


class Audit:
    """The page that is signed: who gives what, who learns what, and what that tells of single records."""

    def __init__(self, data: dict[str, Any], messages: list[Diagnostic]) -> None:
        #: All that ``audit --format json`` said.
        self.data = data
        #: What was said on the way.
        self.messages = messages

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What results tell more than they should: each with ``severity`` (``"leak"`` or ``"note"``), ``coalition``, ``reason``, ``remedy``, …"""
        return list(self.data["findings"])

    @property
    def leaks(self) -> list[dict[str, Any]]:
        """The findings by which somebody can tell a record of another. That there are none proves nothing."""
        return [f for f in self.findings if f["severity"] == "leak"]

    @property
    def leakage(self) -> list[dict[str, Any]]:
        """How many bits a coalition learns of another's record on average."""
        return list(self.data["leakage"])

    def _who(self, parties: list[int]) -> str:
        names = self.data["parties"]
        return ", ".join(str(names[p]) if p < len(names) else f"party {p}" for p in parties)

    def _head(self) -> str:
        protects = f"{self.data['suite']}, {self.data['threat']}"
        n = len(self.leaks)
        found = "no leak was found" if n == 0 else "1 leak was found" if n == 1 else f"{n} leaks were found"
        return (
            f"{self.data['program']} ({protects}): {found} in {number(self.data['runs'])} runs in the clear"
        )

    def __repr__(self) -> str:
        lines = [f"Audit of {self._head()}"]
        lines += [f"  {d['label']} ({d['type']}) to {self._who(d['to'])}" for d in self.data["learns"]]
        lines += [f"  {f['severity']}: {f['reason']}" for f in self.findings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        learns = [(d["label"], d["type"], self._who(d["to"]), d["way"]) for d in self.data["learns"]]
        found = [(f["severity"], self._who(f["coalition"]), f["reason"], f["remedy"]) for f in self.findings]
        text = paragraph(self._head()) + table(("what", "type", "to", "way"), learns)
        return text + (table(("", "who", "reason", "remedy"), found) if found else "")


class Graph:
    """The sections of a program, their protocols and conversions, as a picture."""

    def __init__(self, svg: str, messages: list[Diagnostic]) -> None:
        #: The picture.
        self.svg = svg
        #: What was said on the way.
        self.messages = messages

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes the picture to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def __repr__(self) -> str:
        return f"Graph: SVG of {len(self.svg):,} characters"

    def _repr_svg_(self) -> str:
        return self.svg
