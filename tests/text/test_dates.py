"""The times that questions name, in English and in the languages of the table."""

from datetime import UTC, datetime

import pytest

from nuonuo_memory.text.dates import period_asked
from nuonuo_memory.text.question import read_question

NOW = datetime(2025, 11, 25, 9, 0, tzinfo=UTC)  # a Tuesday

ENGLISH = [
    ("What did I buy the day before yesterday?", "2025-11-23", "2025-11-23"),
    ("Who wrote to me since March?", "2025-03-01", "2025-11-25"),
    ("What changed since March 2024?", "2024-03-01", "2025-11-25"),
    ("What have I read since 2024?", "2024-01-01", "2025-11-25"),
    ("Who called since last Friday?", "2025-11-21", "2025-11-25"),
    ("What did I eat today?", "2025-11-25", "2025-11-25"),
    ("What did the dentist say this morning?", "2025-11-25", "2025-11-25"),
    ("Whom did I meet on Monday?", "2025-11-24", "2025-11-24"),
    ("Whom did I meet on Tuesday?", "2025-11-18", "2025-11-18"),
    ("What did I do in Sept. 2024?", "2024-09-01", "2024-09-30"),
    ("What happened on Sept. 9?", "2025-09-08", "2025-09-10"),
    ("Where were we last summer?", "2025-06-01", "2025-08-31"),
    ("Where were we last winter?", "2024-12-01", "2025-02-28"),
    ("Where were we in the summer of 2023?", "2023-06-01", "2023-08-31"),
    ("What did I learn between January and March?", "2025-01-01", "2025-03-31"),
    ("What did I learn between November and January 2024?", "2023-11-01", "2024-01-31"),
    ("What did I promise the week before last?", "2025-11-04", "2025-11-18"),
]


def days(question: str, now: datetime | None = NOW) -> tuple[str, str] | None:
    period = period_asked(question, now=now)
    return None if period is None else (str(period.since.date()), str(period.until.date()))


@pytest.mark.parametrize(("question", "since", "until"), ENGLISH)
def test_english(question: str, since: str, until: str) -> None:
    assert days(question) == (since, until)


@pytest.mark.parametrize(
    "question",
    [
        "What are we going to do on Monday?",
        "What will I cook today?",
        "Which sport do I do every week on Saturday?",
        "What sport do I usually do on Saturday?",
        "Where are we going on holiday this summer?",
        "What is the capital of Mali?",
        "Welchen Sport mache ich samstags?",
        "Was kostet das Auto? 2000 Euro?",
        "今年夏天我们去哪里度假？",
        "今年summer我们去哪里？",
        "कल मैं कहाँ जाऊँगा?",
    ],
)
def test_plain_questions_name_no_time(question: str) -> None:
    assert days(question) is None


YESTERDAY = ("2025-11-24", "2025-11-25")
WEEK = ("2025-11-11", "2025-11-25")
MONTH = ("2025-09-25", "2025-11-25")
TWO_WEEKS = ("2025-11-08", "2025-11-14")
TUESDAY = ("2025-11-18", "2025-11-18")
APRIL = ("2025-04-01", "2025-04-30")
DATE = ("2025-04-13", "2025-04-15")
SINCE = ("2025-03-01", "2025-11-25")

ASKED = {
    "de": [
        ("Was habe ich dir gestern erzählt?", YESTERDAY),
        ("Was habe ich vorgestern gesagt?", ("2025-11-23", "2025-11-23")),
        ("Was ist letzte Woche passiert?", WEEK),
        ("Was ging vor zwei Wochen kaputt?", TWO_WEEKS),
        ("Was war letzten Dienstag?", TUESDAY),
        ("Was war im April?", APRIL),
        ("Was sagte ich am 14. April 2025?", DATE),
        ("Was ist seit März geschehen?", SINCE),
        ("Was war zwischen Januar und März?", ("2025-01-01", "2025-03-31")),
        ("Wo waren wir letzten Sommer?", ("2025-06-01", "2025-08-31")),
        ("Was habe ich 2024 gemacht?", ("2024-01-01", "2024-12-31")),
    ],
    "fr": [
        ("Qu'ai-je dit hier ?", YESTERDAY),
        ("Qu’est-ce qui s’est cassé il y a deux semaines ?", TWO_WEEKS),
        ("Qu'avons-nous fait mardi dernier ?", TUESDAY),
        ("Que s'est-il passé en avril ?", APRIL),
        ("Qu'ai-je dit le 14 avril 2025 ?", DATE),
        ("Qu'ai-je lu depuis mars ?", SINCE),
    ],
    "es": [
        ("¿Qué dije ayer?", YESTERDAY),
        ("¿Qué se rompió hace dos semanas?", TWO_WEEKS),
        ("¿Qué hicimos el martes pasado?", TUESDAY),
        ("¿Qué pasó en abril?", APRIL),
        ("¿Qué dije el 14 de abril de 2025?", DATE),
        ("¿Qué pasó la semana pasada?", WEEK),
    ],
    "pt": [
        ("O que eu disse ontem?", YESTERDAY),
        ("O que quebrou há duas semanas?", TWO_WEEKS),
        ("O que aconteceu em abril?", APRIL),
        ("O que eu disse em 14 de abril de 2025?", DATE),
    ],
    "it": [
        ("Che cosa ti ho detto ieri?", YESTERDAY),
        ("Che cosa si è rotto due settimane fa?", TWO_WEEKS),
        ("Che cosa abbiamo fatto martedì scorso?", TUESDAY),
        ("Che cosa è successo in aprile?", APRIL),
        ("Che cosa ho detto il 14 aprile 2025?", DATE),
    ],
    "nl": [
        ("Wat heb ik je gisteren verteld?", YESTERDAY),
        ("Wat ging er twee weken geleden stuk?", TWO_WEEKS),
        ("Wat deden we afgelopen dinsdag?", TUESDAY),
        ("Wat is er in april gebeurd?", APRIL),
        ("Wat zei ik op 14 april 2025?", DATE),
    ],
    "ru": [
        ("Что я рассказал тебе вчера?", YESTERDAY),
        ("Что сломалось две недели назад?", TWO_WEEKS),
        ("Что мы делали в прошлый вторник?", TUESDAY),
        ("Что случилось в апреле?", APRIL),
        ("Что я сказал 14 апреля 2025 года?", DATE),
        ("Что было неделю назад?", ("2025-11-15", "2025-11-21")),
    ],
    "tr": [
        ("Dün sana ne anlattım?", YESTERDAY),
        ("İki hafta önce ne bozuldu?", TWO_WEEKS),
        ("Geçen salı ne yaptık?", TUESDAY),
        ("Nisan ayında ne oldu?", APRIL),
        ("14 Nisan 2025'te ne dedim?", DATE),
    ],
    "ar": [
        ("ماذا قلت لك أمس؟", YESTERDAY),
        ("ماذا تعطل قبل أسبوعين؟", TWO_WEEKS),
        ("ماذا فعلنا الثلاثاء الماضي؟", TUESDAY),
        ("ماذا حدث في أبريل؟", APRIL),
        ("ماذا قلت في 14 أبريل 2025؟", DATE),
        ("ماذا حدث الأسبوع الماضي؟", WEEK),
        ("ماذا فعلت السنة الماضية؟", ("2023-11-25", "2025-11-25")),
    ],
    "hi": [
        ("मैंने कल तुम्हें क्या बताया था?", YESTERDAY),
        ("दो हफ़्ते पहले क्या खराब हुआ?", TWO_WEEKS),
        ("पिछले मंगलवार को हमने क्या किया?", TUESDAY),
        ("अप्रैल में क्या हुआ?", APRIL),
        ("14 अप्रैल 2025 को मैंने क्या कहा?", DATE),
    ],
    "zh": [
        ("我昨天跟你说了什么？", YESTERDAY),
        ("两周前什么东西坏了？", TWO_WEEKS),
        ("上周二我们做了什么？", TUESDAY),
        ("上个星期二我们做了什么？", TUESDAY),
        ("四月发生了什么？", APRIL),
        ("2025年4月14日我说了什么？", DATE),
        ("２０２５年４月１４日我说了什么？", DATE),
        ("自从三月以来发生了什么？", SINCE),
        ("上个月我买了什么？", MONTH),
    ],
    "ja": [
        ("昨日あなたに何を話しましたか？", YESTERDAY),
        ("二週間前に何が壊れましたか？", TWO_WEEKS),
        ("先週の火曜日に何をしましたか？", TUESDAY),
        ("四月に何がありましたか？", APRIL),
        ("2025年4月14日に私は何と言いましたか？", DATE),
        ("先月何を買いましたか？", MONTH),
    ],
    "ko": [
        ("어제 내가 무슨 말을 했지?", YESTERDAY),
        ("2주 전에 뭐가 고장 났어?", TWO_WEEKS),
        ("지난 화요일에 우리는 뭘 했어?", TUESDAY),
        ("4월에 무슨 일이 있었어?", APRIL),
        ("2025년 4월 14일에 내가 뭐라고 했어?", DATE),
        ("지난달에 뭘 샀어?", MONTH),
    ],
}


@pytest.mark.parametrize(
    ("question", "expected"), [pair for pairs in ASKED.values() for pair in pairs]
)
def test_other_languages(question: str, expected: tuple[str, str]) -> None:
    assert days(question) == expected


def test_english_words_in_another_script_are_read() -> None:
    assert days("我yesterday跟你说了什么？") == YESTERDAY
    assert days("last Tuesday我们做了什么？") == TUESDAY


def test_a_time_that_counts_from_now_needs_to_know_it() -> None:
    assert days("Was war gestern?", now=None) is None
    assert days("Was sagte ich am 14. April 2025?", now=None) == DATE
    assert days("since March", now=None) is None


def test_the_topic_leaves_relative_times_out() -> None:
    assert read_question("Was war gestern los?", now=NOW).topic.split() == ["was", "war", "los?"]
    dated = "Was sagte ich am 14. April 2025?"
    assert read_question(dated, now=NOW).topic == dated
