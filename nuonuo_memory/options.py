"""The keyword arguments that several calls share, and their checked form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypedDict, Unpack

from nuonuo_memory import inputs
from nuonuo_memory.config import AssociationConfig, ConsolidationConfig, MemoryConfig
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.store.rows import Query
from nuonuo_memory.types import Cue, Link, Metadata, Namespace, Progress


class OpenOptions(TypedDict, total=False):
    """How a memory is opened.

    Attributes:
        encoder: An `Encoder`, or any LangChain `Embeddings` or LlamaIndex `BaseEmbedding`; by
            default all-MiniLM-L6-v2.
        namespace: Where calls that name none remember and recall; `("default",)`.
        config: Settings; the defaults serve every kind of data that we measured.
        device: Where the engine and the default encoder run, such as `"cuda"` or `"cpu"`; by
            default a GPU where there is one.
        augmenter: Writes paraphrases as further cues, in the background: an `Augmenter`, or a
            callable from a text to texts.
        link_extractor: Finds what memories speak of; by default rules for names and rare words.
        read_only: Refuse every write, and write nothing on opening.
    """

    encoder: object
    namespace: Namespace | str
    config: MemoryConfig
    device: str
    augmenter: object
    link_extractor: object
    read_only: bool


class RememberOptions(TypedDict, total=False):
    """What `remember` takes beside the text.

    Attributes:
        cues: Further ways to bring it to mind, such as questions that it answers.
        namespace: Whose it is.
        metadata: JSON values to keep with it.
        at: When it was said or happened.
        id: An id of your own; one is made otherwise.
        links: Ties to memories that are stored already.
        derive: Make cues from the text too, which is the default.
    """

    cues: Sequence[Cue | str]
    namespace: Namespace | str | None
    metadata: Metadata | None
    at: datetime | None
    id: str | None
    links: Sequence[Link]
    derive: bool


class ManyOptions(TypedDict, total=False):
    """What `remember_many` takes beside the memories.

    Attributes:
        namespace: Whose they are.
        replace: A memory whose id is taken takes that one's place, and its time of creation.
        progress: Called with the number of texts encoded and of all.
    """

    namespace: Namespace | str | None
    replace: bool
    progress: Progress | None


class ObserveOptions(TypedDict, total=False):
    """What `observe` takes beside the messages.

    Attributes:
        session: Names the conversation.
        at: The time of messages that carry none.
        namespace: Whose it is.
        metadata: Kept with each memory.
        progress: Called with the number of texts encoded and of all.
    """

    session: str | None
    at: datetime | None
    namespace: Namespace | str | None
    metadata: Metadata | None
    progress: Progress | None


class UpdateOptions(TypedDict, total=False):
    """What `update` may change; what is left out or `None` stays.

    Attributes:
        text: The target; a new one gets new cues.
        metadata: JSON values, in place of all those that were there.
        at: When it was said or happened.
    """

    text: str | None
    metadata: Metadata | None
    at: datetime | None


class Scope(TypedDict, total=False):
    """Which memories a call is about; every condition must hold.

    Attributes:
        namespace: Theirs; a string is a namespace of one label.
        prefix: Include every namespace below it.
        where: A filter on metadata (and `role`, `session`, `turn`), such as `{"topic": "travel"}`
            or `{"n": {"$gte": 2}}`.
        since: Earliest time, inclusive: of `at`, or of storing where there is none.
        until: Latest time, inclusive.
        session: The conversation that they belong to.
    """

    namespace: Namespace | str | None
    prefix: bool
    where: Mapping[str, Any] | None
    since: datetime | None
    until: datetime | None
    session: str | None


class ListOptions(Scope, total=False):
    """What `list` takes.

    Attributes:
        limit: How many memories at most.
        offset: How many to pass over first.
    """

    limit: int | None
    offset: int


class ConsolidateOptions(Scope, total=False):
    """What `consolidate` takes.

    Attributes:
        dry_run: Change nothing, only say what would be done.
        config: How to decide.
        now: The time that idleness is reckoned to; by default the present.
        progress: Called with the number of memories compared and of all that may be copies.
    """

    dry_run: bool
    config: ConsolidationConfig
    now: datetime | None
    progress: Progress | None


class RecallOptions(Scope, total=False):
    """What `recall` takes beside the question.

    Attributes:
        k: How many memories, or groups, to return at most; 5.
        group_by: `"session"`, or a name in the metadata: the best memory of each group.
        min_confidence: Return nothing when the confidence is below this, from 0 to 1.
        associate: Follow associations too; by default as `config.associate` says.
        hops: How many associations to follow at most, where they are followed.
        now: The time that "last week" is reckoned from; by default the present.
        vector: The question's direction, where it is encoded already; the text may then be empty.
    """

    k: int
    group_by: str | None
    min_confidence: float
    associate: bool | None
    hops: int | None
    now: datetime | None
    vector: Sequence[float] | None


class FollowOptions(Scope, total=False):
    """What `follow` takes beside the question.

    Attributes:
        k: How many memories to return at most; 5.
        hops: How many associations to follow at most.
        start: Activation by memory id to start from, in place of the memories that the question
            brings to mind; ids that are unknown are passed over.
        vector: The question's direction, where it is encoded already.
    """

    k: int
    hops: int | None
    start: Mapping[str, float] | None
    vector: Sequence[float] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The checked form of `RecallOptions` and `FollowOptions`."""

    query: Query
    k: int = 5
    group_by: str | None = None
    min_confidence: float = 0.0
    associate: bool | None = None
    hops: int | None = None
    now: datetime | None = None
    start: Mapping[str, float] | None = None
    vector: Sequence[float] | None = None

    def association(self, config: AssociationConfig) -> AssociationConfig:
        """Return the settings with the hops that the call asks for."""
        return config if self.hops is None else replace(config, hops=self.hops)

    @property
    def filtered(self) -> bool:
        """Whether anything beside the namespace limits what may be returned."""
        query = self.query
        return any(
            limit is not None for limit in (query.where, query.since, query.until, query.session)
        )


def query_of(default: Namespace, **scope: Unpack[Scope]) -> Query:
    """Return a store's query for a checked scope."""
    since = inputs.time_of(scope.get("since"), "since")
    until = inputs.time_of(scope.get("until"), "until")
    if since and until and since > until:
        raise InvalidInputError(f"since must not be after until, got {since} and {until}")
    session = scope.get("session")
    return Query(
        namespace=inputs.namespace_of(scope.get("namespace"), default),
        prefix=bool(scope.get("prefix", False)),
        where=inputs.where_of(scope.get("where")),
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
        session=None if session is None else inputs.text_of(session, "session"),
    )


def require_known(options: Mapping[str, Any], known: type) -> None:
    """Raise `TypeError`, as any call does, for a name that the typed dict `known` lacks."""
    unknown = set(options) - set(known.__annotations__) - set(_inherited(known))
    if unknown:
        raise TypeError(
            f"got an unexpected keyword argument {min(unknown)!r}; expected some of "
            f"{', '.join(sorted({*known.__annotations__, *_inherited(known)}))}"
        )


def _inherited(known: type) -> Mapping[str, Any]:
    # A typed dict is a plain dict's child at run time and keeps its bases here.
    bases: tuple[type, ...] = getattr(known, "__orig_bases__", ())
    return {name: None for base in bases for name in getattr(base, "__annotations__", ())}


_SCOPE = set(Scope.__annotations__)


def asked(default: Namespace, known: type, options: Mapping[str, Any]) -> Asked:
    """Return checked options.

    Args:
        default: Namespace of a call that names none.
        known: `RecallOptions` or `FollowOptions`: the names that the call takes.
        options: As the caller gave them.

    Raises:
        TypeError: A name is not known, as for any call.
        InvalidInputError: A value is not allowed.
    """
    require_known(options, known)
    own = {name: value for name, value in options.items() if name not in _SCOPE}
    scope: Any = {name: value for name, value in options.items() if name in _SCOPE}
    if "k" in own:
        inputs.count_of(own["k"], "k")
    if own.get("hops") is not None:
        inputs.count_of(own["hops"], "hops")
    if "min_confidence" in own:
        own["min_confidence"] = inputs.share_of(own["min_confidence"], "min_confidence")
    if own.get("group_by") is not None:
        inputs.text_of(own["group_by"], "group_by")
    own["now"] = inputs.time_of(own.get("now"), "now") or datetime.now(UTC)
    return Asked(query_of(default, **scope), **own)


def listing(default: Namespace, options: ListOptions) -> tuple[int | None, int, Query]:
    """Return the checked limit, offset and scope of a `list` call."""
    require_known(options, ListOptions)
    limit = options.get("limit")
    if limit is not None:
        inputs.count_of(limit, "limit", least=0)
    offset = inputs.count_of(options.get("offset", 0), "offset", least=0)
    scope: Any = {name: value for name, value in options.items() if name in _SCOPE}
    return limit, offset, query_of(default, **scope)


def consolidation(default: Namespace, options: ConsolidateOptions) -> dict[str, Any]:
    """Return the checked arguments of `consolidating.consolidate` for a `consolidate` call."""
    require_known(options, ConsolidateOptions)
    config = options.get("config", ConsolidationConfig())
    if not isinstance(config, ConsolidationConfig):
        raise InvalidInputError(
            f"config must be a ConsolidationConfig, got {type(config).__name__}"
        )
    scope: Any = {name: value for name, value in options.items() if name in _SCOPE}
    return {
        "query": query_of(default, **scope),
        "config": config,
        "dry_run": bool(options.get("dry_run", False)),
        "now": inputs.time_of(options.get("now"), "now") or datetime.now(UTC),
        "progress": options.get("progress"),
    }
