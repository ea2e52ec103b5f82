"""Spreading activation against a plain walk over dictionaries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.engine.graph.association_graph import ABOUT, MENTION, AssociationGraph
from nuonuo_memory.engine.graph.seeds import begin, leftover, mix
from nuonuo_memory.engine.graph.spread import LINK_STEP, NO_KEY, Spread, Start, rarity, spread
from nuonuo_memory.engine.graph.walks import LARGEST_BATCH
from nuonuo_memory.errors import InvalidInputError

Mentions: TypeAlias = dict[tuple[int, int], tuple[float, int]]
Links: TypeAlias = dict[tuple[int, int], tuple[float, int]]
Amounts: TypeAlias = dict[int, float]
Walked: TypeAlias = list[tuple[tuple[int, ...], int | None, float]]

MENTIONS = st.dictionaries(
    st.tuples(st.integers(1, 7), st.integers(100, 105)),
    st.tuples(st.sampled_from([0.5, 0.75, 1.0]), st.sampled_from([MENTION, ABOUT])),
    max_size=24,
)
LINKS = st.dictionaries(
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.tuples(st.sampled_from([0.3, 0.6, 1.0]), st.integers(0, 2)),
    max_size=8,
)
STARTS = st.dictionaries(st.integers(1, 7), st.sampled_from([0.1, 0.2, 0.25]), max_size=3)
ASKED = st.dictionaries(st.integers(100, 106), st.sampled_from([0.05, 0.1]), max_size=2)
HOPS = 3
CONFIG = AssociationConfig(walks=10_000, fan_out_budget=1_000_000)


def group_of(memory: int) -> int:
    return 1 if memory <= 5 else 2


def build(mentions: Mentions, links: Links) -> AssociationGraph:
    graph = AssociationGraph()
    by_memory = defaultdict(list)
    for (memory, name), (weight, kind) in mentions.items():
        by_memory[memory].append((name, weight, kind))
    for memory, rows in by_memory.items():
        names, weights, kinds = zip(*rows, strict=True)
        graph.add_mentions(
            torch.full((len(rows),), memory),
            torch.tensor(names),
            weights=torch.tensor(weights),
            kinds=torch.tensor(kinds),
            group=group_of(memory),
        )
    for (source, target), (weight, kind) in links.items():
        if group_of(source) == group_of(target):
            graph.add_links(
                torch.tensor([source]),
                torch.tensor([target]),
                weights=torch.tensor([weight]),
                kinds=torch.tensor([kind]),
                group=group_of(source),
            )
    return graph


class PlainWalk:
    """The same walk, one step at a time."""

    def __init__(
        self,
        mentions: Mentions,
        links: Links,
        *,
        groups: list[int],
        config: AssociationConfig,
        welcome: Callable[[int], float],
    ) -> None:
        self.mentions = {
            key: value for key, value in mentions.items() if group_of(key[0]) in groups
        }
        self.links = {
            key: value
            for key, value in links.items()
            if group_of(key[0]) == group_of(key[1]) and group_of(key[0]) in groups
        }
        self.config, self.welcome = config, welcome
        self.size = max(len({memory for memory, _ in self.mentions}), 1)

    def rarity(self, name: int) -> tuple[float, int]:
        count = sum(other == name for _, other in self.mentions)
        if not count:
            return 0.0, 0
        return (math.log1p(self.size / count) / math.log1p(self.size)) ** 2, count

    def carriers(self, name: int) -> Amounts:
        weights = {
            memory: weight * (1 + self.config.topic_boost * (kind == ABOUT))
            for (memory, other), (weight, kind) in self.mentions.items()
            if other == name
        }
        total = sum(weights.values()) ** self.config.degree_normalisation
        return {memory: weight / total for memory, weight in weights.items()}

    def scaled(self, walks: Walked, mass: float) -> Walked:
        walks = [(path, via, x * self.welcome(path[-1])) for path, via, x in walks]
        total = sum(x for _, _, x in walks)
        return [(path, via, x * mass / total) for path, via, x in walks if total]

    def begin(self, starts: Amounts, asked: Amounts) -> Walked:
        walks = [((memory,), None, x) for memory, x in starts.items()]
        rare = {name: x * self.rarity(name)[0] for name, x in asked.items()}
        given, total = sum(asked.values()), sum(rare.values())
        named = [
            ((memory,), name, x * given / total * share)
            for name, x in rare.items()
            if x
            for memory, share in self.carriers(name).items()
        ]
        return walks + self.scaled(named, given)

    def step(self, walks: Walked) -> Walked:
        out: Walked = []
        for path, via, activation in walks:
            here = path[-1]
            claims = {
                name: rare * weight
                for (memory, name), (weight, _) in self.mentions.items()
                if memory == here
                for rare, count in [self.rarity(name)]
                if count > 1
            }
            ties = [
                (target, weight)
                for (source, target), (weight, _) in self.links.items()
                if source == here
            ] + [
                (source, weight * self.config.backward)
                for (source, target), (weight, _) in self.links.items()
                if target == here
            ]
            link = self.config.link if claims and ties else 1.0
            rest = 1 - self.config.link if claims and ties else 1.0
            arrivals = [
                (target, name, rest * claim * share / sum(claims.values()))
                for name, claim in claims.items()
                if name != via
                for target, share in self.carriers(name).items()
            ] + [(target, None, link * x / sum(y for _, y in ties)) for target, x in ties]
            out += [
                ((*path, target), name, activation * x)
                for target, name, x in arrivals
                if target not in path
            ]
        return self.scaled(out, sum(x for _, _, x in walks))

    def totals(self, starts: Amounts, asked: Amounts) -> Amounts:
        walks, total = self.begin(starts, asked), defaultdict(float)
        for hop in range(HOPS + 1):
            for path, via, activation in walks:
                _, kind = self.mentions.get((path[-1], via), (0.0, None))
                counts = self.config.subject if hop and kind == ABOUT else 1.0
                total[path[-1]] += activation * self.config.decay**hop * counts
            walks = self.step(walks)
        return total


def start_of(queries: list[Amounts]) -> Start:
    rows = [(b, key, x) for b, each in enumerate(queries) for key, x in each.items()]
    query, key, activation = zip(*rows, strict=True) if rows else ((), (), ())
    return Start(
        torch.tensor(query, dtype=torch.int64),
        torch.tensor(key, dtype=torch.int64),
        torch.tensor(activation, dtype=torch.float64),
    )


def welcome(memory: int) -> float:
    return math.exp(0.3 * (memory % 3))


def affinity(_: Tensor, memories: Tensor) -> Tensor:
    return torch.exp(0.3 * (memories % 3).double())


def by_query(result: Spread, query: int) -> Amounts:
    rows = (result.query == query).nonzero().squeeze(1).tolist()
    return {int(result.memory[row]): float(result.activation[row]) for row in rows}


@settings(max_examples=150, deadline=None)
@given(MENTIONS, LINKS, STARTS, ASKED, st.sampled_from([[1], [2], [1, 2]]))
def test_spread_equals_a_plain_walk(
    mentions: Mentions, links: Links, starts: Amounts, asked: Amounts, groups: list[int]
) -> None:
    starts = {memory: x for memory, x in starts.items() if group_of(memory) in groups}
    plain = PlainWalk(mentions, links, groups=groups, config=CONFIG, welcome=welcome)
    expected = plain.totals(starts, asked)
    result = spread(
        build(mentions, links),
        start_of([starts]),
        start_of([asked]),
        groups=[groups],
        hops=HOPS,
        config=CONFIG,
        affinity=affinity,
    )
    found = by_query(result, 0)
    for memory in set(found) | {memory for memory, x in expected.items() if x > 1e-8}:
        assert found.get(memory, 0.0) == pytest.approx(expected.get(memory, 0.0), abs=1e-8)


@settings(max_examples=80, deadline=None)
@given(MENTIONS, LINKS, STARTS, st.integers(1, 20))
def test_no_walk_turns_back_and_every_step_is_a_tie(
    mentions: Mentions, links: Links, starts: Amounts, walks: int
) -> None:
    starts = {memory: x for memory, x in starts.items() if group_of(memory) == 1}
    result = spread(
        build(mentions, links),
        start_of([starts]),
        start_of([{}]),
        groups=[[1]],
        hops=4,
        config=AssociationConfig(walks=walks),
    )
    for row in range(len(result.memory)):
        steps = result.path(row)
        visited = [step.source for step in steps[:1]] + [step.target for step in steps]
        assert len(set(visited)) == len(visited)
        assert all(a.via != b.via or a.via == NO_KEY for a, b in pairwise(steps))
        assert all(a.target == b.source for a, b in pairwise(steps))
        for step in steps:
            if step.kind >= LINK_STEP:
                assert {(step.source, step.target), (step.target, step.source)} & set(links)
            else:
                assert {(step.source, step.via), (step.target, step.via)} <= set(mentions)
        assert not steps or steps[-1].target == int(result.memory[row])


@settings(max_examples=80, deadline=None)
@given(MENTIONS, LINKS, STARTS, ASKED, st.sets(st.integers(1, 7)))
def test_no_walk_goes_through_what_is_not_allowed(
    mentions: Mentions, links: Links, starts: Amounts, asked: Amounts, allowed: set[int]
) -> None:
    graph = build(mentions, links)
    chosen: dict[str, Any] = {"groups": [[1, 2]], "hops": HOPS, "config": CONFIG}
    result = spread(
        graph,
        start_of([starts]),
        start_of([asked]),
        **chosen,
        allowed=torch.tensor(sorted(allowed), dtype=torch.int64),
    )
    for walks in result.hops:
        assert set(walks.memory.tolist()) <= allowed
    for row in range(len(result.memory)):
        on_the_way = [step.source for step in result.path(row) if step.source != NO_KEY]
        assert set(on_the_way) <= allowed
    every = spread(graph, start_of([starts]), start_of([asked]), **chosen)
    all_allowed = spread(
        graph, start_of([starts]), start_of([asked]), **chosen, allowed=torch.arange(1, 8)
    )
    assert by_query(all_allowed, 0) == by_query(every, 0)


@settings(max_examples=40, deadline=None)
@given(
    MENTIONS,
    LINKS,
    st.lists(st.tuples(STARTS, ASKED, st.sampled_from([[1], [2], [1, 2]])), max_size=4),
)
def test_a_batch_answers_as_single_calls_do(
    mentions: Mentions, links: Links, queries: list[tuple[Amounts, Amounts, list[int]]]
) -> None:
    graph = build(mentions, links)
    config = AssociationConfig(walks=6)
    together = spread(
        graph,
        start_of([starts for starts, _, _ in queries]),
        start_of([asked for _, asked, _ in queries]),
        groups=[groups for _, _, groups in queries],
        hops=2,
        config=config,
    )
    for b, (starts, asked, groups) in enumerate(queries):
        alone = spread(
            graph, start_of([starts]), start_of([asked]), groups=[groups], hops=2, config=config
        )
        assert by_query(together, b) == by_query(alone, 0)


def chain(length: int) -> Mentions:
    return {
        (memory, name): (1.0, MENTION)
        for memory in range(1, length + 1)
        for name in (99 + memory, 98 + memory)
        if 100 <= name <= 98 + length
    }


def test_a_chain_is_walked_to_its_end() -> None:
    result = spread(
        build(chain(5), {}),
        start_of([{1: 1.0}]),
        start_of([{}]),
        groups=[[1]],
        hops=4,
        config=AssociationConfig(),
    )
    row = result.memory.tolist().index(5)
    assert [step.target for step in result.path(row)] == [2, 3, 4, 5]
    assert [step.via for step in result.path(row)] == [100, 101, 102, 103]


def test_a_name_in_the_question_enters_by_itself() -> None:
    mentions = {(1, 100): (1.0, ABOUT), (2, 100): (1.0, MENTION)}
    result = spread(
        build(mentions, {}),
        start_of([{}]),
        start_of([{100: 0.5}]),
        groups=[[1]],
        hops=1,
        config=AssociationConfig(),
    )
    found = by_query(result, 0)
    assert found[1] > found[2] > 0
    (step,) = result.path(result.memory.tolist().index(1))
    assert (step.source, step.target, step.via) == (NO_KEY, 1, 100)


def test_a_rare_name_carries_more_than_a_hub() -> None:
    mentions = {(memory, 100): (1.0, MENTION) for memory in range(1, 6)}
    mentions |= {(1, 101): (1.0, MENTION), (5, 101): (1.0, MENTION)}
    found = by_query(
        spread(
            build(mentions, {}),
            start_of([{1: 1.0}]),
            start_of([{}]),
            groups=[[1]],
            hops=1,
            config=AssociationConfig(),
        ),
        0,
    )
    assert found[5] > 2 * found[2]


def test_the_budget_of_arrivals_cuts_hubs_first() -> None:
    mentions = {(memory, 100): (1.0, MENTION) for memory in range(1, 6)}
    mentions |= {(1, 101): (1.0, MENTION), (5, 101): (1.0, MENTION)}
    for arrivals, reached in ((7, [1, 2, 3, 4, 5]), (6, [1, 5]), (1, [1])):
        result = spread(
            build(mentions, {}),
            start_of([{1: 1.0}]),
            start_of([{}]),
            groups=[[1]],
            hops=1,
            config=AssociationConfig(fan_out_budget=arrivals),
        )
        assert result.memory.tolist() == reached


def test_what_was_forgotten_leaves_no_trace_in_a_walk() -> None:
    mentions = {(memory, 100 + memory % 3): (1.0, MENTION) for memory in range(1, 6)}
    mentions |= {(memory, 103): (0.5, ABOUT) for memory in range(1, 6)}
    links = {(1, 2): (1.0, 0), (3, 1): (0.5, 1)}
    never, held = build(mentions, links), AssociationGraph()
    for memory in (9, 4, 2, 8, 5, 1, 3):
        names = [name for of, name in mentions if of == memory] or [100, 103]
        kinds = [mentions.get((memory, name), (1.0, MENTION)) for name in names]
        held.add_mentions(
            torch.full((len(names),), memory),
            torch.tensor(names[::-1]),
            weights=torch.tensor([weight for weight, _ in kinds][::-1]),
            kinds=torch.tensor([kind for _, kind in kinds][::-1]),
            group=1,
        )
    for source, target, weight, kind in ((3, 1, 0.5, 1), (1, 8, 1.0, 0), (1, 2, 1.0, 0)):
        held.add_links(
            torch.tensor([source]),
            torch.tensor([target]),
            weights=torch.tensor([weight]),
            kinds=torch.tensor([kind]),
            group=1,
        )
    held.remove(torch.tensor([8, 9]), group=1)
    assert held.fingerprint() == never.fingerprint()
    walks = [
        spread(
            graph,
            start_of([{1: 0.5, 4: 0.25}]),
            start_of([{103: 0.25}]),
            groups=[[1]],
            hops=3,
            config=AssociationConfig(walks=3, fan_out_budget=8),
        )
        for graph in (never, held)
    ]
    for one, other in zip(walks[0].hops, walks[1].hops, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert torch.equal(walks[0].activation, walks[1].activation)


def test_a_batch_that_is_too_large_is_refused() -> None:
    nothing = start_of([])
    with pytest.raises(InvalidInputError, match="batch"):
        spread(
            AssociationGraph(),
            nothing,
            nothing,
            groups=[[1]] * (LARGEST_BATCH + 1),
            hops=3,
            config=AssociationConfig(),
        )


def test_an_empty_batch_and_an_empty_graph() -> None:
    nothing = start_of([])
    empty = spread(
        AssociationGraph(), nothing, nothing, groups=[], hops=3, config=AssociationConfig()
    )
    assert len(empty.memory) == 0
    alone = spread(
        AssociationGraph(),
        start_of([{3: 1.0}]),
        nothing,
        groups=[[1]],
        hops=3,
        config=AssociationConfig(),
    )
    assert by_query(alone, 0) == {3: 1.0}
    assert alone.path(0) == ()


def test_the_second_look_asks_for_what_is_left() -> None:
    query = torch.tensor([[0.6, 0.8, 0.0]])
    cue = torch.tensor([[1.0, 0.0, 0.0]])
    left = leftover(query, cue)
    assert torch.allclose(left, torch.tensor([[0.0, 0.8, 0.0]]))


def test_start_and_final_score() -> None:
    config = AssociationConfig(
        starts=2, beta=10.0, second_look_share=0.2, log_floor=0.1, similarity=2.0
    )
    first = (torch.tensor([[5, 6, 7]]), torch.tensor([[0.9, 0.7, 0.1]]))
    second = (torch.tensor([[8, -1]]), torch.tensor([[0.4, -math.inf]]))
    begun = begin(first, second, named=torch.tensor([0.25], dtype=torch.float64), config=config)
    assert begun.key.tolist() == [5, 6, 8]
    odds = math.exp(10 * 0.2)
    expected = [0.75 * 0.8 * odds / (1 + odds), 0.75 * 0.8 / (1 + odds), 0.75 * 0.2]
    assert begun.activation.tolist() == pytest.approx(expected)
    scores = mix(torch.tensor([0.5, 0.0]), torch.tensor([-0.1, 0.0]), config=config)
    assert scores.tolist() == pytest.approx([math.log(6.0) - 0.2, 0.0])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(-1, 2)), min_size=1, max_size=8),
    st.sampled_from([0.05, 0.2, 1.0]),
)
def test_the_final_evidence_orders_as_the_logarithm_of_floored_activation(
    rows: list[tuple[float, float]], floor: float
) -> None:
    config = AssociationConfig(log_floor=floor)
    activation, evidence = torch.tensor(rows, dtype=torch.float64).unbind(1)
    mixed = mix(activation, evidence, config=config)
    apart = torch.log(activation + floor) + evidence - mixed
    assert torch.allclose(apart, torch.full_like(apart, math.log(floor)))


def test_without_activation_the_final_evidence_is_the_evidence_alone() -> None:
    evidence = torch.linspace(-1, 2, 7, dtype=torch.float64)
    mixed = mix(torch.zeros(7), evidence, config=AssociationConfig())
    assert torch.equal(mixed, evidence)


def test_rarity_falls_from_one_to_next_to_nothing() -> None:
    size = torch.full((4,), 1000.0, dtype=torch.float64)
    rare = rarity(torch.tensor([1, 10, 1000, 0]), size)
    assert float(rare[0]) == pytest.approx(1.0)
    assert 0.4 < float(rare[1]) < 0.5
    assert 0 < float(rare[2]) < 0.02
    assert float(rare[3]) == 0.0


@pytest.mark.parametrize(("name", "value"), [("walks", 0), ("decay", 1.5), ("beta", -1.0)])
def test_settings_are_checked(name: str, value: float) -> None:
    with pytest.raises(InvalidInputError, match=name):
        AssociationConfig(**{name: value})  # type: ignore[arg-type]
