"""Run the tests of the kernels on this CPU, in a process where Triton interprets them.

Whether Triton compiles or interprets is settled when it is imported, so that it takes another
process than the one that may run the same kernels on a GPU.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = (
    "tests/engine/test_kernels_interpreted.py",
    "tests/encoders/test_bert_kernels.py",
    "tests/research/test_hebbian_kernels.py",
)


@pytest.mark.slow
def test_interpreted_kernels() -> None:
    pytest.importorskip("triton", reason="no Triton here")
    arguments = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", *FILES]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env=os.environ | {"TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert "skipped" not in run.stdout
