"""Gemini's conversations in Google Takeout: `MyActivity.json` of Gemini Apps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from nuonuo_memory.formats.days import day_of
from nuonuo_memory.formats.reader import Job, turn
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import attached, joined, names_in, require
from nuonuo_memory.types import Message

_PRODUCTS = ("gemini", "bard")
_PROMPT = re.compile(r"(?:Prompted|Asked|Said)\s+|[^\s:]{3,20}(?:\s[^\s:]{1,20})?:\s+")
_CONVERSATION = re.compile(r"https://gemini\.google\.com/(?:u/\d+/)?app/([0-9a-f]{8,40})")
_BREAKS = {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol"}


class Gemini:
    """Reads Gemini's activity."""

    name = "gemini"
    about = "Gemini's activity in Google Takeout (MyActivity.json)"

    def matches(self, source: Source) -> bool:
        """Whether a file holds activities of Gemini."""
        return any(_is_gemini(one) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the prompts and answers, oldest first: a session for each conversation, or day."""
        found: list[tuple[str, list[Message]]] = []
        for record in source.records:
            with job.record(record):
                activity = record.object("an activity")
                if _is_gemini(activity) and (said := _said(activity, record, job)):
                    found.append((_session(activity, said[0], job), said))
        if len(found) > 1 and _newest_first(found):
            found.reverse()
        sessions: dict[str, list[Message]] = {}
        for name, said in found:
            sessions.setdefault(name, []).extend(said)
        for name, messages in sessions.items():
            yield Session(tuple(messages), name, messages[0].at)


def _is_gemini(activity: JsonObject) -> bool:
    if not isinstance(activity.get("title"), str) or "time" not in activity:
        return False
    products = activity.get("products")
    named = [activity.get("header"), *(products if isinstance(products, list) else [])]
    return any(isinstance(one, str) and any(p in one.lower() for p in _PRODUCTS) for one in named)


def _said(activity: JsonObject, record: Record, job: Job) -> list[Message]:
    items: Any = activity.get("safeHtmlItem") or []
    require(isinstance(items, list), record.where, "a list of answers", items)
    answers = []
    for item in items:
        html = item.get("html") if isinstance(item, dict) else None
        require(isinstance(html, str), record.where, "an answer in HTML", item)
        answers.append(plain(str(html)))
    title = str(activity["title"])
    prompt = _PROMPT.match(title)
    if not answers and (prompt is None or not title.startswith("Prompted")):
        return []  # what was done with the app, and not said
    files = attached(names_in(activity.get("attachedFiles")))
    at = job.time(activity.get("time"), record.where)
    require(at is not None, record.where, "a time", activity.get("time"))
    said = (
        turn("user", joined(title[prompt.end() :] if prompt else title, files), at=at),
        turn("assistant", joined(*answers), at=at),
    )
    return [one for one in said if one is not None]


def _session(activity: JsonObject, first: Message, job: Job) -> str:
    details = activity.get("details")
    urls = (
        [one.get("url") for one in details if isinstance(one, dict)]
        if isinstance(details, list)
        else []
    )
    named = {
        found[1] for url in urls if isinstance(url, str) and (found := _CONVERSATION.match(url))
    }
    if len(named) == 1:
        return f"gemini-{named.pop()}"
    return f"gemini/{day_of(first.at, job.timezone)}"


def _newest_first(found: list[tuple[str, list[Message]]]) -> bool:
    times = [said[0].at for _, said in found if said[0].at is not None]
    falls = sum(1 for one, other in pairwise(times) if other < one)
    return 2 * falls > len(times) - 1


def plain(html: str) -> str:
    """Return the words of a piece of HTML, its blocks on lines of their own."""
    parser = _Plain()
    parser.feed(html)
    parser.close()
    lines = [" ".join(line.split()) for line in "".join(parser.parts).split("\n")]
    return "\n".join(line for line in lines if line)


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in ("script", "style")
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._hidden <= 0:
            self.parts.append(data)
