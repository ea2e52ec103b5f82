"""From a conversation's turn to the cues that bring it to mind."""

from __future__ import annotations

import re
from functools import lru_cache

from nuonuo_memory.config import CueConfig
from nuonuo_memory.text.clauses import clauses
from nuonuo_memory.text.language import language_of
from nuonuo_memory.text.sentences import LONGEST_SENTENCE, fits, segments, sentences
from nuonuo_memory.text.terms import length_in_words, stem, words
from nuonuo_memory.text.wordlists import LANGUAGES, LATIN, words_of
from nuonuo_memory.types import Cue

_FEW_WORDS = 3
_QUESTIONS_KEPT = 2
_SURELY_TELLING = 60  # characters; nobody is that courteous
_ASKS = ("?", "？", "؟", "՞", "፧", "⁇", "⁉")
_CLOSERS = "\"'”’»」』)）*_ "


def cues_of_turn(
    text: str,
    *,
    role: str | None,
    previous_question: str | None,
    config: CueConfig,
    speaker: str | None = None,
) -> list[Cue]:
    """Make the cues of one turn.

    Args:
        text: What was said.
        role: Who said it; the question is a cue of anyone's answer but the user's own, and an
            assistant's turns have no sentences unless the settings ask for them.
        previous_question: What the user said just before, where the turn answers it.
        config: Which cues to make.
        speaker: The speaker's name, which then begins each cue: "Ada: I moved to Bern."

    Returns:
        Different texts, none longer than the default encoder reads: the turn, or its segments
        when it is long; its sentences and their clauses; the question it answers.
    """
    whole = text.strip()
    if not whole:
        return []
    if fits(whole, config.segment_chars):
        cues = [Cue(whole, "turn")]
    else:
        cues = [Cue(piece, "segment") for piece in segments(whole, config.segment_chars)]
    if config.sentences and (role != "assistant" or config.assistant_sentences):
        telling = _telling_sentences(whole)
        cues.extend(Cue(piece, "sentence") for piece in telling)
        if config.clauses:
            cues.extend(Cue(part, "clause") for piece in telling for part in clauses(piece))
    if speaker:
        cues = [Cue(spoken(cue.text, speaker), cue.kind) for cue in cues]
    if config.questions and previous_question and role != "user":
        cues.extend(
            Cue(piece, "question") for piece in question_cues(previous_question, config=config)
        )
    return _different(cues)


def spoken(text: str, speaker: str | None) -> str:
    """Return a text as its speaker's words, "Ada: I moved to Bern."; as it is without a name."""
    return f"{speaker}: {text}" if speaker else text


def cues_of_text(text: str, *, config: CueConfig) -> list[Cue]:
    """Make the cues of a text that is no turn of a conversation."""
    return cues_of_turn(text, role=None, previous_question=None, config=config)


def question_cues(question: str, *, config: CueConfig) -> list[str]:
    """Say what a user asked in texts that the encoder can read.

    A short question stands as it is. Of a long one, with a document pasted in, stand the first
    and the last sentence that ask, or its beginning when none does.
    """
    whole = question.strip()
    if not whole:
        return []
    if fits(whole, config.segment_chars):
        return [whole]
    asking = [piece for piece in sentences(whole) if piece.rstrip(_CLOSERS).endswith(_ASKS)]
    if asking:
        return asking if len(asking) <= _QUESTIONS_KEPT else [asking[0], asking[-1]]
    return segments(whole, config.segment_chars)[:1]


def _telling_sentences(text: str) -> list[str]:
    """Sentences worth a cue: scraps join their neighbour, mere courtesies are left out."""
    kept: list[str] = []
    scrap = ""
    language = language_of(text)  # a courtesy is too short to tell its own
    for sentence in sentences(text):
        few = len(sentence) <= _SURELY_TELLING
        telling = _telling_words(sentence, language) if few else _FEW_WORDS
        if not telling:
            continue
        joined = f"{scrap} {sentence}" if scrap else sentence
        if not fits(joined, LONGEST_SENTENCE):
            joined = sentence
        scrap = ""
        if telling < _FEW_WORDS and length_in_words(joined) <= _FEW_WORDS:
            scrap = joined
        else:
            kept.append(joined)
    if scrap:
        last = f"{kept[-1]} {scrap}" if kept else scrap
        kept[-1:] = [last] if fits(last, LONGEST_SENTENCE) else [kept[-1], scrap]
    return kept


def _telling_words(sentence: str, language: str) -> int:
    polite = _courtesies(language)
    return sum(word not in polite for word in words(sentence, language=language))


@lru_cache(maxsize=len(LANGUAGES) + 1)
def _courtesies(language: str) -> frozenset[str]:
    """Return the words of mere courtesy of a language, as `words` gives them."""
    polite = words_of(language, "courtesies")
    if language not in LATIN:
        polite |= words_of("en", "courtesies")
    split = (part for word in polite for part in words(word, language=language))
    return frozenset(map(stem, polite)) | frozenset(split)


def _different(cues: list[Cue]) -> list[Cue]:
    seen: set[str] = set()
    kept: list[Cue] = []
    for cue in cues:
        key = re.sub(r"\s+", " ", cue.text).casefold()
        if key not in seen:
            seen.add(key)
            kept.append(cue)
    return kept
