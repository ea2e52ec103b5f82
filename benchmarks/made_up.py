"""Made-up texts with the word frequencies of a language, and an encoder of them that costs nothing.

Words follow Zipf's law as Mandelbrot (1953) wrote it, p(rank) ∝ 1 / (rank + 2.7); the most
common are English words of grammar, which the product leaves out as in real texts. Everything is
made from a seed, so that two machines measure the same texts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.encoders.base import Encoder

GRAMMAR = """the of and to in a is that for it was on with as be he by at you are his had not this
    have from but which she they or an were their been has will would there if can all her
    """.split()  # noqa: SIM905
"""The most frequent words of English, in about their order."""
WORDS = 60_000
NAMES = 4_000
DIMENSION = 384
_ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pr qu r s sh st t tr v w z".split()  # noqa: SIM905
_VOWELS = "a e i o u ai ea ou".split()  # noqa: SIM905
_CODAS = " l m n r s t nd rk st".split(" ")  # noqa: SIM905


class Turn(NamedTuple):
    """What somebody said, and a question about it in part of its words."""

    text: str
    question: str


class Zipf:
    """Numbers below `size`, small ones often.

    Args:
        size: How many there are.
        first: Ranks before theirs, which are left out.
    """

    def __init__(self, size: int, *, first: int = 0) -> None:
        weights = 1.0 / (np.arange(first, first + size) + 2.7)
        self._below = np.cumsum(weights) / weights.sum()
        self.share = weights / weights.sum()

    def draw(self, chance: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Return `count` numbers, int64 [count]."""
        return np.searchsorted(self._below, chance.random(count)).astype(np.int64)


class Language:
    """Words and names that are always the same.

    Attributes:
        words: By rank, the most frequent first.
        names: By rank, capitalised.
    """

    def __init__(self) -> None:
        made = sorted(_spelt(2 * (WORDS + NAMES)), key=len)
        self.words = [*GRAMMAR, *made[: WORDS - len(GRAMMAR)]]
        self.names = [word.capitalize() for word in made[-NAMES:]]
        self._of_words, self._of_names = Zipf(len(self.words)), Zipf(NAMES)

    @cached_property
    def weights(self) -> dict[str, float]:
        """What a word says, in nats: the logarithm of how rare it is."""
        by_word = zip(self.words, -np.log(self._of_words.share), strict=True)
        by_name = zip(map(str.lower, self.names), -np.log(self._of_names.share), strict=True)
        return {word: float(weight) for word, weight in (*by_word, *by_name)}

    def turns(self, *, seed: int) -> Iterator[Turn]:
        """Yield turns of two to four sentences without end; every other sentence has a name."""
        chance = np.random.default_rng(seed)
        while True:
            said = [self._sentence(chance) for _ in range(int(chance.integers(2, 5)))]
            text = " ".join(f"{' '.join(one)}." for one in said)
            asked = said[int(chance.integers(len(said)))]
            telling = sorted(asked, key=lambda word: -self.weights.get(word.lower(), 0.0))[:4]
            chance.shuffle(telling)
            yield Turn(text, f"What was it about {' '.join(telling)}?")

    def _sentence(self, chance: np.random.Generator) -> list[str]:
        ranks = self._of_words.draw(chance, int(chance.integers(6, 19)))
        words = [self.words[rank] for rank in ranks]
        if chance.random() < 0.5:
            place = int(chance.integers(1, len(words)))
            words[place] = self.names[int(self._of_names.draw(chance, 1)[0])]
        return [words[0].capitalize(), *words[1:]]


def _spelt(count: int) -> list[str]:
    """Make up to `count` different words of one to three syllables."""
    chance = np.random.default_rng(7)
    syllables = [f"{o}{v}{c}" for o in _ONSETS for v in _VOWELS for c in _CODAS]
    drawn = chance.integers(len(syllables), size=(count, 3)).tolist()
    lengths = chance.integers(1, 4, size=count).tolist()
    words = (
        "".join(syllables[one] for one in row[:length])
        for row, length in zip(drawn, lengths, strict=True)
    )
    return list(dict.fromkeys(words))


class WordVectors:
    """Sums of random vectors of the words, rare words more: a few microseconds for a text."""

    name = "word-vectors"
    dimension = DIMENSION

    def __init__(self, language: Language) -> None:
        self._row = {word: row for row, word in enumerate(language.weights, start=1)}
        weights = torch.tensor([1.0, *language.weights.values()])
        made = torch.Generator().manual_seed(3)
        self._vectors = torch.randn(len(weights), DIMENSION, generator=made) * weights[:, None]

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts: float32 `[n, 384]`, unit rows."""
        rows: list[int] = []
        starts: list[int] = []
        for text in texts:
            starts.append(len(rows))
            rows.extend(self._row.get(word.strip(".?"), 0) for word in text.lower().split())
        summed = torch.nn.functional.embedding_bag(
            torch.tensor(rows), self._vectors, torch.tensor(starts), mode="sum"
        )
        return torch.nn.functional.normalize(summed, dim=1)

    encode_queries = encode


class Recorded:
    """An encoder that keeps the vectors it made of texts, in half precision.

    Args:
        encoder: Makes them.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.dimension = encoder.name, encoder.dimension
        self._parts: list[Tensor] = []

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts, and keep the vectors."""
        vectors = self._encoder.encode(texts)
        self._parts.append(vectors.to("cpu", torch.float16))
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions, which are not kept."""
        return self._encoder.encode_queries(texts)

    def vectors(self) -> Tensor:
        """Return what was kept, float32 [n, dimension], unit rows."""
        return torch.nn.functional.normalize(torch.cat(self._parts).float(), dim=1)


_WHO = "Ada Bruno Chiara Dmitri Elif Farid Greta Hugo Ines Jonas Kira Liam Mona Nils"
_DID = "repaired painted sold borrowed lost found photographed described wanted returned"
_WHAT = "bicycle kettle violin tent ladder atlas lantern saddle telescope carpet drone stove"
_WHERE = "harbour market attic garden station library workshop chapel bakery island"


def sentence(chance: random.Random) -> str:
    """Make an English sentence of four words by choice and a number: many are near each other."""
    who, did, what, where = (chance.choice(one.split()) for one in (_WHO, _DID, _WHAT, _WHERE))
    return f"{who} {did} the {what} number {chance.randrange(1000)} at the {where}."


def clustered(rows: int, dimension: int, seed: int) -> Tensor:
    """Make unit vectors around one centre for each 50: neighbours are near, as sentences' are."""
    made = torch.Generator().manual_seed(seed)
    centres = torch.randn(max(1, rows // 50), dimension, generator=made)
    vectors = torch.empty(rows, dimension)
    for part in torch.arange(rows).split(100_000):
        which = torch.randint(0, len(centres), (len(part),), generator=made)
        vectors[part] = centres[which] + torch.randn(len(part), dimension, generator=made)
    return torch.nn.functional.normalize(vectors, dim=1)


def exact_nearest(vectors: Tensor, queries: Tensor, k: int) -> Tensor:
    """Return the places [B, k] of the nearest vectors by float64 inner product."""
    asked = queries.double().T
    scores = torch.cat([part.double() @ asked for part in vectors.split(50_000)])
    return scores.T.topk(k).indices
