"""What texts mention and what they are about, by rules, triples and spaCy."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nuonuo_memory.errors import InvalidInputError, MissingDependencyError
from nuonuo_memory.text.mentions import (
    CallableLinkExtractor,
    Mention,
    RuleLinkExtractor,
    SpacyLinkExtractor,
    heading,
)


def forms(mentions: list[Mention], kind: str) -> list[str]:
    return [m.name for m in mentions if m.kind == kind and not m.name.startswith("~")]


def test_the_heading_is_what_a_text_is_about() -> None:
    (found,) = RuleLinkExtractor().extract(["Fortunella (film)\nDirected by Eduardo De Filippo."])
    assert forms(found, "about") == ["fortunella film", "fortunella"]
    assert "eduardo de filippo" in forms(found, "mention")


def test_a_title_from_outside_counts_as_a_heading() -> None:
    (found,) = RuleLinkExtractor().extract(["It is a town."], titles=["Young, New South Wales"])
    assert forms(found, "about") == ["young new south wales", "young"]


def test_the_subject_of_the_first_sentence_is_what_a_text_is_about() -> None:
    first, second = RuleLinkExtractor().extract(
        ["Ada Lovelace was a mathematician.", "We met Ada Lovelace."]
    )
    assert forms(first, "about") == ["ada lovelace"]
    assert forms(second, "about") == []


def test_short_messages_are_tied_by_plain_words_and_long_texts_are_not() -> None:
    short, long = RuleLinkExtractor().extract(["my pottery class", "my pottery class. " * 60])
    assert any(m.name.startswith("~potter") for m in short)
    assert not any(m.name.startswith("~") for m in long)


def test_each_name_comes_once() -> None:
    (found,) = RuleLinkExtractor().extract(["Ada met Bob. Then Ada left with Bob's dog."])
    names = [m.name for m in found]
    assert len(names) == len(set(names))


def test_triples_become_mentions() -> None:
    extractor = CallableLinkExtractor(lambda texts: [[("coffee", "comes from", "Ethiopia")]])
    (found,) = extractor.extract(["coffee comes from Ethiopia"])
    assert {"coffee", "ethiopia"} <= {m.name for m in found}
    bare = CallableLinkExtractor(lambda texts: [[] for _ in texts], rules=False)
    assert bare.extract(["seen in Rome"]) == [[]]


@pytest.mark.parametrize("answer", [[], [[("a", "b")]], [[("a", "b", 3)]]])
def test_wrong_triples_are_refused(answer: list[list[tuple[str, ...]]]) -> None:
    with pytest.raises(InvalidInputError):
        CallableLinkExtractor(lambda _: answer).extract(["x"])  # type: ignore[arg-type, return-value]


def test_titles_must_be_as_many_as_texts() -> None:
    with pytest.raises(InvalidInputError, match="expected 2, got 1"):
        RuleLinkExtractor().extract(["a", "b"], titles=["c"])


def test_entities_of_a_pipeline() -> None:
    entity = SimpleNamespace(text="Ada Lovelace", label_="PERSON")
    date = SimpleNamespace(text="1843", label_="DATE")
    document = SimpleNamespace(ents=[entity, date])
    pipeline = SimpleNamespace(pipe=lambda texts: [document for _ in texts])
    (found,) = SpacyLinkExtractor(pipeline).extract(["ada wrote it in 1843"])
    assert [m.name for m in found] == ["ada lovelace"]


def test_spacy_is_asked_for_late_and_by_name() -> None:
    try:
        import spacy  # noqa: F401
    except ImportError:
        with pytest.raises(MissingDependencyError, match="pip install spacy"):
            SpacyLinkExtractor()
    else:
        with pytest.raises(MissingDependencyError, match="no pipeline"):
            SpacyLinkExtractor("no_such_pipeline")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Notes\nbody", "Notes"),
        ("one line", None),
        ("It ended.\nThen", None),
        ("Title\n ", None),
        ("我们搬家了。\n很好", None),
        ("मैं घर गया।\nबस", None),
        ("标题\n正文", "标题"),
    ],
)
def test_headings(text: str, expected: str | None) -> None:
    assert heading(text) == expected
