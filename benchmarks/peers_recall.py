"""What people would use instead, on LoCoMo and LongMemEval: quality, speed, room.

    python benchmarks/peers_recall.py --locomo DATA --longmemeval DATA --environments FOLDER
    python benchmarks/peers_recall.py --locomo DATA --environments FOLDER --only chroma txtai

Every system has an environment of its own below FOLDER, made with `pip` when it is first needed,
the same embedder (all-MiniLM-L6-v2 from its wheel) and no language model; each runs at its best
documented setting (`peer_systems/`, one adapter each). It is given a turn as `Name: words`, with
session and date as metadata; ours is given speaker and date in the fields that it has for them,
and the date of the question. Sessions are those that a system finds itself, else those of its 50
best turns. Speed is processor time on the first conversation, one thread, one run in a process of
its own, no vector known before. What was measured stays in FOLDER/measured, so that a table can be
put together from several runs; a system that fails is reported and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any

from peer_systems.registry import ENVIRONMENTS, PEERS, SHARED, Peer
from result_files import Cell, Result, finish, rounded, this_command

from nuonuo_memory.evaluation import locomo, longmemeval, scoring
from nuonuo_memory.evaluation.asking import Haystack
from nuonuo_memory.evaluation.data import Question

ROOT = Path(__file__).resolve().parents[1]
Records = Sequence[Mapping[str, Any]]


def conversations(haystacks: Iterable[Haystack]) -> list[dict[str, Any]]:
    """Return conversations and questions as plain values, for workers without the product."""
    return [
        {
            "sessions": [
                {
                    "id": session.id,
                    "at": session.at.isoformat() if session.at else "",
                    "turns": [
                        {"role": one.role, "name": one.name, "text": one.content}
                        for one in session.messages
                    ],
                }
                for session in haystack.sessions
            ],
            "questions": [
                {
                    "id": question.id,
                    "text": question.text,
                    "asked": question.asked.isoformat() if question.asked else "",
                }
                for question in haystack.questions
            ],
        }
        for haystack in haystacks
    ]


def of_every_type(haystacks: Sequence[Haystack], count: int) -> list[Haystack]:
    """Return the first `count` haystacks of each type of question that has an answer."""
    by_kind: dict[str, list[Haystack]] = defaultdict(list)
    for haystack in haystacks:
        [question] = haystack.questions
        if question.answerable and question.gold_turns:
            by_kind[question.kind].append(haystack)
    return [one for kind in sorted(by_kind) for one in by_kind[kind][:count]]


# ------------------------------------------------------------------------- environments, processes


class Runner:
    """Runs workers.

    Args:
        folder: Where environments, files and what was measured are.
        again: Measure speed again, in place of reading what was measured.
    """

    def __init__(self, folder: Path, *, again: bool = False) -> None:
        self.again = again
        self.folder = folder.resolve()
        self.measured = self.folder / "measured"
        self.measured.mkdir(parents=True, exist_ok=True)

    def python(self, peer: Peer) -> Path:
        """Return the interpreter of a system, which is installed if it is not there."""
        if peer.environment is None:
            return Path(sys.executable)
        home = self.folder / peer.environment / "venv"
        python = home / "bin" / "python"
        done = home / "installed"
        if not done.exists():
            print(f"installing {peer.environment}", file=sys.stderr, flush=True)
            venv.create(home, with_pip=True, symlinks=True)
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            command += ["-c", ROOT / "constraints.txt", *SHARED, *ENVIRONMENTS[peer.environment]]
            subprocess.run(command, check=True)
            done.touch()
        return python

    def version(self, peer: Peer) -> str:
        """Return the version of a system's package."""
        code = f"import importlib.metadata as m; print(m.version({peer.package!r}))"
        done = subprocess.run(
            [self.python(peer), "-c", code], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def run(self, name: str, mode: str, data: Sequence[Any]) -> Any:
        """Return what a worker measured, from an earlier run where that was the same.

        Raises:
            RuntimeError: The worker failed; the message is its last line.
        """
        text = json.dumps(data, sort_keys=True)
        digest = blake2b(text.encode(), digest_size=6).hexdigest()
        kept = self.measured / f"{name}-{mode}-{digest}.json"
        ours = PEERS[name].environment is None  # what changes between two runs
        if kept.exists() and not ours and (mode == "quality" or not self.again):
            return json.loads(kept.read_text(encoding="utf-8"))
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            found = self._worker(name, mode, file.name)
        kept.write_text(json.dumps(found), encoding="utf-8")
        return found

    def _worker(self, name: str, mode: str, data: str) -> Any:
        peer = PEERS[name]
        stored = self.folder / "stored" / name / ("quality" if mode == "quality" else "speed")
        task: dict[str, Any] = {
            "adapter": peer.adapter,
            "folder": str(stored),
            "mode": mode,
            "data": data,
        }
        task["embedder"] = mode == "quality" or not peer.alone
        path = [str(ROOT / "benchmarks")] + ([str(ROOT)] if peer.environment is None else [])
        settings = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path)}
        if mode == "quality":
            settings["PEERS_CACHE"] = str(self.folder / "vectors.db")
        done = subprocess.run(
            [self.python(peer), "-m", "peer_systems.worker", json.dumps(task)],
            capture_output=True,
            text=True,
            check=False,
            env=settings,
            cwd=self.folder,
        )
        if done.returncode:
            raise RuntimeError(_reason(done.stderr) or f"exit code {done.returncode}")
        return json.loads(done.stdout.splitlines()[-1])


def _reason(errors: str) -> str:
    """Return what a traceback says at its end, or the last line."""
    lines = errors.strip().splitlines()
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (raised or lines or [""])[-1]


# ------------------------------------------------------------------------------------------ scores

Found = Callable[[Question, Mapping[str, Any]], float]
LEVELS = ("turns", "sessions")


def _gold(question: Question, level: str) -> frozenset[Any]:
    return question.gold_turns if level == "turns" else question.gold_sessions


def _ranked(record: Mapping[str, Any], level: str) -> list[Any]:
    return [
        tuple(one) if level == "turns" else one for one in dict.fromkeys(map(_key, record[level]))
    ]


def _key(found: Any) -> Any:
    return tuple(found) if isinstance(found, list) else found


def share(level: str, k: int) -> Found:
    """Return a score: the share of the evidence among the first k."""
    return lambda question, record: scoring.recall_share(
        _ranked(record, level), _gold(question, level), k
    )


def whole(level: str, k: int, score: Callable[..., float]) -> Found:
    """Return a score of `scoring` at k."""
    return lambda question, record: score(_ranked(record, level), _gold(question, level), k)


LOCOMO: dict[str, tuple[Found, str]] = {
    "LoCoMo turn @5": (share("turns", 5), ""),
    "turn @10": (share("turns", 10), ""),
    "session @10": (share("sessions", 10), ""),
} | {
    f"turn @10, {kind}": (share("turns", 10), kind)
    for kind in ("single-hop", "multi-hop", "temporal", "open-domain", "adversarial")
}
"""Columns of LoCoMo: a score, and the kind of question that it is of (all where empty)."""

LONGMEMEVAL: dict[str, tuple[Found, str]] = {
    "LongMemEval session any@1": (whole("sessions", 1, scoring.recall_any), ""),
    "session any@5": (whole("sessions", 5, scoring.recall_any), ""),
    "session all@5": (whole("sessions", 5, scoring.recall_all), ""),
    "turn any@5": (whole("turns", 5, scoring.recall_any), ""),
    "turn all@10": (whole("turns", 10, scoring.recall_all), ""),
}

SPEED = {
    "turns stored a second": "turns_a_second",
    "recall, ms": "recall_ms",
    "of it not the question's encoding, ms": "own_ms",
    "start to first recall, s": "start_s",
    "resident after it, MiB": "resident_mib",
    "on disk, KiB": "disk_kib",
}
"""Columns of speed and room, by the name that workers give them."""


def figures(
    columns: Mapping[str, tuple[Found, str]], haystacks: Sequence[Haystack], records: Records
) -> list[Cell]:
    """Return the means of one system, in per cent."""
    questions = [question for haystack in haystacks for question in haystack.questions]
    pairs = list(zip(questions, records, strict=True))
    cells: list[Cell] = []
    for score, kind in columns.values():
        scores = [score(q, record) for q, record in pairs if not kind or q.kind == kind]
        cells.append(round(100 * mean(scores), 1) if scores else None)
    return cells


def measure(name: str, runner: Runner, data: Mapping[str, Sequence[Haystack]]) -> list[Cell]:
    """Return a system's row."""
    peer = PEERS[name]
    row: list[Cell] = [f"{peer.title} {runner.version(peer)}"]
    for which, columns in (("locomo", LOCOMO), ("longmemeval", LONGMEMEVAL)):
        if which in data:
            records = runner.run(name, "quality", conversations(data[which]))
            row += figures(columns, data[which], records)
    first = conversations(next(iter(data.values()))[:1])
    found = runner.run(name, "speed", first) | runner.run(name, "start", first)
    return [*row, *(rounded(found[key]) for key in SPEED.values())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--locomo", type=Path, help="LoCoMo's official JSON, or its folder")
    parser.add_argument("--conversations", type=int, default=2, help="of LoCoMo, the first so many")
    parser.add_argument("--longmemeval", type=Path, help="LongMemEval's file or folder")
    parser.add_argument("--of-each-type", type=int, default=4, help="questions of LongMemEval")
    parser.add_argument("--environments", type=Path, required=True, help="a folder that may grow")
    parser.add_argument("--again", action="store_true", help="measure speed again")
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--save", type=Path, help="where the result file goes")
    options = parser.parse_args()
    data = {}
    if options.locomo:
        data["locomo"] = list(islice(locomo.haystacks(options.locomo, None), options.conversations))
    if options.longmemeval:
        asked, _ = longmemeval.haystacks(options.longmemeval, None)
        data["longmemeval"] = of_every_type(asked, options.of_each_type)
    if not data:
        parser.error("give --locomo, --longmemeval or both")
    runner = Runner(options.environments, again=options.again)
    rows = []
    for name in options.only:
        try:
            rows.append(measure(name, runner, data))
        except (RuntimeError, subprocess.CalledProcessError) as error:
            print(f"{PEERS[name].title}: left out, {error}", file=sys.stderr, flush=True)
            continue
        print(*rows[-1], file=sys.stderr, flush=True)
    if rows:
        finish(result(rows, data), options.save)


def result(rows: list[list[Cell]], data: Mapping[str, Sequence[Haystack]]) -> Result:
    """Put the rows into a table, the best first by the first figure."""
    scored = [
        *(LOCOMO if "locomo" in data else ()),
        *(LONGMEMEVAL if "longmemeval" in data else ()),
    ]
    columns = ["system, version", *scored, *SPEED]
    rows.sort(key=lambda row: -(row[1] if isinstance(row[1], float) else 0.0))
    counts = ", ".join(
        f"{sum(len(one.questions) for one in some)} questions of {which}"
        for which, some in data.items()
    )
    note = (
        f"{counts}; all-MiniLM-L6-v2 for all, no language model, one CPU thread, processor time; "
        "our defaults were chosen on this development half"
    )
    return Result("peers-recall", this_command(), columns, rows, note=note)


if __name__ == "__main__":
    main()
