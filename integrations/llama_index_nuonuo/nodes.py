"""Nodes as memories, memories as nodes, hits as scored nodes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    IndexNode,
    MetadataMode,
    Node,
    NodeRelationship,
    NodeWithScore,
    TextNode,
)

from nuonuo_memory.errors import EmptyTextError, InvalidInputError
from nuonuo_memory.types import Cue, Hit, Link, Memory, NewMemory

NODE_KEY = "_node"
"""In a memory's metadata: what a node has beside its text, its metadata and its embedding."""

NODE_ID_KEY = "_node_id"
"""In a memory's metadata: the node's id, where filters reach it."""

REF_DOC_KEY = "_ref_doc_id"
"""In a memory's metadata: id of the document that the node comes from."""

EMPTY_KEY = "_empty"
"""In a memory's metadata: names of the node's metadata that hold an empty list."""

OWN_FIELDS = ("role", "session", "turn")
"""Names that a filter takes for the memory's own fields, whatever the metadata holds."""

OWN_PREFIX = "_own_"
"""Before the name of a copy of metadata whose name is one of those."""

HIT_KEY = "nuonuo"
"""In a returned node's metadata: how it was found; hidden from the model and from embedders."""

RELATIONSHIP_WEIGHTS: Mapping[NodeRelationship, float] = {
    NodeRelationship.PARENT: 0.6,
    NodeRelationship.CHILD: 0.6,
    NodeRelationship.PREVIOUS: 0.3,
    NodeRelationship.NEXT: 0.3,
    NodeRelationship.SOURCE: 0.2,
}
"""How strongly a relationship ties two nodes; weaker than a shared name, which is about meaning."""

_LABELS = {
    NodeRelationship.PARENT: "parent",
    NodeRelationship.CHILD: "child",
    NodeRelationship.PREVIOUS: "previous",
    NodeRelationship.NEXT: "next",
    NodeRelationship.SOURCE: "source",
}
_RESERVED = frozenset(
    [NODE_KEY, NODE_ID_KEY, REF_DOC_KEY, EMPTY_KEY, *(OWN_PREFIX + name for name in OWN_FIELDS)]
)
_CLASSES: Mapping[str, type[BaseNode]] = {
    cls.class_name(): cls for cls in (TextNode, Node, Document, ImageNode, IndexNode)
}


class FoundMetadata(dict[str, Any]):
    """Metadata of a found node, whose text form leaves out how it was found.

    LlamaIndex makes a node's hash of that text form, and its fusion retriever tells by the hash
    whether two retrievers found the same node.
    """

    def __str__(self) -> str:
        return str({key: value for key, value in self.items() if key != HIT_KEY})


def memory_of(node: BaseNode, links: Sequence[Link] = ()) -> NewMemory:
    """Return the memory that holds a node under the node's own id.

    The text with the metadata that LlamaIndex would embed beside it is one more cue, so that a
    title or a file name brings the node to mind.

    Raises:
        EmptyTextError: The node holds no text.
        InvalidInputError: The node's metadata uses a name that is reserved.
    """
    text = node.get_content(metadata_mode=MetadataMode.NONE)
    if not text.strip():
        raise EmptyTextError(
            f"node {node.node_id!r} ({node.class_name()}) holds no text, and a memory is a text; "
            "leave it out or give it a description"
        )
    embedded = node.get_content(metadata_mode=MetadataMode.EMBED)
    return NewMemory(
        text=text,
        cues=() if embedded.strip() == text.strip() else (Cue(embedded),),
        metadata=_metadata_of(node),
        id=node.node_id,
        links=links,
    )


def node_of(memory: Memory) -> BaseNode:
    """Return a memory as a node: the one it was made from, or a `TextNode` with its metadata."""
    metadata = {key: value for key, value in memory.metadata.items() if key not in _RESERVED}
    frame = memory.metadata.get(NODE_KEY)
    if isinstance(frame, Mapping):
        fields = {key: value for key, value in frame.items() if key != "class_name"}
        kind = _CLASSES.get(str(frame.get("class_name")), TextNode)
        node = kind.from_dict({**fields, "id_": memory.id, "metadata": metadata})
        node.set_content(memory.text)
        return node
    own = {"role": memory.role, "session": memory.session, "turn": memory.turn}
    when = {"at": memory.at.isoformat() if memory.at else None}
    known = {key: value for key, value in {**when, **own}.items() if value is not None}
    hidden = [key for key in ("session", "turn") if key in known and key not in metadata]
    return TextNode(
        id_=memory.id,
        text=memory.text,
        metadata={**known, **metadata},
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=list(known),
    )


def scored(hit: Hit) -> NodeWithScore:
    """Return a hit as a scored node that says how it was found, to the application alone."""
    return explained(NodeWithScore(node=node_of(hit.memory), score=hit.score), hit)


def explained(found: NodeWithScore, hit: Hit) -> NodeWithScore:
    """Return a copy of `found` with the hit's score, cue and path; `found` stays as it is."""
    told = {
        "cue": hit.cue.text,
        "cue_kind": hit.cue.kind,
        "similarity": hit.similarity,
        "path": [hop.to_dict() for hop in hit.path],
    }
    changed = {
        "metadata": FoundMetadata({**found.node.metadata, HIT_KEY: told}),
        "excluded_llm_metadata_keys": _with_key(found.node.excluded_llm_metadata_keys),
        "excluded_embed_metadata_keys": _with_key(found.node.excluded_embed_metadata_keys),
    }
    return NodeWithScore(node=found.node.model_copy(update=changed), score=hit.score)


def with_text(nodes: Sequence[BaseNode]) -> list[BaseNode]:
    """Return the nodes that hold a text."""
    return [node for node in nodes if node.get_content(metadata_mode=MetadataMode.NONE).strip()]


def linked(nodes: Sequence[BaseNode], known: Container[str] = ()) -> list[NewMemory]:
    """Return the nodes as memories, their relationships as links.

    Links lead to nodes of the same call and to ids in `known`; a related node that is in neither
    (most often the source document, which an index does not store) gets none. Nodes of one source
    that name no related node here are tied to the one before them in the call instead.
    """
    ids = {node.node_id for node in nodes}
    links = {
        node.node_id: [
            Link(target, _LABELS[relationship], RELATIONSHIP_WEIGHTS[relationship])
            for relationship, target in relations_of(node)
            if target in ids or target in known
        ]
        for node in nodes
    }
    bare = [node for node in nodes if not links[node.node_id] and node.ref_doc_id]
    last_of: dict[str, str] = {}
    for node in bare:
        source = str(node.ref_doc_id)
        before = last_of.get(source)
        last_of[source] = node.node_id
        if before is not None and before != node.node_id:
            weight = RELATIONSHIP_WEIGHTS[NodeRelationship.SOURCE]
            links[node.node_id].append(Link(before, "same source", weight))
            links[before].append(Link(node.node_id, "same source", weight))
    return [memory_of(node, links[node.node_id]) for node in nodes]


def relations_of(node: BaseNode) -> list[tuple[NodeRelationship, str]]:
    """Return the ids that a node names as related, itself left out."""
    return [
        (relationship, one.node_id)
        for relationship, related in node.relationships.items()
        for one in (related if isinstance(related, list) else [related])
        if one.node_id != node.node_id
    ]


def _metadata_of(node: BaseNode) -> dict[str, Any]:
    taken = _RESERVED & node.metadata.keys()
    if taken:
        raise InvalidInputError(
            f"the name {min(taken)!r} is reserved; rename it in the metadata of node "
            f"{node.node_id!r}"
        )
    metadata = {
        **node.metadata,
        NODE_KEY: _frame_of(node),
        NODE_ID_KEY: node.node_id,
        REF_DOC_KEY: node.ref_doc_id,
        **{OWN_PREFIX + key: node.metadata[key] for key in OWN_FIELDS if key in node.metadata},
    }
    empty = [key for key, value in node.metadata.items() if value == []]
    return {**metadata, EMPTY_KEY: empty} if empty else metadata


def _frame_of(node: BaseNode) -> dict[str, Any]:
    bare = node.model_copy(update={"obj": None}) if isinstance(node, IndexNode) else node
    left_out = {"id_", "text", "embedding", "metadata"}
    if isinstance(node, Node) and node.text_resource is not None:
        left_out.add("text_resource")
    frame: dict[str, Any] = bare.model_dump(mode="json", exclude=left_out, exclude_defaults=True)
    return frame


def _with_key(keys: Iterable[str]) -> list[str]:
    return [*(key for key in keys if key != HIT_KEY), HIT_KEY]
