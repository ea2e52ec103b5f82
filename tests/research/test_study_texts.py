"""The sentences of the studies are what the studies say that they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "research" / "studies" / "texts.py"


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("study_texts", FILE)
    if spec is None or spec.loader is None:
        pytest.skip("the studies are not beside the tests")
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["study_texts"] = module
    spec.loader.exec_module(module)
    return module


def test_triples_are_many_and_distinct(texts: ModuleType) -> None:
    rows = texts.triples()
    assert len(rows) >= 200
    for name in ("cue", "near", "far", "target"):
        assert len({getattr(row, name) for row in rows}) == len(rows)
    assert all(row.cue.lower() != row.near.lower() for row in rows)


def test_background_is_distinct_reproducible_and_apart(texts: ModuleType) -> None:
    others = texts.background(20_000)
    assert len(set(others)) == 20_000
    assert others[:100] == texts.background(100)
    assert not set(others) & {row.cue for row in texts.triples()}


def test_settings_are_chosen_on_half_of_the_triples_and_always_the_same(texts: ModuleType) -> None:
    rows = texts.triples()
    chosen = texts.for_choosing(rows)
    assert 0.4 < sum(chosen) / len(rows) < 0.6
    assert texts.for_choosing(rows[::-1]) == chosen[::-1]
