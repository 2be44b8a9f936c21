"""Tables for notebooks: plain HTML that takes the notebook's own style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Optional


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; numbers stand to the right, and whatever looks like markup is text."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = (f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def paragraph(text: str) -> str:
    """A line of text."""
    return f"<p>{escape(text)}</p>"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return f'<td style="text-align: right">{escape(number(value))}</td>'
    return f'<td style="text-align: left">{escape(str(value))}</td>'


def number(value: Optional[float]) -> str:
    """A count with its thousands apart, or ``?`` where it is not known."""
    if value is None:
        return "?"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
