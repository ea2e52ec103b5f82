"""What goes into a memory and what comes out: frozen, typed records.

Times are aware `datetime`s; the facade reads naive ones as UTC. Scores are higher-is-better
everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, overload

Namespace: TypeAlias = tuple[str, ...]
"""Whose memory it is, from the general to the special, as in `("acme", "alice")`."""

Metadata: TypeAlias = Mapping[str, Any]
"""JSON values by name, as the application gave them."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks: `user`, `assistant`, or any other label.
        content: What was said.
        at: When it was said.
        name: The speaker's own name, where there is one.
        id: The application's id of the message; it then decides what counts as the same message.
    """

    role: str
    content: str
    at: datetime | None = None
    name: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Cue:
    """One way to bring a memory to mind.

    Attributes:
        text: The words that bring it to mind.
        kind: Where the cue comes from: `turn`, `sentence`, `segment`, `question`, `paraphrase`,
            `mention` or `user`.
        vector: Its direction, where the application has encoded it already; it is stored in place
            of the encoder's and must come from the same model.
    """

    text: str
    kind: str = "user"
    vector: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A tie from one memory to another that the application gives.

    Attributes:
        target: Id of the memory that it leads to.
        label: What ties them, as a person would say it.
        weight: How strongly, in (0, 1].
    """

    target: str
    label: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class NewMemory:
    """A memory to be stored by `remember_many`.

    Attributes:
        text: The target.
        cues: Further ways to bring it to mind, beside those made from the text.
        metadata: JSON values to keep with it.
        at: When it was said or happened.
        id: The application's own id; one is made when it is `None`.
        links: Ties to memories that are stored already or come in the same call.
        derive: Make cues from the text; `False` leaves the memory with `cues` alone.
    """

    text: str
    cues: Sequence[Cue | str] = ()
    metadata: Metadata | None = None
    at: datetime | None = None
    id: str | None = None
    links: Sequence[Link | str] = ()
    derive: bool = True


@dataclass(frozen=True, slots=True)
class Memory:
    """What is stored and given back.

    Attributes:
        id: Unique in its store.
        text: The target: what was remembered, whole.
        namespace: Whose memory it is.
        metadata: What the application attached to it.
        role: Who said it, for a turn of a conversation.
        session: The conversation it belongs to.
        turn: Its place in the session, from 0.
        at: When it was said or happened, where known.
        created_at: When it was stored.
        updated_at: When its text or metadata last changed.
    """

    id: str
    text: str
    namespace: Namespace
    metadata: Metadata
    role: str | None
    session: str | None
    turn: int | None
    at: datetime | None
    created_at: datetime
    updated_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values; times are ISO 8601 strings."""
        return {
            "id": self.id,
            "text": self.text,
            "namespace": list(self.namespace),
            "metadata": dict(self.metadata),
            "role": self.role,
            "session": self.session,
            "turn": self.turn,
            "at": None if self.at is None else self.at.isoformat(),
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of an associative path.

    Attributes:
        source: Id of the memory, or `None` where the question itself names the thing.
        target: Id of the memory that the step leads to.
        link: What ties the two, as a person would say it ("Ermengarde of Tours", "reply").
        kind: `mention`, `about`, `reply`, `session` or `user`.
        weight: The share of activation that the step carried, in (0, 1].
    """

    source: str | None
    target: str
    link: str
    kind: str
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Hit:
    """One recalled memory.

    Attributes:
        memory: The memory itself.
        score: How strong the evidence for it is, in [0, 1]; it falls along the hits. The same
            evidence has the same score in every store and whatever else was found, so that a
            threshold keeps its meaning.
        similarity: Cosine of the question and the cue that fired, in [-1, 1].
        cue: The cue that fired: the one of the memory's cues nearest to the question.
        path: The associative steps that led here; empty for a memory found directly.
    """

    memory: Memory
    score: float
    similarity: float
    cue: Cue
    path: tuple[Hop, ...] = ()

    @property
    def id(self) -> str:
        """The memory's id."""
        return self.memory.id

    @property
    def text(self) -> str:
        """The memory's text."""
        return self.memory.text

    @property
    def metadata(self) -> Metadata:
        """The memory's metadata."""
        return self.memory.metadata

    def to_dict(self) -> dict[str, Any]:
        """Return the memory's fields with score, similarity, cue and path, as JSON values."""
        return self.memory.to_dict() | {
            "score": self.score,
            "similarity": self.similarity,
            "cue": {"text": self.cue.text, "kind": self.cue.kind},
            "path": [hop.to_dict() for hop in self.path],
        }


@dataclass(frozen=True, slots=True)
class Recall(Sequence[Hit]):
    """The answer to one question: hits, best first, and how sure the memory is.

    Attributes:
        query: The question as asked.
        hits: The memories found, best first.
        confidence: How likely it is that the memory holds an answer, from 0 to 1.
        energy: -log Σ exp z over the memories looked at, z their evidence times the inverse
            temperature: lower where there is more evidence; infinite where nothing was found.
        entropy: Of softmax(z), the distribution that ranks, in nats; 0 when one memory takes all.
        margin: Probability of the best memory less that of the second, in [0, 1].
    """

    query: str
    hits: tuple[Hit, ...]
    confidence: float
    energy: float = float("inf")
    entropy: float = 0.0
    margin: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON values; the energy of an empty answer is `None`."""
        return {
            "query": self.query,
            "confidence": self.confidence,
            "energy": self.energy if math.isfinite(self.energy) else None,
            "entropy": self.entropy,
            "margin": self.margin,
            "hits": [hit.to_dict() for hit in self.hits],
        }

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


@dataclass(frozen=True, slots=True)
class Observed:
    """What an `observe` call did.

    Attributes:
        memories: The memories that were added, in the order of the messages.
        cues: How many cues were stored for them.
        skipped: How many messages were known already or held no text.
    """

    memories: tuple[Memory, ...]
    cues: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Stats:
    """How much a store holds.

    Attributes:
        memories: Number of memories.
        cues: Number of cues.
        links: Number of associations.
        namespaces: Number of namespaces that hold at least one memory.
        encoder: Name of the encoder whose vectors are stored.
        dimension: Their size.
        device: Where the engine runs.
        engine_bytes: Memory that the engine holds for cue vectors and their ids.
        store_bytes: Size of the store on disk; 0 in memory.
        cues_by_kind: Number of cues of each kind.
    """

    memories: int
    cues: int
    links: int
    namespaces: int
    encoder: str
    dimension: int
    device: str
    engine_bytes: int
    store_bytes: int
    cues_by_kind: Mapping[str, int] = field(default_factory=dict)
