"""Other words for the same thing: paraphrases that become further cues of a memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from nuonuo_memory.errors import EncoderError, InvalidInputError
from nuonuo_memory.text.language import is_english
from nuonuo_memory.text.synonyms import CONTRACTIONS, OPENERS, SYNONYMS, TROUBLE

_OPENER = re.compile(
    r"^\s*(?:(?:hi|hey|hello|ok|okay|so|well|also|and|but|please)\b[\s,!.]*)*"
    r"(?:(?:" + "|".join(OPENERS) + r")\b[\s,:]*)+",
    re.IGNORECASE,
)


ParaphraseFunction: TypeAlias = Callable[[str], Iterable[str]]
"""From a text to other wordings of it."""


@runtime_checkable
class Augmenter(Protocol):
    """Writes other wordings of texts; a chat model behind a function will do."""

    def paraphrase(self, texts: Sequence[str]) -> list[list[str]]:
        """Give each text's paraphrases, none or many, in the order of the texts."""
        ...


class RuleAugmenter:
    """Paraphrases by rule: openers off, contractions and synonyms changed, a name left out.

    The same text always gives the same paraphrases. Words are changed in English texts alone; in
    other languages a name is left out. No meaning is weighed, so it suits short cues
    (facts, questions, requests) better than prose.

    Args:
        most: Paraphrases of one text at most; four rules find little more that differs.
        longest: Characters of a text beyond which it is left alone: a word changed in a long text
            hardly moves its vector.

    Raises:
        InvalidInputError: `most` or `longest` is below 1.
    """

    def __init__(self, *, most: int = 4, longest: int = 200) -> None:
        if most < 1 or longest < 1:
            raise InvalidInputError(
                f"most and longest must be at least 1, got {most} and {longest}"
            )
        self._most = most
        self._longest = longest

    def paraphrase(self, texts: Sequence[str]) -> list[list[str]]:
        """Give each text's paraphrases, those furthest from it first."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> list[str]:
        if len(text) > self._longest or not text.strip():
            return []
        if not is_english(text):
            return _distinct(_gaps(text), text, most=self._most)
        core = _strip_opener(text)
        return _distinct(_variants(text, core), text, most=self._most)


class CallableAugmenter:
    """Any function from a text to its paraphrases as an `Augmenter`.

    Args:
        function: Takes a text, returns a list of texts; empty ones are dropped.
        most: Paraphrases of one text at most.

    Raises:
        EncoderError: By `paraphrase`, when the function raised or returned something else; its own
            error is the cause.
    """

    def __init__(self, function: Callable[[str], Iterable[str]], *, most: int = 8) -> None:
        if not callable(function):
            raise InvalidInputError(
                "an augmenter must be a function from a text to texts, got "
                f"{type(function).__name__}"
            )
        self._function = function
        self._most = most

    def paraphrase(self, texts: Sequence[str]) -> list[list[str]]:
        """Ask the function for each text's paraphrases."""
        return [_distinct(self._ask(text), text, most=self._most) for text in texts]

    def _ask(self, text: str) -> list[str]:
        try:
            found = self._function(text)
            given = [] if found is None or isinstance(found, str) else list(found)
        except Exception as error:  # any service may stand behind it
            raise EncoderError(
                f"the augmenter failed on {text[:60]!r}: {type(error).__name__}: {error}"
            ) from error
        if isinstance(found, str) or not all(isinstance(item, str) for item in given):
            raise EncoderError(
                "an augmenter must return a list of texts, got "
                f"{type(found).__name__} for {text[:60]!r}"
            )
        return given


def as_augmenter(given: object) -> Augmenter:
    """See an augmenter, or a function from a text to texts, as an `Augmenter`.

    Raises:
        InvalidInputError: It is neither.
    """
    if isinstance(given, Augmenter):
        return given
    if callable(given):
        return CallableAugmenter(given)
    raise InvalidInputError(
        "augmenter must be an Augmenter, or a callable from a text to texts; got "
        f"{type(given).__name__}"
    )


def _variants(text: str, core: str) -> Iterator[str]:
    swapped = _swap(core, SYNONYMS)
    if swapped != core:
        yield swapped
    trouble = _trouble(core)
    if trouble:
        yield trouble
    if core != text:
        yield core
    plain = _swap(core, CONTRACTIONS)
    if plain != core:
        yield plain
        if swapped != core:
            yield _swap(swapped, CONTRACTIONS)
    yield from _gaps(core)


_NAME = re.compile(
    r"(?:[A-Z][\w'’.&-]*|\d[\w.]*)(?: (?:(?:of|the|de|and|von|van|&) )*[A-Z\d][\w'’.&-]*)*"
)
_GAP_WORDS = 12


def _gaps(text: str) -> Iterator[str]:
    """A short statement with its last, or its first, name left out.

    Who asks for a thing does not name it: "Ada works for" is nearer to "Who employs Ada?" than
    "Ada works for Acme" is.
    """
    core = text.rstrip(" .!")
    words = core.split()
    if not 3 <= len(words) <= _GAP_WORDS:
        return
    names = [match.span() for match in _NAME.finditer(core)]
    if not names or names[-1][1] < len(core):
        names.append((len(core) - len(words[-1]), len(core)))
    for start, end in dict.fromkeys((names[-1], names[0])):
        rest = " ".join((core[:start] + core[end:]).split())
        if len(rest.split()) >= 2:
            yield rest


def _strip_opener(text: str) -> str:
    rest = _OPENER.sub("", text, count=1).strip()
    if len(rest.split()) < 2:
        return text.strip()
    return rest[0].upper() + rest[1:] if text.strip()[:1].isupper() else rest


def _trouble(text: str) -> str:
    """`issue with X` for a text that says that X does not work."""
    match = TROUBLE.search(text)
    if match is None:
        return ""
    subject = match.group("subject").strip(" ,.;:!?")
    return f"Issue with {subject}" if subject else ""


_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*(?: [A-Za-z][A-Za-z'’]*)?|[A-Za-z]")


def _swap(text: str, table: dict[str, str]) -> str:
    """Change each word or pair of words that the table knows, keeping its case."""

    def one(match: re.Match[str]) -> str:
        found = match.group()
        pair = table.get(found.replace("’", "'").lower())
        if pair is not None:
            return _cased(pair, found)
        return " ".join(
            _cased(table.get(word.replace("’", "'").lower(), word), word)
            for word in found.split(" ")
        )

    return _WORD.sub(one, text)


def _cased(word: str, like: str) -> str:
    if word.lower() == like.lower():
        return like
    if like.isupper() and len(like) > 3:
        return word.upper()
    return word[0].upper() + word[1:] if like[0].isupper() and not like.isupper() else word


def _distinct(found: Iterable[str], original: str, *, most: int) -> list[str]:
    seen = {original.strip().casefold()}
    kept: list[str] = []
    for text in found:
        clean = " ".join(text.split())
        if clean and clean.casefold() not in seen and len(kept) < most:
            seen.add(clean.casefold())
            kept.append(clean)
    return kept
