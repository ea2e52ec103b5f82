"""The page on the command line documents every command with its options."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


made = _module(ROOT / "scripts" / "make_cli_reference.py")
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_reference_is_up_to_date() -> None:
    assert made.rewritten(PAGE) == PAGE, "run python scripts/make_cli_reference.py"
    with pytest.raises(ValueError, match="reference"):
        made.rewritten("# A page without a place for it")


@pytest.mark.parametrize("name", made.commands())
def test_every_command_is_documented_with_its_options(name: str) -> None:
    command = made.commands()[name]
    assert command.help
    entry = PAGE.split(f"### `nuonuo {name}", 1)[1].split("\n### ")[0]
    shared = PAGE.split("## Reference", 1)[1].split("### `nuonuo")[0]
    for parameter in command.params:
        assert parameter.help, f"{name} {parameter.name}"
        if parameter.param_type_name == "argument":
            assert f"`{made.placeholder(parameter)}`: " in entry
            continue
        for option in parameter.opts:
            in_own = f"`{option}`" in entry
            assert in_own or ("#options-" in entry and f"`{option}`" in shared), f"{name} {option}"
