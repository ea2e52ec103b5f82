"""From what a caller gives to drafts: memories with their cues, not yet encoded or stored."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.config import CueConfig
from nuonuo_memory.inputs import merged
from nuonuo_memory.store.rows import MemoryRow, StrengthRow
from nuonuo_memory.text.cues import cues_of_text, cues_of_turn, spoken
from nuonuo_memory.types import Cue, Link, Message, Metadata, Namespace, NewMemory


@dataclass(frozen=True, slots=True)
class Draft:
    """A memory on its way into the store, with the cues that will bring it to mind.

    Attributes:
        digest: What makes the same message the same; `None` for a fact, which has no such thing.
        created_at: When it was first stored, in seconds since 1970; 0 for now.
        updated_at: When it was last changed, likewise; 0 for the time of storing.
        after: Id of the turn that this one follows in its session.
        strength: How much it was of use, where it comes from another store; its key is not read.
        vectors: The cues' vectors as a store of the same encoder kept them, [n, dimension], to be
            stored bit for bit; `None` where the cues are to be encoded.
    """

    id: str
    text: str
    namespace: Namespace
    cues: tuple[Cue, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    role: str | None = None
    session: str | None = None
    turn: int | None = None
    at: datetime | None = None
    digest: str | None = None
    links: tuple[Link, ...] = ()
    created_at: float = 0.0
    updated_at: float = 0.0
    after: str | None = None
    strength: StrengthRow | None = None
    vectors: NDArray[np.float16] | None = field(default=None, compare=False)

    @property
    def said(self) -> str:
        """The text as its speaker's words, where the speaker has a name."""
        name = self.metadata.get("name") if self.role is not None else None
        return spoken(self.text, name if isinstance(name, str) else None)


def draft_fact(new: NewMemory, namespace: Namespace, config: CueConfig) -> Draft:
    """Return the draft of a single memory given to `remember`."""
    own = tuple(cue if isinstance(cue, Cue) else Cue(cue) for cue in new.cues)
    derived = cues_of_text(new.text, config=config) if new.derive else ()
    return Draft(
        id=new.id or uuid.uuid4().hex,
        text=new.text,
        namespace=namespace,
        cues=without_repeats((*derived, *own)),
        metadata=dict(new.metadata or {}),
        at=new.at,
        links=tuple(Link(link) if isinstance(link, str) else link for link in new.links),
    )


def redraft(row: MemoryRow, text: str, config: CueConfig) -> Draft:
    """Return the draft of a stored memory with another text, its cues made as when it was new."""
    name = row.metadata.get("name") if row.role is not None else None
    return Draft(
        id=row.id,
        text=text,
        namespace=row.namespace,
        cues=tuple(
            cues_of_turn(
                text,
                role=row.role,
                previous_question=None,
                speaker=name if isinstance(name, str) else None,
                config=config,
            )
        ),
        metadata=dict(row.metadata),
        role=row.role,
    )


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages of one session as one `observe` call brings them.

    Attributes:
        at: The time of messages that carry none.
        metadata: Kept with every memory that is made.
    """

    messages: Sequence[Message]
    namespace: Namespace
    session: str | None = None
    at: datetime | None = None
    metadata: Metadata | None = None

    def digests(self) -> list[str | None]:
        """Return what identifies each message in its namespace; `None` where it holds no text.

        A message is the same when its session, role, name, words and own time are the same, and
        it stands at the same repetition within the call; an application's own id decides alone.
        """
        seen: Counter[str] = Counter()
        digests: list[str | None] = []
        for message in self.messages:
            if not message.content.strip():
                digests.append(None)
                continue
            key = json.dumps(
                [self.session, message.id]
                if message.id is not None
                else [
                    self.session,
                    message.role,
                    message.name,
                    message.content,
                    message.at.isoformat() if message.at else None,
                ],
                ensure_ascii=False,
            )
            seen[key] += 1
            repeat = "" if message.id is not None else str(seen[key])
            content = "\x1f".join((*self.namespace, "", key, repeat))
            digests.append(hashlib.sha256(content.encode()).hexdigest()[:32])
        return digests


def first_turn(digests: Sequence[str | None], known: Mapping[str, int | None], last: int) -> int:
    """Return the turn number of the call's first message.

    Args:
        digests: Of the call's messages.
        known: Turn numbers of those stored already, by digest.
        last: The session's highest turn number so far; -1 when it is new.

    Returns:
        The number that lines the known messages up with themselves, else the one after `last`.
    """
    for position, digest in enumerate(digests):
        turn = known.get(digest) if digest is not None else None
        if turn is not None:
            return max(turn - position, 0)
    return last + 1


@dataclass(frozen=True, slots=True)
class LastTurn:
    """The newest turn of a session that is stored.

    Attributes:
        turn: Its number; -1 when the session is new.
        id: Its memory's id.
        question: Its words, where the user spoke.
    """

    turn: int = -1
    id: str | None = None
    question: str | None = None


def draft_turns(
    conversation: Conversation,
    known: Mapping[str, int | None],
    *,
    last: LastTurn,
    config: CueConfig,
) -> list[Draft]:
    """Return drafts of a conversation's new turns.

    Args:
        conversation: The messages and where they belong.
        known: Turn numbers of messages stored already, by digest.
        last: Where the session stands so far.
        config: Which cues a turn gets.
    """
    digests = conversation.digests()
    first = first_turn(digests, known, last.turn)
    question, after = last.question, last.id
    drafts: list[Draft] = []
    for position, (message, digest) in enumerate(zip(conversation.messages, digests, strict=True)):
        if digest is None:
            continue
        if digest not in known:
            named = {"name": message.name} if message.name else {}
            drafts.append(
                Draft(
                    id=digest,
                    text=message.content,
                    namespace=conversation.namespace,
                    cues=tuple(
                        cues_of_turn(
                            message.content,
                            role=message.role,
                            previous_question=question,
                            config=config,
                            speaker=message.name,
                        )
                    ),
                    metadata=merged(conversation.metadata, named),
                    role=message.role,
                    session=conversation.session,
                    turn=first + position,
                    at=message.at or conversation.at,
                    digest=digest,
                    after=after,
                )
            )
        question = message.content if message.role == "user" else None
        after = digest
    return drafts


def without_repeats(cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """Return the cues whose words did not come before."""
    first: dict[str, Cue] = {}
    for cue in cues:
        first.setdefault(cue.text.casefold().strip(), cue)
    return tuple(first.values())
