"""Chats of people that go on for years: a session for each day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo

from nuonuo_memory.formats.session import Session
from nuonuo_memory.types import Message


def sessions_by_day(
    chat: str, said: Iterable[Message], zone: tzinfo, *, name: str | None = None
) -> Iterator[Session]:
    """Yield a chat's messages as a session for each day on which something was said.

    Args:
        chat: What the sessions are called by; the day is added.
        said: The messages in their order. One without a time belongs to the day before it.
        zone: The zone whose days these are.
        name: The chat's name for the metadata; `chat` when it is `None`.
    """
    days: dict[date | None, list[Message]] = {}
    day: date | None = None
    for message in said:
        day = day_of(message.at, zone) or day
        days.setdefault(day, []).append(message)
    for one, messages in days.items():
        yield Session(
            tuple(messages),
            f"{chat}/{one.isoformat()}" if one else chat,
            messages[0].at,
            {"chat": name or chat},
        )


def day_of(moment: datetime | None, zone: tzinfo) -> date | None:
    """Return the day of a time in a zone."""
    return None if moment is None else moment.astimezone(zone).date()
