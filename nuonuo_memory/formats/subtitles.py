"""Subtitles and captions (`.vtt`, `.srt`): memories of a few sentences, each with its time."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.reader import Job
from nuonuo_memory.formats.session import Session
from nuonuo_memory.formats.source import Source
from nuonuo_memory.formats.texts import shorten
from nuonuo_memory.types import NewMemory

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMING = re.compile(rf"\s*(?P<start>{_TIME})\s*-->\s*(?P<end>{_TIME})(?:\s.*)?$")
_ARROW = "-->"
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s+([^>]+)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>|<\d[\d:.]{4,20}>|\{\\[^{}]{1,40}\}")
_ENOUGH = 240  # characters after which a memory ends with its sentence
_PAUSE = 8.0  # seconds without words after which a new memory begins
_ENDS = (".", "!", "?", "…", "。", "！", "？", '."', '?"', '!"')


@dataclass(slots=True)
class _Cue:
    """What is shown at one time."""

    start: float
    end: float
    speaker: str
    text: str


class Subtitles:
    """Reads subtitles."""

    name = "subtitles"
    about = "subtitles or captions (.vtt, .srt)"

    def matches(self, source: Source) -> bool:
        """Whether a file begins as WebVTT, or with a numbered time span as SubRip does."""
        file = source.file
        if file is None or not file.is_text:
            return False
        lines = [line.strip() for line in file.text[:5_000].split("\n") if line.strip()]
        if lines[0].startswith("WEBVTT"):
            return True
        return any(_TIMING.match(line) for line in lines[:2])

    def read(self, source: Source, job: Job) -> Iterator[Session]:
        """Yield the words as memories, with `source`, `place` (its time) and `speaker`."""
        file = source.files[0]
        memories: list[NewMemory] = []
        for part in _parts(_cues(file.text, file.shown, job)):
            place = _clock(part[0].start)
            metadata = {"source": file.name, "place": place, "until": _clock(part[-1].end)}
            if part[0].speaker:
                metadata["speaker"] = part[0].speaker
            memories.append(
                NewMemory(
                    " ".join(cue.text for cue in part),
                    metadata=metadata,
                    id=f"subtitles:{file.origin}#{part[0].start:.3f}-{len(memories)}",
                )
            )
        yield Session((), source.name, memories=tuple(memories))


def _cues(text: str, shown: str, job: Job) -> Iterator[_Cue]:
    lines = text.replace("\r\n", "\n").split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.strip().startswith(("NOTE", "STYLE", "REGION")) and _ARROW not in line:
            while number < len(lines) and lines[number].strip():
                number += 1
            continue
        if _ARROW not in line:
            continue
        begin = number
        while number < len(lines) and lines[number].strip() and _ARROW not in lines[number]:
            number += 1
        with job.guard(shown, begin):
            found = _TIMING.match(line)
            if found is None:
                raise FormatError(
                    f"{shown}, line {begin}: expected times such as 00:01:05.000 --> 00:01:07.000, "
                    f"got {shorten(line, 60)!r}"
                )
            said = lines[begin:number]
            follows = number < len(lines) and _ARROW in lines[number]
            if follows and said and said[-1].strip().isdigit():
                said = said[:-1]  # the number of the cue that follows without an empty line
            cue = _cue(found, said)
            if cue.text:
                yield cue


def _cue(found: re.Match[str], lines: list[str]) -> _Cue:
    raw = " ".join(line.strip() for line in lines)
    voice = _VOICE.search(raw)
    words = " ".join(html.unescape(_TAG.sub("", raw)).split())
    speaker = voice[1].strip() if voice else ""
    return _Cue(_seconds(found["start"]), _seconds(found["end"]), speaker, words)


def _parts(cues: Iterator[_Cue]) -> Iterator[list[_Cue]]:
    """Join cues to memories: to the end of a sentence, a pause, or another speaker."""
    part: list[_Cue] = []
    for cue in cues:
        if part and cue.text == part[-1].text and cue.speaker == part[-1].speaker:
            part[-1].end = cue.end  # shown again, as captions that roll are
            continue
        if part and _closes(part, cue):
            yield part
            part = []
        part.append(cue)
    if part:
        yield part


def _closes(part: list[_Cue], following: _Cue) -> bool:
    length = sum(len(cue.text) for cue in part)
    ends = part[-1].text.endswith(_ENDS)
    return (
        following.speaker != part[-1].speaker
        or following.start - part[-1].end > _PAUSE
        or (ends and length >= _ENOUGH)
        or length >= 4 * _ENOUGH
    )


def _seconds(text: str) -> float:
    parts = text.replace(",", ".").split(":")
    return sum(float(part) * 60.0**power for power, part in enumerate(reversed(parts)))


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
