"""WhatsApp's export of a chat: text, with a date and a time before each message.

Telephones write dates in the order of their country. The order is decided from the whole file: by
numbers above twelve, else by the order in which the chat goes on, else by what only one country
writes. Where all of that leaves it open, reading fails until the caller says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import PurePath

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.days import sessions_by_day
from nuonuo_memory.formats.reader import Job, person
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import attached, joined, shorten
from nuonuo_memory.formats.times import hour_of
from nuonuo_memory.types import Message

_MARK = "\u200e"
_SPACES = dict.fromkeys(map(ord, "\u202f\u00a0\u2009"), " ")
_UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_STAMP = re.compile(
    r"(?P<open>\[)?"
    r"(?P<a>\d{1,4})(?P<sep>[./-]|年)\s?(?P<b>\d{1,2})(?:[./-]|月)\s?(?P<c>\d{1,4})\.?日?"
    r"(?:,|،|\sum|\sklo|\sat|\sà)?\s?"
    r"(?P<before>[上下]午|오전|오후|午前|午後|[AaPp]\.?[Mm]\.?)?\s?"
    r"(?P<h>\d{1,2})[:.](?P<min>\d{2})(?:[:.](?P<s>\d{2}))?"
    r"(?:\s?(?P<after>[AaPp]\.?\s?[Mm]\.?|vorm\.|nachm\.)|\sUhr)?"
    r"(?(open)\]\s?|\s[-–]\s)"
)
_PASTED = re.compile(r"\[\d{1,2}[:.]\d{2}[^\]]*\]")  # copied from WhatsApp Web: the clock first
_NEARLY = re.compile(r"(?P<head>[^\]\n]{6,40}?)(?:\]\s?|\s?[-–]\s)(?P<rest>.*)")
_SPEAKER = re.compile(r"(?P<name>[^:\n]{1,80}?)(?::\s|:$)(?P<text>.*)", re.DOTALL)
_QUOTES = set("\"“”„«»'‘’")
_OMITTED = re.compile(
    r"<(?:media omitted|medien ausgeschlossen|multimedia omitido|médias omis|media omessi|"
    r"mídia oculta|media weggelaten|省略多媒体文件|媒体已忽略|省略多媒體檔案|без медиафайлов)>"
    r"|(?:image|photo|video|audio|voice message|gif|sticker|document|contact card|video note|"
    r"bild|foto|sprachnachricht|dokument|kontaktkarte) (?:omitted|weggelassen)"
    r"|(?:imagen|audio|video|sticker|gif) omitid[oa]|(?:image|vidéo|audio|sticker|gif) absente?"
    r"|(?:图片|影像|视频|影片|音频|音訊|贴图|貼圖|gif|文档|文件)已?(?:忽略|省略|略去)",
    re.IGNORECASE,
)
_DELETED = re.compile(
    r"(?:this message was deleted|you deleted this message|diese nachricht wurde gelöscht|"
    r"du hast diese nachricht gelöscht|(?:se eliminó|eliminaste) este mensaje|"
    r"(?:ce message a été supprimé|vous avez supprimé ce message)|"
    r"(?:questo messaggio è stato eliminato|hai eliminato questo messaggio)|"
    r"(?:mensagem apagada|você apagou esta mensagem)|"
    r"(?:此消息已删除|你删除了这条消息|此訊息已刪除)|null)[.。]?$",
    re.IGNORECASE,
)
_EDITED = re.compile(
    r"\s*<(?:this message was edited|diese nachricht wurde bearbeitet\.?|se editó este mensaje\.?|"
    r"ce message a été modifié|questo messaggio è stato modificato|此消息已编辑|消息已编辑)>\s*$",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"<[^<>:：\n]{2,30}[:：]\s*([^<>/:\n]{1,200}\.\w{2,5})>"  # <attached: …>, in any language
    r"|^([^\n<>/]{1,200}\.\w{2,5}) \((?:file attached|datei angehängt|archivo adjunto|"
    r"fichier joint|file allegato|arquivo anexado|bestand bijgevoegd|文件附件|附件)\)",
    re.IGNORECASE | re.MULTILINE,
)
_CHAT = re.compile(
    r"(?:WhatsApp[ -]?Chat (?:with|mit)|Chat de WhatsApp con|Discussion WhatsApp avec|"
    r"WhatsApp Chat -|与|Chat WhatsApp con)\s*(?P<name>.+?)(?:的 ?WhatsApp ?聊天)?$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Line:
    """A line that begins with a date, and what follows until the next.

    Attributes:
        number: Its place in the file, from 1.
        stamp: The date; `None` where it looks like one and cannot be read.
        rest: What follows the date.
    """

    number: int
    stamp: re.Match[str] | None
    rest: str


class WhatsApp:
    """Reads chats of WhatsApp."""

    name = "whatsapp"
    about = "WhatsApp's export of a chat (_chat.txt, or its zip)"

    def matches(self, source: Source) -> bool:
        """Whether most of the first lines, or the first two, begin with date, time and speaker."""
        file = source.file
        if file is None or not file.is_text:
            return False
        lines = [line for line in file.text[:20_000].split("\n")[:50] if line.strip()]
        stamped = [(line, found) for line in lines if (found := _stamp(line))]
        if not lines or not stamped or stamped[0][0] != lines[0]:
            return False
        speaks = [_SPEAKER.match(_after(line, found)) is not None for line, found in stamped]
        return any(speaks)

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield a session for each day; system lines and media without words are left out."""
        file = source.files[0]
        lines = _lines(file.text)
        order = _order([one.stamp for one in lines if one.stamp], job.day_first, file.shown)
        messages: list[Message] = []
        for line in lines:
            with job.guard(file.shown, line.number):
                made = _message(line, order, f"{file.shown}, line {line.number}", job)
                if made is not None:
                    messages.append(made)
        yield from sessions_by_day(_chat_name(source), messages, job.timezone)


def _chat_name(source: Source) -> str:
    """Return whom the chat is with, as the file or the archive around it is called."""
    path = PurePath(source.shown)
    names = [source.name, path.parent.stem] if path.stem.startswith("_chat") else [source.name]
    found = next((one for name in names[::-1] if (one := _CHAT.search(name))), None)
    return found["name"].strip() if found else source.name


def _stamp(line: str) -> re.Match[str] | None:
    return _STAMP.match(_UNSEEN.sub("", line[:80]).translate(_SPACES).lstrip())


def _after(line: str, stamp: re.Match[str]) -> str:
    """Return what follows the date, its unseen marks kept: they tell what the program wrote."""
    seen, length = 0, len(stamp[0].rstrip())
    place = 0
    leading = True
    while seen < length and place < len(line):
        char = line[place]
        place += 1
        if _UNSEEN.match(char) or (leading and char.isspace()):
            continue
        leading = False
        seen += 1
    return line[place:].lstrip(" \u00a0\u202f")


def _lines(text: str) -> list[_Line]:
    """Cut a chat at its dates; one of another form than the first was pasted into a message."""
    lines: list[_Line] = []
    form: re.Match[str] | None = None
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.rstrip("\r")
        stamp = _stamp(line)
        form = form or stamp
        if stamp is not None and form is not None and stamp["open"] == form["open"]:
            lines.append(_Line(number, stamp, _after(line, stamp)))
        elif lines and stamp is None and _nearly_stamped(line):
            lines.append(_Line(number, None, line))
        elif lines:
            lines[-1].rest += "\n" + line
    return lines


def _nearly_stamped(line: str) -> bool:
    """Whether a line begins with a damaged date and clock, and then a name and a colon.

    Taken for words of the message before, it would pass for what somebody else said.
    """
    shown = _UNSEEN.sub("", line[:160]).translate(_SPACES)
    found = _NEARLY.match(shown)
    if found is None or _PASTED.match(shown) or _SPEAKER.match(found["rest"]) is None:
        return False
    head = found["head"]
    numbers = len(re.findall(r"\d+", head))
    return (
        numbers >= 4
        and len(re.findall(r"[./:年月日-]", head)) >= 2
        and sum(map(str.isalpha, head)) <= 8
        and (numbers > 4 or " " in head or "," in head)
    )


def _message(line: _Line, order: str, where: str, job: Job) -> Message | None:
    at = None if line.stamp is None else _time(line.stamp, order)
    if at is None:
        written = line.rest[:40] if line.stamp is None else line.stamp[0]
        raise FormatError(
            f"{where}: expected a date of this file's form, got {shorten(written, 40)!r}"
        )
    found = _SPEAKER.match(line.rest)
    if found is None or _QUOTES & set(found["name"]) - {"'", "’"}:
        return None  # what the program reports, and nobody said
    name = _UNSEEN.sub("", found["name"]).strip().lstrip("~").strip()
    text = found["text"]
    if not name or (text.startswith(_MARK) and not _is_said(text)):
        return None
    return person(name, _words(text), at=job.in_zone(at))


def _is_said(text: str) -> bool:
    """Whether words after a mark of the program's own are a person's: a file, or a poll."""
    plain = _UNSEEN.sub("", text)
    return bool(_FILE.match(plain)) or plain.startswith(("POLL:", "UMFRAGE:"))


def _words(text: str) -> str:
    plain = _UNSEEN.sub("", text).strip()
    if _DELETED.match(plain):
        return ""
    plain = _EDITED.sub("", plain)
    names: list[str] = []

    def named(found: re.Match[str]) -> str:
        names.append((found[1] or found[2]).strip())
        return ""

    plain = _FILE.sub(named, plain)
    lines = [line for line in plain.split("\n") if not _OMITTED.fullmatch(line.strip())]
    if lines:
        lines[-1] = _trailing_omitted(lines[-1], text)
    return joined("\n".join(lines).strip(), attached(names))


def _trailing_omitted(line: str, text: str) -> str:
    """Take "image omitted" from the end of a caption, where the program's mark stands before it."""
    words = text.rpartition(_MARK)[2].strip()
    if _MARK in text and words and _OMITTED.fullmatch(words) and line.endswith(words):
        return line[: -len(words)].rstrip()
    return line


def _order(stamps: Sequence[re.Match[str]], day_first: bool | None, where: str) -> str:
    """Return `ymd`, `dmy` or `mdy`, decided from all dates of a file."""
    if stamps and len(stamps[0]["a"]) == 4:
        return "ymd"
    possible = [order for order in ("dmy", "mdy") if all(_may(one, order) for one in stamps)]
    if day_first is not None:
        asked = "dmy" if day_first else "mdy"
        if asked in possible or not possible:
            return asked
    if len(possible) == 1:
        return possible[0]
    if not possible:
        counts = {order: sum(_may(one, order) for one in stamps) for order in ("dmy", "mdy")}
        return max(counts, key=lambda order: counts[order])  # what does not fit fails by its line
    falls = {order: _falls(stamps, order) for order in possible}
    if falls["dmy"] != falls["mdy"]:
        return min(falls, key=lambda order: falls[order])
    if len({(one["a"], one["b"]) for one in stamps if one["a"].zfill(2) != one["b"].zfill(2)}) == 0:
        return "dmy"  # day and month are the same number everywhere
    hint = _hint(stamps)
    if hint is None:
        raise FormatError(
            f"{where}: expected dates that tell day and month apart, got only such as "
            f"{shorten(stamps[0][0].strip())}; say whether the day stands first"
        )
    return hint


def _may(stamp: re.Match[str], order: str) -> bool:
    day, month = (stamp["a"], stamp["b"]) if order == "dmy" else (stamp["b"], stamp["a"])
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31 and len(stamp["a"]) <= 2


def _falls(stamps: Sequence[re.Match[str]], order: str) -> int:
    """How often time would go back: a chat is written down in its order."""
    times = [one for stamp in stamps if (one := _time(stamp, order)) is not None]
    back = sum(1 for one, other in pairwise(times) if other < one)
    return back + (len(stamps) - len(times))


def _hint(stamps: Sequence[re.Match[str]]) -> str | None:
    """What only some countries write: points and padded dates day first, 2/13/26 9:05 PM not."""
    first = stamps[0]
    if first["sep"] == ".":
        return "dmy"
    half = first["before"] or first["after"] or ""
    if half in ("AM", "PM") and len(first["c"]) == 2 and not _padded(stamps):
        return "mdy"
    if half.lower() in ("am", "pm") and half.islower():
        return "dmy"
    if not half and _padded(stamps):
        return "dmy"
    return None


def _padded(stamps: Sequence[re.Match[str]]) -> bool:
    return any(part.startswith("0") for one in stamps for part in (one["a"], one["b"]))


def _time(stamp: re.Match[str], order: str) -> datetime | None:
    a, b, c = int(stamp["a"]), int(stamp["b"]), int(stamp["c"])
    year, month, day = {"ymd": (a, b, c), "dmy": (c, b, a), "mdy": (c, a, b)}[order]
    if (len(stamp["a"]) == 4) != (order == "ymd"):
        return None
    half = stamp["before"] or stamp["after"]
    hour = hour_of(int(stamp["h"]), _half(half) if half else None)
    if hour is None:
        return None
    try:
        return datetime(
            year + 2000 if year < 100 else year,
            month,
            day,
            hour,
            int(stamp["min"]),
            int(stamp["s"] or 0),
        )
    except ValueError:
        return None


def _half(written: str) -> str:
    return "p" if written[0] in "pPn" or written in ("下午", "오후", "午後") else "a"
