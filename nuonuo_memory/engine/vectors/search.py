"""Exact nearest cues by inner product, from an 8-bit first pass whose error is bounded.

1. The first pass reads the rows' coarse codes only and gives, for each row, a lower and an upper
   bound of its similarity.
2. The k-th largest lower bound (of block maxima, which is no larger than that of all rows) is a
   threshold: a row whose upper bound is below it cannot be among the k best.
3. The rows left, a few times k, are scored from both codes with sums that are exact in float64,
   and ordered by similarity, then memory id, then cue id.

The result is that of an exhaustive search by construction; the bounds decide only how many rows
step 3 reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.vectors.chunks import GroupRows, Rows
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.engine.vectors.int8_product import int8_product
from nuonuo_memory.engine.vectors.quantise import (
    check_vectors,
    code_digits,
    encode_queries,
    first_pass_queries,
    fixed_point,
)
from nuonuo_memory.errors import InvalidInputError

_MAXIMUM_ROWS = 32
"""Rows of one block maximum."""
_BLOCK_SCORES = 32_736
"""Scores of one block of the first pass: they stay in the cache, and PyTorch, which shares out
32,768 or more, leaves them to the one thread that has them there."""
_BLOCKS_AT_ONCE = 8
"""Blocks of one product."""
_QUERIES_AT_ONCE = 8
"""Queries of one first pass: with two codes each they fill 16 columns of the int8 product."""
_INT8_LENGTH = 16
"""Shorter rows take the float product: the int8 one is wrong for a single column (torch 2.13)."""
_RESCORED = 8_192
"""Rows scored at once in float64: 25 MB at 384 dimensions."""


class Candidates(NamedTuple):
    """The nearest cues of each query, best first.

    Attributes:
        cue_ids: [B, k] int64, -1 where there are fewer cues than k.
        memory_ids: [B, k] int64, -1 likewise.
        similarity: [B, k] float64 inner products, -inf likewise.
        codes: [B, k, d] int16, the rows as stored, 0 likewise.
        scale: [B, k] float32; a row is its code times its scale.
        examined: [B] int64, rows that the bounds could not rule out.
    """

    cue_ids: Tensor
    memory_ids: Tensor
    similarity: Tensor
    codes: Tensor
    scale: Tensor
    examined: Tensor


def nearest(
    cue_index: CueIndex,
    queries: Tensor,
    *,
    groups: Sequence[Sequence[int]],
    k: int,
    allowed: Tensor | None = None,
) -> Candidates:
    """Find the k nearest cues of each query [B, d] among its groups.

    Args:
        cue_index: The cues.
        queries: Any length and float type; similarity is the plain inner product.
        groups: For each query the groups it searches; unknown groups are empty.
        k: How many, 1 or more.
        allowed: Memory ids, ascending; cues of other memories are passed over.

    Raises:
        VectorError: The queries have another size, or are not finite.
        InvalidInputError: `k` is below 1, or `groups` are not as many as the queries.
    """
    queries = check_search(cue_index, queries, groups=groups, k=k)
    return search(cue_index, queries, groups=groups, k=k, allowed=allowed)


def check_search(
    cue_index: CueIndex, queries: Tensor, *, groups: Sequence[Sequence[int]], k: int
) -> Tensor:
    """Return the queries on the index's device, if a search can be made with these arguments."""
    queries = check_vectors(queries, cue_index.dimension, what="queries").to(cue_index.device)
    if k < 1:
        raise InvalidInputError(f"k must be at least 1, got {k}")
    if len(groups) != len(queries):
        raise InvalidInputError(
            f"groups must name the groups of each of {len(queries)} queries, got {len(groups)}"
        )
    return queries


@torch.inference_mode()
def search(
    cue_index: CueIndex,
    queries: Tensor,
    *,
    groups: Sequence[Sequence[int]],
    k: int,
    allowed: Tensor | None = None,
) -> Candidates:
    """Do what `nearest` does for arguments that were checked and queries on the device."""
    if allowed is not None:
        allowed = allowed.to(cue_index.device)
    if len(queries) == 1:
        rows = _rows(cue_index, groups[0])
        return _search(rows, queries, k, allowed) if rows else _empty(1, k, queries)
    together: dict[tuple[int, ...], list[int]] = {}
    for place, names in enumerate(groups):
        together.setdefault(tuple(sorted(set(names))), []).append(place)
    found = _empty(len(queries), k, queries)
    for names, places in together.items():
        rows = _rows(cue_index, names)
        if not rows:
            continue
        for first in range(0, len(places), _QUERIES_AT_ONCE):
            some = torch.tensor(places[first : first + _QUERIES_AT_ONCE], device=cue_index.device)
            part = _search(rows, queries[some], k, allowed)
            for column, values in zip(found, part, strict=True):
                column[some] = values
    return found


@torch.inference_mode()
def cue_similarities(
    cue_index: CueIndex, queries: Tensor, memory_ids: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return every cue of given memories [B, m]: cue ids, owners, similarities, each [c].

    An owner is the place of the cue's memory in `memory_ids`, read row by row. The order of the
    cues is that of the index.
    """
    queries = check_vectors(queries, cue_index.dimension, what="queries").to(cue_index.device)
    cue_ids, owner = cue_index.memory_cues(memory_ids.reshape(-1), ordered=False)
    owner = owner.to(cue_index.device)
    if not len(cue_ids):
        return cue_ids.to(cue_index.device), owner, owner.to(torch.float64)
    rows = cue_index.gather(cue_ids)
    return (
        cue_ids.to(cue_index.device),
        owner,
        _similarity(rows, queries, owner // memory_ids.shape[1]),
    )


def similarities(cue_index: CueIndex, query: Tensor, cue_ids: Tensor) -> Tensor:
    """Return the inner product of a query [1, d] with each of some cues, float64 [n].

    Raises:
        NotFoundError: A cue is not in the index.
    """
    rows = cue_index.gather(cue_ids)
    return _similarity(rows, query.to(cue_index.device), torch.zeros_like(rows.memory_ids))


def _rows(cue_index: CueIndex, names: Sequence[int]) -> list[GroupRows]:
    found = (cue_index.rows(name) for name in sorted(set(names)))
    return [rows for rows in found if rows is not None]


def _empty(queries: int, k: int, like: Tensor) -> Candidates:
    device = like.device
    return Candidates(
        torch.full((queries, k), -1, dtype=torch.int64, device=device),
        torch.full((queries, k), -1, dtype=torch.int64, device=device),
        torch.full((queries, k), -torch.inf, dtype=torch.float64, device=device),
        torch.zeros(queries, k, like.shape[1], dtype=torch.int16, device=device),
        torch.zeros(queries, k, dtype=torch.float32, device=device),
        torch.zeros(queries, dtype=torch.int64, device=device),
    )


def _search(groups: list[GroupRows], queries: Tensor, k: int, allowed: Tensor | None) -> Candidates:
    """Search all rows of some groups for at most 8 queries."""
    codes, factor = first_pass_queries(queries)
    total = sum(group.count for group in groups)
    block = _MAXIMUM_ROWS if total >= 2 * k * _MAXIMUM_ROWS else 1
    upper = factor.new_empty(len(queries), total)
    parts: list[Tensor] = []
    first = 0
    for rows, product in _products(groups, codes):
        lower = _bounds(rows, product, factor, allowed, upper[:, first : first + len(rows)])
        parts.append(_block_maxima(lower, block))
        first += len(rows)
    maxima = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
    threshold = maxima.topk(min(k, maxima.shape[1]), dim=1).values[:, -1:]
    query, place = _reaching(upper, threshold)
    rows = _gather(groups, place.cpu())
    if allowed is not None:
        # With fewer allowed rows than k the threshold is -inf and lets the others through.
        keep = torch.isin(rows.memory_ids, allowed).nonzero()[:, 0]
        rows, query = rows.take(keep), query[keep]
    return _ranked(rows, query, _similarity(rows, queries, query), len(queries), k)


def _products(groups: list[GroupRows], codes: Tensor) -> Iterator[tuple[Rows, Tensor]]:
    """Yield all rows in blocks, each with the product [n, 2b] of its coarse codes.

    Args:
        groups: The rows.
        codes: int8 [d, 2b], see `first_pass_queries`.

    The product of many blocks is made at once: where other work keeps a core, every wait of one
    thread for another costs milliseconds.
    """
    rows_at_once = 2 * _BLOCK_SCORES // codes.shape[1]
    height = max(_MAXIMUM_ROWS, rows_at_once // _MAXIMUM_ROWS * _MAXIMUM_ROWS)
    for rows in (rows for group in groups for _, rows in group.used()):
        start = 0
        for some in rows.coarse.split(_BLOCKS_AT_ONCE * height):
            if some.is_cuda or some.shape[1] < _INT8_LENGTH:
                product = some.to(torch.float32) @ codes.to(torch.float32)
            else:
                product = int8_product(some, codes)
            if len(rows) <= height:
                yield rows, product
                continue
            for part in product.split(height):
                yield rows.part(slice(start, start + len(part))), part
                start += len(part)


def _bounds(
    rows: Rows, product: Tensor, factor: Tensor, allowed: Tensor | None, upper: Tensor
) -> Tensor:
    """Bound the similarity to the queries of length 1: lower returned, upper filled in, [b, n]."""
    coarse, residual = product.T.split(len(factor))
    score = coarse.to(torch.float32).mul_(256).add_(residual)
    score *= rows.scale
    score *= factor[:, None]
    torch.add(score, rows.error, out=upper)
    lower: Tensor = score.sub_(rows.error)
    if allowed is not None:
        out = ~torch.isin(rows.memory_ids, allowed)
        lower[:, out] = -torch.inf
        upper[:, out] = -torch.inf
    return lower


def _reaching(upper: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pairs (query, row) whose upper bound reaches the query's threshold [b, 1]."""
    if len(upper) > 1 or upper.is_cuda:
        query, place = (upper >= threshold).nonzero(as_tuple=True)
        return query, place
    blocks = upper[0].split(_BLOCK_SCORES)
    parts = [
        (block >= threshold[0]).nonzero()[:, 0].add_(number * _BLOCK_SCORES)
        for number, block in enumerate(blocks)
    ]
    place = parts[0] if len(parts) == 1 else torch.cat(parts)
    return torch.zeros_like(place), place


def _block_maxima(values: Tensor, block: int) -> Tensor:
    """Return the maxima [b, m] of blocks of columns; each is the value of another column."""
    if block == 1:
        return values
    whole = values.shape[1] // block * block
    maxima = values[:, :whole].unflatten(1, (-1, block)).amax(2)
    return torch.cat([maxima, values[:, whole:]], 1) if whole < values.shape[1] else maxima


def _gather(groups: list[GroupRows], places: Tensor) -> Rows:
    """Return the rows at places that count through several groups."""
    if len(groups) == 1:
        return groups[0].gather(places)
    ends = torch.tensor([group.count for group in groups]).cumsum(0)
    owner = torch.bucketize(places, ends, right=True)
    order = owner.argsort(stable=True)
    parts, counts = [], torch.bincount(owner, minlength=len(groups)).tolist()
    done = 0
    for group, count, end in zip(groups, counts, ends.tolist(), strict=True):
        if count:
            inside = places[order[done : done + count]] - (end - group.count)
            parts.append(group.gather(inside))
            done += count
    if not parts:
        return groups[0].gather(places)
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    rows = Rows.cat(parts)
    return rows.take(back.to(rows.scale.device))


def _similarity(rows: Rows, queries: Tensor, query: Tensor) -> Tensor:
    """Return the inner product [n] of row i with query query[i], from exact integer sums."""
    codes = encode_queries(queries)
    if _in_integers(rows.coarse, len(queries)):
        total = _integer_sums(rows, code_digits(codes.code), len(queries))
        total = total[0] if len(queries) == 1 else total[query, torch.arange(len(query))]
    else:
        sums = [
            (fixed_point(coarse, residual).to(torch.float64) * codes.code[which]).sum(1)
            for coarse, residual, which in zip(
                *(column.split(_RESCORED) for column in (rows.coarse, rows.residual, query)),
                strict=True,
            )
        ]
        total = torch.cat(sums)
    return total * (rows.scale.to(torch.float64) * codes.unit[query])


def _in_integers(codes: Tensor, queries: int) -> bool:
    """Say whether the 8-bit product serves rows of these codes [n, d] and so many queries."""
    return not codes.is_cuda and codes.shape[1] >= _INT8_LENGTH and queries <= _QUERIES_AT_ONCE


def _integer_sums(rows: Rows, digits: Tensor, queries: int) -> Tensor:
    """Return the sums of products [b, n], whole numbers in float64, of every row with every query.

    Each of the products of 8-bit codes is exact in 32 bits, and so is each step of adding them up
    in float64 from the highest digit down, where no partial sum is larger than the whole can be.

    Args:
        rows: n rows.
        digits: int8 [d, 4b], see `code_digits`.
        queries: b.
    """
    coarse, residual = (
        int8_product(codes, digits).to(torch.float64) for codes in (rows.coarse, rows.residual)
    )
    sums: tuple[Tensor, ...] = torch.add(residual, coarse, alpha=256).T.split(queries)
    total = sums[-1]
    for lower in reversed(sums[:-1]):
        total = torch.add(lower, total, alpha=256)
    return total


def _ranked(rows: Rows, query: Tensor, similarity: Tensor, queries: int, k: int) -> Candidates:
    """Order the rows of each query by similarity, memory id, cue id, and keep k."""
    order = rows.cue_ids.argsort(stable=True)
    order = order[rows.memory_ids[order].argsort(stable=True)]
    order = order[similarity[order].argsort(descending=True, stable=True)]
    if queries == 1 and len(order) >= k:
        order = order[:k]
        return Candidates(
            rows.cue_ids[order][None],
            rows.memory_ids[order][None],
            similarity[order][None],
            _codes(rows, order)[None],
            rows.scale[order][None],
            torch.full((1,), len(query), device=query.device),
        )
    order = order[query[order].argsort(stable=True)]
    query = query[order]
    counts = torch.bincount(query, minlength=queries)
    rank = torch.arange(len(query), device=query.device) - (counts.cumsum(0) - counts)[query]
    keep = rank < k
    order, at = order[keep], (query[keep], rank[keep])
    found = _empty(queries, k, rows.coarse)
    found.cue_ids[at] = rows.cue_ids[order]
    found.memory_ids[at] = rows.memory_ids[order]
    found.similarity[at] = similarity[order]
    found.codes[at] = _codes(rows, order)
    found.scale[at] = rows.scale[order]
    return found._replace(examined=counts)


def _codes(rows: Rows, places: Tensor) -> Tensor:
    """Return the fixed-point values int16 of some of the rows."""
    return fixed_point(rows.coarse.index_select(0, places), rows.residual.index_select(0, places))
