"""Every error that nuonuo-memory raises on purpose.

    NuonuoError
    ├── InvalidInputError (also ValueError)      an argument is wrong
    │   ├── EmptyTextError                       a text holds nothing to remember or to ask
    │   ├── NamespaceError                       a namespace has a label that is not allowed
    │   ├── VectorError                          a vector has another size, or is not finite
    │   ├── FilterError                          a `where` filter cannot be understood
    │   └── FormatError                          a file to ingest or import is not of its format
    ├── NotFoundError (also LookupError)         an id is unknown
    ├── DuplicateIdError                         an id is taken already
    ├── ClosedError                              the memory was closed
    ├── EncoderError                             an encoder cannot be loaded, or gave wrong vectors
    ├── MissingDependencyError (also ImportError)   an optional package is not installed
    └── StoreError                               the file or database
        ├── NotAStoreError                       the file is something else, or is damaged
        ├── SchemaVersionError                   written by a newer version
        ├── EncoderMismatchError                 written with another encoder
        ├── ReadOnlyStoreError                   it cannot be written to
        ├── StoreFullError                       the disk is full
        └── StoreBusyError                       another process holds it for too long

A message says what was expected, what came, and what to do.
"""

from __future__ import annotations

import reprlib
from typing import Final


class NuonuoError(Exception):
    """Base of every error that this library raises on purpose."""


class InvalidInputError(NuonuoError, ValueError):
    """An argument is outside what the call accepts."""


class EmptyTextError(InvalidInputError):
    """A text is empty or only white space."""


class NamespaceError(InvalidInputError):
    """A namespace is not a tuple of non-empty strings."""


class VectorError(InvalidInputError):
    """A vector has the wrong shape or type, or holds NaN or infinity."""


class FilterError(InvalidInputError):
    """A `where` filter names an operator or a value that is not known."""


class FormatError(InvalidInputError):
    """A file or record to ingest or import does not have the format that it should."""


class NotFoundError(NuonuoError, LookupError):
    """No memory has this id."""


class DuplicateIdError(NuonuoError):
    """A memory with this id exists already."""


class ClosedError(NuonuoError):
    """The memory was closed before this call."""


class EncoderError(NuonuoError):
    """An encoder could not be loaded, or returned something that is no set of vectors."""


class MissingDependencyError(NuonuoError, ImportError):
    """An optional dependency is needed and not installed."""


class StoreError(NuonuoError):
    """The durable store cannot do what was asked."""


class NotAStoreError(StoreError):
    """The file is not a nuonuo-memory store, or is damaged."""


class SchemaVersionError(StoreError):
    """The store was written by a newer version of nuonuo-memory."""


class EncoderMismatchError(StoreError):
    """The store's vectors come from another encoder than the one given."""


class ReadOnlyStoreError(StoreError):
    """The store cannot be written to."""


class StoreFullError(StoreError):
    """The disk, or the database's quota, is full; nothing of the write was kept."""


class StoreBusyError(StoreError):
    """Another process held the store locked for longer than the time-out."""


_SHORT: Final = reprlib.Repr()
_LONGEST: Final = 200
_SHORT.maxlevel = 3
_SHORT.maxstring = _SHORT.maxother = 80


def shown(value: object) -> str:
    """Return a value as messages show it: short, whatever it is."""
    try:
        text = _SHORT.repr(value)
    except (ValueError, RecursionError):  # an int of thousands of digits
        return f"a huge {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
