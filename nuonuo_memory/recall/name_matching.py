"""The names that a question shares with memories, in equal form or by their codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch

from nuonuo_memory.index.memory_index import MemoryIndex
from nuonuo_memory.text.names import code, known_spans, name_key, name_tokens, name_words
from nuonuo_memory.text.terms import term_id, words


class _Match(NamedTuple):
    """A name whose words a question holds at some places."""

    overlap: float
    places: frozenset[int]
    name: int


def names_in(
    question: str, index: MemoryIndex, groups: Sequence[int], *, overlap: float
) -> list[int]:
    """The keys of the names in a question that memories of these groups hold.

    What is known in no equal form is matched by codes: a word that no memory holds stands for those
    one slip away, and a name is found by most of its words.

    Args:
        question: As asked.
        index: Holds the names.
        groups: Keys of the namespaces asked.
        overlap: Share of a name's words that the question must hold; above 1 only names in equal
            form are found.
    """

    def known(forms: Sequence[str]) -> list[bool]:
        held = [name_key(form) for form in forms]
        keys = torch.tensor(held, dtype=torch.int64, device=index.graph.device)
        counts = [index.graph.frequency(keys, torch.full_like(keys, group)) for group in groups]
        return (sum(counts, torch.zeros_like(keys)) > 0).tolist()

    spans = known_spans(question, known)
    taken = {place for start, end, _ in spans for place in range(start, end)}
    found = [name_key(form) for _, _, form in spans]
    tokens = name_tokens(question)
    for run in _runs(tokens, taken) if overlap <= 1 else ():
        for group in groups:
            found += _alike(tokens, run, index, group, overlap=overlap)
    return list(dict.fromkeys(found))


def _runs(tokens: Sequence[str], taken: set[int]) -> Iterator[list[int]]:
    """Places of neighbouring words that belong to no known name."""
    free = [place for place in range(len(tokens)) if place not in taken]
    for _, run in groupby(enumerate(free), lambda one: one[1] - one[0]):
        yield [place for _, place in run if name_words(tokens[place])]


def _alike(
    tokens: Sequence[str], run: Sequence[int], index: MemoryIndex, group: int, *, overlap: float
) -> list[int]:
    """Names of a group that a run of words means, best first, no word used twice."""
    held: dict[int, set[int]] = {}
    slips: set[int] = set()
    for place in run:
        alike = _words_alike(tokens[place], index, group)
        if alike.slip:
            slips.add(place)
        for name in {name for word in alike.words for name in index.names.holding(word, group)}:
            held.setdefault(name, set()).add(place)
    keys = [name for name, places in held.items() if len(places) > 1 or places <= slips]
    matches = [
        _Match(len(held[name]) / size, frozenset(held[name]), name)
        for name, size in zip(keys, index.names.sizes(keys, group), strict=True)
        if size * overlap <= len(held[name]) <= size
    ]
    chosen: list[_Match] = []
    for match in sorted(matches, key=lambda one: (-len(one.places), -one.overlap, one.name)):
        if all(match.places.isdisjoint(other.places) for other in chosen):
            chosen.append(match)
    return [match.name for match in chosen]


class _Alike(NamedTuple):
    words: Sequence[int]
    slip: bool


def _words_alike(word: str, index: MemoryIndex, group: int) -> _Alike:
    """The words of names that a word means: itself or, where no memory holds it, those like it."""
    terms = torch.tensor([term_id(term) for term in words(word)], dtype=torch.int64)
    if not len(terms) or bool((index.terms.document_frequency(terms, [group]) > 0).any()):
        return _Alike([name_key(word)], slip=False)
    return _Alike(index.names.alike(code(word), group), slip=True)
