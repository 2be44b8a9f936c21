"""What is said of a program before it runs, and how notebooks show it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import smpcc


class Balanced(HTMLParser):
    """Fails where tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(html: str) -> str:
    parser = Balanced()
    parser.feed(html)
    assert not parser.open
    return re.sub("<[^>]*>", " ", html)


def test_stats_are_those_of_the_run(examples: Path) -> None:
    stats = smpcc.stats(examples / "auction.smpc", explain=True)
    run = smpcc.run(examples / "auction.smpc")
    assert stats.exact and stats.parties == 3 and stats.suite == "rep3"
    assert stats.program == run.program
    assert stats.totals.rounds == run.rounds
    assert stats.totals.bytes_sent == run.bytes_sent
    assert stats.totals.bytes == sum(run.bytes_sent.values())
    assert stats.sections and stats.functions and stats.lines and stats.alternatives
    assert f"rounds     {run.rounds}" in repr(stats)
    shown = text_of(stats._repr_html_())
    assert "rep3 among 3 parties" in shown and stats.sections[0]["why"][:20] in shown
    assert stats.totals.and_gates and stats.totals.memory_bytes > 0 and stats.totals.lan_ms


def test_lengths_stand_for_inputs(examples: Path) -> None:
    program = examples / "histogram.smpc"
    few = smpcc.stats(program, parties=3, lens={"salaries": 10})
    many = smpcc.stats(program, parties=3, lens={"salaries": {0: 100, 1: 10, 2: 10}})
    assert few.totals.memory_bytes < many.totals.memory_bytes


def test_figures_that_follow_from_revealed_values_are_unknown() -> None:
    program = smpcc.Text(
        "fn main(x: secret u8 from each) -> u8 {\n    let n = reveal(x[0]);\n    let mut y = x[1];\n    for _i in 0..n { y = y * y; }\n    y\n}"
    )
    stats = smpcc.stats(program, parties=3)
    assert not stats.exact and stats.totals.rounds is None
    assert "?" in repr(stats) and "revealed values steer" in text_of(stats._repr_html_())


def test_reveals_and_audits(examples: Path, tmp_path: Path) -> None:
    reveals = smpcc.reveals(examples / "auction.smpc")
    assert len(reveals) == 2 and reveals.parties == 3
    assert [v["label"] for v in reveals.values] == ["result.winner", "result.price"]
    assert "result.price (u64) to all parties; from reserve of 0; bid of 1, 2" in repr(reveals)
    assert "result.winner" in text_of(reveals._repr_html_())
    quiet = smpcc.reveals(smpcc.Text("fn main(_x: secret u8 from each) { }"), parties=2)
    assert repr(quiet) == "Reveals: nothing leaves secrecy"

    leaky = smpcc.Text("fn main(x: secret u8 from each) -> bool { x[1] < 10 }", "leaky.smpc")
    audit = smpcc.audit(leaky, parties=3, rows=2, output=tmp_path / "page.html")
    assert audit.leaks and audit.leaks[0]["severity"] == "leak"
    assert "leak" in repr(audit) and audit.leaks[0]["remedy"] in text_of(audit._repr_html_()).replace(
        "&#x27;", "'"
    )
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    fine = smpcc.audit(examples / "avg.smpc", parties=3)
    assert not fine.leaks and fine.leakage and "no leak was found" in repr(fine)


def test_graphs_are_pictures(examples: Path, tmp_path: Path) -> None:
    graph = smpcc.graph(examples / "auction.smpc", output=tmp_path / "page.html")
    tree = ElementTree.fromstring(graph._repr_svg_())
    assert tree.tag.endswith("svg") and len(list(tree.iter())) > 10
    graph.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text() == graph.svg
    assert "second" in (tmp_path / "page.html").read_text()


def test_what_looks_like_markup_is_text() -> None:
    program = smpcc.Text("fn main(x: secret str<16> from each) -> str<16> { x[0] }")
    run = smpcc.run(program, [{"x": "<b>&'"}, {"x": ""}], protocol="boolean")
    assert run.result == "<b>&'"
    assert "<b>" not in run._repr_html_() and "&lt;b&gt;" in run._repr_html_()
