"""What goes in comes back: by the facade's own calls, on a real file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nuonuo_memory import Cue, Link, Message, NewMemory, TextMemory
from nuonuo_memory.encoders.base import HashingEncoder


def test_a_fact_comes_back_with_its_cue_and_metadata(memory: TextMemory) -> None:
    stored = memory.remember(
        "Bob plays chess", cues=["favourite board game"], metadata={"n": 3}, id="bob"
    )
    memory.remember("Rain is expected on Monday")
    answer = memory.recall("board game that is the favourite", k=1)
    assert answer[0].memory == stored == memory.get("bob")
    assert answer[0].cue == Cue("favourite board game", "user")
    assert answer[0].metadata == {"n": 3}
    assert answer.query == "board game that is the favourite"
    assert 0.0 <= answer.confidence <= 1.0


def test_hits_are_best_first_and_at_most_k(memory: TextMemory) -> None:
    memory.remember_many([f"note number {n} about topic {n % 3}" for n in range(30)])
    answer = memory.recall("note about topic 2", k=7)
    assert len(answer) == 7
    scores = [hit.score for hit in answer]
    assert scores == sorted(scores, reverse=True)
    assert len({hit.id for hit in answer}) == 7


def test_alone_and_in_a_batch_give_the_same(memory: TextMemory) -> None:
    memory.remember_many([f"fact {n} on subject {n % 5}" for n in range(40)])
    questions = [f"subject {n}" for n in range(5)]
    together = memory.recall_many(questions, k=4)
    for question, answer in zip(questions, together, strict=True):
        alone = memory.recall(question, k=4)
        assert [hit.id for hit in alone] == [hit.id for hit in answer]
        assert [hit.score for hit in alone] == pytest.approx([hit.score for hit in answer], 1e-6)


def test_an_empty_memory_answers_nothing(memory: TextMemory) -> None:
    answer = memory.recall("anything")
    assert len(answer) == 0
    assert answer.confidence == 0.0


def test_observing_keeps_speaker_session_turn_and_time(
    memory: TextMemory, chat: list[dict[str, str]]
) -> None:
    at = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    seen = memory.observe(chat, session="january", at=at, metadata={"app": "test"})
    assert [m.turn for m in seen.memories] == [0, 1, 2]
    assert [m.role for m in seen.memories] == ["user", "assistant", "user"]
    assert {m.session for m in seen.memories} == {"january"}
    assert {m.at for m in seen.memories} == {at}
    assert all(m.metadata == {"app": "test"} for m in seen.memories)
    assert seen.cues == memory.stats().cues >= 3


def test_observing_again_adds_nothing_and_a_longer_history_adds_its_end(
    memory: TextMemory, chat: list[dict[str, str]]
) -> None:
    memory.observe(chat, session="s")
    again = memory.observe(chat, session="s")
    assert (len(again.memories), again.skipped) == (0, 3)
    longer = memory.observe(
        [*chat, {"role": "assistant", "content": "Then no party."}], session="s"
    )
    assert [m.turn for m in longer.memories] == [3]
    assert [m.turn for m in memory.list(session="s")] == [0, 1, 2, 3]


def test_observing_turn_by_turn_is_like_observing_at_once(
    encoder: HashingEncoder, chat: list[dict[str, str]]
) -> None:
    with (
        TextMemory.in_memory(encoder=encoder) as at_once,
        TextMemory.in_memory(encoder=encoder) as by_turns,
    ):
        at_once.observe(chat, session="s")
        for message in chat:
            by_turns.observe([message], session="s")
        assert at_once.fingerprint() == by_turns.fingerprint()


def test_equal_words_in_one_call_are_two_turns(memory: TextMemory) -> None:
    seen = memory.observe([Message("user", "ok"), Message("user", "ok")], session="s")
    assert len(seen.memories) == 2


def test_a_message_without_text_is_passed_over_but_counts_as_a_turn(memory: TextMemory) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "x"}}]
    messages = [
        {"role": "user", "content": parts},
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}]},
        {"role": "assistant", "content": None},
    ]
    seen = memory.observe(messages, session="s")
    assert [(m.turn, m.text) for m in seen.memories] == [(1, "What is it?")]
    assert seen.skipped == 2


def test_namespaces_are_apart_unless_asked_by_prefix(memory: TextMemory) -> None:
    memory.remember("the safe's number is 1234", namespace=("acme", "ada"), id="ada")
    memory.remember("the safe's number is 9876", namespace=("acme", "bob"), id="bob")
    memory.remember("the safe's number is 5555", namespace=("acmeister",), id="other")

    def found(**scope: object) -> set[str]:
        return {hit.id for hit in memory.recall("number of the safe", **scope)}  # type: ignore[arg-type]

    assert found() == set()
    assert found(namespace=("acme", "ada")) == {"ada"}
    assert found(namespace="acme") == set()
    assert found(namespace="acme", prefix=True) == {"ada", "bob"}
    assert set(memory.namespaces()) == {("acme", "ada"), ("acme", "bob"), ("acmeister",)}
    assert set(memory.namespaces("acme")) == {("acme", "ada"), ("acme", "bob")}


def test_filters_limit_what_may_be_returned(memory: TextMemory) -> None:
    for day in (1, 2, 3):
        memory.remember(
            f"report of day {day}",
            metadata={"day": day, "tag": "even" if day % 2 == 0 else "odd"},
            at=datetime(2026, 3, day, tzinfo=UTC),
            id=str(day),
        )

    def ids(**options: object) -> set[str]:
        return {hit.id for hit in memory.recall("report of the day", **options)}  # type: ignore[arg-type]

    assert ids(where={"tag": "odd"}) == {"1", "3"}
    assert ids(where={"day": {"$gte": 2}}) == {"2", "3"}
    assert ids(since=datetime(2026, 3, 2)) == {"2", "3"}
    assert ids(until=datetime(2026, 3, 2)) == {"1", "2"}
    assert ids(where={"tag": "odd"}, until=datetime(2026, 3, 2)) == {"1"}
    assert ids(where={"absent": 1}) == set()


def test_grouping_gives_the_best_of_each_group(memory: TextMemory) -> None:
    for session in ("a", "b", "c"):
        memory.observe(
            [
                Message("user", f"The {session} garden has roses and tulips"),
                Message("user", f"Watering the {session} roses takes time"),
            ],
            session=session,
        )
    ungrouped = memory.recall("watering a roses takes time", k=3)
    assert len({hit.memory.session for hit in ungrouped}) == 3
    memory.observe(
        [Message("user", f"Watering the a roses takes time, {n}") for n in range(5)], session="a"
    )
    ungrouped = memory.recall("watering a roses takes time", k=3)
    assert {hit.memory.session for hit in ungrouped} == {"a"}
    answer = memory.recall("watering a roses takes time", k=3, group_by="session")
    assert answer[0].memory.session == "a"
    assert sorted(str(hit.memory.session) for hit in answer) == ["a", "b", "c"]
    assert len(memory.recall("roses in the garden", k=2, group_by="session")) == 2


def test_a_vector_may_stand_for_the_question(memory: TextMemory) -> None:
    stored = memory.remember("the quick brown fox")
    memory.remember("an entirely different matter")
    vector = memory.encoder.encode_queries(["the quick brown fox"])[0].tolist()
    answer = memory.recall("", vector=vector, k=1)
    assert answer[0].id == stored.id
    assert answer[0].similarity == pytest.approx(1.0, abs=1e-3)


def test_a_cue_may_bring_its_own_vector(memory: TextMemory) -> None:
    vector = memory.encoder.encode(["submarine"])[0]
    memory.remember_many(
        [NewMemory("payload", cues=[Cue("x", vector=tuple(vector.tolist()))], derive=False)]
    )
    assert memory.recall("submarine", k=1)[0].text == "payload"


def test_a_memory_without_cues_is_kept_but_never_recalled(memory: TextMemory) -> None:
    memory.remember_many([NewMemory("silent words", id="silent", derive=False)])
    assert memory.get("silent").text == "silent words"
    assert len(memory.recall("silent words")) == 0


def test_update_changes_what_brings_a_memory_to_mind(memory: TextMemory) -> None:
    memory.remember("Bob plays chess", id="bob", cues=["Bob's hobby"])
    changed = memory.update("bob", text="Bob sails dinghies", metadata={"n": 1})
    assert changed.text == memory.get("bob").text == "Bob sails dinghies"
    assert changed.metadata == {"n": 1}
    assert {cue.text for cue in memory.cues("bob")} == {"Bob's hobby", "Bob sails dinghies"}
    assert memory.recall("sails dinghies")[0].cue.text == "Bob sails dinghies"


def test_updating_a_named_speakers_turn_keeps_the_name_in_its_cues(memory: TextMemory) -> None:
    [turn] = memory.observe([Message("user", "I climb on Sundays", name="Ada")]).memories
    memory.update(turn.id, text="I dive on Mondays")
    assert {cue.text for cue in memory.cues(turn.id)} == {"Ada: I dive on Mondays"}


def test_replacing_keeps_the_time_of_creation(memory: TextMemory) -> None:
    first = memory.remember("version one", id="doc")
    [second] = memory.remember_many([NewMemory("version two", id="doc")], replace=True)
    assert second.text == "version two"
    assert second.created_at == first.created_at
    assert memory.stats().memories == 1


def test_links_are_listed_and_removed(memory: TextMemory) -> None:
    memory.remember("first", id="a")
    memory.remember("second", id="b", links=[Link("a", "continues")])
    own = [hop for hop in memory.links("b") if hop.kind == "user"]
    assert [(hop.source, hop.target, hop.link) for hop in own] == [("b", "a", "continues")]
    memory.associate("b", "a", label="corrects", weight=0.5)
    own = [hop for hop in memory.links("b") if hop.kind == "user"]
    assert [(hop.link, hop.weight) for hop in own] == [("corrects", 0.5)]
    assert memory.dissociate("b", "a") == 1
    assert not [hop for hop in memory.links("b") if hop.kind == "user"]


def test_reopening_answers_the_same(path: Path, encoder: HashingEncoder) -> None:
    with TextMemory.open(path, encoder=encoder) as memory:
        memory.remember_many([f"item {n} of the list" for n in range(20)])
        before = memory.recall("item 7 of the list", k=5)
        mark = memory.fingerprint()
    with TextMemory.open(path, encoder=encoder) as memory:
        after = memory.recall("item 7 of the list", k=5)
        assert [(hit.id, hit.score) for hit in before] == [(hit.id, hit.score) for hit in after]
        assert memory.fingerprint() == mark
