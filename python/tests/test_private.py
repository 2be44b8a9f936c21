"""Inputs reach the command line in files that only their owner may read, and nothing is left of them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import smpcc

SECRET = 4711471147

#: Notes what another user could see, and what stands in the folder, and goes on as the binary.
WITNESS = """#!/bin/sh
{
    printf '%s\\n' "$*"
    tr '\\0' ' ' </proc/$$/cmdline
    env
} >>"$SMPCC_WITNESS/seen"
for word in "$@"; do
    case "$word" in
    */inputs.json) stat -c '%a %n' "$word" "$(dirname "$word")" "$(dirname "$word")"/* >>"$SMPCC_WITNESS/modes" ;;
    esac
done
exec "$SMPCC_REAL" "$@"
"""


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "witness"
    script.write_text(WITNESS)
    script.chmod(0o700)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("SMPCC_REAL", smpcc.binary())
    monkeypatch.setenv("SMPCC_BINARY", str(script))
    monkeypatch.setenv("SMPCC_WITNESS", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_secrets_are_in_private_files_only(witness: Path) -> None:
    program = smpcc.Text("fn main(x: secret u64 from each) -> u64 { x.sum() as u64 }")
    previous = os.umask(0)
    try:
        run = smpcc.run(program, [{"x": SECRET}, {"x": 1}])
    finally:
        os.umask(previous)
    assert run.result == SECRET + 1
    seen = (witness / "seen").read_text()
    assert "inputs.json" in seen and str(SECRET) not in seen
    modes = [line.split(" ") for line in (witness / "modes").read_text().splitlines()]
    assert len(modes) == 4
    for mode, path in modes:
        assert mode == ("600" if path.endswith((".json", ".smpc")) else "700"), path
    assert not list((witness / "tmp").iterdir())
    assert str(SECRET) not in json.dumps(run.data)


def test_nothing_is_left_after_an_error(witness: Path) -> None:
    program = smpcc.Text("fn main(x: secret u8 from each) -> u8 { x[0] }")
    with pytest.raises(smpcc.UsageError):
        smpcc.run(program, [{"x": SECRET}, {"x": 1}])
    with pytest.raises(TypeError):
        smpcc.run(program, [{"x": SECRET}, {"x": object()}])
    assert not list((witness / "tmp").iterdir())


def test_other_users_cannot_enter_the_folder() -> None:
    from smpcc._binary import workplace

    with workplace() as at:
        assert stat.S_IMODE(at.folder.stat().st_mode) == 0o700
        path = at.write("a.json", "1")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with pytest.raises(FileExistsError):
            at.write("a.json", "2")
    assert not at.folder.exists()
