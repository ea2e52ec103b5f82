"""Hits as LangChain documents."""

from __future__ import annotations

import copy
from typing import Any

from langchain_core.documents import Document

from nuonuo_memory.types import Hit, Memory, Recall


def document_of(memory: Memory) -> Document:
    """Return a memory as a document with its own metadata and nothing else."""
    return Document(
        id=memory.id, page_content=memory.text, metadata=copy.deepcopy(dict(memory.metadata))
    )


def documents_of(recall: Recall) -> list[Document]:
    """Return the hits of a recall as documents, best first.

    Beside the memory's own metadata each has `score`, `similarity`, `confidence` (of the whole
    recall), `cue` and `cue_kind` (what brought it to mind), and where there is such a thing
    `role`, `session`, `turn`, `at` (ISO 8601) and `path` (the associative steps). All values are
    JSON, so documents can be logged, checkpointed and sent.
    """
    return [_document_of(hit, recall.confidence) for hit in recall]


def _document_of(hit: Hit, confidence: float) -> Document:
    document = document_of(hit.memory)
    document.metadata.update(
        score=hit.score,
        similarity=hit.similarity,
        confidence=confidence,
        cue=hit.cue.text,
        cue_kind=hit.cue.kind,
    )
    memory = hit.memory
    known: dict[str, Any] = {"role": memory.role, "session": memory.session, "turn": memory.turn}
    known["at"] = None if memory.at is None else memory.at.isoformat()
    document.metadata.update({name: value for name, value in known.items() if value is not None})
    if hit.path:
        document.metadata["path"] = [hop.to_dict() for hop in hit.path]
    return document
