"""Whose words and which time a question asks for."""

from datetime import UTC, datetime, timedelta

import pytest

from nuonuo_memory.text.clauses import clauses
from nuonuo_memory.text.dates import Period, period_asked
from nuonuo_memory.text.question import read_question, speaker_asked, speaks_of_self

NOW = datetime(2023, 4, 18, 3, 31, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("question", "speaker"),
    [
        ("Where did I buy my bookshelf?", "user"),
        ("What did you recommend for dinner?", "assistant"),
        ("Can you remind me of the hotel?", "assistant"),
        ("I was going through our previous conversation. Which brand was it?", "assistant"),
        ("Can you suggest a hotel for my trip?", "user"),
        ("When did Caroline move?", None),
        ("", None),
    ],
)
def test_speaker(question: str, speaker: str | None) -> None:
    assert speaker_asked(question) == speaker
    assert read_question(question, now=NOW).speaker == speaker


def days(period: Period | None) -> tuple[str, str]:
    assert period is not None
    return str(period.since.date()), str(period.until.date())


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("What did I buy 10 days ago?", "2023-04-07", "2023-04-09"),
        ("What did I cook a couple of days ago?", "2023-04-14", "2023-04-18"),
        ("Where was I two weeks ago?", "2023-04-01", "2023-04-07"),
        ("Who did I meet last Tuesday?", "2023-04-11", "2023-04-11"),
        ("What did I try last weekend?", "2023-04-14", "2023-04-17"),
        ("What happened yesterday?", "2023-04-17", "2023-04-18"),
        ("What did I spend in the last four months?", "2022-12-17", "2023-04-18"),
        ("What did I read last week?", "2023-04-04", "2023-04-18"),
        ("What did I earn this month?", "2023-03-18", "2023-04-18"),
        ("What did I do in February?", "2023-02-01", "2023-02-28"),
        ("What did I do in December?", "2022-12-01", "2022-12-31"),
        ("Who came on May 3, 2022?", "2022-05-02", "2022-05-04"),
        ("Who came on the 3rd of May 2022?", "2022-05-02", "2022-05-04"),
        ("What did I note on March 15th?", "2023-03-14", "2023-03-16"),
        ("What did I note on December 24?", "2022-12-23", "2022-12-25"),
        ("What was said on 2023-01-09?", "2023-01-08", "2023-01-10"),
        ("What did she paint in July 2021?", "2021-07-01", "2021-07-31"),
        ("Who came on 31 February 2022?", "2022-02-01", "2022-02-28"),
        ("How often did he run in 2022?", "2022-01-01", "2022-12-31"),
    ],
)
def test_period(question: str, since: str, until: str) -> None:
    assert days(period_asked(question, now=NOW)) == (since, until)


@pytest.mark.parametrize(
    "question",
    [
        "How many days ago did I call?",
        "May I ask what march music is?",
        "What should I cook this weekend?",
        "Which came first, the talk or the walk?",
    ],
)
def test_no_period(question: str) -> None:
    assert period_asked(question, now=NOW) is None


def test_without_now_only_dated_years_are_known() -> None:
    relative = (
        "What did I buy 10 days ago?",
        "Who came last Friday?",
        "Who came last weekend?",
        "Who came yesterday?",
        "Who came last month?",
        "Who came in the last two months?",
        "Who came in June?",
        "Who came on June 3?",
    )
    assert [period_asked(question) for question in relative] == [None] * len(relative)
    assert days(period_asked("Who came in June 2021?")) == ("2021-06-01", "2021-06-30")


def test_a_naive_now_is_utc() -> None:
    naive = NOW.replace(tzinfo=None)
    assert period_asked("Who came yesterday?", now=naive) == period_asked(
        "Who came yesterday?", now=NOW
    )


def test_nearness_falls_with_distance() -> None:
    period = period_asked("Where was I two weeks ago?", now=NOW)
    assert period is not None
    assert period.nearness(datetime(2023, 4, 4, tzinfo=UTC)) == 1.0
    near = [period.nearness(period.until + timedelta(days=d)) for d in (0, 1, 3, 7, 90)]
    assert near == sorted(near, reverse=True)
    assert near[0] == 1.0
    assert 0 < near[2] < 1
    assert near[-1] == 0.0


def test_clauses() -> None:
    said = "I need new recipes, by the way, I just got a smoker today and it is huge."
    assert clauses(said) == ["I need new recipes", "I just got a smoker today", "it is huge."][:2]
    assert clauses("One clause alone stands here.") == []


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("我女儿学小提琴了，我很高兴能听到她拉琴", ["我女儿学小提琴了", "我很高兴能听到她拉琴"]),
        (
            "娘はバイオリンを習い、息子はピアノを弾きます",
            ["娘はバイオリンを習い", "息子はピアノを弾きます"],
        ),
        (
            "بدأت ابنتي العزف على الكمان، وأنا سعيد جدا بذلك",
            ["بدأت ابنتي العزف على الكمان", "وأنا سعيد جدا بذلك"],
        ),
        ("Er ist so groß that man staunt immer", []),
    ],
)
def test_clauses_end_at_the_commas_of_any_script(sentence: str, parts: list[str]) -> None:
    assert clauses(sentence) == parts


@pytest.mark.parametrize(
    ("question", "speaker"),
    [
        ("Welches Instrument lernt mein Kind?", "user"),
        ("Was haben Sie mir gegen die Schlaflosigkeit empfohlen?", "assistant"),
        ("Que m'avez-vous conseillé contre l'insomnie ?", "assistant"),
        ("¿Qué me recomendaste para dormir?", "assistant"),
        ("O que você me recomendou contra a insônia?", "assistant"),
        ("Em que cidade moramos agora?", "user"),
        ("Che cosa mi hai consigliato per dormire?", "assistant"),
        ("Wat heb je me aangeraden?", "assistant"),
        ("Что вы посоветовали мне от бессонницы?", "assistant"),
        ("Uyumak için bana ne önermiştin?", "assistant"),
        ("بماذا نصحتني للنوم؟", "assistant"),
        ("अनिद्रा के लिए आपने क्या सलाह दी थी?", "assistant"),
        ("关于失眠你给过我什么建议？", "assistant"),
        ("我不能吃什么东西？", "user"),
        ("不眠について何を勧めてくれましたか？", "assistant"),
        ("私は睡眠に問題がありますか？", "user"),
        ("불면증에 대해 뭘 추천해 줬어?", "assistant"),
        ("내 딸은 무슨 악기를 배워?", "user"),
        ("Wo liegt Hamburg?", None),
        ("哪里是北京？", None),
    ],
)
def test_speaker_in_other_languages(question: str, speaker: str | None) -> None:
    assert speaker_asked(question) == speaker


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What kettle did I buy 10 days ago?", "what kettle did i buy ?"),
        ("Who came last Friday evening?", "who came evening?"),
        ("Which trips did I take in the past three months?", "which trips did i take in the ?"),
        ("Who came on June 3, 2021?", "Who came on June 3, 2021?"),
        ("Who read the March 15th issue?", "Who read the March 15th issue?"),
        ("Where is the key?", "Where is the key?"),
    ],
)
def test_only_a_time_that_counts_from_today_is_no_topic(question: str, topic: str) -> None:
    assert " ".join(read_question(question, now=NOW).topic.split()) == topic


def test_without_now_the_topic_is_the_question() -> None:
    assert read_question("What did I buy 10 days ago?").topic == "What did I buy 10 days ago?"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("I just got a smoker", True),
        ("with my sister", True),
        ("Can you help me?", False),
        ("the smoker is hot", False),
        ("", False),
        ("我女儿学小提琴了。", True),
        ("我的孩子呢？", False),
        ("Mein Bruder repariert Uhren.", True),
        ("هل عندي موعد؟", False),
    ],
)
def test_speaks_of_self(text: str, own: bool) -> None:
    assert speaks_of_self(text) is own


@pytest.mark.parametrize(
    ("question", "lasting"),
    [
        ("Where did I live in February?", True),
        ("Where did my brother Tom work in February?", True),
        ("What was our address in February?", True),
        ("Who was my boss in February?", True),
        ("What did I buy in February?", False),
        ("Where did I go in February?", False),
        ("Wo habe ich im Februar gewohnt?", True),
        ("Was habe ich im Februar gekauft?", False),
        ("Où habitais-je en février ?", True),
        ("¿Dónde vivía en febrero?", True),
        ("Onde eu morava em fevereiro?", True),
        ("Где я жил в феврале?", True),
        ("二月我住在哪里？", True),
        ("二月我买了什么？", False),
        ("二月に私はどこに住んでいましたか？", True),
        ("2월에 나는 어디에 살았어?", True),
    ],
)
def test_what_held_at_a_time_was_said_before(question: str, lasting: bool) -> None:
    period = read_question(question, now=NOW).period
    assert period is not None
    assert period.lasting == lasting
    assert (period.nearness(NOW - timedelta(days=120)) > 0.5) == lasting
    assert period.nearness(NOW - timedelta(days=2)) < 0.5
