"""Rewrite the reference in `docs/cli.md` from the commands themselves.

    python scripts/make_cli_reference.py            rewrite docs/cli.md
    python scripts/make_cli_reference.py --check    change nothing; exit code 1 if it is out of date

The reference stands between two comments of the page; what is between them is replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer.main

from nuonuo_memory.cli.app import app
from nuonuo_memory.cli.open_memory import FileOptions, Place
from nuonuo_memory.cli.scope import ScopeOptions

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
MARKED = re.compile(r"(<!-- reference[^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
SHARED = {
    "Options of every command": FileOptions,
    "Options for the encoder": Place,
    "Options that choose among memories": ScopeOptions,
}


def commands() -> dict[str, Any]:
    """The commands by name, as Typer made them."""
    found: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return found


def rewritten(page: str) -> str:
    """Return the page with its reference made anew.

    Raises:
        ValueError: The page has no place for it.
    """
    if not MARKED.search(page):
        raise ValueError("expected the comments <!-- reference … --> and <!-- end --> in the page")
    return MARKED.sub(lambda found: f"{found[1]}\n{reference()}\n{found[2]}", page)


def reference() -> str:
    """Return the reference: the options that commands share, then each command."""
    known: dict[str, set[str]] = {}
    for title, group in SHARED.items():  # a class has the fields of the one it extends
        before = set().union(*known.values())
        known[title] = {field.name for field in fields(group)} - before
    # `recall` takes every option that is shared.
    shared = [
        f"### {title}\n\n{table(p for p in commands()['recall'].params if p.name in names)}"
        for title, names in known.items()
    ]
    return "\n".join(shared + [entry(name, known) for name in commands()])


def entry(name: str, known: dict[str, set[str]]) -> str:
    """Return what the reference says of one command."""
    command = commands()[name]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    names = {option.name for option in options}
    whole = [title for title, group in known.items() if group <= names]
    own = [option for option in options if not any(option.name in known[one] for one in whole)]
    parts = [
        f"### `nuonuo {' '.join([name, *map(placeholder, arguments)])}`",
        marked(command.help.strip()),
    ]
    parts += [f"`{placeholder(one)}`: {marked(one.help)}" for one in arguments]
    if own:
        parts.append(table(own).rstrip())
    if whole:
        links = ", ".join(f"[{one.lower()}](#{anchor(one)})" for one in whole)
        parts.append(f"{'Also the' if own else 'It has the'} {links}.")
    return "\n\n".join(parts) + "\n"


def placeholder(argument: Any) -> str:  # noqa: ANN401 - Typer's classes are private
    """Return an argument as usage shows it, such as `[ID…]`."""
    name = argument.name.upper() + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def table(options: Iterable[Any]) -> str:
    """Return options as a Markdown table."""
    rows = ["| option | default | meaning |", "|---|---|---|"]
    for option in options:
        names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
        unset = option.default is None or option.default is False
        default = "" if unset else f"`{option.default}`"
        meaning = marked(option.help).replace("|", "\\|")
        if option.envvar:
            meaning += f" The environment variable `{option.envvar}` names it too."
        rows.append(f"| {names} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def marked(text: str) -> str:
    """Return a text with the options in it as code."""
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*", r"`\g<0>`", text)


def anchor(title: str) -> str:
    """Return the link target of a heading."""
    return title.lower().replace(" ", "-")


def main(arguments: list[str]) -> int:
    """Rewrite the page, or with `--check` say whether it is up to date."""
    page = PAGE.read_text(encoding="utf-8")
    new = rewritten(page)
    if "--check" in arguments:
        if new != page:
            sys.stderr.write(
                "docs/cli.md is out of date; run python scripts/make_cli_reference.py\n"
            )
        return int(new != page)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
