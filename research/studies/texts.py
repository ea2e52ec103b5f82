"""The sentences of the studies: our own triples, and others made from templates."""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Triple:
    """A cue, the same in a near and in a far wording, and what is remembered."""

    cue: str
    near: str
    far: str
    target: str


@dataclass(frozen=True)
class Relation:
    """A relation of ParaRel: wordings with [X] and [Y], and facts."""

    name: str
    patterns: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def triples() -> list[Triple]:
    """Read our own triples, in a fixed random order, so that the first n are a fair sample."""
    rows = []
    for line, near in zip(_lines("triples.txt"), _lines("near.txt"), strict=True):
        cue, far, target = line.split(" | ")
        rows.append(Triple(cue, near, far, target))
    random.Random(0).shuffle(rows)
    return rows


def for_choosing(rows: Sequence[Triple]) -> list[bool]:
    """Say of each triple whether settings may be chosen on it: half of them, by their cues' hash.

    Figures of what was chosen are then of the other half.
    """
    return [hashlib.sha256(row.cue.encode()).digest()[0] % 2 == 0 for row in rows]


def sentences(data: Path, folders: Sequence[str], count: int) -> list[str]:
    """Read the first `count` sentences of passages, in order, from the benchmark data folder."""
    found: dict[str, None] = {}
    for folder in folders:
        with lzma.open(data / folder / "corpus.jsonl.xz", "rt", encoding="utf-8") as file:
            for line in file:
                text = " ".join(json.loads(line)["text"].split())
                for sentence in re.split(r"(?<=[.!?]) (?=[A-Z])", text):
                    if 30 <= len(sentence) <= 200:
                        found.setdefault(sentence)
                if len(found) >= count:
                    return list(found)[:count]
    return list(found)[:count]


def _lines(name: str) -> list[str]:
    lines = (_HERE / "texts" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def background(count: int) -> list[str]:
    """Make `count` different sentences in the manner of the cues, about other things."""
    words = dict(line.split(": ") for line in _lines("words.txt"))
    made = [
        template.format(*chosen)
        for template, lists in _FRAMES
        for chosen in product(*(words[name].split(" | ") for name in lists))
    ]
    random.Random(1).shuffle(made)
    if count > len(made):
        raise ValueError(f"at most {len(made)} others can be made, asked for {count}")
    return made[:count]


def relations(data: Path) -> list[Relation]:
    """Read ParaRel from the benchmark data folder."""
    with lzma.open(data / "pararel" / "relations.jsonl.xz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Relation(row["relation"], tuple(row["patterns"]), tuple((x, y) for x, y in row["facts"]))
        for row in rows
    ]


_FRAMES: list[tuple[str, tuple[str, ...]]] = [
    ("{0} from {1} teaches {2} in the evening", ("names", "towns", "crafts")),
    ("How do I {0} a {1} that came from {2}?", ("tasks", "goods", "lands")),
    ("When was the {0} of {1} founded, was it in {2}?", ("guilds", "towns", "years")),
    ("How many {0} live near the coast of {1}?", ("animals", "lands")),
    ("What does {0} from {1} cost this season?", ("crops", "lands")),
    ("{0} sold the {1} to a collector in {2}", ("names", "goods", "towns")),
    ("The {0} in {1} employs {2}", ("guilds", "towns", "names")),
]
