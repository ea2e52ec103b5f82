"""Names by the words that they hold, and words by their sparse codes.

A word's code is a set of hashes that words one typing error apart share (`text.names.code`). Two
names match when their words do, whatever title one of them lacks. Keys only, as everywhere in the
engine; names of a group are found in that group alone, and removing leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nuonuo_memory.engine.graph.edges import EdgeSet
from nuonuo_memory.engine.splitmix64 import mix

MOST_NAMES = 512
"""A word that more names of a group hold is too common to find one by, and is passed over."""


class NameIndex:
    """The distinct names of each group."""

    def __init__(self) -> None:
        self._words = EdgeSet()
        self._codes = EdgeSet()

    def __len__(self) -> int:
        return len(self._words) + len(self._codes)

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        return self._words.nbytes + self._codes.nbytes

    def fingerprint(self) -> str:
        """Digest of what is held, whatever the order in which names came and went."""
        return f"{self._words.fingerprint()}/{self._codes.fingerprint()}"

    def add(
        self, names: Mapping[int, Sequence[int]], codes: Mapping[int, Sequence[int]], *, group: int
    ) -> None:
        """Add names that the group does not hold yet.

        Args:
            names: The words of each name.
            codes: The code of each of these words.
            group: The group.
        """
        words = torch.tensor(sorted({word for each in names.values() for word in each}))
        if not len(words):
            return
        new = words[self._count(words, group) == 0].tolist()
        self._put(self._words, names, group)
        self._put(self._codes, {word: codes[word] for word in new}, group)

    def remove(self, names: Tensor, *, group: int) -> None:
        """Remove names (int64 [n]) that no memory of the group holds any more."""
        gone = self._words.remove_left(_of_group(names, group))
        words = gone.right.unique()
        self._codes.remove_left(_of_group(words[self._count(words, group) == 0], group))

    def alike(self, code: Sequence[int], group: int) -> list[int]:
        """The words of a group's names whose codes share a part with this one."""
        keys = torch.tensor(code, dtype=torch.int64)
        found = self._codes.from_right(keys, torch.full_like(keys, group))
        words: list[int] = _of_group(found.left, group).unique().tolist()
        return words

    def holding(self, word: int, group: int) -> list[int]:
        """The names of a group that hold a word; none where too many do."""
        key = torch.tensor([word])
        if int(self._count(key, group)) > MOST_NAMES:
            return []
        found = self._words.from_right(key, torch.tensor([group]))
        names: list[int] = _of_group(found.left, group).tolist()
        return names

    def sizes(self, names: Sequence[int], group: int) -> list[int]:
        """How many words each name holds."""
        keys = torch.tensor(names, dtype=torch.int64)
        found = self._words.from_left(_of_group(keys, group))
        sizes: list[int] = torch.bincount(found.owner, minlength=len(names)).tolist()
        return sizes

    def _count(self, words: Tensor, group: int) -> Tensor:
        return self._words.right_degree(words, torch.full_like(words, group))

    @staticmethod
    def _put(edges: EdgeSet, parts: Mapping[int, Sequence[int]], group: int) -> None:
        left = torch.tensor([key for key, each in parts.items() for _ in each], dtype=torch.int64)
        right = torch.tensor([one for each in parts.values() for one in each], dtype=torch.int64)
        weight, kind = torch.ones(len(left)), torch.zeros(len(left), dtype=torch.int8)
        edges.add(_of_group(left, group), right, weight=weight, kind=kind, group=group)


def _of_group(keys: Tensor, group: int) -> Tensor:
    """Keys told apart by group; the same again gives them back."""
    return keys ^ mix(torch.tensor(group))
