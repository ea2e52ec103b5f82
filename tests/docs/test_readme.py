"""The README is short where it should be, and no document links to what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub and mkdocs make them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = set()
    for title in re.findall(r"^#{1,6} (.+)$", text, flags=re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", title.lower())
        found.add(re.sub(r"\s+", "-", plain.strip()))
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(CODE.sub("", path.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.exists(), f"no file {target}"
        if anchor:
            assert anchor in anchors(aim), f"no heading for {target}"


def test_the_first_snippet_is_short() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert first is not None
    assert len(first[1].strip().splitlines()) <= 20


def test_the_formula_of_the_score_is_that_of_the_code() -> None:
    from nuonuo_memory.recall.results import SCORE_MIDPOINT, SCORE_SLOPE

    page = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
    assert f"exp(−{SCORE_SLOPE} · (e − {SCORE_MIDPOINT}))" in page


def test_every_page_is_on_the_site() -> None:
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs").rglob("*.md")):
        page = path.relative_to(ROOT / "docs").as_posix()
        assert f" {page}\n" in listed, f"mkdocs.yml does not list {page}"
