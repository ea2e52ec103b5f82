"""The tables of the documents are those of the result files."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


result_files = module(ROOT / "benchmarks" / "result_files.py")
make_tables = module(ROOT / "scripts" / "make_tables.py")


def test_every_table_is_up_to_date() -> None:
    for path in make_tables.documents():
        text = path.read_text(encoding="utf-8")
        assert make_tables.rewritten(text, RESULTS) == text, (
            f"{path.relative_to(ROOT)}: run python scripts/make_tables.py"
        )


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_result_file_is_well_formed_and_shown(path: Path, tmp_path: Path) -> None:
    result = result_files.load(path)
    assert result_files.save(result, tmp_path).read_text("utf-8") == path.read_text("utf-8")
    shown = "\n".join(document.read_text("utf-8") for document in make_tables.documents())
    assert f"<!-- table: {path.stem} " in shown, "no document shows this result"


@pytest.fixture
def result() -> object:
    return result_files.Result(
        "speed",
        "python benchmarks/speed.py",
        ["rows", "ours", "theirs"],
        [["small", 1.0, 2.5], ["large", 12345, None]],
        version="0.1.0",
        machine="2-core CPU",
        date="2026-01-31",
        best="lowest",
    )


def test_a_table_is_written_between_its_marks(tmp_path: Path, result: object) -> None:
    result_files.save(result, tmp_path)
    text = "Before.\n\n<!-- table: speed -->\nold\n<!-- end -->\nAfter.\n"
    made = make_tables.rewritten(text, tmp_path)
    assert made == (
        "Before.\n\n<!-- table: speed -->\n"
        "| rows | ours | theirs |\n|---|---|---|\n"
        "| small | **1.0** | 2.5 |\n| large | 12,345 | – |\n\n"
        "*`python benchmarks/speed.py`, version 0.1.0, 2-core CPU, 2026-01-31.*\n"
        "<!-- end -->\nAfter.\n"
    )
    assert make_tables.rewritten(made, tmp_path) == made


def test_a_document_takes_rows_and_columns_by_label(tmp_path: Path, result: object) -> None:
    result_files.save(result, tmp_path)
    text = "<!-- table: speed | rows: large | columns: theirs; ours | plain -->\n<!-- end -->\n"
    made = make_tables.rewritten(text, tmp_path)
    assert "| rows | theirs | ours |\n|---|---|---|\n| large | – | 12,345 |\n<!-- end" in made
    for wrong in ("rows: huge", "columns: nobody's", "colour: red"):
        with pytest.raises(ValueError, match=r"huge|nobody's|colour"):
            make_tables.rewritten(
                f"<!-- table: speed | {wrong} -->\n<!-- end -->\n", folder=tmp_path
            )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": []}, "a row and two columns"),
        ({"rows": [["a", 1, 2], ["a", 3, 4]]}, "same label"),
        ({"rows": [["a", 1]]}, "has not 3 cells"),
        ({"best": "middle"}, "'highest' or 'lowest'"),
        ({"date": "yesterday"}, "isoformat"),
    ],
)
def test_a_wrong_result_is_refused(result: object, change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(result, **change)  # type: ignore[type-var]


def test_a_file_that_is_no_result_is_refused(tmp_path: Path, result: object) -> None:
    path = result_files.save(result, tmp_path)
    values = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(values | {"name": "other"}), encoding="utf-8")
    with pytest.raises(ValueError, match="calls itself"):
        result_files.load(path)
    del values["machine"]
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ValueError, match="no machine"):
        result_files.load(path)
