"""Paraphrases, written after the memory itself is stored, so that they never delay a write."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from nuonuo_memory.errors import ClosedError, NotFoundError
from nuonuo_memory.store.rows import MemoryRow
from nuonuo_memory.text.augment import Augmenter
from nuonuo_memory.types import Cue
from nuonuo_memory.write.writer import Writing


class Paraphrasing:
    """One thread that asks an augmenter for paraphrases and adds them as cues."""

    def __init__(self, augmenter: Augmenter, writing: Writing) -> None:
        self._augmenter = augmenter
        self._writing = writing
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nuonuo-paraphrase")
        self._pending: list[Future[None]] = []

    def add(self, rows: Sequence[MemoryRow]) -> None:
        """Have these memories paraphrased soon."""
        self._pending = [task for task in self._pending if not _went_well(task)]
        if rows:
            self._pending.append(self._thread.submit(self._work, list(rows)))

    def flush(self) -> None:
        """Wait until all paraphrases are stored; raises the first error that there was."""
        pending, self._pending = self._pending, []
        for task in pending:
            task.result()

    def close(self) -> None:
        """Finish what was asked for and end the thread."""
        try:
            self.flush()
        finally:
            self._thread.shutdown(wait=True)

    def _work(self, rows: Sequence[MemoryRow]) -> None:
        found = self._augmenter.paraphrase([row.text for row in rows])
        for row, texts in zip(rows, found, strict=True):
            cues = [Cue(text, "paraphrase") for text in texts if text.strip()]
            if cues and self._writing.is_recalled(row.key):
                try:
                    self._writing.add_cues(row.key, cues)
                except NotFoundError:  # forgotten meanwhile, and so nothing to bring to mind
                    continue
                except ClosedError:
                    return


def _went_well(task: Future[None]) -> bool:
    return task.done() and task.exception() is None
