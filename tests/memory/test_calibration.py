"""How sure a memory is, measured on its own contents."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuonuo_memory import Message, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import InvalidInputError, ReadOnlyStoreError
from nuonuo_memory.recall.confidence import Calibration

QUESTION = "Where did Ada plant the roses?"


def filled(memory: TextMemory, *, alike: bool) -> None:
    """Forty sessions that say nearly the same, or nothing in common."""
    for number in range(40):
        text = (
            f"Ada planted roses in garden {number % 4}"
            if alike
            else " ".join(f"word{number}x{place}" for place in range(6))
        )
        memory.observe([Message("user", text)], session=f"s{number}")


def test_where_all_is_alike_answers_are_less_sure() -> None:
    found = {}
    for alike in (True, False):
        with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
            filled(memory, alike=alike)
            before = memory.recall(QUESTION)
            found[alike] = memory.calibrate(samples=30)
            after = memory.recall(QUESTION)
            assert found[alike].samples == 30
            assert (after.confidence < before.confidence) == alike
            assert [(hit.id, hit.score) for hit in after] == [(h.id, h.score) for h in before]
    assert found[True].offset < 0 < found[False].offset


def test_it_is_kept_with_the_file(path: Path) -> None:
    with TextMemory.open(path, encoder=HashingEncoder()) as memory:
        filled(memory, alike=True)
        plain = memory.recall(QUESTION).confidence
        found = memory.calibrate()
        sure = memory.recall(QUESTION).confidence
        assert memory.calibrate() == found
    with TextMemory.open(path, encoder=HashingEncoder()) as memory:
        assert memory.recall(QUESTION).confidence == sure != plain
    with TextMemory.open(path, encoder=HashingEncoder(), read_only=True) as memory:
        assert memory.recall(QUESTION).confidence == sure
        with pytest.raises(ReadOnlyStoreError):
            memory.calibrate()


def test_new_vectors_make_it_void(path: Path) -> None:
    with TextMemory.open(path, encoder=HashingEncoder()) as memory:
        filled(memory, alike=True)
        plain = memory.recall(QUESTION).confidence
        memory.calibrate()
    TextMemory.reencode(path, encoder=HashingEncoder())
    with TextMemory.open(path, encoder=HashingEncoder()) as memory:
        assert memory.recall(QUESTION).confidence == plain


def test_a_memory_of_little_says_nothing_of_itself(memory: TextMemory) -> None:
    assert memory.calibrate() == Calibration()
    for number in range(6):
        memory.remember(f"fact {number} about roses")
    plain = memory.recall(QUESTION).confidence
    assert memory.calibrate() == Calibration()
    assert memory.recall(QUESTION).confidence == plain


def test_progress_is_reported_and_samples_checked(memory: TextMemory) -> None:
    filled(memory, alike=True)
    told: list[tuple[int, int]] = []
    memory.calibrate(samples=20, progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 20) for number in range(1, 21)]
    with pytest.raises(InvalidInputError, match="samples"):
        memory.calibrate(samples=0)


async def test_the_async_twin(memory: TextMemory) -> None:
    filled(memory, alike=True)
    assert await memory.acalibrate(samples=20) == memory.calibrate(samples=20)
