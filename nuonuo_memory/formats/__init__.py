"""Readers of conversation files: each yields sessions, ready for `TextMemory.observe`."""

from nuonuo_memory.formats.reading import FORMATS, read_sessions
from nuonuo_memory.formats.sessions import Session

__all__ = ["FORMATS", "Session", "read_sessions"]
