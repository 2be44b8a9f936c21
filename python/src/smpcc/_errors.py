"""What the command line says on the way, and what it refuses: messages and exceptions.

It writes one JSON object a line (``--messages json``); the exception's class follows its exit code, which says whose fault it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Optional


class SmpccWarning(UserWarning):
    """A warning about a program or a run."""


@dataclass(frozen=True)
class Place:
    """A place in a program. Lines and columns are counted from 1."""

    path: str
    line: int
    col: int
    end_line: int
    end_col: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.col}"


@dataclass(frozen=True)
class Diagnostic:
    """A message: an error, a warning or a note."""

    #: ``"error"``, ``"warning"`` or ``"note"``.
    severity: str
    message: str
    #: Such as ``"E3002"``; none where the message is not about the text of a program.
    code: Optional[str] = None
    place: Optional[Place] = None
    #: What is said at the place.
    label: str = ""
    #: Further places and what is said there.
    causes: tuple[tuple[Optional[Place], str], ...] = ()
    #: What to write instead.
    help: Optional[str] = None
    #: The message as the command line shows it to people.
    shown: str = ""

    def __str__(self) -> str:
        return self.shown or f"{self.severity}: {self.message}"


def diagnostic(data: dict[str, Any]) -> Diagnostic:
    """A diagnostic from its JSON."""
    return Diagnostic(
        severity=str(data.get("severity", "note")),
        message=str(data.get("message", "")),
        code=data.get("code"),
        place=_place(data.get("place")),
        label=data.get("label") or "",
        causes=tuple((_place(c["place"]), c["label"]) for c in data.get("causes", ())),
        help=data.get("help"),
        shown=data.get("shown", ""),
    )


def _place(data: Optional[dict[str, Any]]) -> Optional[Place]:
    return None if data is None else Place(**data)


def messages(stderr: str) -> list[Diagnostic]:
    """The messages on stderr. Lines that are no JSON (of wrong usage, or of the system) are one message each time they stand together."""
    found: list[Diagnostic] = []
    plain: list[str] = []

    def end() -> None:
        text = "\n".join(plain).strip()
        if text:
            severity = "error" if text.startswith("error") else "note"
            found.append(Diagnostic(severity, text.removeprefix("error: "), shown=text))
        plain.clear()

    for line in stderr.splitlines():
        if line.startswith('{"'):
            try:
                data = json.loads(line)
            except ValueError:
                data = None
            if isinstance(data, dict) and "severity" in data:
                end()
                found.append(diagnostic(data))
                continue
        plain.append(line)
    end()
    return found


class Error(Exception):
    """The command line has refused or failed."""

    def __init__(
        self, exit_code: int, diagnostics: list[Diagnostic], data: Optional[dict[str, Any]] = None
    ) -> None:
        #: Its exit code.
        self.exit_code = exit_code
        #: All that it said, in order.
        self.diagnostics = diagnostics
        #: What it printed nevertheless, such as the nodes that have confirmed a contribution.
        self.data = data or {}
        errors = [d for d in diagnostics if d.severity == "error"]
        text = "\n".join(str(d) for d in errors or diagnostics)
        super().__init__(text or f"smpcc ended with exit code {exit_code}")

    @property
    def _first(self) -> Optional[Diagnostic]:
        errors = [d for d in self.diagnostics if d.severity == "error"]
        coded = [d for d in errors if d.code]
        return next(iter(coded or errors), None)

    @property
    def message(self) -> str:
        """The first error's message."""
        return self._first.message if self._first else str(self)

    @property
    def code(self) -> Optional[str]:
        """The first error's code, such as ``"E3002"``; :func:`smpcc.explain` says more."""
        return self._first.code if self._first else None

    @property
    def place(self) -> Optional[Place]:
        """Where the first error is."""
        return self._first.place if self._first else None

    @property
    def help(self) -> Optional[str]:
        """What to write instead."""
        return self._first.help if self._first else None


class ProgramError(Error):
    """The program has errors, or an assertion of it did not hold."""


class UsageError(Error):
    """Wrong options, inputs or environment."""


class PeerError(Error):
    """A party misbehaved or stopped."""


class NetworkError(Error):
    """A party or a node did not answer in time, or is gone."""


class Interrupted(Error):
    """Somebody asked the run to stop."""


class InternalError(Error):
    """A bug in smpcc."""


_BY_EXIT_CODE: dict[int, type[Error]] = {
    1: ProgramError,
    2: UsageError,
    3: PeerError,
    4: NetworkError,
    130: Interrupted,
}


def error(exit_code: int, diagnostics: list[Diagnostic], data: Optional[dict[str, Any]] = None) -> Error:
    """The exception of an exit code."""
    return _BY_EXIT_CODE.get(exit_code, InternalError)(exit_code, diagnostics, data)
