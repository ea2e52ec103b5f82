"""A table of sparse codes that counts, for a query code, the ones shared with every row.

Codes take 2 bytes an index. On a CPU an inverted index (bit → rows) makes counting cost what is
shared, not what is stored; it covers the rows present when it was built, and the few added since
are scanned. On a GPU all rows are scanned, which needs no synchronisation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuonuo_memory.errors import InvalidInputError

_SCAN_ROWS = 2_048  # scanning so few rows costs less than rebuilding the index for them
_WORK = 2**24  # entries of a temporary tensor at most


class CodeTable:
    """Rows of codes in the order of adding; a row that was cleared shares nothing with any query.

    Args:
        code_dim: Size of a code, at most 32,768 (an index is kept in 16 bits).
        winners: Ones in a code.
        device: Where the rows live.

    Raises:
        InvalidInputError: If a size is out of range.
    """

    def __init__(self, code_dim: int, winners: int, *, device: torch.device | str = "cpu") -> None:
        if not 1 <= winners <= code_dim <= 2**15:
            raise InvalidInputError(
                "codes need 1 <= winners <= code_dim <= 32768, "
                f"got winners {winners}, code_dim {code_dim}"
            )
        self.code_dim = code_dim
        self.winners = winners
        self.device: torch.device = torch.device(device)
        self._rows = torch.empty(0, winners, dtype=torch.int16, device=self.device)
        self._used = 0
        self._starts = torch.empty(0, dtype=torch.int64)
        self._postings = torch.empty(0, dtype=torch.int16)
        self._indexed = 0

    def __len__(self) -> int:
        return self._used

    @property
    def nbytes(self) -> int:
        """Bytes held, spare room and index included."""
        held = (self._rows, self._starts, self._postings)
        return sum(part.numel() * part.element_size() for part in held)

    @property
    def rows(self) -> Tensor:
        """All rows, int16 [n, winners]; a cleared row is -1 throughout. A view: do not write."""
        return self._rows[: self._used]

    @property
    def room(self) -> Tensor:
        """All rows and the spare ones after them, int16 [room, winners]. A view: do not write."""
        return self._rows

    def codes(self, rows: Tensor) -> Tensor:
        """Return the codes of `rows` (int64 [m]), int32 [m, winners]."""
        return self.rows[rows].int()

    def add(self, codes: Tensor) -> Tensor:
        """Append codes [n, winners] that `check` accepts; return their row numbers, int64 [n]."""
        first, self._used = self._used, self._used + len(codes)
        self._rows = grown(self._rows, self._used)
        self._rows[first : self._used] = codes.to(self.device, torch.int16)
        return torch.arange(first, self._used, device=self.device)

    def check(self, codes: Tensor) -> None:
        """Check the shape and range of codes.

        Raises:
            InvalidInputError: If the shape is wrong, or an index is out of range or repeated.
        """
        if codes.ndim != 2 or codes.shape[1] != self.winners or codes.is_floating_point():
            raise InvalidInputError(
                f"expected codes of shape [n, {self.winners}], got {codes.dtype} "
                f"{list(codes.shape)}; make them with the separator that the table was made for"
            )
        if len(codes) == 0:
            return
        lowest, highest = torch.aminmax(codes)
        flat = codes.reshape(-1)
        rising = torch.ones_like(flat, dtype=torch.bool)
        torch.gt(flat[1:], flat[:-1], out=rising[1:])
        rising[:: self.winners] = True  # a row's first index follows no other
        # One answer to wait for: on a GPU each costs more than the comparisons.
        if not bool(rising.all() & (lowest >= 0) & (highest < self.code_dim)):
            raise InvalidInputError(
                f"expected sorted, distinct indices in [0, {self.code_dim}) in every code"
            )

    def clear(self, rows: Tensor) -> None:
        """Erase rows (int64 [m]): their indices, and what the inverted index says of them."""
        if self._indexed and bool((rows < self._indexed).any()):
            gone = torch.zeros(self._indexed + 1, dtype=torch.bool)
            gone[rows[rows < self._indexed].cpu()] = True
            bits = self._rows[rows].reshape(-1)
            where = self._entries(bits[bits >= 0].long())[0]
            hit = where[gone[self._unsigned(self._postings[where])]]
            self._postings[hit] = self._indexed  # a row number past the end: counted, then dropped
        self._rows[rows] = -1

    def keep(self, rows: Tensor) -> None:
        """Drop every row but those of the mask `rows` (bool [n]); the others close up, in order."""
        self._rows = self.rows[rows].clone()
        self._used = len(self._rows)
        self._indexed = 0
        self._starts = self._starts.new_empty(0)
        self._postings = self._postings.new_empty(0)

    def shared(self, queries: Tensor) -> Tensor:
        """Count the ones that queries (int32 [b, winners]) share with every row, int32 [b, n].

        The queries must be codes that `check` accepts.
        """
        queries = queries.to(self.device)
        counts = torch.zeros(len(queries), self._used, dtype=torch.int32, device=self.device)
        if self.device.type == "cpu" and self._used - self._indexed > max(
            _SCAN_ROWS, self._indexed // 8
        ):
            self._build()
        if self._indexed:
            self._count_indexed(queries, counts)
        self._count_scanned(queries, counts)
        return counts

    def _count_indexed(self, queries: Tensor, counts: Tensor) -> None:
        width = self._indexed + 1
        for start in range(0, len(queries), max(1, _WORK // width)):
            part = queries[start : start + max(1, _WORK // width)]
            where, source = self._entries(part.reshape(-1).long())
            row = self._unsigned(self._postings[where])
            key = row + source.div_(self.winners, rounding_mode="floor").mul_(width)
            found = torch.bincount(key, minlength=len(part) * width).view(len(part), width)
            counts[start : start + len(part), : self._indexed] = found[:, :-1]

    def _count_scanned(self, queries: Tensor, counts: Tensor) -> None:
        rows = self._rows[self._indexed : self._used]
        if not len(rows):
            return
        lookup = torch.zeros(len(queries), self.code_dim + 1, dtype=torch.uint8, device=self.device)
        lookup.scatter_(1, queries.long(), 1)
        index = torch.where(rows < 0, self.code_dim, rows.int()).reshape(-1)
        step = max(1, _WORK // index.numel())
        for start in range(0, len(queries), step):
            hits = lookup[start : start + step].index_select(1, index)
            counts[start : start + step, self._indexed :] = hits.view(
                len(hits), len(rows), self.winners
            ).sum(dim=2, dtype=torch.int32)

    def _build(self) -> None:
        """Index every row by its bits (a cleared row has none)."""
        rows = self._rows[: self._used]
        flat = rows.reshape(-1)
        order = torch.sort(flat, stable=True)
        counts = torch.bincount(flat[flat >= 0].long(), minlength=self.code_dim)
        self._starts = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
        entries = order.indices[int((flat < 0).sum()) :] // self.winners
        narrow = self._used < 2**16 - 1
        self._postings = entries.to(torch.int16 if narrow else torch.int32)
        self._indexed = self._used

    def _entries(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the places in the postings of each bit's rows, and which of `bits` it was."""
        begin = self._starts[bits]
        length = self._starts[bits + 1] - begin
        source = torch.repeat_interleave(torch.arange(len(bits)), length)
        ends = length.cumsum(0)
        offset = begin - (ends - length)
        return torch.arange(len(source)) + offset[source], source

    @staticmethod
    def _unsigned(entries: Tensor) -> Tensor:
        return entries.long() & 0xFFFF if entries.dtype == torch.int16 else entries.long()


def grown(tensor: Tensor, rows: int) -> Tensor:
    """Return `tensor` with room for `rows` rows: itself, or a copy an eighth larger than needed.

    A first filling is kept exact, so that what is loaded at once takes its own size.
    """
    if rows <= len(tensor):
        return tensor
    room = rows + (rows // 8 if len(tensor) else 0)
    larger = torch.empty(room, *tensor.shape[1:], dtype=tensor.dtype, device=tensor.device)
    larger[: len(tensor)] = tensor
    return larger
