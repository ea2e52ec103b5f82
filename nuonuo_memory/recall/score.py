"""What speaks for a memory: the evidence that a question has for it, summed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.config import RankingConfig
from nuonuo_memory.recall.candidates import Look, Looker, Shared
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.text.question import Asked as AskedFor
from nuonuo_memory.text.question import speaks_of_self

_APART = 2.0
"""Two cosines differ by no more: from here on no joined cue has a vote."""

TextsOf = Callable[[Sequence[int]], Mapping[int, str]]
"""From cues to their texts."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Weighs memories for one question, on the scale of a cosine.

    Attributes:
        asked_for: What the question asks for.
        looker: Looks it up.
        shared: Its words in the memories.
        said: Reads cues.
        config: What each part of the evidence counts.
    """

    asked_for: AskedFor
    looker: Looker
    shared: Shared
    said: TextsOf
    config: RankingConfig

    def alone(self, look: Look, keys: Ints) -> NDArray[np.float64]:
        """The evidence for memories that were looked at, without that for the turns beside them."""
        base = look.base(self.config.lexical)[np.searchsorted(look.keys, keys)]
        gained = self._asked_for(keys)
        return base + self.config.session * self.looker.sessions(self.shared, keys) + gained

    def together(self, look: Look, keys: Ints) -> NDArray[np.float64]:
        """All the evidence for memories that were looked at with the turns beside them."""
        config = self.config
        base = look.base(config.lexical)
        scores = self.alone(look, keys) + self._in_context(look, keys)
        for step, weight in ((-1, config.previous), (1, config.following)):
            scores = scores + weight * self._beside(keys, step, look, base)
        if self.asked_for.speaker == "user" and config.own:
            scores = scores + config.own * self._own(look.cues[np.searchsorted(look.keys, keys)])
        return scores

    def _beside(
        self, keys: Ints, step: int, look: Look, base: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The evidence for the turn beside each memory, 0 where there is none."""
        others = self.looker.index.attributes.neighbours(keys, step)
        places = np.searchsorted(look.keys, others).clip(0, len(look.keys) - 1)
        return np.where(look.keys[places] == others, base[places], 0.0) if len(keys) else base[:0]

    def _in_context(self, look: Look, keys: Ints) -> NDArray[np.float64]:
        """What each memory gains when its best cue and that of the turn before vote as one more."""
        gained = np.zeros(len(keys))
        if not len(keys) or self.config.context >= _APART:
            return gained
        own = np.searchsorted(look.keys, keys)
        before = self.looker.index.attributes.neighbours(keys, -1)
        other = np.searchsorted(look.keys, before).clip(0, len(look.keys) - 1)
        held = (look.keys[other] == before) & (look.cues[own] >= 0) & (look.cues[other] >= 0)
        if held.any():
            own, other, beta = own[held], other[held], self.looker.beta
            vote = self.looker.joined(look, (own, other)) - self.config.context
            summed = look.summed[own]
            gained[held] = np.logaddexp(beta * summed, beta * vote) / beta - summed
        return gained

    def _own(self, cues: Ints) -> NDArray[np.float64]:
        """1 for each memory whose best cue states something in the first person, else 0."""
        texts = self.said(cues[cues >= 0].tolist())
        return np.array(
            [speaks_of_self(texts.get(cue, "")) for cue in cues.tolist()], dtype=np.float64
        )

    def _asked_for(self, keys: Ints) -> NDArray[np.float64]:
        """What a memory gains by being strong, or of the speaker or time that is asked for."""
        config, ask, attributes = self.config, self.asked_for, self.looker.index.attributes
        held = attributes.of(keys)
        gain = config.strength * (held.strengths - 1.0)
        user = np.isin(held.roles, attributes.role_codes(["user"]))
        if ask.speaker == "user":
            gain += config.speaker * user
        elif ask.speaker == "assistant":
            gain += config.assistant * (~user & (held.roles >= 0))
        if ask.period is not None:
            near = [
                0.0 if np.isnan(at) else ask.period.nearness(datetime.fromtimestamp(at, UTC))
                for at in held.at.tolist()
            ]
            gain += config.period * np.array(near)
        return gain
