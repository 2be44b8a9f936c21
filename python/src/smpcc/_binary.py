"""Finding the command line, and calling it.

Secrets go to it in files of a folder that only this user may enter (mode 0700, files 0600) and that is removed when the call ends, however
it ends; never in arguments, which other users of a machine can see.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Union

from . import _errors
from ._errors import Diagnostic


@dataclass(frozen=True)
class Text:
    """A program as text, where others are files."""

    source: str
    #: What messages call it.
    name: str = "program.smpc"


#: A program: the path of a file, or a :class:`Text`.
Program = Union[str, "os.PathLike[str]", Text]


def binary() -> str:
    """The path of the command line: ``$SMPCC_BINARY``, or the one that was installed with this package."""
    asked = os.environ.get("SMPCC_BINARY")
    if asked:
        return asked
    name = "smpcc" + (sysconfig.get_config_var("EXE") or "")
    scheme = "nt_user" if os.name == "nt" else "posix_user"
    if sys.platform == "darwin" and sysconfig.get_config_var("PYTHONFRAMEWORK"):
        scheme = "osx_framework_user"
    folders = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", scheme=scheme)]
    # With `pip install --target` it stands in a folder beside the package.
    folders.append(str(Path(__file__).resolve().parent.parent / "bin"))
    for folder in folders:
        path = Path(folder) / name
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f"no {name} in {', '.join(folders)}; SMPCC_BINARY may name it")


def version() -> str:
    """The version of the command line."""
    said = subprocess.run([binary(), "--version"], capture_output=True, check=True, text=True)
    return said.stdout.split()[-1]


class Workplace:
    """A private folder for one call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> str:
        """Writes a file that only this user may read; returns its path."""
        path = self.folder / name
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return str(path)

    def program(self, program: Program) -> str:
        """The path of a program."""
        if not isinstance(program, Text):
            return os.fspath(program)
        if Path(program.name).name != program.name or not program.name.endswith(".smpc"):
            raise ValueError(f"a program is called NAME.smpc, not {program.name!r}")
        return self.write(program.name, program.source)

    def said(self, text: str) -> str:
        """A text of the command line without this folder, which is gone when it is read."""
        return text.replace(f"{self.folder}{os.sep}", "")


@contextmanager
def workplace() -> Iterator[Workplace]:
    """A private folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="smpcc-") as folder:
        yield Workplace(Path(folder).resolve())


@dataclass(frozen=True)
class Answer:
    """What the command line answered."""

    stdout: str
    messages: list[Diagnostic]

    def data(self) -> dict[str, Any]:
        """Its product, where that is JSON. Numbers are exact: those with a fraction are :class:`~decimal.Decimal`."""
        data = json.loads(self.stdout, parse_float=Decimal)
        assert isinstance(data, dict)
        return data


def call(at: Workplace, arguments: Sequence[str], *, warn: bool = True) -> Answer:
    """Calls the command line. Its warnings become those of Python, unless they are the answer; a failure is an :class:`~smpcc.Error`."""
    command = [binary(), *arguments, "--messages", "json", "--color", "never"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, encoding="utf-8"
    )
    stdout = at.said(done.stdout)
    messages = _errors.messages(at.said(done.stderr))
    if done.returncode != 0:
        raise _errors.error(done.returncode, messages, _object(stdout))
    for message in messages:
        if warn and message.severity == "warning":
            warnings.warn(str(message), _errors.SmpccWarning, stacklevel=_caller())
    return Answer(stdout, messages)


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_float=Decimal)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _caller() -> int:
    """How many frames above :func:`call` the first one is that is not of this package."""
    here = Path(__file__).parent
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and Path(frame.f_code.co_filename).parent == here:
        frame, level = frame.f_back, level + 1
    return level
