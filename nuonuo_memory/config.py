"""Settings: frozen, checked when made, each default with its reason.

One set of defaults serves every kind of data; `docs/ablation.md` has the table that they were
chosen by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nuonuo_memory.errors import InvalidInputError

BETA = 35.0
"""Inverse temperature of recall: the middle of the plateau from 20 to 40 (docs/ablation.md)."""


def _require(ok: bool, name: str, value: object, expected: str) -> None:
    if not ok:
        raise InvalidInputError(f"{name} must be {expected}, got {value!r}")


@dataclass(frozen=True, slots=True)
class HopfieldConfig:
    """How `engine.retrieve` settles among the nearest cues; `TextMemory` takes one step, not many.

    Attributes:
        candidates: Nearest cues that enter the network.
        beta: Inverse temperature of the softmax. From 20 to 40 a memory's cues vote together, which
            finds more than its best cue alone; at 10 many weak cues drown a strong one.
        max_steps: Iterations at most.
        tolerance: A state that moves less than this (Euclidean) has settled.
    """

    candidates: int = 128
    beta: float = BETA
    max_steps: int = 3
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        _require(self.candidates >= 1, "candidates", self.candidates, "at least 1")
        _require(
            math.isfinite(self.beta) and self.beta > 0, "beta", self.beta, "a finite number above 0"
        )
        _require(self.max_steps >= 1, "max_steps", self.max_steps, "at least 1")
        _require(
            math.isfinite(self.tolerance) and self.tolerance >= 0,
            "tolerance",
            self.tolerance,
            "a finite number, 0 or more",
        )


@dataclass(frozen=True, slots=True)
class CueConfig:
    """Which cues a conversation turn gets.

    Attributes:
        segment_chars: Length that a segment of a long turn aims at; the encoder reads 256 tokens,
            about 1,000 characters, and shorter segments match questions better.
        sentences: Make each sentence a cue.
        clauses: Make the clauses of a sentence cues: what people mention in passing.
        assistant_sentences: Make cues of an assistant's sentences and clauses too; segments alone
            find its turns as well, with a fifth of the cues.
        questions: Make the user's question a cue of the answer that followed; the weight of
            neighbouring turns in the ranking does as much.
    """

    segment_chars: int = 500
    sentences: bool = True
    clauses: bool = True
    assistant_sentences: bool = False
    questions: bool = False

    def __post_init__(self) -> None:
        _require(
            50 <= self.segment_chars <= 1000, "segment_chars", self.segment_chars, "in [50, 1000]"
        )


@dataclass(frozen=True, slots=True)
class RankingConfig:
    """How memories are found and how the evidence for each is summed, on the scale of a cosine.

    The figures are round: within half and twice of each, results move by a percentage point or
    less (docs/ablation.md).

    Attributes:
        cue_candidates: Nearest cues that are looked at; at least four times as many as the memories
            asked for.
        bm25_candidates: Best memories by BM25 that are looked at beside those of the nearest cues.
        rerank_depth: Best of these by a first pass whose neighbouring turns are looked at too; at
            least twice as many as are asked for.
        beta: Inverse temperature: of the log-sum-exp that pools a memory's cues, and of the softmax
            over memories. From 20 to 40 a memory's cues vote together, which finds more than its
            best cue alone; at 10 many weak cues drown a strong one.
        bm25_weight: What BM25 counts, as a share of the highest in the scope. More helps short
            messages full of names, and hurts long turns.
        pair_discount: How much less a turn's best cue and that of the turn before, joined, count
            than a cue of the turn's own: "Yes, last May" answers what only the turn before asks.
            From 0.05 to 0.1 all do equally; 2 leaves it out.
        previous_weight: What the turn before counts.
        next_weight: What the turn after counts.
        session_weight: What the question's words anywhere in the session count, as a share of the
            best session.
        asker_weight: Added where the question speaks of the asker and the user spoke: what people
            ask of themselves they said themselves.
        assistant_weight: Added where the question asks what the assistant said and it spoke.
        first_person_weight: Added where the question speaks of the asker and the nearest cue states
            something in the first person.
        date_weight: Added, at most, where the question names a time and the memory is of it.
        runner_up_weight: What the second-best memory of a group counts against the best.
        strength_weight: What a memory gains for each unit of strength above 1, and loses below it;
            see `TextMemory.consolidate`. No data set says which memories were of use, so that
            nothing supports another default than 0.
    """

    cue_candidates: int = 128
    bm25_candidates: int = 64
    rerank_depth: int = 48
    beta: float = BETA
    bm25_weight: float = 0.2
    pair_discount: float = 0.1
    previous_weight: float = 0.1
    next_weight: float = 0.1
    session_weight: float = 0.12
    asker_weight: float = 0.3
    assistant_weight: float = 0.2
    first_person_weight: float = 0.08
    date_weight: float = 0.25
    runner_up_weight: float = 0.3
    strength_weight: float = 0.0

    def __post_init__(self) -> None:
        for name in ("cue_candidates", "bm25_candidates", "rerank_depth"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(
            math.isfinite(self.beta) and self.beta > 0, "beta", self.beta, "a finite number above 0"
        )
        for name in (
            "bm25_weight",
            "pair_discount",
            "previous_weight",
            "next_weight",
            "session_weight",
            "asker_weight",
            "assistant_weight",
            "first_person_weight",
            "date_weight",
            "runner_up_weight",
            "strength_weight",
        ):
            value = getattr(self, name)
            _require(math.isfinite(value) and value >= 0, name, value, "finite, 0 or more")


@dataclass(frozen=True, slots=True)
class AssociationConfig:
    """How activation spreads over associations, and what it counts for in the end.

    Attributes:
        starts: Settled memories that activation starts from.
        beta: Inverse temperature of the softmax over them.
        second_look_share: Share of the starting activation that goes to what a second look finds,
            which asks for what the best memory left unexplained of the question. It is taken when
            the question names something rare that some memory is about and the best one does not
            mention; 0 leaves it out.
        rare: Rarity, in [0, 1], from which a name counts as rare; see `engine.spread.rarity`.
        second_look_weight: What the second look's evidence counts in the final score, beside the
            first's.
        named: Share that enters by the names in the question, were each of them unique. It falls
            with their rarity: that a question names who speaks in every turn says nothing.
        overlap: Share of a name's words that a question must hold, in (0, 1], where it holds it in
            no equal form: two of three, so that a title may lack. Words that no memory holds stand
            for those one slip of the pen away. Above 1 only equal forms match.
        decay: What each further hop counts, of the one before it.
        topic_boost: How much more a name leads to a memory about it than to one that only mentions
            it.
        degree_normalisation: Exponent by which a name that many share passes less on to each, from
            0 (none) to 1 (it passes on no more than it got).
        subject: What activation counts that arrives by the name of what a memory is about.
        affinity: How strongly a step favours memories that resemble the question: a similarity
            higher by d is worth exp(affinity * d) times as much.
        log_floor: Added to activation before its logarithm is taken. What arrives in smaller
            amounts is left to the evidence: messages are tied by many weak words, so that small
            differences of activation are noise there. Lower favours encyclopaedic text, higher
            conversation.
        similarity: What the evidence counts against the logarithm of activation in the final score.
        link: Share of a memory's activation that leaves over its links when it has both links and
            names; the rest leaves over its names.
        backward: What a link counts when walked against its direction.
        bm25_weight: What BM25 counts in choosing where to start and where to go, as a share of the
            highest; more than in ranking, since questions that need a walk are full of names.
        walks: Walks that go on after each hop, of one question, the strongest.
        fan_out_budget: Memories, at most, that names carry activation to in one hop of one
            question; the names that give each the most come first, so it is hubs that are cut, and
            a hop costs the same in a memory of a thousand and of a million. Four times as many find
            no more.
    """

    starts: int = 5
    beta: float = 15.0
    second_look_share: float = 0.4
    rare: float = 0.3
    second_look_weight: float = 0.4
    named: float = 0.65
    overlap: float = 0.6
    decay: float = 0.8
    topic_boost: float = 20.0
    degree_normalisation: float = 0.65
    subject: float = 2.0
    affinity: float = 4.0
    log_floor: float = 0.2
    similarity: float = 1.0
    link: float = 0.3
    backward: float = 1.0
    bm25_weight: float = 0.4
    walks: int = 32
    fan_out_budget: int = 1024

    def __post_init__(self) -> None:
        for name in ("starts", "walks", "fan_out_budget"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in (
            "second_look_share",
            "rare",
            "second_look_weight",
            "named",
            "decay",
            "degree_normalisation",
            "link",
            "backward",
        ):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "in [0, 1]")
        for name in ("beta", "topic_boost", "subject", "affinity", "similarity", "bm25_weight"):
            value = getattr(self, name)
            _require(math.isfinite(value) and value >= 0, name, value, "finite, 0 or more")
        _require(0 < self.log_floor <= 1, "log_floor", self.log_floor, "in (0, 1]")
        _require(self.overlap > 0, "overlap", self.overlap, "above 0")


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """All settings of a `TextMemory`.

    Attributes:
        cues: Which cues a turn gets.
        ranking: How memories are found and the evidence for them summed.
        association: How activation spreads.
    """

    cues: CueConfig = field(default_factory=CueConfig)
    ranking: RankingConfig = field(default_factory=RankingConfig)
    association: AssociationConfig = field(default_factory=AssociationConfig)


@dataclass(frozen=True, slots=True)
class ConsolidationConfig:
    """How the offline pass decides.

    Attributes:
        merge_at: Cosine that every cue of a copy has, at least, with some cue of the memory that
            stays. The prototype merged at 0.7, where requests of one form already meet.
        same_words: Merge only what says the same words, but for case, punctuation and articles;
            what is merely alike is listed. By cosine alone "Meet on 3 May" is a copy of "Meet on 4
            May", and "Ada beat Bob" of "Bob beat Ada".
        turns: Merge turns of a conversation too; each gets part of its meaning from those around.
        half_life_days: A memory not used for so long loses half its strength.
        use_gain: Added to the strength, in units of ln(1 + uses), so that the first uses count
            most.
        prune_below: A memory weaker than this is forgotten; 0 forgets none.
        replay: Memories that are replayed: the strongest, whose recall is checked.
        replay_noise: Length of the disturbance of a replayed cue against the cue's own.
        seed: Makes the disturbance.
    """

    merge_at: float = 0.95
    same_words: bool = True
    turns: bool = False
    half_life_days: float = 90.0
    use_gain: float = 0.5
    prune_below: float = 0.0
    replay: int = 256
    replay_noise: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        _require(0 < self.merge_at <= 1, "merge_at", self.merge_at, "in (0, 1]")
        half = self.half_life_days
        _require(math.isfinite(half) and half > 0, "half_life_days", half, "a finite number > 0")
        for name in ("use_gain", "prune_below", "replay_noise"):
            value = getattr(self, name)
            _require(math.isfinite(value) and value >= 0, name, value, "finite, 0 or more")
        _require(self.replay >= 0, "replay", self.replay, "0 or more")
