"""Lexical matching: our index, bm25s and SQLite's FTS5 on the same tokens.

Prints, per library: building, one more memory, forgetting one, a query (p50), and how far its ten
best agree with ours. Times are the thread's own on the processor.

    python benchmarks/lexical.py --documents 5000 100000
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from made_up import Zipf
from result_files import Cell, Result, finish, rounded, this_command

from nuonuo_memory.engine.bm25.term_index import TermIndex

WORDS_PER_DOCUMENT = 40
VOCABULARY = 60_000
STOPPED = Zipf(VOCABULARY, first=30)
"""The most common words are stop words, and left out."""
QUERIES = 200
COLUMNS = ("build s", "add one ms", "forget one ms", "query p50 / p99 ms", "same top 10")


def corpus(count: int, seed: int = 0) -> list[list[int]]:
    """Make documents whose words follow Zipf's law, as in English."""
    chance = np.random.default_rng(seed)
    words = STOPPED.draw(chance, count * WORDS_PER_DOCUMENT).reshape(count, -1)
    return words.tolist()


def milliseconds(call: Callable[[], object]) -> float:
    """Return a call's time on the processor, which other work on the machine disturbs less."""
    start = time.thread_time()
    call()
    return 1000 * (time.thread_time() - start)


class Ours:
    """The index of this library."""

    name = "nuonuo-memory"

    def build(self, documents: list[list[int]]) -> None:
        """Index documents, numbered from 0."""
        self.index = TermIndex()
        self.add(0, documents)

    def add(self, first: int, documents: list[list[int]]) -> None:
        """Add documents, numbered from `first`."""
        bags = [np.unique(document, return_counts=True) for document in documents]
        pointer = np.cumsum([0, *(len(terms) for terms, _ in bags)])
        self.index.add(
            torch.arange(first, first + len(documents)),
            torch.from_numpy(pointer),
            term_ids=torch.from_numpy(np.concatenate([terms for terms, _ in bags])),
            counts=torch.from_numpy(np.concatenate([counts for _, counts in bags])),
            group=0,
        )

    def forget(self, document: int) -> None:
        """Remove one document."""
        self.index.remove(torch.tensor([document]))

    def query(self, words: Sequence[int]) -> list[int]:
        """Return the ten best documents."""
        return self.index.scores(torch.tensor(words), [0], k=10)[0].tolist()


class Fts5:
    """The full-text index of SQLite."""

    name = "SQLite FTS5"

    def build(self, documents: list[list[int]]) -> None:
        """Index documents, numbered from 0."""
        self.db = sqlite3.connect(":memory:")
        self.db.execute("create virtual table t using fts5(x, tokenize='ascii')")
        self.add(0, documents)

    def add(self, first: int, documents: list[list[int]]) -> None:
        """Add documents, numbered from `first`."""
        rows = ((first + i, " ".join(f"w{w}" for w in d)) for i, d in enumerate(documents))
        with self.db:
            self.db.executemany("insert into t(rowid, x) values (?, ?)", rows)

    def forget(self, document: int) -> None:
        """Remove one document."""
        with self.db:
            self.db.execute("delete from t where rowid = ?", (document,))

    def query(self, words: Sequence[int]) -> list[int]:
        """Return the ten best documents."""
        match = " OR ".join(f"w{w}" for w in words)
        rows = self.db.execute(
            "select rowid from t where t match ? order by bm25(t) limit 10", (match,)
        )
        return [row for (row,) in rows]


class Bm25s:
    """Scores computed at build time, in a sparse matrix."""

    name = "bm25s"

    def build(self, documents: list[list[int]]) -> None:
        """Index documents, numbered from 0."""
        import bm25s

        self.documents = [[f"w{w}" for w in d] for d in documents]
        self.index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        self.index.index(self.documents, show_progress=False)

    def query(self, words: Sequence[int]) -> list[int]:
        """Return the ten best documents."""
        tokens = [[f"w{w}" for w in set(words)]]
        found, _ = self.index.retrieve(tokens, k=10, show_progress=False)
        return found[0].tolist()


def measure(count: int) -> Result:
    documents = corpus(count)
    queries = [d[:6] for d in corpus(QUERIES, seed=1)]
    expected: list[list[int]] = []
    rows: list[list[Cell]] = []
    for library in (Ours(), Bm25s(), Fts5()):
        build = milliseconds(lambda library=library: library.build(documents)) / 1000
        found = [library.query(query) for query in queries]
        times = [milliseconds(lambda q=q, lib=library: lib.query(q)) for q in queries]
        expected = expected or found
        same = statistics.mean(
            len(set(a) & set(b)) / max(len(a), 1) for a, b in zip(expected, found, strict=True)
        )
        changes: list[Cell] = ["rebuild", "rebuild"]
        if not isinstance(library, Bm25s):
            new = corpus(50, seed=2)
            adding = [
                milliseconds(lambda i=i, d=d, lib=library: lib.add(count + i, [d]))
                for i, d in enumerate(new)
            ]
            forgetting = [
                milliseconds(lambda i=i, lib=library: lib.forget(i * 7)) for i in range(50)
            ]
            changes = [rounded(statistics.median(adding)), rounded(statistics.median(forgetting))]
        times.sort()
        late = times[int(len(times) * 0.99)]
        asked = f"{rounded(statistics.median(times))} / {rounded(late)}"
        rows.append([library.name, rounded(build), *changes, asked, f"{same:.0%}"])
    columns = [f"{count:,} documents", *COLUMNS]
    note = f"{WORDS_PER_DOCUMENT} words each, {QUERIES} queries of 6 words; processor time"
    return Result(f"bm25-{count}", this_command(), columns, rows, note=note)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[5000])
    parser.add_argument("--save", type=Path, help="a folder for the result files")
    torch.set_num_threads(1)
    options = parser.parse_args()
    for size in options.documents:
        finish(measure(size), options.save)
