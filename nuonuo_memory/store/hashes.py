"""Hashes that stand for texts in indexes, so that no index holds a text that may be forgotten."""

from __future__ import annotations

from hashlib import blake2b


def wide_hash(text: str) -> bytes:
    """16 bytes of BLAKE2b: stands for a text in a unique index."""
    return blake2b(text.encode(), digest_size=16).digest()


def narrow_hash(text: str) -> int:
    """8 bytes of BLAKE2b as int64: narrows a search whose text is then compared."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)
