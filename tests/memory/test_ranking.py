"""What each part of the ranking adds to a memory's score, seen from outside."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nuonuo_memory import MemoryConfig, Message, NewMemory, TextMemory
from nuonuo_memory.config import RankingConfig
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.recall.results import SCORE_MIDPOINT, SCORE_SLOPE
from nuonuo_memory.types import Hit, Recall


def opened(**changed: float) -> TextMemory:
    ranking = replace(RankingConfig(), **changed)  # type: ignore[arg-type]
    return TextMemory.in_memory(encoder=HashingEncoder(), config=MemoryConfig(ranking=ranking))


def evidence(hit: Hit) -> float:
    """What the score is a fixed map of, on the scale of a cosine."""
    return SCORE_MIDPOINT + math.log(hit.score / (1 - hit.score)) / SCORE_SLOPE


def scores(answer: Recall) -> dict[str, float]:
    return {hit.text: evidence(hit) for hit in answer}


NOW = datetime(2026, 5, 20, tzinfo=UTC)
SAID = "I bought the red kettle at the market."
ASKED = "Where do people buy the red kettle?"


HOBBY = "Do you keep bees on the roof?"
ANSWER = "Yes, since last May, four hives."


def test_a_turn_gains_by_what_the_turn_before_says_with_it() -> None:
    found = []
    for discount in (2.0, 0.1):
        with opened(pair_discount=discount) as memory:
            memory.observe([Message("Ada", HOBBY), Message("Bo", ANSWER)], session="a")
            found.append(scores(memory.recall("Who keeps bees on the roof in four hives?")))
    without, default = found
    assert default[ANSWER] > without[ANSWER]
    assert default[HOBBY] == without[HOBBY]  # nothing comes before it


def test_similarity_is_the_cosine_with_the_whole_question() -> None:
    encoder = HashingEncoder()
    with opened() as memory:
        memory.remember_many([SAID, HOBBY, ANSWER])
        for hit in memory.recall(ASKED, k=3):
            one, other = encoder.encode([ASKED, hit.cue.text])
            assert hit.similarity == pytest.approx(float(one @ other), abs=1e-3)


def test_nothing_of_a_forgotten_turn_counts_for_the_next() -> None:
    asked = "Who keeps bees on the roof in four hives?"
    with opened() as memory:
        said = memory.observe([Message("Ada", HOBBY), Message("Bo", ANSWER)], session="a")
        first, second = (one.id for one in said.memories)
        memory.forget(first)
        after = memory.recall(asked)[0]
        assert after.id == second
    with opened(pair_discount=2.0) as memory:
        memory.observe([Message("Bo", ANSWER)], session="a")
        never = memory.recall(asked)[0]
    assert after.score == never.score


def test_what_the_asker_stated_gains_and_what_was_asked_does_not() -> None:
    found = []
    for weight in (0.0, 0.08):
        with opened(first_person_weight=weight) as memory:
            memory.observe([Message("user", SAID)], session="a")
            memory.observe([Message("user", ASKED)], session="b")
            found.append(scores(memory.recall("Which red kettle did I buy?")))
    without, default = found
    assert default[SAID] - without[SAID] == pytest.approx(0.08)
    assert default[ASKED] == pytest.approx(without[ASKED])


def test_a_question_about_others_gains_nothing() -> None:
    found = []
    for weight in (0.0, 0.08):
        with opened(first_person_weight=weight) as memory:
            memory.observe([Message("user", SAID)], session="a")
            found.append(scores(memory.recall("Who bought the red kettle?")))
    assert found[0] == found[1]


def test_words_of_a_relative_time_are_no_topic() -> None:
    found = []
    for weight in (0.0, 0.2):
        with opened(bm25_weight=weight, session_weight=0.0) as memory:
            memory.remember("two weeks of rain, and two weeks ago two weeks of sun", id="weather")
            memory.remember("the kettle came from the corner shop", id="kettle")
            answer = memory.recall("Which kettle came two weeks ago?", now=NOW)
            found.append({hit.id: evidence(hit) for hit in answer})
    assert found[1]["weather"] == found[0]["weather"]
    assert found[1]["kettle"] > found[0]["kettle"]


def test_a_group_goes_by_its_two_best() -> None:
    with opened(runner_up_weight=0.5) as memory:
        for session, said in {
            "a": ["roses need water every morning", "the car is parked outside"],
            "b": ["roses need water", "roses need much water"],
        }.items():
            memory.observe([Message("user", text) for text in said], session=session)
        single = memory.recall("roses need water every day", k=4)
        of = {
            session: [evidence(hit) for hit in single if hit.memory.session == session]
            for session in ("a", "b")
        }
        grouped = memory.recall("roses need water every day", k=2, group_by="session")
        assert {str(hit.memory.session): evidence(hit) for hit in grouped} == pytest.approx(
            {session: (best + 0.5 * other) / 1.5 for session, (best, other) in of.items()}
        )
        assert [hit.score for hit in grouped] == sorted((h.score for h in grouped), reverse=True)


def test_a_group_of_one_is_ranked_beside_larger_ones() -> None:
    with opened() as memory:
        memory.remember_many(
            [
                NewMemory("tulips bloom in spring", metadata={"book": 1}),
                NewMemory("tulips bloom", metadata={"book": 2}),
                NewMemory("winter is long", metadata={"book": 2}),
            ]
        )
        found = memory.recall("when do tulips bloom in spring", k=2, group_by="book")
        assert [hit.metadata["book"] for hit in found] == [1, 2]


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("Who bought the red kettle at the market?", 0.19, 0.21),
        ("Which kettle suits tall glass stoves, porcelain lids and copper pans?", 0.01, 0.12),
    ],
)
def test_words_count_for_how_much_of_the_question_they_carry(
    asked: str, least: float, most: float
) -> None:
    gained = []
    for weight in (0.0, 0.2):
        with opened(bm25_weight=weight, session_weight=0.0) as memory:
            memory.remember_many([SAID, "The train leaves at nine.", "Ada plays the violin."])
            gained.append(scores(memory.recall(asked, now=NOW))[SAID])
    assert least <= gained[1] - gained[0] <= most
