"""Consolidation end to end: copies go, use counts, nothing is half-done, nothing mixes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nuonuo_memory import Link, MemoryConfig, NewMemory, TextMemory
from nuonuo_memory.config import ConsolidationConfig, RankingConfig
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.errors import InvalidInputError, NotFoundError, ReadOnlyStoreError
from nuonuo_memory.maintenance import consolidation
from nuonuo_memory.maintenance.consolidation_plan import Consolidation
from nuonuo_memory.recall.results import SCORE_SLOPE
from nuonuo_memory.store.sqlite.transaction import SqliteTransaction

NOW = datetime.now(UTC)
FADED = ConsolidationConfig(half_life_days=30, prune_below=0.4)


def merges(found: Consolidation) -> list[tuple[str, str]]:
    return [(merge.kept, merge.gone) for merge in found.merged]


def ids(memory: TextMemory, namespace: str | None = None) -> list[str]:
    return [one.id for one in memory.list(namespace=namespace)]


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def test_a_dry_run_lists_and_changes_nothing(memory: TextMemory) -> None:
    memory.remember("The login bug is fixed.", id="first")
    memory.remember("the login bug is fixed", id="second")
    memory.reinforce("second")
    before, version = memory.fingerprint(), memory._core.store.version()
    found = memory.consolidate(dry_run=True)
    assert merges(found) == [("second", "first")]
    assert [one.id for one in found.strengthened] == ["second"]
    assert found.dry_run
    assert (memory.fingerprint(), memory._core.store.version()) == (before, version)
    done = memory.consolidate()
    assert (merges(done), done.dry_run) == (merges(found), False)


def test_a_copy_goes_as_if_it_were_forgotten(path: Path, encoder: HashingEncoder) -> None:
    prints = []
    for name, forget in (("a.db", True), ("b.db", False)):
        with TextMemory.open(path.with_name(name), encoder=encoder) as memory:
            memory.remember("Ada lives in Bern.", id="kept")
            memory.remember("ADA  LIVES IN BERN", id="copy")
            memory.remember("Bob lives in Basel.", id="other")
            if forget:
                memory.forget("copy")
            else:
                assert merges(memory.consolidate(now=NOW)) == [("kept", "copy")]
            prints.append(memory.fingerprint())
            with pytest.raises(NotFoundError):
                memory.get("copy")
    assert prints[0] == prints[1]
    assert all(b"ADA  LIVES" not in file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize(
    "second",
    [
        {"namespace": "bob"},
        {"metadata": {"topic": "work"}},
        {"at": datetime(2026, 1, 5, tzinfo=UTC)},
        {"text": "Ada has 3 cats."},
        {"text": "Ada has not 2 cats."},
    ],
    ids=["namespace", "metadata", "time", "a figure", "a word"],
)
def test_what_differs_is_no_copy(memory: TextMemory, second: dict[str, Any]) -> None:
    memory.remember("Ada has 2 cats.")
    memory.remember(**{"text": "Ada has 2 cats.", **second})
    done = memory.consolidate()
    other = memory.consolidate(namespace="bob")
    assert (done.merged, other.merged) == ((), ())
    assert len(ids(memory)) + len(ids(memory, "bob")) == 2


def test_what_is_alike_is_listed_and_merged_when_asked(memory: TextMemory) -> None:
    memory.remember("Ada lives in the old town of Bern.", id="long")
    memory.remember("Ada lives in old town of Bern.", id="short")
    config = ConsolidationConfig(merge_at=0.8)
    found = memory.consolidate(config=config)
    assert (merges(found), [(one.kept, one.gone) for one in found.alike]) == (
        [],
        [("long", "short")],
    )
    config = ConsolidationConfig(merge_at=0.8, same_words=False)
    assert merges(memory.consolidate(config=config)) == [("long", "short")]


def test_a_cue_of_its_own_is_never_lost(memory: TextMemory) -> None:
    memory.remember("Ada has 2 cats.", id="plain")
    memory.remember("Ada has 2 cats.", id="asked", cues=["Who owns pets in the house?"])
    assert merges(memory.consolidate()) == [("asked", "plain")]
    memory.remember("Ada has 2 cats.", id="third", cues=["Which animals are there?"])
    assert memory.consolidate().merged == ()


def test_what_you_tied_stays(memory: TextMemory) -> None:
    made = [NewMemory("Ada has 2 cats.", id=id_) for id_ in ("first", "second", "third")]
    memory.remember_many([*made, NewMemory("Bern", id="place", links=[Link("second")])])
    assert merges(memory.consolidate()) == [("second", "first"), ("second", "third")]
    assert [hop.target for hop in memory.links("place") if hop.kind == "user"] == ["second"]


def test_turns_merge_only_when_asked_and_within_a_session(
    memory: TextMemory, chat: list[dict[str, str]]
) -> None:
    said = [*chat, {"role": "user", "content": "MY sister Ada was born on the third of May"}]
    memory.observe(said, session="one")
    memory.observe(said[:1], session="two")
    assert memory.consolidate().merged == ()
    done = memory.consolidate(config=ConsolidationConfig(turns=True))
    assert len(done.merged) == 1
    assert sorted(one.session or "" for one in memory.list()) == ["one", "one", "one", "two"]
    assert memory.forget(session="one") == 3
    assert memory.forget(session="two") == 1


def test_uses_strengthen_and_pass_to_what_stays(memory: TextMemory) -> None:
    memory.remember_many([NewMemory("Ada has 2 cats.", id=id_) for id_ in ("first", "second")])
    assert memory.reinforce(["first", "second"]) == 2
    memory.reinforce("second")
    with pytest.raises(NotFoundError):
        memory.reinforce(["first", "nobody"])
    done = memory.consolidate()
    assert merges(done) == [("second", "first")]
    assert done.strengthened[0].after == pytest.approx(1 + 0.5 * 1.386, abs=1e-3)  # ln(1 + 3)
    assert memory.consolidate().strengthened == ()


def test_the_unused_fades_and_is_forgotten(memory: TextMemory) -> None:
    memory.remember("used", id="used")
    memory.remember("unused", id="unused")
    for _ in range(9):
        memory.reinforce("used")
    half = memory.consolidate(config=FADED, now=days(15))
    assert [one.id for one in half.decayed] == ["unused"]
    assert half.decayed[0].after == pytest.approx(0.5**0.5, abs=1e-3)
    later = memory.consolidate(config=FADED, now=days(45))
    assert [one.id for one in later.pruned] == ["unused"]
    assert ids(memory) == ["used"]


def test_strength_ranks_only_where_it_is_weighed(path: Path, encoder: HashingEncoder) -> None:
    with TextMemory.open(path, encoder=encoder) as memory:
        for id_ in ("one", "two"):
            memory.remember("red apple", id=id_, metadata={"of": id_})
        memory.reinforce("two")
        before = [(hit.id, hit.score) for hit in memory.recall("red apple")]
        config = MemoryConfig(ranking=RankingConfig(strength_weight=0.5))
        with TextMemory.open(path, encoder=encoder, config=config) as other:
            assert [hit.id for hit in other.recall("red apple")] == ["one", "two"]
            memory.consolidate(now=NOW)
            assert [(hit.id, hit.score) for hit in memory.recall("red apple")] == before
            first, second = other.recall("red apple")
            assert first.id == "two"
            odds = [math.log(hit.score / (1 - hit.score)) for hit in (first, second)]
            assert (odds[0] - odds[1]) / SCORE_SLOPE == pytest.approx(0.5 * 0.5 * 0.6931, abs=1e-3)
            memory.add_cues("two", ["a further one"])  # the memory is read anew, as it is
            assert other.recall("red apple")[0].id == "two"


def test_an_error_leaves_nothing_half_done(
    memory: TextMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.remember_many(["Ada has 2 cats.", "Ada has 2 cats."])
    before = memory.fingerprint()

    def fails(*_: object) -> None:
        raise InvalidInputError("in the middle")

    monkeypatch.setattr(SqliteTransaction, "set_strengths", fails)
    with pytest.raises(InvalidInputError, match="middle"):
        memory.consolidate(now=days(90))
    assert memory.fingerprint() == before
    assert len(ids(memory)) == 2


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda memory: memory.forget("first"),
        lambda memory: memory.reinforce("second"),
        lambda memory: memory.update("second", text="Ada has 3 cats."),
        lambda memory: memory.add_cues("second", ["pets"]),
        lambda memory: memory.associate("other", "second"),
    ],
    ids=["forgotten", "used", "changed", "a cue", "a tie"],
)
def test_what_changed_meanwhile_is_left_alone(
    memory: TextMemory,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[TextMemory], object],
) -> None:
    made = [NewMemory("Ada has 2 cats.", id=id_) for id_ in ("first", "second")]
    memory.remember_many([*made, NewMemory("Bob", id="other")])
    planned = consolidation.plan

    def slowly(*given: Any, **named: Any) -> Consolidation:
        found = planned(*given, **named)
        assert merges(found) == [("first", "second")]
        meanwhile(memory)
        return found

    monkeypatch.setattr(consolidation, "plan", slowly)
    assert memory.consolidate(now=days(90)).merged == ()
    assert "second" in ids(memory)


def test_export_and_import_keep_use(memory: TextMemory, encoder: HashingEncoder) -> None:
    memory.remember("used", id="used")
    memory.reinforce("used")
    memory.consolidate(now=NOW)
    out = io.StringIO()
    memory.export(out)
    with TextMemory.in_memory(encoder=encoder) as other:
        other.import_(io.StringIO(out.getvalue()))
        assert other.fingerprint() == memory.fingerprint()
        assert other.consolidate(now=NOW).strengthened == ()


def test_replay_gets_the_confused_a_paraphrase(path: Path, encoder: HashingEncoder) -> None:
    def augmenter(text: str) -> list[str]:
        return [f"a rewording of {text}"]

    with TextMemory.open(path, encoder=encoder) as memory:
        memory.remember_many([NewMemory("red apple", id="a", metadata={"n": 1})])
        memory.remember_many([NewMemory("red apple", id="b", metadata={"n": 2})])
    with TextMemory.open(path, encoder=encoder, augmenter=augmenter) as memory:
        confused = [one.id for one in memory.consolidate(dry_run=True).confused]
        assert len(confused) == 1
        memory.flush()
        assert len(memory.cues(confused[0])) == 1
        memory.consolidate()
        memory.flush()
        assert [cue.kind for cue in memory.cues(confused[0])] == ["turn", "paraphrase"]


def test_it_reports_progress_and_minds_its_scope(memory: TextMemory) -> None:
    made = [NewMemory("a thing said twice", id=str(n), metadata={"n": n // 2}) for n in range(4)]
    memory.remember_many(made)
    seen: list[tuple[int, int]] = []
    done = memory.consolidate(where={"n": 1}, progress=lambda *parts: seen.append(parts))
    assert (done.memories, merges(done)) == (2, [("2", "3")])
    assert seen == [(2, 2)]


def test_wrong_calls(memory: TextMemory, path: Path, encoder: HashingEncoder) -> None:
    memory.remember("one")
    with pytest.raises(InvalidInputError, match="ConsolidationConfig"):
        memory.consolidate(config={"merge_at": 0.9})  # type: ignore[typeddict-item]
    with pytest.raises(TypeError, match="merge_at"):
        memory.consolidate(merge_at=0.9)  # type: ignore[call-arg]
    with TextMemory.open(path, encoder=encoder, read_only=True) as reader:
        assert reader.consolidate(dry_run=True).memories == 1
        with pytest.raises(ReadOnlyStoreError):
            reader.consolidate()
        with pytest.raises(ReadOnlyStoreError):
            reader.reinforce(ids(reader))


async def test_async_twins(encoder: HashingEncoder) -> None:
    async with TextMemory.in_memory(encoder=encoder) as memory:
        await memory.aremember_many([NewMemory("twice", id=id_) for id_ in ("a", "b")])
        assert await memory.areinforce("b") == 1
        assert merges(await memory.aconsolidate()) == [("b", "a")]


def test_an_empty_memory(memory: TextMemory) -> None:
    assert memory.consolidate().memories == 0


STORED = st.lists(
    st.tuples(
        st.sampled_from(["red apple", "Red  apple!", "green pear", "green pear or plum"]),
        st.sampled_from(["alice", "bob"]),
        st.sampled_from([None, {"n": 1}]),
        st.integers(0, 2),
    ),
    max_size=10,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(stored=STORED, same_words=st.booleans(), prune=st.sampled_from([0.0, 1.2]))
def test_a_pass_equals_forgetting_what_it_names(
    stored: Sequence[tuple[str, str, dict[str, int] | None, int]], same_words: bool, prune: float
) -> None:
    config = ConsolidationConfig(merge_at=0.8, same_words=same_words, prune_below=prune)

    def filled() -> TextMemory:
        memory = TextMemory.in_memory(encoder=HashingEncoder())
        for place, (text, name, metadata, uses) in enumerate(stored):
            memory.remember(text, namespace=name, metadata=metadata, id=str(place))
            for _ in range(uses):
                memory.reinforce(str(place))
        return memory

    with filled() as memory, filled() as expected:
        for name in ("alice", "bob"):
            done = memory.consolidate(namespace=name, config=config, now=NOW)
            for merge in done.merged:
                kept, lost = stored[int(merge.kept)], stored[int(merge.gone)]
                assert kept[1:3] == lost[1:3] == (name, lost[2])
                words = [consolidation.words(one[0]) for one in (kept, lost)]
                assert words[0] == words[1] or not same_words
            expected.forget(done.forgotten)
            again = memory.consolidate(namespace=name, config=config, now=NOW)
            assert (again.strengthened, again.decayed, again.pruned) == ((), (), ())
            assert not (same_words and again.merged)
        held = [(one.id, one.text, one.namespace) for one in memory.list(prefix=True)]
        assert held == [(one.id, one.text, one.namespace) for one in expected.list(prefix=True)]
        index, other = memory._core.index, expected._core.index
        assert index.cues.fingerprint() == other.cues.fingerprint()
        assert index.terms.fingerprint() == other.terms.fingerprint()
