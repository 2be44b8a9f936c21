"""A whole study from Python: contributions to three nodes, one begun while a node is away, one withdrawn, and the result."""

from __future__ import annotations

import datetime
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import smpcc

NODES = ("a", "b", "c")
PROGRAM = """
party analyst;
party person[2..];

struct Told { sum: u64, oldest: date }

fn main(salary: secret u32 in 0..=20000 from each person, born: secret date from each person) -> Told to analyst {
    let mut oldest = born[0];
    for d in born { oldest = min(oldest, d); }
    Told { sum: salary.sum(), oldest }
}
"""
#: Seconds in which the study takes contributions, at least: as long as what is done in them takes on a machine that does nothing else.
WINDOW = 6


def tool(*arguments: str) -> None:
    subprocess.run([smpcc.binary(), "--quiet", *arguments], check=True, stdout=subprocess.DEVNULL)


def free_ports() -> dict[str, int]:
    """For each node a port for clients; the one above it, where nodes meet for a run, is free as well."""
    ports: dict[str, int] = {}
    while len(ports) < len(NODES):
        with socket.socket() as s, socket.socket() as above:
            s.bind(("127.0.0.1", 0))
            port = int(s.getsockname()[1])
            try:
                above.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
        if all(abs(port - other) > 1 for other in ports.values()):
            ports[NODES[len(ports)]] = port
    return ports


@pytest.fixture
def start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: str
) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """A study in the working folder, and what starts a node of it."""
    monkeypatch.chdir(tmp_path)
    begun = time.monotonic()
    Path("pay.smpc").write_text(PROGRAM)
    for name in (*NODES, "institute"):
        tool("keygen", "--name", name, "--out", "keys", "--study")
    at = free_ports()
    seats = [x for name in NODES for x in ("--node", f"keys/{name}.pub@127.0.0.1:{at[name]}")]
    people = ["--contributors", "person", "--receiver", "analyst=keys/institute.pub"]
    tool("study", "new", "pay.smpc", *people, *seats, "--invitations", "3")
    # A slow or busy machine needs longer, for what comes as for what has been done up to here.
    window = max(WINDOW, 12 * (time.monotonic() - begun))
    closes = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=window)
    terms = Path("study.toml").read_text()
    for name, now in [
        ("closes", f"{closes:%Y-%m-%dT%H:%M:%SZ}"),
        ("least", "2"),
        ("purpose", '"A test."'),
    ]:
        terms, n = re.subn(f"(?m)^{name} = .*", f"{name} = {now}", terms, count=1)
        assert n == 1, name
    Path("study.toml").write_text(terms)
    for name in NODES:
        tool("study", "sign", "study.toml", "--key", f"keys/{name}.sign.key", "--yes")
        Path(f"{name}.toml").write_text(
            f'listen = "127.0.0.1:{at[name]}"\ndata = "data-{name}"\n'
            f'key = "keys/{name}.key"\ncert = "keys/{name}.crt"\n'
            f'sign = "keys/{name}.sign.key"\nseal = "keys/{name}.seal.key"\n'
            f'studies = ["study.toml"]\nsmpcc = "{smpcc.binary()}"\ntick_s = 1\n'
        )
    processes = []

    def start_one(name: str) -> subprocess.Popen[bytes]:
        with open(f"{name}.log", "w") as log:
            process = subprocess.Popen([node, "serve", f"{name}.toml"], stderr=log)
        processes.append(process)
        until = time.monotonic() + 30
        while "listening" not in Path(f"{name}.log").read_text():
            assert time.monotonic() < until, Path(f"{name}.log").read_text()
            time.sleep(0.02)
        return process

    try:
        yield start_one
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def test_a_study_from_python(start: Callable[[str], subprocess.Popen[bytes]]) -> None:
    born = datetime.date(1950, 2, 28)

    def give(i: int) -> smpcc.Contribution:
        person = {"salary": 2000 + i, "born": born.replace(year=1950 + i)}
        return smpcc.contribute("study.toml", person, f"invitations/0000{i}.invitation")

    start("a")
    second = start("b")
    with pytest.raises(smpcc.NetworkError, match="takes no part yet") as begun:
        give(1)
    assert list(begun.value.data["receipts"]) == ["a", "b"]
    assert list(begun.value.data["missing"]) == ["c"]
    third = start("c")
    first = smpcc.contribute("study.toml", again=begun.value.data["folder"])
    assert first.id == begun.value.data["contribution"] and list(first.receipts) == list(NODES)
    receipt = first.receipts["a"]
    assert receipt is not None and receipt.parent == first.folder and receipt.exists()
    others = [give(2), give(3)]
    assert all(list(g.receipts) == list(NODES) for g in others)
    gone = smpcc.withdraw(first, "study.toml", "invitations/00001.invitation")
    assert gone.id == first.id and all(gone.receipts.values())
    with pytest.raises(smpcc.UsageError, match="outside its declared range"):
        wrong = {"salary": 2**32, "born": born}
        smpcc.contribute("study.toml", wrong, "invitations/00001.invitation")

    keys = ("keys/institute.sign.key", "keys/institute.seal.key")
    until = time.monotonic() + 90
    while True:
        try:
            opened = smpcc.result("study.toml", *keys)
            if opened.nodes == len(NODES):
                break
        except smpcc.NetworkError:
            pass
        assert time.monotonic() < until
        time.sleep(0.2)
    assert opened.value == {"sum": 2002 + 2003, "oldest": datetime.date(1952, 2, 28)}
    assert opened.checked and opened.receiver == "analyst"

    # Too few shares are no mistake of who asks: nodes may have them later.
    for gone_node in (second, third):
        gone_node.kill()
        gone_node.wait()
    with pytest.raises(smpcc.NetworkError, match="only 1 of 3 nodes, of which 2 are needed"):
        smpcc.result("study.toml", *keys)
