"""What a memory is compared with, on the same texts, with the same encoder and the same scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.engine.bm25.term_index import TermIndex
from nuonuo_memory.evaluation.data import Session
from nuonuo_memory.text.terms import terms
from nuonuo_memory.write.drafts import Conversation, LastTurn, draft_turns

Turn = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Baselines:
    """Three simple ways to find a turn.

    Attributes:
        turns: The n turns, in order.
        whole: [n, d] one vector per turn, of as much of it as the encoder reads.
        cues: [c, d] vectors of all cues.
        owner: [c] int64, the place of each cue's turn.
        words: BM25 over the turns.
    """

    encoder: Encoder
    turns: Sequence[Turn]
    whole: Tensor
    cues: Tensor
    owner: Tensor
    words: TermIndex

    def find(self, question: str, k: int) -> dict[str, tuple[list[Turn], list[str]]]:
        """Return the k best turns and sessions of each baseline by name.

        `one_vector_per_turn` is exact cosine, `bm25` words alone, and `cosine_all_cues` the best of
        a turn's cues by exact cosine, without settling or any other evidence.
        """
        query = self.encoder.encode_queries([question])[0]
        best = torch.full((len(self.turns),), -torch.inf)
        best = best.scatter_reduce(0, self.owner, self.cues @ query, "amax")
        ids, _ = terms(question)
        every = torch.arange(len(self.turns))
        lexical = self.words.scores_of(torch.from_numpy(ids), [0], memory_ids=every)
        return {
            "one_vector_per_turn": self._ranked((self.whole @ query).numpy(), k),
            "bm25": self._ranked(lexical.numpy(), k),
            "cosine_all_cues": self._ranked(best.numpy(), k),
        }

    def _ranked(self, scores: NDArray[np.floating], k: int) -> tuple[list[Turn], list[str]]:
        order = np.argsort(-scores, kind="stable")
        ranked = [self.turns[place] for place in order]
        sessions = list(dict.fromkeys(session for session, _ in ranked))
        return ranked[:k], sessions[:k]


def baselines(sessions: Sequence[Session], encoder: Encoder, *, config: MemoryConfig) -> Baselines:
    """Prepare the baselines for some sessions."""
    turns: list[Turn] = []
    texts: list[str] = []
    cues: list[str] = []
    owner: list[int] = []
    for session in sessions:
        said = Conversation(session.messages, namespace=("default",), session=session.id)
        for draft in draft_turns(said, {}, last=LastTurn(), config=config.cues):
            owner.extend([len(turns)] * len(draft.cues))
            cues.extend(cue.text for cue in draft.cues)
            turns.append((session.id, draft.turn or 0))
            texts.append(draft.said)
    index = TermIndex()
    found = [terms(text) for text in texts]
    index.add(
        torch.arange(len(texts)),
        torch.tensor([0, *np.cumsum([len(ids) for ids, _ in found])]),
        term_ids=torch.from_numpy(np.concatenate([ids for ids, _ in found])),
        counts=torch.from_numpy(np.concatenate([counts for _, counts in found])),
        group=0,
    )
    return Baselines(
        encoder,
        turns,
        encode_checked(encoder, texts).cpu(),
        encode_checked(encoder, cues).cpu(),
        torch.tensor(owner),
        index,
    )
