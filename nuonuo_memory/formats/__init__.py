"""Readers of the files that people have: conversations, mail, notes and subtitles.

`read(path)` gives sessions of messages, ready for `TextMemory.observe`. A format of your own is a
`Reader`; give it to `read(path, format=...)`, or offer it to everyone by an entry point of the
group `nuonuo_memory.formats`.
"""

from nuonuo_memory.formats.reader import Job, Reader, person, turn
from nuonuo_memory.formats.reading import Reading, read
from nuonuo_memory.formats.records import Record
from nuonuo_memory.formats.registry import FORMATS
from nuonuo_memory.formats.session import Session, Skipped
from nuonuo_memory.formats.source import File, Source

__all__ = [
    "FORMATS",
    "File",
    "Job",
    "Reader",
    "Reading",
    "Record",
    "Session",
    "Skipped",
    "Source",
    "person",
    "read",
    "turn",
]
