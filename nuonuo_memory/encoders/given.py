"""An encoder that encodes nothing, for a memory whose vectors all come from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import Tensor

from nuonuo_memory.encoders.base import LOCAL_CALLS
from nuonuo_memory.errors import EncoderError


class GivenVectors:
    """Stands for an embedding model that only the application knows.

    Memories are stored with vectors of their own, and questions are asked with one.

    Args:
        dimension: Size of the vectors.
    """

    calls_at_once: Final[int] = LOCAL_CALLS

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension

    @property
    def name(self) -> str:
        """`given-` and the dimension."""
        return f"given-{self._dimension}"

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Tensor:  # noqa: ARG002 - an Encoder takes them
        """Refuse.

        Raises:
            EncoderError: Always.
        """
        raise EncoderError(
            f"this memory only keeps the {self._dimension}-dimensional vectors that it is given; "
            "open it with an encoder to have texts encoded too"
        )

    encode_queries = encode
