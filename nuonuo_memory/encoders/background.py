"""How an encoder's cosines lie: what all its vectors have in common, and how far answers stand out.

Most encoders put all texts into a narrow cone, so that any two have a high cosine. How narrow is
known from a few dozen texts of no common topic. A new memory stands on this background until its
own contents say more (`engine.vectors.centring`). How much closer a question lies to its answer
than to the answers of others differs as much between encoders; a few pairs tell. The texts are
ours, in the languages that most encoders know, and the pairs in the one that all know.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuonuo_memory.encoders.base import Encoder, encode_checked
from nuonuo_memory.encoders.given import GivenVectors

TEXTS = (
    "The shop opens at nine in the morning.",
    "I bought a new lamp for the kitchen.",
    "She works as a nurse in a small hospital.",
    "Could you send me the report by Friday?",
    "The train was late because of the snow.",
    "We are planning a trip to the mountains.",
    "What did you think of the film?",
    "My phone battery does not last a day.",
    "He plays football with his friends on Sundays.",
    "The recipe needs two eggs and some butter.",
    "How do I reset my password?",
    "The meeting was moved to next week.",
    "Her new book is about the history of tea.",
    "I have a headache and need some rest.",
    "The garden is full of tomatoes this year.",
    "They painted the door blue.",
    "Das Wetter war gestern sehr schön.",
    "Ich muss morgen früh zum Zahnarzt.",
    "Wo hast du deine Schlüssel gelassen?",
    "Der Kurs beginnt im September.",
    "Le musée est fermé le lundi.",
    "J'ai oublié mon parapluie dans le bus.",
    "Quel est ton plat préféré ?",
    "Nous avons adopté un chien.",
    "El concierto empieza a las ocho.",
    "Mi hermana estudia medicina.",
    "¿Dónde está la estación?",
    "Compré fruta en el mercado.",
    "O jantar foi muito bom.",
    "Preciso de um computador novo.",
    "Вчера мы ходили в театр.",
    "Мой сосед чинит велосипеды.",
    "Сколько стоит этот билет?",
    "我昨天买了一本书。",
    "他在学校教数学。",
    "你周末打算做什么？",
    "这家餐厅的菜很好吃。",
    "週末に友達と映画を見ました。",
    "この駅から空港まで一時間かかります。",
    "犬の散歩に行きます。",
    "मुझे चाय बहुत पसंद है।",
    "कल बाजार बंद रहेगा।",
    "तुम्हारा भाई क्या काम करता है?",
    "ذهبت إلى السوق صباح اليوم.",
    "متى يبدأ الدرس؟",
    "Hafta sonu denize gideceğiz.",
    "Il treno parte alle sette.",
    "De kinderen spelen in het park.",
    "오늘 저녁에 비가 온대요.",
)


PAIRS = (
    ("When is Nora's birthday?", "Nora turns thirty on the ninth of June."),
    ("What is the name of the neighbour's dog?", "The dog next door is called Bruno."),
    ("Where did we spend last summer?", "We rented a small house by the lake in July."),
    ("Who repaired the bicycle?", "Paul put a new chain on my bike yesterday."),
    ("How much does the new flat cost?", "The rent of the apartment is nine hundred a month."),
    ("What am I allergic to?", "I can't eat peanuts, they make me ill."),
    ("Which train do I take to work?", "I catch the 7.40 to the office every morning."),
    ("Why was the meeting cancelled?", "The boss fell ill, so nobody met on Tuesday."),
    ("What instrument does Clara play?", "Clara has violin lessons on Wednesdays."),
    ("Where do I keep the spare key?", "The second key lies under the flower pot."),
    ("What did the doctor recommend?", "Dr. Weber said I should walk half an hour a day."),
    ("Which book did you suggest?", "You could read a novel about the sea by Conrad."),
    ("What colour is the new car?", "Our car is dark green, we picked it up on Friday."),
    ("Who is coming to dinner?", "Lisa and Tom will eat with us tonight."),
    ("What is the wifi password?", "To get on the internet at home, type bluewhale42."),
    ("How long does the bread bake?", "Leave the loaf in the oven for forty minutes."),
    ("What did I study at university?", "I have a degree in chemistry from Leeds."),
    ("When does the shop open?", "The bakery lets people in from eight o'clock."),
    ("Which city does my sister live in?", "My sister moved to Porto with her husband."),
    ("What sport do I do at weekends?", "On Saturdays I play tennis with a friend."),
    ("Who won the match?", "The home team beat the visitors three to one."),
    ("What present did Grandma get?", "We gave my grandmother a warm scarf."),
    ("What error does the program show?", "The script stops because it cannot find the file."),
    ("How do I get to the airport?", "Bus 12 goes straight to the terminals."),
)
"""Questions, and for each a text that answers it in other words."""


class Background(NamedTuple):
    """How an encoder's vectors lie.

    Attributes:
        mean: float64 [dimension], of the unit vectors of `TEXTS`.
        separation: By how much a question of `PAIRS` is closer to its own answer than to those of
            the others, in cosine with the mean off both sides, on average; `None` where the
            encoder encodes nothing.
    """

    mean: NDArray[np.float64]
    separation: float | None


def background_of(encoder: Encoder) -> Background:
    """Ask an encoder for the vectors of `TEXTS` and `PAIRS`, once for each open memory.

    The mean is zero for an encoder that encodes nothing: then the memory's own contents alone say
    what its vectors have in common.

    Raises:
        EncoderError: The encoder failed.
    """
    if isinstance(encoder, GivenVectors):
        return Background(np.zeros(encoder.dimension), None)
    stored = (*TEXTS, *(answer for _, answer in PAIRS))
    vectors = encode_checked(encoder, stored).cpu().numpy().astype(np.float64)
    asked = encode_checked(encoder, [question for question, _ in PAIRS], queries=True)
    mean: NDArray[np.float64] = vectors[: len(TEXTS)].mean(axis=0)
    questions = _unit(asked.cpu().numpy().astype(np.float64) - mean)
    cosines = questions @ _unit(vectors[len(TEXTS) :] - mean).T
    own, n = float(np.trace(cosines)), len(PAIRS)
    return Background(mean, own / n - (float(cosines.sum()) - own) / (n * (n - 1)))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows [n, d] of length one; one of zeros stays."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = rows / np.maximum(length, 1e-9)
    return unit
