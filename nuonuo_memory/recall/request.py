"""What a call of `recall` asks for, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nuonuo_memory import inputs
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.store.rows import Query


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """The checked arguments of `TextMemory.recall`, which says what each means.

    Attributes:
        selection: Which memories may be returned.

    Raises:
        InvalidInputError: A value is not allowed.
    """

    selection: Query
    k: int
    hops: int
    start: Mapping[str, float] | None
    group_by: str | None
    min_confidence: float
    now: datetime
    vector: Sequence[float] | None

    def __post_init__(self) -> None:
        inputs.count_of(self.k, "k")
        inputs.count_of(self.hops, "hops", least=0)
        inputs.share_of(self.min_confidence, "min_confidence")
        # A frozen record keeps the cleaned values: lone surrogates are replaced in them.
        if self.group_by is not None:
            object.__setattr__(self, "group_by", inputs.text_of(self.group_by, "group_by"))
        if self.start is not None:
            object.__setattr__(self, "start", inputs.activation_of(self.start))
            if self.hops == 0:
                raise InvalidInputError(
                    "start says where following begins, and hops is 0, which follows nothing; "
                    "call follow, or pass hops=3"
                )

    @property
    def filtered(self) -> bool:
        """Whether anything beside the namespace limits what may be returned."""
        query = self.selection
        limits = (query.where, query.since, query.until, query.session)
        return any(limit is not None for limit in limits)
