"""Opening a memory: its encoder, its store and its engine, checked against one another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory import inputs
from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.core import Core, pick_device
from nuonuo_memory.encoders.adapters import as_encoder
from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.index.memory_index import MemoryIndex
from nuonuo_memory.options import OpenOptions, require_known
from nuonuo_memory.store.rows import Ints
from nuonuo_memory.store.sqlite.store import Store
from nuonuo_memory.text.mentions import LinkExtractor, RuleLinkExtractor
from nuonuo_memory.types import Namespace, Progress

DEFAULT_NAMESPACE: Namespace = ("default",)


def open_core(path: str | os.PathLike[str] | None, options: OpenOptions) -> Core:
    """Open or make a store at `path`, in memory where it is `None`, and fill the engine from it.

    Raises:
        TypeError: An option is not known.
        InvalidInputError: An option's value is not allowed.
        StoreError: The store cannot be opened; its subclasses say why.
    """
    require_known(options, OpenOptions)
    config = options.get("config") or MemoryConfig()
    if not isinstance(config, MemoryConfig):
        raise InvalidInputError(f"config must be a MemoryConfig, got {type(config).__name__}")
    namespace = inputs.namespace_of(options.get("namespace"), DEFAULT_NAMESPACE)
    device = pick_device(options.get("device"))
    encoder = pick_encoder(options.get("encoder"), str(device))
    extractor = as_link_extractor(options.get("link_extractor"))
    store = Store.open(
        path,
        encoder_name=encoder.name,
        dimension=encoder.dimension,
        read_only=options.get("read_only", False),
    )
    core = Core(
        store=store,
        index=MemoryIndex(encoder.dimension, device=device),
        encoder=encoder,
        extractor=extractor,
        config=config,
        namespace=namespace,
        device=device,
    )
    core.follow()
    return core


def as_link_extractor(given: object) -> LinkExtractor:
    """Return the link extractor given, or the one by rules.

    Raises:
        InvalidInputError: It has no method `extract`.
    """
    if given is None:
        return RuleLinkExtractor()
    if isinstance(given, LinkExtractor):
        return given
    raise InvalidInputError(
        "link_extractor must have a method extract(texts, titles=), as RuleLinkExtractor and "
        f"CallableLinkExtractor do; got {type(given).__name__}"
    )


def pick_encoder(given: object, device: str) -> Encoder:
    """Return the encoder to use: the one given, else all-MiniLM-L6-v2."""
    if given is not None:
        return as_encoder(given)
    from nuonuo_memory.encoders.minilm import load_minilm

    return load_minilm(device=device)


def reencode(
    path: str | os.PathLike[str], encoder: object = None, *, progress: Progress | None = None
) -> int:
    """Give every cue of a store a vector of another encoder, in one write.

    Args:
        path: The store's file.
        encoder: The new encoder, as `TextMemory.open` takes it.
        progress: Told how many cues are encoded and how many there are.

    Returns:
        The number of cues.

    Raises:
        StoreError: The store cannot be opened; nothing was changed.
    """
    if not Path(path).is_file():
        raise InvalidInputError(f"expected the file of a store to re-encode, got {str(path)!r}")
    new = pick_encoder(encoder, str(pick_device(None)))
    with Store.open(path) as store:
        total = store.counts().cues

        def batches() -> Iterator[tuple[Ints, NDArray[np.float16]]]:
            done = 0
            for rows in store.load_cue_texts():
                vectors = encode_checked(new, [row.text for row in rows]).cpu().numpy()
                yield (
                    np.array([row.key for row in rows], dtype=np.int64),
                    vectors.astype(np.float16),
                )
                done += len(rows)
                if progress is not None:
                    progress(done, total)

        return store.replace_vectors(batches(), encoder_name=new.name, dimension=new.dimension)
