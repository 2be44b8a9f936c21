"""The verbs: each calls the command line with options, and reads its answer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, TypedDict, Union

from . import _inputs
from ._binary import Program, Workplace, call, workplace
from ._errors import Diagnostic
from ._inputs import Inputs
from ._reports import Audit, Graph, Reveals, Stats
from ._runs import Contribution, Result, Run

if TYPE_CHECKING:
    from typing_extensions import Unpack

Path_ = Union[str, "os.PathLike[str]"]


class Plan(TypedDict, total=False):
    """What fixes a session and a plan: options of :func:`run`, :func:`stats`, :func:`reveals`, :func:`audit` and :func:`graph`."""

    #: Public arguments of the program.
    args: Mapping[str, Any]
    #: The number of parties; by itself that of the fixed roles, or of the inputs.
    parties: int
    #: Lengths of inputs where there are none: ``{"rows": 100}``, or by party ``{"rows": {0: 100, 1: 50}}``.
    lens: Mapping[str, Union[int, Mapping[int, int]]]
    #: ``"auto"``, ``"two-party"``, ``"rep3"``, ``"rep4"``, ``"gmw"`` or ``"bgw"``.
    suite: str
    #: How many parties may be corrupt together.
    threshold: int
    #: ``"semi-honest"`` or ``"malicious"``.
    threat: str
    #: ``"auto"``, ``"arithmetic"``, ``"boolean"`` or ``"yao"``.
    protocol: str
    #: ``"auto"`` or ``"off"``: who computes what one party can compute alone.
    local: str
    #: ``"auto"``, ``"depth"`` or ``"size"``.
    objective: str
    #: ``"lan"``, ``"wan"`` or ``"RTTms:MBIT"``.
    network: str
    #: A table of local times, from ``smpcc calibrate``.
    costs: Path_
    #: How hard to optimise: 0, 1 or 2.
    opt: int


_OPTIONS = frozenset(Plan.__annotations__) - {"args", "lens"}


def _planned(at: Workplace, inputs: Optional[Inputs], plan: Mapping[str, Any]) -> list[str]:
    options: list[str] = []
    if inputs is not None:
        options += ["--inputs", _inputs.of_all(at, inputs)]
    if plan.get("args") is not None:
        options += ["--args", _inputs.arguments(at, plan["args"])]
    for name, len_ in (plan.get("lens") or {}).items():
        by_party = len_.items() if isinstance(len_, Mapping) else [(None, len_)]
        for party, n in by_party:
            options += ["--len", f"{name}={n}" if party is None else f"{name}[{party}]={n}"]
    for name, chosen in plan.items():
        if name not in Plan.__annotations__:
            raise TypeError(f"there is no option {name!r}")
        if name in _OPTIONS and chosen is not None:
            options.append(f"--{name}={os.fspath(chosen) if name == 'costs' else chosen}")
    return options


def run(
    program: Program,
    inputs: Optional[Inputs] = None,
    *,
    allow_empty: bool = False,
    in_process: bool = False,
    emulate: bool = False,
    memory: Optional[str] = None,
    deadline: Optional[int] = None,
    run_limit: Optional[int] = None,
    trace: Optional[Path_] = None,
    **plan: Unpack[Plan],
) -> Run:
    """Runs all parties on this machine, each a process of its own.

    ``inputs`` are by party, ``{0: {"salary": 5200}, 1: …}`` or ``{"bank": table, "model": {…}}``: what a party gives is a table (of pandas,
    polars or pyarrow), or its parameters by name, each a value, a list or a table. They may be the path of a file or a folder instead.
    Without them those beside the program are taken (``NAME.inputs.json``, ``NAME.inputs``).

    ``allow_empty`` goes on where a party gives no rows. ``in_process`` runs the parties as threads. ``emulate`` makes links as slow as
    ``network`` says. ``memory`` is the most that all parties may need (``"8GB"``), ``deadline`` the seconds to wait for a party, ``run_limit``
    the seconds after which the run ends. ``trace`` writes when what took place to a file (``.html`` or ``.json``).
    """
    with workplace() as at:
        options = _planned(at, inputs, plan)
        flags = {"--yes": allow_empty, "--in-process": in_process, "--emulate": emulate}
        options += [flag for flag, on in flags.items() if on]
        values = {"memory": memory, "deadline": deadline, "run-limit": run_limit, "trace": trace}
        options += [f"--{name}={v}" for name, v in values.items() if v is not None]
        answer = call(at, ["run", at.program(program), "--format", "json", *options])
        return Run(answer.data(), answer.messages)


def party(config: Path_, *, allow_empty: bool = False, memory: Optional[str] = None) -> Run:
    """Is one party of a real deployment, as its configuration says; returns its own view when the run is over."""
    with workplace() as at:
        options = ["--yes"] if allow_empty else []
        options += [] if memory is None else [f"--memory={memory}"]
        answer = call(at, ["party", os.fspath(config), "--format", "json", *options])
        return Run(answer.data(), answer.messages)


def check(program: Program) -> list[Diagnostic]:
    """The warnings about a program. Errors are a :class:`~smpcc.ProgramError` that has all of them."""
    with workplace() as at:
        answer = call(at, ["check", at.program(program)], warn=False)
        return [m for m in answer.messages if m.severity == "warning"]


def stats(
    program: Program,
    inputs: Optional[Inputs] = None,
    *,
    explain: bool = False,
    **plan: Unpack[Plan],
) -> Stats:
    """Gates, depth, rounds and bytes, before anything runs. ``explain`` compares the plan with what else could have been chosen."""
    with workplace() as at:
        options = _planned(at, inputs, plan) + (["--explain"] if explain else [])
        answer = call(at, ["stats", at.program(program), "--format", "json", *options])
        return Stats(json.loads(answer.stdout), answer.messages)


def reveals(program: Program, inputs: Optional[Inputs] = None, **plan: Unpack[Plan]) -> Reveals:
    """Every value that leaves secrecy: where, to whom, and what it depends on."""
    with workplace() as at:
        options = _planned(at, inputs, plan)
        answer = call(at, ["reveals", at.program(program), "--format", "json", *options])
        return Reveals(json.loads(answer.stdout), answer.messages)


def audit(
    program: Program,
    inputs: Optional[Inputs] = None,
    *,
    rows: Optional[int] = None,
    runs: Optional[int] = None,
    output: Optional[Path_] = None,
    **plan: Unpack[Plan],
) -> Audit:
    """Who gives what, who learns what, and what that tells of single records, which is tried with ``runs`` runs in the clear on tables of
    ``rows`` rows. ``output`` also writes the page that is signed (``.html``, or text)."""
    with workplace() as at:
        options = _planned(at, inputs, plan)
        values = {"rows": rows, "runs": runs}
        options += [f"--{name}={v}" for name, v in values.items() if v is not None]
        path = at.program(program)
        if output is not None:
            call(at, ["audit", path, "--output", os.fspath(output), *options])
        answer = call(at, ["audit", path, "--format", "json", *options])
        return Audit(json.loads(answer.stdout), answer.messages)


def graph(
    program: Program,
    inputs: Optional[Inputs] = None,
    *,
    output: Optional[Path_] = None,
    **plan: Unpack[Plan],
) -> Graph:
    """The sections, their protocols and conversions as a picture. ``output`` also writes it, as its ending says: ``.html`` is a page to move
    in, with the source beside it, ``.dot`` a graph for others to draw."""
    with workplace() as at:
        options = _planned(at, inputs, plan)
        path = at.program(program)
        if output is not None:
            call(at, ["graph", path, "--output", os.fspath(output), *options])
        svg = at.folder / "graph.svg"
        answer = call(at, ["graph", path, "--output", str(svg), *options])
        return Graph(svg.read_text(encoding="utf-8"), answer.messages)


def explain(code: str) -> str:
    """What an error means and what to write instead (Markdown)."""
    with workplace() as at:
        return call(at, ["explain", code]).stdout


def contribute(
    study: Path_,
    inputs: Any = None,
    invitation: Optional[Path_] = None,
    *,
    out: Path_ = "contributions",
    again: Optional[Path_] = None,
) -> Contribution:
    """Gives data to a study: shares it, sends each node its part, keeps the receipts in a folder in ``out``.

    ``inputs`` are the contributor's parameters by name, a table, or the path of a file. If a node does not answer, the contribution takes no
    part yet: :class:`~smpcc.NetworkError` has its folder (``e.data["folder"]``), and ``again`` with that folder goes on.
    """
    with workplace() as at:
        options = ["--study", os.fspath(study), "--format", "json"]
        if again is not None:
            options += ["--again", os.fspath(again)]
        else:
            if inputs is None or invitation is None:
                raise TypeError("give inputs and an invitation, or the folder of what was begun")
            options += ["--inputs", _inputs.of_one(at, inputs), "--out", os.fspath(out)]
            options += ["--invitation", os.fspath(invitation)]
        answer = call(at, ["contribute", *options])
        return Contribution(answer.data(), answer.messages)


def withdraw(contribution: Union[Contribution, Path_], study: Path_, invitation: Path_) -> Contribution:
    """Withdraws a contribution from all nodes, before the study closes."""
    folder = contribution.folder if isinstance(contribution, Contribution) else Path(contribution)
    with workplace() as at:
        options = ["--study", os.fspath(study), "--invitation", os.fspath(invitation)]
        answer = call(at, ["withdraw", str(folder), *options, "--format", "json"])
        return Contribution(answer.data(), answer.messages)


def result(study: Path_, key: Path_, seal: Path_, *, run: int = 1, out: Path_ = "results") -> Result:
    """Fetches a receiver's shares of a result from the nodes of a study, keeps them in ``out``, and opens them. ``key`` and ``seal`` are the
    receiver's ``NAME.sign.key`` and ``NAME.seal.key``."""
    with workplace() as at:
        options = ["--study", os.fspath(study), "--key", os.fspath(key), "--seal", os.fspath(seal)]
        options += ["--run", str(run), "--out", os.fspath(out), "--format", "json"]
        answer = call(at, ["result", *options])
        return Result(answer.data(), answer.messages)
