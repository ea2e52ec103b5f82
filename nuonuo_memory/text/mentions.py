"""What a text mentions and what it is about: the ties that associations are made of.

`RuleLinkExtractor` needs no model. `CallableLinkExtractor` takes a language model's triples, and
`SpacyLinkExtractor` the entities of a spaCy pipeline.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import regex

from nuonuo_memory.errors import InvalidInputError, MissingDependencyError
from nuonuo_memory.text.names import names, normal, plain_words, title_forms

Kind: TypeAlias = Literal["mention", "about"]

Triple: TypeAlias = tuple[str, str, str]
"""Subject, relation and object, as a language model states a fact."""

WORDS_UP_TO = 600
"""A text no longer than this, without title or heading, is also tied by its plain words: a message
says little by names."""

WORD_WEIGHT = 0.5
"""How surely a shared plain word ties two messages, where a shared name counts 1."""

HEADING_CHARS = 120
"""A first line no longer than this, and not ended like a sentence, is a heading."""

_ENDS = regex.compile(r"[\p{Terminal_Punctuation}…]")
_SUBJECT_FOLLOWS = re.compile(
    r"\s*(?:[(,（，、]"
    r"|(?:is|was|are|were|ist|war|sind|est|était|es|era|fue|é|foi|è|fu|является|был|была)\b"
    r"|[—–]\s|是|は|[은는]\s)"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """One name that ties a text to others.

    Attributes:
        name: Its normal form; texts that hold the same form are tied.
        kind: `about` when the text is about the thing, else `mention`.
        weight: How surely, in (0, 1].
        text: The name as written, for people to read.
    """

    name: str
    kind: Kind
    weight: float
    text: str


@runtime_checkable
class LinkExtractor(Protocol):
    """Finds what texts mention and what they are about."""

    def extract(
        self, texts: Sequence[str], *, titles: Sequence[str | None] | None = None
    ) -> list[list[Mention]]:
        """The mentions of each text, each name once.

        Args:
            texts: Memories' texts.
            titles: What each is called, where known apart from the text.
        """


class RuleLinkExtractor:
    """Names by capitals, and the plain words of short messages.

    The title, heading or subject is what a text is about.
    """

    def extract(
        self, texts: Sequence[str], *, titles: Sequence[str | None] | None = None
    ) -> list[list[Mention]]:
        """The mentions of each text, each name once, what it is about first."""
        given = _titles(texts, titles)
        return [_by_rules(text, title) for text, title in zip(texts, given, strict=True)]


class CallableLinkExtractor:
    """Entities and triples from any function, as a language model gives them.

    Args:
        triples: Returns the (subject, relation, object) triples of each text; subjects and objects
            become mentions, which no rule would find in lower case.
        rules: Add what `RuleLinkExtractor` finds.
    """

    def __init__(
        self,
        triples: Callable[[Sequence[str]], Sequence[Iterable[Triple]]],
        *,
        rules: bool = True,
    ) -> None:
        self._triples = triples
        self._rules = rules

    def extract(
        self, texts: Sequence[str], *, titles: Sequence[str | None] | None = None
    ) -> list[list[Mention]]:
        """The mentions of each text, each name once, what it is about first.

        Raises:
            InvalidInputError: When the function returns another number of results, or a triple
                that is not three strings.
        """
        found = list(self._triples(list(texts)))
        if len(found) != len(texts):
            raise InvalidInputError(
                f"triples must return one collection for each text: expected {len(texts)}, "
                f"got {len(found)}"
            )
        result = []
        for text, title, triples in zip(texts, _titles(texts, titles), found, strict=True):
            mentions = _by_rules(text, title) if self._rules else _about(text, title)
            for triple in triples:
                subject, target = _ends(triple)
                mentions += [_mention(subject), _mention(target)]
            result.append(_once(mentions))
        return result


class SpacyLinkExtractor:
    """Named entities by a spaCy pipeline, beside what the title or heading says.

    Args:
        model: Name of an installed pipeline, or a loaded one.

    Raises:
        MissingDependencyError: When spaCy or the pipeline is not installed.
    """

    def __init__(self, model: Any = "en_core_web_sm") -> None:  # noqa: ANN401 - spaCy is untyped
        self._pipeline = _load_spacy(model) if isinstance(model, str) else model

    def extract(
        self, texts: Sequence[str], *, titles: Sequence[str | None] | None = None
    ) -> list[list[Mention]]:
        """The mentions of each text, each name once, what it is about first."""
        skipped = {"DATE", "TIME", "PERCENT", "MONEY", "QUANTITY", "ORDINAL", "CARDINAL"}
        result = []
        parsed = self._pipeline.pipe(list(texts))
        for text, title, document in zip(texts, _titles(texts, titles), parsed, strict=True):
            entities = [e.text for e in document.ents if e.label_ not in skipped]
            result.append(_once(_about(text, title) + [_mention(e) for e in entities]))
        return result


def heading(text: str) -> str | None:
    """The heading that a text opens with, if it does."""
    first, newline, rest = text.partition("\n")
    line = first.strip().lstrip("#").strip()
    if not newline or not rest.strip() or not line or len(line) > HEADING_CHARS:
        return None
    return None if _ENDS.match(line[-1]) else line


def _titles(texts: Sequence[str], titles: Sequence[str | None] | None) -> Sequence[str | None]:
    if titles is None:
        return [None] * len(texts)
    if len(titles) != len(texts):
        raise InvalidInputError(
            f"titles must be as many as texts: expected {len(texts)}, got {len(titles)}"
        )
    return titles


def _about(text: str, title: str | None) -> list[Mention]:
    called = title or heading(text)
    if called is not None:
        return [Mention(form, "about", 1.0, called) for form in title_forms(called)]
    start = len(text) - len(text.lstrip())
    for name in names(text[: 4 * HEADING_CHARS]):
        leads = name.start <= start + 4 and text[: name.start].strip().casefold() in ("", "the")
        after = text[name.start + len(name.text) :]
        return (
            [Mention(name.form, "about", 1.0, name.text)]
            if leads and _SUBJECT_FOLLOWS.match(after)
            else []
        )
    return []


def _by_rules(text: str, title: str | None) -> list[Mention]:
    found = [Mention(name.form, "mention", 1.0, name.text) for name in names(text)]
    if len(text) <= WORDS_UP_TO and not title and heading(text) is None:
        named = {mention.name for mention in found}
        found += [
            Mention(form, "mention", WORD_WEIGHT, word)
            for word, form in plain_words(text)
            if normal(word) not in named
        ]
    return _once(_about(text, title) + found)


def _mention(text: str) -> Mention:
    return Mention(normal(text), "mention", 1.0, text)


def _once(mentions: Iterable[Mention]) -> list[Mention]:
    first: dict[str, Mention] = {}
    for mention in mentions:
        if mention.name:
            first.setdefault(mention.name, mention)
    return list(first.values())


def _ends(triple: Triple) -> tuple[str, str]:
    if len(triple) != 3 or not all(isinstance(part, str) for part in triple):
        raise InvalidInputError(f"a triple must be three strings, got {triple!r}")
    return triple[0], triple[2]


def _load_spacy(model: str) -> Any:  # noqa: ANN401 - spaCy is untyped
    try:
        spacy = importlib.import_module("spacy")
    except ImportError as error:
        raise MissingDependencyError("SpacyLinkExtractor needs spaCy: pip install spacy") from error
    try:
        return spacy.load(model)
    except OSError as error:
        raise MissingDependencyError(
            f"spaCy has no pipeline {model!r}: python -m spacy download {model}"
        ) from error
