"""The command that a result file names can be run by others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nuonuo_memory.evaluation.result_file import Result, load, rounded, save, this_command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (["/opt/bin/nuonuo", "bench", "locomo", "{here}"], "nuonuo bench locomo DATA"),
        (
            ["{root}/benchmarks/peers.py", "--save", "{here}/a.json", "--rows", "10"],
            "python benchmarks/peers.py --rows 10",
        ),
        (["{root}/benchmarks/peers.py", "--save=x.json"], "python benchmarks/peers.py"),
        (
            ["other.py", "--weights", "{here}", "--jobs", "2"],
            "python other.py --weights FOLDER --jobs 2",
        ),
    ],
)
def test_a_command_says_nothing_of_this_machine(
    given: list[str], command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [one.format(here=tmp_path, root=ROOT) for one in given])
    assert this_command() == command


def test_a_file_is_called_as_its_result(tmp_path: Path) -> None:
    result = Result("speed", "python speed.py", ["", "ms"], [["recall", 1.5], ["follow", None]])
    assert load(save(result, tmp_path)).name == "speed"
    assert load(save(result, tmp_path / "new" / "other.json")).name == "other"
    assert result.markdown().splitlines()[2:] == ["| recall | 1.5 |", "| follow | – |"]


@pytest.mark.parametrize(("value", "shown"), [(1234.56, 1235), (12.345, 12.3), (0.012345, 0.0123)])
def test_figures_have_three_digits(value: float, shown: float) -> None:
    assert rounded(value) == shown
