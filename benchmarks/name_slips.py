"""Multi-hop questions whose names are written with a slip, or without their first word.

    python benchmarks/name_slips.py DATA/hotpotqa DATA/musique --save FILE

Of each capitalised name in a question that some passage holds, two letters in the middle of its
longest word are swapped or, in every other name of three words and more, the first word is left
out; which is a matter of the name alone. Recall of passages at 5 and 10 is reported for the
questions as they are and so changed, with names matched by their codes and in equal form only.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from zlib import crc32

from encoders import encoder_of
from result_files import Cell, Result, finish, this_command

from nuonuo_memory import MemoryConfig, TextMemory
from nuonuo_memory.config import AssociationConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.evaluation.multihop import MultihopData, load_multihop
from nuonuo_memory.evaluation.scoring import recall_share
from nuonuo_memory.text.mentions import RuleLinkExtractor
from nuonuo_memory.text.names import known_spans, normal

EQUAL_FORMS = 2.0
"""A share of words that no name reaches: names match in equal form only."""


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


def recall(data: MultihopData, questions: Sequence[str], memory: TextMemory) -> str:
    """Share of the gold passages among the first 5 / 10, in per cent."""
    found = [[int(hit.id) for hit in memory.follow(text, k=10)] for text in questions]
    pairs = list(zip((question.gold for question in data.questions), found, strict=True))
    shares = [mean(recall_share(order, gold, k) for gold, order in pairs) for k in (5, 10)]
    return " / ".join(f"{100 * share:.1f}" for share in shares)


def run(name: str, data: MultihopData, encoder: Encoder) -> list[Cell]:
    """Ask everything of one memory with codes, and of one without; return the table's row."""
    memories = data.memories()
    extracted = RuleLinkExtractor().extract([memory.text for memory in memories])
    names = {mention.name for mentions in extracted for mention in mentions}
    asked = [question.text for question in data.questions]
    slips = [with_slips(text, lambda forms: [form in names for form in forms]) for text in asked]
    changed = sum(one != other for one, other in zip(asked, slips, strict=True))
    figures: list[Cell] = []
    for overlap in (EQUAL_FORMS, AssociationConfig().overlap):
        config = MemoryConfig(association=AssociationConfig(overlap=overlap))
        with TextMemory.in_memory(config=config, encoder=encoder) as memory:
            memory.remember_many(memories)
            figures.append(recall(data, slips, memory))
            plain = recall(data, asked, memory)
    return [f"{name} ({len(asked)}, {changed} changed)", plain, *figures]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--encoder", help="as `nuonuo --encoder` takes it")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--save", type=Path, help="where the result file goes")
    options = parser.parse_args()
    encoder = encoder_of(options.encoder, device=options.device)
    rows = [run(path.name, load_multihop(path), encoder) for path in options.data]
    columns = ["data", "as asked", "with slips, equal form only", "with slips, by codes"]
    note = f"Recall at 5 / 10, in percent, {encoder.name}"
    finish(Result("name-slips", this_command(), columns, rows, note=note), options.save)


if __name__ == "__main__":
    main()
