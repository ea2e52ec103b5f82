"""Mail in an mbox, or one message (`.eml`): each message a memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from nuonuo_memory.formats.gemini import plain
from nuonuo_memory.formats.reader import Job
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import attached, clean, joined, require
from nuonuo_memory.types import NewMemory

_FROM = re.compile(rb"^From [^\r\n]*\d{4}\r?$", re.MULTILINE)
_STUFFED = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADER = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+")
_KNOWN = re.compile(
    rb"^(?:From|Date|Message-ID|Received|Return-Path):", re.MULTILINE | re.IGNORECASE
)
_QUOTE = re.compile(r"^(?:On .{5,200} wrote|Am .{5,200} schrieb.{0,80}|Le .{5,200} a écrit ?):\s*$")
_COMMENT = re.compile(r"\s*\([^()]*\)\s*$")  # after a date, as in `+0100 (CET)`
_ZONES = {
    "-0000": "+0000",  # UTC, by somebody who does not say where
    "UT": "+0000",
    "EST": "-0500",
    "EDT": "-0400",
    "CST": "-0600",
    "CDT": "-0500",
    "MST": "-0700",
    "MDT": "-0600",
    "PST": "-0800",
    "PDT": "-0700",
}
_SIGNATURE = "\n-- \n"


class Mail:
    """Reads mail."""

    name = "mail"
    about = "mail: an mbox, or one message (.eml)"

    def matches(self, source: Source) -> bool:
        """Whether a file begins as an mbox, or with the headers of a message."""
        if source.file is None:
            return False
        head = source.file.data[:20_000]
        if head.startswith(b"From "):
            return bool(_FROM.match(head.partition(b"\n")[0])) and b":" in head
        found = _HEADER.match(head)
        return found is not None and len(_KNOWN.findall(found[0])) >= 2

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the messages as memories: subject and words, without what they quote."""
        file = source.files[0]
        memories: dict[str, NewMemory] = {}
        for number, (line, raw) in enumerate(_messages(file.data), start=1):
            with job.guard(file.shown, line):
                where = f"{file.shown}, line {line}, message {number}"
                made = _memory(raw, number, source, where, job)
                if made is not None:
                    memories[made.id or ""] = made
        yield Session((), source.name, memories=tuple(memories.values()))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the messages of an mbox, or the one message, each with the line where it begins."""
    starts = [
        found.start()
        for found in _FROM.finditer(data)
        if found.start() == 0
        or data[max(0, found.start() - 4) : found.start()].endswith((b"\n\n", b"\r\n\r\n"))
    ]
    if not starts or starts[0] != 0:
        yield 1, data
        return
    line, counted = 1, 0
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        line += data.count(b"\n", counted, start)
        counted = start
        _, _, raw = data[start:end].partition(b"\n")
        yield line, _STUFFED.sub(rb"\1", raw)


def _memory(raw: bytes, number: int, source: Source, where: str, job: Job) -> NewMemory | None:
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
        fields = {name: _header(message, name) for name in ("Subject", "From", "To", "Message-ID")}
        body, files = _body(message)
    except (MessageError, LookupError, ValueError, TypeError, AttributeError) as error:
        require(False, where, f"a message that can be read ({type(error).__name__})", str(error))
        return None
    require(bool(fields["From"] or fields["Subject"]), where, "a message with a sender", raw[:60])
    at = _date(message, where, job)
    text = joined(fields["Subject"], body, attached(files))
    if not text.strip():
        return None
    key = fields["Message-ID"] or hashlib.sha256(raw).hexdigest()
    metadata = {
        "source": source.files[0].name,
        "place": f"message {number}",
        "subject": fields["Subject"],
        "from": fields["From"],
        "to": fields["To"],
    }
    return NewMemory(
        clean(text),
        metadata={name: value for name, value in metadata.items() if value},
        at=at,
        id=f"mail:{key}",
    )


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    try:
        shown = str(make_header(decode_header(str(value))))
    except (LookupError, ValueError, MessageError):  # an encoding that is none
        shown = str(value)
    return " ".join(clean(shown).split())


def _date(message: Message, where: str, job: Job) -> datetime | None:
    """Return when a message was sent; older ones name a zone of RFC 822, such as EST."""
    value = _COMMENT.sub("", _header(message, "Date"))
    written, _, zone = value.rpartition(" ")
    return job.time(f"{written} {_ZONES.get(zone.upper(), zone)}".strip(), f"{where}, Date")


def _body(message: Message) -> tuple[str, list[str]]:
    """Return the words of a message and the names of what is attached."""
    words: dict[str, list[str]] = {"plain": [], "html": []}
    files: list[str] = []
    for part in message.walk():
        name = part.get_filename()
        if name:
            files.append(" ".join(clean(str(make_header(decode_header(name)))).split()))
        elif part.get_content_maintype() == "text" and part.get_content_subtype() in words:
            words[part.get_content_subtype()].append(_decoded(part))
    text = (
        "\n".join(words["plain"])
        if any(map(str.strip, words["plain"]))
        else plain("\n".join(words["html"]))
    )
    return _own_words(text), files


def _decoded(part: Message) -> str:
    payload: Any = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        return payload.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return payload.decode("utf-8", "replace")


def _own_words(text: str) -> str:
    """Take off what a message quotes, and its signature."""
    text = text.replace("\r\n", "\n").partition(_SIGNATURE)[0]
    lines = [line.rstrip() for line in text.split("\n")]
    kept = [line for line in lines if not line.startswith(">") and not _QUOTE.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
