"""Every format that can be read, in the order in which a file is looked at for them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from nuonuo_memory.errors import FormatError
from nuonuo_memory.formats.chat import Chat
from nuonuo_memory.formats.chatgpt import ChatGPT
from nuonuo_memory.formats.claude import Claude
from nuonuo_memory.formats.claude_code import ClaudeCode
from nuonuo_memory.formats.discord import Discord
from nuonuo_memory.formats.gemini import Gemini
from nuonuo_memory.formats.langchain import LangChain
from nuonuo_memory.formats.llama_index import LlamaIndex
from nuonuo_memory.formats.locomo import LoCoMo
from nuonuo_memory.formats.longmemeval import LongMemEval
from nuonuo_memory.formats.mail import Mail
from nuonuo_memory.formats.notes import Notes
from nuonuo_memory.formats.open_webui import OpenWebUI
from nuonuo_memory.formats.reader import Reader
from nuonuo_memory.formats.responses import Responses
from nuonuo_memory.formats.sharegpt import ShareGPT
from nuonuo_memory.formats.slack import Slack
from nuonuo_memory.formats.subtitles import Subtitles
from nuonuo_memory.formats.telegram import Telegram
from nuonuo_memory.formats.transcript import Transcript
from nuonuo_memory.formats.whatsapp import WhatsApp

GROUP = "nuonuo_memory.formats"
"""The group of entry points under which a package offers readers of its own."""

_READERS: tuple[Reader, ...] = (
    # JSON, the narrow forms before the wide ones
    LongMemEval(),
    LoCoMo(),
    Slack(),
    Telegram(),
    Discord(),
    ChatGPT(),
    Claude(),
    ClaudeCode(),
    Gemini(),
    OpenWebUI(),
    LlamaIndex(),
    LangChain(),
    Responses(),
    ShareGPT(),
    Chat(),
    # text
    Subtitles(),
    Mail(),
    WhatsApp(),
    Notes(),
    Transcript(),
)

FORMATS: Mapping[str, Reader] = MappingProxyType({one.name: one for one in _READERS})
"""Every format of this package by name, in the order in which they are tried."""


def readers() -> dict[str, Reader]:
    """Return every reader by name: those that packages offer first, then those of this package.

    Raises:
        FormatError: A package offers something that is no reader, or cannot be loaded.
    """
    found: dict[str, Reader] = {}
    for point in entry_points(group=GROUP):
        try:
            offered = point.load()
        except (ImportError, AttributeError) as error:
            raise FormatError(
                f"expected the entry point {point.name!r} of {GROUP} to be there, got: {error}"
            ) from error
        reader = offered() if isinstance(offered, type) else offered
        if not isinstance(reader, Reader):
            raise FormatError(
                f"expected the entry point {point.name!r} of {GROUP} to name a reader with name, "
                f"about, matches and read, got {type(reader).__name__}"
            )
        found[reader.name] = reader
    return {**found, **{name: one for name, one in FORMATS.items() if name not in found}}
