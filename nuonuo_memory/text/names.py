"""Names in a text, by rules: runs of capitalised words, brought to a normal form.

Scripts without capitals have rules of their own (`uncased_names`).

"Duke Lothair II of Lotharingia" is one name; "Simon and Garfunkel" gives itself and its two parts.
No dictionary and no model: what is capitalised in the middle of a sentence is a name, and so is the
word that opens one unless it is a common opener.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from nuonuo_memory.text.dates import names_of_times
from nuonuo_memory.text.hashing import text_hash
from nuonuo_memory.text.language import language_of
from nuonuo_memory.text.normalise import folded, unaccented
from nuonuo_memory.text.terms import UNSPACED, is_unspaced, words
from nuonuo_memory.text.uncased_names import uncased_names
from nuonuo_memory.text.wordlists import LATIN, lists, words_of

_LETTERS = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{UNSPACED}]]+"
_TOKEN = regex.compile(rf"(?V1)[{UNSPACED}]+|{_LETTERS}(?:[.'’\-&]{_LETTERS})*")
_PARTS = regex.compile(rf"[{UNSPACED}]\p{{M}}*|[^{UNSPACED}]+")
_POSSESSIVE = re.compile(r"['’]s\b")
_NOT_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}_]+")
_PARENTHESIS = re.compile(r"\s*[(\[（【][^)\]）】]*[)\]）】]")
_TITLE_COMMA = re.compile(r"[,،，、]")
_AMONG_LATIN = regex.compile(r"(?<![\p{Han}\p{L}])\p{Han}{2,4}(?![\p{Han}\p{L}])")
_WEAK = re.compile(r"\s+(?:and|&|or|with|for|from|in|on|at|to|by|et|und|y)\s+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_JOINERS = _words(
    "of de von van der den la le les du del della da di do dos das al el bin ibn y e and & for in "
    "on at to the a an zu zur und et af av with"
)
"""Words that a name may hold without a capital, between two capitalised ones."""

_ABBREVIATIONS = _words("jr sr st dr mr mrs ms lt col gen capt rev prof no vs gov sgt mt ft")
"""A full stop after one of these does not end a name."""

_OPENERS = _words(
    "the a an in on at of for from by with and or but as it its he she they his her their this "
    "that these those there here when where while who whom whose which what why how if after "
    "before during since until although though because however also then thus both some many "
    "most several all each every other another such one two three four five first second not no "
    "yes is are was were be been has have had do does did will would can could may might must "
    "shall should i you we me my your our us him them into over under between among about "
    "against through per via so than too very just only more less new born married following "
    "according upon later early despite within without once unlike like today now soon "
    "originally currently formerly initially eventually subsequently finally together "
    "additionally moreover furthermore meanwhile nevertheless therefore hence instead either "
    "neither whether let thanks thank hi hey hello wow yeah yep ok okay oh great good nice sure "
    "awesome cool glad congrats sorry well sounds really hope please don't didn't i'm i've i'll "
    "whatever whenever wherever whoever whichever everyone everybody everything anyone anybody "
    "anything someone somebody something nobody nothing yesterday tomorrow tonight maybe perhaps "
    "actually usually sometimes often always never even still any much don isn doesn didn "
    "i'd it's that's you're we're they're he's she's there's let's what's can't won't"
)
"""Words that open sentences and are no names."""

_TIMES = _words(
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday jan feb mar apr jun jul aug sep "
    "sept oct nov dec am pm ad bc ce"
)

MOST_WORDS = 16
"""Plain words of one text that tie it to others, at most."""

SHORTEST_SLIP = 5
"""In words shorter than this a slip makes another word: "seen" is no slip of "seven"."""

LONGEST_NAME = 7
"""Words of the longest name that is looked for in a question."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written, its normal form, and where in the text it starts."""

    text: str
    form: str
    start: int


def normal(text: str) -> str:
    """The form that names are compared in: no accents, case, possessive or punctuation."""
    return _NOT_WORD.sub(" ", _POSSESSIVE.sub("", unaccented(text))).strip()


def name_key(form: str) -> int:
    """The int64 key of a normal form, the same in every process."""
    return text_hash(form)


def names(text: str) -> list[Name]:
    """The names in a text in their order, parts of compound names after the whole."""
    language = language_of(text)
    found: list[Name] = []
    uncased = uncased_names(text, language)
    if language in LATIN and not text.isascii():
        uncased += [match.span() for match in _AMONG_LATIN.finditer(text)]
    for start, end in sorted([*_runs(text, language), *uncased]):
        whole = text[start:end]
        form = normal(whole)
        if not _is_name(form, language):
            continue
        found.append(Name(whole, form, start))
        parts = _WEAK.split(whole)
        if len(parts) > 1:
            found.extend(
                Name(part, normal(part), start)
                for part in parts
                if _is_name(normal(part), language)
            )
    return found


def plain_words(text: str, most: int = MOST_WORDS) -> list[tuple[str, str]]:
    """The longest plain words of a text as (word, form), each form once, in their order.

    Length stands in for rarity, which is known only later and to each memory's own namespace. A
    form is the stem after a tilde, so that no word is taken for a name.
    """
    language = language_of(text)
    found: dict[str, str] = {}
    for match in _TOKEN.finditer(text):
        for stem in words(match.group(), language=language):
            pair = len(stem) == 2 and is_unspaced(stem)
            if (len(stem) > 2 or pair) and not stem.isdigit():
                found.setdefault("~" + stem, stem if pair else match.group())
    # pairs of characters overlap, so that as many words take twice as many
    pairs = sum(is_unspaced(form[1:]) for form in found)
    most += min(most, pairs // 2)
    longest = set(sorted(found, key=lambda form: (-len(form), form))[:most])
    return [(word, form) for form, word in found.items() if form in longest]


def title_forms(title: str) -> list[str]:
    """Normal forms of a title: whole, without its parenthesis, its tail after a comma, its article.

    "Young, New South Wales" is also "young"; "Fortunella (film)" is also "fortunella".
    """
    bare = _PARENTHESIS.sub("", title).strip()
    forms = [normal(title), normal(bare), normal(_TITLE_COMMA.split(bare)[0])]
    forms += [form[4:] for form in forms if form.startswith("the ")]
    return [form for form in dict.fromkeys(forms) if form]


def phrases(question: str, longest: int = LONGEST_NAME) -> Iterator[tuple[int, int, str]]:
    """Every run of 1 to `longest` words that may be a name, longest first: (start, end, form).

    A question is often written without capitals, so each run is offered; the caller keeps those
    that the memory knows. Start and end count words.
    """
    tokens, glued = _glued(question)
    for length in range(min(longest, len(tokens)), 0, -1):
        for start in range(len(tokens) - length + 1):
            end = start + length
            form = "".join(
                tokens[place] if place == start or glued[place] else " " + tokens[place]
                for place in range(start, end)
            )
            if length > 1 or _is_name(form, "en"):
                yield start, end, form


def name_tokens(text: str) -> list[str]:
    """The words that `phrases` and `known_spans` count: single characters where none are spaced."""
    return _glued(text)[0]


def _glued(text: str) -> tuple[list[str], list[bool]]:
    """The words of a text, and whether each follows the one before it without a space."""
    tokens: list[str] = []
    glued: list[bool] = []
    for word in normal(text).split():
        parts = _PARTS.findall(word)
        tokens += parts
        glued += [place > 0 for place in range(len(parts))]
    return tokens, glued


def known_names(question: str, known: Callable[[Sequence[str]], Sequence[bool]]) -> list[str]:
    """Normal forms of the names in a question that the memory knows, longest first.

    Args:
        question: The question as asked.
        known: Tells of each normal form whether some memory mentions it; called once.
    """
    return list(dict.fromkeys(form for _, _, form in known_spans(question, known)))


def known_spans(
    question: str, known: Callable[[Sequence[str]], Sequence[bool]]
) -> list[tuple[int, int, str]]:
    """The same as `known_names` with the words that each takes: (start, end, form)."""
    offered = list(phrases(question))
    verdicts = known([form for _, _, form in offered])
    taken: set[int] = set()
    found: list[tuple[int, int, str]] = []
    for (start, end, form), is_known in zip(offered, verdicts, strict=True):
        if is_known and taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            found.append((start, end, form))
    return found


def name_words(form: str) -> list[str]:
    """The words of a normal form that tell names apart, each once, in their order."""
    return list(dict.fromkeys(word for word in form.split() if word not in _JOINERS))


def code(word: str) -> list[int]:
    """The sparse code of a word: hashes of the word and of what is left without one letter.

    Two words one slip apart (a letter more, less, changed, or swapped with the next) share one at
    least (the deletion neighbourhoods of Mor and Fraenkel 1982). Short words and numbers have only
    themselves.
    """
    if len(word) < SHORTEST_SLIP or word.isdigit():
        return [name_key(word)]
    left = {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
    return [name_key(word), *sorted(name_key("-" + part) for part in left)]


def _is_name(form: str, language: str) -> bool:
    parts = form.split()
    times = _TIMES if language == "en" else _TIMES | names_of_times(language)
    if len(form) < 2 or all(part in times or part.isdigit() for part in parts):
        return False
    return len(parts) > 1 or form not in _openers(language)


@lru_cache(maxsize=32)
def _openers(language: str) -> frozenset[str]:
    """Words that open sentences of a language and are no names, in their normal form."""
    if language == "en":
        return _OPENERS
    lists_of_words = ("stop", "courtesies", "kin", "not_names")
    own = frozenset(normal(one) for name in lists_of_words for one in words_of(language, name))
    # Latin words among those of another script are mostly English
    return own | _JOINERS if language in LATIN else own | _OPENERS


def _runs(text: str, language: str) -> Iterator[tuple[int, int]]:
    tokens = [(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    nouns = lists(language).get("capitals") == "nouns"
    i = 0
    while i < len(tokens):
        if not tokens[i][0][0].isupper() or _elided(tokens[i][0], language):
            i += 1
            continue
        end = _run_end(text, tokens, i, joined=not nouns)
        for first, last in _parts(tokens, i, end, language):
            if not (nouns and _is_noun([t for t, _, _ in tokens[: last + 1]], first, language)):
                yield tokens[first][1], _without_suffix(tokens[last], language)
        i = end + 1


def _parts(
    tokens: Sequence[tuple[str, int, int]], start: int, end: int, language: str
) -> Iterator[tuple[int, int]]:
    """The names in a run of capitalised words: in English what follows the words that open it.

    In other languages words like "sister" part the names of one run.
    """
    first = start
    while first <= end:
        while first <= end and (
            _opens(tokens[first][0], language) or not tokens[first][0][0].isupper()
        ):
            if language == "en" and not _opens(tokens[first][0], language):
                return
            first += 1
        last = first
        while last < end and (
            language == "en" or normal(tokens[last + 1][0]) not in _kin(language)
        ):
            last += 1
        if first <= end:
            yield first, last
        first = last + 1


@lru_cache(maxsize=32)
def _kin(language: str) -> frozenset[str]:
    return frozenset(map(normal, words_of(language, "kin")))


def _opens(word: str, language: str) -> bool:
    if language == "en":
        return word.casefold() in _OPENERS or word in _JOINERS
    return normal(word) in _openers(language) or word in _JOINERS


def _elided(word: str, language: str) -> bool:
    """Say whether a capital is that of an article or pronoun, as in "J'ai" and "L'ami"."""
    return language in ("fr", "it") and _ELIDED.match(word) is not None


def _without_suffix(token: tuple[str, int, int], language: str) -> int:
    """Where a name ends: Turkish sets what it adds to one off by an apostrophe."""
    word, start, end = token
    if language != "tr":
        return end
    at = max(word.find("'"), word.find("’"))
    return start + at if at > 0 else end


def _is_noun(tokens: Sequence[str], first: int, language: str) -> bool:
    """Say whether capitals mean a common noun, where all nouns have them, as in German.

    Common are nouns after an article, a number or an adjective, and those that end like one.
    """
    if len(tokens) - first > 1:
        return False
    word = folded(tokens[first])
    if word.endswith(tuple(words_of(language, "noun_endings"))) and len(word) > _SHORTEST_NOUN:
        return True
    before = tokens[first - 1] if first else ""
    if not before:
        return False
    article = folded(before) in words_of(language, "determiners")
    adjective = before.islower() and _ADJECTIVE.search(before) is not None
    return article or (adjective and folded(before) not in words_of(language, "stop"))


_ELIDED = regex.compile(r"\p{L}{1,2}['’]\p{Ll}")
_ADJECTIVE = re.compile(r"..(?:e|en|er|es|em)$")
_SHORTEST_NOUN = 5


def _run_end(text: str, tokens: list[tuple[str, int, int]], first: int, *, joined: bool) -> int:
    last = end = first
    while end + 1 < len(tokens):
        word, _, stop = tokens[end]
        following, start, _ = tokens[end + 1]
        gap = text[stop:start]
        short = len(word) == 1 or word.casefold() in _ABBREVIATIONS
        if not (gap in (" ", "-", " & ", "  ") or (gap == ". " and short)):
            break
        if following[0].isupper() or (following[0].isdigit() and end == last):
            last = end = end + 1
        elif joined and following.casefold() in _JOINERS and end - last < 2:
            end += 1
        else:
            break
    return last
