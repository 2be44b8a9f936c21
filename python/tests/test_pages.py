"""What is shown is so: the page of the book, the package's first lines, and the notebook, each run as it stands."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

import nbclient
import nbformat
import pytest
from conftest import ROOT

import smpcc

PACKAGE = Path(smpcc.__file__).parent


@pytest.mark.parametrize(
    ("page", "least"),
    [(ROOT / "docs/src/python.md", 12), (ROOT / "python/README.md", 2), (PACKAGE / "__init__.py", 3)],
)
def test_transcripts_are_what_python_says(page: Path, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = page.read_text()
    if page.suffix == ".md":
        blocks = re.findall("(?ms)^```python\n(.*?)^```$", text)
    else:
        blocks = [smpcc.__doc__ or ""]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    known: dict[str, object] = {}
    n = 0
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, known, page.name, str(page), 0)
        n += len(test.examples)
        said: list[str] = []
        failed, _ = runner.run(test, out=said.append, clear_globs=False)
        assert not failed, "".join(said)
        known = test.globs
    assert n >= least


def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(ROOT / "python/notebooks/first.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is kept without outputs"
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [o for cell in notebook.cells for o in cell.get("outputs", ()) if "data" in o]
    kinds = {kind for output in shown for kind in output["data"]}
    assert {"text/html", "image/svg+xml", "text/plain"} <= kinds
    assert any("5300" in output["data"]["text/plain"] for output in shown)


def test_every_function_and_option_is_in_the_book() -> None:
    page = (ROOT / "docs/src/python.md").read_text()
    for name in smpcc.__all__:
        value = getattr(smpcc, name)
        if callable(value) and not isinstance(value, type):
            assert f"`{name}" in page or f"smpcc.{name}(" in page, name


def test_the_package_is_python_of_the_oldest_version() -> None:
    files = list(PACKAGE.glob("*.py"))
    assert len(files) > 8 and (PACKAGE / "py.typed").exists()
    for file in files:
        ast.parse(file.read_text(), feature_version=(3, 9))
