"""Hebbian association: two forms with equal results, exact recall, exact forgetting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError, NotFoundError
from nuonuo_memory.research.hebbian import FactoredAssociator, HebbianAssociator, walk
from nuonuo_memory.research.hebbian_dense import DenseAssociator
from nuonuo_memory.research.separation import PatternSeparator, overlap

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]
FORMS: dict[str, Callable[..., HebbianAssociator]] = {
    "factored": FactoredAssociator,
    "dense": DenseAssociator,
}
DIM, K = 64, 4


def random_codes(n: int, code_dim: int, winners: int, seed: int = 0) -> Tensor:
    """One winner in each of `winners` blocks: distinct and sorted at no cost."""
    block = code_dim // winners
    generator = torch.Generator().manual_seed(seed)
    place = torch.randint(block, (n, winners), generator=generator)
    return (place + torch.arange(winners) * block).int()


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Callable[..., HebbianAssociator]:
    return FORMS[request.param]


code = st.sets(st.integers(0, DIM - 1), min_size=K, max_size=K).map(sorted)
pool = st.lists(code, min_size=2, max_size=5)
step = st.tuples(
    st.sampled_from(["learn", "learn", "weaken", "unlearn"]),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(1, 3),
)


@pytest.mark.parametrize("device", DEVICES)
@given(pool, st.lists(step, max_size=14))
@settings(max_examples=80, deadline=None)
def test_forms_agree(device: str, codes: list[list[int]], steps: list[tuple]) -> None:
    """Whatever is learned, weakened and unlearned, both forms hold the same and walk the same."""
    table = torch.tensor(codes, dtype=torch.int32)
    dense = DenseAssociator(DIM, K, device=device)
    factored = FactoredAssociator(DIM, K, device=device)
    truth: dict[tuple[int, int], int] = {}
    keys = [tuple(row) for row in codes]
    for action, first, second, strength in steps:
        a, b = first % len(codes), second % len(codes)
        pair = (keys.index(keys[a]), keys.index(keys[b]))
        args = (table[a : a + 1], table[b : b + 1])
        if action != "learn" and pair not in truth:
            for memory in (dense, factored):
                with pytest.raises(NotFoundError):
                    memory.unlearn(*args)
            continue
        for memory in (dense, factored):
            if action == "unlearn":
                memory.unlearn(*args)
            else:
                getattr(memory, action)(*args, strength=strength)
        if action == "learn":
            truth[pair] = truth.get(pair, 0) + strength
        else:
            left = truth.pop(pair) - strength
            if action == "weaken" and left > 0:
                truth[pair] = left
    for memory_type, memory in ((DenseAssociator, dense), (FactoredAssociator, factored)):
        fresh = memory_type(DIM, K, device=device)
        for (a, b), strength in reversed(truth.items()):
            fresh.learn(table[a : a + 1], table[b : b + 1], strength=strength)
        assert memory.fingerprint() == fresh.fingerprint()
    assert torch.equal(dense.sums(table), factored.sums(table))
    one, two = dense.recall(table, hops=3), factored.recall(table, hops=3)
    assert torch.equal(one.codes, two.codes)
    assert torch.equal(one.support, two.support)


def test_forms_agree_at_size() -> None:
    """The inverted index, rows added since it was built, and erased rows, against the matrix."""
    cues, targets = random_codes(6000, 1024, 16), random_codes(6000, 1024, 16, seed=1)
    factored, dense = FactoredAssociator(1024, 16), DenseAssociator(1024, 16)
    queries = torch.cat([cues[::500], targets[::700], cues[5990:]])
    for memory in (factored, dense):
        memory.learn(cues[:5000], targets[:5000])
    assert torch.equal(factored.sums(queries), dense.sums(queries))  # builds the index
    for memory in (factored, dense):
        memory.learn(cues[5000:], targets[5000:], strength=2)  # scanned
        memory.unlearn(cues[100:900], targets[100:900])  # erased in the index
        memory.weaken(cues[5500:5600], targets[5500:5600])
        memory.unlearn(cues[5900:5950], targets[5900:5950])
    assert torch.equal(factored.sums(queries), dense.sums(queries))
    for memory in (factored, dense):
        memory.unlearn(cues[1000:4000], targets[1000:4000])  # more than half: rows close up
        memory.learn(cues[:1], targets[1:2])
    assert torch.equal(factored.sums(queries), dense.sums(queries))
    assert len(factored) == len(dense) == 6000 - 800 - 50 - 3000 + 1


def test_forgotten_codes_are_erased() -> None:
    cues, targets = random_codes(5000, 512, 8), random_codes(5000, 512, 8, seed=1)
    memory = FactoredAssociator(512, 8)
    memory.learn(cues, targets)
    memory.sums(cues[:1])
    memory.unlearn(cues[7:9], targets[7:9])
    assert int(memory._cues.rows[7:9].max()) == -1
    assert int(memory._targets.rows[7:9].max()) == -1
    postings = memory._cues._unsigned(memory._cues._postings)
    assert not bool(((postings == 7) | (postings == 8)).any())


def test_unlearning_leaves_no_trace(form: Callable[..., HebbianAssociator]) -> None:
    cues, targets = random_codes(200, 512, 8), random_codes(200, 512, 8, seed=1)
    never = form(512, 8)
    never.learn(cues[:150], targets[:150])
    memory = form(512, 8)
    memory.learn(cues.flip(0), targets.flip(0))
    memory.learn(cues[150:160], targets[150:160], strength=3)
    assert memory.fingerprint() != never.fingerprint()
    memory.unlearn(cues[150:], targets[150:])
    assert memory.fingerprint() == never.fingerprint()
    assert torch.equal(memory.sums(cues), never.sums(cues))


def test_learning_twice_is_learning_with_strength_two(
    form: Callable[..., HebbianAssociator],
) -> None:
    cues, targets = random_codes(5, 512, 8), random_codes(5, 512, 8, seed=1)
    one, two = form(512, 8), form(512, 8)
    one.learn(torch.cat([cues, cues]), torch.cat([targets, targets]))
    two.learn(cues, targets, strength=2)
    assert one.fingerprint() == two.fingerprint()
    one.weaken(cues, targets)
    two.weaken(cues, targets, strength=1)
    assert one.fingerprint() == two.fingerprint()
    one.weaken(cues, targets, strength=9)
    assert one.fingerprint() == form(512, 8).fingerprint()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.slow
def test_twenty_thousand_pairs_recalled_exactly(device: str) -> None:
    cues, targets = random_codes(20_000, 16_384, 50), random_codes(20_000, 16_384, 50, seed=1)
    memory = FactoredAssociator(device=device)
    memory.learn(cues, targets)
    sample = torch.arange(0, 20_000, 20)
    assert torch.equal(memory.recall(cues[sample]).last.cpu(), targets[sample])
    assert memory.nbytes <= 8_000_000


@pytest.fixture(scope="module")
def crowded() -> tuple[FactoredAssociator, PatternSeparator]:
    """A memory of 20,000 other pairs."""
    memory = FactoredAssociator()
    memory.learn(random_codes(20_000, 16_384, 50), random_codes(20_000, 16_384, 50, seed=1))
    return memory, PatternSeparator(384)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_higher_order_holds_more_of_codes_that_share_much(order: int) -> None:
    """Codes of few dimensions, as real sentences': the matrix's order drowns, a higher does not."""
    separator = PatternSeparator(12, code_dim=2048, winners=24)
    generator = torch.Generator().manual_seed(3)
    codes = separator.codes(torch.randn(1200, 12, generator=generator))
    memory = FactoredAssociator(2048, 24, order=order)
    memory.learn(codes[:-1], codes[1:])
    walk = memory.recall(codes[:50], hops=1)
    right = float((walk.last == codes[1:51]).all(dim=1).double().mean())
    assert right < 0.2 if order == 1 else right > 0.9
    with pytest.raises(InvalidInputError, match="order"):
        FactoredAssociator(order=5)


def test_six_hops_among_twenty_thousand_others(
    crowded: tuple[FactoredAssociator, PatternSeparator],
) -> None:
    memory, separator = crowded
    chain = separator.codes(torch.randn(7, 384, generator=torch.Generator().manual_seed(9)))
    memory.learn(chain[:-1], chain[1:])
    walk = memory.recall(chain[:1], hops=6)
    assert torch.equal(walk.codes[0], chain[1:])
    assert float(walk.support.min()) >= 1.0
    memory.unlearn(chain[:-1], chain[1:])
    assert float(memory.recall(chain[:1], hops=6).support.max()) == 0.0


def test_four_chains_share_one_memory(form: Callable[..., HebbianAssociator]) -> None:
    codes = random_codes(16, 4096, 20).view(4, 4, 20)
    memory = form(4096, 20)
    for chain in codes:
        memory.learn(chain[:-1], chain[1:])
    assert torch.equal(memory.recall(codes[:, 0], hops=3).codes, codes[:, 1:])


@pytest.mark.parametrize("loop", [1, 3])
def test_no_walk_turns_back(form: Callable[..., HebbianAssociator], loop: int) -> None:
    """A → B, B → B and B → A, B → C: from A the walk goes to B, then to C."""
    a, b, c, d = random_codes(4, 4096, 20)[:, None]
    memory = form(4096, 20)
    memory.learn(torch.cat([a, b, c]), torch.cat([b, c, d]))
    memory.learn(torch.cat([b, b, c]), torch.cat([b, a, a]), strength=loop)
    walk = memory.recall(a, hops=3)
    assert torch.equal(walk.codes[0], torch.cat([b, c, d]))


def test_no_walk_turns_back_between_like_codes(form: Callable[..., HebbianAssociator]) -> None:
    """The prototype's A → B → B → C: A and B share ones, so B calls up A's target, itself."""
    codes = random_codes(3, 4096, 20)
    a, c = codes[:1], codes[2:]
    b = torch.cat([a[:, :12], codes[1:2, 12:]], dim=1).sort(dim=1).values
    memory = form(4096, 20)
    memory.learn(torch.cat([a, b]), torch.cat([b, c]))
    memory.learn(a, b, strength=4)
    walk = memory.recall(a, hops=2)
    assert torch.equal(walk.codes[0], torch.cat([b, c]))


def test_walk_ends_where_nothing_was_learned(form: Callable[..., HebbianAssociator]) -> None:
    a, b = random_codes(2, 4096, 20)[:, None]
    memory = form(4096, 20)
    empty = memory.recall(a, hops=2)
    assert int(empty.codes.max()) == -1
    memory.learn(a, b)
    walk = memory.recall(a, hops=2)
    assert torch.equal(walk.codes[0, :1], b)
    assert walk.codes[0, 1].tolist() == [-1] * 20
    assert walk.support.tolist() == [[1.0, 0.0]]


def test_batch_of_one_equals_batch_of_many(form: Callable[..., HebbianAssociator]) -> None:
    cues, targets = random_codes(300, 512, 8), random_codes(300, 512, 8, seed=1)
    memory = form(512, 8)
    memory.learn(cues, targets)
    together = memory.recall(cues, hops=2)
    alone = [memory.recall(cue[None], hops=2) for cue in cues[:30]]
    assert torch.equal(together.codes[:30], torch.cat([walk.codes for walk in alone]))
    assert float(overlap(together.codes[:, 0], targets).double().mean()) > 0


def test_refuses_malformed_pairs(form: Callable[..., HebbianAssociator]) -> None:
    memory = form(DIM, K)
    good = random_codes(2, DIM, K)
    with pytest.raises(InvalidInputError, match="as many targets"):
        memory.learn(good, good[:1])
    with pytest.raises(InvalidInputError, match="strength"):
        memory.learn(good, good, strength=0)
    with pytest.raises(InvalidInputError, match="sorted"):
        memory.learn(good.flip(1), good)
    with pytest.raises(InvalidInputError, match="sorted"):
        memory.learn(good, good + DIM)
    with pytest.raises(InvalidInputError, match="hops"):
        memory.recall(good, hops=0)
    with pytest.raises(InvalidInputError, match="shape"):
        memory.recall(good[:, :2])
    fingerprint = memory.fingerprint()
    memory.learn(good[:1], good[:1])
    with pytest.raises(NotFoundError, match="pair 1"):
        memory.weaken(good, good)
    memory.unlearn(good[:1], good[:1])
    assert memory.fingerprint() == fingerprint


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("batch", [1, 3, 70])
def test_walks_by_kernels_equal_the_plain_ones(batch: int, order: int) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    memory = FactoredAssociator(order=order, device="cuda")
    cues = random_codes(6000, 16_384, 50).cuda()
    for part in (slice(0, 2000), slice(2000, 6000)):
        memory.learn(cues[part], cues[part].roll(-1, 0))
        memory.unlearn(cues[part][100:150], cues[part].roll(-1, 0)[100:150])
        found = memory.recall(cues[90 : 90 + batch], hops=4)
        plain = walk(memory, cues[90 : 90 + batch], hops=4)
        assert torch.equal(found.codes, plain.codes)
        assert torch.equal(found.support, plain.support)
