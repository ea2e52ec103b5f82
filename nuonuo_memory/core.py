"""The parts of an open memory, checked against each other, and the lock that holds them in step."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import torch

from nuonuo_memory import inputs
from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.encoders.adapters import AnyEncoder, as_encoder
from nuonuo_memory.encoders.background import Background, background_of
from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.encoders.given import GivenVectors
from nuonuo_memory.engine.vectors.centring import Centre, centre_of, scale_of
from nuonuo_memory.errors import (
    ClosedError,
    EncoderMismatchError,
    InvalidInputError,
    NotFoundError,
)
from nuonuo_memory.index.memory_index import MemoryIndex
from nuonuo_memory.store import Store, open_store
from nuonuo_memory.store.rows import MemoryRow, Query
from nuonuo_memory.text.mentions import LinkExtractor, RuleLinkExtractor
from nuonuo_memory.types import Namespace

DEFAULT_NAMESPACE: Namespace = ("default",)

SAME_ENCODER = 0.5
"""Least cosine of two vectors of one text by the same encoder; a retrained one gives about 0, half
precision and another prefix 0.9 and more."""


@dataclass(slots=True)
class Core:
    """What reading, writing and maintenance share.

    Attributes:
        store: The durable records, which are the truth.
        index: Their columns on the device, a cache.
        encoder: Turns texts into vectors.
        extractor: Finds what texts mention.
        config: Settings.
        namespace: Where calls that name none remember and recall.
        device: Where the index is.
        lock: Held while the index is read or changed, never while a text is encoded.
    """

    store: Store
    index: MemoryIndex
    encoder: Encoder
    extractor: LinkExtractor
    config: MemoryConfig
    namespace: Namespace
    device: torch.device
    lock: threading.RLock = field(default_factory=threading.RLock)
    _background: Background | None = None
    _verified: bool = False

    def centre(self, groups: Sequence[int]) -> Centre:
        """Return where the cues of some groups lie, on the encoder's background.

        The first call asks the encoder for its background.
        """
        if self._background is None:
            self._background = background_of(self.encoder)
        mean, separation = self._background
        return centre_of(
            self.index.cues, groups, torch.from_numpy(mean), scale=scale_of(separation)
        )

    def follow(self) -> MemoryIndex:
        """Return the index, up to date with the store; the caller holds the lock.

        Raises:
            ClosedError: The memory was closed.
        """
        self.require_open()
        self.index.follow(self.store)
        return self.index

    def require_open(self) -> None:
        """Raise `ClosedError` if the memory was closed."""
        if self.store.closed:
            raise ClosedError("this memory was closed; open it again to use it")

    def verify_encoder(self) -> None:
        """Check once, on a text that is stored, that the encoder still gives the vectors stored.

        A model that was trained anew, or is set up in another way, may go by the same name.

        Raises:
            EncoderMismatchError: It gives another vector.
        """
        if self._verified or isinstance(self.encoder, GivenVectors):
            return
        with self.lock:
            self.follow()
            derived = (
                row for page in self.store.load_cue_texts() for row in page if row.kind != "user"
            )
            cue = next(derived, None)
            if cue is None:
                return
            stored = self.index.vectors(np.array([cue.key], dtype=np.int64))[0]
        found = encode_checked(self.encoder, [cue.text]).cpu().numpy()[0]
        cosine = float(found @ stored)
        if cosine < SAME_ENCODER:
            raise EncoderMismatchError(
                f"expected the encoder that the memory was written with, got one of the same name, "
                f"{self.encoder.name!r}, whose vector for a stored text differs (cosine "
                f"{cosine:.2f}); open it with the encoder it was written with, or give it the new "
                "one's vectors by TextMemory.reencode(path, encoder)"
            )
        self._verified = True

    def row(self, memory_id: str) -> MemoryRow:
        """Return the row of a memory.

        Raises:
            NotFoundError: No memory has this id.
        """
        self.require_open()
        row = self.store.get([inputs.id_of(memory_id)])[0]
        if row is None:
            raise NotFoundError(
                f"expected the id of a memory, got {memory_id!r}, which none has; it may have been "
                "forgotten"
            )
        return row

    def selection(
        self,
        *,
        namespace: Namespace | str | None,
        prefix: bool,
        where: Mapping[str, Any] | None,
        since: datetime | None,
        until: datetime | None,
        session: str | None,
    ) -> Query:
        """Return the store's query for the conditions of a call, checked.

        Raises:
            InvalidInputError: A condition is not allowed.
        """
        first, last = inputs.time_of(since, "since"), inputs.time_of(until, "until")
        if first and last and first > last:
            raise InvalidInputError(f"since must not be after until, got {first} and {last}")
        return Query(
            namespace=inputs.namespace_of(namespace, self.namespace),
            prefix=bool(prefix),
            where=inputs.where_of(where),
            since=first.timestamp() if first else None,
            until=last.timestamp() if last else None,
            session=None if session is None else inputs.text_of(session, "session"),
        )


def open_core(
    path: str | os.PathLike[str] | None,
    *,
    encoder: AnyEncoder | None = None,
    namespace: Namespace | str | None = None,
    config: MemoryConfig | None = None,
    device: str | None = None,
    link_extractor: LinkExtractor | None = None,
    read_only: bool = False,
) -> Core:
    """Open or make a store at `path`, in memory where it is `None`, and fill the index from it.

    Raises:
        InvalidInputError: An option's value is not allowed.
        StoreError: The store cannot be opened; its subclasses say why.
    """
    if not isinstance(config, MemoryConfig | None):
        raise InvalidInputError(f"config must be a MemoryConfig, got {type(config).__name__}")
    own = inputs.namespace_of(namespace, DEFAULT_NAMESPACE)
    place = pick_device(device)
    chosen = pick_encoder(encoder, str(place))
    extractor = as_link_extractor(link_extractor)
    store = open_store(
        path, encoder_name=chosen.name, dimension=chosen.dimension, read_only=read_only
    )
    core = Core(
        store=store,
        index=MemoryIndex(chosen.dimension, device=place),
        encoder=chosen,
        extractor=extractor,
        config=config or MemoryConfig(),
        namespace=own,
        device=place,
    )
    core.follow()
    return core


def pick_device(name: str | None) -> torch.device:
    """Return the device asked for, or a GPU where there is one, or the CPU.

    Raises:
        InvalidInputError: The device is not there.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InvalidInputError(
            f"device must be one that PyTorch can use here, such as 'cpu' or 'cuda'; got {name!r}"
        ) from error
    return device


def pick_encoder(given: AnyEncoder | None, device: str) -> Encoder:
    """Return the encoder to use: the one given, else all-MiniLM-L6-v2."""
    if given is not None:
        return as_encoder(given)
    from nuonuo_memory.encoders.minilm import load_minilm

    return load_minilm(device=device)


def as_link_extractor(given: object) -> LinkExtractor:
    """Return the link extractor given, or the one by rules.

    Raises:
        InvalidInputError: It has no method `extract`.
    """
    if given is None:
        return RuleLinkExtractor()
    if isinstance(given, LinkExtractor) and not isinstance(given, type):
        return given
    raise InvalidInputError(
        "link_extractor must be an object with a method extract(texts, titles=), as "
        f"RuleLinkExtractor and CallableLinkExtractor are; got {type(given).__name__}"
    )
