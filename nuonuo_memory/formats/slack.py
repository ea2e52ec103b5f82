"""Slack's export: a folder or zip with a folder of day files for each channel."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from nuonuo_memory.formats.days import day_of
from nuonuo_memory.formats.reader import Job, person
from nuonuo_memory.formats.records import JsonObject, Record
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import File, Source
from nuonuo_memory.formats.texts import attached, clean, joined, names_in, require
from nuonuo_memory.types import Message

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json$")
_LISTS = ("channels.json", "groups.json", "dms.json", "mpims.json")
_SAID = (
    None,
    "bot_message",
    "me_message",
    "file_share",
    "file_comment",
    "thread_broadcast",
    "reply_broadcast",
    "slackbot_response",
)
_REFERENCE = re.compile(r"<([^<>\n]{1,2000})>")
_STAMP = re.compile(r"\d{9,11}(?:\.\d{1,9})?$")


@dataclass(slots=True)
class _Said:
    """A message, and the thread that it is in."""

    message: Message
    stamp: float
    thread: str | None


class Slack:
    """Reads exports of Slack."""

    name = "slack"
    about = "Slack's export: its zip or folder, or the file of a day"

    def matches(self, source: Source) -> bool:
        """Whether it is laid out like Slack's export, or is the file of a day."""
        if source.whole:
            names = {PurePosixPath(file.name).name for file in source.files}
            listed = "users.json" in names and not names.isdisjoint(_LISTS)
            return listed and any(_is_day(file) for file in source.files)
        return any(_is_message(one) for one in source.samples)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield a session for each channel's day and for each thread."""
        people = _people(source, job)
        channels: dict[str, list[File]] = {}
        if source.whole:
            names = _channel_names(source, people, job)
            for file in source.files:
                if _is_day(file):
                    folder = PurePosixPath(file.name).parent.name
                    channels.setdefault(names.get(folder, folder), []).append(file)
        else:
            parent = PurePosixPath(source.files[0].shown.replace("\\", "/")).parent.name
            channels[parent or source.name] = source.files
        for channel, files in channels.items():
            said = [one for file in files for one in _in_file(file, people, job)]
            yield from _sessions(clean(channel), said, job)


def _is_day(file: File) -> bool:
    path = PurePosixPath(file.name)
    return bool(_DAY.match(path.name)) and len(path.parts) > 1


def _is_message(one: JsonObject) -> bool:
    stamp = one.get("ts")
    return one.get("type") == "message" and isinstance(stamp, str) and bool(_STAMP.match(stamp))


def _listed(source: Source, name: str, job: Job) -> Iterator[tuple[JsonObject, Record]]:
    """Yield the objects of a list such as `users.json`."""
    for file in source.files if source.whole else ():
        if PurePosixPath(file.name).name == name:
            for record in file.records:
                with job.record(record):
                    yield record.object(), record


def _people(source: Source, job: Job) -> dict[str, str]:
    people: dict[str, str] = {}
    for user, _ in _listed(source, "users.json", job):
        profile = user.get("profile")
        own = user.get("id")
        given = (
            [profile.get(key) for key in ("display_name", "real_name")]
            if isinstance(profile, Mapping)
            else []
        )
        for name in (*given, user.get("real_name"), user.get("name")):
            if isinstance(name, str) and name.strip() and isinstance(own, str):
                people[own] = clean(name).strip()
                break
    return people


def _channel_names(source: Source, people: Mapping[str, str], job: Job) -> dict[str, str]:
    """Return what the folders of direct messages are called: those who write in them."""
    names: dict[str, str] = {}
    for record, _ in _listed(source, "dms.json", job):
        own, members = record.get("id"), record.get("members")
        if isinstance(own, str) and isinstance(members, list):
            named = [people.get(one, one) for one in members if isinstance(one, str)]
            names[own] = ", ".join(dict.fromkeys(named)) or own
    return names


def _in_file(file: File, people: Mapping[str, str], job: Job) -> Iterator[_Said]:
    for record in file.records:
        with job.record(record):
            made = _said(record.object("a message"), people, record, job)
            if made is not None:
                yield made


def _said(message: JsonObject, people: Mapping[str, str], record: Record, job: Job) -> _Said | None:
    require(message.get("type") == "message", record.where, "a message of Slack", message)
    stamp = message.get("ts")
    require(
        isinstance(stamp, str) and bool(_STAMP.match(stamp)),
        record.where,
        "a ts such as 1771012800.000100",
        stamp,
    )
    if message.get("subtype") not in _SAID or message.get("hidden"):
        return None
    text = message.get("text") or ""
    require(isinstance(text, str), record.where, "a text", text)
    words = joined(_plain(str(text), people) or _fallbacks(message, people), _files(message))
    at = job.time(stamp, record.where)
    made = person(_speaker(message, people, record), words, at=at, id=stamp)
    thread = message.get("thread_ts")
    replied = isinstance(thread, str) and (thread != stamp or bool(message.get("reply_count")))
    if made is None:
        return None
    return _Said(made, float(str(stamp)), str(thread) if replied else None)


def _files(message: JsonObject) -> str:
    return attached(names_in(message.get("files")))


def _fallbacks(message: JsonObject, people: Mapping[str, str]) -> str:
    """Return the words of a bot that writes into attachments alone."""
    parts = message.get("attachments")
    texts = []
    for part in parts if isinstance(parts, list) else ():
        given = [part.get(key) for key in ("text", "fallback")] if isinstance(part, Mapping) else []
        text = next((one for one in given if isinstance(one, str) and one.strip()), None)
        if text:
            texts.append(_plain(text, people))
    return joined(*texts)


def _speaker(message: JsonObject, people: Mapping[str, str], record: Record) -> str:
    own = message.get("user")
    if isinstance(own, str) and own in people:
        return people[own]
    for key in ("user_profile", "bot_profile"):
        profile = message.get(key)
        if isinstance(profile, Mapping):
            for name in map(profile.get, ("display_name", "real_name", "name")):
                if isinstance(name, str) and name.strip():
                    return name
    for given in (message.get("username"), own, message.get("bot_id")):
        if isinstance(given, str) and given.strip():
            return given
    require(False, record.where, "a message with a user", message)
    return ""


def _plain(text: str, people: Mapping[str, str]) -> str:
    """Write people, channels and links as they are read, and take out the escapes."""

    def named(found: re.Match[str]) -> str:
        what, _, label = found[1].partition("|")
        if what.startswith("@"):
            return "@" + people.get(what[1:], label or what[1:])
        if what.startswith("#"):
            return "#" + (label or what[1:])
        if what.startswith("!"):
            return label or "@" + what[1:].split("^")[0]
        return (
            f"{label} ({what})"
            if label and label != what.removeprefix("mailto:")
            else (label or what)
        )

    return html.unescape(_REFERENCE.sub(named, text))


def _sessions(channel: str, said: list[_Said], job: Job) -> Iterator[Session]:
    said.sort(key=lambda one: one.stamp)
    groups: dict[str, list[Message]] = {}
    for one in said:
        part = f"thread {one.thread}" if one.thread else str(day_of(one.message.at, job.timezone))
        groups.setdefault(f"{channel}/{part}", []).append(one.message)
    for name, messages in groups.items():
        yield Session(tuple(messages), name, messages[0].at, {"channel": channel})
