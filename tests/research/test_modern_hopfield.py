"""The Hopfield component: its equations, its regimes, and the β that theory asks for."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nuonuo_memory.engine.hopfield import theory
from nuonuo_memory.engine.hopfield.settle import settle
from nuonuo_memory.errors import InvalidInputError, VectorError
from nuonuo_memory.research.entmax import ALPHAS, entmax, entropy, margin
from nuonuo_memory.research.modern_hopfield import ModernHopfield


def unit(n: int, d: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(x, dim=1)


def network(n: int, d: int, **settings_: float) -> ModernHopfield:
    net = ModernHopfield(d, **settings_).double()
    net.store(unit(n, d))
    return net


rows = st.lists(
    st.lists(st.floats(-20, 20, width=32), min_size=5, max_size=5), min_size=1, max_size=3
)


@given(rows, st.sampled_from(ALPHAS))
@settings(max_examples=60, deadline=None)
def test_entmax_is_the_best_point_of_the_simplex(values: list[list[float]], alpha: float) -> None:
    z = torch.tensor(values, dtype=torch.float64)
    p = entmax(z, alpha)
    assert bool((p >= 0).all())
    torch.testing.assert_close(p.sum(1), torch.ones(len(z), dtype=torch.float64))
    best = (p * z).sum(1) + entropy(p, alpha)
    generator = torch.Generator().manual_seed(0)
    for corner in torch.softmax(4 * torch.randn(200, 5, generator=generator).double(), dim=1):
        q = 0.3 * corner + 0.7 * p
        assert bool(((q * z).sum(1) + entropy(q, alpha) <= best + 1e-6).all())


@pytest.mark.parametrize("alpha", [1.5, 2.0])
def test_entmax_is_one_hot_at_its_margin(alpha: float) -> None:
    lead = margin(alpha)
    assert entmax(torch.tensor([[lead, 0.0, 0.0]]), alpha).tolist() == [[1.0, 0.0, 0.0]]
    assert float(entmax(torch.tensor([[lead * 0.9, 0.0, 0.0]]), alpha)[0, 0]) < 1


def test_agrees_with_settle() -> None:
    net = network(50, 16, beta=6.0, max_steps=4, tolerance=1e-6)
    queries = unit(8, 16, seed=1)
    mine = net.retrieve(queries)
    other = settle(queries, net.patterns.expand(8, -1, -1), beta=6.0, max_steps=4, tolerance=1e-6)
    torch.testing.assert_close(mine.state, other.state, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(mine.attention, other.attention, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(mine.energy, other.energy, atol=1e-6, rtol=1e-6)
    assert torch.equal(mine.steps, other.steps)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("beta", [0.5, 4.0, 30.0])
def test_energy_never_rises_and_stays_in_its_bounds(alpha: float, beta: float) -> None:
    net = network(40, 12, beta=beta, alpha=alpha)
    state = unit(20, 12, seed=2)
    energy = net.energy(state)
    for _ in range(8):
        assert bool((energy >= -1e-9).all())
        assert bool((energy <= 2 * net.longest() ** 2 + 1e-9).all())
        state = entmax(beta * state @ net.patterns.T, alpha) @ net.patterns
        lower = net.energy(state)
        assert bool((lower <= energy + 1e-9).all())
        energy = lower


def test_separation_is_the_gap_to_the_nearest_other() -> None:
    net = network(1500, 8)
    products = net.patterns @ net.patterns.T
    products.fill_diagonal_(-math.inf)
    torch.testing.assert_close(net.separation(), 1 - products.amax(1))
    alone = network(1, 8)
    assert alone.separation().tolist() == [math.inf]


def test_regimes_from_one_pattern_to_the_mean_of_all() -> None:
    queries = unit(100, 32)
    assert network(100, 32, beta=60.0).regime(queries).tolist() == [1] * 100
    assert int(network(100, 32, beta=0.01).regime(queries).min()) >= 89
    pairs = ModernHopfield(32, beta=60.0).double()
    pairs.store(torch.nn.functional.normalize(queries[:40].repeat(2, 1) + 0.02 * unit(80, 32, 3)))
    assert set(pairs.regime(queries[:40]).tolist()) == {2}


@pytest.mark.parametrize("count", [10, 300, 3000])
@pytest.mark.parametrize("d", [16, 64])
def test_beta_for_error_keeps_its_promise(count: int, d: int) -> None:
    net = network(count, d, max_steps=1)
    separation = float(net.separation().min())
    net.beta = theory.beta_for_error(count, separation, error=0.01)
    missed = (net(net.patterns) - net.patterns).norm(dim=1)
    assert float(missed.max()) <= 0.01
    assert theory.error_bound(net.beta, separation, count) == pytest.approx(0.01)


def test_log_of_the_number_alone_is_too_low() -> None:
    """The prototype's β ≈ ln N leaves close patterns in a mixture; ours does not."""
    net = network(2000, 16, max_steps=1)
    net.beta = math.log(2000)
    assert float((net(net.patterns) - net.patterns).norm(dim=1).median()) > 0.3
    net.beta = net.suggest_beta(error=0.05, share=0.95)
    missed = (net(net.patterns) - net.patterns).norm(dim=1)
    assert float((missed <= 0.05).double().mean()) >= 0.95


def test_beta_for_fixed_point_is_where_the_condition_turns() -> None:
    for count, separation in ((5, 0.9), (1000, 0.5), (100_000, 0.1)):
        beta = theory.beta_for_fixed_point(count, separation)

        def needed(b: float, n: int = count) -> float:
            return 2 / (b * n) + math.log(2 * (n - 1) * n * b) / b

        assert needed(beta * 1.001) <= separation <= needed(beta * 0.999)


@pytest.mark.parametrize("alpha", [1.5, 2.0])
def test_sparse_attention_retrieves_exactly(alpha: float) -> None:
    """From β Δ ≥ 1/(α−1) on, whatever the number of patterns; softmax at that β does not."""
    net = network(3000, 24, alpha=alpha, max_steps=1)
    net.beta = margin(alpha) / float(net.separation().min()) * (1 + 1e-9)
    assert bool(net.fixed_points().all())
    assert torch.equal(net(net.patterns), net.patterns)
    soft = network(3000, 24, beta=net.beta, max_steps=1)
    assert float((soft(soft.patterns) - soft.patterns).norm(dim=1).max()) > 0.01


def test_fixed_points_are_fixed() -> None:
    net = network(50, 64, beta=40.0, max_steps=100, tolerance=1e-12)
    sure = net.fixed_points()
    assert bool(sure.any())
    rest = net(net.patterns)
    radius = 1 / (net.beta * 50 * net.longest())
    assert float((rest - net.patterns).norm(dim=1)[sure].max()) <= radius


def test_capacity_as_published() -> None:
    """Ramsauer et al. give c >= 3.1546 at β 1, K 3, d 20, and 1.3718 at K 1, d 75 (p 0.001)."""
    for d, scale, c in ((20, 3.0, 3.1546), (75, 1.0, 1.3718)):
        found = theory.capacity(d, scale=scale, failure=1e-3)
        base = 2 ** ((found - 0.5 * math.log2(1e-3)) * 4 / (d - 1))
        assert base == pytest.approx(c, abs=2e-4)
    assert 0 < theory.usual_separation(1000, 384) < 1


def test_is_a_module() -> None:
    net = network(20, 8, beta=5.0)
    other = ModernHopfield(8, beta=5.0).double()
    other.load_state_dict(net.state_dict())
    queries = unit(3, 8, seed=4).requires_grad_()
    other(queries).sum().backward()
    assert queries.grad is not None
    assert bool(queries.grad.abs().sum() > 0)
    torch.testing.assert_close(other(queries), net(queries))
    indices, weights = net.retrieve_top(net.patterns, 3)
    assert indices.shape == weights.shape == (20, 3)
    assert bool((weights[:, 0] >= weights[:, 1]).all())


def test_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(InvalidInputError, match="alpha"):
        ModernHopfield(8, alpha=3.0)
    net = ModernHopfield(8)
    with pytest.raises(InvalidInputError, match="store"):
        net(torch.zeros(1, 8))
    with pytest.raises(VectorError):
        net.store(torch.zeros(1, 9))
    with pytest.raises(InvalidInputError, match="no beta"):
        theory.beta_for_error(10, 0.5, distance=0.3)
    with pytest.raises(InvalidInputError, match="alpha"):
        entmax(torch.zeros(1, 2), 1.3)
    net.store(torch.zeros(2, 8))
    with pytest.raises(InvalidInputError, match="no beta"):
        net.suggest_beta()
