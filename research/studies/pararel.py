"""ParaRel: facts stored under one wording, asked for in the others."""

from __future__ import annotations

import torch
from common import Context, Table, percent
from texts import relations

from nuonuo_memory.research.mechanisms import MECHANISMS, MechanismConfig, create
from nuonuo_memory.text.augment import RuleAugmenter

FACTS = 40  # a relation; their subjects are all different


def run(context: Context) -> list[Table]:
    """Every mechanism over all relations at once; two-stage recall with augmentation too."""
    if context.data is None:
        return []
    cues, asked, owners, groups = questions(context)
    table = Table(
        "ParaRel, all relations in one memory",
        ["mechanism", "alone, @1", "among all, @1", "among all, @5"],
        f"{len(cues):,} facts of 19 relations stored under one wording (the first), "
        f"{len(asked):,} questions in the other wordings with the object left out; "
        "% (95 % interval).",
    )
    stored, probes = context.encode(cues), context.encode(asked)
    for name in MECHANISMS:
        table.add(name, *_row(context, name, stored, probes, owners, groups))
    written = RuleAugmenter().paraphrase(cues)
    extra = [text for texts in written for text in texts]
    if extra:
        owner = torch.tensor([i for i, texts in enumerate(written) for _ in texts])
        vectors = torch.cat([stored, context.encode(extra)])
        ids = torch.cat([torch.arange(len(stored)), owner])
        found = recalled(context, "two-stage", vectors, ids, probes)
        table.add("two-stage with rules", "–", *_shares(found, owners))
    return [table]


def questions(context: Context) -> tuple[list[str], list[str], torch.Tensor, torch.Tensor]:
    """Cues, questions, and for each the fact that it asks for and, for facts, their relation."""
    assert context.data is not None
    cues, asked, owners, groups = [], [], [], []
    for number, relation in enumerate(relations(context.data)):
        subjects = {}
        for subject, thing in relation.facts:
            subjects.setdefault(subject, thing)
        for subject, thing in list(subjects.items())[:FACTS]:
            groups.append(number)
            cues.append(relation.patterns[0].replace("[X]", subject).replace("[Y]", thing))
            for pattern in relation.patterns[1:4]:
                text = pattern.replace("[X]", subject).replace("[Y]", "")
                asked.append(" ".join(text.split()).rstrip(" ."))
                owners.append(len(cues) - 1)
    return cues, asked, torch.tensor(owners), torch.tensor(groups)


def _row(
    context: Context,
    name: str,
    stored: torch.Tensor,
    asked: torch.Tensor,
    owners: torch.Tensor,
    groups: torch.Tensor,
) -> list[str]:
    ids = torch.arange(len(stored))
    alone = torch.zeros(len(asked))
    for group in range(int(groups.max()) + 1):
        mine, theirs = groups == group, groups[owners] == group
        found = recalled(context, name, stored[mine], ids[mine], asked[theirs])
        alone[theirs] = (found[:, 0] == owners[theirs]).float()
    together = recalled(context, name, stored, ids, asked)
    return [percent(alone), *_shares(together, owners)]


def recalled(
    context: Context,
    name: str,
    stored: torch.Tensor,
    ids: torch.Tensor,
    asked: torch.Tensor,
    *,
    config: MechanismConfig | None = None,
) -> torch.Tensor:
    """The five best facts for each question, int64 [q, 5]."""
    mechanism = create(
        name, 384, config=config, device=context.device, separator=context.separator(config)
    )
    mechanism.store(stored, stored, ids)
    parts = torch.split(asked.to(context.device), 32)
    return torch.cat([mechanism.recall(part, k=5).ids.cpu() for part in parts])


def _shares(found: torch.Tensor, owners: torch.Tensor) -> list[str]:
    first = (found[:, 0] == owners).double()
    return [percent(first), percent((found == owners[:, None]).any(dim=1).double())]
