"""Names where no capital tells them: Chinese, Japanese, Korean, Hindi and Arabic.

Rules over short word lists: who is introduced as somebody's daughter, carries a title, is called
by "叫" or "という", or opens with a Chinese surname. They find most people and few places; words
that a message holds besides tie it to others as plain words do (`names.plain_words`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import regex

from nuonuo_memory.text.wordlists import lists, phrases_of, words_of

Span = tuple[int, int]

_DIGITS = "一二三四五六七八九十百千万亿两"
_LETTER = r"[\p{L}\p{M}]"


def uncased_names(text: str, language: str) -> list[Span]:
    """Find where names stand in a text of a script without capitals, in order and apart."""
    find = _FINDERS.get(language)
    if find is None:
        return []
    taken: list[Span] = []
    for start, end in sorted(set(find(text)), key=lambda span: (span[0], -span[1])):
        if not taken or start >= taken[-1][1]:
            taken.append((start, end))
    return taken


def _any(language: str, name: str) -> str:
    """Return a list's entries as alternatives of a pattern, longest first."""
    return "|".join(regex.escape(one) for one in phrases_of(language, name))


@lru_cache(maxsize=1)
def _chinese_patterns() -> tuple[regex.Pattern[str], ...]:
    surname = f"[{''.join(lists('zh')['surnames'].split())}]"
    after = f"[{lists('zh')['after_names']}]"
    kin, titles = _any("zh", "kin"), _any("zh", "titles")
    stops = f"[{lists('zh')['stop_characters']}]"
    given = rf"(?!{stops})\p{{Han}}(?:(?!{after})\p{{Han}}(?={after}|\P{{Han}}|$))?"
    return (
        regex.compile(rf"(?:{kin})(?P<name>(\p{{Han}})\2|{surname}{given})"),
        regex.compile(rf"(?P<name>[老小阿]{surname})(?!板|师|{surname})"),
        regex.compile(rf"(?P<name>{surname}\p{{Han}}{{0,2}}?(?:{titles}))"),
        regex.compile(
            rf"(?:{_any('zh', 'before_name')})(?:做|作)?"
            rf"(?P<name>(?!{stops})\p{{Han}}{{2,3}}|\p{{Latin}}+)(?=\P{{Han}}|$|的)"
        ),
        regex.compile(
            rf"(?:{_any('zh', 'before_place')})了?(?P<name>(?:(?!{stops})\p{{Han}}){{1,3}}?"
            rf"(?:{_any('zh', 'places')}))(?![场口边上里])"
        ),
        regex.compile(rf"(?<!\p{{Han}}{{1}}张)(?P<name>{surname}{given})"),
    )


def _chinese(text: str) -> Iterator[Span]:
    excluded = words_of("zh", "not_names")
    for pattern in _chinese_patterns():
        for match in pattern.finditer(text):
            name = match["name"]
            if name[:2] not in excluded and not any(c in _DIGITS for c in name[1:]):
                yield match.span("name")


@lru_cache(maxsize=1)
def _japanese_patterns() -> tuple[regex.Pattern[str], ...]:
    kin, titles = _any("ja", "kin"), _any("ja", "titles")
    name = r"(?P<name>[\p{Han}々]{2,4}|[\p{Katakana}ー]{2,8})"
    given = f"[{lists('ja')['given_endings']}]"
    return (
        regex.compile(rf"{name}(?=(?:{titles}))"),
        regex.compile(rf"(?:{kin})の{name}(?=[はがをにともの、]|さん|くん|ちゃん)"),
        regex.compile(rf"{name}(?=(?:{_any('ja', 'naming')}))"),
        regex.compile(
            rf"(?<![\p{{Han}}々])(?P<name>[\p{{Han}}々]{{1,2}}{given})(?=[はがをにともの、])"
        ),
        regex.compile(rf"{name}(?=[にへ](?:引っ越|住|移|行|旅行|出張|転勤))"),
        regex.compile(
            rf"(?<![\p{{Han}}々])(?P<name>[\p{{Han}}々]{{1,3}}(?:{_any('ja', 'places')})|"
            r"[東西南北中]\p{Katakana}[\p{Katakana}ー]+)(?=[はがをにともの、でへ])"
        ),
    )


def _japanese(text: str) -> Iterator[Span]:
    excluded = words_of("ja", "not_names") | words_of("ja", "kin")
    for pattern in _japanese_patterns():
        for match in pattern.finditer(text):
            name = match["name"]
            if name not in excluded and not any(c in _DIGITS for c in name[:2]):
                yield match.span("name")


@lru_cache(maxsize=1)
def _korean_patterns() -> tuple[regex.Pattern[str], ...]:
    kin = _any("ko", "kin")
    name = r"(?P<name>\p{Hangul}{2,4}?)"
    end = rf"(?=(?:{_any('ko', 'particles')})?(?:[\s,.!?]|$))"
    particles, titles = _any("ko", "particles"), _any("ko", "titles")
    to = r"(?=(?:에|로|으로|에서|까지)[\s,.]|에 살)"
    return (
        regex.compile(rf"(?:{kin})(?:인|의)? {name}{end}"),
        regex.compile(rf"(?<!\p{{Hangul}}){name} ?(?=(?:{titles})(?:{particles})?(?:[\s,.]|$))"),
        regex.compile(rf"(?<!\p{{Hangul}}){name}(?=(?:{_any('ko', 'naming')}))"),
        regex.compile(
            rf"(?<!\p{{Hangul}})(?P<name>\p{{Hangul}}{{1,3}}(?:{_any('ko', 'places')})){to}"
        ),
    )


def _korean(text: str) -> Iterator[Span]:
    stop = words_of("ko", "stop") | words_of("ko", "first_person")
    for pattern in _korean_patterns():
        for match in pattern.finditer(text):
            if match["name"] and match["name"] not in stop:
                yield match.span("name")


def _after_kin(text: str, language: str) -> Iterator[Span]:
    """Find the word after "my daughter", "Mrs" and the like, in scripts with spaces."""
    kin = words_of(language, "kin")
    closed = words_of(language, "stop") | words_of(language, "not_after_kin") | kin
    before = words_of(language, "name_before")
    spans = [match.span() for match in regex.finditer(rf"{_LETTER}+", text)]
    folded_words = [_folded(text[start:end]) for start, end in spans]
    for place, (start, end) in enumerate(spans[1:], start=1):
        gap = text[spans[place - 1][1] : start]
        if folded_words[place - 1] in kin and folded_words[place] not in closed and gap == " ":
            yield start, end
        if folded_words[place] in before and folded_words[place - 1] not in closed and gap == " ":
            yield spans[place - 1]


def _hindi(text: str) -> Iterator[Span]:
    yield from _after_kin(text, "hi")


def _arabic(text: str) -> Iterator[Span]:
    yield from _after_kin(text, "ar")


def _folded(word: str) -> str:
    from nuonuo_memory.text.normalise import folded

    return folded(word)


_FINDERS: dict[str, Callable[[str], Iterator[Span]]] = {
    "zh": _chinese,
    "ja": _japanese,
    "ko": _korean,
    "hi": _hindi,
    "ar": _arabic,
}
