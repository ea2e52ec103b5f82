"""Opening a memory as the options say.

What is heavy is imported when it is needed, so that `nuonuo --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuonuo_memory.cli.options import DEFAULT_DB, Db, Device, EncoderName, Json, Label, namespace_of
from nuonuo_memory.cli.output import Output
from nuonuo_memory.errors import EncoderError, InvalidInputError

if TYPE_CHECKING:
    from torch import Tensor

    from nuonuo_memory.encoders.base import Encoder
    from nuonuo_memory.memory import TextMemory

_LEAST = 6  # characters of an id's beginning that are enough to look for


@dataclass(frozen=True, slots=True)
class Place:
    """The options that every command has: which memory, and how to print."""

    db: Db = DEFAULT_DB
    namespace: Label = None
    encoder: EncoderName = None
    device: Device = None
    json: Json = False

    @property
    def output(self) -> Output:
        """Where to print."""
        return Output(as_json=self.json)

    def existing(self) -> Path:
        """Return the file, which must be there.

        Raises:
            InvalidInputError: It is not.
        """
        if not self.db.is_file():
            raise InvalidInputError(
                f"expected a memory at {str(self.db)!r}, got no such file; run nuonuo ingest, or "
                "give another --db"
            )
        return self.db

    def open(self, **options: Any) -> TextMemory:  # noqa: ANN401 - those of TextMemory.open
        """Open the memory with its encoder."""
        encoder = self.chosen_encoder()
        return self._open(encoder, **options)

    def open_existing(self, **options: Any) -> TextMemory:  # noqa: ANN401
        """Open the memory, which must be there already."""
        self.existing()
        return self.open(**options)

    def open_silent(self, **options: Any) -> TextMemory:  # noqa: ANN401
        """Open a memory that is there for what needs no encoder, and so load none."""
        return self._open(_Absent(*made_with(self.existing())), **options)

    def _open(self, encoder: Encoder | None, **options: Any) -> TextMemory:  # noqa: ANN401
        from nuonuo_memory.memory import TextMemory

        if self.namespace is not None:
            options["namespace"] = namespace_of(self.namespace)
        if self.device is not None:
            options["device"] = self.device
        return TextMemory.open(self.db, encoder=encoder, **options)

    def chosen_encoder(self) -> Encoder | None:
        """Return the encoder asked for, else the one the file was made with; `None` is MiniLM."""
        if self.encoder is None and self.db.is_file():
            name, dimension = made_with(self.db)
            if name == f"hashing-{dimension}":
                return hashing(dimension)
            return encoder_named(name, self.device) if name.endswith("-e5-small-q4") else None
        return encoder_named(self.encoder, self.device)


def full_id(memory: TextMemory, beginning: str) -> str:
    """Return the id of a memory by its beginning, as lists show it; any other text as it is."""
    if len(beginning) < _LEAST or memory.get_many([beginning])[0] is not None:
        return beginning
    found = [one.id for one in memory.list() if one.id.startswith(beginning)]
    return found[0] if len(found) == 1 else beginning


def encoder_named(name: str | None, device: str | None) -> Encoder | None:
    """Return an encoder by the name that `--encoder` takes; `None` for the default."""
    if name is None or name in ("minilm", "all-MiniLM-L6-v2"):
        return None
    if name == "hashing":
        return hashing()
    if name in ("multilingual", "multilingual-e5-small-q4"):
        from nuonuo_memory.encoders.multilingual import MultilingualEncoder

        return MultilingualEncoder()
    from nuonuo_memory.encoders.sentence_transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(name, device=device)


def hashing(dimension: int = 256) -> Encoder:
    """Return the encoder that needs no weights."""
    from nuonuo_memory.encoders.base import HashingEncoder

    return HashingEncoder(dimension)


def made_with(path: Path) -> tuple[str, int]:
    """Return the name and the dimension of the encoder that a file was made with."""
    from nuonuo_memory.store.sqlite.store import Store

    with Store.open(path, read_only=True) as store:
        return store.encoder_name, store.dimension


class _Absent:
    """Stands for the encoder that a file was made with, where none is needed."""

    def __init__(self, name: str, dimension: int) -> None:
        self.name = name
        self.dimension = dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        raise EncoderError(f"expected no text to encode here, got {len(texts)}; this is a fault")

    encode_queries = encode
