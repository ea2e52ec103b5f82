"""SplitMix64 against its published outputs."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from nuonuo_memory.engine.splitmix64 import GAMMA, mix, signed

MODULO = 2**64


def plain(state: int) -> int:
    """The generator in Python's own integers."""
    z = (state + GAMMA) % MODULO
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % MODULO
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % MODULO
    return z ^ (z >> 31)


def test_the_outputs_from_seed_1234567_are_the_published_ones() -> None:
    states = torch.tensor([signed(1234567 + n * GAMMA) for n in range(5)])
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert [value % MODULO for value in mix(states).tolist()] == published


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8))
def test_every_state_gives_what_plain_integers_give(states: list[int]) -> None:
    found = mix(torch.tensor(states, dtype=torch.int64)).tolist()
    assert found == [signed(plain(state % MODULO)) for state in states]
