"""Every call of a memory in its plain, synchronous form; `memory.TextMemory` adds async twins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Unpack

from torch import Tensor

from nuonuo_memory import inputs
from nuonuo_memory.engine.confidence import Calibration
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.maintenance import consolidation as consolidating
from nuonuo_memory.maintenance import inspection as inspecting
from nuonuo_memory.maintenance import transfer
from nuonuo_memory.maintenance.consolidation_plan import Consolidation
from nuonuo_memory.maintenance.diagnosis import Diagnosis
from nuonuo_memory.maintenance.fingerprint import fingerprint
from nuonuo_memory.opened import Opened
from nuonuo_memory.options import (
    ConsolidateOptions,
    FollowOptions,
    ListOptions,
    ManyOptions,
    ObserveOptions,
    RecallOptions,
    RememberOptions,
    Scope,
    UpdateOptions,
    asked,
    consolidation,
    listing,
    query_of,
    require_known,
)
from nuonuo_memory.recall import calibration as calibrating
from nuonuo_memory.store.convert import memories_of, memory_of
from nuonuo_memory.types import (
    Cue,
    Hop,
    Link,
    Memory,
    Message,
    Namespace,
    NewMemory,
    Observed,
    Progress,
    Recall,
    Stats,
)
from nuonuo_memory.write.drafts import Conversation, draft_fact


class Facade(Opened):
    """Checks what callers give, hands it to the parts that do the work, and types the result."""

    # ---------------------------------------------------------------------------- store

    def remember(self, text: str, **options: Unpack[RememberOptions]) -> Memory:
        """Store one memory; when it returns, it is on disk.

        Args:
            text: What to remember.
            **options: See `RememberOptions`.

        Raises:
            EmptyTextError: There is nothing to remember.
            DuplicateIdError: The id is taken.
            NotFoundError: A link leads nowhere.
        """
        require_known(options, RememberOptions)
        own: Any = {name: value for name, value in options.items() if name != "namespace"}
        new = NewMemory(text, **own)
        return self.remember_many([new], namespace=options.get("namespace"))[0]

    def remember_many(
        self, memories: Iterable[NewMemory | str], **options: Unpack[ManyOptions]
    ) -> list[Memory]:
        """Store many memories in one transaction: all of them or, on an error, none.

        Args:
            memories: What to remember, in order.
            **options: See `ManyOptions`.

        Raises:
            InvalidInputError: A memory cannot be stored as it is; nothing was.
            DuplicateIdError: An id comes twice or, without `replace`, is taken.
        """
        require_known(options, ManyOptions)
        namespace = inputs.namespace_of(options.get("namespace"), self.namespace)
        config = self._core.config.cues
        drafts = [draft_fact(inputs.new_memory_of(new), namespace, config) for new in memories]
        rows = self._writing.add(
            drafts, replacing=options.get("replace", False), progress=options.get("progress")
        )
        self._paraphrase(rows)
        return memories_of(rows)

    def observe(
        self,
        messages: Iterable[Message | Mapping[str, Any]],
        **options: Unpack[ObserveOptions],
    ) -> Observed:
        """Turn a conversation into memories and cues; messages seen before add nothing.

        A message is the same when session, role, name, words and its own time are the same; equal
        messages of one call are told apart by their order. A message's own `id` decides alone.

        Args:
            messages: In order: `Message`s, or mappings with `role` and `content`.
            **options: See `ObserveOptions`.
        """
        require_known(options, ObserveOptions)
        session = options.get("session")
        conversation = Conversation(
            [inputs.message_of(message) for message in messages],
            namespace=inputs.namespace_of(options.get("namespace"), self.namespace),
            session=None if session is None else inputs.text_of(session, "session"),
            at=inputs.time_of(options.get("at")),
            metadata=inputs.metadata_of(options.get("metadata")),
        )
        rows, cues = self._writing.observe(conversation, progress=options.get("progress"))
        self._paraphrase(rows)
        return Observed(tuple(memories_of(rows)), cues, len(conversation.messages) - len(rows))

    def add_cues(self, id: str, cues: Sequence[Cue | str]) -> int:  # noqa: A002
        """Give a memory further cues; returns how many were new.

        Raises:
            NotFoundError: No memory has this id.
        """
        return self._writing.add_cues(self._key(id), [inputs.cue_of(cue) for cue in cues])

    def update(self, id: str, **changes: Unpack[UpdateOptions]) -> Memory:  # noqa: A002
        """Change what is given of a memory; a new text gets new cues.

        Args:
            id: The memory's.
            **changes: See `UpdateOptions`.

        Raises:
            NotFoundError: No memory has this id.
        """
        require_known(changes, UpdateOptions)
        text, metadata = changes.get("text"), changes.get("metadata")
        row = self._writing.update(
            self._row(id),
            text=None if text is None else inputs.text_of(text),
            metadata=None if metadata is None else inputs.metadata_of(metadata),
            at=inputs.time_of(changes.get("at")),
        )
        return memory_of(row)

    def forget(self, ids: str | Iterable[str] | None = None, **scope: Unpack[Scope]) -> int:
        """Remove memories by id, or all that a scope takes in; returns how many.

        What is forgotten is gone from the engine and from the bytes of every file.

        Raises:
            NotFoundError: No memory has one of these ids; nothing was forgotten.
            InvalidInputError: Neither ids nor a scope were given, or both.
        """
        if (ids is None) == (not scope):
            raise InvalidInputError(
                "forget needs ids, or what to forget by: namespace=, where=, session=, since=, "
                "until=; and not both"
            )
        if ids is not None:
            return self._writing.forget([self._key(id_) for id_ in inputs.ids_of(ids)])
        query = query_of(self.namespace, **scope)
        self._core.require_open()
        return self._writing.forget(self._core.store.find_keys(query).tolist())

    def reinforce(self, ids: str | Iterable[str]) -> int:
        """Count a use of memories that helped, for `consolidate` to strengthen; returns how many.

        Recall itself counts nothing: it never writes, and what it brings up need not have helped.

        Raises:
            NotFoundError: No memory has one of these ids; no use was counted.
        """
        return consolidating.reinforce(self._core, [self._key(id_) for id_ in inputs.ids_of(ids)])

    def consolidate(self, **options: Unpack[ConsolidateOptions]) -> Consolidation:
        """Forget copies and what has faded, weigh the rest by use, and replay the strongest.

        One transaction does all of it; with `dry_run=True` nothing is changed. Memories that replay
        does not find again get paraphrases as cues, where the memory was opened with an augmenter.

        Args:
            **options: See `ConsolidateOptions`.

        Returns:
            What was done or, in a dry run, what would be.
        """
        checked = consolidation(self.namespace, options)
        done = consolidating.consolidate(self._core, **checked)
        if not done.dry_run and self._paraphrasing is not None:
            self._paraphrase(consolidating.unheard(self._core, [one.id for one in done.confused]))
        return done

    def calibrate(
        self, *, samples: int = 256, seed: int = 0, progress: Progress | None = None
    ) -> Calibration:
        """Measure on the memory's own cues how sure its answers are, and keep it with the file.

        Each cue is asked with its conversation left out, which shows what a miss looks like here.
        Call it when the memory has grown much; it takes about as long as `samples` recalls.

        Args:
            samples: Memories to ask a cue of.
            seed: Chooses them.
            progress: Called with the number asked and of all to ask.
        """
        return calibrating.measure(
            self._core, samples=inputs.count_of(samples, "samples"), seed=seed, progress=progress
        )

    def associate(self, source: str, target: str, *, label: str = "", weight: float = 1.0) -> None:
        """Tie one memory to another, in place of an earlier tie of yours between them.

        Args:
            source: Id of the memory that the tie leaves.
            target: Id of the memory that it leads to.
            label: What ties them, as a person would say it.
            weight: How strongly, in (0, 1].

        Raises:
            NotFoundError: One of the memories does not exist.
            InvalidInputError: They are the same memory, or in different namespaces.
        """
        link = inputs.link_of(Link(target, label, weight))
        ends = self._key(source), self._key(target)
        if ends[0] == ends[1]:
            raise InvalidInputError(f"a memory cannot be tied to itself, got {source!r} twice")
        self._writing.link(*ends, label=link.label, weight=link.weight)

    def dissociate(self, source: str, target: str) -> int:
        """Remove your tie from one memory to another; returns how many there were, 0 or 1."""
        return self._writing.unlink(self._key(source), self._key(target))

    # --------------------------------------------------------------------------- recall

    def recall(self, text: str, **options: Unpack[RecallOptions]) -> Recall:
        """Find the memories that a text brings to mind.

        Args:
            text: A question, or anything said.
            **options: See `RecallOptions`.

        Returns:
            The memories, best first, and the confidence that they hold an answer.
        """
        return self.recall_many([text], **options)[0]

    def recall_many(self, texts: Sequence[str], **options: Unpack[RecallOptions]) -> list[Recall]:
        """Answer several questions at once, which takes less time than one by one."""
        ask = asked(self.namespace, RecallOptions, options)
        return self._recalling.recall(inputs.questions_of(texts, ask.vector), ask)

    def follow(self, text: str, **options: Unpack[FollowOptions]) -> Recall:
        """Find what is tied by association to what a text brings to mind, several hops away.

        Args:
            text: A question, or anything said.
            **options: See `FollowOptions`.

        Returns:
            The memories, best first, each with the path that led to it.
        """
        ask = asked(self.namespace, FollowOptions, options)
        return self._recalling.follow(inputs.questions_of([text], ask.vector)[0], ask)

    # ----------------------------------------------------------------------------- look

    def get(self, id: str) -> Memory:  # noqa: A002
        """Return one memory.

        Raises:
            NotFoundError: No memory has this id.
        """
        return memory_of(self._row(id))

    def get_many(self, ids: Iterable[str]) -> list[Memory | None]:
        """Return memories in the order of their ids, `None` for an unknown one."""
        self._core.require_open()
        rows = self._core.store.get(list(ids))
        return [None if row is None else memory_of(row) for row in rows]

    def cues(self, id: str) -> list[Cue]:  # noqa: A002
        """Return a memory's cues, oldest first."""
        return [Cue(row.text, row.kind) for row in self._core.store.cues_of(self._key(id))]

    def links(self, id: str) -> list[Hop]:  # noqa: A002
        """Return the associations that leave a memory, strongest first."""
        return inspecting.links(self._core, self._key(id))

    def vectors(self, ids: Iterable[str]) -> Tensor:
        """Return the direction of each memory's first cue, float32 [n, dimension].

        Raises:
            NotFoundError: No memory has one of these ids.
        """
        return inspecting.vectors(self._core, [self._key(id_) for id_ in ids])

    def list(self, **options: Unpack[ListOptions]) -> list[Memory]:
        """Return memories by time (`at`, else of storing), those of one moment as they came.

        Args:
            **options: See `ListOptions`.
        """
        limit, offset, query = listing(self.namespace, options)
        self._core.require_open()
        return memories_of(self._core.store.find(query, limit=limit, offset=offset))

    def namespaces(self, prefix: Namespace | str | None = None) -> Sequence[Namespace]:
        """Return the namespaces that hold memories, all or those at or below a prefix."""
        self._core.require_open()
        labels = () if prefix is None else inputs.namespace_of(prefix)
        return [row.path for row in self._core.store.namespaces(labels) if row.memories]

    def stats(self) -> Stats:
        """Return how much the memory holds."""
        return inspecting.stats(self._core)

    def diagnose(self) -> Diagnosis:
        """Return load against capacity, crosstalk, collisions and margins of the memories."""
        return inspecting.diagnosis(self._core)

    def fingerprint(self) -> str:
        """Return a digest of everything recall uses, the same exactly when that is the same."""
        with self._core.lock:
            self._core.follow()
            return fingerprint(self._core)

    # -------------------------------------------------------------------- move and close

    def export(self, to: str | os.PathLike[str] | IO[str]) -> int:
        """Write every memory as a line of JSON, after a line that describes the file."""
        return transfer.export(self._core, to)

    def import_(
        self, source: str | os.PathLike[str] | IO[str], *, progress: Progress | None = None
    ) -> int:
        """Add the memories of an exported file, all or none; returns how many.

        Raises:
            FormatError: The file is not an export, or a line of it is damaged.
            DuplicateIdError: A memory with the same id is here already.
        """
        return transfer.import_(self._writing, source, progress=progress)
