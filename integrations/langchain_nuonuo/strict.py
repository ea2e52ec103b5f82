"""Fields of LangChain components: unknown names are refused, and a memory must be open."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, field_validator, model_validator

from nuonuo_memory.agents.arguments import refuse_unknown, require_memory
from nuonuo_memory.memory import TextMemory


class Strict(BaseModel):
    """A component that takes its fields and nothing else; `memory` must be an open one."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, values: object) -> object:
        if isinstance(values, Mapping):
            refuse_unknown(values, cls.model_fields, by=cls.__name__)
        return values

    @field_validator("memory", mode="before", check_fields=False)
    @classmethod
    def _require_memory(cls, value: object) -> TextMemory:
        return require_memory(value)
