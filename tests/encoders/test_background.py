"""How an encoder's vectors lie: their mean, and how far answers stand out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from nuonuo_memory.encoders import Encoder, HashingEncoder
from nuonuo_memory.encoders.background import PAIRS, TEXTS, background_of
from nuonuo_memory.encoders.given import GivenVectors


class Told:
    """Gives each pair a direction of its own, its question and its answer by a cosine apart."""

    name = "told"
    dimension = 64

    def __init__(self, cosine: float, cone: float = 0.0) -> None:
        self.cosine, self.cone = cosine, cone
        self.places = {text: i for i, pair in enumerate(PAIRS) for text in pair}

    def _encode(self, texts: Sequence[str], cosine: float) -> torch.Tensor:
        rows = torch.zeros(len(texts), self.dimension)
        for row, text in zip(rows, texts, strict=True):
            if text in self.places:
                row[1 + self.places[text]] = cosine
                row[33 + self.places[text]] = (1 - cosine**2) ** 0.5
            row[0] = self.cone if text in self.places else 1.0
        return torch.nn.functional.normalize(rows, dim=1)

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        return self._encode(texts, 1.0)

    def encode_queries(self, texts: Sequence[str]) -> torch.Tensor:
        return self._encode(texts, self.cosine)


@pytest.mark.parametrize("cosine", [0.2, 0.5, 0.9])
def test_separation_is_how_much_closer_a_question_is_to_its_own_answer(cosine: float) -> None:
    mean, separation = background_of(Told(cosine))
    around = float(mean @ mean)  # all lie at a right angle to the mean
    assert separation == pytest.approx(cosine / (1 + around), abs=1e-3)


def test_an_encoder_of_no_meaning_tells_no_answer() -> None:
    mean, separation = background_of(HashingEncoder())
    assert separation is not None
    assert separation < 0.2
    assert np.linalg.norm(mean) < 1


def test_given_vectors_say_nothing_of_their_encoder() -> None:
    mean, separation = background_of(GivenVectors(8))
    assert separation is None
    assert not mean.any()


def test_the_default_encoder_is_the_one_that_weights_were_chosen_for(minilm: Encoder) -> None:
    separation = background_of(minilm).separation
    assert separation == pytest.approx(0.374, abs=0.002)


def test_texts_and_pairs_say_each_thing_once() -> None:
    every = [*TEXTS, *(text for pair in PAIRS for text in pair)]
    assert len(set(every)) == len(every)
