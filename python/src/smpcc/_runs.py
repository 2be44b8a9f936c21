"""What comes of computing: results with what protected the inputs and what it cost; contributions and what nodes confirm."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional

from ._errors import Diagnostic
from ._html import number, paragraph, table
from ._values import value


class Run:
    """A run: who learned what."""

    def __init__(self, data: dict[str, Any], messages: list[Diagnostic]) -> None:
        #: What was said on the way.
        self.messages = messages
        #: The result of each party that has one, by its number.
        self.outputs: dict[int, Any] = {
            int(party): value(out, data["types"][party]) for party, out in data["outputs"].items()
        }
        # As they were told: a NaN is not even equal to itself, its text is.
        self._told = list(data["outputs"].values())
        #: All that the command line reported, without the results.
        self.data: dict[str, Any] = _floats({k: v for k, v in data.items() if k != "outputs"})

    @property
    def result(self) -> Any:
        """The result, where all who have one have the same."""
        results = list(self.outputs.values())
        if not results:
            raise ValueError("nobody learns anything in this run: its results stay shared")
        if any(told != self._told[0] for told in self._told[1:]):
            raise ValueError("the parties learn different things: see `outputs`, by party")
        return results[0]

    def __getitem__(self, party: int) -> Any:
        return self.outputs[party]

    @property
    def parties(self) -> int:
        """The number of parties."""
        return int(self.data["parties"])

    @property
    def suite(self) -> str:
        """The protocol family."""
        return str(self.data["suite"])

    @property
    def threat(self) -> str:
        """``"semi-honest"`` or ``"malicious"``."""
        return str(self.data["threat"])

    @property
    def threshold(self) -> int:
        """How many parties may be corrupt together."""
        return int(self.data["threshold"])

    @property
    def program(self) -> str:
        """The hash of the compiled program."""
        return str(self.data["program"])

    @property
    def session(self) -> str:
        """What the parties call this run."""
        return str(self.data["session"])

    @property
    def rounds(self) -> int:
        """Rounds of messages."""
        return int(self.data["rounds"])

    @property
    def bytes_sent(self) -> dict[int, int]:
        """By party."""
        return {int(party): n for party, n in self.data["bytes_sent"].items()}

    @property
    def time_ms(self) -> dict[str, float]:
        """``total``, ``setup``, ``offline`` and ``online``."""
        return dict(self.data["time_ms"])

    @property
    def stored(self) -> dict[int, list[Path]]:
        """The files in which parties keep their shares of what stays shared."""
        kept = self.data.get("stored", {})
        return {int(party): [Path(s["file"]) for s in shares] for party, shares in kept.items()}

    def _cost(self) -> str:
        sent = number(sum(self.bytes_sent.values()))
        return (
            f"{self.suite} among {self.parties} parties, {self.threshold} may be corrupt, {self.threat}; "
            f"{self.time_ms['total']:.1f} ms, {self.rounds} rounds, {sent} bytes"
        )

    def __repr__(self) -> str:
        lines = (f"  party {party} learns {result!r}" for party, result in self.outputs.items())
        return "\n".join(["Run", *lines, f"  {self._cost()}"])

    def _repr_html_(self) -> str:
        rows = [(f"party {party}", result) for party, result in self.outputs.items()]
        return table(("", "learns"), rows) + paragraph(self._cost())


class Result:
    """A result of a study, opened by its receiver."""

    def __init__(self, data: dict[str, Any], messages: list[Diagnostic]) -> None:
        #: What was said on the way.
        self.messages = messages
        #: The value.
        self.value: Any = value(data["output"], data["type"])
        #: The role that learns it.
        self.receiver = str(data["receiver"])
        #: The session that computed it.
        self.session = str(data["session"])
        #: How many nodes' shares there were.
        self.nodes = int(data["nodes"])
        #: Whether they were checked against each other, which takes one more than opening does.
        self.checked = bool(data["checked"])

    def __repr__(self) -> str:
        checked = "checked" if self.checked else "not checked against a cheating node"
        return f"Result: {self.value!r} for {self.receiver}, from {self.nodes} nodes, {checked}"


class Contribution:
    """What was given to a study."""

    def __init__(self, data: dict[str, Any], messages: list[Diagnostic]) -> None:
        #: What was said on the way.
        self.messages = messages
        #: Its name.
        self.id = str(data["contribution"])
        #: The folder with what was sent, sealed, and the receipts: with it a contribution is sent again or withdrawn.
        self.folder = Path(data["folder"])
        #: By node: the receipt; none where a node had no part to withdraw.
        self.receipts: dict[str, Optional[Path]] = {
            node: None if file is None else Path(file) for node, file in data["receipts"].items()
        }

    def __repr__(self) -> str:
        return f"Contribution {self.id}: confirmed by {', '.join(self.receipts)}; {self.folder}"


def _floats(data: Any) -> Any:
    """Measured numbers as floats: only results need more."""
    return json.loads(json.dumps(data, default=lambda d: float(d) if isinstance(d, Decimal) else str(d)))
