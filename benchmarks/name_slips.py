"""Multi-hop questions whose names are written with a slip, or without their first word.

    python benchmarks/name_slips.py DATA/hotpotqa

Of each capitalised name in a question that some passage holds, two letters in the middle of its
longest word are swapped or, in every other name of three words and more, the first word is left
out; which is a matter of the name alone. Recall of passages at 5 and 10 is reported for the
questions as they are and so changed, with names matched by their codes and in equal form only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import mean
from zlib import crc32

from nuonuo_memory import MemoryConfig, TextMemory
from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.evaluation.multihop import MultihopData, load_multihop
from nuonuo_memory.text.mentions import RuleLinkExtractor
from nuonuo_memory.text.names import known_spans, normal


def with_slips(question: str, known: Callable[[Sequence[str]], Sequence[bool]]) -> str:
    """The question with each name in it that is known changed."""
    tokens = question.split()
    for _, _, form in known_spans(question, known):
        count = len(form.split())
        for start in range(len(tokens) - count + 1):
            part = tokens[start : start + count]
            if normal(" ".join(part)) != form or not part[0][0].isupper():
                continue
            if count >= 3 and crc32(form.encode()) % 2:
                tokens[start] = ""
            else:
                place = max(range(count), key=[len(word) for word in part].__getitem__)
                tokens[start + place] = _swapped(part[place])
            break
    return " ".join(token for token in tokens if token)


def _swapped(word: str) -> str:
    middle = len(word) // 2
    if len(word) < 5:
        return word
    return word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]


def recall(data: MultihopData, questions: Sequence[str], memory: TextMemory) -> dict[str, float]:
    """Share of the gold passages among the first 5 and 10, in per cent."""
    found = [[int(hit.id) for hit in memory.follow(text, k=10)] for text in questions]
    pairs = list(zip((question.gold for question in data.questions), found, strict=True))
    return {
        f"recall@{k}": round(
            100 * mean(len(gold & set(order[:k])) / len(gold) for gold, order in pairs), 1
        )
        for k in (5, 10)
    }


def run(data: MultihopData, encoder: Encoder | None = None) -> dict[str, object]:
    """Ask everything of one memory with codes, and of one without."""
    memories = data.memories()
    extracted = RuleLinkExtractor().extract([memory.text for memory in memories])
    names = {mention.name for mentions in extracted for mention in mentions}
    asked = [question.text for question in data.questions]
    slips = [with_slips(text, lambda forms: [form in names for form in forms]) for text in asked]
    report: dict[str, object] = {
        "questions": len(asked),
        "changed": sum(one != other for one, other in zip(asked, slips, strict=True)),
    }
    for label, overlap in (("by codes", AssociationConfig().overlap), ("equal form only", 2.0)):
        config = MemoryConfig(association=replace(AssociationConfig(), overlap=overlap))
        options = {} if encoder is None else {"encoder": encoder}
        with TextMemory.in_memory(config=config, **options) as memory:  # type: ignore[arg-type]
            memory.remember_many(memories)
            report[label] = {
                "as asked": recall(data, asked, memory),
                "with slips": recall(data, slips, memory),
            }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    print(json.dumps(run(load_multihop(parser.parse_args().data)), indent=1))


if __name__ == "__main__":
    main()
