"""What tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

#: The repository.
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def examples() -> Path:
    """The folder of example programs."""
    return ROOT / "examples"


@pytest.fixture
def node() -> str:
    """The binary of a node, which the wheel does not carry."""
    return os.environ["SMPCC_NODE"]
