"""The words of a message: contents in parts, roles, and characters that no text may hold."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence

from nuonuo_memory.errors import FormatError

_SURROGATE = re.compile("[\ud800-\udfff]")
_ROLES = {
    "human": "user",
    "me": "user",
    "you": "user",
    "humanmessage": "user",
    "humanmessagechunk": "user",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "gemini": "assistant",
    "claude": "assistant",
    "model": "assistant",
    "user": "user",
    "assistant": "assistant",
    "system": "system",
}
_UNSPOKEN = {
    "system",
    "systemmessage",
    "developer",
    "tool",
    "toolmessage",
    "toolmessagechunk",
    "tool_call",
    "tool_response",
    "function",
    "functionmessage",
    "function_call",
    "function_response",
    "observation",
    "ipython",
    "critic",
    "discriminator",
    "remove",
}
_NO_WORDS = ("thinking", "redacted", "reasoning", "tool", "function", "server_tool", "mcp_", "web_")
_FILES = ("file", "input_file", "document", "image", "input_image", "image_url", "video", "audio")
_NAMES = ("file_name", "fileName", "filename", "name", "title")
_DEEP = 8  # lists in lists that a content may have


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxlist = 3, 4, 3
        self.maxstring = self.maxother = 80


_short = _Short()


def shorten(value: object, most: int = 80) -> str:
    """Return a value as a message shows it: short, on one line, however deep or long it is."""
    shown = clean(value if isinstance(value, str) else _short.repr(value))
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def clean(text: str) -> str:
    """Return a text that can be stored: halves of characters become U+FFFD, NUL goes."""
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\x00", "")


def role_of(name: str) -> str:
    """Say `user` or `assistant` for their usual names; any other name stays."""
    return _ROLES.get(name.strip().casefold(), name.strip())


def is_known_role(name: str) -> bool:
    """Whether a name is one that programs call a side of a conversation by."""
    return name.strip().casefold() in _ROLES or name.strip().casefold() in _UNSPOKEN


def is_unspoken(role: str) -> bool:
    """Whether what has this role was not said in the conversation: instructions, tools."""
    return role.strip().casefold() in _UNSPOKEN


def require(ok: bool, where: str, expected: str, got: object) -> None:
    """Raise a `FormatError` that says where, what was expected and what came, unless `ok`."""
    if not ok:
        raise FormatError(f"{where}: expected {expected}, got {shorten(got)}")


def attached(names: Sequence[str]) -> str:
    """Return the line that stands for files in a message: their names."""
    return f"[attached: {', '.join(names)}]" if names else ""


def joined(*parts: str) -> str:
    """Return the parts that hold something, one below the other."""
    return "\n".join(part for part in parts if part.strip())


def names_in(files: object) -> list[str]:
    """Return the names in a list of files; those without a name are passed over."""
    if not isinstance(files, list):
        return []
    return [name for one in files if (name := name_in(one))]


def name_in(file: object) -> str:
    """Return the name that a record of a file gives, or nothing."""
    if isinstance(file, str):
        return file
    if not isinstance(file, Mapping):
        return ""
    for key in _NAMES:
        if isinstance(file.get(key), str) and file[key].strip():
            return str(file[key])
    return name_in(file["file"]) if isinstance(file.get("file"), Mapping) else ""


def text_of_content(content: object, where: str, *, depth: int = 0) -> str:
    """Return the words of a message's content: a text, parts with texts, or nothing.

    Thinking, calls of tools and their results hold no words; a file is its name.

    Raises:
        FormatError: It is something else.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    require(depth < _DEEP, where, "a content of a usual depth", content)
    if isinstance(content, Mapping):
        return _text_of_part(content, where, depth)
    if isinstance(content, list):
        require(None not in content, where, "a list of parts", content)
        parts = [text_of_content(part, where, depth=depth + 1) for part in content]
        cited = any(isinstance(part, Mapping) and part.get("citations") for part in content)
        return "".join(parts) if cited else joined(*parts)
    raise FormatError(
        f"{where}: expected content to be a text or a list of parts, got {shorten(content)}"
    )


def _text_of_part(part: Mapping[str, object], where: str, depth: int) -> str:
    kind = part.get("type", part.get("block_type", ""))
    kind = kind if isinstance(kind, str) else ""
    if kind.startswith(_NO_WORDS):
        return ""
    if kind in _FILES:
        return attached([name] if (name := name_in(part)) else [])
    for key in ("text", "value", "refusal", "transcript", "parts", "content"):
        found = part.get(key)
        if found is not None:
            if key == "text" and not isinstance(found, str | Mapping):
                require(False, where, "a part's text to be a text", found)
            return text_of_content(found, where, depth=depth + 1)
    return ""
