"""What an encoder's vectors have in common: the mean of texts about nothing in particular.

Most encoders put all texts into a narrow cone, so that any two have a high cosine. How narrow is
known from a few dozen texts of no common topic. A new memory stands on this background until its
own contents say more (`engine.vectors.centring`). The texts are ours, in the languages that most
encoders know.
"""

from __future__ import annotations

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


def background_of(encoder: Encoder) -> NDArray[np.float64]:
    """Return the mean of an encoder's unit vectors of `TEXTS`, float64 [dimension].

    It is zero for an encoder that encodes nothing: then the memory's own contents alone say what
    its vectors have in common.

    Raises:
        EncoderError: The encoder failed.
    """
    if isinstance(encoder, GivenVectors):
        return np.zeros(encoder.dimension)
    vectors = encode_checked(encoder, TEXTS).cpu().numpy().astype(np.float64)
    mean: NDArray[np.float64] = vectors.mean(axis=0)
    return mean
