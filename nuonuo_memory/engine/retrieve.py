"""Queries [B, d] to memories: by kernels on a GPU, by plain tensor operations elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.engine.hopfield.attention import Retrieved, retrieve_plainly
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.search import check_search

if TYPE_CHECKING:
    from nuonuo_memory.engine.cuda.device import DeviceRecall


def retrieve(
    cue_index: CueIndex,
    queries: Tensor,
    *,
    groups: Sequence[Sequence[int]],
    k: int,
    config: HopfieldConfig,
    allowed: Tensor | None = None,
) -> Retrieved:
    """Return the k memories with the most attention for each query [B, d].

    The network holds the `config.candidates` nearest cues. When these belong to fewer than k
    memories, the query is asked again with twice as many, until k are found or no cue is left.

    Raises:
        VectorError: The queries have another size, or are not finite.
        InvalidInputError: `k` is below 1, or `groups` are not as many as the queries.
    """
    queries = check_search(cue_index, queries, groups=groups, k=k)
    device = _accelerator(cue_index) if allowed is None and len(queries) else None
    if device is not None and device.takes(k=k, config=config):
        return device.recall(queries, groups=groups, k=k, config=config)
    return retrieve_plainly(cue_index, queries, groups=groups, k=k, config=config, allowed=allowed)


def _accelerator(cue_index: CueIndex) -> DeviceRecall | None:
    """Return the recall by kernels, or None on a CPU or where Triton is not installed."""
    if cue_index.device.type != "cuda" or find_spec("triton") is None:
        return None
    from nuonuo_memory.engine.cuda.device import attach  # needs Triton

    return attach(cue_index)
