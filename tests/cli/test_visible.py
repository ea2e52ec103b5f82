"""No control character of a stored text reaches the terminal, and pictures are well-formed."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

from cli_runs import Runs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nuonuo_memory import TextMemory
from nuonuo_memory.cli.draw import Step, html, mermaid
from nuonuo_memory.cli.visible import json_safe, one_line, visible
from nuonuo_memory.encoders.base import HashingEncoder
from nuonuo_memory.types import Message

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HOSTILE = "Ada\x1b[2J\x1b]0;owned\x07 climbs \x9b31m\u202ewalls\x7f, \r[/bold] & <b>"
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from('\x1b\x9b\x07\r\n\x7f\u202e[]<>&`"')))
PATHS = st.lists(st.lists(st.builds(Step, TEXTS, TEXTS, TEXTS), min_size=1, max_size=3), max_size=3)


@given(TEXTS)
def test_visible_keeps_all_but_what_steers(text: str) -> None:
    shown = visible(text)
    assert not STEERING.search(shown)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert visible(shown) == shown
    if text.isprintable():
        assert shown == text
    assert "\n" not in one_line(text)
    assert len(one_line(text, 20)) <= 20


@given(TEXTS)
def test_safe_json_means_the_same(text: str) -> None:
    document = json_safe(json.dumps({"text": text}, ensure_ascii=False))
    assert not STEERING.search(document)
    assert json.loads(document) == {"text": text}


@given(TEXTS, PATHS)
def test_a_page_is_well_formed_and_holds_every_text(question: str, paths: list[list[Step]]) -> None:
    page = html(question, paths)
    body = ET.fromstring(page.removeprefix("<!DOCTYPE html>"))
    boxes = [box.text or "" for box in body.iter("{http://www.w3.org/1999/xhtml}p")]
    assert boxes == [one_line(step.text) for path in paths for step in path]


@given(TEXTS, PATHS)
def test_a_chart_has_a_box_for_each_memory_and_labels_that_stay_labels(
    question: str, paths: list[list[Step]]
) -> None:
    first, *lines = mermaid(question, paths).splitlines()
    assert first == "flowchart TD"
    label = r"\"([^\"\[\]{}<>|`]*)\""
    box, edge = rf"  m\d+\[{label}\]", rf"  (question|m\d+) -->(\|{label}\|)? m\d+"
    assert re.fullmatch(rf"  question\(\[{label}\]\)", lines[0])
    boxes = [line for line in lines[1:] if re.fullmatch(box, line)]
    assert len(boxes) == len({step.id for path in paths for step in path})
    assert all(re.fullmatch(edge, line) for line in lines[1:] if line not in boxes)
    if question.isprintable() and len(question) < 100:
        plain = re.sub(r"#(\d+);", r"&#\1;", lines[0][13:-3])
        assert unescape(plain) == one_line(question)


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(text=TEXTS.map(lambda text: f"Ada {text} climbs".replace("\x00", "")))
def test_no_command_prints_what_steers(nuonuo: Runs, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    metadata = {"name": text, "topic": text}
    message = Message("user", text, name=text[:80])
    Path("nuonuo.db").unlink(missing_ok=True)
    for left in Path().glob("nuonuo.db-*"):
        left.unlink()
    with TextMemory.open("nuonuo.db", encoder=HashingEncoder()) as memory:
        first = memory.remember(text, cues=[text], metadata=metadata)
        second = memory.remember(f"{text} twice", id=f"id {text}"[:60], metadata=metadata)
        memory.associate(first.id, second.id, label=text)
        memory.observe([message], session=text[:80], metadata=metadata)
    for arguments in (
        ["recall", text],
        ["follow", text, "--start", first.id],
        ["list"],
        ["show", first.id],
        ["show", second.id],
        ["namespaces"],
        ["stats", "--diagnose"],
        ["consolidate"],
        ["forget", second.id, "--yes"],
    ):
        shown = nuonuo(*arguments)
        assert not STEERING.search(shown), arguments
    assert not STEERING.search(nuonuo("recall", text, "--json"))


def test_escape_sequences_are_shown(nuonuo: Runs) -> None:
    nuonuo("remember", HOSTILE, "--encoder", "hashing", "--meta", f"name={HOSTILE}")
    for command in (["recall", "Ada"], ["list"]):
        shown = nuonuo(*command)
        assert "\\x1b[2J" in shown
        assert not STEERING.search(shown)
    nuonuo("recall", "Ada", "--html", "page.html", "--mermaid", "chart.mmd")
    assert "\\x1b" in Path("page.html").read_text(encoding="utf-8")
    assert "\x1b" not in Path("chart.mmd").read_text(encoding="utf-8")
    error = nuonuo.fails("show", "\x1b[2Jnone")
    assert not STEERING.search(error)


def test_paths_are_drawn_once(nuonuo: Runs) -> None:
    Path("talk.txt").write_text(
        "User: Maria fixed the login bug.\nUser: Whatever Maria finishes, Tobias deploys.\n",
        encoding="utf-8",
    )
    nuonuo("ingest", "talk.txt", "--encoder", "hashing")
    hits = nuonuo.json(
        "follow", "who fixed the login bug", "--html", "page.html", "--mermaid", "chart.mmd"
    )["hits"]  # type: ignore[index]
    chart = Path("chart.mmd").read_text(encoding="utf-8")
    assert chart.count('  m1["') == chart.count('  m2["') == 1 < len(hits)
    assert len(set(chart.splitlines())) == len(chart.splitlines())
    ET.fromstring(Path("page.html").read_text(encoding="utf-8").removeprefix("<!DOCTYPE html>"))
