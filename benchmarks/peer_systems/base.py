"""What an adapter is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Place = tuple[str, int]
"""A turn: its session's id, and its place in the session from 0."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said.

    Attributes:
        session: Id of the session.
        number: Place in the session, from 0.
        role: `user` or `assistant`, or the speaker's name.
        name: The speaker's name, where there is one.
        text: The words.
        at: When the session was, ISO 8601; empty where it is not known.
    """

    session: str
    number: int
    role: str
    name: str | None
    text: str
    at: str

    @property
    def key(self) -> str:
        """An id that names session and place."""
        return f"{self.session}|{self.number}"

    @property
    def line(self) -> str:
        """The words with their speaker before them, for systems that have no field for one."""
        return f"{self.name}: {self.text}" if self.name else self.text

    @property
    def metadata(self) -> dict[str, Any]:
        """What a system keeps beside the words."""
        return {"session": self.session, "turn": self.number, "at": self.at}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and when (ISO 8601, empty where it is not known)."""

    text: str
    asked: str


class System(Protocol):
    """A memory that takes turns and finds them again."""

    def add(self, turns: Sequence[Turn]) -> None:
        """Store a session's turns, in order."""

    def ready(self) -> None:
        """Do what must be done between the last `add` and the first `search`, saving included."""

    def search(self, question: Question, k: int) -> list[Place]:
        """Return the k best turns."""

    def close(self) -> None:
        """Let go of files."""


class Adapter:
    """What most adapters share.

    Args:
        folder: Where the system keeps its files.
        reopen: Read what an earlier process left there, in place of starting empty.
    """

    keeps_files = True
    """Whether a later process can read what was stored; otherwise it must be added again."""

    def __init__(self, folder: Path, *, reopen: bool = False) -> None:
        self.folder = folder
        self.start(reopen=reopen)

    @staticmethod
    def encoder() -> Callable[[str], object]:
        """Return what encodes a question, to be timed alone."""
        from peer_systems.embedder import embedder

        return embedder().query

    def start(self, *, reopen: bool) -> None:
        """Open the system."""
        raise NotImplementedError

    def ready(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def place_of(key: str) -> Place:
    """Return the place that a `Turn.key` names."""
    session, number = key.rsplit("|", 1)
    return session, int(number)


def place_in(metadata: dict[str, Any]) -> Place:
    """Return the place that a `Turn.metadata` names."""
    return str(metadata["session"]), int(metadata["turn"])
