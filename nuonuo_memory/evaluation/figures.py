"""The figures of a run that documents show, as a result file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuonuo_memory.evaluation.result import BenchResult
from nuonuo_memory.evaluation.result_file import Cell, Result, cell, this_command

_BASELINES: dict[str, tuple[str, ...]] = {
    "best cue by cosine": ("baselines", "cosine_all_cues"),
    "one vector per turn": ("baselines", "one_vector_per_turn"),
    "BM25": ("baselines", "bm25"),
}
_SYSTEM: dict[str, tuple[str, ...]] = {"the memory": ("system",)}
_LOCOMO = {
    "turn @5": ("turn", "recall@5"),
    "turn @10": ("turn", "recall@10"),
    "session @5": ("session", "recall@5"),
    "session @10": ("session", "recall@10"),
    **{
        f"{kind}, turn @10": ("by_category", kind, "turn", "recall@10")
        for kind in ("single-hop", "multi-hop", "temporal", "open-domain", "adversarial")
    },
    "adversarial against the rest, AUROC": ("abstention", "auroc"),
}
_LONGMEMEVAL = {
    "session any@1, all questions": ("session_all_questions", "recall_any@1"),
    "session any@5, all questions": ("session_all_questions", "recall_any@5"),
    "session any@5, official": ("session", "recall_any@5"),
    "session all@5, official": ("session", "recall_all@5"),
    "session all@10, official": ("session", "recall_all@10"),
    "NDCG any@10, official script's": ("session", "ndcg_any@10"),
    "NDCG@10, standard": ("session", "ndcg@10"),
    "turn any@5": ("turn", "recall_any@5"),
    "turn all@10": ("turn", "recall_all@10"),
    "answerable or not, AUROC of the confidence": ("abstention", "auroc"),
}
_WHOLE = {
    **{f"session any@{k}": ("session", f"recall_any@{k}") for k in (1, 5, 10)},
    **{f"turn any@{k}": ("turn", f"recall_any@{k}") for k in (5, 10)},
}
_PARAREL = {
    "hit@1": ("hit@1",),
    "hit@5": ("hit@5",),
    "hit@1, its relation alone": ("alone", "hit@1"),
}
_MULTIHOP = {"@2": ("recall@2",), "@5": ("recall@5",), "@10": ("recall@10",), "all@5": ("all@5",)}

Paths = Mapping[str, Sequence[str]]
"""Where figures are in a result, by label."""

_SHOWN: dict[str, tuple[Paths, Paths]] = {
    "locomo": (_LOCOMO, _SYSTEM | {"with associations": ("associated",)} | _BASELINES),
    "longmemeval": (_LONGMEMEVAL, _SYSTEM | _BASELINES),
    "longmemeval-whole": (_WHOLE, _SYSTEM | _BASELINES),
    "pararel": (
        _PARAREL,
        {"with paraphrases by rule": ("system",), "without": ("without_augmentation",)},
    ),
}
_FOLLOWED: Paths = {
    "followed": ("system",),
    "all cues + BM25": ("baselines", "all_cues"),
    "PageRank": ("baselines", "personalised_pagerank"),
    "one vector": ("baselines", "one_vector_per_passage"),
}
"""What the multi-hop benchmarks compare."""


def figures(result: BenchResult) -> Result:
    """Return the table of a run: a row for each measure, a column for each system.

    Beside each of the memory's own figures stands how far it would be off; a system that was not
    run has no column. Of ParaRel each system has a row.
    """
    measures, systems = _SHOWN.get(result.benchmark, (_MULTIHOP, _FOLLOWED))
    systems = {
        name: path for name, path in systems.items() if _at(result.sections, path) is not None
    }
    table: list[list[Cell]] = [[result.benchmark, *measures]]
    for place, (name, path) in enumerate(systems.items()):
        table.append(
            [name, *(_cell(_at(result.sections, [*path, *one])) for one in measures.values())]
        )
        if not place:
            errors = (_cell(_at(result.spread, [*path, *one])) for one in measures.values())
            table.append(["±", *(None if one is None else f"±{one}" for one in errors)])
    if result.benchmark != "pararel":
        table = [list(row) for row in zip(*table, strict=True)]
        table = [table[0], *(row for row in table[1:] if row[1] is not None)]
    note = (
        f"{result.questions:,} questions, {result.encoder}, {result.device}; ±: {result.spread_is}"
    )
    return Result(
        result.benchmark,
        this_command(),
        [str(name) for name in table[0]],
        table[1:],
        best="highest",
        note=note,
    )


def _at(tree: Mapping[str, Any], path: Sequence[str]) -> Any:  # noqa: ANN401 - a figure or figures
    found: Any = tree
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def _cell(value: object) -> Cell:
    """Return per cent with one place, shares of one with two; nothing of NaN."""
    if not isinstance(value, int | float):
        return None
    return cell(float(value), 2 if abs(value) <= 1 else 1)
