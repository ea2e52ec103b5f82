"""The program, run in a fresh folder with the encoder that needs no weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nuonuo_memory.cli.app import app

TALK = """2026-01-05
User: My sister Ada was born on the third of May.
Assistant: Noted. Shall I remind you of her birthday?
User: Yes please. She loves climbing and hates parties.
2026-01-07
User: Maria fixed the login bug last night.
User: Whatever Maria finishes, Tobias deploys on Fridays.
"""


class Program:
    """Runs `nuonuo` commands and checks their exit code."""

    def __call__(self, *arguments: str, code: int = 0, answer: str | None = None) -> str:
        result = CliRunner().invoke(app, list(arguments), input=answer)
        self.stdout, self.stderr = result.stdout, result.stderr
        assert result.exit_code == code, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))

    def fails(self, *arguments: str, code: int = 1) -> str:
        self(*arguments, code=code)
        assert self.stdout == ""
        return self.stderr


@pytest.fixture
def nuonuo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return Program()


@pytest.fixture
def talk(nuonuo: Program) -> Callable[[], Program]:
    def ingested() -> Program:
        Path("talk.txt").write_text(TALK)
        nuonuo("ingest", "talk.txt", "--encoder", "hashing")
        return nuonuo

    return ingested
