"""What extra cues bring: rules, another wording, the memory's own text."""

from __future__ import annotations

import torch
from common import Context, Table, percent

from nuonuo_memory.research.mechanisms import create
from nuonuo_memory.text.augment import RuleAugmenter

SIZES = (0, 500, 2_000, 20_000)
PUBLISHED = {
    "none": "95 / 65 / 55 (80 at 20,000)",
    "rules": "95 / 85 / 75",
    "another wording": "100 / 100 / 100 (language model)",
}


def run(context: Context) -> list[Table]:
    """Two-stage recall over growing backgrounds, by what was stored beside the cue."""
    tables = []
    for wording in ("near", "mixed", "far"):
        table = Table(
            f"Two-stage recall by augmentation and number of others, {wording} wordings",
            ["stored beside the cue", "prototype, 20 pairs, 0 / 500 / 2,000 others", "cues each"]
            + [f"{size:,}" for size in SIZES if size <= context.largest]
            + ["@5 at most"],
            "201 triples of ours, others with one cue each; % first (95 % interval).",
        )
        stored = variants(context)
        if wording == "far":  # the near wording stands for what a language model would write
            cues, near = context.triples("near")[1:3]
            ids = torch.arange(len(cues))
            stored["another wording"] = (torch.cat([cues, near]), torch.cat([ids, ids]))
        for name, (vectors, owners) in stored.items():
            table.add(name, *_row(context, name, wording, vectors, owners))
        tables.append(table)
    return tables


def _row(
    context: Context, name: str, wording: str, vectors: torch.Tensor, owners: torch.Tensor
) -> list[str]:
    rows, _, asked, _ = context.triples(wording)
    ids = torch.arange(len(rows))
    cells = [PUBLISHED.get(name, "–"), f"{len(owners) / len(rows):.1f}"]
    found = torch.empty(0)
    for size in SIZES:
        if size > context.largest:
            continue
        mechanism = create("two-stage", vectors.shape[1], device=context.device)
        mechanism.store(vectors, vectors, owners)
        if size:
            others = context.others()[:size]
            mechanism.store(others, others, torch.arange(size) + len(rows))
        found = mechanism.recall(asked.to(context.device), k=5).ids.cpu()
        cells.append(percent((found[:, 0] == ids).double()))
    return [*cells, percent((found == ids[:, None]).any(dim=1).double())]


def variants(context: Context) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Cues' vectors and the triples that they lead to, by what is stored beside the cue."""
    rows, cues, _, targets = context.triples()
    ids = torch.arange(len(rows))
    written = RuleAugmenter().paraphrase([row.cue for row in rows])
    owner = torch.tensor([i for i, texts in enumerate(written) for _ in texts], dtype=torch.int64)
    rules = context.encode([text for texts in written for text in texts])
    return {
        "none": (cues, ids),
        "rules": (torch.cat([cues, rules]), torch.cat([ids, owner])),
        "the memory's own text": (torch.cat([cues, targets]), torch.cat([ids, ids])),
        "rules and own text": (
            torch.cat([cues, rules, targets]),
            torch.cat([ids, owner, ids]),
        ),
    }
