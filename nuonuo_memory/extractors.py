"""What finds mentions in texts and writes paraphrases: ours, and what yours must do."""

from __future__ import annotations

from nuonuo_memory.text.augment import (
    Augmenter,
    CallableAugmenter,
    ParaphraseFunction,
    RuleAugmenter,
)
from nuonuo_memory.text.mentions import (
    CallableLinkExtractor,
    LinkExtractor,
    Mention,
    RuleLinkExtractor,
    SpacyLinkExtractor,
)

__all__ = [
    "Augmenter",
    "CallableAugmenter",
    "CallableLinkExtractor",
    "LinkExtractor",
    "Mention",
    "ParaphraseFunction",
    "RuleAugmenter",
    "RuleLinkExtractor",
    "SpacyLinkExtractor",
]
