"""What goes wrong is an exception with code, place and help; what is odd is a warning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

import smpcc
from smpcc._errors import messages

WRONG = "fn main(n: secret u32 from each) -> u32 {\n    let mut t: secret u32 = 0;\n    for i in 0..n[0] { t += 1; }\n    y\n}\n"
SUM = smpcc.Text("fn main(x: secret u8 from each) -> u64 { x.sum() }", "sum.smpc")
ODD = smpcc.Text("fn main(x: secret u8 from each) -> u8 {\n    let unused = x[0];\n    x[1]\n}\n")


def test_errors_have_code_place_and_help() -> None:
    for verb in (smpcc.check, smpcc.run, smpcc.stats, smpcc.reveals, smpcc.audit, smpcc.graph):
        with pytest.raises(smpcc.ProgramError) as refused:
            verb(smpcc.Text(WRONG, "loop.smpc"))
        e = refused.value
        errors = [d for d in e.diagnostics if d.severity == "error"]
        assert {d.code for d in errors} >= {"E3002", "E2001"}, (verb, errors)
        secret = next(d for d in errors if d.code == "E3002")
        assert secret.place is not None
        assert (secret.place.path, secret.place.line) == ("loop.smpc", 3)
        assert secret.causes and secret.help
        assert e.exit_code == 1 and e.code == errors[0].code and e.place == errors[0].place
        assert "loop.smpc:3:" in str(e) and "E3002" in str(e) and "tmp" not in str(e)
    assert smpcc.explain("E3002").startswith("# E3002")


def test_wrong_inputs_are_named_by_place() -> None:
    with pytest.raises(smpcc.UsageError) as refused:
        smpcc.run(SUM, [{"x": 1}, {"x": 256}])
    e = refused.value
    assert e.exit_code == 2 and e.code is None and e.place is None
    assert "inputs.json, `1`, `x`" in e.message and "does not fit in u8" in e.message


def test_wrong_options_are_refused() -> None:
    with pytest.raises(smpcc.UsageError, match="invalid value 'rep9'"):
        smpcc.stats(SUM, parties=3, suite="rep9")
    with pytest.raises(smpcc.UsageError, match="malicious parties among 5"):
        smpcc.stats(SUM, parties=5, threat="malicious")
    with pytest.raises(TypeError, match="party"):
        smpcc.stats(SUM, party=3)  # type: ignore[call-arg]
    with pytest.raises(smpcc.UsageError, match=r"nowhere\.smpc"):
        smpcc.check("nowhere.smpc")
    with pytest.raises(smpcc.UsageError, match="E9999"):
        smpcc.explain("E9999")
    with pytest.raises(ValueError):
        smpcc.check(smpcc.Text("", "../x.smpc"))


def test_an_assertion_that_does_not_hold_is_an_error_of_the_program() -> None:
    program = smpcc.Text(
        'fn main(x: secret u8 from each) -> u8 {\n    assert(reveal(x[0]) == 1, "the first is one");\n    x[1]\n}'
    )
    with pytest.raises(smpcc.ProgramError, match="the first is one"):
        smpcc.run(program, [{"x": 2}, {"x": 3}])


def test_warnings_are_warnings() -> None:
    found = smpcc.check(ODD)
    assert [d.severity for d in found] == ["warning"]
    assert found[0].place is not None and found[0].place.line == 2
    with pytest.warns(smpcc.SmpccWarning, match="unused") as record:
        run = smpcc.run(ODD, [{"x": 1}, {"x": 2}])
    assert run.result == 2
    assert record[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert smpcc.check(SUM) == []
        assert smpcc.run(SUM, [{"x": 1}, {"x": 2}]).result == 3


def test_lines_of_no_json_are_messages_too() -> None:
    text = 'error: a\n  b\n{"severity": "note", "message": "c"}\n{"not": "a message"}\n\n'
    found = messages(text)
    assert [(d.severity, d.message) for d in found] == [
        ("error", "a\n  b"),
        ("note", "c"),
        ("note", '{"not": "a message"}'),
    ]


def test_a_binary_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMPCC_BINARY", str(tmp_path / "no"))
    with pytest.raises(FileNotFoundError):
        smpcc.version()
    monkeypatch.delenv("SMPCC_BINARY")
    monkeypatch.setattr("sysconfig.get_path", lambda *a, **k: str(tmp_path))
    with pytest.raises(FileNotFoundError, match="SMPCC_BINARY"):
        smpcc.version()


def test_the_module_is_the_command_line(examples: Path) -> None:
    command = [sys.executable, "-m", "smpcc", "run", str(examples / "avg.smpc"), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "party 2 learns 5300" in done.stdout
    wrong = subprocess.run([sys.executable, "-m", "smpcc", "run"], capture_output=True, check=False)
    assert wrong.returncode == 2


def test_an_interrupted_call_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import smpcc\n"
        "slow = smpcc.Text('fn main(x: secret u64 from each) -> u64 {\\n    let mut y = x[0];\\n    for i in 0..100000 { y = y * y + x[1]; }\\n    y\\n}')\n"
        "print('ready', flush=True)\n"
        "smpcc.run(slow, [{'x': 3}, {'x': 5}], network='100ms:10', emulate=True)\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    until = time.monotonic() + 20
    # The types are asked for first, with a folder of their own, which is gone before that of the run is there.
    while not (begun := list(tmp_path.iterdir())) and time.monotonic() < until:
        time.sleep(0.01)
    assert begun
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    assert not list(tmp_path.iterdir())
    process.stdout.close()
