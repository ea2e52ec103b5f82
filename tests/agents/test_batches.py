"""An error of a batch says which document and which field it is about."""

from __future__ import annotations

import math

import pytest

from nuonuo_memory import NewMemory
from nuonuo_memory.agents.batches import named_in_errors
from nuonuo_memory.errors import EmptyTextError, InvalidInputError


def test_the_place_the_id_and_the_field_are_named() -> None:
    good = NewMemory("page one", id="1")
    assert [one.text for one in named_in_errors([good], "document")] == ["page one"]
    with pytest.raises(InvalidInputError, match=r"document 1 \(id 'x'\).*metadata\.price"):
        named_in_errors([good, NewMemory("y", metadata={"price": math.nan}, id="x")], "document")
    with pytest.raises(EmptyTextError, match=r"^page 2: text must"):
        named_in_errors([good, good, NewMemory(" ")], "page")
