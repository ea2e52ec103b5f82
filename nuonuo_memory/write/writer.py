"""The writing side: drafts are encoded, then stored whole in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.core import Core
from nuonuo_memory.encoders.base import encode_checked, unit
from nuonuo_memory.errors import DuplicateIdError, NotFoundError
from nuonuo_memory.store.protocol import Transaction
from nuonuo_memory.store.rows import CueRow, LinkRow, MemoryRow, MentionRow, Query, TermRow
from nuonuo_memory.text.mentions import Mention
from nuonuo_memory.text.terms import terms
from nuonuo_memory.types import Cue, Link, Namespace, Progress
from nuonuo_memory.write.drafts import Conversation, Draft, LastTurn, draft_turns, redraft

_STEP = 256  # texts encoded between two calls of `progress`
_DERIVED = ("turn", "segment", "sentence", "clause", "paraphrase")


class Writing:
    """Stores, changes and removes memories."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add(
        self, drafts: Sequence[Draft], *, replacing: bool = False, progress: Progress | None = None
    ) -> list[MemoryRow]:
        """Store memories with everything that brings them to mind; returns them in order.

        Args:
            drafts: The memories.
            replacing: A memory whose id is taken takes the place of the one that has it.
            progress: Told how far encoding is.

        Raises:
            DuplicateIdError: An id is taken or comes twice.
            NotFoundError: A link leads to a memory that does not exist.
        """
        self._core.require_open()
        if not drafts:
            return []
        prepared = self._prepare(drafts, progress)
        store = self._core.store
        with self._core.lock:
            with store.write() as writer:
                known = store.keys(_ids_in(drafts))
                new = [one for one in prepared if not (one.draft.digest and one.draft.id in known)]
                created = self._replaceable([one.draft.id for one in new], known, replacing)
                if created:
                    writer.delete_memories([known[id_] for id_ in created])
                rows = [_row(one.draft, created.get(one.draft.id, 0.0)) for one in new]
                keys = writer.add_memories(rows)
                known |= {row.id: key for row, key in zip(rows, keys, strict=True)}
                _write_parts(writer, new, keys)
                writer.add_links(self._links([one.draft for one in new], known))
            self._core.follow()
            stored = store.get_keys(keys)
        return [stored[key] for key in keys]

    def observe(
        self, conversation: Conversation, *, progress: Progress | None = None
    ) -> tuple[list[MemoryRow], int]:
        """Store a conversation's new turns; returns them and the number of their cues."""
        core = self._core
        with core.lock:
            core.require_open()
            digests = [digest for digest in conversation.digests() if digest]
            keys = core.store.existing_digests(conversation.namespace, digests)
            rows = core.store.get_keys(keys.values())
            earlier = self._last_turn(conversation.namespace, conversation.session)
        drafts = draft_turns(
            conversation,
            {digest: rows[key].turn for digest, key in keys.items() if key in rows},
            last=earlier,
            config=core.config.cues,
        )
        stored = self.add(drafts, progress=progress)
        ids = {row.id for row in stored}
        return stored, sum(len(draft.cues) for draft in drafts if draft.id in ids)

    def _last_turn(self, namespace: Namespace, session: str | None) -> LastTurn:
        if session is None:
            return LastTurn()
        rows = self._core.store.find(Query(namespace=namespace, session=session))
        if not rows:
            return LastTurn()
        last = max(rows, key=lambda row: (-1 if row.turn is None else row.turn, row.key))
        turn = -1 if last.turn is None else last.turn
        return LastTurn(turn, last.id, last.text if last.role == "user" else None)

    def update(
        self,
        row: MemoryRow,
        *,
        text: str | None,
        metadata: dict[str, Any] | None,
        at: datetime | None,
    ) -> MemoryRow:
        """Change a memory; a new text gets new cues, the caller's own cues stay."""
        core, key = self._core, row.key
        draft = None if text is None else redraft(row, text, core.config.cues)
        prepared = [] if draft is None else self._prepare([draft], None)
        with core.lock:
            with core.store.write() as writer:
                moment = None if at is None else at.timestamp()
                writer.update_memory(key, text=text, metadata=metadata, at=moment)
                if prepared:
                    writer.delete_cues([key], kinds=_DERIVED)
                    writer.delete_mentions([key])
                    _write_parts(writer, prepared, [key])
            core.follow()
            return core.store.get_keys([key])[key]

    def add_cues(self, key: int, cues: Sequence[Cue]) -> int:
        """Give a memory further cues; those it has already are passed over."""
        core = self._core
        with core.lock:
            core.require_open()
            held = {row.text.casefold().strip() for row in core.store.cues_of(key)}
        new = [cue for cue in cues if cue.text.casefold().strip() not in held]
        vectors = self.encode(new)
        with core.lock:
            with core.store.write() as writer:
                writer.add_cues([CueRow(key, cue.kind, cue.text) for cue in new], vectors)
            core.follow()
        return len(new)

    def is_recalled(self, key: int) -> bool:
        """Say whether a memory has any cue; one that was stored without stays out of recall."""
        return bool(self._core.store.cues_of(key))

    def forget(self, keys: Iterable[int]) -> int:
        """Remove memories and all that came of them; returns how many there were."""
        core = self._core
        with core.lock:
            with core.store.write() as writer:
                gone = writer.delete_memories(keys)
            core.follow()
        return len(gone)

    def link(self, source: int, target: int, *, label: str, weight: float) -> None:
        """Tie a memory to another, in place of the application's earlier tie between them."""
        core = self._core
        with core.lock:
            with core.store.write() as writer:
                writer.delete_links([source], target_key=target, kinds=["user"])
                writer.add_links([LinkRow(source, target, "user", label, weight)])
            core.follow()

    def unlink(self, source: int, target: int) -> int:
        """Remove the application's tie from a memory to another; returns how many there were."""
        core = self._core
        with core.lock:
            with core.store.write() as writer:
                gone = writer.delete_links([source], target_key=target, kinds=["user"])
            core.follow()
        return gone

    def encoded_alike(self, name: object, dimension: object) -> bool:
        """Say whether vectors of this encoder are what ours would be."""
        encoder = self._core.encoder
        return (name, dimension) == (encoder.name, encoder.dimension)

    def known(self, ids: Sequence[str]) -> list[str]:
        """Return those of the ids that memories have, in order."""
        self._core.require_open()
        held = self._core.store.keys(ids)
        return [id_ for id_ in ids if id_ in held]

    def encode(
        self, cues: Sequence[Cue], *, progress: Progress | None = None
    ) -> NDArray[np.float16]:
        """Return the cues' vectors [n, dimension] as the store keeps them; no text twice."""
        dimension = self._core.encoder.dimension
        texts = _unique(cue.text for cue in cues if cue.vector is None)
        found = np.empty((len(texts), dimension), dtype=np.float16)
        for start in range(0, len(texts), _STEP):
            part = texts[start : start + _STEP]
            vectors = encode_checked(self._core.encoder, part)
            found[start : start + len(part)] = vectors.cpu().numpy()
            if progress is not None:
                progress(start + len(part), len(texts))
        place = {text: position for position, text in enumerate(texts)}
        rows = np.empty((len(cues), dimension), dtype=np.float16)
        for row, cue in enumerate(cues):
            given = cue.vector
            rows[row] = found[place[cue.text]] if given is None else unit(given, dimension)
        return rows

    def _prepare(self, drafts: Sequence[Draft], progress: Progress | None) -> list[Prepared]:
        vectors = self._vectors(drafts, progress)
        titles = [draft.metadata.get("title") for draft in drafts]
        mentions = self._core.extractor.extract(
            [draft.text for draft in drafts],
            titles=[title if isinstance(title, str) else None for title in titles],
        )
        return [
            Prepared(draft, own, tuple(found) if draft.cues else ())
            for draft, own, found in zip(drafts, vectors, mentions, strict=True)
        ]

    def _vectors(
        self, drafts: Sequence[Draft], progress: Progress | None
    ) -> list[NDArray[np.float16]]:
        """The vectors of each draft's cues: those that it brings, the others encoded together."""
        bare = [draft for draft in drafts if draft.vectors is None]
        found = self.encode([cue for draft in bare for cue in draft.cues], progress=progress)
        encoded = iter(np.split(found, np.cumsum([len(draft.cues) for draft in bare])[:-1]))
        return [next(encoded) if draft.vectors is None else draft.vectors for draft in drafts]

    def _replaceable(
        self, ids: Sequence[str], known: dict[str, int], replacing: bool
    ) -> dict[str, float]:
        """Creation times of the memories that the new ones take the place of, by id."""
        taken = [id_ for id_ in ids if id_ in known]
        if taken and not replacing:
            raise DuplicateIdError(
                f"expected new ids, got {taken[0]!r}, which a memory has already; update that one, "
                "pass replace=True, or choose another id"
            )
        rows = self._core.store.get_keys([known[id_] for id_ in taken])
        return {row.id: row.created_at for row in rows.values()}

    def _links(self, drafts: Sequence[Draft], known: dict[str, int]) -> list[LinkRow]:
        rows = [
            LinkRow(known[draft.id], _target(link, known), "user", link.label, link.weight)
            for draft in drafts
            for link in draft.links
        ]
        rows += [
            LinkRow(known[draft.after], known[draft.id], "reply", "reply")
            for draft in drafts
            if draft.after in known
        ]
        return rows


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft with its cues' vectors [n, dimension] and what it mentions."""

    draft: Draft
    vectors: NDArray[np.float16]
    mentions: tuple[Mention, ...]


def _write_parts(writer: Transaction, new: Sequence[Prepared], keys: Sequence[int]) -> None:
    strengths = [
        replace(one.draft.strength, memory_key=key)
        for key, one in zip(keys, new, strict=True)
        if one.draft.strength is not None
    ]
    writer.set_strengths(strengths)
    pairs = [(key, one) for key, one in zip(keys, new, strict=True) if one.draft.cues]
    if not pairs:
        return
    cues = [CueRow(key, cue.kind, cue.text) for key, one in pairs for cue in one.draft.cues]
    writer.add_cues(cues, np.concatenate([one.vectors for _, one in pairs]))
    writer.set_terms([TermRow(key, *terms(one.draft.said)) for key, one in pairs])
    writer.add_mentions([row for key, one in pairs for row in _mention_rows(key, one.mentions)])


def _mention_rows(key: int, mentions: Iterable[Mention]) -> list[MentionRow]:
    return [MentionRow(key, one.name, one.kind, one.weight, one.text) for one in mentions]


def _row(draft: Draft, created_at: float) -> MemoryRow:
    return MemoryRow(
        id=draft.id,
        namespace=draft.namespace,
        text=draft.text,
        metadata=draft.metadata,
        role=draft.role,
        session=draft.session,
        turn=draft.turn,
        at=None if draft.at is None else draft.at.timestamp(),
        digest=draft.digest,
        created_at=created_at or draft.created_at,
        updated_at=time.time() if created_at else draft.updated_at,
    )


def _target(link: Link, known: dict[str, int]) -> int:
    if link.target not in known:
        raise NotFoundError(
            f"expected the id of a memory to link to, got {link.target!r}, which no memory has; "
            "store that one first, or in the same call"
        )
    return known[link.target]


def _ids_in(drafts: Iterable[Draft]) -> list[str]:
    """Every id that the drafts name: their own, and those of what they are tied to."""
    ids = [
        id_
        for draft in drafts
        for id_ in (draft.id, draft.after, *(link.target for link in draft.links))
    ]
    return _unique(id_ for id_ in ids if id_ is not None)


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
