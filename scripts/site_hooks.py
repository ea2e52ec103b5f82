"""Hooks of mkdocs: the files at the root become pages, and links that leave `docs/` become names.

The README is the site's home page. What a page links to outside `docs/` (an example, a script) is
not on the site, so the link's place is taken by its text and the file's name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
AT_ROOT = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def with_site_links(text: str, place: str, pages: Mapping[str, str] = AT_ROOT) -> str:
    """A document whose links lead to pages of the site, or to none.

    Args:
        text: In Markdown.
        place: The document's path from the repository's root, such as `docs/cli.md`.
        pages: From a file at the root to its page.
    """

    def led(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        path, hash_, anchor = target.partition("#")
        if "://" in target or not path:
            return match[0]
        full = posixpath.normpath(posixpath.join(posixpath.dirname(place), path))
        if full in pages:
            page = posixpath.relpath(pages[full], _folder(place))
        elif full.startswith("docs/"):
            page = posixpath.relpath(full.removeprefix("docs/"), _folder(place))
        else:
            return label if f"`{full}`" == label else f"{label} (`{full}`)"
        return f"{mark}[{label}]({page}{hash_}{anchor})"

    return LINK.sub(led, text)


def _folder(place: str) -> str:
    inside = place.removeprefix("docs/") if place.startswith("docs/") else ""
    return posixpath.dirname(inside) or "."


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the documents of the root as pages."""
    from mkdocs.structure.files import File

    for name, page in AT_ROOT.items():
        text = with_site_links((ROOT / name).read_text(encoding="utf-8"), name)
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:  # noqa: ANN401 - mkdocs'
    """Replace the links of a page that leave the site."""
    uri = page.file.src_uri
    return markdown if uri in AT_ROOT.values() else with_site_links(markdown, f"docs/{uri}")
