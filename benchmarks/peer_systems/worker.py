"""One system, one task, one process: `python -m peer_systems.worker TASK`, TASK as JSON.

A task is {"adapter", "folder", "mode", "data", "embedder"}: the adapter's module and class, where
it may keep files, what is measured, a file of conversations, and whether it needs the shared
embedder. The result is the last line that is printed.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

STARTED = time.process_time()
K = 10
DEPTH = 50
"""Turns from whose sessions the best sessions are read, where a system finds no sessions itself."""
_ASKED = 120
_WARM = 10


def main() -> None:
    """Carry out the task that is the only argument."""
    task = json.loads(sys.argv[1])
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import torch

    torch.set_num_threads(1)
    if task["embedder"]:
        from peer_systems import embedder

        embedder.install()
    module, _, name = task["adapter"].rpartition(".")
    make = getattr(import_module(f"peer_systems.{module}"), name)
    conversations = json.loads(Path(task["data"]).read_text(encoding="utf-8"))
    result = MODES[task["mode"]](make, Path(task["folder"]), conversations)
    print(json.dumps(result), flush=True)
    os._exit(0)  # some systems leave threads behind that never end


_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "MEM0_TELEMETRY": "False",
}
"""No network, no telemetry, one thread."""


def quality(make: Callable[..., Any], folder: Path, conversations: Any) -> list[dict[str, Any]]:
    """Ask each conversation's questions, and return what was found of each."""
    found = []
    for number, conversation in enumerate(conversations):
        own = folder / str(number)
        system = filled(make, own, conversation)
        for question in conversation["questions"]:
            asked = _question(question)
            found.append(
                {
                    "id": question["id"],
                    "turns": system.search(asked, K),
                    "sessions": sessions(system, asked),
                }
            )
        system.close()
        shutil.rmtree(own, ignore_errors=True)
        print(f"conversation {number + 1} of {len(conversations)}", file=sys.stderr, flush=True)
    return found


def sessions(system: Any, question: Any) -> list[str]:
    """Return the best sessions: as the system finds them, or those of its best turns."""
    if hasattr(system, "sessions"):
        names: list[str] = system.sessions(question, K)
        return names
    return list(dict.fromkeys(session for session, _ in system.search(question, DEPTH)))[:K]


def speed(make: Callable[..., Any], folder: Path, conversations: Any) -> dict[str, float]:
    """Time storing the first conversation, and asking it; processor time, one thread."""
    conversation = conversations[0]
    encode = make.encoder()
    encode("warm up")
    wall, busy = time.perf_counter(), time.process_time()
    system = filled(make, folder, conversation)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    asked = [_question(one) for one in conversation["questions"] * _ASKED][: _ASKED + _WARM]
    for question in asked[:_WARM]:
        system.search(question, K)
    encoding, taken = [], []
    for question in asked[_WARM:]:  # in turns, so that a busy moment meets both alike
        encoding.append(_busy(encode, question.text))
        taken.append(_busy(system.search, question, K))
    own = [whole - part for whole, part in zip(taken, encoding, strict=True)]
    system.close()
    turns = sum(len(session["turns"]) for session in conversation["sessions"])
    return {
        "turns": turns,
        "turns_a_second": turns / busy,
        "turns_a_second_by_the_clock": turns / wall,
        "recall_ms": median(taken),
        "recall_ms_least": min(taken),
        "own_ms": median(own),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk_kib": sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1024,
    }


def start(make: Callable[..., Any], folder: Path, conversations: Any) -> dict[str, float]:
    """Open what `speed` left, and ask once; what keeps no files is filled again."""
    conversation = conversations[0]
    reopened = make.keeps_files
    system = make(folder, reopen=True) if reopened else filled(make, folder, conversation)
    system.search(_question(conversation["questions"][0]), K)
    return {"start_s": time.process_time() - STARTED, "resident_mib": _resident()}


MODES = {"quality": quality, "speed": speed, "start": start}


def filled(make: Callable[..., Any], folder: Path, conversation: Any) -> Any:
    """Store a conversation in a new system, a session a call."""
    from peer_systems.base import Turn

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    system = make(folder)
    for session in conversation["sessions"]:
        turns: Sequence[Turn] = [
            Turn(session["id"], number, turn["role"], turn["name"], turn["text"], session["at"])
            for number, turn in enumerate(session["turns"])
        ]
        if turns:
            system.add(turns)
    system.ready()
    return system


def _question(record: Any) -> Any:
    from peer_systems.base import Question

    return Question(record["text"], record["asked"])


def _busy(call: Callable[..., object], *given: object) -> float:
    """Return the milliseconds that a call takes of the processor."""
    begun = time.process_time()
    call(*given)
    return 1e3 * (time.process_time() - begun)


def _resident() -> float:
    """Return the process's resident memory in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
