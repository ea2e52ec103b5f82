"""Opening a memory as the options say.

What is heavy is imported when it is needed, so that `nuonuo --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nuonuo_memory.cli.encoder import encoder_named
from nuonuo_memory.cli.options import (
    DEFAULT_DB,
    Db,
    Device,
    Download,
    EncoderName,
    Json,
    Label,
    namespace_of,
)
from nuonuo_memory.cli.output import Output
from nuonuo_memory.errors import EncoderError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from torch import Tensor

    from nuonuo_memory.encoders.base import Encoder
    from nuonuo_memory.memory import TextMemory

_LEAST = 4  # characters of an id's beginning that are enough to look for
_CANDIDATES = 5  # ids that are listed where a beginning fits several


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Which memory, and how to print: the options of a command that needs no encoder."""

    db: Db = DEFAULT_DB
    namespace: Label = None
    device: Device = None
    json: Json = False

    @property
    def output(self) -> Output:
        """Where to print."""
        return Output(as_json=self.json)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The namespace that was given, if any."""
        return namespace_of(self.namespace)

    def existing(self) -> Path:
        """Return the file, which must be there.

        Raises:
            InvalidInputError: It is not.
        """
        if not self.db.exists():
            raise InvalidInputError(
                f"expected a memory at {str(self.db)!r}, got no such file; run nuonuo ingest or "
                "nuonuo remember, or give another --db"
            )
        return self.db

    def require_whole(self, command: str) -> None:
        """Refuse a namespace where a command is about the whole file.

        Raises:
            InvalidInputError: One was given.
        """
        if self.namespace is not None:
            raise InvalidInputError(
                f"nuonuo {command} is about the whole file, expected no --namespace, got "
                f"{self.namespace!r}"
            )

    def open_silent(self, *, read_only: bool = False) -> TextMemory:
        """Open a memory that is there for what needs no encoder, and so load none."""
        return self._open(_Absent(*made_with(self.existing())), read_only=read_only)

    def note_if_unknown(self, memory: TextMemory) -> None:
        """Say on standard error that the namespace that was given holds nothing, if it does."""
        if self.labels is not None and not memory.namespaces(self.labels):
            self.output.note(
                f"nothing is in the namespace {self.namespace}; nuonuo namespaces lists those "
                "there are"
            )

    def _open(self, encoder: Encoder | None, *, read_only: bool) -> TextMemory:
        from nuonuo_memory.memory import TextMemory

        return TextMemory.open(
            self.db,
            encoder=encoder,
            namespace=self.labels,
            device=self.device,
            read_only=read_only,
        )


@dataclass(frozen=True, slots=True)
class Place(FileOptions):
    """Which memory, with which encoder, and how to print."""

    encoder: EncoderName = None
    download: Download = False

    def open(self, *, read_only: bool = False) -> TextMemory:
        """Open the memory with its encoder."""
        return self._open(self.chosen_encoder(), read_only=read_only)

    def open_existing(self, *, read_only: bool = False) -> TextMemory:
        """Open the memory, which must be there already."""
        self.existing()
        return self.open(read_only=read_only)

    def chosen_encoder(self) -> Encoder | None:
        """Return the encoder asked for, else the one the file was made with; `None` is MiniLM.

        Raises:
            EncoderError: It is not on this machine.
        """
        if self.encoder is not None or not self.db.exists():
            return encoder_named(self.encoder, self.device, download=self.download)
        name, _ = made_with(self.db)
        try:
            return encoder_named(name, self.device)
        except EncoderError as error:
            raise EncoderError(
                f"the vectors in {self.db} come from the encoder {name!r}, which is not here by "
                "that name; name its folder with --encoder, compute them anew with nuonuo reencode "
                "--encoder minilm or, for an embedder of your own, with TextMemory.reencode"
            ) from error


def full_id(memory: TextMemory, beginning: str, *, within: tuple[str, ...] | None = None) -> str:
    """Return the id of a memory by its beginning: see `full_ids`."""
    return full_ids(memory, [beginning], within=within)[0]


def full_ids(
    memory: TextMemory, beginnings: Iterable[str], *, within: tuple[str, ...] | None = None
) -> list[str]:
    """Return the ids of memories by their beginnings, as lists show them; whole ids stay.

    Args:
        memory: Where they are.
        beginnings: Whole ids, or at least four characters that one id alone begins with.
        within: Look at this namespace and all below it only; at all where it is `None`.

    Raises:
        NotFoundError: No id begins so, or the beginning is too short.
        InvalidInputError: Several ids begin so.
    """
    given = list(beginnings)
    known = memory.get_many(given)
    every: list[str] = []
    if None in known:
        spaces = memory.namespaces(within)
        every = [one.id for space in spaces for one in memory.list(namespace=space)]
    return [
        beginning if found is not None else _only(beginning, every)
        for beginning, found in zip(given, known, strict=True)
    ]


def _only(beginning: str, ids: Sequence[str]) -> str:
    found = [id_ for id_ in ids if id_.startswith(beginning)]
    if len(beginning) < _LEAST or not found:
        raise NotFoundError(
            f"expected the id of a memory or at least {_LEAST} characters of its beginning, got "
            f"{beginning!r}, which none has; nuonuo list shows ids"
        )
    if len(found) > 1:
        listed = ", ".join(found[:_CANDIDATES]) + (", …" if len(found) > _CANDIDATES else "")
        raise InvalidInputError(
            f"expected the beginning of one id, got {beginning!r}, with which {len(found)} begin: "
            f"{listed}; give more of it"
        )
    return found[0]


def made_with(path: Path) -> tuple[str, int]:
    """Return the name and the dimension of the encoder that a file was made with."""
    from nuonuo_memory.store import open_store

    with open_store(path, read_only=True) as store:
        return store.encoder_name, store.dimension


class _Absent:
    """Stands for the encoder that a file was made with, where none is needed."""

    def __init__(self, name: str, dimension: int) -> None:
        self.name = name
        self.dimension = dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        raise EncoderError(f"expected no text to encode here, got {len(texts)}; this is a fault")

    encode_queries = encode
