"""How long a large export of ChatGPT takes to be read, and how much memory that takes.

    python benchmarks/reading.py                      100 MB, and long and many conversations
    python benchmarks/reading.py --megabytes 10       smaller

The files are made anew, in the form of an export. Each is read in a process of its own, whose peak
memory is that of reading alone: interpreter, file, and the sessions that come out.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from result_files import Cell, Result, finish, this_command

from nuonuo_memory.formats import read

WORDS = ("oven", "rye", "bread", "flour", "water", "salt", "starter", "crumb", "stone", "basket")
BEYOND = ("Brötchen", "façade", "面包", "烤箱", "🥖", "хлеб")


def conversation(
    number: int, turns: int, *, words: Sequence[str], chance: random.Random
) -> dict[str, Any]:
    """Return a conversation with as many turns, every tenth of them answered twice."""
    begun = 1_700_000_000 + 5_000 * number
    nodes: dict[str, Any] = {
        "root": {"id": "root", "message": None, "parent": None, "children": []}
    }
    last = "root"
    for turn in range(turns):
        role = "assistant" if turn % 2 else "user"
        names = [f"{number:06x}-{turn:06x}-0000-4000-800000000000"]
        if turn % 10 == 9:
            names.insert(0, f"{number:06x}-{turn:06x}-1111-4000-800000000000")
        for name in names:
            text = " ".join(chance.choices(words, k=60 if role == "assistant" else 20))
            nodes[name] = {
                "id": name,
                "message": {
                    "id": name,
                    "author": {"role": role, "name": None, "metadata": {}},
                    "create_time": begun + turn + 0.123456,
                    "update_time": None,
                    "content": {"content_type": "text", "parts": [text]},
                    "status": "finished_successfully",
                    "end_turn": True,
                    "weight": 1.0,
                    "metadata": {
                        "model_slug": "gpt-5",
                        "timestamp_": "absolute",
                        "parent_id": last,
                    },
                    "recipient": "all",
                    "channel": None,
                },
                "parent": last,
                "children": [],
            }
            nodes[last]["children"].append(name)
        last = names[-1]
    return {
        "title": f"Conversation {number}",
        "create_time": begun,
        "update_time": begun + turns,
        "mapping": nodes,
        "current_node": last,
        "conversation_id": f"conversation-{number}",
    }


@dataclass(frozen=True, slots=True)
class Shape:
    """How an export is made.

    Attributes:
        label: What the table calls it.
        turns: Turns of each conversation.
        megabytes: Conversations are written until the file has so many; or
        conversations: as many as this.
        words: What the turns are made of.
    """

    label: str
    turns: int
    megabytes: float | None = None
    conversations: int | None = None
    words: Sequence[str] = WORDS

    def write(self, path: Path) -> None:
        """Write the file."""
        chance = random.Random(0)
        with path.open("w", encoding="utf-8") as file:
            file.write("[")
            number = 0
            while not self._is_written(number, file.tell()):
                made = conversation(number, self.turns, words=self.words, chance=chance)
                file.write((", " if number else "") + json.dumps(made, ensure_ascii=False))
                number += 1
            file.write("]")

    def _is_written(self, conversations: int, size: int) -> bool:
        if self.conversations is not None:
            return conversations >= self.conversations
        return size >= (self.megabytes or 0) * 1_000_000


def shapes(megabytes: float) -> list[Shape]:
    """Return the exports that are measured."""
    mixed = [*WORDS, *BEYOND]
    return [
        Shape(f"{megabytes:g} MB, conversations of 40 turns", 40, megabytes),
        Shape(f"{megabytes:g} MB, the same beyond ASCII", 40, megabytes, words=mixed),
        Shape(f"{megabytes:g} MB, conversations of 8,000 turns", 8_000, megabytes),
        Shape("one conversation of 8,000 turns", 8_000, conversations=1),
        Shape("120,000 messages in 3,000 conversations", 40, conversations=3_000),
    ]


def measured(path: Path) -> dict[str, float]:
    """Read a file here, and return seconds of the CPU, messages and the process's peak memory."""
    worked = time.process_time()
    reading = read(path)
    return {
        "seconds": time.process_time() - worked,
        "messages": reading.count,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def row(shape: Shape) -> list[Cell]:
    """Make an export, read it in a process of its own, and return the table's row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conversations.json"
        shape.write(path)
        size = path.stat().st_size / 1e6
        command = [sys.executable, __file__, "--measured", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return [
        shape.label,
        round(size, 1),
        found["messages"],
        round(found["seconds"], 1),
        round(found["peak_mb"]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--measured", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--save", type=Path, help="where the result file goes")
    options = parser.parse_args()
    if options.measured is not None:
        print(json.dumps(measured(options.measured)))
        return
    columns = ["an export of ChatGPT", "MB", "messages", "seconds", "peak MB"]
    rows = [row(shape) for shape in shapes(options.megabytes)]
    note = "seconds of one core, whatever else the machine does"
    finish(Result("reading", this_command(), columns, rows, note=note), options.save)


if __name__ == "__main__":
    main()
