"""A map from keys to lists of rows that grow: what the edges of a graph are found by.

A key is a pair of int64, the key proper and its scope; its rows are int32. Keys stand in a hash
table with open addressing in which the one farther from home goes first (Robin Hood hashing, Celis
1986), so that none of a million stands more than some fifteen places from home and a look-up reads
just these places, for all keys at once, with no loop. The rows of a key fill a region of a pool; a
full region moves to one of twice the size, so that appending costs amortised O(1).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nuonuo_memory.engine.splitmix64 import GAMMA, signed

PLACES_PER_KEY = 1.5
"""Places of the table for each key, at least; the table doubles when there are fewer."""

LEAST_PROBES = 12
"""Places that a look-up reads at least, so that most new keys find a free one among them."""

MOST_PROBES = 32
"""Places from home that a key may stand at; the table grows when one would stand farther."""

GROWTH = 1.125
"""Factor by which arrays grow: a sixteenth lies idle on average, each row is copied eight times."""

_PACK_ABOVE = 1.25
"""The pool is packed anew when it is full and this much larger than its regions."""

_LISTS_AT_ONCE = 1 << 16
"""Lists that are copied at once when the pool is packed, so that it needs little space beside."""

_SCOPE_FACTOR = 0xD6E8FEB86659FD93


class Lists(NamedTuple):
    """Where the rows of some keys lie in the pool.

    Attributes:
        start: int64 [q].
        length: int64 [q], 0 where the key is not held; a caller may shorten it.
    """

    start: Tensor
    length: Tensor


def spans(start: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """Spell out the ranges [start, start + length) as (owner, index), both int64 [total]."""
    if not len(length):
        return length, length
    ends = torch.cumsum(length, 0)
    total = int(ends[-1])
    owner = torch.repeat_interleave(length, output_size=total)
    shift = (start - ends).add_(length)
    return owner, torch.arange(total, device=start.device) + shift.index_select(0, owner)


def grown(column: Tensor, size: int) -> Tensor:
    """The column itself, or a larger one that begins with it when it has less than `size` rows."""
    if size <= len(column):
        return column
    more = column.new_zeros(max(size, int(GROWTH * len(column))), *column.shape[1:])
    more[: len(column)] = column
    return more


def lexsort(*keys: Tensor) -> Tensor:
    """Rows in ascending order of the last key, ties by the one before it, then as they come."""
    order = torch.argsort(keys[0], stable=True)
    for key in keys[1:]:
        order = order.index_select(0, torch.argsort(key.index_select(0, order), stable=True))
    return order


class KeyRows:
    """Lists of rows by key and scope.

    Every key has an entry, a number from 1 on that it keeps; entry 0 stands for none and is empty.

    Args:
        device: Where the arrays live.

    Attributes:
        keys: int64 [entries or more], the key of each entry.
        scopes: int64 [entries or more], its scope.
    """

    def __init__(self, *, device: torch.device) -> None:
        self.device = device
        self.keys: Tensor = torch.zeros(1, dtype=torch.int64, device=device)
        self.scopes: Tensor = torch.zeros(1, dtype=torch.int64, device=device)
        self._lists = torch.zeros(1, 2, dtype=torch.int32, device=device)
        self._pool = torch.zeros(0, dtype=torch.int32, device=device)
        self._entries, self._empty = 1, 0
        self._end, self._waste = 0, 0
        self._shift = 60
        self._clear_table()

    def __len__(self) -> int:
        return self._entries - 1 - self._empty

    @property
    def emptied(self) -> int:
        """Entries whose keys were given up; they take space until the map is made anew."""
        return self._empty

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        held = (self.keys, self.scopes, self._lists, self._pool, self._table)
        return sum(each.nbytes for each in held)

    def find(self, keys: Tensor, scopes: Tensor | int) -> Tensor:
        """The entry of each key (int64 [q]) in its scope, 0 where it is not held: int32 [q]."""
        places = self._home(keys, scopes)[:, None] + self._window
        held = self._table.index_select(0, places.view(-1))
        same = self.keys.index_select(0, held).view_as(places) == keys[:, None]
        wanted = scopes if isinstance(scopes, int) else scopes[:, None]
        same &= self.scopes.index_select(0, held).view_as(places) == wanted
        return (held.view_as(places) * same).amax(1)

    def lists(self, entries: Tensor) -> Lists:
        """The rows of entries (int [q])."""
        return Lists(*self._lists.index_select(0, entries).long().unbind(1))

    def rows(self, lists: Lists) -> tuple[Tensor, Tensor]:
        """Spell out lists in their order: (place in `lists`, row), int64 and int32 [total]."""
        owner, index = spans(*lists)
        return owner, self._pool.index_select(0, index)

    def append(self, keys: Tensor, scopes: Tensor, rows: Tensor) -> Tensor:
        """Append rows (int32 [n]) to the lists of keys (int64 [n]) in scopes (int64 [n]).

        Returns:
            The entry of each key, int64 [n].
        """
        order = lexsort(keys, scopes)
        keys, scopes = keys[order], scopes[order]
        new = torch.ones(len(keys), dtype=torch.bool, device=self.device)
        new[1:] = (keys[1:] != keys[:-1]) | (scopes[1:] != scopes[:-1])
        first = torch.nonzero(new).squeeze(1)
        counts = torch.diff(first, append=first.new_tensor([len(keys)]))
        entries = self._found_or_made(keys[first], scopes[first])
        self._extend(entries, counts, rows[order])
        out = torch.empty_like(order)
        out[order] = torch.repeat_interleave(entries, counts, output_size=len(order))
        return out

    def keep(self, entries: Tensor, living: Tensor) -> None:
        """Strike rows from the lists of entries (int64 [q], each once), and give up empty ones.

        Args:
            entries: Whose lists change.
            living: int [rows], by row: 0 where it goes.
        """
        lists = self.lists(entries)
        owner, row = self.rows(lists)
        stays = living[row] != 0
        owner, row = owner[stays], row[stays]
        length = torch.bincount(owner, minlength=len(entries))
        _, old = spans(*lists)
        self._pool[old] = 0
        _, place = spans(lists.start, length)
        self._pool[place] = row
        self._lists[entries, 1] = length.to(torch.int32)
        self._waste += int((_capacity(lists.length) - _capacity(length)).sum())
        gone = entries[length == 0]
        places = self._home(self.keys[gone], self.scopes[gone])[:, None] + self._window
        self._table[places[self._table[places] == gone[:, None]]] = 0
        self.keys[gone] = 0
        self.scopes[gone] = 0
        self._empty += len(gone)

    def _home(self, keys: Tensor, scopes: Tensor | int) -> Tensor:
        """The place where each key belongs: the upper bits of a product (Fibonacci hashing).

        They are read with their sign, so that places count from the middle of the table.
        """
        if isinstance(scopes, int):
            mixed = keys ^ signed(scopes * _SCOPE_FACTOR)
        else:
            mixed = keys ^ (scopes * signed(_SCOPE_FACTOR))
        return (mixed * signed(GAMMA)) >> self._shift

    def _clear_table(self) -> None:
        size = (1 << (64 - self._shift)) + MOST_PROBES
        self._table = torch.zeros(size, dtype=torch.int32, device=self.device)
        self._middle = 1 << (63 - self._shift)
        self._look(LEAST_PROBES)

    def _found_or_made(self, keys: Tensor, scopes: Tensor) -> Tensor:
        """The entries of keys that differ, made where there are none."""
        entries = self.find(keys, scopes).long()
        absent = torch.nonzero(entries == 0).squeeze(1)
        if not len(absent):
            return entries
        first, self._entries = self._entries, self._entries + len(absent)
        made = torch.arange(first, self._entries, device=self.device)
        entries[absent] = made
        self.keys, self.scopes, self._lists = (
            grown(column, self._entries) for column in (self.keys, self.scopes, self._lists)
        )
        self.keys[first : self._entries] = keys[absent]
        self.scopes[first : self._entries] = scopes[absent]
        if PLACES_PER_KEY * len(self) > 2 * self._middle or not self._place(made):
            self._grow_table(torch.cat([self._held(first), made]))
        return entries

    def _look(self, places: int) -> None:
        """Read so many places from home on in each look-up, or `LEAST_PROBES` if these are more."""
        self._window = self._middle + torch.arange(max(places, LEAST_PROBES), device=self.device)

    def _held(self, stop: int) -> Tensor:
        """The entries below `stop` that have keys: int64."""
        return torch.nonzero(self._lists[:stop, 1]).squeeze(1)

    def _grow_table(self, entries: Tensor) -> None:
        """Give all entries (int64 [n]) their places anew, in a larger table.

        In the order of their homes each stands at home or right behind the one before it, which is
        where going one by one would have led them.
        """
        count = torch.arange(len(entries), device=self.device)
        farthest = MOST_PROBES
        while farthest >= MOST_PROBES:
            self._shift -= 1
            self._clear_table()
            home, order = torch.sort(self._home(self.keys[entries], self.scopes[entries]))
            place = torch.cummax(home - count, 0).values + count
            farthest = int((place - home).max())
        self._table[place + self._middle] = entries[order].to(torch.int32)
        self._look(farthest + 1)

    def _place(self, entries: Tensor) -> bool:
        """Give new entries their places; return whether all of them found one near enough.

        What finds a free place where a look-up reads anyway takes it. All others take a step at
        once: an entry farther from home than the one at its place takes it, and the one driven out
        goes on from there. Of several that want one place any may have it.
        """
        home = self._home(self.keys[entries], self.scopes[entries])
        free = self._table[home[:, None] + self._window] == 0
        place = home + self._window[free.int().argmax(1)]
        rows = torch.nonzero(free.any(1)).squeeze(1)
        self._table[place[rows]] = entries[rows].to(torch.int32)
        entries = entries[self._table[place] != entries]
        return not len(entries) or self._drive_in(entries)

    def _drive_in(self, entries: Tensor) -> bool:
        """Place entries by driving out such as stand nearer to their homes."""
        home = self._home(self.keys[entries], self.scopes[entries])
        away, farthest = torch.zeros_like(home), len(self._window) - 1
        while True:
            place = home + away + self._middle
            held = self._table[place].long()
            held_away = place - self._middle - self._home(self.keys[held], self.scopes[held])
            poorer = (held == 0) | (away > held_away)
            going = torch.nonzero(poorer).squeeze(1)
            self._table[place[going]] = entries[going].to(torch.int32)
            won = self._table[place] == entries
            farthest = max(farthest, int((away * won).max()))
            going = torch.nonzero(~won | (held != 0)).squeeze(1)
            if not len(going):
                break
            home = torch.where(won, home + away - held_away, home)[going]
            away = torch.where(won, held_away + 1, away + ~poorer)[going]
            entries = torch.where(won, held, entries)[going]
            if int(away.max()) >= MOST_PROBES:
                return False
        self._look(farthest + 1)
        return True

    def _extend(self, entries: Tensor, counts: Tensor, rows: Tensor) -> None:
        """Append to each entry (each once) the next `counts` of `rows`."""
        start, held = self.lists(entries)
        length = held + counts
        moving = torch.nonzero(length > _capacity(held)).squeeze(1)
        if len(moving):
            self._move(entries[moving], length[moving])
            start, _ = self.lists(entries)
        _, place = spans(start + held, counts)
        self._pool[place] = rows
        self._lists[entries, 1] = length.to(torch.int32)

    def _move(self, entries: Tensor, length: Tensor) -> None:
        """Move the lists of entries to the end of the pool, to regions for `length` rows."""
        sizes = _capacity(length)
        ends = torch.cumsum(sizes, 0)
        need = int(ends[-1])
        if self._end + need > len(self._pool):
            self._pack()
            self._pool = grown(self._pool, self._end + need)
        old = self.lists(entries)
        self._waste += int(_capacity(old.length).sum())
        start = ends - sizes + self._end
        self._copy(old, start, to=self._pool)
        self._lists[entries, 0] = start.to(torch.int32)
        self._end += need

    def _copy(self, old: Lists, start: Tensor, *, to: Tensor) -> None:
        """Copy lists into the pool `to`, to where they start from now on."""
        owner, index = spans(*old)
        if len(owner):
            rows = self._pool.index_select(0, index)
            to[index + (start - old.start).index_select(0, owner)] = rows

    def _pack(self) -> None:
        """Lay the regions side by side again if much of the pool belongs to none."""
        end = self._end - self._waste
        if self._end < _PACK_ABOVE * end:
            return
        lists = Lists(*self._lists[: self._entries].long().unbind(1))
        sizes = _capacity(lists.length)
        start = torch.cumsum(sizes, 0) - sizes
        pool = self._pool.new_zeros(end)
        for first in range(0, self._entries, _LISTS_AT_ONCE):
            part = slice(first, first + _LISTS_AT_ONCE)
            self._copy(Lists(lists.start[part], lists.length[part]), start[part], to=pool)
        self._pool = pool
        self._lists[: self._entries, 0] = start.to(torch.int32)
        self._end, self._waste = end, 0


def _capacity(length: Tensor) -> Tensor:
    """Rows that the region of a list of this length holds: the next power of two, int64."""
    exponent = torch.frexp((length - 1).double()).exponent
    return torch.where(length > 0, torch.ones_like(length) << exponent, 0)
