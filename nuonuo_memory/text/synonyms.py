"""Word lists of the rule-based augmenter: our own, general, of modest size."""

from __future__ import annotations

import re

OPENERS = (
    r"can you (?:please )?(?:tell me|help me(?: to)?|explain|remind me)?",
    r"could you (?:please )?(?:tell me|help me(?: to)?|explain|remind me)?",
    r"would you(?: please)?(?: tell me)?",
    r"i (?:really )?(?:need|want|would like|have|am trying|was trying) to",
    r"i(?:'d| would) (?:like|love) to(?: know)?",
    r"i(?:'m| am) (?:trying|looking|going) to",
    r"i (?:was )?wonder(?:ing)? (?:if|whether|how|what|why|when|where|who)",
    r"do you (?:know|remember)(?: if| whether)?",
    r"how (?:do|can|could|should|would) (?:i|we|you|one)",
    r"what(?:'s| is) the best way to",
    r"let'?s",
    r"please",
    r"tell me(?: about)?",
    r"remind me(?: about| of| to)?",
    r"by the way",
    r"just so you know",
    r"i (?:think|guess|believe|mean)(?: that)?",
)
"""Beginnings that say nothing of the matter, as patterns; longer ones of a kind come first."""

_PAIRS = """
deploy release; deployment release; deployed released; deploys releases
database DB; fix resolve; fixed resolved; fixes resolves; bug defect; error failure
repository repo; application app; configuration config; documentation docs
authentication login; password passphrase; server host; production prod
meeting appointment; meetings appointments; buy purchase; bought purchased
begin start; began started; job position; boss manager; colleague coworker
colleagues coworkers; house home; apartment flat; car vehicle; movie film; movies films
kid child; kids children; doctor physician; holiday vacation; holidays vacations; trip journey
store shop; picture photo; pictures photos; phone telephone; big large; small little
quick fast; happy glad; sad unhappy; afraid scared; smart clever; angry upset
favorite preferred; favourite preferred; enjoy like; enjoys likes; love adore; loves adores
hate dislike; hates dislikes; choose pick; chose picked; help assist; helps assists
need require; needs requires; use employ; uses employs; show display; get obtain
build create; built created; make create; made created; remove delete; removed deleted
change modify; changed modified; update revise; updated revised; send transmit
ask request; asked requested; answer reply; answered replied; finish complete
finished completed; end conclude; ended concluded; try attempt; tried attempted
live reside; lives resides; lived resided; work function; broken faulty; slow sluggish
sick ill; allergic sensitive; dinner supper; birthday anniversary; born birthed
teacher instructor; student pupil; lawyer attorney; author writer; wrote authored
company firm; money funds; price cost; cheap inexpensive; expensive costly
street road; city town; country nation; old aged; dog puppy; cat kitten
"""

_NOT_BACK = frozenset(("aged", "birthed", "employ", "employs", "puppy", "kitten", "obtain"))
_ONE_WAY = frozenset(("birthday", "born", "old", "dog", "cat", "work", "get", "use", "uses"))


def _both_ways() -> dict[str, str]:
    table: dict[str, str] = {}
    for pair in _PAIRS.replace("\n", ";").split(";"):
        if not pair.strip():
            continue
        left, right = pair.split()
        if left not in _ONE_WAY:
            table.setdefault(left.lower(), right)
            if right not in _NOT_BACK:
                table.setdefault(right.lower(), left)
    return table


SYNONYMS: dict[str, str] = _both_ways()
"""One other word for a word, most of them in both directions; lower case."""

CONTRACTIONS: dict[str, str] = {
    "can't": "cannot",
    "won't": "will not",
    "don't": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "isn't": "is not",
    "aren't": "are not",
    "wasn't": "was not",
    "weren't": "were not",
    "haven't": "have not",
    "hasn't": "has not",
    "couldn't": "could not",
    "shouldn't": "should not",
    "wouldn't": "would not",
    "i'm": "I am",
    "i've": "I have",
    "i'll": "I will",
    "i'd": "I would",
    "it's": "it is",
    "that's": "that is",
    "what's": "what is",
    "where's": "where is",
    "who's": "who is",
    "how's": "how is",
    "there's": "there is",
    "let's": "let us",
    "we're": "we are",
    "we've": "we have",
    "they're": "they are",
    "you're": "you are",
}
"""Written-out forms of contractions."""

TROUBLE = re.compile(
    r"^(?:(?:how|why|when|what|if|that|because|since) )*(?:the |my |our |a |an )?"
    r"(?P<subject>[\w'’ \-./]{2,60}?) "
    r"(?:is |are |was |keeps? |still |just )*"
    r"(?:broken|failing|fails|failed|crash(?:es|ed|ing)|down|slow|stuck|leaking|timing out|"
    r"does(?:n't| not) work|do(?:n't| not) work|not working|stopped working|won't \w+)\b",
    re.IGNORECASE,
)
"""A statement that something does not work, and what."""
