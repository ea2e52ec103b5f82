"""The reading side: from questions to memories, best first, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.core import Core
from nuonuo_memory.encoders.base import encode_checked, unit
from nuonuo_memory.engine.confidence import Calibration
from nuonuo_memory.engine.hopfield.attention import Retrieved, settle_candidates
from nuonuo_memory.engine.vectors.pooling import centred
from nuonuo_memory.engine.vectors.search import Candidates, nearest, similarities
from nuonuo_memory.options import Asked
from nuonuo_memory.recall.association import Following
from nuonuo_memory.recall.candidates import Look, Looker, Place, Shared, question_terms
from nuonuo_memory.recall.paths import Paths
from nuonuo_memory.recall.rank import confidence, rank
from nuonuo_memory.recall.results import Ranking, hits
from nuonuo_memory.recall.score import Weighing
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.question import Asked as AskedFor
from nuonuo_memory.text.question import asked as read_question
from nuonuo_memory.types import Hit, Recall


@dataclass(frozen=True, slots=True)
class Question:
    """One question on its way to an answer.

    Attributes:
        asked_for: What it asks for.
        direction: Its unit vector, [1, d].
        looker: Looks up what is its own of that.
        shared: Its words in the memories.
        near: The nearest cues; its tensors have one row.
        settled: How the network settled among those cues; its tensors have one row.
    """

    asked_for: AskedFor
    direction: Tensor
    looker: Looker
    shared: Shared
    near: Candidates
    settled: Retrieved


class Batch(NamedTuple):
    """Some questions that look into one place, a row each.

    Attributes:
        directions: Their unit vectors, [n, d].
        queries: These without what the cues there have in common.
        near: The nearest cues.
        settled: How the network settled among them.
    """

    place: Place
    directions: Tensor
    queries: Tensor
    near: Candidates
    settled: Retrieved


class Recalling:
    """Answers questions from the index and the store."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def recall(self, texts: Sequence[str], ask: Asked) -> list[Recall]:
        """Return one answer for each question."""
        core = self._core
        associate = core.config.associate if ask.associate is None else ask.associate
        step = self._follow if associate else self._rank
        return self._answers(texts, ask, step)

    def follow(self, text: str, ask: Asked) -> Recall:
        """Return what is tied by association to what a question brings to mind."""
        return self._answers([text], ask, self._follow)[0]

    def _answers(self, texts: Sequence[str], ask: Asked, step: Step) -> list[Recall]:
        core = self._core
        core.require_open()
        if not texts:
            return []
        directions = self._directions(texts, ask).to(core.device)
        with core.lock:
            core.follow()
            batch = self._look(directions, ask)
            return [
                self._answer(self._question(one, batch, row), ask, step)
                for row, one in enumerate(read_question(text, now=ask.now) for text in texts)
            ]

    def _look(self, directions: Tensor, ask: Asked) -> Batch:
        """Find the nearest cues of some questions, and settle among them."""
        cue_index, config, place = self._core.index.cues, self._core.config, self._place(ask)
        queries = centred(cue_index, directions, place.groups, share=config.ranking.common)
        near = nearest(
            cue_index,
            queries,
            groups=[place.groups] * len(queries),
            k=max(config.hopfield.candidates, 4 * ask.k),
            allowed=place.allowed,
        )
        settled = settle_candidates(queries, near, k=ask.k, config=config.hopfield)
        return Batch(place, directions, queries, near, settled)

    def _directions(self, texts: Sequence[str], ask: Asked) -> Tensor:
        """The questions' unit vectors, float32 [n, dimension]."""
        if ask.vector is None:
            return encode_checked(self._core.encoder, texts, queries=True)
        return torch.from_numpy(unit(ask.vector, self._core.encoder.dimension))[None]

    def _place(self, ask: Asked) -> Place:
        store, query = self._core.store, ask.query
        groups = self._core.index.groups(
            store, query.namespace or self._core.namespace, prefix=query.prefix
        )
        return Place(groups, torch.from_numpy(store.find_keys(query)) if ask.filtered else None)

    def _question(self, asked_for: AskedFor, batch: Batch, row: int) -> Question:
        one = slice(row, row + 1)
        looker = Looker(
            self._core.index,
            batch.queries[one],
            question_terms(asked_for.topic),
            batch.place,
            beta=self._core.config.hopfield.beta,
        )
        return Question(
            asked_for,
            batch.directions[one],
            looker,
            looker.shared(),
            Candidates(*(column[one] for column in batch.near)),
            Retrieved(*(column[one] for column in batch.settled)),
        )

    def _answer(self, question: Question, ask: Asked, step: Step) -> Recall:
        ranking = step(question, ask)
        sure = confidence(
            ranking.look,
            ranking.keys,
            question.shared,
            Calibration(self._core.store.calibration),
        )
        settled = question.settled
        return Recall(
            query=question.asked_for.text,
            hits=self._hits(question, ranking, ask) if sure >= ask.min_confidence else (),
            confidence=sure,
            energy=float(settled.energy[0]),
            entropy=float(settled.entropy[0]),
            margin=float(settled.margin[0]),
        )

    def _hits(self, question: Question, ranking: Ranking, ask: Asked) -> tuple[Hit, ...]:
        cue_index = self._core.index.cues

        def near(cues: Ints) -> NDArray[np.float64]:
            cosines = np.zeros(len(cues))
            held = cues >= 0
            asked = similarities(cue_index, question.direction, torch.from_numpy(cues[held]))
            cosines[held] = asked.cpu().numpy()
            return cosines

        second = self._core.config.ranking.second
        return hits(self._core.store, ranking, ask, second=second, near=near)

    def _candidates(self, question: Question) -> Look:
        """What the question brings up by meaning and by words, looked at closely."""
        near = question.near.memory_ids[0].cpu().numpy()
        by_words, peak = question.looker.by_words(self._core.config.ranking.words)
        return question.looker.at(np.union1d(near[near >= 0], by_words), peak)

    def _rank(self, question: Question, ask: Asked) -> Ranking:
        words = self._core.config.ranking.words
        return rank(self._weighing(question), question.looker.roughly(question.near, words), ask)

    def _follow(self, question: Question, ask: Asked) -> Ranking:
        core = self._core
        first = self._candidates(question)
        following = Following(
            self._weighing(question),
            words_of=self._words_of,
            config=ask.association(core.config.association),
        )
        start = None if ask.start is None else self._start(ask.start)
        reached = following.go(first, start, ask)
        paths = Paths(core.store, reached)
        return Ranking(reached.keys, reached.scores, reached.look, paths.of)

    def _weighing(self, question: Question) -> Weighing:
        return Weighing(
            question.asked_for,
            question.looker,
            question.shared,
            said=self._said,
            config=self._core.config.ranking,
        )

    def _start(self, given: Mapping[str, float]) -> dict[int, float]:
        """Activation by key of the memories that there are."""
        keys = self._core.store.keys(list(given))
        return {key: float(given[id_]) for id_, key in keys.items() if given[id_] > 0}

    def _said(self, cues: Sequence[int]) -> dict[int, str]:
        """The texts of cues, by key."""
        return {key: row.text for key, row in self._core.store.cue_rows(cues).items()}

    def _words_of(self, key: int) -> Tensor:
        return question_terms(self._core.store.get_keys([key])[key].text)


Step = Callable[[Question, Asked], Ranking]
