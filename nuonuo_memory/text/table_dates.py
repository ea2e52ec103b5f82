"""How other languages name a time: rules made from a table of CLDR and our own short lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from importlib.resources import files
from itertools import chain
from typing import Any

import regex

from nuonuo_memory.text import periods
from nuonuo_memory.text.date_patterns import again, again_all, beside, spaced
from nuonuo_memory.text.english_dates import Groups, Read, ReadAnyTime, Rule, relative, since
from nuonuo_memory.text.normalise import folded
from nuonuo_memory.text.periods import Period
from nuonuo_memory.text.wordlists import lists

_UNSPACED = ("zh", "ja", "ko")
_INFLECTED = ("ru", "tr")
_SEASONS = ("spring", "summer", "autumn", "winter")
_UNITS = ("day", "week", "month", "year")
_HAN = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_YEAR = r"(?:1[89]|20)\d\d"
_EARLIEST = 1970
"""Earlier numbers of four digits are no years where nothing says that they are."""


def rules_of(language: str) -> tuple[Rule, ...]:
    """Return the rules of a language, in the order to try; none for one that has no table."""
    return _made(language) if language in _table() and lists(language) else ()


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    text = files("nuonuo_memory.text").joinpath("data/times.json").read_text(encoding="utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


@lru_cache(maxsize=32)
def names_of_times(language: str) -> frozenset[str]:
    """Return the names of months and weekdays of a language, folded."""
    own = _table().get(language, {})
    named = chain.from_iterable([*own.get("months", ()), *own.get("weekdays", ())])
    return frozenset(folded(name) for name in named)


@lru_cache(maxsize=16)
def _made(language: str) -> tuple[Rule, ...]:
    return tuple(_Maker(language).rules())


class _Maker:
    """Makes the rules of one language."""

    def __init__(self, language: str) -> None:
        self._language = language
        own = lists(language).get("times", {})
        self._own: Mapping[str, Any] = {
            name: folded(one) if isinstance(one, str) else one for name, one in own.items()
        }
        self._cldr: Mapping[str, Any] = _table()[language]
        self.spaced = language not in _UNSPACED
        self._months = self._named(self._cldr["months"])
        self._weekdays = self._named(self._cldr["weekdays"])
        self._numbers = {
            folded(word).replace("_", " "): number
            for number, words in enumerate(self._own["numbers"], start=1)
            for word in words.split()
        }
        self._few = {folded(w).replace("_", " ") for w in self._own.get("few", "").split()}

    def rules(self) -> Iterator[Rule]:
        """Yield all rules, those that say most first."""
        yield from self._dates()
        yield from self._days()
        yield from self._counted()
        yield from self._last()
        yield from self._calendar()

    # -- patterns ------------------------------------------------------------------------------

    def _named(self, names: Sequence[Sequence[str]]) -> dict[str, int]:
        """Map a pattern of each form to its place from 0."""
        found: dict[str, int] = {}
        for place, forms in enumerate(names):
            for form in map(folded, forms):
                if self.spaced or len(form) > 1:
                    found[self._inflected(form)] = place
        return found

    def _inflected(self, form: str) -> str:
        escaped = regex.escape(form)
        if self._language == "tr":
            return escaped + r"(?:'?\p{L}{1,3})?"
        if self._language != "ru" or len(form) < 3:
            return escaped
        stem = form[:-1] if form[-1] in "ьйяаюе" else form
        return regex.escape(stem) + (r"[йяею]" if len(stem) < 3 else r"\p{L}{0,2}")

    def _one_of(self, patterns: Iterable[str], group: str = "") -> str:
        joined = "|".join(sorted(patterns, key=lambda one: (-len(one), one)))
        return f"(?P<{group}>{joined})" if group else f"(?:{joined})"

    def _literal(self, phrases: Iterable[str], group: str = "") -> str:
        return self._one_of((spaced(phrase) for phrase in phrases), group)

    def _compile(self, pattern: str) -> regex.Pattern[str]:
        left = r"(?<![\p{L}\p{M}\p{N}])" if self._language not in ("zh", "ja") else ""
        right = r"(?![\p{L}\p{M}\p{N}])" if self.spaced else ""
        return regex.compile(f"{left}(?:{pattern}){right}")

    def _rule(self, pattern: str, read: ReadAnyTime) -> Rule:
        return Rule(self._compile(pattern), read)

    def _relative(self, pattern: str, read: Read, unless: str | None = None) -> Rule:
        ban = None if unless is None else regex.compile(unless)
        return relative(self._compile(pattern), read, ban)

    def _place(self, text: str, names: Mapping[str, int]) -> int:
        return next(number for form, number in names.items() if regex.fullmatch(form, text))

    def _number(self) -> str:
        words = self._literal([*self._numbers, *self._few])
        return rf"(?P<n>\d{{1,3}}|{words})"

    def _count(self, text: str) -> tuple[int, bool]:
        """Return a number and whether it is vague."""
        if text.isdigit():
            return int(text), False
        plain = " ".join(text.split())
        return (3, True) if plain in self._few else (self._numbers[plain], False)

    # -- rules ---------------------------------------------------------------------------------

    def _dates(self) -> Iterator[Rule]:
        month = self._one_of(self._months, "month")
        if not self.spaced:
            han = "[0-9一二三四五六七八九十]{1,3}"
            year = rf"(?:(?P<year>{_YEAR}) ?[年년] ?)?"
            yield self._rule(
                rf"{year}(?P<m>{han}) ?[月월] ?(?P<day>{han}) ?[日号號일]", self._read_date
            )
            return
        joiner = r"(?: de| del| di|\.|º|°|er|-?го|-?е)?"
        year = rf"(?:,? (?:de |del |di |d')?(?P<year>{_YEAR}))?"
        end = r"(?: г(?:ода|оду|\.)?)?" if self._language == "ru" else ""
        yield self._rule(rf"(?P<day>\d{{1,2}}){joiner} ?{month}\.?{year}{end}", self._read_date)
        yield self._rule(rf"{month}\.? (?P<day>\d{{1,2}})(?!\d|:|\.\d){year}", self._read_date)
        yield self._rule(
            rf"(?P<day>\d{{1,2}})[./](?P<m>\d{{1,2}})[./](?P<year>{_YEAR})", self._read_date
        )

    def _read_date(self, match: Groups, now: datetime | None) -> Period | None:
        number = self._number_of(match, "month", "m")
        return periods.date(_given_year(match), number, _han_number(match["day"]), now=now)

    def _days(self) -> Iterator[Rule]:
        before = [*self._cldr["days"]["2"], *self._own.get("day_before", ())]
        if before:
            yield self._relative(self._literal(before), lambda _, now: periods.day_before(now, 2))
        yesterday = [*self._cldr["days"]["1"], *self._own.get("yesterday", ())]
        future = self._own.get("not_with")
        ban = rf"(?:{folded(future)})(?![\p{{L}}\p{{M}}])" if future else None
        yield self._relative(
            self._literal(yesterday), lambda _, now: periods.day_before(now, 1), ban
        )
        today = [*self._cldr["days"]["0"], *self._own.get("today", ())]
        yield self._relative(self._literal(today), lambda _, now: periods.day_before(now, 0))

    def _ago(self, unit: str, match: Groups, now: datetime) -> Period:
        count, vague = self._count(match["n"])
        return periods.ago(count, unit, now, vague=vague)

    def _within(self, unit: str, match: Groups, now: datetime) -> Period:
        return periods.within(self._count(match["n"])[0], unit, now)

    def _counted(self) -> Iterator[Rule]:
        """Yield rules for so many units ago, and for the last so many units."""
        number = self._number()
        for unit in _UNITS:
            nouns = self._nouns(unit)
            counted, in_last = partial(self._ago, unit), partial(self._within, unit)
            plain = [one for one in self._cldr["ago"][unit] if "{0}" in one]
            for after in (self._own["ago_after"],) if "ago_after" in self._own else ():
                yield self._relative(rf"{number} ?[个個]? ?{nouns} ?(?:{after})", counted)
            for pattern in plain:
                start, end = (spaced(part) for part in pattern.split("{0}"))
                yield self._relative(f"{start}{number}{end}", counted)
                if self._own.get("one_bare"):
                    one = end.removeprefix(" ?").strip()
                    yield self._relative(one, _from_now(periods.ago, 1, unit))
            if "ago" in self._own:
                yield self._relative(rf"(?:{self._own['ago']}) {number} {nouns}", counted)
            for pattern in set(self._cldr["ago"][unit]) - set(plain):
                dual = 2 if self._language == "ar" and "ين" in pattern else 1
                yield self._relative(
                    spaced(pattern),
                    _from_now(periods.ago, dual, unit),
                )
            last = self._own.get("last", "(?!)")
            before = self._own.get("within", "(?!)")
            yield self._relative(
                rf"(?:{last}) {number} {nouns}|{again(number)} (?:{last}) {nouns}"
                if self.spaced
                else rf"(?:{before}) ?{number} ?[个個]? ?{nouns}",
                in_last,
            )
            if self.spaced:
                yield self._relative(rf"(?:{before}) {number} {nouns}", in_last)

    def _nouns(self, unit: str) -> str:
        """Return a pattern of what a unit is called, in any number."""
        own = self._own.get("units")
        if own is not None:
            return self._literal(map(folded, own[_UNITS.index(unit)].split()))
        found = set(map(folded, self._cldr["units"][unit]))
        for pattern in self._cldr["ago"][unit]:
            before, _, after = pattern.partition("{0}")
            found.update(
                word for word in (folded(after) or folded(before)).split() if len(word) > 2
            )
        found -= _NO_UNITS
        return self._literal(found)

    def _last(self) -> Iterator[Rule]:
        """Yield rules for the last weekend, weekday, season, week, month and year."""
        last = self._own.get("last")
        weekends = self._own.get("weekend_last", ())
        if weekends:
            yield self._relative(self._literal(weekends), lambda _, now: periods.weekend(now))
        if last and "weekend" in self._own:
            noun = folded(self._own["weekend"])
            yield self._relative(beside(last, noun), lambda _, now: periods.weekend(now))
        for number, phrases in enumerate(self._cldr["last_weekday"]):
            forms = [form for form, place in self._weekdays.items() if place == number]
            patterns = [spaced(phrase) for phrase in phrases]
            if last and self.spaced:
                patterns.append(beside(last, self._one_of(forms)))
            if self._language == "zh":
                day = "一二三四五六日"[number] + ("天" if number == 6 else "")
                patterns.append(rf"上(?:个|個)?(?:周|週|星期|礼拜|禮拜)[{day}]")
            yield self._relative(self._one_of(patterns), _from_now(periods.weekday, number))
        for name, words in zip(_SEASONS, self._own.get("seasons", ()), strict=False):
            noun = words if self._language == "ru" else folded(words)
            year = rf"(?P<year>{_YEAR})"
            if last:
                yield self._relative(beside(last, noun), _from_now(periods.season, name, None))
            yield self._rule(
                rf"(?:{noun})(?: de| del| di|) {year}"
                if self.spaced
                else rf"{year} ?[年년]의? ?(?:{noun})",
                partial(_read_season, name),
            )
        for unit in _UNITS[1:]:
            patterns = [
                spaced(one)
                for one in (*self._cldr["last"][unit], *self._own.get(f"last_{unit}", ()))
            ]
            if last and self.spaced:
                patterns.append(beside(last, self._nouns(unit)))
            yield self._relative(self._one_of(patterns), _from_now(periods.last, unit))
            # "this summer" may be to come
            seasons = "|".join([*map(folded, self._own.get("seasons", ())), "summer", "winter"])
            yield self._relative(
                rf"{self._literal(self._cldr['this'][unit])}(?![\s'의の]*(?:{seasons}))",
                _from_now(periods.within, 1, unit),
            )

    def _calendar(self) -> Iterator[Rule]:
        """Yield rules for months and years, alone, since when, and between which."""
        own, month = self._own, self._month()
        to = month.replace("P<month>", "P<to>").replace("P<m>", "P<to_m>")
        year = rf"(?:,? (?:de |del |di |d')?(?P<year>{_YEAR}))?"
        end = rf"(?: (?:{own['year_word']}))?" if "year_word" in own else ""
        if not self.spaced:
            year, end = "", ""
            month = rf"(?:(?P<year>{_YEAR}) ?[年년] ?)?{month}"
        between = [*own["between"], ""][:3]
        first, joiner, last = (f"(?:{folded(one)})" if one else "" for one in between)
        gap = " " if self.spaced else " ?"
        from_month = f"{first}{gap if first else ''}{month}"
        yield self._rule(
            rf"{from_month}{gap}{joiner}{gap}{to}{year}(?:{gap}{last})?", self._read_months
        )
        starts = own.get("since"), own.get("since_after"), own.get("since_around")
        alone = rf"(?P<year>{_YEAR})(?: ?[年년])?{end}"
        for what, read in ((f"{month}{year}{end}", self._read_month), (alone, _read_year)):
            if starts[0]:
                yield self._rule(rf"(?:{starts[0]})[ ']?{what}", since(read))
            if starts[1]:
                yield self._rule(
                    rf"{what}{starts[1] if starts[1][0] == chr(39) else ' ?(?:' + starts[1] + ')'}",
                    since(read),
                )
            if starts[2]:
                yield self._rule(
                    rf"(?:{starts[2][0]}){what}(?:{starts[2][1]})?|{again_all(what)}(?:{starts[2][1]})",
                    since(read),
                )
        within = own.get("in")
        if within:
            yield self._rule(
                rf"(?:{folded(within)})(?: |(?<='))(?:de |d')?{month}\.?{year}{end}",
                self._read_month,
            )
            yield self._rule(
                rf"{month}\.? ?,? (?:de |del |di )?(?P<year>{_YEAR}){end}", self._read_month
            )
        elif self.spaced:
            after = folded(own["in_after"])
            yield self._rule(rf"(?:(?P<year>{_YEAR}) )?{month}(?: ?(?:{after}))", self._read_month)
        else:
            yield self._rule(month, self._read_month)
        yield from self._years(end)

    def _years(self, end: str) -> Iterator[Rule]:
        own = self._own
        if not self.spaced:
            yield self._rule(rf"(?P<year>{_YEAR}) ?[年년]", _read_year)
            return
        if "year" in own:
            yield self._rule(
                rf"(?:{folded(own['year'])})(?: |(?<='))(?P<year>{_YEAR}){end}(?! ?[%€$])",
                _read_year,
            )
        if "year_after" in own:
            yield self._rule(rf"(?P<year>{_YEAR})(?: ?(?:{folded(own['year_after'])}))", _read_year)
        if own.get("bare_year"):
            yield self._rule(rf"(?P<year>{_YEAR})(?! ?(?:[%€$]|euro|\p{{N}}))", _read_likely_year)

    def _month(self) -> str:
        if self.spaced:
            return self._one_of(self._months, "month")
        return r"(?P<m>1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九]) ?(?:月|월)(?![日号一-九个個\d])"

    def _number_of(self, match: Groups, name: str, digits: str) -> int:
        if match.get(digits):
            return _han_number(match[digits])
        return 1 + self._place(match[name], self._months)

    def _read_month(self, match: Groups, now: datetime | None) -> Period | None:
        return periods.month(self._number_of(match, "month", "m"), _given_year(match), now)

    def _read_months(self, match: Groups, now: datetime | None) -> Period | None:
        first = self._number_of(match, "month", "m")
        final = self._number_of(match, "to", "to_m")
        return periods.months(first, final, _given_year(match), now)


_NO_UNITS = frozenset(("vor", "hace", "назад", "önce", "geleden", "قبل", "पहले", "il", "dans"))


def _from_now(read: Callable[..., Period | None], *given: object) -> Read:
    """Return a reading that needs nothing of what was found but that it was."""
    return lambda _, now: read(*given, now)


def _read_season(name: str, match: Groups, now: datetime | None) -> Period | None:
    return periods.season(name, _given_year(match), now)


def _given_year(match: Groups) -> int | None:
    return int(match["year"]) if match.get("year") else None


def _han_number(text: str) -> int:
    """Read 1 to 31 in digits or Chinese numerals; 0 for anything else."""
    if text.isdigit():
        return int(text)
    before, ten, after = text.partition("十")
    if not ten:
        return _HAN.get(text, 0)
    return 10 * _HAN.get(before, 1) + _HAN.get(after, 0)


def _read_year(match: Groups, _now: datetime | None) -> Period:
    return periods.year(int(match["year"]))


def _read_likely_year(match: Groups, now: datetime | None) -> Period | None:
    number = int(match["year"])
    latest = number if now is None else now.year
    return periods.year(number) if _EARLIEST <= number <= latest else None
