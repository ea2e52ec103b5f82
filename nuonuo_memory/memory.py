"""`TextMemory`: remember, observe, recall, follow, forget, each with an async twin."""

from __future__ import annotations

import asyncio
import builtins
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from torch import Tensor

from nuonuo_memory import inputs
from nuonuo_memory.config import ConsolidationConfig, MemoryConfig
from nuonuo_memory.core import Core, open_core, pick_device, pick_encoder
from nuonuo_memory.encoders.adapters import AnyEncoder
from nuonuo_memory.encoders.base import Encoder, calls_at_once
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.maintenance import backup as backups
from nuonuo_memory.maintenance import consolidation, inspection, transfer
from nuonuo_memory.maintenance.consolidation_plan import Consolidation
from nuonuo_memory.maintenance.diagnosis import Diagnosis
from nuonuo_memory.maintenance.fingerprint import fingerprint
from nuonuo_memory.maintenance.reencode import reencode
from nuonuo_memory.recall import calibration
from nuonuo_memory.recall.confidence import Calibration
from nuonuo_memory.recall.pipeline import answer
from nuonuo_memory.recall.request import RecallRequest
from nuonuo_memory.store.convert import memories_of, memory_of
from nuonuo_memory.store.rows import MemoryRow
from nuonuo_memory.text.augment import Augmenter, ParaphraseFunction, as_augmenter
from nuonuo_memory.text.mentions import LinkExtractor, RuleLinkExtractor
from nuonuo_memory.threads import WORKERS, AsyncRunner, async_twin
from nuonuo_memory.types import (
    Cue,
    Hit,
    Hop,
    Link,
    Memory,
    Message,
    Metadata,
    Namespace,
    NewMemory,
    Observed,
    Progress,
    Recall,
    Stats,
)
from nuonuo_memory.write.drafts import Conversation, draft_fact
from nuonuo_memory.write.paraphrase import Paraphrasing
from nuonuo_memory.write.writer import Writing


class TextMemory:
    """An associative memory for texts and conversations; usable from several threads.

    Open one with `TextMemory.open(path)` or `TextMemory.in_memory()`, and close it, or use it in a
    `with` block. A method whose name begins with `a` is the async twin of the one without: it takes
    and returns the same, and works in a thread, so that the event loop goes on.

    Several calls choose among memories by the same conditions, all of which must hold:
    `namespace` (a string is a namespace of one label; by default the memory's own), `prefix` (every
    namespace below it too), `where` (a filter on metadata and on `role`, `session` and `turn`, such
    as `{"topic": "travel"}` or `{"n": {"$gte": 2}}`), `since` and `until` (earliest and latest
    time, inclusive: of `at`, or of storing where there is none) and `session`.

    Example:
        >>> with TextMemory.in_memory() as memory:
        ...     memory.remember("Ada's birthday is on the third of May.")
        ...     memory.recall("When was Ada born?")[0].text
        "Ada's birthday is on the third of May."
    """

    def __init__(self, core: Core, *, augmenter: Augmenter | None = None) -> None:
        self._core = core
        self._writing = Writing(core)
        self._paraphrasing = None if augmenter is None else Paraphrasing(augmenter, self._writing)
        self._runner = AsyncRunner(max(WORKERS, calls_at_once(core.encoder)))

    # ------------------------------------------------------------------- open and close

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        encoder: AnyEncoder | None = None,
        namespace: Namespace | str | None = None,
        config: MemoryConfig | None = None,
        device: str | None = None,
        augmenter: Augmenter | ParaphraseFunction | None = None,
        link_extractor: LinkExtractor | None = None,
        read_only: bool = False,
    ) -> Self:
        """Open the memory kept in a file, or make one there; its folder must exist.

        Args:
            path: The file.
            encoder: An `Encoder`, or any LangChain `Embeddings` or LlamaIndex `BaseEmbedding`; by
                default all-MiniLM-L6-v2.
            namespace: Where calls that name none remember and recall; `("default",)`.
            config: Settings; the defaults serve every kind of data that we measured.
            device: Where the index and the default encoder are, such as `"cuda"` or `"cpu"`; by
                default a GPU where there is one.
            augmenter: Writes paraphrases as further cues, in the background: an `Augmenter`, or a
                callable from a text to texts.
            link_extractor: Finds what memories mention; by default rules for names and rare words.
            read_only: Refuse every write, and write nothing on opening.

        Raises:
            StoreError: The file cannot be opened; its subclasses say why and what to do.
            InvalidInputError: An option's value is not allowed.
        """
        paraphrases = None if augmenter is None else as_augmenter(augmenter)
        core = open_core(
            path,
            encoder=encoder,
            namespace=namespace,
            config=config,
            device=device,
            link_extractor=link_extractor,
            read_only=read_only,
        )
        return cls(core, augmenter=paraphrases)

    @classmethod
    def in_memory(
        cls,
        *,
        encoder: AnyEncoder | None = None,
        namespace: Namespace | str | None = None,
        config: MemoryConfig | None = None,
        device: str | None = None,
        augmenter: Augmenter | ParaphraseFunction | None = None,
        link_extractor: LinkExtractor | None = None,
    ) -> Self:
        """Make a memory that lasts as long as the object and leaves nothing on disk.

        The options are those of `open`.

        Raises:
            InvalidInputError: An option's value is not allowed.
        """
        paraphrases = None if augmenter is None else as_augmenter(augmenter)
        core = open_core(
            None,
            encoder=encoder,
            namespace=namespace,
            config=config,
            device=device,
            link_extractor=link_extractor,
        )
        return cls(core, augmenter=paraphrases)

    @classmethod
    async def aopen(
        cls,
        path: str | os.PathLike[str],
        *,
        encoder: AnyEncoder | None = None,
        namespace: Namespace | str | None = None,
        config: MemoryConfig | None = None,
        device: str | None = None,
        augmenter: Augmenter | ParaphraseFunction | None = None,
        link_extractor: LinkExtractor | None = None,
        read_only: bool = False,
    ) -> Self:
        """Async twin of `open`: the same arguments and result, run in a thread."""
        return await asyncio.to_thread(
            cls.open,
            path,
            encoder=encoder,
            namespace=namespace,
            config=config,
            device=device,
            augmenter=augmenter,
            link_extractor=link_extractor,
            read_only=read_only,
        )

    @staticmethod
    def reencode(
        path: str | os.PathLike[str],
        encoder: AnyEncoder | None = None,
        *,
        device: str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Give every cue of a closed memory's file a vector of another encoder, in one write.

        Args:
            path: The file.
            encoder: The new encoder, as `open` takes it; by default all-MiniLM-L6-v2.
            device: Where the default encoder runs.
            progress: Called with the number of cues encoded and of all.

        Returns:
            The number of cues.

        Raises:
            InvalidInputError: There is no such file.
            StoreError: The file cannot be opened; nothing was changed.
        """
        new = pick_encoder(encoder, str(pick_device(device)))
        return reencode(path, new, progress=progress)

    @staticmethod
    async def areencode(
        path: str | os.PathLike[str],
        encoder: AnyEncoder | None = None,
        *,
        device: str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Async twin of `reencode`: the same arguments and result, run in a thread."""
        return await asyncio.to_thread(
            TextMemory.reencode, path, encoder, device=device, progress=progress
        )

    @property
    def encoder(self) -> Encoder:
        """What turns texts into vectors."""
        return self._core.encoder

    @property
    def namespace(self) -> Namespace:
        """Where calls that name no namespace remember and recall."""
        return self._core.namespace

    @property
    def path(self) -> str | None:
        """The file, or `None` in memory."""
        path = self._core.store.path
        return None if path is None else str(path)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._core.store.closed

    def flush(self) -> None:
        """Wait until the paraphrases asked for are stored; raises the first error among them."""
        if self._paraphrasing is not None:
            self._paraphrasing.flush()

    def close(self) -> None:
        """Finish what is under way and close the file; a second call does nothing."""
        try:
            self._close()
        finally:
            self._runner.close()

    async def aclose(self) -> None:
        """Async twin of `close`: run in a thread."""
        try:
            await self._runner.run(self._close)
        finally:
            self._runner.close()

    def _close(self) -> None:
        if self._core.store.closed:
            return
        try:
            if self._paraphrasing is not None:
                self._paraphrasing.close()
        finally:
            self._core.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Return the memory itself: copies of what holds one share it, as they share its file."""
        return self

    def __reduce__(self) -> tuple[Callable[[], Self], tuple[()]]:
        """Travel by path: unpickled, the file is opened again with the same settings.

        Raises:
            InvalidInputError: There is no file, or a part of the memory is the application's own.
        """
        from nuonuo_memory.encoders.minilm import NAME

        own = not isinstance(self._core.extractor, RuleLinkExtractor)
        if self.path is None or self._paraphrasing is not None or own:
            lacks = "is in this process only" if self.path is None else "has parts of your own"
            raise InvalidInputError(
                f"a memory that {lacks} cannot be pickled; send its path, and open it there with "
                "TextMemory.open(path, ...)"
            )
        opened = partial(
            type(self).open,
            str(Path(self.path).resolve()),
            encoder=None if self.encoder.name == NAME else self.encoder,
            namespace=self.namespace,
            config=self._core.config,
            read_only=self._core.store.read_only,
        )
        return opened, ()

    # ---------------------------------------------------------------------------- store

    def remember(
        self,
        text: str,
        *,
        cues: Sequence[Cue | str] = (),
        namespace: Namespace | str | None = None,
        metadata: Metadata | None = None,
        at: datetime | None = None,
        id: str | None = None,  # noqa: A002 - the field's name in every result
        links: Sequence[Link | str] = (),
        derive: bool = True,
    ) -> Memory:
        """Store one memory; when it returns, it is on disk.

        Args:
            text: What to remember.
            cues: Further ways to bring it to mind, such as questions that it answers.
            namespace: Whose it is.
            metadata: JSON values to keep with it.
            at: When it was said or happened.
            id: An id of your own; one is made otherwise.
            links: Edges to memories that are stored already: a `Link`, or an id.
            derive: Make cues from the text too; `False` leaves the memory with `cues` alone.

        Raises:
            EmptyTextError: There is nothing to remember.
            DuplicateIdError: The id is taken.
            NotFoundError: A link leads nowhere.
        """
        new = NewMemory(
            text, cues=cues, metadata=metadata, at=at, id=id, links=links, derive=derive
        )
        return self.remember_many([new], namespace=namespace)[0]

    def remember_many(
        self,
        memories: Iterable[NewMemory | str],
        *,
        namespace: Namespace | str | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> builtins.list[Memory]:
        """Store many memories in one transaction: all of them or, on an error, none.

        Args:
            memories: What to remember, in order.
            namespace: Whose they are.
            replace: A memory whose id is taken takes that one's place, and its time of creation.
            progress: Called with the number of texts encoded and of all.

        Raises:
            InvalidInputError: A memory cannot be stored as it is; nothing was.
            DuplicateIdError: An id comes twice or, without `replace`, is taken.
        """
        own = inputs.namespace_of(namespace, self.namespace)
        config = self._core.config.cues
        drafts = [draft_fact(new, own, config) for new in inputs.new_memories_of(memories)]
        rows = self._writing.add(drafts, replacing=replace, progress=progress)
        self._paraphrase(rows)
        return memories_of(rows)

    def observe(
        self,
        messages: str | Message | Mapping[str, Any] | Iterable[Message | Mapping[str, Any]],
        *,
        session: str | None = None,
        at: datetime | None = None,
        namespace: Namespace | str | None = None,
        metadata: Metadata | None = None,
        progress: Progress | None = None,
    ) -> Observed:
        """Turn a conversation into memories and cues; messages seen before add nothing.

        A message is the same when session, role, name, words and its own time are the same; equal
        messages of one call are told apart by their order. A message's own `id` decides alone.

        Args:
            messages: In order: `Message`s, or mappings with `role` and `content`; one alone, or a
                text that the user said, will do.
            session: Names the conversation.
            at: The time of messages that carry none.
            namespace: Whose it is.
            metadata: Kept with each memory.
            progress: Called with the number of texts encoded and of all.

        Raises:
            InvalidInputError: A message cannot be stored as it is; nothing was.
        """
        conversation = Conversation(
            inputs.messages_of(messages),
            namespace=inputs.namespace_of(namespace, self.namespace),
            session=None if session is None else inputs.text_of(session, "session"),
            at=inputs.time_of(at),
            metadata=inputs.metadata_of(metadata),
        )
        rows, cues = self._writing.observe(conversation, progress=progress)
        self._paraphrase(rows)
        return Observed(tuple(memories_of(rows)), cues, len(conversation.messages) - len(rows))

    def add_cues(self, memory_id: str, cues: Sequence[Cue | str]) -> int:
        """Give a memory further cues; returns how many were new.

        Raises:
            NotFoundError: No memory has this id.
        """
        return self._writing.add_cues(self._key(memory_id), inputs.cues_of(cues))

    def update(
        self,
        memory_id: str,
        *,
        text: str | None = None,
        metadata: Metadata | None = None,
        at: datetime | None = None,
    ) -> Memory:
        """Change what is given of a memory; what is left out or `None` stays.

        Args:
            memory_id: The memory's.
            text: The target; a new one gets new cues.
            metadata: JSON values, in place of all those that were there.
            at: When it was said or happened.

        Raises:
            NotFoundError: No memory has this id.
        """
        row = self._writing.update(
            self._core.row(memory_id),
            text=None if text is None else inputs.text_of(text),
            metadata=None if metadata is None else inputs.metadata_of(metadata),
            at=inputs.time_of(at),
        )
        return memory_of(row)

    def forget(
        self,
        memories: str | Memory | Hit | Iterable[str | Memory | Hit] | None = None,
        *,
        namespace: Namespace | str | None = None,
        prefix: bool = False,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
    ) -> int:
        """Remove memories, or all for which some conditions hold; returns how many.

        What is forgotten is gone from the index and from the bytes of every file.

        Args:
            memories: Which: ids, memories or hits, one or several.
            namespace: Without `memories`: theirs.
            prefix: Every namespace below it too.
            where: A filter on metadata.
            since: Earliest time.
            until: Latest time.
            session: Their conversation.

        Raises:
            NotFoundError: No memory has one of these ids; nothing was forgotten.
            InvalidInputError: Neither memories nor conditions were given, or both.
        """
        conditions = (namespace, where, since, until, session)
        scoped = prefix or any(condition is not None for condition in conditions)
        if (memories is None) != scoped:
            raise InvalidInputError(
                "forget needs memories, or what to forget by: namespace=, prefix=, where=, "
                "since=, until=, session=; and not both"
            )
        if memories is not None:
            return self._writing.forget([self._key(id_) for id_ in inputs.memory_ids_of(memories)])
        query = self._core.selection(
            namespace=namespace,
            prefix=prefix,
            where=where,
            since=since,
            until=until,
            session=session,
        )
        self._core.require_open()
        return self._writing.forget(self._core.store.find_keys(query).tolist())

    def reinforce(self, memories: str | Memory | Hit | Iterable[str | Memory | Hit]) -> int:
        """Count a use of memories that helped, for `consolidate` to strengthen; returns how many.

        Recall itself counts nothing: it never writes, and what it brings up need not have helped.

        Raises:
            NotFoundError: No memory has one of these ids; no use was counted.
        """
        keys = [self._key(id_) for id_ in inputs.memory_ids_of(memories)]
        return consolidation.reinforce(self._core, keys)

    def consolidate(
        self,
        *,
        namespace: Namespace | str | None = None,
        prefix: bool = False,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        dry_run: bool = False,
        config: ConsolidationConfig | None = None,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> Consolidation:
        """Forget copies and what has faded, weigh the rest by use, and replay the strongest.

        One transaction does all of it; with `dry_run=True` nothing is changed. Memories that replay
        does not find again get paraphrases as cues, where the memory was opened with an augmenter.

        Args:
            namespace: The memories': see the class.
            prefix: Every namespace below it too.
            where: A filter on metadata.
            since: Earliest time.
            until: Latest time.
            session: Their conversation.
            dry_run: Change nothing, only say what would be done.
            config: How to decide.
            now: The time that idleness is reckoned to; by default the present.
            progress: Called with the number of memories compared and of all that may be copies.

        Returns:
            What was done or, in a dry run, what would be.
        """
        if not isinstance(config, ConsolidationConfig | None):
            raise InvalidInputError(
                f"config must be a ConsolidationConfig, got {type(config).__name__}"
            )
        query = self._core.selection(
            namespace=namespace,
            prefix=prefix,
            where=where,
            since=since,
            until=until,
            session=session,
        )
        done = consolidation.consolidate(
            self._core,
            query,
            config=config or ConsolidationConfig(),
            dry_run=bool(dry_run),
            now=inputs.time_of(now, "now") or datetime.now(UTC),
            progress=progress,
        )
        if not done.dry_run and self._paraphrasing is not None:
            confused = [one.id for one in done.confused]
            self._paraphrase(consolidation.without_paraphrase(self._core, confused))
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
        return calibration.measure(
            self._core, samples=inputs.count_of(samples, "samples"), seed=seed, progress=progress
        )

    def associate(self, source: str, target: str, *, label: str = "", weight: float = 1.0) -> Hop:
        """Link one memory to another, in place of an earlier link of yours between them.

        Args:
            source: Id of the memory that the link leaves.
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
            raise InvalidInputError(f"a memory cannot be linked to itself, got {source!r} twice")
        self._writing.link(*ends, label=link.label, weight=link.weight)
        return Hop(source, target, link.label, "user", link.weight)

    def dissociate(self, source: str, target: str) -> bool:
        """Remove your link from one memory to another; returns whether there was one.

        Raises:
            NotFoundError: One of the memories does not exist.
        """
        return self._writing.unlink(self._key(source), self._key(target)) > 0

    # --------------------------------------------------------------------------- recall

    def recall(
        self,
        text: str,
        *,
        k: int = 5,
        namespace: Namespace | str | None = None,
        prefix: bool = False,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
        vector: Sequence[float] | None = None,
    ) -> Recall:
        """Find the memories that a text brings to mind.

        Args:
            text: A question, or anything said.
            k: How many memories, or groups, to return at most.
            namespace: Whose memories: see the class.
            prefix: Every namespace below it too.
            where: A filter on metadata.
            since: Earliest time.
            until: Latest time.
            session: Their conversation.
            hops: How many associations to follow at most; 0 follows none.
            start: Activation by memory id to follow from, in place of the memories that the
                question brings to mind; unknown ids are passed over. Needs `hops`.
            group_by: `"session"`, or a name in the metadata: the best memory of each group.
            min_confidence: Return nothing when the confidence is below this, from 0 to 1.
            now: The time that "last week" is reckoned from; by default the present.
            vector: The question's direction, where it is encoded already; the text may then be
                empty.

        Returns:
            The memories, best first, each with the path that led to it, and the confidence that
            they hold an answer.

        Raises:
            InvalidInputError: An argument is not allowed; its subclasses say which.
            EncoderError: The encoder failed.
        """
        request = self._request(
            k=k,
            namespace=namespace,
            prefix=prefix,
            where=where,
            since=since,
            until=until,
            session=session,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            vector=vector,
        )
        return answer(self._core, inputs.questions_of([text], request.vector), request)[0]

    def recall_many(
        self,
        texts: Sequence[str],
        *,
        k: int = 5,
        namespace: Namespace | str | None = None,
        prefix: bool = False,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> builtins.list[Recall]:
        """Answer several questions at once, which takes less time than one by one.

        Args:
            texts: The questions.
            k: As `recall` takes it, like all that follow.
            namespace: Whose memories.
            prefix: Every namespace below it too.
            where: A filter on metadata.
            since: Earliest time.
            until: Latest time.
            session: Their conversation.
            hops: How many associations to follow at most.
            start: Activation by memory id to follow from.
            group_by: The best memory of each group.
            min_confidence: Return nothing below it.
            now: The time that "last week" is reckoned from.

        Returns:
            One answer for each question, in order: the same as `recall` gives for it alone.
        """
        request = self._request(
            k=k,
            namespace=namespace,
            prefix=prefix,
            where=where,
            since=since,
            until=until,
            session=session,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            vector=None,
        )
        return answer(self._core, inputs.questions_of(texts, None), request)

    def follow(
        self,
        text: str,
        *,
        k: int = 5,
        namespace: Namespace | str | None = None,
        prefix: bool = False,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 3,
        start: Mapping[str, float] | None = None,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
        vector: Sequence[float] | None = None,
    ) -> Recall:
        """Find what is tied by association to what a text brings to mind, several hops away.

        It is `recall` with three hops: the same arguments and the same result.

        Args:
            text: A question, or anything said.
            k: How many memories, or groups, to return at most.
            namespace: Whose memories: see the class.
            prefix: Every namespace below it too.
            where: A filter on metadata.
            since: Earliest time.
            until: Latest time.
            session: Their conversation.
            hops: How many associations to follow at most; chains of more than three are rare, and
                activation that went further finds more noise than memories.
            start: Activation by memory id to follow from, in place of the memories that the
                question brings to mind; unknown ids are passed over.
            group_by: `"session"`, or a name in the metadata: the best memory of each group.
            min_confidence: Return nothing when the confidence is below this, from 0 to 1.
            now: The time that "last week" is reckoned from; by default the present.
            vector: The question's direction, where it is encoded already.

        Returns:
            The memories, best first, each with the path that led to it.
        """
        return self.recall(
            text,
            k=k,
            namespace=namespace,
            prefix=prefix,
            where=where,
            since=since,
            until=until,
            session=session,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
            vector=vector,
        )

    # ----------------------------------------------------------------------------- look

    def get(self, memory_id: str) -> Memory:
        """Return one memory.

        Raises:
            NotFoundError: No memory has this id.
        """
        return memory_of(self._core.row(memory_id))

    def get_many(self, memory_ids: Iterable[str]) -> builtins.list[Memory | None]:
        """Return memories in the order of their ids, `None` for an unknown one."""
        self._core.require_open()
        rows = self._core.store.get(inputs.ids_in_order(memory_ids))
        return [None if row is None else memory_of(row) for row in rows]

    def cues(self, memory_id: str) -> builtins.list[Cue]:
        """Return a memory's cues, oldest first.

        Raises:
            NotFoundError: No memory has this id.
        """
        return [Cue(row.text, row.kind) for row in self._core.store.cues_of(self._key(memory_id))]

    def links(self, memory_id: str) -> builtins.list[Hop]:
        """Return the links and replies that leave a memory, strongest first.

        Raises:
            NotFoundError: No memory has this id.
        """
        return inspection.links(self._core, self._key(memory_id))

    def vectors(self, memory_ids: Iterable[str]) -> Tensor:
        """Return the direction of each memory's first cue, float32 [n, dimension].

        Raises:
            NotFoundError: No memory has one of these ids.
        """
        return inspection.vectors(
            self._core, [self._key(id_) for id_ in inputs.ids_in_order(memory_ids)]
        )

    def namespaces(self, prefix: Namespace | str | None = None) -> builtins.list[Namespace]:
        """Return the namespaces that hold memories, all or those at or below a prefix."""
        self._core.require_open()
        labels = () if prefix is None else inputs.namespace_of(prefix)
        return [row.path for row in self._core.store.namespaces(labels) if row.memories]

    def stats(self, namespace: Namespace | str | None = None, *, prefix: bool = True) -> Stats:
        """Return how much the memory holds, or a namespace of it.

        Args:
            namespace: Count this one alone; the whole memory when `None`.
            prefix: Count every namespace below it too.

        Raises:
            NotFoundError: The namespace holds nothing.
        """
        return inspection.stats(self._core, namespace, prefix=prefix)

    def diagnose(self) -> Diagnosis:
        """Return load against capacity, crosstalk, collisions and margins of the memories."""
        return inspection.diagnosis(self._core)

    def fingerprint(self) -> str:
        """Return a digest of everything recall uses, the same exactly when that is the same."""
        with self._core.lock:
            self._core.follow()
            return fingerprint(self._core)

    def list(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        namespace: Namespace | str | None = None,
        prefix: bool = False,
        where: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
    ) -> builtins.list[Memory]:
        """Return memories by time (`at`, else of storing), those of one moment as they came.

        Args:
            limit: How many memories at most.
            offset: How many to pass over first.
            namespace: Theirs: see the class.
            prefix: Every namespace below it too.
            where: A filter on metadata.
            since: Earliest time.
            until: Latest time.
            session: Their conversation.
        """
        if limit is not None:
            inputs.count_of(limit, "limit", least=0)
        inputs.count_of(offset, "offset", least=0)
        query = self._core.selection(
            namespace=namespace,
            prefix=prefix,
            where=where,
            since=since,
            until=until,
            session=session,
        )
        self._core.require_open()
        return memories_of(self._core.store.find(query, limit=limit, offset=offset))

    # ----------------------------------------------------------------------------- move

    def export(
        self,
        to: str | os.PathLike[str] | IO[str],
        *,
        namespace: Namespace | str | None = None,
        prefix: bool = True,
    ) -> int:
        """Write memories as lines of JSON, after a line that describes the file.

        A file is written beside its place and then moved there: whole or not at all.

        Args:
            to: A path, or an open text file.
            namespace: Export this one alone, as a user may ask for their own data; all when `None`.
            prefix: Every namespace below it too.

        Returns:
            How many memories were written.

        Raises:
            NotFoundError: The namespace holds nothing.
        """
        return transfer.export(self._core, to, namespace=namespace, prefix=prefix)

    def import_(
        self,
        source: str | os.PathLike[str] | IO[str],
        *,
        namespace: Namespace | str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Add the memories of an exported file, all or none; returns how many.

        Args:
            source: A path, or an open text file.
            namespace: Put an export of one namespace into this one; where they were when `None`.
            progress: Called with the number of texts encoded and of all.

        Raises:
            FormatError: The file is not an export, or a line of it is damaged.
            DuplicateIdError: A memory with the same id is here already.
        """
        return transfer.import_(self._writing, source, namespace=namespace, progress=progress)

    def backup(
        self,
        to: str | os.PathLike[str],
        *,
        namespace: Namespace | str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Copy the memory, as it is at this moment, to a new file that can be opened like any.

        Copying the file of an open memory by other means may miss what was written last.

        Args:
            to: The new file; there must be none.
            namespace: Copy this one alone, with all below it; all when `None`.
            progress: Called with the amount copied and of all.

        Returns:
            How many memories the copy holds.

        Raises:
            InvalidInputError: There is such a file, or it cannot be made.
            NotFoundError: The namespace holds nothing.
        """
        return backups.backup(self._core, to, namespace=namespace, progress=progress)

    # ---------------------------------------------------------------------- async twins

    aremember: Final = async_twin(remember)
    aremember_many: Final = async_twin(remember_many)
    aobserve: Final = async_twin(observe)
    aadd_cues: Final = async_twin(add_cues)
    aupdate: Final = async_twin(update)
    aforget: Final = async_twin(forget)
    areinforce: Final = async_twin(reinforce)
    aconsolidate: Final = async_twin(consolidate)
    acalibrate: Final = async_twin(calibrate)
    aassociate: Final = async_twin(associate)
    adissociate: Final = async_twin(dissociate)
    arecall: Final = async_twin(recall)
    arecall_many: Final = async_twin(recall_many)
    afollow: Final = async_twin(follow)
    aget: Final = async_twin(get)
    aget_many: Final = async_twin(get_many)
    acues: Final = async_twin(cues)
    alinks: Final = async_twin(links)
    avectors: Final = async_twin(vectors)
    anamespaces: Final = async_twin(namespaces)
    astats: Final = async_twin(stats)
    adiagnose: Final = async_twin(diagnose)
    afingerprint: Final = async_twin(fingerprint)
    alist: Final = async_twin(list)  # noqa: A003 - the method, not the builtin
    aexport: Final = async_twin(export)
    aimport_: Final = async_twin(import_)
    abackup: Final = async_twin(backup)
    aflush: Final = async_twin(flush)

    # -------------------------------------------------------------------------- private

    def _key(self, memory_id: str) -> int:
        return self._core.row(memory_id).key

    def _paraphrase(self, rows: Sequence[MemoryRow]) -> None:
        if self._paraphrasing is not None:
            self._paraphrasing.add(rows)

    def _request(
        self,
        *,
        k: int,
        namespace: Namespace | str | None,
        prefix: bool,
        where: Mapping[str, Any] | None,
        since: datetime | None,
        until: datetime | None,
        session: str | None,
        hops: int,
        start: Mapping[str, float] | None,
        group_by: str | None,
        min_confidence: float,
        now: datetime | None,
        vector: Sequence[float] | None,
    ) -> RecallRequest:
        return RecallRequest(
            self._core.selection(
                namespace=namespace,
                prefix=prefix,
                where=where,
                since=since,
                until=until,
                session=session,
            ),
            k=k,
            hops=hops,
            start=start,
            group_by=group_by,
            min_confidence=min_confidence,
            now=inputs.time_of(now, "now") or datetime.now(UTC),
            vector=vector,
        )
