#!/usr/bin/env python3
"""Make nuonuo_memory/text/data/times.json from the Unicode CLDR.

    npm pack cldr-dates-full && tar xzf cldr-dates-full-*.tgz
    python scripts/make_time_table.py package

The table holds the names of months and weekdays, and how each language says "yesterday", "last
week", "last Tuesday" and "{0} weeks ago". What CLDR does not have (weekends, seasons, "since") is
ours and stands in the language's own file beside it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LANGUAGES = {
    "en": ["en"],
    "de": ["de"],
    "fr": ["fr"],
    "es": ["es"],
    "pt": ["pt", "pt-PT"],
    "it": ["it"],
    "nl": ["nl"],
    "ru": ["ru"],
    "tr": ["tr"],
    "ar": ["ar"],
    "hi": ["hi"],
    "zh": ["zh", "zh-Hant"],
    "ja": ["ja"],
    "ko": ["ko"],
}
"""The locales that each language's forms are taken from."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = ("day", "week", "month", "year")
SHORTEST = 3
"""Characters of an abbreviation in a script with letters, full stop left out."""


def main() -> None:
    """Read the unpacked package and write the table."""
    source = Path(sys.argv[1])
    version = json.loads((source / "package.json").read_text(encoding="utf-8"))["version"]
    table = {
        name: language([locale(source, one) for one in tags]) for name, tags in LANGUAGES.items()
    }
    target = Path(__file__).parents[1] / "nuonuo_memory" / "text" / "data" / "times.json"
    text = json.dumps({"cldr": version} | table, ensure_ascii=False, indent=1, sort_keys=True)
    target.write_text(text + "\n", encoding="utf-8")


def locale(source: Path, tag: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a locale's Gregorian calendar and its date fields."""
    folder = source / "main" / tag
    calendar = json.loads((folder / "ca-gregorian.json").read_text(encoding="utf-8"))
    fields = json.loads((folder / "dateFields.json").read_text(encoding="utf-8"))
    gregorian: dict[str, Any] = calendar["main"][tag]["dates"]["calendars"]["gregorian"]
    return gregorian, fields["main"][tag]["dates"]["fields"]


def language(locales: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """Return one language's forms."""
    calendars = [calendar for calendar, _ in locales]
    fields = [one for _, one in locales]
    return {
        "months": [names(calendars, "months", str(month)) for month in range(1, 13)],
        "weekdays": [names(calendars, "days", day) for day in WEEKDAYS],
        "days": {str(back): relative(fields, "day", -back) for back in (0, 1, 2)},
        "last": {unit: relative(fields, unit, -1) for unit in UNITS[1:]},
        "this": {unit: relative(fields, unit, 0) for unit in UNITS[1:]},
        "last_weekday": [relative(fields, day, -1) for day in WEEKDAYS],
        "ago": {unit: ago(fields, unit) for unit in UNITS},
        "units": {
            unit: sorted({one[unit]["displayName"].casefold() for one in fields}) for unit in UNITS
        },
    }


def names(calendars: list[dict[str, Any]], kind: str, key: str) -> list[str]:
    """Return the names of a month or weekday, wide and abbreviated, inside a date and alone."""
    found = [
        calendar[kind][context][width][key].casefold().rstrip(".")
        for calendar in calendars
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    ]
    return sorted({name for name in found if len(name) >= SHORTEST or not name.isalpha()
                   or ord(name[0]) > 0x2E80})  # fmt: skip


def relative(fields: list[dict[str, Any]], unit: str, offset: int) -> list[str]:
    """Return how a unit at an offset from now is called, as "last week"."""
    found = [
        one[f"{unit}{width}"].get(f"relative-type-{offset}", "")
        for one in fields
        for width in ("", "-short", "-narrow")
    ]
    return sorted({name.casefold() for name in found if "." not in name} - {""})


def ago(fields: list[dict[str, Any]], unit: str) -> list[str]:
    """Return how so many units ago are called, with {0} for the number."""
    found = [
        pattern
        for one in fields
        for pattern in one[unit].get("relativeTime-type-past", {}).values()
    ]
    return sorted({pattern.casefold() for pattern in found})


if __name__ == "__main__":
    main()
